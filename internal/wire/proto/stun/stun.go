// Package stun recognises STUN messages (RFC 8489, RFC 5389, RFC 3489) and
// those of TURN, counts them, and tells the software that they name.
//
// It punches no holes and follows no call. The packet path uses the analyser;
// scanner and tests may use the codec.
package stun

import (
	"encoding/binary"
	"errors"
)

// What can be wrong with a message.
var (
	ErrShort     = errors.New("message is shorter than its length field")
	ErrType      = errors.New("type does not begin with two zero bits")
	ErrAttribute = errors.New("attribute reaches behind the message")
)

// Cookie is the constant that tells STUN since RFC 5389 from its forerunner.
const Cookie = 0x2112a442

// HeaderLen is the size of the fixed header.
const HeaderLen = 20

// AttrSoftware is the attribute that names the sender's software.
const AttrSoftware = 0x8022

// Class of a message.
type Class uint8

// The classes.
const (
	Request Class = iota
	Indication
	Success
	Failure
)

// Msg is one message. Its slices are views into the bytes it was decoded from.
type Msg struct {
	Class       Class
	Method      uint16
	Classic     bool     // of RFC 3489, without the cookie
	Unpadded    bool     // attributes follow each other without padding, as in [MS-TURN]
	Transaction [16]byte // with the cookie in front
	Attributes  []byte
}

// Decode reads one message and gives the bytes it took.
func Decode(m *Msg, b []byte) (n int, err error) {
	*m = Msg{}
	if len(b) < HeaderLen {
		return 0, ErrShort
	}
	typ, size := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
	if typ&0xc000 != 0 {
		return 0, ErrType
	}
	m.Class = Class(typ>>7&2 | typ>>4&1)
	m.Method = typ>>2&0xf80 | typ>>1&0x70 | typ&0xf
	m.Transaction = [16]byte(b[4:])
	m.Classic, m.Unpadded = binary.BigEndian.Uint32(b[4:]) != Cookie, size%4 != 0
	n = HeaderLen + size
	if len(b) < n {
		return 0, ErrShort
	}
	m.Attributes = b[HeaderLen:n]
	return n, m.EachAttribute(func(uint16, []byte) bool { return true })
}

// EachAttribute calls f for the attributes in their order until it gives false.
func (m *Msg) EachAttribute(f func(typ uint16, value []byte) bool) error {
	for b := m.Attributes; len(b) > 0; {
		if len(b) < 4 {
			return ErrAttribute
		}
		typ, size := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		next := 4 + (size+3)&^3
		if m.Unpadded {
			next = 4 + size
		}
		if len(b) < 4+size {
			return ErrAttribute
		}
		if !f(typ, b[4:4+size]) {
			return nil
		}
		b = b[min(next, len(b)):]
	}
	return nil
}

// Append appends the message; its attributes should be whole words.
func Append(dst []byte, m *Msg) []byte {
	c, t := uint16(m.Class), m.Method
	dst = binary.BigEndian.AppendUint16(dst, c&2<<7|c&1<<4|t&0xf80<<2|t&0x70<<1|t&0xf)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(m.Attributes)))
	dst = append(dst, m.Transaction[:]...)
	return append(dst, m.Attributes...)
}
