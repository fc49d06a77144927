import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { DeviceDetail } from '@/api/types';
import { formatShare } from '@/lib/format';
import { known, typeName } from '@/lib/words';
import { Tag } from '@/widgets/badges';
import { Inert } from '@/widgets/Inert';
import { Panel } from '@/widgets/Panel';
import { Count, Time } from '@/widgets/values';
import css from './protect.module.css';
import type { Profile } from './shapes';

const beliefs = ['type', 'vendor', 'model', 'os', 'firmware'] as const;

/** What the device is, with what was seen that speaks for each belief. */
export function Who({ device: d, profile }: { device: DeviceDetail; profile: Profile | null }) {
  const { t, i18n } = useTranslation(['protect', 'device', 'devices', 'types']);
  const rows = beliefs.flatMap((name) => {
    const set = name === 'type' || name === 'vendor' || name === 'model' ? d.set[name] : undefined;
    const b = d.believed[name];
    const value = set || known(b.belief);
    return value ? [{ name, value, set: !!set, b }] : [];
  });
  const unknown = beliefs.filter((name) => !rows.some((r) => r.name === name));
  return (
    <Panel title={t('who.title')} className={css.column}>
      <dl className={css.beliefs}>
        {rows.map(({ name, value, set, b }) => (
          <div key={name}>
            <dt>{t(`device:belief.${name}`)}</dt>
            <dd>
              <b>
                <Inert value={name === 'type' ? typeName(t, value) : value} limit={60} />
              </b>
              <span className={css.sure}>
                {set ? t('who.set') : formatShare(b.confidence, i18n.language)}
              </span>
              {!set && b.seen && (
                <p>
                  <Inert value={b.seen} limit={140} />
                </p>
              )}
            </dd>
          </div>
        ))}
        {unknown.length > 0 && (
          <div>
            <dt>{t('who.unknown')}</dt>
            <dd className="dim">{unknown.map((name) => t(`device:belief.${name}`)).join(', ')}</dd>
          </div>
        )}
        <div>
          <dt>{t('who.address')}</dt>
          <dd className="mono">
            {[...d.ips.slice(0, 3), ...d.macs.slice(0, 2)].map((a) => (
              <div key={a}>{a}</div>
            ))}
          </dd>
        </div>
        {d.zone && (
          <div>
            <dt>{t('devices:column.zone')}</dt>
            <dd>{d.zone}</dd>
          </div>
        )}
      </dl>
      <h3>{t('who.learning')}</h3>
      <p className={css.line}>
        <Tag tone={d.learning.state === 'known' ? 'good' : 'accent'}>
          {t(`devices:learning.${d.learning.state}`)}
        </Tag>{' '}
        {t('who.days', { count: d.learning.days })}
      </p>
      {profile?.learned && (
        <p className={css.quiet}>
          {t('who.learned')} <Count value={profile.learned.exchanges} /> {t('who.from')}{' '}
          <Time value={profile.learned.first} /> {t('who.to')} <Time value={profile.learned.last} />
        </p>
      )}
      {!!profile?.learned?.left_out.length && (
        <>
          <h3>{t('who.leftOut')}</h3>
          <ul className={css.out}>
            {gathered(profile.learned.left_out).map((x) => (
              <li key={x.reason}>
                <b>
                  <Count value={x.exchanges} />
                </b>{' '}
                {x.finding ? (
                  <Link
                    to={
                      x.more
                        ? `/findings?${new URLSearchParams({ view: 'list', device: d.id, check: x.check ?? '' })}`
                        : `/findings/${encodeURIComponent(x.finding)}`
                    }
                  >
                    <Inert value={x.reason} limit={120} />
                  </Link>
                ) : (
                  <Inert value={x.reason} limit={120} />
                )}
              </li>
            ))}
          </ul>
        </>
      )}
      {!!profile?.unseen.length && (
        <>
          <h3>{t('who.unseen')}</h3>
          <ul className={css.out}>
            {profile.unseen.map((u) => (
              <li key={u}>{t(`unseen.${u}`, { defaultValue: u })}</li>
            ))}
          </ul>
          <p className={css.quiet}>{t('who.unseenHint')}</p>
        </>
      )}
    </Panel>
  );
}

type LeftOut = NonNullable<Profile['learned']>['left_out'][number];

/** What was left out for the same reason, as one. */
function gathered(list: readonly LeftOut[]): (LeftOut & { more: boolean })[] {
  const out = new Map<string, LeftOut & { more: boolean }>();
  for (const x of list) {
    const have = out.get(x.reason);
    if (have) {
      have.exchanges += x.exchanges;
      have.more ||= have.finding !== x.finding;
    } else out.set(x.reason, { ...x, more: false });
  }
  return [...out.values()].slice(0, 20);
}
