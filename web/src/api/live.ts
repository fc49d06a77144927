// Live updates by server-sent events. One connection serves the whole console;
// what arrives marks queries as stale, at most once in a while per query, so
// that a busy network does not become a storm of requests.
import { useEffect, useSyncExternalStore } from 'react';
import { queryClient } from './client';

export type LiveState = 'connecting' | 'live' | 'away';
type LiveEvent = { type: string; data: unknown };

type Listener = (e: LiveEvent) => void;

const listeners = new Map<string, Set<Listener>>();
const stateListeners = new Set<() => void>();
let state: LiveState = 'connecting';
let source: EventSource | undefined;
let retry: ReturnType<typeof setTimeout> | undefined;
let attempts = 0;

function setState(next: LiveState): void {
  if (state === next) return;
  state = next;
  for (const l of stateListeners) l();
}

function hear(type: string, raw: string): void {
  let data: unknown;
  try {
    data = JSON.parse(raw);
  } catch {
    return;
  }
  for (const l of listeners.get(type) ?? []) l({ type, data });
}

/** After so long without a connection what was missed may not be told any more. */
const longAway = 10_000;
let lostAt = 0;

function connect(url: string, types: readonly string[]): void {
  source = new EventSource(url);
  source.onopen = () => {
    if (lostAt > 0 && Date.now() - lostAt > longAway)
      void queryClient.invalidateQueries({ refetchType: 'active' });
    attempts = 0;
    lostAt = 0;
    setState('live');
  };
  for (const type of types)
    source.addEventListener(type, (e) => hear(type, (e as MessageEvent<string>).data));
  source.onerror = () => {
    lostAt ||= Date.now();
    setState(Date.now() - lostAt > longAway ? 'away' : 'connecting');
    // The browser tries again by itself, and says what it heard last, unless the hub refused.
    if (source?.readyState !== EventSource.CLOSED) return;
    setState('away');
    attempts++;
    retry = setTimeout(() => connect(url, types), backoff(attempts, Math.random()));
  };
}

/** How long to wait before the next attempt, in milliseconds: 1 s doubling to 30 s, with jitter. */
export function backoff(attempt: number, random: number): number {
  return Math.min(30_000, 1000 * 2 ** Math.min(attempt - 1, 5)) * (0.75 + random / 2);
}

/** Opens the connection; the shell calls it once somebody is logged in. */
export function startLive(url: string, types: readonly string[]): () => void {
  connect(url, types);
  return () => {
    clearTimeout(retry);
    source?.close();
    source = undefined;
    attempts = 0;
    lostAt = 0;
    setState('connecting');
  };
}

export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (l) => {
      stateListeners.add(l);
      return () => stateListeners.delete(l);
    },
    () => state,
  );
}

/** Calls back for every event of a type while the component is there. */
export function useLiveEvent(type: string, listener: Listener): void {
  useEffect(() => {
    const set = listeners.get(type) ?? new Set();
    listeners.set(type, set);
    set.add(listener);
    return () => {
      set.delete(listener);
    };
  }, [type, listener]);
}

/** Runs at once, then at most once per interval, with a last run after the last call. */
export function throttle(run: () => void, interval: number): { call: () => void; cancel: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let again = false;
  const fire = () => {
    again = false;
    run();
    timer = setTimeout(() => {
      timer = undefined;
      if (again) fire();
    }, interval);
  };
  return {
    call: () => {
      if (timer === undefined) fire();
      else again = true;
    },
    cancel: () => {
      clearTimeout(timer);
      timer = undefined;
      again = false;
    },
  };
}

/**
 * Asks the queries of some paths anew when events of a type arrive, at most
 * every interval milliseconds, and only while the page is visible.
 */
export function useLiveRefresh(type: string, paths: readonly string[], interval = 5000): void {
  const joined = paths.join('\n');
  useEffect(() => {
    const wanted = new Set(joined.split('\n'));
    const refresh = throttle(() => {
      if (document.visibilityState === 'hidden') return;
      void queryClient.invalidateQueries({
        predicate: (q) => q.queryKey.some((part) => typeof part === 'string' && wanted.has(part)),
        refetchType: 'active',
      });
    }, interval);
    const set = listeners.get(type) ?? new Set();
    listeners.set(type, set);
    set.add(refresh.call);
    return () => {
      set.delete(refresh.call);
      refresh.cancel();
    };
  }, [type, joined, interval]);
}

/** Where the hub sends events, and those the console listens to. */
export const liveUrl = '/api/v1/stream';
export const liveTypes = ['device', 'finding', 'sensor', 'capture', 'stats'] as const;
