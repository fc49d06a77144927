import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flatten } from '@/lib/flatten';
import { fromByte, proposal, quote, toByte, withTerm, wordEnd } from '@/pages/hunt/text';

describe('places in a query', () => {
  it('are bytes for the hub and units for the browser', () => {
    expect(toByte('näme:🎥x', 2)).toBe(3);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(), (s, n) => {
        const whole = [...s].slice(0, n % (s.length + 1)).join('').length;
        expect(fromByte(s, toByte(s, whole))).toBe(whole);
      }),
    );
  });

  it('find the end of a wrong word', () => {
    expect(wordEnd('a nmae:x b', 2)).toBe(8);
    expect(wordEnd('nmae', 0)).toBe(4);
  });
});

describe('pivots', () => {
  it('quote what is no plain word', () => {
    expect(quote('fe80::1')).toBe('fe80::1');
    expect(quote('a*b')).toBe('"a*b"');
    expect(quote('say "hi"\\')).toBe('"say \\"hi\\"\\\\"');
  });

  it('narrow the query and take back their opposite', () => {
    expect(withTerm('', 'src', '10.0.0.1')).toBe('src:10.0.0.1');
    expect(withTerm('kind:dns', 'src', '10.0.0.1', true)).toBe('kind:dns not src:10.0.0.1');
    expect(withTerm('kind:dns not src:10.0.0.1', 'src', '10.0.0.1')).toBe('kind:dns src:10.0.0.1');
    expect(withTerm('src:10.0.0.1', 'src', '10.0.0.1')).toBe('src:10.0.0.1');
    expect(withTerm('a or b', 'src', '10.0.0.1')).toBe('(a or b) src:10.0.0.1');
  });
});

it('reads the proposal out of an error', () => {
  expect(proposal('query, character 1: there is no field "nmae"; did you mean "name"?')).toBe('name');
  expect(proposal('something else')).toBeUndefined();
});

it('flattens a fact', () => {
  expect(
    flatten({ mqtt: { topic: 'a', qos: 0, filters: ['x', 'y'], empty: '' }, l: [{ a: 1 }, { a: 2 }] }),
  ).toEqual([
    ['mqtt.topic', 'a'],
    ['mqtt.qos', '0'],
    ['mqtt.filters', 'x'],
    ['mqtt.filters', 'y'],
    ['l.a', '1'],
    ['l.a', '2'],
  ]);
});
