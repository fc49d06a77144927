/** What a sensor's counters of loss count, in the order in which they matter. */
const counters = [
  'kernel_drops',
  'bad_records',
  'truncated',
  'snapped',
  'undecoded',
  'fragments_lost',
  'flows_evicted',
  'streams_without_memory',
  'gaps',
  'gap_bytes',
  'one_sided',
  'midstream',
  'duplicates',
  'parser_errors',
  'parsers_given_up',
  'flows_aggregated',
  'hosts_forgotten',
  'findings_over_limit',
  'bad_times',
  'bad_lines',
] as const;

/** The counters that say that a sensor is too weak for its traffic or its mirror is wrong. */
const grave = new Set([
  'kernel_drops',
  'bad_records',
  'streams_without_memory',
  'flows_evicted',
  'one_sided',
  'parsers_given_up',
]);

export interface Loss {
  name: string;
  count: number;
  /** The texts explain it; the hub may know counters that this console does not. */
  known: boolean;
  grave: boolean;
}

/** The counters that are not zero, the grave ones first. */
export function losses(loss: Record<string, number> | undefined): Loss[] {
  const order = (name: string) => {
    const at = (counters as readonly string[]).indexOf(name);
    return at < 0 ? counters.length : at;
  };
  return Object.entries(loss ?? {})
    .filter(([, count]) => count > 0)
    .map(([name, count]) => ({ name, count, known: order(name) < counters.length, grave: grave.has(name) }))
    .sort((a, b) => Number(b.grave) - Number(a.grave) || order(a.name) - order(b.name));
}

/** What a sensor had waiting at a time, in milliseconds. */
export interface Mark {
  at: number;
  backlog: number;
}

/**
 * How fast a backlog drains, in batches a second, and how long it will take, in
 * seconds; undefined while that cannot be said: too little time, or it grows.
 */
export function drain(marks: readonly Mark[]): { rate: number; left: number } | undefined {
  const first = marks[0];
  const last = marks.at(-1);
  if (!first || !last || last.at - first.at < 3000) return undefined;
  const rate = ((first.backlog - last.backlog) * 1000) / (last.at - first.at);
  return rate > 0 ? { rate, left: last.backlog / rate } : undefined;
}

/** Adds a mark and forgets those older than a minute. */
export function mark(marks: readonly Mark[], next: Mark): Mark[] {
  return [...marks.filter((m) => next.at - m.at <= 60_000 && m.at < next.at), next];
}
