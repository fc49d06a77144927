import { Button, Skeleton } from '@mantine/core';
import { keepPreviousData } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { hub } from '@/api/client';
import type { components } from '@/api/schema';
import { Tag } from '@/widgets/badges';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import { Inert } from '@/widgets/Inert';
import { type Column, SimpleTable } from '@/widgets/SimpleTable';
import { Ago, Bytes, Count } from '@/widgets/values';
import type { Server } from './index';
import { wild } from './tree';

type Node = components['schemas']['M2MNode'];

/** Clients, subscriptions or observers of a server, the busiest first. */
export function NodeList({
  server,
  kind,
  q,
}: {
  server: Server;
  kind: 'client' | 'subscription' | 'observer';
  q: string;
}) {
  const { t, i18n } = useTranslation('m2m');
  const [limit, setLimit] = useState(100);
  const { data, error } = hub.useQuery(
    'get',
    '/api/v1/m2m/nodes',
    { params: { query: { server: server.id, protocol: server.protocol, kind, q: q || undefined, limit } } },
    { placeholderData: keepPreviousData },
  );
  if (error) return <ErrorState error={error} />;
  if (!data) return <Skeleton height={200} m="md" />;
  if (data.items.length === 0)
    return (
      <EmptyState title={q ? t('noMatch') : t(`nothing.${kind}`)} hint={q ? t('noMatchHint') : undefined} />
    );
  const who: Column<Node> = {
    key: 'client',
    header: t('column.client'),
    cell: (n) => <Inert value={n.client} limit={60} mono />,
  };
  const columns: Column<Node>[] = [
    {
      key: 'name',
      header: t(`column.${kind}`),
      cell: (n) => (
        <span>
          <Inert value={n.name} limit={90} mono /> {kind === 'subscription' && <Reach filter={n.name} />}
        </span>
      ),
    },
    ...(kind === 'client' ? [] : [who]),
    { key: 'messages', header: t('column.messages'), cell: (n) => <Count value={n.messages} />, right: true },
    {
      key: 'rate',
      header: t('column.rate'),
      cell: (n) => new Intl.NumberFormat(i18n.language, { maximumSignificantDigits: 3 }).format(n.rate),
      right: true,
      wideOnly: true,
    },
    { key: 'bytes', header: t('column.bytes'), cell: (n) => <Bytes value={n.bytes} />, right: true },
    { key: 'seen', header: t('column.seen'), cell: (n) => <Ago value={n.last_seen} /> },
    {
      key: 'hunt',
      header: '',
      cell: (n) => (
        <Link
          to={`/hunt?q=${encodeURIComponent(`user:"${(kind === 'client' ? n.name : n.client).replace(/[\\"]/g, '\\$&')}"`)}`}
        >
          {t('hunt')}
        </Link>
      ),
      tight: true,
    },
  ];
  return (
    <>
      <SimpleTable<Node>
        label={t(`column.${kind}`)}
        rows={data.items}
        rowKey={(n) => `${n.name}\n${n.client}`}
        columns={columns}
      />
      {data.total > data.items.length && limit < 500 && (
        <Button variant="subtle" m="xs" onClick={() => setLimit(500)}>
          {t('more', { count: data.total - data.items.length })}
        </Button>
      )}
    </>
  );
}

/** How far a subscription reaches. */
function Reach({ filter }: { filter: string }) {
  const { t } = useTranslation('m2m');
  const far = wild(filter);
  return far && <Tag tone={far === 'all' ? 'bad' : 'warn'}>{t(`reach.${far}`)}</Tag>;
}
