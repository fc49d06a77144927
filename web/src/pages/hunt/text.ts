// The query as text: terms are put in and taken out, and places in it are
// counted in bytes by the hub but in UTF-16 units by the browser.

const encoder = new TextEncoder();

/** The byte at which a UTF-16 unit begins. */
export function toByte(text: string, index: number): number {
  return encoder.encode(text.slice(0, index)).length;
}

/** The UTF-16 unit that begins at a byte. */
export function fromByte(text: string, byte: number): number {
  let bytes = 0;
  let index = 0;
  for (const c of text) {
    if (bytes >= byte) break;
    bytes += encoder.encode(c).length;
    index += c.length;
  }
  return index;
}

/** A value as the query language wants it: in quotes unless it is a plain word. */
export function quote(value: string): string {
  return /^[A-Za-z0-9_.:/@+-]+$/.test(value) ? value : `"${value.replace(/[\\"]/g, '\\$&')}"`;
}

/** A comparison of a field with a value. */
function term(field: string, value: string, without = false): string {
  return `${without ? 'not ' : ''}${field}:${quote(value)}`;
}

/** Adds a term; its opposite goes, and nothing stands twice. */
export function withTerm(text: string, field: string, value: string, without = false): string {
  const wanted = term(field, value, without);
  const opposite = term(field, value, !without);
  let rest = text.trim();
  if (rest === opposite) rest = '';
  else if (rest.endsWith(` ${opposite}`) && !/\bor\b/i.test(rest)) rest = rest.slice(0, -opposite.length - 1);
  if (rest === wanted || rest.endsWith(` ${wanted}`) || rest.startsWith(`${wanted} `)) return rest;
  if (rest === '') return wanted;
  return `${/\bor\b/i.test(rest) ? `(${rest})` : rest} ${wanted}`;
}

/** Where a wrong word ends that begins at an index. */
export function wordEnd(text: string, from: number): number {
  const m = /[\s()]/.exec(text.slice(from + 1));
  return m ? from + 1 + m.index : text.length;
}

/** What an error proposes instead. */
export function proposal(error: string): string | undefined {
  return /did you mean "([^"]{1,80})"/.exec(error)?.[1];
}
