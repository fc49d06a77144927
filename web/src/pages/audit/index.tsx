// What people and programs did, in a chain of hashes that shows gaps.
import { Alert, Button, Skeleton, TextInput } from '@mantine/core';
import { IconDownload, IconShieldCheck, IconShieldX } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import type { components } from '@/api/schema';
import { bounds, range } from '@/lib/range';
import { text, useUrlState } from '@/lib/url';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import { FilterBar } from '@/widgets/FilterBar';
import { Inert } from '@/widgets/Inert';
import { Page } from '@/widgets/Page';
import { Panel } from '@/widgets/Panel';
import { SimpleTable } from '@/widgets/SimpleTable';
import { TimeRange } from '@/widgets/TimeRange';
import { Count, Mono, Time } from '@/widgets/values';

type Entry = components['schemas']['Entry'];

const fields = { actor: text(), action: text(), object: text(), range: range() };
const areas = [
  'session.',
  'user.',
  'token.',
  'finding.',
  'device.',
  'evidence.',
  'mute.',
  'maintenance.',
  'sensor.',
  'setting.',
  'report.',
  'backup.',
];

export default function Audit() {
  const { t } = useTranslation('audit');
  const [filter, change] = useUrlState(fields);
  const query = {
    actor: filter.actor || undefined,
    action: filter.action || undefined,
    object: filter.object || undefined,
    ...bounds(filter.range),
  };
  const list = useInfiniteQuery({
    queryKey: ['/api/v1/audit', query],
    queryFn: async ({ pageParam, signal }) => {
      const { data } = await api.GET('/api/v1/audit', {
        params: { query: { ...query, before: pageParam, limit: 100 } },
        signal,
      });
      return data ?? { items: [], next: 0 };
    },
    initialPageParam: 0,
    getNextPageParam: (page) => page.next || undefined,
  });
  const verify = useMutation({ mutationFn: async () => (await api.GET('/api/v1/audit/verify')).data });
  const rows = list.data?.pages.flatMap((p) => p.items) ?? [];
  const dirty = Object.values(query).some(Boolean);
  const download = new URLSearchParams(Object.entries(query).flatMap(([k, v]) => (v ? [[k, v]] : [])));
  download.set('format', 'csv');

  return (
    <Page
      title={t('title')}
      subtitle={t('subtitle')}
      actions={
        <>
          <Button
            component="a"
            variant="default"
            href={`/api/v1/audit/export?${download}`}
            download
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            {t('common:export')}
          </Button>
          <Button
            loading={verify.isPending}
            leftSection={<IconShieldCheck size={16} aria-hidden />}
            onClick={() => verify.mutate()}
          >
            {t('verify')}
          </Button>
        </>
      }
    >
      {verify.data && (
        <Alert
          role="status"
          color={verify.data.whole ? 'green' : 'red'}
          icon={
            verify.data.whole ? (
              <IconShieldCheck size={18} aria-hidden />
            ) : (
              <IconShieldX size={18} aria-hidden />
            )
          }
          title={verify.data.whole ? t('whole') : t('broken', { seq: verify.data.first })}
        >
          {verify.data.whole ? t('wholeHint') : t('brokenHint')}
        </Alert>
      )}
      {verify.error && <ErrorState error={verify.error} />}
      <FilterBar
        search={{
          value: filter.object,
          placeholder: t('filter.object'),
          onChange: (object) => change({ object }),
        }}
        facets={[
          {
            name: 'action',
            label: t('filter.action'),
            single: true,
            value: filter.action ? [filter.action] : [],
            options: areas.map((value) => ({ value, label: t(`areas.${value.slice(0, -1)}`) })),
            onChange: ([action]) => change({ action: action ?? '' }),
          },
        ]}
        clear={() => change({ actor: '', action: '', object: '', range: '' })}
      >
        <TextInput
          aria-label={t('filter.actor')}
          placeholder={t('filter.actor')}
          value={filter.actor}
          maxLength={100}
          onChange={(e) => change({ actor: e.currentTarget.value })}
        />
        <TimeRange value={filter.range} onChange={(r) => change({ range: r })} />
      </FilterBar>
      {list.error ? (
        <ErrorState error={list.error} retry={() => void list.refetch()} />
      ) : list.isPending ? (
        <Skeleton height={300} radius="md" />
      ) : (
        <Panel flush>
          {rows.length === 0 ? (
            <EmptyState title={t(dirty ? 'none' : 'empty')} hint={t(dirty ? 'noneHint' : 'emptyHint')} />
          ) : (
            <SimpleTable<Entry>
              label={t('title')}
              rows={rows}
              rowKey={(e) => String(e.seq)}
              columns={[
                {
                  key: 'time',
                  header: t('column.time'),
                  cell: (e) => <Time value={e.time} precise />,
                  tight: true,
                },
                {
                  key: 'actor',
                  header: t('column.actor'),
                  cell: (e) => <Inert value={e.actor} limit={60} />,
                },
                { key: 'action', header: t('column.action'), cell: (e) => <Mono>{e.action}</Mono> },
                {
                  key: 'object',
                  header: t('column.object'),
                  cell: (e) => <Inert value={e.object} limit={60} mono />,
                },
                { key: 'detail', header: t('column.detail'), cell: (e) => <Detail entry={e} /> },
                {
                  key: 'address',
                  header: t('column.address'),
                  cell: (e) => <Mono>{e.address || '–'}</Mono>,
                  wideOnly: true,
                },
                {
                  key: 'seq',
                  header: t('column.seq'),
                  cell: (e) => (
                    <span title={e.hash}>
                      <Count value={e.seq} />
                    </span>
                  ),
                  right: true,
                  wideOnly: true,
                },
              ]}
            />
          )}
          {list.hasNextPage && (
            <Button
              variant="subtle"
              m="xs"
              loading={list.isFetchingNextPage}
              onClick={() => void list.fetchNextPage()}
            >
              {t('more')}
            </Button>
          )}
        </Panel>
      )}
    </Page>
  );
}

function Detail({ entry }: { entry: Entry }) {
  const { t } = useTranslation('audit');
  if (!entry.detail && !entry.reason) return <span className="dim">–</span>;
  return (
    <span>
      {entry.detail && <Inert value={entry.detail} />}
      {entry.reason && (
        <span className="dim">
          {entry.detail && ' · '}
          {t('reason')} <Inert value={entry.reason} />
        </span>
      )}
    </span>
  );
}
