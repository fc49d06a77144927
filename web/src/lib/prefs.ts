// What a person chose for this browser: clock, scheme. Small enough that a
// store library would be larger than its use.
import { useSyncExternalStore } from 'react';

export interface Prefs {
  /** Times are shown in UTC instead of the browser's zone. */
  utc: boolean;
  /** The navigation shows icons only. */
  narrow: boolean;
}

const key = 'edgeward.prefs';
const listeners = new Set<() => void>();
let current: Prefs = read();

function read(): Prefs {
  const prefs: Prefs = { utc: false, narrow: false };
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(key) ?? '{}');
    if (stored && typeof stored === 'object') {
      const s = stored as Partial<Prefs>;
      prefs.utc = s.utc === true;
      prefs.narrow = s.narrow === true;
    }
  } catch {
    // Missing or damaged: the defaults are right.
  }
  return prefs;
}

export function setPrefs(change: Partial<Prefs>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(key, JSON.stringify(current));
  } catch {
    // It lasts until the page is closed then.
  }
  for (const l of listeners) l();
}

function subscribe(l: () => void): () => void {
  listeners.add(l);
  return () => listeners.delete(l);
}

export function usePrefs(): Prefs {
  return useSyncExternalStore(subscribe, () => current);
}

/** Remembers a small value, such as a table's columns, under a name. */
export function remember(name: string, value: unknown): void {
  try {
    localStorage.setItem(`edgeward.${name}`, JSON.stringify(value));
  } catch {
    // Storage is full or forbidden: nothing depends on it.
  }
}

/** Gives what remember kept, or undefined. */
export function recall(name: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(`edgeward.${name}`) ?? 'null') ?? undefined;
  } catch {
    return undefined;
  }
}
