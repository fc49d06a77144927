import { useEffect, useRef } from 'react';

/** For a row of links or tabs that scrolls on narrow screens: keeps the current one in view. */
export function useStrip<T extends HTMLElement>(current: string) {
  const strip = useRef<T>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another one is current
  useEffect(() => {
    const row = strip.current;
    const here = row?.querySelector<HTMLElement>('[aria-current="page"], [aria-selected="true"]');
    if (row && here) row.scrollLeft = here.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
  }, [current]);
  return strip;
}
