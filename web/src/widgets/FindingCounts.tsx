import { useTranslation } from 'react-i18next';
import type { Counts } from '@/api/types';
import { SeverityIcon, severities } from './badges';
import css from './FindingCounts.module.css';

/** Open findings of a device by severity, in one line; nothing but a dash when there are none. */
export function FindingCounts({ counts }: { counts: Counts }) {
  const { t } = useTranslation();
  const some = severities.filter((s) => counts[s] > 0);
  if (some.length === 0) return <span className="dim">–</span>;
  return (
    <span className={css.counts}>
      {some.map((s) => (
        <span key={s} title={t(`severity.${s}`)} className="num">
          <SeverityIcon severity={s} size={13} />
          {counts[s]}
          <span className="sr-only">{t(`severity.${s}`)}</span>
        </span>
      ))}
    </span>
  );
}
