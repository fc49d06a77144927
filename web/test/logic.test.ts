import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { backoff, throttle } from '@/api/live';
import { problemOf } from '@/api/problem';
import type { Finding } from '@/api/types';
import { attackHref } from '@/lib/attack';
import { isPrefix } from '@/lib/cidr';
import { bytesOf, hexRows, offsetText } from '@/lib/hex';
import { groupHref, hrefOf, safeNext } from '@/lib/links';
import { strength } from '@/lib/strength';
import { columnTemplate, nextSort, pagesOf, rangeBetween, tableWidth } from '@/lib/table';
import { changesOf, formOf } from '@/pages/device/form';
import { inverse } from '@/pages/devices/edit';
import { isFiltered, queryOf } from '@/pages/findings/filter';
import { offers, selectorOf, selectsAll } from '@/pages/findings/selector';
import { kindOf } from '@/widgets/ErrorState';

describe('packets as hexadecimal', () => {
  it('keep every byte in its place', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (b) => {
        const hex = Buffer.from(b).toString('hex');
        expect(bytesOf(hex)).toEqual(b);
        const all = hexRows(b).flat();
        expect(all.map((x) => x.hex).join('')).toBe(hex);
        all.forEach((x, i) => {
          expect(x.offset).toBe(i);
          expect([...x.text]).toHaveLength(1);
        });
      }),
    );
  });
  it('never fail on what is no hexadecimal', () => {
    fc.assert(fc.property(fc.string(), (s) => bytesOf(s).length <= s.length / 2));
    expect(bytesOf('00ffzz11')).toEqual(new Uint8Array([0, 255]));
  });
  it('show what cannot be printed as dots', () => {
    expect(
      hexRows(new Uint8Array([0x41, 0x0a, 0xff, 0x3c]))[0]
        ?.map((x) => x.text)
        .join(''),
    ).toBe('A..<');
    expect(offsetText(0x1f0)).toBe('01f0');
  });
});

describe('tables', () => {
  it('load the pages in view and no others', () => {
    expect(pagesOf(0, 30, 100, 100_000)).toEqual([0]);
    expect(pagesOf(180, 320, 100, 100_000)).toEqual([100, 200, 300]);
    expect(pagesOf(99_990, 100_200, 100, 100_000)).toEqual([99_900]);
    expect(pagesOf(0, 0, 100, 0)).toEqual([0]);
  });
  it('sort one way, then the other', () => {
    expect(nextSort('label', 'risk', true)).toBe('-risk');
    expect(nextSort('-risk', 'risk', true)).toBe('risk');
    expect(nextSort('label', 'label')).toBe('-label');
  });
  it('choose from the last row to this one', () => {
    expect(rangeBetween(5, 3)).toEqual([3, 4, 5]);
    expect(rangeBetween(-1, 3)).toEqual([3]);
    expect(columnTemplate(['1fr', '2fr'], true)).toBe('34px 1fr 2fr');
    expect(tableWidth(['106px', 'minmax(220px, 2.4fr)', '1fr'], true)).toBe(376);
  });
});

describe('live updates', () => {
  it('ask at once, then once per interval, and once more at the end', () => {
    vi.useFakeTimers();
    const run = vi.fn();
    const t = throttle(run, 5000);
    for (let i = 0; i < 1000; i++) {
      t.call();
      vi.advanceTimersByTime(10);
    }
    expect(run).toHaveBeenCalledTimes(3); // at 0, 5 and 10 seconds
    vi.advanceTimersByTime(60_000);
    expect(run).toHaveBeenCalledTimes(3);
    t.call();
    t.call();
    t.cancel();
    vi.advanceTimersByTime(60_000);
    expect(run).toHaveBeenCalledTimes(4);
    vi.useRealTimers();
  });
  it('wait longer after each failure, but not for ever', () => {
    expect(backoff(1, 0.5)).toBe(1000);
    expect(backoff(3, 0.5)).toBe(4000);
    for (let n = 1; n < 50; n++) expect(backoff(n, 1)).toBeLessThanOrEqual(37_500);
  });
});

describe('problems', () => {
  it('carry the words and the kind of the hub', () => {
    const p = problemOf(401, 'Unauthorized', {
      type: 'urn:edgeward:problem:totp',
      title: 'Unauthorized',
      detail: 'missing',
    });
    expect([p.status, p.kind, p.message]).toEqual([401, 'totp', 'missing']);
    expect(problemOf(502, 'Bad Gateway', '<html>').message).toBe('Bad Gateway');
    expect(
      problemOf(422, '', { detail: 7, errors: [{ message: 'x', location: 'body.a' }, { message: 9 }] })
        .fields,
    ).toHaveLength(1);
  });
  it('are told apart for people', () => {
    expect([0, 401, 404, 429, 422, 500].map(kindOf)).toEqual([
      'unreachable',
      'denied',
      'missing',
      'busy',
      'invalid',
      'broken',
    ]);
  });
});

describe('links', () => {
  it('lead to screens with their filters', () => {
    expect(hrefOf({ screen: 'findings', filter: { severity: 'high', status: 'open' } })).toBe(
      '/findings?severity=high&status=open',
    );
    expect(hrefOf({ screen: 'device', id: 'a/b' })).toBe('/devices/a%2Fb');
    expect(hrefOf({ screen: 'overview' })).toBe('/');
  });
  it('lead from a group to its incident, its only finding, or its list', () => {
    const g = { incident: null, check: 'a.b', site: 'x y', findings: 2, sample: ['1', '2'] };
    expect(groupHref(g)).toBe('/findings?view=list&check=a.b&site=x+y');
    expect(groupHref({ ...g, findings: 1 })).toBe('/findings/1');
    expect(groupHref({ ...g, incident: 'i' })).toBe('/findings/i');
  });
  it('never lead out of the console after a login', () => {
    for (const s of [
      null,
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      'javascript:alert(1)',
      '/api/v1/x',
      '/login?next=/',
    ])
      expect(safeNext(s)).toBe('/');
    expect(safeNext('/devices?q=a')).toBe('/devices?q=a');
  });
  it('know ATT&CK techniques only', () => {
    expect(attackHref('T1110.001')).toBe('https://attack.mitre.org/techniques/T1110/001/');
    expect(attackHref('T0846')).toBe('https://attack.mitre.org/techniques/T0846/');
    for (const s of ['', 'T1', '../x', 'T1110.001/..']) expect(attackHref(s)).toBeUndefined();
  });
});

describe('passphrases', () => {
  it.each([
    ['short', 'short'],
    ['aaaaaaaaaaaaaaaaaaaa', 'weak'],
    ['123456789012345', 'weak'],
    ['abcdefghijklmnop', 'weak'],
    ['administrator', 'weak'],
    ['correct horse', 'fair'],
    ['correct horse battery staple', 'strong'],
  ])('%s is %s', (p, want) => expect(strength(p, 'admin')).toBe(want));
});

it('knows prefixes', () => {
  for (const s of ['10.0.0.0/8', '192.168.1.0/24', 'fd00::/8', '::/0', '2001:db8:0:0:0:0:0:0/32'])
    expect(isPrefix(s)).toBe(true);
  for (const s of [
    '10.0.0.0',
    '10.0.0/8',
    '256.0.0.0/8',
    '10.0.0.0/33',
    'fd00:::/8',
    'x/8',
    '1.2.3.4/8/9',
    '01.2.3.4/8',
  ])
    expect(isPrefix(s)).toBe(false);
});

describe('what a person sets', () => {
  it('sends only what has changed', () => {
    const set = { label: 'CT 1', tags: ['a'] };
    const form = { ...formOf(set), label: ' CT 2 ', zone: '' };
    expect(changesOf(form, set)).toEqual({ label: 'CT 2' });
  });
  it('can be taken back', () => {
    expect(
      inverse({ label: 'x', zone: 'y', trusted: true, tags: ['b'] }, { label: 'old', tags: ['a'] }),
    ).toEqual({
      label: 'old',
      zone: '',
      trusted: false,
      tags: ['a'],
    });
  });
});

describe('mutes', () => {
  const finding = (check: string, device: string | null, peers: string[]) =>
    ({ check, device, peers }) as Finding;
  const two = [finding('a.b', 'd1', ['1.1.1.1']), finding('a.b', 'd2', ['1.1.1.1', '2.2.2.2'])];
  it('offer what findings have, without doubles', () => {
    expect(offers(two)).toEqual({ checks: ['a.b'], devices: ['d1', 'd2'], peers: ['1.1.1.1', '2.2.2.2'] });
  });
  it('leave out what was not chosen', () => {
    expect(selectorOf(offers(two), new Set(['checks']))).toEqual({ checks: ['a.b'] });
  });
  it('never hide everything by mistake', () => {
    expect(selectsAll(selectorOf(offers(two), new Set()))).toBe(true);
    expect(selectsAll(selectorOf(offers([finding('a', null, [])]), new Set(['devices'])))).toBe(true);
    expect(selectsAll({ checks: ['a'] })).toBe(false);
  });
});

it('asks for findings as the address says', () => {
  const usual = {
    view: 'groups' as const,
    q: '',
    status: ['open'],
    severity: '' as const,
    kind: [],
    check: [],
    type: [],
    site: [],
    device: '',
    peer: '',
    sensor: '',
    incident: '',
    muted: 'false' as const,
    t: '',
    sort: '-severity' as const,
  };
  expect(isFiltered(usual)).toBe(false);
  expect(queryOf(usual)).toMatchObject({ status: ['open'], muted: 'false', top: undefined });
  expect(queryOf({ ...usual, view: 'list' }).top).toBe(true);
  expect(queryOf({ ...usual, view: 'list', check: ['a.b'] }).top).toBeUndefined();
  expect(queryOf({ ...usual, status: ['nonsense'] }).status).toEqual([]);
  expect(isFiltered({ ...usual, status: [] })).toBe(true);
});
