import type { TFunction } from 'i18next';
import { Link } from 'react-router';
import type { Finding, FindingGroup } from '@/api/types';
import { groupHref } from '@/lib/links';
import { SeverityBadge, StatusBadge, Tag } from '@/widgets/badges';
import type { Column } from '@/widgets/DataTable';
import { Ago, Count, Mono } from '@/widgets/values';
import css from './findings.module.css';

export function findingHref(id: string): string {
  return `/findings/${encodeURIComponent(id)}`;
}

export function findingColumns(t: TFunction): Column<Finding>[] {
  return [
    {
      id: 'severity',
      header: t('findings:column.severity'),
      width: '106px',
      sort: 'severity',
      descending: true,
      cell: (f) => <SeverityBadge severity={f.severity} />,
    },
    {
      id: 'title',
      header: t('findings:column.title'),
      width: 'minmax(220px, 2.4fr)',
      cell: (f) => (
        <span className={css.title}>
          <Link to={findingHref(f.id)}>{f.title}</Link>
          {f.members.length > 0 && <Tag tone="accent">{t('findings:incident')}</Tag>}
          {f.reopened > 0 && <Tag tone="warn">{t('findings:reopened')}</Tag>}
        </span>
      ),
    },
    {
      id: 'device',
      header: t('findings:column.device'),
      width: 'minmax(130px, 1.2fr)',
      cell: (f) =>
        f.device ? (
          <Link to={`/devices/${encodeURIComponent(f.device)}`}>{f.device_label}</Link>
        ) : (
          <Mono>{f.address}</Mono>
        ),
    },
    {
      id: 'peers',
      header: t('findings:column.peers'),
      width: 'minmax(130px, 1fr)',
      cell: (f) => (
        <>
          <Mono>{f.peers[0] ?? '–'}</Mono>
          {f.peer_count > 1 && <span className="dim"> +{f.peer_count - 1}</span>}
        </>
      ),
    },
    {
      id: 'status',
      header: t('findings:column.status'),
      width: '130px',
      cell: (f) => <StatusBadge status={f.status} muted={!!f.mute} />,
    },
    {
      id: 'count',
      header: t('findings:column.count'),
      width: '80px',
      align: 'right',
      sort: 'count',
      descending: true,
      cell: (f) => <Count value={f.count} />,
    },
    {
      id: 'last_seen',
      header: t('findings:column.last_seen'),
      width: '104px',
      sort: 'last_seen',
      descending: true,
      cell: (f) => <Ago value={f.last_seen} />,
    },
  ];
}

export function groupColumns(t: TFunction): Column<FindingGroup>[] {
  return [
    {
      id: 'severity',
      header: t('findings:column.severity'),
      width: '106px',
      sort: 'severity',
      descending: true,
      cell: (g) => <SeverityBadge severity={g.severity} />,
    },
    {
      id: 'title',
      header: t('findings:column.title'),
      width: 'minmax(230px, 2.2fr)',
      cell: (g) => (
        <span className={css.title}>
          <Link to={groupHref(g)}>{g.title}</Link>
          {g.incident && <Tag tone="accent">{t('findings:incident')}</Tag>}
        </span>
      ),
    },
    {
      id: 'devices',
      header: t('findings:column.devices'),
      width: 'minmax(150px, 1.4fr)',
      cell: (g) => (
        <>
          {g.labels.slice(0, 2).join(', ')}
          {g.devices > 2 && <span className="dim"> +{g.devices - Math.min(2, g.labels.length)}</span>}
        </>
      ),
    },
    {
      id: 'status',
      header: t('findings:column.status'),
      width: 'minmax(130px, 0.9fr)',
      cell: (g) => (
        <span className={css.statuses}>
          {Object.entries(g.statuses).map(([s, n]) => (
            <span key={s}>
              <StatusBadge status={s} />
              {g.findings > 1 && <span className="num dim"> {n}</span>}
            </span>
          ))}
        </span>
      ),
    },
    {
      id: 'findings',
      header: t('findings:column.findings'),
      width: '84px',
      align: 'right',
      cell: (g) => <Count value={g.findings} />,
    },
    {
      id: 'count',
      header: t('findings:column.count'),
      width: '80px',
      align: 'right',
      sort: 'count',
      descending: true,
      cell: (g) => <Count value={g.count} />,
    },
    {
      id: 'last_seen',
      header: t('findings:column.last_seen'),
      width: '104px',
      sort: 'last_seen',
      descending: true,
      cell: (g) => <Ago value={g.last_seen} />,
    },
  ];
}
