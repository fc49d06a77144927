// A span of time in the address: a word such as "24h" back from now, or two
// times. An empty one is everything.
import { type Field, text } from './url';

export const presets = ['15m', '1h', '24h', '7d', '30d', ''] as const;

const unitMs: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The field for useUrlState: "24h", "", or "FROM~TO" in RFC 3339. */
export function range(initial = ''): Field<string> {
  const field = text(initial);
  return {
    ...field,
    parse: (s) => (s === 'all' || parseRange(s, 0) ? s : initial),
    format: (v) => v || (initial ? 'all' : ''),
  };
}

/**
 * The bounds of a range; undefined when it is no range or has none. Words are
 * counted back from the full minute, so that the same question stays the same.
 */
export function parseRange(s: string, now: number): { from?: string; to?: string } | undefined {
  const word = /^(\d{1,4})([mhd])$/.exec(s);
  if (word) {
    const minute = Math.ceil(now / 60_000) * 60_000;
    return { from: new Date(minute - Number(word[1]) * (unitMs[word[2] ?? ''] ?? 0)).toISOString() };
  }
  const [from, to, more] = s.split('~');
  if (to === undefined || more !== undefined) return undefined;
  const a = Date.parse(from ?? '');
  const b = Date.parse(to);
  if (Number.isNaN(a) && Number.isNaN(b)) return undefined;
  return {
    from: Number.isNaN(a) ? undefined : new Date(a).toISOString(),
    to: Number.isNaN(b) ? undefined : new Date(b).toISOString(),
  };
}

/** The bounds for a request. */
export function bounds(s: string, now = Date.now()): { from?: string; to?: string } {
  return parseRange(s, now) ?? {};
}

/** Writes two times as a range. */
export function between(from: string | undefined, to: string | undefined): string {
  return from || to ? `${from ?? ''}~${to ?? ''}` : '';
}

/** The text of a datetime-local input for a time, and back. */
export function toInput(ms: number, utc: boolean): string {
  const shifted = utc ? ms : ms - new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(shifted).toISOString().slice(0, 16);
}

export function fromInput(s: string, utc: boolean): string | undefined {
  const ms = Date.parse(utc ? `${s}Z` : s);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
