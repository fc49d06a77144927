import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api } from '@/api/client';
import { useLiveRefresh } from '@/api/live';
import { useRows } from '@/api/rows';
import { text, useUrlState, words } from '@/lib/url';
import { RiskMeter } from '@/widgets/badges';
import { type Column, DataTable } from '@/widgets/DataTable';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import { FilterBar } from '@/widgets/FilterBar';
import { Page } from '@/widgets/Page';
import { Ago, Count, Mono } from '@/widgets/values';

interface Device {
  id: string;
  label: string;
  type: string;
  vendor: string;
  ips: string[];
  risk: number;
  last_seen: string | null;
}

const fields = { q: text(), type: words(), sort: text('-risk') };

export default function Devices() {
  const { t } = useTranslation('devices');
  const [filter, setFilter] = useUrlState(fields);
  const query = { q: filter.q || undefined, type: filter.type, sort: filter.sort };
  const rows = useRows<Device>(['/api/v1/devices', query], async (limit, offset, signal) => {
    const { data } = await api.GET('/api/v1/devices', {
      params: { query: { ...query, limit, offset } },
      signal,
    });
    return data;
  });
  useLiveRefresh('device', ['/api/v1/devices']);

  const columns: Column<Device>[] = [
    {
      id: 'label',
      header: t('column.label'),
      width: 'minmax(200px, 2fr)',
      sort: 'label',
      cell: (d) => <Link to={`/devices/${d.id}`}>{d.label}</Link>,
    },
    { id: 'type', header: t('column.type'), width: 'minmax(110px, 1fr)', sort: 'type', cell: (d) => d.type },
    {
      id: 'address',
      header: t('column.address'),
      width: 'minmax(140px, 1fr)',
      cell: (d) => <Mono>{d.ips[0]}</Mono>,
    },
    {
      id: 'risk',
      header: t('column.risk'),
      width: '120px',
      sort: 'risk',
      descending: true,
      cell: (d) => <RiskMeter risk={d.risk} />,
    },
    {
      id: 'seen',
      header: t('column.last_seen'),
      width: '130px',
      sort: 'last_seen',
      descending: true,
      cell: (d) => <Ago value={d.last_seen} />,
    },
  ];

  return (
    <Page title={t('title')} fill aside={rows.total > 0 && <Count value={rows.total} />}>
      <FilterBar
        search={{ value: filter.q, placeholder: t('search'), onChange: (q) => setFilter({ q }) }}
        clear={() => setFilter({ q: '', type: [] })}
      />
      {rows.error ? (
        <ErrorState error={rows.error} retry={rows.refetch} />
      ) : (
        <DataTable
          label={t('title')}
          rows={rows}
          columns={columns}
          id={(d) => d.id}
          href={(d) => `/devices/${d.id}`}
          sort={filter.sort}
          onSort={(sort) => setFilter({ sort })}
          empty={<EmptyState title={t('empty.title')} hint={t('empty.hint')} />}
        />
      )}
    </Page>
  );
}
