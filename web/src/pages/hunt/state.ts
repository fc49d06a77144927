import type { components } from '@/api/schema';
import { bounds, range } from '@/lib/range';
import { flag, text, words } from '@/lib/url';

export type Event = components['schemas']['Event'];

const initialColumns = ['time', 'kind', 'src', 'dst', 'name', 'verb', 'path', 'status'];

/** All that the page shows stands in the address. */
export const fields = {
  q: text(),
  range: range(),
  device: text(),
  sensor: words(),
  cols: words(initialColumns),
  event: text(),
  top: text(),
  live: flag(),
};

/** What the hub is asked with. */
export interface Question {
  q?: string;
  from?: string;
  to?: string;
  device?: string;
  sensor?: string[];
}

export function question(s: { q: string; range: string; device: string; sensor: string[] }): Question {
  return {
    q: s.q || undefined,
    ...bounds(s.range),
    device: s.device || undefined,
    sensor: s.sensor.length > 0 ? s.sensor : undefined,
  };
}
