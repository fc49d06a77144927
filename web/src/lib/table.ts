// What tables compute.

/** grid-template-columns of a row, with a first column for checkboxes when rows can be chosen. */
export function columnTemplate(widths: readonly string[], selectable: boolean): string {
  return [...(selectable ? ['34px'] : []), ...widths].join(' ');
}

/** Below how many pixels a table scrolls sideways: what its columns take at the least, and the rows' padding. */
export function tableWidth(widths: readonly string[], selectable: boolean): number {
  const least = (w: string) => Number(/(\d+)px/.exec(w)?.[1] ?? 0);
  return widths.reduce((sum, w) => sum + least(w), selectable ? 34 : 0) + 16;
}

/** What a click on a header sorts by: first one way, then the other. */
export function nextSort(current: string | undefined, by: string, descending = false): string {
  const start = descending ? `-${by}` : by;
  const other = descending ? by : `-${by}`;
  return current === start ? other : start;
}

/** All indexes from one to another, both included; only the second when there is no first. */
export function rangeBetween(from: number, to: number): number[] {
  if (from < 0) return [to];
  const low = Math.min(from, to);
  return Array.from({ length: Math.abs(from - to) + 1 }, (_, i) => low + i);
}

/** The first rows of the pages that hold rows first to last. */
export function pagesOf(first: number, last: number, size: number, total: number): number[] {
  const pages: number[] = [];
  const end = Math.min(last, Math.max(0, total - 1));
  for (let p = Math.floor(Math.max(0, first) / size); p * size <= end; p++) pages.push(p * size);
  return pages.length > 0 ? pages : [0];
}
