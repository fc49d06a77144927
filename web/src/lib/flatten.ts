/** The fields of a fact, as paths with dots; lists of plain values stay together. */
export function flatten(value: unknown, path = '', out: [string, string][] = []): [string, string][] {
  if (out.length >= 400) return out;
  if (Array.isArray(value)) {
    if (value.every((v) => v === null || typeof v !== 'object')) {
      for (const v of value.slice(0, 50)) out.push([path, String(v)]);
    } else for (const v of value.slice(0, 50)) flatten(v, path, out);
  } else if (value !== null && typeof value === 'object') {
    for (const [k, v] of Object.entries(value)) flatten(v, path ? `${path}.${k}` : k, out);
  } else if (value !== undefined && value !== null && value !== '') out.push([path, String(value)]);
  return out;
}
