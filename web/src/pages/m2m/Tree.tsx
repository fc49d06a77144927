import { Skeleton } from '@mantine/core';
import { useQueries } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, queryClient } from '@/api/client';
import type { components } from '@/api/schema';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import type { Server } from './index';
import { type TreeRow, TreeView } from './TreeView';

type Branch = components['schemas']['TopicBranch'];

/** The tree of all names; a level is asked for when its branch is opened. */
export function Tree({ server }: { server: Server }) {
  const { t } = useTranslation('m2m');
  // A small tree is open at first, a large one closed; a click turns a branch round.
  const small = server.topics + server.resources <= 80;
  const [turned, setTurned] = useState<readonly string[]>([]);
  const isOpen = (b: Branch) => isBranch(b) && small !== turned.includes(b.path);
  const load = (path: string | null) => ({
    queryKey: ['/api/v1/m2m/tree', server.id, server.protocol, path],
    queryFn: async ({ signal }: { signal: AbortSignal }) =>
      (
        await api.GET('/api/v1/m2m/tree', {
          params: { query: { server: server.id, protocol: server.protocol, path: path ?? undefined } },
          signal,
        })
      ).data ?? [],
    staleTime: 60_000,
  });
  // The root's path is empty, and so is that of an empty first level: hence null.
  const wanted: (string | null)[] = [null];
  for (let i = 0; i < wanted.length && i < 200; i++) {
    const known = queryClient.getQueryData<Branch[]>(load(wanted[i] ?? null).queryKey) ?? [];
    wanted.push(...known.filter(isOpen).map((b) => b.path));
  }
  const answers = useQueries({ queries: wanted.slice(0, 200).map(load) });
  const root = answers[0];
  const children = new Map<string | null, Branch[]>();
  wanted.forEach((path, i) => {
    const data = answers[i]?.data;
    if (data) children.set(path, data);
  });
  const rows = flat(children, null, 0, []);
  if (root?.error) return <ErrorState error={root.error} retry={() => void root.refetch()} />;
  if (!root?.data) return <Skeleton height={240} m="md" />;
  if (rows.length === 0) return <EmptyState title={t('noNames')} hint={t('noNamesHint')} />;
  return (
    <TreeView
      label={t('treeOf', { name: server.label })}
      rows={rows}
      toggle={(path) =>
        setTurned(turned.includes(path) ? turned.filter((p) => p !== path) : [...turned, path].slice(-200))
      }
    />
  );
}

function flat(
  children: ReadonlyMap<string | null, Branch[]>,
  path: string | null,
  depth: number,
  out: TreeRow[],
): TreeRow[] {
  for (const b of children.get(path) ?? []) {
    const branch = isBranch(b);
    const open = branch && children.has(b.path);
    out.push({
      path: b.path,
      level: b.name,
      depth,
      messages: b.messages,
      bytes: b.bytes,
      retained: b.retained,
      leaves: b.leaves,
      last: b.last_seen,
      leaf: b.topic,
      branch,
      open,
    });
    if (open && depth < 64) flat(children, b.path, depth + 1, out);
  }
  return out;
}

/** Whether names go on below. */
function isBranch(b: Branch): boolean {
  return b.leaves > (b.topic ? 1 : 0);
}
