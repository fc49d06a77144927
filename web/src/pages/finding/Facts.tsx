import { Anchor } from '@mantine/core';
import { Fragment, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { FindingDetail } from '@/api/types';
import { attackHref } from '@/lib/attack';
import { formatShare } from '@/lib/format';
import { Panel } from '@/widgets/Panel';
import { Count, Mono, Time } from '@/widgets/values';
import css from './finding.module.css';

/** What the finding says in single values. */
export function Facts({ finding: f }: { finding: FindingDetail }) {
  const { t, i18n } = useTranslation(['finding', 'findings']);
  const rows: [string, ReactNode][] = [
    [
      t('fact.device'),
      f.device ? (
        <Link key="d" to={`/devices/${encodeURIComponent(f.device)}`}>
          {f.device_label}
        </Link>
      ) : (
        <Mono key="d">{f.address}</Mono>
      ),
    ],
    [t('fact.address'), <Mono key="a">{f.address}</Mono>],
    [
      t('fact.peers', { count: f.peer_count }),
      f.peers.length > 0 && (
        <span className={css.peers}>
          {f.peers.slice(0, 8).map((p) => (
            <Link key={p} to={`/findings?view=list&peer=${encodeURIComponent(p)}`} className="mono">
              {p}
            </Link>
          ))}
          {f.peer_count > 8 && <span className="dim">+{f.peer_count - 8}</span>}
        </span>
      ),
    ],
    [t('fact.count'), <Count key="c" value={f.count} />],
    [t('fact.first'), <Time key="f" value={f.first_seen} precise />],
    [t('fact.last'), <Time key="l" value={f.last_seen} precise />],
    [t('fact.confidence'), formatShare(f.confidence, i18n.language)],
    [t('fact.kind'), t(`findings:kind.${f.kind}`)],
    [
      t('fact.check'),
      <Link key="k" to={`/findings?view=list&check=${encodeURIComponent(f.check)}`} className="mono">
        {f.check}
      </Link>,
    ],
    [
      'ATT&CK',
      f.attack.length > 0 && (
        <span className={css.peers}>
          {f.attack.map((id) => {
            const href = attackHref(id);
            return href ? (
              <Anchor
                key={id}
                href={href}
                target="_blank"
                rel="noopener noreferrer"
                className="mono"
                size="sm"
              >
                {id}
              </Anchor>
            ) : (
              <Mono key={id}>{id}</Mono>
            );
          })}
        </span>
      ),
    ],
    [t('fact.site'), f.site],
    [t('fact.sensors'), f.sensors.join(', ')],
    [t('fact.assignee'), f.assignee],
  ];
  return (
    <Panel title={t('facts')}>
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
  );
}
