import { describe, expect, it } from 'vitest';
import { type Entry, grow, matches, opened, rows, wild } from '@/pages/m2m/tree';

const entry = (name: string, messages = 1, retained = false): Entry => ({
  name,
  messages,
  bytes: messages * 10,
  retained,
  first: '2026-01-01T00:00:00Z',
  last: '2026-01-02T00:00:00Z',
});

describe('the tree of topics', () => {
  it('splits at slashes, sums upwards and shows the busiest first', () => {
    const root = grow([entry('home/hall/light', 2), entry('home/hall/temp', 5, true), entry('plant', 1)]);
    const shown = rows(root, new Set(['home', 'home/hall']));
    expect(shown.map((b) => [b.level, b.depth, b.messages, b.leaves])).toEqual([
      ['home', 0, 7, 2],
      ['hall', 1, 7, 2],
      ['temp', 2, 5, 1],
      ['light', 2, 2, 1],
      ['plant', 0, 1, 1],
    ]);
    expect(shown[0]?.retained).toBe(1);
  });

  it('keeps empty levels, and a topic that is also a branch', () => {
    const root = grow([entry('/a'), entry('a'), entry('a/b')]);
    expect(rows(root, new Set(['', 'a'])).map((b) => b.path)).toEqual(['a', 'a/b', '', '/a']);
    expect(root.children.get('a')?.entry?.name).toBe('a');
  });

  it('bounds the depth that a hostile name can ask for', () => {
    const root = grow([entry('/'.repeat(60_000))]);
    let depth = 0;
    for (let b = root; b.children.size > 0; depth++) b = [...b.children.values()][0] as typeof b;
    expect(depth).toBe(24);
  });

  it('takes names of prototypes as names', () => {
    const root = grow([entry('__proto__/constructor')]);
    expect(rows(root, new Set(['__proto__'])).map((b) => b.level)).toEqual(['__proto__', 'constructor']);
  });

  it('opens only as much as fits', () => {
    const many = Array.from({ length: 500 }, (_, i) => entry(`big/${i}`));
    expect(opened(grow([...many, entry('small/a')]), 100)).toEqual(new Set(['small']));
  });
});

describe('filters', () => {
  it.each([
    ['#', 'a/b', true],
    ['#', '$SYS/load', false],
    ['a/+', 'a/b', true],
    ['a/+', 'a/b/c', false],
    ['a/#', 'a', true],
    ['$share/group/a/+', 'a/b', true],
    ['a', 'a/b', false],
  ])('%s against %s is %s', (filter, topic, want) => {
    expect(matches(filter, topic)).toBe(want);
  });

  it('says how far they reach', () => {
    expect([wild('#'), wild('a/#'), wild('a/+/b'), wild('a/b')]).toEqual(['all', 'many', 'one', undefined]);
  });
});
