// The hub's links name a screen and its filter; here they become addresses.
import type { Link } from '@/api/types';

const screens: Record<string, string> = {
  overview: '/',
  finding: '/findings',
  device: '/devices',
};

/** The address of a link. Lists in the filter are words with commas, as in the address. */
export function hrefOf(link: Link | undefined): string {
  if (!link?.screen) return '/';
  let path = screens[link.screen] ?? `/${link.screen}`;
  if (link.id) path += `/${encodeURIComponent(link.id)}`;
  const params = new URLSearchParams(link.filter ?? {}).toString();
  return params ? `${path}?${params}` : path;
}

/** Where a group of findings leads: an incident's own page, else the findings of the check. */
export function groupHref(g: {
  incident: string | null;
  check: string;
  site: string;
  findings: number;
  sample: string[];
}): string {
  const only = g.findings === 1 ? g.sample[0] : undefined;
  if (g.incident ?? only) return `/findings/${encodeURIComponent(g.incident ?? only ?? '')}`;
  const params = new URLSearchParams({ view: 'list', check: g.check });
  if (g.site) params.set('site', g.site);
  return `/findings?${params}`;
}

/** Where to go after a login: a path of this console only, so that no link leads elsewhere. */
export function safeNext(next: string | null): string {
  if (!next?.startsWith('/') || next.startsWith('//') || next.includes('\\')) return '/';
  if (next.startsWith('/login') || next.startsWith('/setup') || next.startsWith('/api/')) return '/';
  return next;
}
