// Package netbios reads the NetBIOS session service (RFC 1002 section 4.3): a
// codec for its packets, which also frame SMB directly over TCP (MS-SMB2
// section 2.1), and an analyser for the opening of a session on port 139, after
// which the flow is SMB. Names and datagrams of NetBIOS are not read here.
//
// The codec may be used by every part of the program.
package netbios

import (
	"encoding/binary"
	"errors"
)

// The packet types.
const (
	Message   = 0x00
	Request   = 0x81
	Positive  = 0x82
	Negative  = 0x83
	Retarget  = 0x84
	KeepAlive = 0x85
)

// HeaderLen is the length of a packet's header.
const HeaderLen = 4

// The errors of Decode.
var (
	ErrShort  = errors.New("netbios: incomplete packet")
	ErrSyntax = errors.New("netbios: no session packet")
)

// Packet is a packet of the session service.
type Packet struct {
	Type    uint8
	Len     int    // of the payload: 17 bits over NetBIOS, 24 bits directly over TCP
	Payload []byte // a view into the input, at most Len bytes, as far as it is there
}

// Decode reads the packet at the beginning of b and gives its whole length.
// The payload may be cut short: messages are long.
func Decode(dst *Packet, b []byte) (n int, err error) {
	*dst = Packet{}
	if len(b) < HeaderLen {
		return 0, ErrShort
	}
	dst.Type = b[0]
	dst.Len = int(binary.BigEndian.Uint32(b) & 0xffffff)
	switch dst.Type {
	case Message:
	case Request:
		if dst.Len != 68 {
			return 0, ErrSyntax
		}
	case Positive, KeepAlive:
		if dst.Len != 0 {
			return 0, ErrSyntax
		}
	case Negative:
		if dst.Len != 1 {
			return 0, ErrSyntax
		}
	case Retarget:
		if dst.Len != 6 {
			return 0, ErrSyntax
		}
	default:
		return 0, ErrSyntax
	}
	dst.Payload = b[HeaderLen:min(len(b), HeaderLen+dst.Len)]
	return HeaderLen + dst.Len, nil
}

// Append writes a packet with the payload given; it is the inverse of Decode.
func Append(dst []byte, kind uint8, payload []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(kind)<<24|uint32(len(payload))&0xffffff)
	return append(dst, payload...)
}

// AppendName appends the name in the first-level encoding at the beginning of b
// (RFC 1001 section 14.1) without its padding, gives its suffix and the length
// of the encoding; ok is false when it is none.
func AppendName(dst, b []byte) (name []byte, suffix byte, n int, ok bool) {
	if len(b) < 34 || b[0] != 32 || b[33] != 0 {
		return dst, 0, 0, false
	}
	start := len(dst)
	for i := range 16 {
		hi, lo := b[1+2*i]-'A', b[2+2*i]-'A'
		if hi > 15 || lo > 15 {
			return dst[:start], 0, 0, false
		}
		if c := hi<<4 | lo; i == 15 {
			suffix = c
		} else {
			dst = append(dst, c)
		}
	}
	for len(dst) > start && (dst[len(dst)-1] == ' ' || dst[len(dst)-1] == 0) {
		dst = dst[:len(dst)-1]
	}
	return dst, suffix, 34, true
}

// EncodeName appends name with a suffix in the first-level encoding.
func EncodeName(dst []byte, name string, suffix byte) []byte {
	dst = append(dst, 32)
	for i := range 16 {
		c := byte(' ')
		switch {
		case i == 15:
			c = suffix
		case i < len(name):
			c = name[i]
		}
		dst = append(dst, 'A'+c>>4, 'A'+c&15)
	}
	return append(dst, 0)
}
