// What a mute is about, made of the findings it begins with.
import type { Finding, Selector } from '@/api/types';

export const parts = ['checks', 'devices', 'peers'] as const;
export type Part = (typeof parts)[number];

/** The values that findings offer for each part of a selector, without doubles. */
export function offers(findings: readonly Finding[]): Record<Part, string[]> {
  return {
    checks: [...new Set(findings.map((f) => f.check))].slice(0, 100),
    devices: [...new Set(findings.flatMap((f) => (f.device ? [f.device] : [])))].slice(0, 500),
    peers: [...new Set(findings.flatMap((f) => f.peers))].slice(0, 100),
  };
}

/** The selector of the chosen parts; empty ones are left out, since an empty list means everything. */
export function selectorOf(offered: Record<Part, string[]>, chosen: ReadonlySet<Part>): Selector {
  const out: Selector = {};
  for (const part of parts) if (chosen.has(part) && offered[part].length > 0) out[part] = offered[part];
  return out;
}

/** Whether a selector would match every finding there is. */
export function selectsAll(s: Selector): boolean {
  return parts.every((p) => !s[p]?.length);
}
