import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounds, fromInput, parseRange, range, toInput } from '@/lib/range';
import { flag, oneOf, parseState, text, whole, words, writeState } from '@/lib/url';

const fields = {
  q: text(),
  type: words(),
  status: words(['open']),
  sort: oneOf(['a', '-a'], '-a'),
  risk: whole(0, 0, 100),
  on: flag(),
  t: range(),
};

describe('the state of filters in the address', () => {
  it('comes back as it was written', () => {
    fc.assert(
      fc.property(
        fc.record({
          q: fc.string({ maxLength: 60 }),
          type: fc.array(fc.string({ minLength: 1, maxLength: 12 }), { maxLength: 5 }),
          status: fc.subarray(['open', 'resolved', 'acknowledged']),
          sort: fc.constantFrom('a' as const, '-a' as const),
          risk: fc.integer({ min: 0, max: 100 }),
          on: fc.boolean(),
        }),
        (state) => {
          const params = new URLSearchParams(writeState(fields, new URLSearchParams(), state).toString());
          expect(parseState(fields, params)).toMatchObject(state);
        },
      ),
    );
  });
  it('leaves no trace of what is usual', () => {
    const params = writeState(fields, new URLSearchParams('q=x&other=1'), {
      q: '',
      status: ['open'],
      sort: '-a',
    });
    expect(params.toString()).toBe('other=1');
  });
  it('tells an empty list from the usual one', () => {
    const params = writeState(fields, new URLSearchParams(), { status: [] });
    expect(parseState(fields, params).status).toEqual([]);
  });
  it('takes the usual value for damaged ones', () => {
    const s = parseState(
      fields,
      new URLSearchParams('sort=zzz&risk=1e9&risk2=&on=maybe&t=yesterday&risk=-4'),
    );
    expect(s).toMatchObject({ sort: '-a', risk: 0, on: false, t: '' });
  });
  it('bounds what an address can hold', () => {
    const s = parseState(
      fields,
      new URLSearchParams({ q: 'x'.repeat(10_000), type: Array(500).fill('a').join(',') }),
    );
    expect(s.q.length).toBe(2000);
    expect(s.type.length).toBe(100);
  });
});

describe('ranges of time', () => {
  const now = Date.UTC(2026, 5, 1, 12, 0, 30);
  it('count words back from the full minute', () => {
    expect(bounds('24h', now)).toEqual({ from: '2026-05-31T12:01:00.000Z' });
    expect(bounds('24h', now)).toEqual(bounds('24h', now + 20_000));
  });
  it('take two times, each of which may be missing', () => {
    expect(bounds('2026-01-01T00:00:00Z~', now)).toEqual({ from: '2026-01-01T00:00:00.000Z', to: undefined });
    expect(bounds('~2026-01-01T00:00:00Z', now).to).toBe('2026-01-01T00:00:00.000Z');
  });
  it('are none when they make no sense', () => {
    for (const s of ['', 'all', '24', '~', 'a~b', '1h~2h~3h', '99999h'])
      expect(parseRange(s, now)).toBeUndefined();
  });
  it('go through the browser field for a time and back', () => {
    for (const utc of [true, false])
      expect(fromInput(toInput(now, utc), utc)).toBe('2026-06-01T12:00:00.000Z');
  });
});
