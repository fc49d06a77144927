import { describe, expect, it } from 'vitest';
import { cutOf, windows } from '@/pages/device/protect/history';

const now = Date.parse('2026-03-10T12:00:00Z');
const ago = (hours: number) => new Date(now - hours * 3_600_000).toISOString();

describe('the past that a profile is learned from and proved on', () => {
  it.each([
    [0.2, { unit: 'hour', days: 2, learn: 1 }],
    [10, { unit: 'hour', days: 10, learn: 7 }],
    [35, { unit: 'hour', days: 35, learn: 25 }],
    [36, { unit: 'day', days: 2, learn: 1 }],
    [72.1, { unit: 'day', days: 3, learn: 2 }],
    [24 * 90, { unit: 'day', days: 14, learn: 10 }],
  ])('%s hours', (hours, want) => expect(cutOf(ago(hours), now)).toEqual(want));

  it('always leaves something to prove on', () => {
    for (let h = 0; h < 2000; h += 7) {
      const c = cutOf(ago(h), now, 60);
      expect(c.learn).toBeGreaterThan(0);
      expect(c.learn).toBeLessThan(c.days);
    }
  });

  it('offers windows as far as the device was seen', () => {
    expect(windows(ago(5), now)).toEqual([]);
    expect(windows(ago(72), now)).toEqual([3]);
    expect(windows(ago(24 * 20), now)).toEqual([7, 14, 20]);
    expect(windows(undefined, now)).toEqual([]);
  });
});
