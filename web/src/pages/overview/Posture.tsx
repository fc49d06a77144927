import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Overview } from '@/api/types';
import { hrefOf } from '@/lib/links';
import { Panel } from '@/widgets/Panel';
import css from './overview.module.css';

/** One number and what takes points off it, each with the way to mend it. */
export function PosturePanel({ posture }: { posture: Overview['posture'] }) {
  const { t } = useTranslation('overview');
  const { score, reasons } = posture;
  const level = score >= 80 ? 'good' : score >= 50 ? 'fair' : 'poor';
  const length = 2 * Math.PI * 34;
  return (
    <Panel title={t('posture')}>
      <div className={css.posture}>
        <svg width="92" height="92" viewBox="0 0 80 80" className={css.ring} data-level={level} aria-hidden>
          <circle cx="40" cy="40" r="34" />
          <circle
            cx="40"
            cy="40"
            r="34"
            strokeDasharray={`${(length * score) / 100} ${length}`}
            transform="rotate(-90 40 40)"
          />
          <text x="40" y="42">
            {score}
          </text>
        </svg>
        <div>
          <p className={css.level}>
            <span className="sr-only">{t('score', { score })} </span>
            {t(`level.${level}`)}
          </p>
          <p className="dim">{reasons.length === 0 ? t('noReasons') : t('reasons')}</p>
        </div>
      </div>
      {reasons.length > 0 && (
        <ul className={css.reasons}>
          {reasons.map((r) => (
            <li key={r.id}>
              <Link to={hrefOf(r.link)}>
                <span>{t(`reason.${r.id}`, { count: r.count, defaultValue: r.text })}</span>
                <span className="num">−{r.points}</span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
