import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Overview, Sensor } from '@/api/types';
import { formatCount, formatShare } from '@/lib/format';
import { Tag } from '@/widgets/badges';
import { Panel } from '@/widgets/Panel';
import { Ago } from '@/widgets/values';
import css from './overview.module.css';

const tones: Record<string, 'good' | 'warn' | 'bad'> = {
  ok: 'good',
  behind: 'warn',
  new: 'warn',
  silent: 'bad',
  problem: 'bad',
  revoked: 'bad',
};

/** How the sensors are and what they could not see. */
export function Health({ sensors, loss }: { sensors: readonly Sensor[]; loss: Overview['loss'] }) {
  const { t, i18n } = useTranslation('overview');
  const counters = Object.entries(loss.counters).filter(([, n]) => n > 0);
  return (
    <Panel title={t('sensors')} flush aside={<Link to="/coverage">{t('coverage')}</Link>}>
      {sensors.length === 0 ? (
        <p className={css.calm}>{t('noSensors')}</p>
      ) : (
        <ul className={css.list}>
          {sensors.slice(0, 8).map((s) => (
            <li key={s.id}>
              <Link to={`/sensors?sensor=${encodeURIComponent(s.id)}`} className={css.row}>
                <span className={css.what}>
                  <b className="truncate">{s.name || s.id}</b>
                  <span className="truncate dim">
                    {s.problem || s.interfaces.join(', ') || s.site} · <Ago value={s.seen} />
                  </span>
                </span>
                <Tag tone={tones[s.state]}>{t(`state.${s.state}`)}</Tag>
              </Link>
            </li>
          ))}
        </ul>
      )}
      <dl className={css.loss}>
        <dt>{t('dropped')}</dt>
        <dd className="num">
          {formatShare(loss.share, i18n.language)} · {formatCount(loss.dropped, i18n.language)}
        </dd>
        {counters.slice(0, 5).map(([name, n]) => (
          <div key={name}>
            <dt>{t(`counter.${name}`, { defaultValue: name.replaceAll('_', ' ') })}</dt>
            <dd className="num">{formatCount(n, i18n.language)}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}
