import { SegmentedControl } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { hub } from '@/api/client';
import { useLiveRefresh } from '@/api/live';
import { useUrlState } from '@/lib/url';
import { typeName } from '@/lib/words';
import { SeverityIcon, severities, statuses } from '@/widgets/badges';
import { ExportMenu } from '@/widgets/ExportMenu';
import { type Facet, FilterBar } from '@/widgets/FilterBar';
import { Page } from '@/widgets/Page';
import { TimeRange } from '@/widgets/TimeRange';
import { cleared, fields, isFiltered, kinds, queryOf, views } from './filter';
import { Groups } from './Groups';
import { List } from './List';
import { Mutes } from './Mutes';

export type Filter = ReturnType<typeof useUrlState<typeof fields>>[0];
export type SetFilter = ReturnType<typeof useUrlState<typeof fields>>[1];

export default function Findings() {
  const { t } = useTranslation(['findings', 'common', 'types']);
  const [filter, setFilter] = useUrlState(fields);
  useLiveRefresh('finding', ['/api/v1/findings', '/api/v1/findings/groups', '/api/v1/findings/counts']);
  const facets = useFacets(filter, setFilter);
  return (
    <Page
      title={t('title')}
      fill
      aside={
        <SegmentedControl
          size="xs"
          aria-label={t('view.label')}
          value={filter.view}
          onChange={(v) => setFilter({ view: views.find((x) => x === v) }, true)}
          data={views.map((v) => ({ value: v, label: t(`view.${v}`) }))}
        />
      }
      actions={
        filter.view !== 'mutes' && (
          <ExportMenu path="/api/v1/findings/export" query={queryOf(filter)} formats={['csv', 'json']} />
        )
      }
    >
      {filter.view === 'mutes' ? (
        <Mutes />
      ) : (
        <>
          <FilterBar
            search={{ value: filter.q, placeholder: t('search'), onChange: (q) => setFilter({ q }) }}
            facets={facets}
            clear={() => setFilter(cleared)}
            dirty={isFiltered(filter)}
          >
            <TimeRange value={filter.t} onChange={(v) => setFilter({ t: v })} />
          </FilterBar>
          {filter.view === 'groups' ? (
            <Groups filter={filter} setFilter={setFilter} />
          ) : (
            <List filter={filter} setFilter={setFilter} />
          )}
        </>
      )}
    </Page>
  );
}

function useFacets(filter: Filter, setFilter: SetFilter): Facet[] {
  const { t } = useTranslation(['findings', 'common', 'types']);
  const devices = hub.useQuery('get', '/api/v1/devices/facets', {}, { staleTime: 60_000 });
  const checks = hub.useQuery('get', '/api/v1/checks', {}, { staleTime: Infinity });
  const counts = hub.useQuery('get', '/api/v1/findings/counts', {
    params: { query: { by: 'check', status: ['open', 'acknowledged'] } },
  });
  const title = (id: string) => checks.data?.find((c) => c.id === id)?.title ?? id;
  const plain = (name: 'type' | 'site', values: string[], label: (s: string) => string): Facet => ({
    name,
    label: t(`facet.${name}`),
    options: values.map((value) => ({ value, label: label(value) })),
    value: filter[name],
    onChange: (value) => setFilter({ [name]: value }),
  });
  const own = (name: 'device' | 'peer' | 'sensor' | 'incident'): Facet => ({
    name,
    label: t(`facet.${name}`),
    options: [{ value: filter[name], label: <span className="mono">{filter[name]}</span> }],
    value: filter[name] ? [filter[name]] : [],
    single: true,
    onChange: ([v]) => setFilter({ [name]: v ?? '' }),
  });
  const all: Facet[] = [
    {
      name: 'status',
      label: t('facet.status'),
      options: statuses.map((value) => ({ value, label: t(`common:status.${value}`) })),
      value: filter.status,
      onChange: (status) => setFilter({ status }),
    },
    {
      name: 'severity',
      label: t('facet.severity'),
      options: severities.map((value) => ({
        value,
        label: (
          <>
            <SeverityIcon severity={value} size={12} /> {t(`common:severity.${value}`)}
          </>
        ),
      })),
      value: filter.severity ? [filter.severity] : [],
      single: true,
      onChange: ([v]) => setFilter({ severity: severities.find((s) => s === v) ?? '' }),
    },
    {
      name: 'kind',
      label: t('facet.kind'),
      options: kinds.map((value) => ({ value, label: t(`kind.${value}`) })),
      value: filter.kind,
      onChange: (kind) => setFilter({ kind }),
    },
    {
      name: 'check',
      label: t('facet.check'),
      options: [...new Set([...filter.check, ...Object.keys(counts.data ?? {})])].map((value) => ({
        value,
        label: title(value),
      })),
      value: filter.check,
      onChange: (check) => setFilter({ check }),
    },
    plain('type', Object.keys(devices.data?.types ?? {}), (s) => typeName(t, s)),
    plain('site', Object.keys(devices.data?.sites ?? {}).filter(Boolean), (s) => s),
    own('device'),
    own('peer'),
    own('sensor'),
    own('incident'),
    {
      name: 'muted',
      label: t('facet.muted'),
      options: (['true', 'both'] as const).map((value) => ({ value, label: t(`muted.${value}`) })),
      value: filter.muted === 'false' ? [] : [filter.muted],
      single: true,
      onChange: ([v]) => setFilter({ muted: v === 'true' || v === 'both' ? v : 'false' }),
    },
  ];
  return all.filter(
    (f) => f.options.some((o) => o.value !== '') && (f.options.length > 1 || f.value.length > 0),
  );
}
