// Keys that work everywhere. Pages add their own with useKeys.
import { useEffect, useRef } from 'react';
import { useNavigate } from 'react-router';
import { places } from './nav';

/** Whether keys belong to what has the focus: text is being typed there. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.tagName === 'TEXTAREA' || target.tagName === 'SELECT') return true;
  return (
    target instanceof HTMLInputElement && !/^(checkbox|radio|button|submit|range|file)$/.test(target.type)
  );
}

/** Whether a dialog is open, which keeps keys to itself. */
function inDialog(): boolean {
  return document.querySelector('[role="dialog"][aria-modal="true"]') !== null;
}

/** Calls the function of a key while no text is typed and no dialog is open. */
export function useKeys(keys: Record<string, (e: KeyboardEvent) => void>): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const hear = (e: KeyboardEvent) => {
      if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || isTyping(e.target) || inDialog())
        return;
      const run = latest.current[e.key];
      if (!run || afterG) return;
      e.preventDefault();
      run(e);
    };
    window.addEventListener('keydown', hear);
    return () => window.removeEventListener('keydown', hear);
  }, []);
}

let afterG = false;

export function useShortcuts({
  openPalette,
  openHelp,
}: {
  openPalette: () => void;
  openHelp: () => void;
}): void {
  const navigate = useNavigate();
  const actions = useRef({ openPalette, openHelp });
  actions.current = { openPalette, openHelp };
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const hear = (e: KeyboardEvent) => {
      if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'k') {
        e.preventDefault();
        actions.current.openPalette();
        return;
      }
      if (e.ctrlKey || e.metaKey || e.altKey || isTyping(e.target) || inDialog()) return;
      if (afterG) {
        afterG = false;
        clearTimeout(timer);
        const place = places.find((p) => p.key === e.key);
        if (place) {
          e.preventDefault();
          e.stopImmediatePropagation();
          void navigate(place.path);
        }
        return;
      }
      if (e.key === 'g') {
        afterG = true;
        timer = setTimeout(() => {
          afterG = false;
        }, 1200);
      } else if (e.key === '?') {
        e.preventDefault();
        actions.current.openHelp();
      } else if (e.key === '/') {
        const field = document.querySelector<HTMLInputElement>('[data-search]');
        e.preventDefault();
        if (field) {
          field.focus();
          field.select();
        } else actions.current.openPalette();
      }
    };
    // In the capture phase, so that the key after "g" does not reach a list.
    window.addEventListener('keydown', hear, true);
    return () => {
      clearTimeout(timer);
      window.removeEventListener('keydown', hear, true);
    };
  }, [navigate]);
}
