import type { TFunction } from 'i18next';
import { Link } from 'react-router';
import type { Device } from '@/api/types';
import { known, typeName } from '@/lib/words';
import { RiskMeter, Tag } from '@/widgets/badges';
import type { Column } from '@/widgets/DataTable';
import { FindingCounts } from '@/widgets/FindingCounts';
import { Ago, Bytes, Count, Mono } from '@/widgets/values';
import css from './devices.module.css';

/** The columns that are shown until a person chooses others. */
export const initialColumns = ['label', 'type', 'vendor', 'address', 'zone', 'findings', 'risk', 'last_seen'];

export function deviceHref(id: string): string {
  return `/devices/${encodeURIComponent(id)}`;
}

/** Properties that are shown as they are. */
type Plain = 'vendor' | 'model' | 'zone' | 'site' | 'os' | 'firmware' | 'owner' | 'location';

export function deviceColumns(t: TFunction): Column<Device>[] {
  const plain = (id: Plain, width: string, sort?: string): Column<Device> => ({
    id,
    header: t(`devices:column.${id}`),
    width,
    sort,
    cell: (d) => known(d[id]) || <span className="dim">–</span>,
  });
  return [
    {
      id: 'label',
      header: t('devices:column.label'),
      width: 'minmax(190px, 2.2fr)',
      sort: 'label',
      cell: (d) => (
        <span className={css.name}>
          <Link to={deviceHref(d.id)}>{d.label}</Link>
          {!d.trusted && <Tag tone="accent">{t('devices:unreviewed')}</Tag>}
          {d.safety && <Tag tone="warn">{t(`devices:safety.${d.safety}`)}</Tag>}
        </span>
      ),
    },
    {
      id: 'type',
      header: t('devices:column.type'),
      width: 'minmax(112px, 1fr)',
      sort: 'type',
      cell: (d) => typeName(t, d.type),
    },
    plain('vendor', 'minmax(120px, 1.3fr)', 'vendor'),
    plain('model', 'minmax(120px, 1fr)'),
    {
      id: 'address',
      header: t('devices:column.address'),
      width: 'minmax(124px, 1fr)',
      cell: (d) => <Mono>{d.ips[0] ?? '–'}</Mono>,
    },
    { id: 'mac', header: t('devices:column.mac'), width: '150px', cell: (d) => <Mono>{d.mac || '–'}</Mono> },
    plain('zone', 'minmax(90px, 0.8fr)', 'zone'),
    plain('site', '100px'),
    plain('os', '110px'),
    plain('firmware', '110px'),
    {
      id: 'criticality',
      header: t('devices:column.criticality'),
      width: '110px',
      cell: (d) =>
        d.criticality ? t(`devices:criticality.${d.criticality}`) : <span className="dim">–</span>,
    },
    plain('owner', '130px'),
    plain('location', '130px'),
    {
      id: 'tags',
      header: t('devices:column.tags'),
      width: '150px',
      cell: (d) => d.tags.map((tag) => <Tag key={tag}>{tag}</Tag>),
    },
    {
      id: 'learning',
      header: t('devices:column.learning'),
      width: '120px',
      cell: (d) => t(`devices:learning.${d.learning.state}`),
    },
    {
      id: 'findings',
      header: t('devices:column.findings'),
      width: 'minmax(120px, 0.7fr)',
      cell: (d) => <FindingCounts counts={d.findings} />,
    },
    {
      id: 'risk',
      header: t('devices:column.risk'),
      width: '106px',
      sort: 'risk',
      descending: true,
      cell: (d) => <RiskMeter risk={d.risk} />,
    },
    {
      id: 'services',
      header: t('devices:column.services'),
      width: '90px',
      align: 'right',
      cell: (d) => <Count value={d.service_count} />,
    },
    {
      id: 'peers',
      header: t('devices:column.peers'),
      width: '90px',
      align: 'right',
      cell: (d) => <Count value={d.peer_count} />,
    },
    {
      id: 'bytes',
      header: t('devices:column.bytes'),
      width: '100px',
      align: 'right',
      sort: 'bytes',
      descending: true,
      cell: (d) => <Bytes value={d.bytes} />,
    },
    {
      id: 'first_seen',
      header: t('devices:column.first_seen'),
      width: '104px',
      sort: 'first_seen',
      descending: true,
      cell: (d) => <Ago value={d.first_seen} />,
    },
    {
      id: 'last_seen',
      header: t('devices:column.last_seen'),
      width: '104px',
      sort: 'last_seen',
      descending: true,
      cell: (d) => <Ago value={d.last_seen} />,
    },
  ];
}
