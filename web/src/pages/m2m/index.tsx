// What machines say to machines: brokers with their topics and clients, CoAP
// servers with their resources and observers.
import { Skeleton, Tabs } from '@mantine/core';
import { IconBinaryTree2 } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { hub } from '@/api/client';
import type { components } from '@/api/schema';
import { formatCompact } from '@/lib/format';
import { oneOf, text, useUrlState } from '@/lib/url';
import { Tag } from '@/widgets/badges';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import { FilterBar } from '@/widgets/FilterBar';
import { Inert } from '@/widgets/Inert';
import { Page } from '@/widgets/Page';
import { Panel } from '@/widgets/Panel';
import { Ago, Bytes, Count } from '@/widgets/values';
import css from './m2m.module.css';
import { NodeList } from './NodeList';
import { SearchTree } from './SearchTree';
import { Tree } from './Tree';

export type Server = components['schemas']['M2MServer'];
const fields = {
  server: text(),
  protocol: text(),
  tab: oneOf(['tree', 'clients', 'subscriptions', 'observers'], 'tree'),
  q: text(),
};
const key = (s: Server) => `${s.protocol} ${s.id}`;

export default function M2M() {
  const { t } = useTranslation('m2m');
  const [state, change] = useUrlState(fields);
  const { data, error, refetch } = hub.useQuery('get', '/api/v1/m2m/servers');
  const servers = data?.items ?? [];
  const chosen =
    servers.find((s) => s.id === state.server && (!state.protocol || s.protocol === state.protocol)) ??
    servers[0];
  return (
    <Page title={t('title')} subtitle={t('subtitle')}>
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Skeleton height={420} radius="md" />
      ) : !chosen ? (
        <Panel>
          <EmptyState icon={IconBinaryTree2} title={t('none.title')} hint={t('none.hint')} />
        </Panel>
      ) : (
        <div className={css.layout}>
          <Panel flush title={t('servers', { count: servers.length })}>
            <ul className={css.servers}>
              {servers.map((s) => (
                <li key={key(s)}>
                  <button
                    type="button"
                    aria-current={s === chosen || undefined}
                    onClick={() => change({ server: s.id, protocol: s.protocol, tab: 'tree', q: '' }, true)}
                  >
                    <span className={css.line}>
                      <strong>
                        <Inert value={s.label} limit={40} />
                      </strong>
                      <Tag tone="accent">{t(`protocol.${s.protocol}`)}</Tag>
                    </span>
                    <Brief server={s} />
                  </button>
                </li>
              ))}
            </ul>
          </Panel>
          <One
            key={key(chosen)}
            server={chosen}
            tab={state.tab}
            q={state.q}
            setTab={(tab) => change({ tab, q: '' })}
            setQ={(q) => change({ q })}
          />
        </div>
      )}
    </Page>
  );
}

function Brief({ server: s }: { server: Server }) {
  const { t, i18n } = useTranslation('m2m');
  const n = (v: number) => formatCompact(v, i18n.language);
  return (
    <span className="dim">
      {s.protocol === 'coap'
        ? t('brief.coap', { resources: n(s.resources), observers: n(s.observers) })
        : t('brief.broker', { clients: n(s.clients), topics: n(s.topics) })}
    </span>
  );
}

interface OneProps {
  server: Server;
  tab: 'tree' | 'clients' | 'subscriptions' | 'observers';
  q: string;
  setTab: (tab: OneProps['tab']) => void;
  setQ: (q: string) => void;
}

function One({ server: s, tab, q, setTab, setQ }: OneProps) {
  const { t, i18n } = useTranslation('m2m');
  const coap = s.protocol === 'coap';
  const leaf = coap ? 'resource' : 'topic';
  const tabs: [OneProps['tab'], string, number][] = coap
    ? [
        ['tree', t('tabs.resources'), s.resources],
        ['observers', t('tabs.observers'), s.observers],
        ['clients', t('tabs.clients'), s.clients],
      ]
    : [
        ['tree', t('tabs.topics'), s.topics],
        ['clients', t('tabs.clients'), s.clients],
        ['subscriptions', t('tabs.subscriptions'), s.subscriptions],
      ];
  return (
    <div className={css.one}>
      <dl className={css.facts}>
        <Fact name={t('facts.messages')}>
          <Count value={s.messages} />
        </Fact>
        <Fact name={t('facts.bytes')}>
          <Bytes value={s.bytes} />
        </Fact>
        {!coap && (
          <Fact name={t('facts.wildcards')}>
            {s.wildcards > 0 ? <Tag tone="warn">{formatCompact(s.wildcards, i18n.language)}</Tag> : '0'}
          </Fact>
        )}
        <Fact name={t('facts.seen')}>
          <Ago value={s.last_seen} />
        </Fact>
      </dl>
      <Tabs value={tab} onChange={(v) => setTab(v as OneProps['tab'])}>
        <Tabs.List>
          {tabs.map(([value, label, n]) => (
            <Tabs.Tab key={value} value={value} rightSection={<Tag>{formatCompact(n, i18n.language)}</Tag>}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </Tabs>
      <FilterBar
        search={{ value: q, placeholder: t(`search.${tab}`), onChange: setQ }}
        clear={() => setQ('')}
      />
      <Panel flush>
        {tab !== 'tree' ? (
          <NodeList
            key={tab}
            server={s}
            kind={tab === 'clients' ? 'client' : tab === 'observers' ? 'observer' : 'subscription'}
            q={q}
          />
        ) : q ? (
          <SearchTree server={s} kind={leaf} q={q} />
        ) : (
          <Tree server={s} />
        )}
      </Panel>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
