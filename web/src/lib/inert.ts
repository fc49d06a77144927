// What the network says is hostile: a name may turn the direction of text,
// hide characters or be a novel. Here it becomes text that shows what is in it.

export interface Piece {
  text: string;
  /** Set on what stands for a character that would not show: its code point. */
  code?: string;
}

/**
 * Control characters, marks that turn the direction of text, characters without
 * width, separators of lines, tags, and halves of surrogate pairs.
 */
const unseen =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: each is looked for by itself
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202f\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffd]|[\u{e0000}-\u{e0fff}]|[\ud800-\udfff]/gu;

/** Splits text into what shows by itself and stand-ins for what does not. */
export function pieces(text: string): Piece[] {
  const out: Piece[] = [];
  let at = 0;
  for (const m of text.matchAll(unseen)) {
    if (m.index > at) out.push({ text: text.slice(at, m.index) });
    out.push(standIn(m[0]));
    at = m.index + m[0].length;
  }
  if (at < text.length) out.push({ text: text.slice(at) });
  return out;
}

function standIn(c: string): Piece {
  const point = c.codePointAt(0) ?? 0;
  const code = `U+${point.toString(16).toUpperCase().padStart(4, '0')}`;
  // The pictures of control characters begin at U+2400.
  if (point < 0x20) return { text: String.fromCodePoint(0x2400 + point), code };
  if (point === 0x7f) return { text: '\u2421', code };
  return { text: code, code };
}

/** The same as plain text, for titles and labels. */
export function inert(text: string, limit = 200): string {
  const { head, cut } = shorten(text, limit);
  return (
    pieces(head)
      .map((p) => p.text)
      .join('') + (cut > 0 ? '…' : '')
  );
}

/** Cuts at a limit of characters without tearing a pair; cut is how many are gone. */
export function shorten(text: string, limit: number): { head: string; cut: number } {
  if (text.length <= limit) return { head: text, cut: 0 };
  const last = text.charCodeAt(limit - 1);
  const end = last >= 0xd800 && last < 0xdc00 ? limit - 1 : limit;
  return { head: text.slice(0, end), cut: text.length - end };
}
