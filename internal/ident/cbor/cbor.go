// Package cbor holds the part of CBOR (RFC 8949) that sensors and hubs speak:
// maps with integer keys, arrays, text, bytes, integers, booleans and binary64
// numbers; everything else is skipped. It has the pieces that generated code is
// made of, which append values to bytes and read them from a string without
// reflection and without copying text, and Marshal and Unmarshal for structs
// that travel seldom. A general library would be a tenth of the sensor.
package cbor

import (
	"errors"
	"math"
	"net/netip"
	"unicode/utf8"
)

// The major types of RFC 8949 section 3.1, shifted into place.
const (
	majorUint  = 0 << 5
	majorNeg   = 1 << 5
	majorBytes = 2 << 5
	majorText  = 3 << 5
	majorArray = 4 << 5
	majorMap   = 5 << 5
	majorTag   = 6 << 5
	majorOther = 7 << 5
)

const (
	openMap     = 0xbf // map of indefinite length
	breakCode   = 0xff
	codeFalse   = 0xf4
	codeTrue    = 0xf5
	codeFloat64 = 0xfb
	maxNesting  = 16 // of values that are skipped
)

// AppendHead appends a major type (0 to 7) with its argument.
func AppendHead(b []byte, major byte, v uint64) []byte {
	m := major << 5
	switch {
	case v < 24:
		return append(b, m|byte(v))
	case v <= math.MaxUint8:
		return append(b, m|24, byte(v))
	case v <= math.MaxUint16:
		return append(b, m|25, byte(v>>8), byte(v))
	case v <= math.MaxUint32:
		return append(b, m|26, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
	}
	return append(b, m|27, byte(v>>56), byte(v>>48), byte(v>>40), byte(v>>32), byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
}

// AppendUint appends an unsigned integer.
func AppendUint(b []byte, v uint64) []byte { return AppendHead(b, 0, v) }

// AppendInt appends an integer.
func AppendInt(b []byte, v int64) []byte {
	if v < 0 {
		return AppendHead(b, 1, uint64(-1-v))
	}
	return AppendHead(b, 0, uint64(v))
}

// AppendBool appends a boolean.
func AppendBool(b []byte, v bool) []byte {
	if v {
		return append(b, codeTrue)
	}
	return append(b, codeFalse)
}

// AppendText appends a string: as text when it is UTF-8, else as bytes, since
// what comes from a network need not be text.
func AppendText(b []byte, s string) []byte {
	major := byte(3)
	if !utf8.ValidString(s) {
		major = 2
	}
	return append(AppendHead(b, major, uint64(len(s))), s...)
}

// AppendBytes appends a byte string.
func AppendBytes(b, v []byte) []byte { return append(AppendHead(b, 2, uint64(len(v))), v...) }

// AppendAddr appends an address as 4 or 16 bytes, or as text when it has a zone.
func AppendAddr(b []byte, a netip.Addr) []byte {
	switch {
	case a.Zone() != "":
		return AppendText(b, a.String())
	case a.Is4():
		v := a.As4()
		return AppendBytes(b, v[:])
	case a.IsValid():
		v := a.As16()
		return AppendBytes(b, v[:])
	}
	return AppendBytes(b, nil)
}

// OpenMap and CloseMap appends the ends of a map of indefinite length.
func OpenMap(b []byte) []byte { return append(b, openMap) }

// CloseMap ends what OpenMap began.
func CloseMap(b []byte) []byte { return append(b, breakCode) }

// AppendArray appends the head of an array of n elements.
func AppendArray(b []byte, n int) []byte { return AppendHead(b, 4, uint64(n)) }

// Errors of a Reader.
var (
	ErrShort = errors.New("cbor: the data ends within a value")
	ErrType  = errors.New("cbor: a value has not the type it should have")
	ErrRange = errors.New("cbor: a number does not fit")
	ErrDeep  = errors.New("cbor: values are nested too deeply")
)

// Reader reads values from a string. Text that it gives is part of that
// string. The first error stays: after it, every value is zero and every map
// and array is at its end.
type Reader struct {
	s   string
	pos int
	err error
}

// NewReader reads from s.
func NewReader(s string) Reader { return Reader{s: s} }

// Err gives the first error.
func (r *Reader) Err() error { return r.err }

// Len gives the number of bytes that are left.
func (r *Reader) Len() int { return len(r.s) - r.pos }

// Pos gives how many bytes have been read.
func (r *Reader) Pos() int { return r.pos }

// Fail sets the error, if there is none yet.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.pos = len(r.s)
}

// head reads a major type, in place, and its argument. An indefinite length
// gives open.
func (r *Reader) head() (major byte, v uint64, open bool) {
	if r.pos >= len(r.s) {
		r.Fail(ErrShort)
		return majorOther, 0, false
	}
	c := r.s[r.pos]
	r.pos++
	major = c & 0xe0
	n := 0
	switch a := c & 0x1f; {
	case a < 24:
		return major, uint64(a), false
	case a < 28:
		n = 1 << (a - 24)
	case a == 31 && major != majorUint && major != majorNeg && major != majorTag:
		return major, 0, true
	default:
		r.Fail(ErrType)
		return majorOther, 0, false
	}
	if len(r.s)-r.pos < n {
		r.Fail(ErrShort)
		return majorOther, 0, false
	}
	for range n {
		v = v<<8 | uint64(r.s[r.pos])
		r.pos++
	}
	return major, v, false
}

// Map begins to read a map; its result goes to More.
func (r *Reader) Map() int {
	major, v, open := r.head()
	switch {
	case major != majorMap:
		r.Fail(ErrType)
	case open:
		return -1
	case v > uint64(r.Len()):
		r.Fail(ErrShort)
	default:
		return int(v)
	}
	return 0
}

// Array begins to read an array; its result goes to More.
func (r *Reader) Array() int {
	major, v, open := r.head()
	switch {
	case major != majorArray:
		r.Fail(ErrType)
	case open:
		return -1
	case v > uint64(r.Len()):
		r.Fail(ErrShort)
	default:
		return int(v)
	}
	return 0
}

// More reports whether a map or array has one more entry.
func (r *Reader) More(n *int) bool {
	switch {
	case r.err != nil || *n == 0:
		return false
	case *n > 0:
		*n--
		return true
	case r.pos >= len(r.s):
		r.Fail(ErrShort)
		return false
	case r.s[r.pos] == breakCode:
		r.pos++
		*n = 0
		return false
	}
	return true
}

// Key reads the key of a map's entry.
func (r *Reader) Key() uint64 { return r.Uint(64) }

// Uint reads an unsigned integer of at most so many bits.
func (r *Reader) Uint(bits int) uint64 {
	major, v, open := r.head()
	switch {
	case major != majorUint || open:
		r.Fail(ErrType)
	case bits < 64 && v>>bits != 0:
		r.Fail(ErrRange)
	default:
		return v
	}
	return 0
}

// Int reads an integer of at most so many bits.
func (r *Reader) Int(bits int) int64 {
	major, v, open := r.head()
	switch {
	case open || major != majorUint && major != majorNeg:
		r.Fail(ErrType)
	case v > 1<<(bits-1)-1:
		r.Fail(ErrRange)
	case major == majorNeg:
		return -1 - int64(v)
	default:
		return int64(v)
	}
	return 0
}

// Bool reads a boolean.
func (r *Reader) Bool() bool {
	if r.pos < len(r.s) {
		switch r.s[r.pos] {
		case codeTrue:
			r.pos++
			return true
		case codeFalse:
			r.pos++
			return false
		}
	}
	r.Fail(ErrType)
	return false
}

// Text reads text or bytes.
func (r *Reader) Text() string {
	major, v, open := r.head()
	if open || major != majorText && major != majorBytes {
		r.Fail(ErrType)
		return ""
	}
	if v > uint64(r.Len()) {
		r.Fail(ErrShort)
		return ""
	}
	s := r.s[r.pos : r.pos+int(v)]
	r.pos += int(v)
	return s
}

// Addr reads an address.
func (r *Reader) Addr() netip.Addr {
	var text bool
	if r.pos < len(r.s) {
		text = r.s[r.pos]&0xe0 == majorText
	}
	switch s := r.Text(); {
	case text:
		a, err := netip.ParseAddr(s)
		if err != nil {
			r.Fail(ErrType)
		}
		return a
	case len(s) == 4:
		return netip.AddrFrom4([4]byte([]byte(s)))
	case len(s) == 16:
		return netip.AddrFrom16([16]byte([]byte(s)))
	case len(s) != 0:
		r.Fail(ErrType)
	}
	return netip.Addr{}
}

// Skip passes over one value of any type.
func (r *Reader) Skip() { r.skip(0) }

func (r *Reader) skip(depth int) {
	if depth > maxNesting {
		r.Fail(ErrDeep)
		return
	}
	major, v, open := r.head()
	if r.err != nil {
		return
	}
	switch major {
	case majorBytes, majorText:
		if open {
			r.skipChunks()
		} else if v > uint64(r.Len()) {
			r.Fail(ErrShort)
		} else {
			r.pos += int(v)
		}
	case majorTag:
		r.skip(depth + 1)
	case majorArray, majorMap:
		n := -1
		if !open {
			if v > uint64(r.Len()) {
				r.Fail(ErrShort)
				return
			}
			n = int(v)
		}
		for r.More(&n) {
			r.skip(depth + 1)
			if major == majorMap {
				r.skip(depth + 1)
			}
		}
	case majorOther:
		if open { // a break that ends nothing
			r.Fail(ErrType)
		}
	}
}

// skipChunks passes over the chunks of a string of indefinite length.
func (r *Reader) skipChunks() {
	n := -1
	for r.More(&n) {
		_ = r.Text()
	}
}
