// Every text that the console asks for is there in every language, and every
// language has the same texts.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../src');
const languages = ['en', 'de'];
const plural = /_(zero|one|two|few|many|other)$/;

function flatten(value: unknown, prefix = ''): Map<string, string> {
  const out = new Map<string, string>();
  for (const [k, v] of Object.entries(value as Record<string, unknown>)) {
    if (typeof v === 'string') out.set(prefix + k, v);
    else for (const [kk, vv] of flatten(v, `${prefix}${k}.`)) out.set(kk, vv);
  }
  return out;
}

function load(language: string): Map<string, Map<string, string>> {
  const dir = join(root, 'i18n', language);
  return new Map(
    readdirSync(dir)
      .filter((f) => f.endsWith('.json'))
      .map((f) => [f.slice(0, -5), flatten(JSON.parse(readFileSync(join(dir, f), 'utf8')))]),
  );
}

const texts = new Map(languages.map((l) => [l, load(l)]));
const english = texts.get('en') ?? new Map<string, Map<string, string>>();

const variables = (s: string): string[] => [...s.matchAll(/\{\{\s*(\w+)/g)].map((m) => m[1] ?? '').sort();

describe.each(languages.filter((l) => l !== 'en'))('%s', (language) => {
  const other = texts.get(language) ?? new Map();
  it('has the same files', () => expect([...other.keys()].sort()).toEqual([...english.keys()].sort()));
  it.each([...english.keys()])('has the same keys and variables in %s', (namespace) => {
    const a = english.get(namespace) ?? new Map<string, string>();
    const b: Map<string, string> = other.get(namespace) ?? new Map();
    expect([...b.keys()].sort()).toEqual([...a.keys()].sort());
    for (const [key, value] of a) {
      const theirs = b.get(key) ?? '';
      expect(theirs, `${namespace}:${key} is empty`).not.toBe('');
      // Singular forms may say the number in words.
      if (!key.endsWith('_one')) expect(variables(theirs), `${namespace}:${key}`).toEqual(variables(value));
    }
  });
});

function sources(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((e) => e.isFile() && /\.tsx?$/.test(e.name) && !e.name.endsWith('.d.ts'))
    .map((e) => join(e.parentPath, e.name));
}

/** Whether a key, or for a template the part before its first variable, names a text. */
function exists(namespace: string, key: string, whole: boolean): boolean {
  const keys = [...(english.get(namespace)?.keys() ?? [])];
  if (whole) return keys.some((k) => k === key || k.replace(plural, '') === key);
  return keys.some((k) => k.startsWith(key));
}

it.each(sources(root).map((f) => [f.slice(root.length + 1), f]))(
  '%s asks for texts that exist',
  (_, file) => {
    const code = readFileSync(file, 'utf8');
    const missing: string[] = [];
    // Where a file uses several namespaces, a key may be in the first of any of its hooks.
    const own = new Set<string>();
    for (const m of code.matchAll(/useTranslation\(\s*(?:\[\s*)?(?:'([\w-]+)')?/g)) own.add(m[1] ?? 'common');
    if (own.size === 0) own.add('common');
    for (const m of code.matchAll(/(?<![\w.])(?:i18next\.)?t\(\s*(?:'([^']+)'|`([^`]*)`)/g)) {
      const raw = m[1] ?? m[2] ?? '';
      const cut = raw.indexOf('${');
      const key = cut < 0 ? raw : raw.slice(0, cut);
      const colon = key.indexOf(':');
      const namespaces = colon > 0 ? [key.slice(0, colon)] : [...own];
      const name = key.slice(colon + 1);
      if (cut === 0) continue; // nothing is known of it here
      const found = namespaces.some((ns) => exists(ns, name, cut < 0));
      // A component that is given t by its caller uses the caller's namespaces.
      const given =
        !code.includes('useTranslation') && [...english.keys()].some((ns) => exists(ns, name, cut < 0));
      if (!found && !given) missing.push(raw);
    }
    expect(missing).toEqual([]);
  },
);
