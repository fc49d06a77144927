import { Button, Group, Skeleton, TextInput } from '@mantine/core';
import { IconDatabase, IconDownload } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, hub } from '@/api/client';
import type { components } from '@/api/schema';
import { useChange } from '@/widgets/change';
import { useConfirm } from '@/widgets/confirm';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import { Inert } from '@/widgets/Inert';
import { Panel } from '@/widgets/Panel';
import { SimpleTable } from '@/widgets/SimpleTable';
import { Bytes, Mono, Time } from '@/widgets/values';

type Backup = components['schemas']['Backup'];
const paths = ['/api/v1/backups'];

/** Copies of the hub's state. */
export function Backups() {
  const { t } = useTranslation('settings');
  const { data, error, refetch } = hub.useQuery('get', '/api/v1/backups');
  const [note, setNote] = useState('');
  const [change, busy] = useChange();
  const confirm = useConfirm();
  const make = () =>
    change(() => api.POST('/api/v1/backups', { body: { note: note.trim() || undefined } }), {
      paths,
      message: t('backups.made'),
    }).then((good) => {
      if (good) setNote('');
    });
  const remove = async (name: string) => {
    if (
      !(await confirm({
        title: t('backups.deleteTitle'),
        body: name,
        action: t('common:delete'),
        danger: true,
      }))
    )
      return;
    await change(() => api.DELETE('/api/v1/backups/{name}', { params: { path: { name } } }), {
      paths,
      message: t('backups.deleted'),
    });
  };
  return (
    <>
      <Panel title={t('backups.make')}>
        <form
          onSubmit={(e) => {
            e.preventDefault();
            void make();
          }}
        >
          <p className="dim">{t('backups.what')}</p>
          <Group align="flex-end" mt="sm">
            <TextInput
              label={t('backups.note')}
              placeholder={t('backups.noteExample')}
              value={note}
              maxLength={500}
              onChange={(e) => setNote(e.currentTarget.value)}
              style={{ flex: '1 1 240px', maxWidth: 420 }}
            />
            <Button type="submit" loading={busy}>
              {t('backups.now')}
            </Button>
          </Group>
        </form>
      </Panel>
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Skeleton height={160} radius="md" />
      ) : (
        <Panel flush title={t('backups.kept')}>
          {data.items.length === 0 ? (
            <EmptyState icon={IconDatabase} title={t('backups.none')} hint={t('backups.hint')} />
          ) : (
            <SimpleTable<Backup>
              label={t('sections.backups')}
              rows={data.items}
              rowKey={(b) => b.name}
              columns={[
                { key: 'name', header: t('backups.name'), cell: (b) => <Mono>{b.name}</Mono> },
                { key: 'created', header: t('backups.created'), cell: (b) => <Time value={b.created} /> },
                { key: 'note', header: t('backups.note'), cell: (b) => <Inert value={b.note} limit={80} /> },
                {
                  key: 'version',
                  header: t('backups.version'),
                  cell: (b) => <Mono>{b.version}</Mono>,
                  wideOnly: true,
                },
                {
                  key: 'size',
                  header: t('backups.size'),
                  cell: (b) => <Bytes value={b.size} />,
                  right: true,
                },
                {
                  key: 'act',
                  header: '',
                  cell: (b) => (
                    <Group gap={6} wrap="nowrap">
                      <Button
                        size="compact-sm"
                        variant="subtle"
                        color="red"
                        onClick={() => void remove(b.name)}
                      >
                        {t('common:delete')}
                      </Button>
                      <Button
                        component="a"
                        size="compact-sm"
                        variant="default"
                        href={`/api/v1/backups/${encodeURIComponent(b.name)}`}
                        download
                        leftSection={<IconDownload size={14} aria-hidden />}
                      >
                        {t('backups.get')}
                      </Button>
                    </Group>
                  ),
                  tight: true,
                },
              ]}
            />
          )}
        </Panel>
      )}
    </>
  );
}
