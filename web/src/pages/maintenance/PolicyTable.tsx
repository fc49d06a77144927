import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { api, hub } from '@/api/client';
import type { components } from '@/api/schema';
import { useCan } from '@/app/session';
import { Tag } from '@/widgets/badges';
import { useChange } from '@/widgets/change';
import { Inert } from '@/widgets/Inert';
import { SimpleTable } from '@/widgets/SimpleTable';
import { Ago, Count, Time } from '@/widgets/values';
import css from './maintenance.module.css';

export type Policy = components['schemas']['Policy'];
export const policyPaths = ['/api/v1/maintenance', '/api/v1/mutes', '/api/v1/findings'] as const;

interface Props {
  path: '/api/v1/maintenance' | '/api/v1/mutes';
  policies: readonly Policy[];
}

export function PolicyTable({ path, policies }: Props) {
  const { t } = useTranslation('maintenance');
  const analyst = useCan('analyst');
  const ids = [...new Set(policies.flatMap((p) => p.selector.devices ?? []))].slice(0, 500);
  const named = hub.useQuery(
    'get',
    '/api/v1/devices',
    { params: { query: { id: ids, limit: 500 } } },
    { enabled: ids.length > 0 },
  );
  const labels = new Map(named.data?.items.map((d) => [d.id, d.label]));
  return (
    <SimpleTable<Policy>
      label={t(path === '/api/v1/mutes' ? 'tabs.mutes' : 'tabs.windows')}
      rows={policies}
      rowKey={(p) => p.id}
      faded={(p) => p.expires !== null && Date.parse(p.expires) <= Date.now()}
      columns={[
        { key: 'what', header: t('column.what'), cell: (p) => <What policy={p} labels={labels} /> },
        { key: 'state', header: t('column.state'), cell: (p) => <State policy={p} />, tight: true },
        {
          key: 'from',
          header: t('column.from'),
          cell: (p) => (p.from ? <Time value={p.from} /> : t('always')),
        },
        {
          key: 'until',
          header: t('column.until'),
          cell: (p) => (p.expires ? <Time value={p.expires} /> : t('forever')),
        },
        {
          key: 'hides',
          header: t(path === '/api/v1/mutes' ? 'column.hides' : 'column.expected'),
          cell: (p) => <Count value={p.hides} />,
          right: true,
        },
        {
          key: 'who',
          header: t('column.who'),
          cell: (p) => (
            <span>
              {p.author}{' '}
              <span className="dim">
                <Ago value={p.created} />
              </span>
            </span>
          ),
        },
        {
          key: 'end',
          header: '',
          cell: (p) =>
            analyst && p.origin === 'console' ? (
              <End path={path} policy={p} />
            ) : (
              p.origin === 'file' && <Tag>{t('fromFile')}</Tag>
            ),
          tight: true,
        },
      ]}
    />
  );
}

function What({ policy, labels }: { policy: Policy; labels: ReadonlyMap<string, string> }) {
  const { t } = useTranslation('maintenance');
  const s = policy.selector;
  const parts: [string, string[] | undefined][] = [
    ['devices', s.devices?.map((id) => labels.get(id) ?? id)],
    ['checks', s.checks],
    ['types', s.types],
    ['zones', s.zones],
    ['sites', s.sites],
    ['tags', s.tags],
    ['peers', s.peers],
  ];
  const set = parts.filter(([, v]) => v && v.length > 0);
  return (
    <div className={css.what}>
      {policy.note && (
        <strong>
          <Inert value={policy.note} />
        </strong>
      )}
      <div className={css.parts}>
        {set.length === 0 && <Tag tone="warn">{t('everything')}</Tag>}
        {set.map(([name, values]) => (
          <span key={name}>
            <span className="dim">{t(`selector.${name}`)} </span>
            {values?.slice(0, 4).map((v) => (
              <Tag key={v}>
                <Inert value={v} limit={40} />
              </Tag>
            ))}
            {(values?.length ?? 0) > 4 && <Tag>+{(values?.length ?? 0) - 4}</Tag>}
          </span>
        ))}
        {s.at_most && <Tag>{t('atMost', { severity: t(`common:severity.${s.at_most}`) })}</Tag>}
      </div>
    </div>
  );
}

function State({ policy }: { policy: Policy }) {
  const { t } = useTranslation('maintenance');
  if (policy.active) return <Tag tone="good">{t('state.active')}</Tag>;
  const coming = policy.from && Date.parse(policy.from) > Date.now();
  return <Tag tone={coming ? 'accent' : undefined}>{coming ? t('state.coming') : t('state.over')}</Tag>;
}

/** Ends it now; undo gives it back the time that it had. */
function End({ path, policy }: { path: Props['path']; policy: Policy }) {
  const { t } = useTranslation('maintenance');
  const [change, busy] = useChange();
  const item = `${path}/{id}` as '/api/v1/mutes/{id}';
  const over = policy.expires !== null && Date.parse(policy.expires) <= Date.now();
  const input = { selector: policy.selector, note: policy.note };
  const put = (body: components['schemas']['PolicyInput']) =>
    api.PUT(item, { params: { path: { id: policy.id } }, body });
  const end = () => {
    let revision = policy.revision;
    const now = new Date().toISOString();
    const from = policy.from && policy.from > now ? now : policy.from;
    return change(
      async () => {
        const { data } = await put({ ...input, revision, from, expires: now });
        revision = data?.revision ?? revision + 1;
      },
      {
        paths: policyPaths,
        message: t('ended'),
        undo: () => put({ ...input, revision, from: policy.from, expires: policy.expires }),
      },
    );
  };
  const remove = () =>
    change(() => api.DELETE(item, { params: { path: { id: policy.id } } }), {
      paths: policyPaths,
      message: t('removed'),
      undo: () => api.POST(path, { body: { ...input, from: policy.from, expires: policy.expires } }),
    });
  return (
    <Button size="compact-sm" variant="default" loading={busy} onClick={() => void (over ? remove() : end())}>
      {over ? t('remove') : t('end')}
    </Button>
  );
}
