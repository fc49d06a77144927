import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { api, hub } from '@/api/client';
import type { components } from '@/api/schema';
import { useCan } from '@/app/session';
import { Tag } from '@/widgets/badges';
import { sayError, sayUndo } from '@/widgets/confirm';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import { PageSkeleton } from '@/widgets/PageSkeleton';
import { Panel } from '@/widgets/Panel';
import { SimpleTable } from '@/widgets/SimpleTable';
import { Count, Time } from '@/widgets/values';
import { refreshFindings } from './edit';

type Mute = components['schemas']['Policy'];

/** The mutes there are, and how to end one. */
export function Mutes() {
  const { t } = useTranslation(['findings', 'common']);
  const canEdit = useCan('analyst');
  const { data, error, refetch } = hub.useQuery('get', '/api/v1/mutes');
  if (error) return <ErrorState error={error} retry={() => void refetch()} />;
  if (!data) return <PageSkeleton />;
  if (data.items.length === 0)
    return (
      <Panel>
        <EmptyState title={t('mutes.empty')} hint={t('mutes.emptyHint')} />
      </Panel>
    );
  const end = async (m: Mute) => {
    try {
      await api.DELETE('/api/v1/mutes/{id}', { params: { path: { id: m.id } } });
      refreshFindings();
      sayUndo(t('mutes.ended'), async () => {
        await api.POST('/api/v1/mutes', {
          body: {
            selector: m.selector,
            from: m.from ?? undefined,
            expires: m.expires ?? undefined,
            note: m.note,
          },
        });
        refreshFindings();
      });
    } catch (e) {
      sayError(e);
    }
  };
  const about = (m: Mute) =>
    (['checks', 'devices', 'types', 'zones', 'sites', 'tags', 'peers'] as const)
      .filter((k) => m.selector[k]?.length)
      .map((k) => `${t(`mutes.about.${k}`)}: ${m.selector[k]?.join(', ')}`)
      .join(' · ');
  return (
    <Panel flush>
      <SimpleTable
        label={t('view.mutes')}
        rows={data.items}
        rowKey={(m) => m.id}
        faded={(m) => !m.active}
        columns={[
          { key: 'about', header: t('mutes.what'), cell: (m) => <span className="mono">{about(m)}</span> },
          { key: 'note', header: t('mute.note'), cell: (m) => m.note || '–' },
          { key: 'author', header: t('mutes.author'), cell: (m) => m.author },
          {
            key: 'expires',
            header: t('mutes.expires'),
            cell: (m) => (m.expires ? <Time value={m.expires} /> : t('mute.never')),
          },
          { key: 'hides', header: t('mutes.hides'), right: true, cell: (m) => <Count value={m.hides} /> },
          {
            key: 'end',
            header: <span className="sr-only">{t('mutes.end')}</span>,
            right: true,
            cell: (m) =>
              m.origin === 'file' ? (
                <Tag>{t('mutes.file')}</Tag>
              ) : (
                canEdit && (
                  <Button size="compact-sm" variant="default" onClick={() => void end(m)}>
                    {t('mutes.end')}
                  </Button>
                )
              ),
          },
        ]}
      />
    </Panel>
  );
}
