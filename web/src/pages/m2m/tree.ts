/** What a broker or CoAP server holds, as the API gives it. */
export interface Entry {
  name: string;
  client?: string;
  messages: number;
  bytes: number;
  retained?: boolean;
  first: string;
  last: string;
}

/** One level of a name. A branch sums what is below it. */
export interface Branch {
  /** The levels down to here, joined by the separator: unique in its tree. */
  path: string;
  /** The last level, as the network sent it: hostile. */
  level: string;
  depth: number;
  messages: number;
  bytes: number;
  retained: number;
  /** Names that end here or below. */
  leaves: number;
  last: string;
  /** The entry that ends exactly here. */
  entry?: Entry;
  children: Map<string, Branch>;
}

/** Levels deeper than this stay together in one: a name is at most 64 KiB of slashes. */
const deepest = 24;

function branch(path: string, level: string, depth: number): Branch {
  return { path, level, depth, messages: 0, bytes: 0, retained: 0, leaves: 0, last: '', children: new Map() };
}

/** Splits names at "/" into a tree. An empty level is a level (MQTT 3.1.1, section 4.7.1.1). */
export function grow(entries: readonly Entry[]): Branch {
  const root = branch('', '', -1);
  for (const entry of entries) {
    const levels = split(entry.name);
    let at = root;
    count(at, entry);
    levels.forEach((level, depth) => {
      let next = at.children.get(level);
      if (!next) {
        next = branch(levels.slice(0, depth + 1).join('/'), level, depth);
        at.children.set(level, next);
      }
      count(next, entry);
      at = next;
    });
    at.entry = entry;
  }
  return root;
}

function split(name: string): string[] {
  const levels = name.split('/');
  return levels.length <= deepest
    ? levels
    : [...levels.slice(0, deepest - 1), levels.slice(deepest - 1).join('/')];
}

function count(b: Branch, entry: Entry) {
  b.messages += entry.messages;
  b.bytes += entry.bytes;
  b.retained += entry.retained ? 1 : 0;
  b.leaves++;
  if (entry.last > b.last) b.last = entry.last;
}

/** The rows that show, in order, when the given paths are open. */
export function rows(root: Branch, open: ReadonlySet<string>): Branch[] {
  const out: Branch[] = [];
  const walk = (b: Branch) => {
    for (const child of sorted(b)) {
      out.push(child);
      if (child.children.size > 0 && open.has(child.path)) walk(child);
    }
  };
  walk(root);
  return out;
}

function sorted(b: Branch): Branch[] {
  return [...b.children.values()].sort((x, y) => y.messages - x.messages || (x.level < y.level ? -1 : 1));
}

/** The paths to open so that at most about `limit` rows show at first. */
export function opened(root: Branch, limit: number): Set<string> {
  const open = new Set<string>();
  let shown = root.children.size;
  let level = [...root.children.values()];
  while (level.length > 0) {
    const next: Branch[] = [];
    for (const b of level) {
      if (b.children.size === 0 || shown + b.children.size > limit) continue;
      open.add(b.path);
      shown += b.children.size;
      next.push(...b.children.values());
    }
    level = next;
  }
  return open;
}

/** Whether a subscription's filter reaches beyond one topic. */
export function wild(filter: string): 'all' | 'many' | 'one' | undefined {
  if (filter === '#' || filter === '+/#' || filter === '$SYS/#') return 'all';
  if (filter.endsWith('/#')) return 'many';
  return filter.split('/').includes('+') ? 'one' : undefined;
}

/** Whether a filter matches a topic (MQTT 3.1.1, section 4.7). */
export function matches(filter: string, topic: string): boolean {
  if (filter.startsWith('$share/')) filter = filter.split('/').slice(2).join('/');
  const want = filter.split('/');
  const have = topic.split('/');
  if (topic.startsWith('$') && (want[0] === '#' || want[0] === '+')) return false;
  for (let i = 0; i < want.length; i++) {
    if (want[i] === '#') return true;
    if (i >= have.length || (want[i] !== '+' && want[i] !== have[i])) return false;
  }
  return want.length === have.length;
}
