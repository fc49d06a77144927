package cbor

import "net/netip"

// Writer appends maps with integer keys to B. Its methods leave out values
// that are empty. Generated code is made of them: each field is one call with
// few arguments, since there are hundreds of fields.
type Writer struct{ B []byte }

// Open begins a map.
func (w *Writer) Open() { w.B = OpenMap(w.B) }

// Close ends what Open began.
func (w *Writer) Close() { w.B = CloseMap(w.B) }

// Key appends a key, whose value the caller appends, and gives the length up
// to the value.
func (w *Writer) Key(key uint64) int {
	w.B = AppendUint(w.B, key)
	return len(w.B)
}

// DropEmpty goes back to the length mark, where the last entry begins, when its
// value, which begins at value, is a map without entries.
func (w *Writer) DropEmpty(mark, value int) {
	if len(w.B) == value+2 {
		w.B = w.B[:mark]
	}
}

// Text appends text that is not empty.
func (w *Writer) Text(key uint64, s string) {
	if s != "" {
		w.Key(key)
		w.B = AppendText(w.B, s)
	}
}

// Texts appends a list of texts that is not empty.
func (w *Writer) Texts(key uint64, list []string) {
	if w.Array(key, len(list)) {
		for _, s := range list {
			w.B = AppendText(w.B, s)
		}
	}
}

// Array appends the head of a list of n elements, and reports whether there
// are any.
func (w *Writer) Array(key uint64, n int) bool {
	if n == 0 {
		return false
	}
	w.Key(key)
	w.B = AppendArray(w.B, n)
	return true
}

// Uint appends an unsigned integer that is not zero.
func (w *Writer) Uint(key, v uint64) {
	if v != 0 {
		w.Key(key)
		w.B = AppendUint(w.B, v)
	}
}

// Int appends an integer that is not zero.
func (w *Writer) Int(key uint64, v int64) {
	if v != 0 {
		w.Key(key)
		w.B = AppendInt(w.B, v)
	}
}

// Bool appends true, and nothing for false.
func (w *Writer) Bool(key uint64, v bool) {
	if v {
		w.Key(key)
		w.B = AppendBool(w.B, true)
	}
}

// Addr appends an address that is valid.
func (w *Writer) Addr(key uint64, a *netip.Addr) {
	if a.IsValid() {
		w.Key(key)
		w.B = AppendAddr(w.B, *a)
	}
}
