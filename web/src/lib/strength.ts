// How hard a passphrase is to guess, roughly; the hub has the last word.

/** The least length that the hub takes. */
export const minLength = 12;

export type Strength = 'short' | 'weak' | 'fair' | 'strong';

/**
 * Judges by length and variety: repeated characters and runs such as "abcd" or
 * "1234" count once. Four unrelated words of six letters are strong.
 */
export function strength(passphrase: string, name = ''): Strength {
  const chars = [...passphrase.toLowerCase()];
  if (chars.length < minLength) return 'short';
  let worth = 0;
  for (let i = 0; i < chars.length; i++) {
    const step = i === 0 ? undefined : (chars[i]?.codePointAt(0) ?? 0) - (chars[i - 1]?.codePointAt(0) ?? 0);
    worth += step === 0 || step === 1 || step === -1 ? 0.25 : 1;
  }
  const variety = new Set(chars).size;
  if (name && passphrase.toLowerCase().includes(name.toLowerCase())) worth -= name.length;
  if (variety < 6 || worth < 9) return 'weak';
  return worth >= 18 && variety >= 9 ? 'strong' : 'fair';
}
