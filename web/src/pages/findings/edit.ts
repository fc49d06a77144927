// Judging findings, with the way back.
import { api, queryClient } from '@/api/client';
import type { Finding, FindingGroup, FindingPatch } from '@/api/types';

/** Asks everything that shows findings anew. */
export function refreshFindings(): void {
  void queryClient.invalidateQueries({
    predicate: (q) =>
      q.queryKey.some(
        (k) =>
          typeof k === 'string' &&
          (k.startsWith('/api/v1/findings') || k.startsWith('/api/v1/mutes') || k === '/api/v1/overview'),
      ),
  });
}

type Status = NonNullable<FindingPatch['status']>;

async function setMany(ids: string[], set: FindingPatch): Promise<number> {
  let changed = 0;
  for (let i = 0; i < ids.length; i += 500) {
    const { data } = await api.PATCH('/api/v1/findings', { body: { ids: ids.slice(i, i + 500), set } });
    changed += data?.changed ?? 0;
  }
  return changed;
}

/** Sets the status of findings; undo gives each the one it had. */
export async function judge(
  findings: readonly Pick<Finding, 'id' | 'status'>[],
  status: Status,
): Promise<{ changed: number; undo: () => Promise<void> }> {
  const before = new Map<Status, string[]>();
  for (const f of findings) {
    // "Not tested" is nobody's judgement and cannot be set again: such findings are opened.
    const was: Status = f.status === 'not-tested' ? 'open' : f.status;
    before.set(was, [...(before.get(was) ?? []), f.id]);
  }
  const changed = await setMany(
    findings.map((f) => f.id),
    { status },
  );
  refreshFindings();
  const undo = async () => {
    for (const [was, ids] of before) if (was !== status) await setMany(ids, { status: was });
    refreshFindings();
  };
  return { changed, undo };
}

/** At most so many findings of a group are judged at once. */
const maxGroup = 5000;

/** The findings that a group stands for. */
export async function membersOf(group: FindingGroup, query: Record<string, unknown>): Promise<Finding[]> {
  if (group.incident) {
    const { data } = await api.GET('/api/v1/findings/{id}', { params: { path: { id: group.incident } } });
    return data ? [data] : [];
  }
  const out: Finding[] = [];
  for (;;) {
    const { data } = await api.GET('/api/v1/findings', {
      params: {
        query: {
          ...query,
          check: [group.check],
          site: group.site ? [group.site] : undefined,
          top: true,
          limit: 500,
          offset: out.length,
        },
      },
    });
    out.push(...(data?.items ?? []));
    if (!data || data.items.length === 0 || out.length >= data.total || out.length >= maxGroup) return out;
  }
}
