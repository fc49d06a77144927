import { Button, Skeleton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { api, hub } from '@/api/client';
import { parseTime } from '@/lib/format';
import { Tag } from '@/widgets/badges';
import { useChange } from '@/widgets/change';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import { Panel } from '@/widgets/Panel';
import { SimpleTable } from '@/widgets/SimpleTable';
import { Ago, Time } from '@/widgets/values';
import { type Enrolment, sensorPaths } from './shapes';

/** The one-time tokens: used, open or expired. Their values are gone. */
export function Enrolments({ open }: { open: () => void }) {
  const { t } = useTranslation('sensors');
  const [change] = useChange();
  const { data, error, refetch } = hub.useQuery('get', '/api/v1/enrolments');
  if (error) return <ErrorState error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton height={160} radius="md" />;
  if (data.items.length === 0)
    return (
      <Panel>
        <EmptyState title={t('enrolments.none')} hint={t('enrolments.hint')}>
          <Button onClick={open}>{t('enrol.open')}</Button>
        </EmptyState>
      </Panel>
    );
  return (
    <Panel flush>
      <SimpleTable<Enrolment>
        label={t('tabs.enrolments')}
        rows={data.items}
        rowKey={(e) => e.id}
        faded={(e) => stateOf(e) === 'expired'}
        columns={[
          {
            key: 'sensor',
            header: t('column.name'),
            cell: (e) => e.sensor || <span className="dim">{t('enrolments.any')}</span>,
          },
          { key: 'site', header: t('detail.site'), cell: (e) => e.site || <span className="dim">–</span> },
          {
            key: 'state',
            header: t('column.state'),
            cell: (e) => {
              const s = stateOf(e);
              return (
                <Tag tone={s === 'used' ? 'good' : s === 'open' ? 'accent' : undefined}>
                  {t(`enrolments.${s}`)}
                </Tag>
              );
            },
          },
          { key: 'author', header: t('enrolments.author'), cell: (e) => e.author },
          { key: 'created', header: t('enrolments.created'), cell: (e) => <Ago value={e.created} /> },
          { key: 'expires', header: t('enrolments.expires'), cell: (e) => <Time value={e.expires} /> },
          {
            key: 'withdraw',
            header: '',
            cell: (e) =>
              stateOf(e) === 'open' && (
                <Button
                  size="compact-sm"
                  variant="subtle"
                  color="red"
                  onClick={() =>
                    void change(
                      () => api.DELETE('/api/v1/enrolments/{id}', { params: { path: { id: e.id } } }),
                      {
                        paths: sensorPaths,
                        message: t('enrolments.withdrawn'),
                      },
                    )
                  }
                >
                  {t('enrolments.withdraw')}
                </Button>
              ),
            tight: true,
          },
        ]}
      />
    </Panel>
  );
}

function stateOf(e: Enrolment): 'used' | 'open' | 'expired' {
  if (e.used) return 'used';
  return (parseTime(e.expires) ?? 0) > Date.now() ? 'open' : 'expired';
}
