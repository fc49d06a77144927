import { Skeleton } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { hub } from '@/api/client';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import type { Server } from './index';
import { TreeView } from './TreeView';
import { grow, opened, rows } from './tree';

/** The names that fit a search, as a tree of their own. */
export function SearchTree({ server, kind, q }: { server: Server; kind: 'topic' | 'resource'; q: string }) {
  const { t } = useTranslation('m2m');
  const { data, error } = hub.useQuery('get', '/api/v1/m2m/nodes', {
    params: { query: { server: server.id, protocol: server.protocol, kind, q, limit: 500 } },
  });
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const root = useMemo(
    () =>
      grow((data?.items ?? []).map((n) => ({ ...n, first: n.first_seen ?? '', last: n.last_seen ?? '' }))),
    [data],
  );
  // What fits is open at first; a click turns that round.
  const open = useMemo(() => turned(opened(root, 400), toggled), [root, toggled]);
  if (error) return <ErrorState error={error} />;
  if (!data) return <Skeleton height={200} m="md" />;
  if (data.items.length === 0) return <EmptyState title={t('noMatch')} hint={t('noMatchHint')} />;
  return (
    <>
      {data.total > data.items.length && (
        <p className="dim">{t('cut', { shown: data.items.length, total: data.total })}</p>
      )}
      <TreeView
        label={t('treeOf', { name: server.label })}
        rows={rows(root, open).map((b) => ({
          ...b,
          retained: b.retained > 0,
          last: b.last || null,
          leaf: b.entry !== undefined,
          branch: b.children.size > 0,
          open: open.has(b.path),
        }))}
        toggle={(path) => setToggled(turned(toggled, [path]))}
      />
    </>
  );
}

/** The set with those in the list turned round: in becomes out, out becomes in. */
function turned(set: ReadonlySet<string>, which: Iterable<string>): Set<string> {
  const out = new Set(set);
  for (const w of which) if (!out.delete(w)) out.add(w);
  return out;
}
