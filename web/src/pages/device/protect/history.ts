import { parseTime } from '@/lib/format';

const hourMs = 3_600_000;

/** What a device's past is cut into, how many of them there are, and how many to learn from at first. */
export interface Cut {
  unit: 'day' | 'hour';
  days: number;
  learn: number;
}

/**
 * Days where the device was seen for two of them or more, else hours: a
 * profile can be tried on the same morning, and the screen says so.
 */
export function cutOf(firstSeen: string | null | undefined, now: number, most = 14): Cut {
  const hours = Math.max(0, now - (parseTime(firstSeen) ?? now)) / hourMs;
  const unit = hours < 36 ? 'hour' : 'day';
  const seen = unit === 'hour' ? Math.ceil(hours) : Math.round(hours / 24);
  const days = Math.min(Math.max(seen, 2), unit === 'hour' ? 36 : most);
  return { unit, days, learn: Math.min(days - 1, Math.max(1, Math.round(days * 0.7))) };
}

/** Which windows are offered for a history: those that reach further than the one before. */
export function windows(firstSeen: string | null | undefined, now: number): number[] {
  const { unit } = cutOf(firstSeen, now);
  if (unit === 'hour') return [];
  const seen = cutOf(firstSeen, now, 60).days;
  return [...new Set([7, 14, 30, 60].map((d) => Math.min(d, seen)))];
}
