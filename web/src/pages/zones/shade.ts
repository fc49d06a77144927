/** What a cell is measured by. */
export function value(
  c: { bytes_out: number; bytes_in: number; flows: number; pairs: number },
  by: 'bytes' | 'flows' | 'pairs',
): number {
  return by === 'bytes' ? c.bytes_out + c.bytes_in : c[by];
}

/** How dark a cell is, 0 to 5: by orders of magnitude, since traffic spans many. */
export function shade(n: number, most: number): number {
  if (n <= 0) return 0;
  return Math.min(5, Math.max(1, Math.round((5 * Math.log1p(n)) / Math.log1p(Math.max(most, 1)))));
}
