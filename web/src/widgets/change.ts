// One way to change something: run it, ask the lists that show it anew, say
// how it went and offer the way back where there is one.
import { useState } from 'react';
import { queryClient } from '@/api/client';
import { i18next } from '@/i18n';
import { say, sayError, sayUndo } from './confirm';

interface Done {
  /** Paths whose queries are asked anew. */
  paths: readonly string[];
  message?: string;
  undo?: () => Promise<unknown>;
}

/** Asks the queries of some paths anew. */
export function refresh(paths: readonly string[]): Promise<void> {
  return queryClient.invalidateQueries({
    predicate: (q) =>
      q.queryKey.some((part) => typeof part === 'string' && paths.some((p) => part.startsWith(p))),
  });
}

/** Gives a function that makes a change, and whether one is under way. It tells whether it went well. */
export function useChange(): [(change: () => Promise<unknown>, done: Done) => Promise<boolean>, boolean] {
  const [busy, setBusy] = useState(false);
  const run = async (change: () => Promise<unknown>, done: Done): Promise<boolean> => {
    setBusy(true);
    try {
      await change();
    } catch (e) {
      sayError(e);
      return false;
    } finally {
      setBusy(false);
    }
    await refresh(done.paths);
    const message = done.message ?? i18next.t('parts:saved');
    const { undo } = done;
    if (undo) sayUndo(message, () => undo().then(() => refresh(done.paths)));
    else say(message);
    return true;
  };
  return [run, busy];
}
