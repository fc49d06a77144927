import type { TFunction } from 'i18next';
import { Tag } from '@/widgets/badges';
import type { Column } from '@/widgets/DataTable';
import { Inert } from '@/widgets/Inert';
import { Bytes, Count, Mono, Time } from '@/widgets/values';
import type { Event } from './state';

/** An address with its port. */
export function endpoint(ip: string, port: number): string {
  if (!ip) return '';
  if (!port) return ip;
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** All columns that a fact has; the first one always shows. */
export function columnsOf(t: TFunction): Column<Event>[] {
  const words = (id: 'name' | 'verb' | 'path' | 'user' | 'status', width: string): Column<Event> => ({
    id,
    header: t(`columns.${id}`),
    width,
    cell: (e) => <Inert value={e[id]} limit={90} />,
  });
  return [
    { id: 'time', header: t('columns.time'), width: '216px', cell: (e) => <Time value={e.time} precise /> },
    { id: 'kind', header: t('columns.kind'), width: '92px', cell: (e) => <Tag tone="accent">{e.kind}</Tag> },
    {
      id: 'src',
      header: t('columns.src'),
      width: 'minmax(150px, 1fr)',
      cell: (e) => <Mono>{endpoint(e.src_ip, e.src_port) || e.src_mac}</Mono>,
    },
    {
      id: 'dst',
      header: t('columns.dst'),
      width: 'minmax(150px, 1fr)',
      cell: (e) => <Mono>{endpoint(e.dest_ip, e.dest_port) || e.dest_mac}</Mono>,
    },
    words('name', 'minmax(130px, 1.2fr)'),
    words('verb', 'minmax(90px, 0.7fr)'),
    words('path', 'minmax(130px, 1.4fr)'),
    words('user', 'minmax(110px, 0.8fr)'),
    words('status', 'minmax(90px, 0.7fr)'),
    { id: 'proto', header: t('columns.proto'), width: '90px', cell: (e) => e.protocol || '–' },
    { id: 'transport', header: t('columns.transport'), width: '80px', cell: (e) => e.transport || '–' },
    {
      id: 'bytes',
      header: t('columns.bytes'),
      width: '90px',
      align: 'right',
      cell: (e) => <Bytes value={e.bytes_out + e.bytes_in} />,
    },
    {
      id: 'packets',
      header: t('columns.packets'),
      width: '90px',
      align: 'right',
      cell: (e) => <Count value={e.packets} />,
    },
    {
      id: 'sensor',
      header: t('columns.sensor'),
      width: 'minmax(100px, 0.6fr)',
      cell: (e) => <Inert value={e.sensor} limit={40} />,
    },
    {
      id: 'src_mac',
      header: t('columns.src_mac'),
      width: '150px',
      cell: (e) => <Mono>{e.src_mac || '–'}</Mono>,
    },
    {
      id: 'dst_mac',
      header: t('columns.dst_mac'),
      width: '150px',
      cell: (e) => <Mono>{e.dest_mac || '–'}</Mono>,
    },
    {
      id: 'vlan',
      header: t('columns.vlan'),
      width: '70px',
      align: 'right',
      cell: (e) => (e.vlan ? e.vlan : '–'),
    },
    {
      id: 'flow',
      header: t('columns.flow'),
      width: '170px',
      cell: (e) => <Mono>{e.flow ? String(e.flow) : '–'}</Mono>,
    },
    {
      id: 'community',
      header: t('columns.community'),
      width: '250px',
      cell: (e) => <Mono>{e.community_id || '–'}</Mono>,
    },
    {
      id: 'capture',
      header: t('columns.capture'),
      width: 'minmax(100px, 0.6fr)',
      cell: (e) => <Inert value={e.capture} limit={40} />,
    },
  ];
}
