import { Button } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { lazy, Suspense, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api, hub } from '@/api/client';
import { useLiveRefresh } from '@/api/live';
import { useRows } from '@/api/rows';
import type { Device } from '@/api/types';
import { useCan } from '@/app/session';
import { useKeys } from '@/app/shortcuts';
import { oneOf, text, useUrlState, whole, words } from '@/lib/url';
import { known, typeName } from '@/lib/words';
import { ColumnsMenu, useColumns } from '@/widgets/ColumnsMenu';
import { DataTable } from '@/widgets/DataTable';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import { ExportMenu } from '@/widgets/ExportMenu';
import { type Facet, FilterBar } from '@/widgets/FilterBar';
import { FindingCounts } from '@/widgets/FindingCounts';
import { Page } from '@/widgets/Page';
import { Ago, Count, Mono } from '@/widgets/values';
import { Bulk } from './Bulk';
import { deviceColumns, deviceHref, initialColumns } from './columns';
import css from './devices.module.css';

const ImportWizard = lazy(() => import('./ImportWizard'));

const sorts = [
  ...(['risk', 'label', 'type', 'vendor', 'zone', 'first_seen', 'last_seen', 'bytes'] as const),
  ...(['-risk', '-label', '-type', '-vendor', '-zone', '-first_seen', '-last_seen', '-bytes'] as const),
] as const;

const fields = {
  q: text(),
  type: words(),
  vendor: words(),
  zone: words(),
  site: words(),
  tag: words(),
  trusted: oneOf(['', 'true', 'false'], ''),
  since: text(),
  sensor: text(),
  risk: whole(0, 0, 100),
  sort: oneOf(sorts, '-risk'),
  import: oneOf(['', '1'], ''),
};

const cleared = {
  q: '',
  type: [],
  vendor: [],
  zone: [],
  site: [],
  tag: [],
  trusted: '' as const,
  since: '',
  sensor: '',
  risk: 0,
};

export default function Devices() {
  const { t } = useTranslation(['devices', 'common', 'types']);
  const canEdit = useCan('analyst');
  const [filter, setFilter] = useUrlState(fields);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [shown, setShown] = useColumns('devices', initialColumns);

  const query = useMemo(
    () => ({
      q: filter.q || undefined,
      type: filter.type,
      vendor: filter.vendor,
      zone: filter.zone,
      site: filter.site,
      tag: filter.tag,
      trusted: filter.trusted || undefined,
      since: filter.since || undefined,
      sensor: filter.sensor || undefined,
      risk: filter.risk || undefined,
      sort: filter.sort,
    }),
    [filter],
  );
  const rows = useRows<Device>(['/api/v1/devices', query], (limit, offset, signal) =>
    api.GET('/api/v1/devices', { params: { query: { ...query, limit, offset } }, signal }),
  );
  useLiveRefresh('device', ['/api/v1/devices', '/api/v1/devices/facets']);
  useKeys({ i: () => canEdit && setFilter({ import: '1' }) });

  const columns = useMemo(() => deviceColumns(t), [t]);
  const visible = columns.filter((c, i) => i === 0 || shown.includes(c.id));
  const filtered = Object.entries(cleared).some(
    ([k, v]) => String(filter[k as keyof typeof cleared]) !== String(v),
  );

  return (
    <Page
      title={t('title')}
      fill
      aside={
        rows.total > 0 && (
          <span className="dim">
            <Count value={rows.total} />
          </span>
        )
      }
      actions={
        <>
          <ExportMenu path="/api/v1/devices/export" query={query} formats={['csv', 'json']} />
          {canEdit && (
            <Button
              variant="default"
              leftSection={<IconUpload size={16} aria-hidden />}
              onClick={() => setFilter({ import: '1' })}
            >
              {t('import.open')}
            </Button>
          )}
        </>
      }
    >
      <FilterBar
        search={{ value: filter.q, placeholder: t('search'), onChange: (q) => setFilter({ q }) }}
        facets={useFacets(filter, setFilter)}
        aside={<ColumnsMenu columns={columns} shown={shown} onChange={setShown} />}
        clear={() => setFilter(cleared)}
      />
      {canEdit && <Bulk ids={chosen} clear={() => setChosen(new Set())} />}
      {rows.error ? (
        <ErrorState error={rows.error} retry={rows.refetch} />
      ) : (
        <DataTable
          label={t('title')}
          rows={rows}
          columns={visible}
          id={(d) => d.id}
          href={(d) => deviceHref(d.id)}
          card={(d) => <Card device={d} />}
          sort={filter.sort}
          onSort={(sort) => setFilter({ sort: sorts.find((s) => s === sort) })}
          selection={canEdit ? { ids: chosen, set: setChosen } : undefined}
          empty={filtered ? <NoMatch clear={() => setFilter(cleared)} /> : <Nothing />}
        />
      )}
      <Suspense fallback={null}>
        {filter.import && canEdit && <ImportWizard close={() => setFilter({ import: '' })} />}
      </Suspense>
    </Page>
  );
}

type Filter = ReturnType<typeof useUrlState<typeof fields>>[0];
type SetFilter = ReturnType<typeof useUrlState<typeof fields>>[1];

function useFacets(filter: Filter, setFilter: SetFilter): Facet[] {
  const { t } = useTranslation(['devices', 'common', 'types']);
  const { data } = hub.useQuery('get', '/api/v1/devices/facets');
  const options = (counts: Record<string, number> | undefined, name = (s: string) => s) =>
    Object.entries(counts ?? {})
      .sort((a, b) => b[1] - a[1])
      .slice(0, 60)
      .map(([value, n]) => ({
        value,
        label: (
          <>
            {name(value)} <span className="dim num">{n}</span>
          </>
        ),
      }));
  const facet = (
    name: 'type' | 'vendor' | 'zone' | 'site' | 'tag',
    counts?: Record<string, number>,
  ): Facet => ({
    name,
    label: t(`column.${name === 'tag' ? 'tags' : name}`),
    options: options(counts, name === 'type' ? (s) => typeName(t, s) : undefined),
    value: filter[name],
    onChange: (value) => setFilter({ [name]: value }),
  });
  return [
    facet('type', data?.types),
    facet('vendor', data?.vendors),
    facet('zone', data?.zones),
    facet('site', data?.sites),
    facet('tag', data?.tags),
  ]
    .filter((f) => f.options.length > 0 || f.value.length > 0)
    .concat({
      name: 'trusted',
      label: t('column.trusted'),
      options: [
        { value: 'true', label: t('reviewed') },
        { value: 'false', label: t('unreviewed') },
      ],
      value: filter.trusted ? [filter.trusted] : [],
      single: true,
      onChange: ([v]) => setFilter({ trusted: v === 'true' || v === 'false' ? v : '' }),
    });
}

function Card({ device: d }: { device: Device }) {
  const { t } = useTranslation('types');
  return (
    <div className={css.card}>
      <Link to={deviceHref(d.id)} className="truncate">
        {d.label}
      </Link>
      <FindingCounts counts={d.findings} />
      <span className={css.facts}>{[typeName(t, d.type), known(d.vendor)].filter(Boolean).join(' · ')}</span>
      <span className={css.facts}>
        <Ago value={d.last_seen} />
      </span>
      <span className={css.facts}>
        <Mono>{d.ips[0] ?? d.mac}</Mono>
      </span>
    </div>
  );
}

function NoMatch({ clear }: { clear: () => void }) {
  const { t } = useTranslation('devices');
  return (
    <EmptyState title={t('noMatch.title')} hint={t('noMatch.hint')}>
      <Button variant="default" onClick={clear}>
        {t('common:filter.clear')}
      </Button>
    </EmptyState>
  );
}

function Nothing() {
  const { t } = useTranslation('devices');
  return (
    <EmptyState title={t('empty.title')} hint={t('empty.hint')}>
      <Button component={Link} to="/sensors" variant="default">
        {t('empty.sensors')}
      </Button>
      <Button component={Link} to="/captures" variant="default">
        {t('empty.capture')}
      </Button>
    </EmptyState>
  );
}
