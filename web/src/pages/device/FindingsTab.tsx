import { SegmentedControl, Skeleton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { hub } from '@/api/client';
import type { DeviceDetail } from '@/api/types';
import { oneOf, useUrlState } from '@/lib/url';
import { SeverityBadge, StatusBadge } from '@/widgets/badges';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import { Panel } from '@/widgets/Panel';
import { SimpleTable } from '@/widgets/SimpleTable';
import { Ago, Count } from '@/widgets/values';
import css from './device.module.css';

const fields = { show: oneOf(['open', 'all'], 'open') };

/** The findings of a device, the gravest first. */
export function FindingsTab({ device }: { device: DeviceDetail }) {
  const { t } = useTranslation(['device', 'common']);
  const [{ show }, setUrl] = useUrlState(fields);
  const { data, error, refetch } = hub.useQuery('get', '/api/v1/findings', {
    params: {
      query: {
        device: device.id,
        status: show === 'open' ? ['open', 'acknowledged'] : undefined,
        muted: show === 'open' ? 'false' : undefined,
        sort: '-severity',
        limit: 200,
      },
    },
  });
  return (
    <Panel
      title={t('tab.findings')}
      flush
      aside={
        <SegmentedControl
          size="xs"
          aria-label={t('tab.findings')}
          value={show}
          onChange={(v) => setUrl({ show: v === 'all' ? 'all' : 'open' })}
          data={[
            { value: 'open', label: t('finding.open') },
            { value: 'all', label: t('finding.all') },
          ]}
        />
      }
    >
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <div className={css.waiting}>
          <Skeleton height={200} />
        </div>
      ) : data.items.length === 0 ? (
        <EmptyState title={t('finding.none')} hint={t('finding.noneHint')} />
      ) : (
        <SimpleTable
          label={t('tab.findings')}
          rows={data.items}
          rowKey={(f) => f.id}
          columns={[
            {
              key: 'severity',
              header: t('finding.severity'),
              tight: true,
              cell: (f) => <SeverityBadge severity={f.severity} />,
            },
            {
              key: 'title',
              header: t('finding.title'),
              cell: (f) => <Link to={`/findings/${encodeURIComponent(f.id)}`}>{f.title}</Link>,
            },
            {
              key: 'status',
              header: t('finding.status'),
              cell: (f) => <StatusBadge status={f.status} muted={!!f.mute} />,
            },
            { key: 'count', header: t('finding.count'), right: true, cell: (f) => <Count value={f.count} /> },
            { key: 'last', header: t('service.last'), cell: (f) => <Ago value={f.last_seen} /> },
          ]}
        />
      )}
      {data && data.total > data.items.length && (
        <p className={css.calm}>
          <Link to={`/findings?view=list&device=${encodeURIComponent(device.id)}`}>
            {t('finding.more', { count: data.total })}
          </Link>
        </p>
      )}
    </Panel>
  );
}
