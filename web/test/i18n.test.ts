// Every text that the console asks for is there in every language, none is
// there that nobody asks for, and no text for people stands in the code. The
// code is read with TypeScript's own checker, so that a key that is put
// together of words counts as each of the keys that it can become.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { describe, expect, it, vi } from 'vitest';

// The first question to the checker reads the whole program.
vi.setConfig({ testTimeout: 60_000 });

const root = join(import.meta.dirname, '..');
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
  const dir = join(root, 'src/i18n', language);
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

const config = ts.parseJsonConfigFileContent(
  ts.readConfigFile(join(root, 'tsconfig.build.json'), ts.sys.readFile).config,
  ts.sys,
  root,
);
const program = ts.createProgram(config.fileNames, config.options);
const checker = program.getTypeChecker();
const sources = program
  .getSourceFiles()
  .filter((f) => !f.isDeclarationFile && f.fileName.includes('/web/src/'))
  .map((f) => [relative(join(root, 'src'), f.fileName), f] as const);

/** What an expression can be: its texts, with * for a part that only the running console knows. */
function values(e: ts.Expression): string[] {
  if (ts.isStringLiteralLike(e)) return [e.text];
  if (ts.isParenthesizedExpression(e) || ts.isAsExpression(e)) return values(e.expression);
  if (ts.isConditionalExpression(e)) return [...values(e.whenTrue), ...values(e.whenFalse)];
  if (ts.isTemplateExpression(e)) {
    let out = [e.head.text];
    for (const span of e.templateSpans) {
      const parts = values(span.expression);
      out = out.flatMap((a) => parts.map((b) => a + b + span.literal.text));
    }
    return out;
  }
  const type = checker.getTypeAtLocation(e);
  const kinds = type.isUnion() ? type.types : [type];
  return kinds.every((k) => k.isStringLiteral()) ? kinds.map((k) => k.value) : ['*'];
}

/** The namespaces of which a file's hooks ask; keys without one are in the first of any of them. */
function namespaces(file: ts.SourceFile): Set<string> {
  const own = new Set<string>();
  const visit = (n: ts.Node): void => {
    if (ts.isCallExpression(n) && n.expression.getText(file) === 'useTranslation') {
      const [given] = n.arguments;
      const first = given && ts.isArrayLiteralExpression(given) ? given.elements[0] : given;
      own.add(first ? (values(first)[0] ?? 'common') : 'common');
    }
    ts.forEachChild(n, visit);
  };
  visit(file);
  // Who is given t by its caller uses the caller's.
  return own.size > 0 ? own : new Set(english.keys());
}

function calls(file: ts.SourceFile): ts.Expression[] {
  const out: ts.Expression[] = [];
  const visit = (n: ts.Node): void => {
    if (ts.isCallExpression(n) && n.arguments[0] && /^(i18next\.)?t$/.test(n.expression.getText(file)))
      out.push(n.arguments[0]);
    ts.forEachChild(n, visit);
  };
  visit(file);
  return out;
}

/** The texts that a key names: all of its plural forms, or with * all that it can become. */
function named(key: string, own: Iterable<string>): string[] {
  const colon = key.indexOf(':');
  const name = key.slice(colon + 1);
  const pattern = new RegExp(`^${name.replace(/[.+?^$()[\]{}|\\]/g, '\\$&').replaceAll('*', '.+')}$`);
  return (colon > 0 ? [key.slice(0, colon)] : [...own]).flatMap((namespace) =>
    [...(english.get(namespace)?.keys() ?? [])]
      .filter((k) => pattern.test(k) || pattern.test(k.replace(plural, '')))
      .map((k) => `${namespace}:${k}`),
  );
}

it.each(sources)('%s asks for texts that exist', (_, file) => {
  const own = namespaces(file);
  const missing = calls(file)
    .flatMap(values)
    .filter((key) => key !== '*' && named(key, own).length === 0);
  expect(missing).toEqual([]);
});

it('has no text that nobody asks for', () => {
  const asked = new Set<string>();
  for (const [, file] of sources) {
    const own = namespaces(file);
    for (const key of calls(file).flatMap(values)) {
      if (key !== '*') for (const name of named(key, own)) asked.add(name);
    }
  }
  const all = [...english].flatMap(([namespace, keys]) => [...keys.keys()].map((k) => `${namespace}:${k}`));
  expect(all.filter((k) => !asked.has(k))).toEqual([]);
});

/** Attributes whose value people read or hear. */
const spoken = /^(aria-label|aria-description|alt|title|label|description|placeholder|hint|header|subtitle)$/;

/** What is the same in every language: names, addresses as examples, and Cytoscape's way to name a label. */
const names =
  /\b(Edgeward|Ctrl K|UTC|pcap|CSV|JSON|RFC 5424|CEF|VLAN|groups)\b|data\(label\)|\S+[@.]example\.org\S*/g;

it.each(sources.filter(([name]) => name.endsWith('.tsx')))('%s has no words of its own', (_, file) => {
  const found: string[] = [];
  const words = (text: string) => /\p{L}{2}/u.test(text.replace(names, ''));
  const visit = (n: ts.Node): void => {
    if (ts.isJsxText(n) && words(n.text)) found.push(n.text.trim());
    else if (ts.isJsxExpression(n) && n.expression && ts.isStringLiteralLike(n.expression)) {
      if (!ts.isJsxAttribute(n.parent) && words(n.expression.text)) found.push(n.expression.text);
    } else if (ts.isJsxAttribute(n) && n.initializer && ts.isStringLiteral(n.initializer)) {
      if (spoken.test(n.name.getText(file)) && words(n.initializer.text)) found.push(n.initializer.text);
    } else if (ts.isPropertyAssignment(n) && ts.isStringLiteralLike(n.initializer)) {
      if (spoken.test(n.name.getText(file)) && words(n.initializer.text)) found.push(n.initializer.text);
    }
    ts.forEachChild(n, visit);
  };
  visit(file);
  expect(found).toEqual([]);
});
