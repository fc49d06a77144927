// The fields of the findings' address and what they mean to the API.
import { bounds, range } from '@/lib/range';
import { oneOf, text, words } from '@/lib/url';
import { severities } from '@/widgets/badges';

export const views = ['groups', 'list', 'mutes'] as const;
export const kinds = ['exposure', 'detection', 'vulnerability', 'compliance'] as const;
const stati = ['open', 'acknowledged', 'resolved', 'not-tested'] as const;
export const sorts = [
  'last_seen',
  'first_seen',
  'severity',
  'count',
  '-last_seen',
  '-first_seen',
  '-severity',
  '-count',
] as const;

export const fields = {
  view: oneOf(views, 'groups'),
  q: text(),
  status: words(['open']),
  severity: oneOf(['', ...severities], ''),
  kind: words(),
  check: words(),
  type: words(),
  site: words(),
  device: text(),
  peer: text(),
  sensor: text(),
  incident: text(),
  muted: oneOf(['false', 'true', 'both'], 'false'),
  t: range(),
  sort: oneOf(sorts, '-severity'),
};

export const cleared = {
  q: '',
  status: ['open'],
  severity: '' as const,
  kind: [],
  check: [],
  type: [],
  site: [],
  device: '',
  peer: '',
  sensor: '',
  incident: '',
  muted: 'false' as const,
  t: '',
};

type Filter = { [K in keyof typeof fields]: (typeof fields)[K]['initial'] };

/** Whether a filter differs from what a visitor sees first. */
export function isFiltered(filter: Filter): boolean {
  return Object.entries(cleared).some(([k, v]) => String(filter[k as keyof typeof cleared]) !== String(v));
}

/** The request of a filter. Members of incidents are left out unless one check or device is asked for. */
export function queryOf(filter: Filter) {
  const narrow = filter.check.length > 0 || filter.device || filter.incident || filter.q;
  return {
    q: filter.q || undefined,
    status: stati.filter((s) => filter.status.includes(s)),
    severity: filter.severity || undefined,
    kind: kinds.filter((k) => filter.kind.includes(k)),
    check: filter.check,
    type: filter.type,
    site: filter.site,
    device: filter.device || undefined,
    peer: filter.peer || undefined,
    sensor: filter.sensor || undefined,
    incident: filter.incident || undefined,
    muted: filter.muted === 'both' ? undefined : filter.muted,
    top: filter.view === 'list' && !narrow ? true : undefined,
    sort: filter.sort,
    ...bounds(filter.t),
  };
}
