package coap

import (
	"encoding/binary"
	"errors"
	"slices"
)

// ErrFieldSize says that a token or option is longer than can be written.
var ErrFieldSize = errors.New("coap: a token or option is too long to be encoded")

// Append appends the message to dst, framed for a stream if m.Stream is set,
// and is the inverse of Decode. Options are sorted by their numbers first,
// keeping the order of equal ones. Nothing but lengths is checked: tests and
// the scanner write faulty messages too. A token of more than eight bytes is
// written as RFC 8974 extends it. On error dst is as it was.
func Append(dst []byte, m *Message) ([]byte, error) {
	if len(m.Token) > 269+0xffff {
		return dst, ErrFieldSize
	}
	if !slices.IsSortedFunc(m.Options, byNumber) {
		slices.SortStableFunc(m.Options, byNumber)
	}
	length, err := m.bodySize()
	if err != nil {
		return dst, err
	}
	tkl, longer := nibble(len(m.Token))
	if m.Stream {
		dst = appendFrame(dst, length, tkl)
		dst = append(dst, byte(m.Code))
	} else {
		dst = append(dst, 1<<6|byte(m.Type&3)<<4|tkl, byte(m.Code))
		dst = binary.BigEndian.AppendUint16(dst, m.ID)
	}
	dst = appendExtension(dst, tkl, longer)
	dst = append(dst, m.Token...)
	last := Number(0)
	for _, o := range m.Options {
		d, dx := nibble(int(o.Number - last))
		l, lx := nibble(len(o.Value))
		dst = append(dst, d<<4|l)
		dst = appendExtension(dst, d, dx)
		dst = appendExtension(dst, l, lx)
		dst = append(dst, o.Value...)
		last = o.Number
	}
	if len(m.Payload) > 0 {
		dst = append(append(dst, 0xff), m.Payload...)
	}
	return dst, nil
}

func byNumber(a, b Option) int { return int(a.Number) - int(b.Number) }

// bodySize gives the bytes of options and payload. Of a payload that is still
// to come, Size counts.
func (m *Message) bodySize() (int, error) {
	n, last := 0, Number(0)
	for _, o := range m.Options {
		if len(o.Value) > 269+0xffff {
			return 0, ErrFieldSize
		}
		n += 1 + extensionSize(int(o.Number-last)) + extensionSize(len(o.Value)) + len(o.Value)
		last = o.Number
	}
	if len(m.Payload) > 0 {
		n += 1 + max(len(m.Payload), m.Size)
	}
	return n, nil
}

// nibble gives the four bits for a delta or length and what extends them.
func nibble(v int) (bits byte, extension int) {
	switch {
	case v < 13:
		return byte(v), 0
	case v < 269:
		return 13, v - 13
	}
	return 14, v - 269
}

func extensionSize(v int) int {
	bits, _ := nibble(v)
	return max(int(bits)-12, 0)
}

func appendExtension(b []byte, bits byte, v int) []byte {
	switch bits {
	case 13:
		return append(b, byte(v))
	case 14:
		return binary.BigEndian.AppendUint16(b, uint16(v))
	}
	return b
}

// appendFrame writes the length of a stream message.
func appendFrame(b []byte, length int, tkl byte) []byte {
	switch {
	case length < 65805:
		bits, v := nibble(length)
		return appendExtension(append(b, bits<<4|tkl), bits, v)
	}
	return binary.BigEndian.AppendUint32(append(b, 0xf0|tkl), uint32(length-65805))
}
