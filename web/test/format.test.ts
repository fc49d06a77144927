import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatAgo,
  formatBytes,
  formatCount,
  formatDuration,
  formatShare,
  formatTime,
  parseTime,
} from '@/lib/format';

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [1536, '1.54 kB'],
    [999_499, '999 kB'],
    [999_999, '1 MB'],
    [123_456_789, '123 MB'],
    [-2048, '-2.05 kB'],
    [9e18, '9 EB'],
  ])('%d is %s', (n, want) => expect(formatBytes(n, 'en')).toBe(want));
  it('never needs more than seven characters for the number and unit', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e20, noNaN: true }), (n) => formatBytes(n, 'en').length <= 8),
    );
  });
});

describe('times', () => {
  it('gives nothing for what is no time', () => {
    for (const s of [undefined, null, '', 'tomorrow', '1970-01-01T00:00:00Z'])
      expect(parseTime(s)).toBeUndefined();
  });
  it('says when it is UTC', () => {
    const ms = Date.UTC(2026, 0, 31, 23, 5, 6, 789);
    expect(formatTime(ms, { language: 'en', utc: true })).toBe('Jan 31, 2026, 23:05 UTC');
    expect(formatTime(ms, { language: 'en', utc: true, precise: true })).toContain('23:05:06.789');
  });
  it.each([
    [30, '30 sec. ago'],
    [3 * 60, '3 min. ago'],
    [5 * 3600, '5 hr. ago'],
    [86400 * 2, '2 days ago'],
    [86400 * 800, '2 yr. ago'],
  ])('%d seconds are %s', (s, want) => expect(formatAgo(1e12 - s * 1000, 1e12, 'en')).toBe(want));
  it('names the two largest units of a duration', () => {
    expect(formatDuration(93_784_000)).toBe('1 d 2 h');
    expect(formatDuration(3_600_000)).toBe('1 h');
    expect(formatDuration(250)).toBe('250 ms');
    expect(formatDuration(-61_000)).toBe('-1 min 1 s');
  });
});

it('writes a dash for what is unknown', () => {
  for (const f of [formatBytes, formatCount, formatShare]) expect(f(undefined, 'en')).toBe('–');
  expect(formatCount(Number.NaN, 'en')).toBe('–');
});

it('keeps a digit of small shares', () => {
  expect(formatShare(0.0021, 'en')).toBe('0.2%');
  expect(formatShare(0.5, 'de')).toMatch(/^50\s%$/);
});
