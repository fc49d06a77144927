// Packets as hexadecimal text and back.

/** The bytes of hexadecimal text; what is no hexadecimal ends it. */
export function bytesOf(hex: string): Uint8Array {
  const clean = /^(?:[0-9a-fA-F]{2})*/.exec(hex)?.[0] ?? '';
  const out = new Uint8Array(clean.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(clean.slice(2 * i, 2 * i + 2), 16);
  return out;
}

export interface HexByte {
  offset: number;
  hex: string;
  /** The character, or a dot for what cannot be printed. */
  text: string;
}

/** Rows of sixteen bytes. */
export function hexRows(bytes: Uint8Array): HexByte[][] {
  const rows: HexByte[][] = [];
  for (let i = 0; i < bytes.length; i += 16) {
    rows.push(
      Array.from(bytes.subarray(i, i + 16), (b, j) => ({
        offset: i + j,
        hex: b.toString(16).padStart(2, '0'),
        text: b > 0x20 && b < 0x7f ? String.fromCharCode(b) : b === 0x20 ? '\u00a0' : '.',
      })),
    );
  }
  return rows;
}

/** An offset in four hexadecimal digits. */
export function offsetText(offset: number): string {
  return offset.toString(16).padStart(4, '0');
}
