// The state of a page's filters lives in the address, so that every view can
// be linked, reloaded and gone back to. A page declares its fields once.
import { useCallback, useMemo, useRef } from 'react';
import { useSearchParams } from 'react-router';

/** Reads and writes one field. Parse never throws: damaged text gives the default. */
export interface Field<T> {
  initial: T;
  parse(text: string): T;
  format(value: T): string;
}

export function text(initial = ''): Field<string> {
  return { initial, parse: (s) => s.slice(0, 2000), format: (v) => v };
}

export function oneOf<const T extends string>(values: readonly T[], initial: NoInfer<T>): Field<T> {
  return { initial, parse: (s) => values.find((v) => v === s) ?? initial, format: (v) => v };
}

export function flag(initial = false): Field<boolean> {
  return { initial, parse: (s) => s === '1' || s === 'true', format: (v) => (v ? '1' : '0') };
}

export function whole(initial = 0, min = 0, max = Number.MAX_SAFE_INTEGER): Field<number> {
  return {
    initial,
    parse: (s) => {
      const n = Number(s);
      return /^-?\d+$/.test(s) && n >= min && n <= max ? n : initial;
    },
    format: String,
  };
}

const none: string[] = [];

/** A list of words with commas between; commas and backslashes inside of words have a backslash before. */
export function words(initial: string[] = none): Field<string[]> {
  return {
    initial,
    parse: (s) => {
      const out: string[] = [];
      let word = '';
      for (let i = 0; i < s.length && out.length < 100; i++) {
        const c = s.charAt(i);
        if (c === '\\') word += s.charAt(++i);
        else if (c !== ',') word += c;
        else {
          if (word) out.push(word);
          word = '';
        }
      }
      if (word && out.length < 100) out.push(word);
      return out;
    },
    format: (v) => v.map((w) => w.replace(/[\\,]/g, '\\$&')).join(','),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: fields of all types stand side by side
export type Fields = Record<string, Field<any>>;
export type Values<F extends Fields> = { [K in keyof F]: F[K]['initial'] };

export function parseState<F extends Fields>(fields: F, params: URLSearchParams): Values<F> {
  const out: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const value = params.get(name);
    out[name] = value === null ? field.initial : field.parse(value);
  }
  return out as Values<F>;
}

/** Writes a change into a copy of params; a value that is the initial one leaves no trace. */
export function writeState<F extends Fields>(
  fields: F,
  params: URLSearchParams,
  change: Partial<Values<F>>,
): URLSearchParams {
  const out = new URLSearchParams(params);
  for (const [name, value] of Object.entries(change)) {
    const field = fields[name];
    if (!field || value === undefined) continue;
    const written = field.format(value);
    if (written === field.format(field.initial)) out.delete(name);
    else out.set(name, written);
  }
  return out;
}

/**
 * Gives the values of fields in the address and a function that changes some.
 * A change replaces the entry in the history unless push is set. Fields must
 * be a constant outside of the component.
 */
export function useUrlState<F extends Fields>(
  fields: F,
): [Values<F>, (change: Partial<Values<F>>, push?: boolean) => void] {
  const [params, setParams] = useSearchParams();
  const latest = useRef(params);
  latest.current = params;
  const values = useMemo(() => parseState(fields, params), [fields, params]);
  const change = useCallback(
    (c: Partial<Values<F>>, push = false) => {
      latest.current = writeState(fields, latest.current, c);
      setParams(latest.current, { replace: !push, preventScrollReset: true });
    },
    [fields, setParams],
  );
  return [values, change];
}
