package bacnet

import (
	"encoding/binary"
	"unicode/utf8"
)

// Application tags (clause 20.2.1.4).
const (
	TagNull        = 0
	TagBoolean     = 1
	TagUnsigned    = 2
	TagOctetString = 6
	TagString      = 7
	TagEnumerated  = 9
	TagObject      = 12
)

// Tag is one tag with its value, a view into the input.
type Tag struct {
	Number  uint8
	Context bool // a context tag, else an application tag
	Open    bool
	Close   bool
	Value   []byte
}

// DecodeTag reads a tag and its value and gives their length.
func DecodeTag(dst *Tag, b []byte) (int, error) {
	if len(b) < 1 {
		return 0, ErrTag
	}
	*dst = Tag{Number: b[0] >> 4, Context: b[0]&8 != 0}
	lvt, n := b[0]&7, 1
	if dst.Number == 15 {
		if len(b) < 2 || b[1] == 255 {
			return 0, ErrTag
		}
		dst.Number, n = b[1], 2
	}
	if dst.Context && lvt >= 6 {
		dst.Open, dst.Close = lvt == 6, lvt == 7
		return n, nil
	}
	if !dst.Context && dst.Number == TagBoolean {
		if lvt > 1 {
			return 0, ErrTag
		}
		return n, nil // the value lies in the tag itself
	}
	size := uint64(lvt)
	if lvt == 5 {
		var w int
		if size, w = extended(b[n:]); w == 0 {
			return 0, ErrTag
		}
		n += w
	} else if lvt > 5 {
		return 0, ErrTag
	}
	if size > uint64(len(b)-n) {
		return 0, ErrTag
	}
	dst.Value = b[n : n+int(size)]
	return n + int(size), nil
}

// extended reads a length beyond four and gives the octets it takes, 0 when
// it is cut.
func extended(b []byte) (uint64, int) {
	switch {
	case len(b) >= 1 && b[0] < 254:
		return uint64(b[0]), 1
	case len(b) >= 3 && b[0] == 254:
		return uint64(binary.BigEndian.Uint16(b[1:])), 3
	case len(b) >= 5 && b[0] == 255:
		return uint64(binary.BigEndian.Uint32(b[1:])), 5
	}
	return 0, 0
}

// AppendTag writes a tag with its value behind dst.
func AppendTag(dst []byte, t *Tag) []byte {
	first := byte(0)
	if t.Context {
		first |= 8
	}
	lvt := byte(5)
	switch {
	case t.Open:
		lvt = 6
	case t.Close:
		lvt = 7
	case len(t.Value) < 5:
		lvt = byte(len(t.Value))
	}
	if t.Number < 15 {
		dst = append(dst, first|t.Number<<4|lvt)
	} else {
		dst = append(dst, first|0xf0|lvt, t.Number)
	}
	if t.Open || t.Close {
		return dst
	}
	if n := len(t.Value); lvt == 5 {
		switch {
		case n < 254:
			dst = append(dst, byte(n))
		case n < 1<<16:
			dst = binary.BigEndian.AppendUint16(append(dst, 254), uint16(n))
		default:
			dst = binary.BigEndian.AppendUint32(append(dst, 255), uint32(n))
		}
	}
	return append(dst, t.Value...)
}

// unsigned reads an unsigned or enumerated value.
func (t *Tag) unsigned() uint32 {
	var v uint32
	for _, c := range t.Value[:min(len(t.Value), 4)] {
		v = v<<8 | uint32(c)
	}
	return v
}

// ObjectID is an object identifier.
type ObjectID uint32

// Type gives the object type.
func (o ObjectID) Type() uint16 { return uint16(o >> 22) }

// Instance gives the instance number.
func (o ObjectID) Instance() uint32 { return uint32(o) & 0x3fffff }

// NewObjectID makes an object identifier.
func NewObjectID(kind uint16, instance uint32) ObjectID {
	return ObjectID(uint32(kind)<<22 | instance&0x3fffff)
}

// anyInstance stands for whichever device receives it.
const anyInstance = 0x3fffff

// object reads an object identifier.
func (t *Tag) object() (ObjectID, bool) {
	if len(t.Value) != 4 {
		return 0, false
	}
	return ObjectID(binary.BigEndian.Uint32(t.Value)), true
}

// Character sets of strings.
const (
	charsetUTF8   = 0
	charsetUCS2   = 4
	charsetLatin1 = 5
)

// text writes a character string as UTF-8 into buf and gives what it wrote.
func (t *Tag) text(buf []byte) []byte {
	if len(t.Value) < 1 {
		return nil
	}
	out := buf[:0]
	s := t.Value[1:]
	switch t.Value[0] {
	case charsetUTF8:
		return append(out, s[:min(len(s), cap(buf))]...)
	case charsetUCS2:
		for len(s) >= 2 && len(out)+4 <= cap(buf) {
			out = utf8.AppendRune(out, rune(binary.BigEndian.Uint16(s)))
			s = s[2:]
		}
	case charsetLatin1:
		for _, c := range s {
			if len(out)+4 > cap(buf) {
				break
			}
			out = utf8.AppendRune(out, rune(c))
		}
	}
	return out
}

// reader walks the tags of a service's parameters. It stays at the first
// error, after which nothing is read any more.
type reader struct {
	b    []byte
	next Tag
	n    int
	ok   bool
	bad  bool
}

func newReader(b []byte) reader {
	r := reader{b: b}
	r.peek()
	return r
}

func (r *reader) peek() {
	r.ok = false
	if len(r.b) == 0 || r.bad {
		return
	}
	n, err := DecodeTag(&r.next, r.b)
	if err != nil {
		r.bad = true
		return
	}
	r.n, r.ok = n, true
}

// any takes the next tag, whatever it is.
func (r *reader) any() (Tag, bool) {
	if !r.ok {
		return Tag{}, false
	}
	t := r.next
	r.b = r.b[r.n:]
	r.peek()
	return t, true
}

// context takes the next tag when it is the context tag of that number.
func (r *reader) context(number uint8) (Tag, bool) {
	if !r.ok || !r.next.Context || r.next.Open || r.next.Close || r.next.Number != number {
		return Tag{}, false
	}
	return r.any()
}

// application takes the next tag when it is the application tag of that kind.
func (r *reader) application(number uint8) (Tag, bool) {
	if !r.ok || r.next.Context || r.next.Number != number {
		return Tag{}, false
	}
	return r.any()
}

// open takes an opening tag, close a closing one.
func (r *reader) open(number uint8) bool {
	if r.ok && r.next.Open && r.next.Number == number {
		r.any()
		return true
	}
	return false
}

func (r *reader) close(number uint8) bool {
	if r.ok && r.next.Close && r.next.Number == number {
		r.any()
		return true
	}
	return false
}

// skip takes everything up to the closing tag that belongs to an opening tag
// just taken, and that tag. It gives the first tag inside.
func (r *reader) skip() (first Tag) {
	depth := 1
	for i := 0; ; i++ {
		t, ok := r.any()
		if !ok {
			return first
		}
		if i == 0 && !t.Close {
			first = t
		}
		switch {
		case t.Open:
			depth++
		case t.Close:
			if depth--; depth == 0 {
				return first
			}
		}
	}
}
