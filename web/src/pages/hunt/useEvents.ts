import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo } from 'react';
import { api } from '@/api/client';
import { throttle, useLiveEvent } from '@/api/live';
import type { Rows } from '@/widgets/DataTable';
import type { Event, Question } from './state';

const pageSize = 200;
/** Rows that the table keeps; who wants more narrows the question or exports. */
const most = 20_000;

export interface Answer {
  rows: Rows<Event>;
  /** The first page came, the last page came. */
  complete: boolean;
  scanned: number;
  took: number;
  partial: string;
  fetching: boolean;
}

/** Facts that fit, newest first, loaded as the table is scrolled. While live, asked anew when something happens. */
export function useEvents(question: Question, live: boolean): Answer {
  const query = useInfiniteQuery({
    queryKey: ['/api/v1/events', question],
    queryFn: async ({ pageParam, signal }) => {
      const { data } = await api.GET('/api/v1/events', {
        params: { query: { ...question, limit: pageSize, cursor: pageParam || undefined } },
        signal,
      });
      return data ?? { items: [], next: '', scanned: 0, partial: '', took: 0 };
    },
    initialPageParam: '',
    getNextPageParam: (page) => page.next || undefined,
    placeholderData: keepPreviousData,
    refetchInterval: live ? 5000 : false,
    maxPages: live ? 1 : undefined,
  });
  const { refetch, fetchNextPage, hasNextPage, isFetchingNextPage } = query;

  const again = useMemo(() => throttle(() => void refetch(), 1500), [refetch]);
  useEffect(() => again.cancel, [again]);
  const hear = useCallback(() => {
    if (live && document.visibilityState === 'visible') again.call();
  }, [again, live]);
  useLiveEvent('stats', hear);
  useLiveEvent('sensor', hear);
  useLiveEvent('finding', hear);

  const items = useMemo(() => query.data?.pages.flatMap((p) => p.items) ?? [], [query.data]);
  const more = hasNextPage && items.length < most && !live;
  const see = useCallback(
    (_: number, last: number) => {
      if (more && !isFetchingNextPage && last >= items.length - 40) void fetchNextPage();
    },
    [more, isFetchingNextPage, items.length, fetchNextPage],
  );
  const last = query.data?.pages.at(-1);
  return {
    rows: {
      total: items.length + (more ? 1 : 0),
      at: (i) => items[i],
      see,
      loading: query.isPending,
      error: query.error,
      refetch: () => void refetch(),
    },
    complete: !hasNextPage,
    scanned: query.data?.pages.reduce((n, p) => n + p.scanned, 0) ?? 0,
    took: query.data?.pages.reduce((n, p) => n + p.took, 0) ?? 0,
    partial: last?.partial ?? '',
    fetching: query.isFetching,
  };
}
