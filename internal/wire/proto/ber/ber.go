// Package ber reads and writes the Basic Encoding Rules of ASN.1 (ITU-T
// X.690) as far as protocols use them: tags of any size, definite lengths.
// Values are views; nothing is allocated and no types are built, so that a
// parser walks straight to the element it wants.
//
// It is a codec without a protocol. The packages of protocols that are written
// in ASN.1 use it.
package ber

import (
	"encoding/binary"
	"errors"
)

// Tag is an identifier: class, whether constructed, number.
type Tag uint32

// Parts of a Tag.
const (
	Universal   Tag = 0
	Application Tag = 1 << 30
	Context     Tag = 2 << 30
	Private     Tag = 3 << 30
	Constructed Tag = 1 << 29

	number = 1<<29 - 1
)

// Universal tags.
const (
	Boolean         = Universal | 1
	Integer         = Universal | 2
	BitString       = Universal | 3
	OctetString     = Universal | 4
	Null            = Universal | 5
	ObjectID        = Universal | 6
	Sequence        = Universal | Constructed | 16
	Set             = Universal | Constructed | 17
	External        = Universal | Constructed | 8
	GraphicString   = Universal | 25
	VisibleString   = Universal | 26
	GeneralizedTime = Universal | 24
)

// Number gives the number of the tag within its class.
func (t Tag) Number() uint32 { return uint32(t & number) }

// Class gives the class, comparable with Universal, Application, Context and
// Private.
func (t Tag) Class() Tag { return t & Private }

// IsConstructed reports whether the value is made of elements.
func (t Tag) IsConstructed() bool { return t&Constructed != 0 }

var (
	// ErrShort says that the bytes end before the element does.
	ErrShort = errors.New("ber: element is not complete")
	// ErrTag says that a tag number is too large.
	ErrTag = errors.New("ber: tag number too large")
	// ErrLength says that a length is indefinite, reserved or over 32 bits.
	ErrLength = errors.New("ber: length cannot be read")
)

// Element is a tag with its value, a view.
type Element struct {
	Tag   Tag
	Value []byte
}

// Decode reads the element at the start of b and gives its length with tag and
// length octets.
func Decode(dst *Element, b []byte) (int, error) {
	head, n, err := DecodeHeader(dst, b)
	if err != nil {
		return 0, err
	}
	if n > len(b)-head {
		return 0, ErrShort
	}
	dst.Value = b[head : head+n]
	return head + n, nil
}

// DecodeHeader reads tag and length. It gives the octets that they took and
// the length of the value, which need not be there.
func DecodeHeader(dst *Element, b []byte) (head, length int, err error) {
	tag, i, err := decodeTag(b)
	if err != nil {
		return 0, 0, err
	}
	if len(b) <= i {
		return 0, 0, ErrShort
	}
	*dst = Element{Tag: tag}
	c := b[i]
	i++
	if c < 0x80 {
		return i, int(c), nil
	}
	size := int(c & 0x7f)
	if size == 0 || size > 4 {
		return 0, 0, ErrLength
	}
	if len(b) < i+size {
		return 0, 0, ErrShort
	}
	n := uint64(0)
	for _, c := range b[i : i+size] {
		n = n<<8 | uint64(c)
	}
	if n > 1<<31-1 {
		return 0, 0, ErrLength
	}
	return i + size, int(n), nil
}

func decodeTag(b []byte) (Tag, int, error) {
	if len(b) == 0 {
		return 0, 0, ErrShort
	}
	tag := Tag(b[0]>>6)<<30 | Tag(b[0]>>5&1)<<29
	if b[0]&0x1f != 0x1f {
		return tag | Tag(b[0]&0x1f), 1, nil
	}
	n := uint32(0)
	for i := 1; ; i++ {
		if i > 4 {
			return 0, 0, ErrTag
		}
		if len(b) <= i {
			return 0, 0, ErrShort
		}
		n = n<<7 | uint32(b[i]&0x7f)
		if b[i]&0x80 == 0 {
			return tag | Tag(n), i + 1, nil
		}
	}
}

// Next reads the element at the start of *b and moves *b behind it. It gives
// false at the end and when what follows is no whole element.
func Next(b *[]byte) (Element, bool) {
	var e Element
	n, err := Decode(&e, *b)
	if err != nil {
		*b = nil
		return Element{}, false
	}
	*b = (*b)[n:]
	return e, true
}

// Find gives the value of the first element with that tag among those in b,
// nil when there is none. An empty value is not nil.
func Find(b []byte, tag Tag) []byte {
	for {
		e, ok := Next(&b)
		if !ok {
			return nil
		}
		if e.Tag == tag {
			return e.Value
		}
	}
}

// Int gives an INTEGER's value; one of more than eight octets is 0.
func Int(value []byte) int64 {
	if len(value) == 0 || len(value) > 8 {
		return 0
	}
	n := int64(int8(value[0]))
	for _, c := range value[1:] {
		n = n<<8 | int64(c)
	}
	return n
}

// Append appends an element.
func Append(dst []byte, tag Tag, value []byte) []byte {
	dst = appendTag(dst, tag)
	switch n := len(value); {
	case n < 0x80:
		dst = append(dst, byte(n))
	case n < 1<<8:
		dst = append(dst, 0x81, byte(n))
	case n < 1<<16:
		dst = append(dst, 0x82, byte(n>>8), byte(n))
	default:
		dst = binary.BigEndian.AppendUint32(append(dst, 0x84), uint32(n))
	}
	return append(dst, value...)
}

// AppendInt appends an integer with that tag, in as few octets as it needs.
func AppendInt(dst []byte, tag Tag, v int64) []byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(v))
	i := 0
	for i < 7 && (b[i] == 0 && b[i+1] < 0x80 || b[i] == 0xff && b[i+1] >= 0x80) {
		i++
	}
	return Append(dst, tag, b[i:])
}

func appendTag(dst []byte, tag Tag) []byte {
	first := byte(tag>>30)<<6 | byte(tag>>29&1)<<5
	n := tag.Number()
	if n < 0x1f {
		return append(dst, first|byte(n))
	}
	dst = append(dst, first|0x1f)
	started := false
	for shift := 28; shift >= 0; shift -= 7 {
		c := byte(n >> shift & 0x7f)
		if c == 0 && !started && shift > 0 {
			continue
		}
		started = true
		if shift > 0 {
			c |= 0x80
		}
		dst = append(dst, c)
	}
	return dst
}
