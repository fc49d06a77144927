import { expect, it } from 'vitest';
import { shade, value } from '@/pages/zones/shade';

it('shades by orders of magnitude and never hides what is there', () => {
  expect([0, 1, 1000, 1_000_000, 1e9].map((n) => shade(n, 1e9))).toEqual([0, 1, 2, 3, 5]);
  expect(shade(1, 1)).toBe(5);
});

it('measures by what was chosen', () => {
  const c = { bytes_out: 1, bytes_in: 2, flows: 4, pairs: 8 };
  expect([value(c, 'bytes'), value(c, 'flows'), value(c, 'pairs')]).toEqual([3, 4, 8]);
});
