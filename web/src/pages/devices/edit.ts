// Setting attributes of devices, with the way back.
import { api, queryClient } from '@/api/client';
import type { DeviceDetail, DevicePatch } from '@/api/types';

/** Asks everything that shows devices anew. */
export function refreshDevices(): void {
  void queryClient.invalidateQueries({
    predicate: (q) =>
      q.queryKey.some(
        (k) => typeof k === 'string' && (k.startsWith('/api/v1/devices') || k === '/api/v1/overview'),
      ),
  });
}

/** What takes a patch back: for each of its attributes what a person had set before, or nothing. */
export function inverse(patch: DevicePatch, before: DeviceDetail['set']): DevicePatch {
  const out: Record<string, unknown> = {};
  for (const name of Object.keys(patch) as (keyof DevicePatch)[]) {
    const was = before[name as keyof typeof before];
    out[name] = was ?? (name === 'trusted' ? false : name === 'tags' ? [] : '');
  }
  return out as DevicePatch;
}

/** At most so many devices are remembered one by one, to be able to undo. */
const maxUndo = 50;

/**
 * Sets attributes of devices. The answer's undo gives each device back what a
 * person had set; it is absent when there were too many.
 */
export async function editDevices(
  ids: string[],
  set: DevicePatch,
): Promise<{ changed: number; undo?: () => Promise<void> }> {
  const before =
    ids.length > maxUndo
      ? undefined
      : await Promise.all(
          ids.map(async (id) => {
            const { data } = await api.GET('/api/v1/devices/{id}', { params: { path: { id } } });
            return { id, set: data?.set ?? {} };
          }),
        );
  let changed = 0;
  for (let i = 0; i < ids.length; i += 500) {
    const { data } = await api.PATCH('/api/v1/devices', { body: { ids: ids.slice(i, i + 500), set } });
    changed += data?.changed ?? 0;
  }
  if (!before) return { changed };
  const undo = async () => {
    for (const d of before)
      await api.PATCH('/api/v1/devices/{id}', { params: { path: { id: d.id } }, body: inverse(set, d.set) });
    refreshDevices();
  };
  return { changed, undo };
}
