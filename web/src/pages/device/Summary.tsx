import { Fragment, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { DeviceDetail } from '@/api/types';
import { known, typeName } from '@/lib/words';
import { RiskMeter, Tag } from '@/widgets/badges';
import { FindingCounts } from '@/widgets/FindingCounts';
import { Inert } from '@/widgets/Inert';
import { Panel } from '@/widgets/Panel';
import { Bytes, Count, Mono, Time } from '@/widgets/values';
import css from './device.module.css';

/** A device in single values, beside its tabs. */
export function Summary({ device: d }: { device: DeviceDetail }) {
  const { t } = useTranslation(['device', 'devices', 'types']);
  const lines = (list: readonly string[], limit = 6) => (
    <>
      {list.slice(0, limit).map((x) => (
        <div key={x}>
          <Mono>{x}</Mono>
        </div>
      ))}
      {list.length > limit && <div className="dim">+{list.length - limit}</div>}
    </>
  );
  const rows: [string, ReactNode][] = [
    [t('devices:column.type'), typeName(t, d.type)],
    [t('devices:column.vendor'), known(d.vendor)],
    [t('devices:column.model'), known(d.model)],
    [t('addresses'), d.ips.length > 0 && lines(d.ips)],
    [t('devices:column.mac'), d.macs.length > 0 && lines(d.macs)],
    [t('randomised'), d.randomised_mac && t('yes')],
    [
      t('names'),
      d.names.length > 0 &&
        d.names.slice(0, 5).map((n) => (
          <div key={n}>
            <Inert value={n} limit={60} />
          </div>
        )),
    ],
    [
      t('roles'),
      d.roles.length > 0 && (
        <span className={css.tags}>
          {d.roles.map((r) => (
            <Tag key={r}>{r}</Tag>
          ))}
        </span>
      ),
    ],
    [t('devices:column.zone'), d.zone],
    [t('devices:column.site'), d.site],
    [t('devices:column.criticality'), d.criticality && t(`devices:criticality.${d.criticality}`)],
    [t('devices:column.owner'), d.owner],
    [t('devices:column.location'), d.location],
    [
      t('devices:column.tags'),
      d.tags.length > 0 && (
        <span className={css.tags}>
          {d.tags.map((x) => (
            <Tag key={x}>{x}</Tag>
          ))}
        </span>
      ),
    ],
    [t('devices:column.note'), d.set.note],
    ['MUD', d.mud_url && <Inert value={d.mud_url} limit={60} mono />],
    [t('devices:column.first_seen'), <Time key="f" value={d.first_seen} />],
    [t('devices:column.last_seen'), <Time key="l" value={d.last_seen} />],
    [t('packets'), <Count key="p" value={d.packets} />],
    [t('devices:column.bytes'), <Bytes key="b" value={d.bytes} />],
    [
      t('learningState'),
      t('learnedDays', { count: d.learning.days, state: t(`devices:learning.${d.learning.state}`) }),
    ],
  ];
  return (
    <div className={css.side}>
      <Panel title={t('risk')}>
        <div className={css.risk}>
          <RiskMeter risk={d.risk} />
          <FindingCounts counts={d.findings} />
        </div>
        {d.risk_why.length > 0 && (
          <ul className={css.why}>
            {d.risk_why.map((w) => (
              <li key={w}>{w}</li>
            ))}
          </ul>
        )}
      </Panel>
      <Panel title={t('summary')}>
        <dl className={css.facts}>
          {rows
            .filter(([, value]) => value)
            .map(([name, value]) => (
              <Fragment key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </Fragment>
            ))}
        </dl>
      </Panel>
    </div>
  );
}
