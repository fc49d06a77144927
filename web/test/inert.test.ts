import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inert, pieces, shorten } from '@/lib/inert';

describe('text of the network', () => {
  it('shows what would turn it around or would not show', () => {
    expect(pieces('cam\u202egpj.exe').map((p) => p.text)).toEqual(['cam', 'U+202E', 'gpj.exe']);
    expect(inert('a\u0000b\u001b[2J\u200bc\nd')).toBe('a␀b␛[2JU+200Bc␊d');
    expect(inert('x\u{e0041}y\ud800')).toBe('xU+E0041yU+D800');
  });

  it('leaves markup, other scripts and emoji as they are', () => {
    const text = '<script>alert(1)</script> Küche 厨房 مطبخ 🎥';
    expect(inert(text)).toBe(text);
  });

  it('says how much is cut and tears no pair', () => {
    expect(shorten('abc🎥d', 4)).toEqual({ head: 'abc', cut: 3 });
    expect(inert('x'.repeat(300), 10)).toBe(`${'x'.repeat(10)}…`);
  });

  it('never lets through what does not show', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (s) => {
        expect(inert(s, 1000)).not.toMatch(/[\p{Cc}\u200b-\u200f\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });
});
