import { Skeleton } from '@mantine/core';
import { keepPreviousData } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { hub } from '@/api/client';
import { formatCompact, formatCount, formatDuration } from '@/lib/format';
import { Tag } from '@/widgets/badges';
import { Panel } from '@/widgets/Panel';
import { TimeChart } from '@/widgets/TimeChart';
import type { Question } from './state';

interface Props {
  question: Question;
  live: boolean;
  /** A span was brushed. */
  zoom: (from: string, to: string) => void;
}

/** How many facts fit, over time. Drawing over it narrows the time. */
export function Histogram({ question, live, zoom }: Props) {
  const { t, i18n } = useTranslation('hunt');
  const { data } = hub.useQuery(
    'get',
    '/api/v1/events/histogram',
    { params: { query: { ...question, buckets: 90 } } },
    { placeholderData: keepPreviousData, refetchInterval: live ? 10_000 : false },
  );
  const buckets = data?.buckets;
  const times = useMemo(() => (buckets ?? []).map((b) => Date.parse(b.start ?? '')), [buckets]);
  const lines = useMemo(
    () => [{ label: t('histogram.facts'), values: (buckets ?? []).map((b) => b.count), color: '--accent' }],
    [buckets, t],
  );
  if (!data) return <Skeleton height={138} radius="md" />;
  return (
    <Panel
      title={t('histogram.total', { count: data.total, n: formatCount(data.total, i18n.language) })}
      aside={data.total > 0 && t('histogram.width', { width: formatDuration(data.width * 1000) })}
    >
      {data.partial && <Tag tone="warn">{t('partial', { why: data.partial })}</Tag>}
      {data.total === 0 || times.length === 0 ? (
        <span className="dim">{t('histogram.none')}</span>
      ) : (
        <TimeChart
          label={t('histogram.label')}
          times={times}
          lines={lines}
          bars
          height={96}
          format={(n) => formatCompact(n, i18n.language)}
          onSelect={(from, to) => zoom(new Date(from).toISOString(), new Date(to).toISOString())}
        />
      )}
    </Panel>
  );
}
