import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Series, Share } from '@/api/types';
import { formatBytes, parseTime } from '@/lib/format';
import { TimeChart } from '@/widgets/TimeChart';
import { Bytes } from '@/widgets/values';
import css from './overview.module.css';

/** Bytes in and out over time. */
export function Traffic({ series, height }: { series: Series; height?: number }) {
  const { t, i18n } = useTranslation('overview');
  const times = useMemo(() => series.points.map((p) => parseTime(p.time) ?? 0), [series]);
  const lines = useMemo(
    () => [
      { label: t('bytesIn'), values: series.points.map((p) => p.bytes_in), color: '--accent' },
      { label: t('bytesOut'), values: series.points.map((p) => p.bytes_out), color: '--sev-medium', dashed: true },
    ],
    [series, t],
  );
  if (times.length === 0) return <p className={css.calm}>{t('noTraffic')}</p>;
  return (
    <TimeChart
      label={t('traffic')}
      times={times}
      lines={lines}
      height={height}
      format={(v) => formatBytes(v, i18n.language)}
    />
  );
}

/** Parts of the traffic with bars, the largest first. */
export function Shares({ shares, empty }: { shares: readonly Share[]; empty: string }) {
  const most = shares.reduce((m, s) => Math.max(m, s.bytes_in + s.bytes_out), 0);
  if (most === 0) return <p className={css.calm}>{empty}</p>;
  return (
    <ul className={css.shares}>
      {shares.slice(0, 8).map((s) => (
        <li key={s.key}>
          <span className={css.shareName}>
            {s.device ? (
              <Link to={`/devices/${encodeURIComponent(s.device)}`} className="truncate">
                {s.label}
              </Link>
            ) : (
              <span className="truncate">{s.label || s.key}</span>
            )}
            <Bytes value={s.bytes_in + s.bytes_out} />
          </span>
          <span className={css.shareBar} style={{ width: `${Math.max(1, ((s.bytes_in + s.bytes_out) / most) * 100)}%` }} />
        </li>
      ))}
    </ul>
  );
}
