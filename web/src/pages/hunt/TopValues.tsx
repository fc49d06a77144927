import { ActionIcon, Select, Skeleton } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { keepPreviousData } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { hub } from '@/api/client';
import { Tag } from '@/widgets/badges';
import { ErrorState } from '@/widgets/ErrorState';
import { Inert } from '@/widgets/Inert';
import { Panel } from '@/widgets/Panel';
import { Count } from '@/widgets/values';
import css from './hunt.module.css';
import { Pivot } from './Pivot';
import type { Question } from './state';

const usual = [
  'kind',
  'proto',
  'src',
  'dst',
  'dport',
  'name',
  'verb',
  'path',
  'user',
  'status',
  'sensor',
  'src_mac',
];

interface Props {
  question: Question;
  field: string;
  choose: (field: string) => void;
  pivot: (field: string, value: string, without: boolean) => void;
}

/** The most frequent values of a field among the facts that fit. */
export function TopValues({ question, field, choose, pivot }: Props) {
  const { t } = useTranslation('hunt');
  const known = hub.useQuery('get', '/api/v1/events/fields', {}, { staleTime: Infinity });
  const top = hub.useQuery(
    'get',
    '/api/v1/events/top',
    { params: { query: { ...question, field, n: 20 } } },
    { placeholderData: keepPreviousData },
  );
  const others = [...new Set((known.data ?? []).map((f) => f.name))].filter(
    (n) => !usual.includes(n) && n !== 'time',
  );
  const most = Math.max(1, ...(top.data?.items.map((i) => i.count) ?? []));
  return (
    <Panel
      className={css.top}
      title={t('top.title')}
      aside={
        <ActionIcon aria-label={t('top.close')} onClick={() => choose('')}>
          <IconX size={16} />
        </ActionIcon>
      }
    >
      <Select
        aria-label={t('top.field')}
        searchable
        allowDeselect={false}
        value={field}
        onChange={(v) => v && choose(v)}
        data={[
          {
            group: t('top.usual'),
            items: usual.includes(field) || others.includes(field) ? usual : [field, ...usual],
          },
          { group: t('top.all'), items: others },
        ]}
        mb="sm"
      />
      {top.data?.partial && <Tag tone="warn">{t('partial', { why: top.data.partial })}</Tag>}
      {top.error ? (
        <ErrorState error={top.error} />
      ) : !top.data ? (
        <Skeleton height={200} />
      ) : top.data.items.length === 0 ? (
        <p className="dim">{t('top.none')}</p>
      ) : (
        <ol className={css.values}>
          {top.data.items.map((i) => (
            <li key={i.value}>
              <span className={css.value}>
                <Inert value={i.value || t('top.empty')} limit={70} />
              </span>
              <Count value={i.count} />
              <span className={css.track} aria-hidden>
                <span style={{ width: `${(100 * i.count) / most}%` }} />
              </span>
              {i.value && <Pivot field={field} value={i.value} pivot={pivot} />}
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}
