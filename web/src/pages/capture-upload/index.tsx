import { ActionIcon, Button, Progress, Tooltip } from '@mantine/core';
import { IconFileUpload, IconTrash, IconX } from '@tabler/icons-react';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api, hub, queryClient } from '@/api/client';
import { useLiveRefresh } from '@/api/live';
import type { Capture } from '@/api/types';
import { formatBytes } from '@/lib/format';
import { Tag } from '@/widgets/badges';
import { sayError, useConfirm } from '@/widgets/confirm';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import { Needs } from '@/widgets/Needs';
import { Page } from '@/widgets/Page';
import { PageSkeleton } from '@/widgets/PageSkeleton';
import { Panel } from '@/widgets/Panel';
import { SimpleTable } from '@/widgets/SimpleTable';
import { Ago, Bytes, Count, Time } from '@/widgets/values';
import css from './captures.module.css';
import { type Upload, useUploads } from './uploads';

const path = '/api/v1/captures';
const busy = (c: Capture) => c.state === 'receiving' || c.state === 'analysing';

/** Gives captures to the hub and shows what became of them. */
export default function Captures() {
  const { t } = useTranslation('capture-upload');
  const { data, error, refetch } = hub.useQuery(
    'get',
    path,
    {},
    { refetchInterval: (q) => (q.state.data?.items.some(busy) ? 1500 : false) },
  );
  useLiveRefresh('capture', [path], 1500);
  const { uploads, add, stop } = useUploads(
    () => void queryClient.invalidateQueries({ queryKey: ['get', path] }),
  );
  return (
    <Page title={t('title')} subtitle={t('subtitle')}>
      <Needs least="operator" what={t('upload')}>
        <Drop add={add} />
      </Needs>
      {uploads.length > 0 && (
        <Panel title={t('sending')}>
          <ul className={css.uploads}>
            {uploads.map((u) => (
              <UploadRow key={u.id} upload={u} stop={() => stop(u.id)} />
            ))}
          </ul>
        </Panel>
      )}
      {error && !data ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <PageSkeleton />
      ) : (
        <Panel title={t('analysed')} flush>
          {data.items.length === 0 ? (
            <EmptyState title={t('empty')} hint={t('emptyHint')} />
          ) : (
            <Table captures={data.items} />
          )}
        </Panel>
      )}
    </Page>
  );
}

function Drop({ add }: { add(files: readonly File[]): void }) {
  const { t } = useTranslation('capture-upload');
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  return (
    <section
      className={css.drop}
      data-over={over || undefined}
      aria-label={t('upload')}
      onDragOver={(e) => {
        e.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(e) => {
        e.preventDefault();
        setOver(false);
        add([...e.dataTransfer.files]);
      }}
    >
      <IconFileUpload size={30} stroke={1.4} aria-hidden />
      <p>
        <b>{t('drop')}</b>
        <br />
        <span className="dim">{t('formats')}</span>
      </p>
      <Button onClick={() => input.current?.click()}>{t('choose')}</Button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={t('choose')}
        accept=".pcap,.pcapng,.cap,.pcap.gz,.pcapng.gz,.gz,.zst,application/vnd.tcpdump.pcap"
        onChange={(e) => {
          add([...(e.currentTarget.files ?? [])]);
          e.currentTarget.value = '';
        }}
      />
    </section>
  );
}

function UploadRow({ upload: u, stop }: { upload: Upload; stop: () => void }) {
  const { t, i18n } = useTranslation('capture-upload');
  const share = u.size > 0 ? (u.sent / u.size) * 100 : 100;
  return (
    <li>
      <span className="truncate">{u.name}</span>
      <Progress
        value={share}
        color={u.problem ? 'red' : undefined}
        aria-label={t('progress', { name: u.name })}
      />
      <span className="dim num">
        {u.problem || `${formatBytes(u.sent, i18n.language)} / ${formatBytes(u.size, i18n.language)}`}
      </span>
      <ActionIcon aria-label={t(u.problem ? 'dismiss' : 'stop', { name: u.name })} onClick={stop}>
        <IconX size={16} />
      </ActionIcon>
    </li>
  );
}

function Table({ captures }: { captures: readonly Capture[] }) {
  const { t } = useTranslation('capture-upload');
  const confirm = useConfirm();
  const remove = async (c: Capture) => {
    if (
      !(await confirm({
        title: t('remove.title', { name: c.name }),
        body: t('remove.body'),
        action: t('common:delete'),
        danger: true,
      }))
    )
      return;
    try {
      await api.DELETE('/api/v1/captures/{id}', { params: { path: { id: c.id } } });
      await queryClient.invalidateQueries({ queryKey: ['get', path] });
    } catch (e) {
      sayError(e);
    }
  };
  return (
    <SimpleTable
      label={t('analysed')}
      rows={captures}
      rowKey={(c) => c.id}
      columns={[
        {
          key: 'name',
          header: t('column.name'),
          cell: (c) => (
            <span className={css.name}>
              <b>{c.name}</b>
              <span className="dim">
                <Bytes value={c.size} /> · {c.author} · <Ago value={c.created} />
              </span>
            </span>
          ),
        },
        { key: 'state', header: t('column.state'), cell: (c) => <State capture={c} /> },
        {
          key: 'packets',
          header: t('column.packets'),
          right: true,
          cell: (c) => <Count value={c.packets} />,
        },
        {
          key: 'devices',
          header: t('column.devices'),
          right: true,
          cell: (c) => (
            <Link to={`/devices?sensor=${encodeURIComponent(c.sensor)}`}>
              <Count value={c.devices} />
            </Link>
          ),
        },
        {
          key: 'findings',
          header: t('column.findings'),
          right: true,
          cell: (c) => (
            <Link to={`/findings?sensor=${encodeURIComponent(c.sensor)}`}>
              <Count value={c.findings} />
            </Link>
          ),
        },
        {
          key: 'time',
          header: t('column.time'),
          wideOnly: true,
          cell: (c) => (
            <>
              <Time value={c.first} /> – <Time value={c.last} />
            </>
          ),
        },
        {
          key: 'remove',
          header: <span className="sr-only">{t('common:delete')}</span>,
          right: true,
          cell: (c) =>
            !busy(c) && (
              <Tooltip label={t('common:delete')}>
                <ActionIcon aria-label={t('remove.label', { name: c.name })} onClick={() => void remove(c)}>
                  <IconTrash size={16} />
                </ActionIcon>
              </Tooltip>
            ),
        },
      ]}
    />
  );
}

function State({ capture: c }: { capture: Capture }) {
  const { t } = useTranslation('capture-upload');
  if (c.state === 'failed')
    return (
      <span className={css.name}>
        <Tag tone="bad">{t('state.failed')}</Tag>
        <span className="dim">{c.error}</span>
      </span>
    );
  if (c.state === 'done') return <Tag tone="good">{t('state.done')}</Tag>;
  return (
    <span className={css.name}>
      {t(`state.${c.state}`)}
      <Progress value={c.progress * 100} aria-label={t('progress', { name: c.name })} animated />
    </span>
  );
}
