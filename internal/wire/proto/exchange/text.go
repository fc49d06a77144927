package exchange

import "strconv"

// TextMax is how many bytes a Text holds; the rest is cut off.
const TextMax = 128

// Text is a short text kept without allocation while a request waits for its
// answer. Bytes that do not fit are dropped. The zero Text is empty.
type Text struct {
	n   uint8
	buf [TextMax]byte
}

// Reset empties the text.
func (t *Text) Reset() { t.n = 0 }

// Bytes gives the text; the slice is valid until the text changes.
func (t *Text) Bytes() []byte { return t.buf[:t.n] }

// Len gives the number of bytes.
func (t *Text) Len() int { return int(t.n) }

// Str appends s.
func (t *Text) Str(s string) *Text {
	t.n += uint8(copy(t.buf[t.n:], s))
	return t
}

// Put appends b.
func (t *Text) Put(b []byte) *Text {
	t.n += uint8(copy(t.buf[t.n:], b))
	return t
}

// Printable appends b with everything that is no printable ASCII as a dot, so
// that names read from a device cannot carry control characters.
func (t *Text) Printable(b []byte) *Text {
	for _, c := range b {
		if t.n == TextMax {
			break
		}
		if c < 0x20 || c > 0x7e {
			c = '.'
		}
		t.buf[t.n] = c
		t.n++
	}
	return t
}

// Uint appends v in decimal.
func (t *Text) Uint(v uint64) *Text {
	var b [20]byte
	return t.Put(strconv.AppendUint(b[:0], v, 10))
}

// Hex appends v in hexadecimal with at least width digits.
func (t *Text) Hex(v uint64, width int) *Text {
	const digits = "0123456789abcdef"
	var b [16]byte
	i := len(b)
	for v != 0 || width > 0 {
		i--
		b[i] = digits[v&15]
		v >>= 4
		width--
		if i == 0 {
			break
		}
	}
	return t.Put(b[i:])
}
