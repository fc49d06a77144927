import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Share } from '@/api/types';
import css from './Shares.module.css';
import { Bytes } from './values';

/** Parts of the traffic with bars, the largest first. */
export function Shares({ shares }: { shares: readonly Share[] }) {
  const { t } = useTranslation();
  const most = shares.reduce((m, s) => Math.max(m, s.bytes_in + s.bytes_out), 0);
  if (most === 0) return <p className={css.none}>{t('traffic.none')}</p>;
  return (
    <ul className={css.shares}>
      {shares.slice(0, 8).map((s) => (
        <li key={s.key || '?'}>
          <span className={css.name}>
            {s.device ? (
              <Link to={`/devices/${encodeURIComponent(s.device)}`} className="truncate">
                {s.label}
              </Link>
            ) : (
              <span className="truncate">{s.label || s.key || t('traffic.other')}</span>
            )}
            <Bytes value={s.bytes_in + s.bytes_out} />
          </span>
          <span
            className={css.bar}
            style={{ width: `${Math.max(1, ((s.bytes_in + s.bytes_out) / most) * 100)}%` }}
          />
        </li>
      ))}
    </ul>
  );
}
