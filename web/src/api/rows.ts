import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query';
import { useCallback, useMemo, useState } from 'react';
import { pagesOf } from '@/lib/table';
import type { Rows } from '@/widgets/DataTable';

const pageSize = 100;

interface PageOf<T> {
  items: T[];
  total: number;
}

/**
 * Rows of a list that the API pages by limit and offset, for DataTable: the
 * pages in view are loaded, and stay in the cache for a while. The key must
 * hold the path and everything that the request depends on.
 */
export function useRows<T>(
  key: readonly unknown[],
  load: (limit: number, offset: number, signal: AbortSignal) => Promise<{ data?: PageOf<T> }>,
  options: { enabled?: boolean } = {},
): Rows<T> {
  const enabled = options.enabled ?? true;
  const ask = async (offset: number, signal: AbortSignal) => {
    const { data } = await load(pageSize, offset, signal);
    return data ?? { items: [], total: 0 };
  };
  const [view, setView] = useState<[number, number]>([0, 0]);
  const see = useCallback(
    (first: number, last: number) => setView((v) => (v[0] === first && v[1] === last ? v : [first, last])),
    [],
  );
  const head = useQuery({
    queryKey: [...key, 0],
    queryFn: ({ signal }) => ask(0, signal),
    placeholderData: keepPreviousData,
    enabled,
  });
  const total = head.data?.total ?? 0;
  const offsets = pagesOf(view[0], view[1], pageSize, total).filter((o) => o > 0);
  const others = useQueries({
    queries: offsets.map((offset) => ({
      queryKey: [...key, offset],
      queryFn: ({ signal }: { signal: AbortSignal }) => ask(offset, signal),
      enabled,
    })),
  });
  const pages = useMemo(() => {
    const m = new Map<number, T[]>();
    if (head.data) m.set(0, head.data.items);
    offsets.forEach((o, i) => {
      const items = others[i]?.data?.items;
      if (items) m.set(o, items);
    });
    return m;
  }, [head.data, offsets, others]);
  return {
    total,
    at: (i) => (i < 0 ? undefined : pages.get(Math.floor(i / pageSize) * pageSize)?.[i % pageSize]),
    see,
    loading: head.isPending && enabled,
    error: head.error,
    refetch: () => void head.refetch(),
  };
}
