// Package tpkt reads and writes ISO transport services on top of TCP: TPKT
// packets (RFC 1006, RFC 2126) and the connection-oriented transport protocol
// in them (ISO 8073, ITU-T X.224 classes 0 to 4). S7comm, MMS and RDP lie on
// top of it.
//
// It is a codec without an analyser: which protocol a connection carries is
// told by what lies above, so the packages of those protocols use this one.
package tpkt

import (
	"encoding/binary"
	"errors"
)

// Port is the registered TCP port.
const Port = 102

// HeaderLen is the length of the TPKT header; a packet holds at least a
// transport header of two octets and a length of its own.
const (
	HeaderLen = 4
	MaxLen    = 65535
	version   = 3
	minLen    = HeaderLen + 3
)

// Errors of the codec.
var (
	ErrShort   = errors.New("tpkt: packet is not complete")
	ErrVersion = errors.New("tpkt: not version 3")
	ErrLength  = errors.New("tpkt: length below the smallest packet")
	ErrTPDU    = errors.New("tpkt: malformed transport protocol data unit")
	ErrTooLong = errors.New("tpkt: joined data longer than the limit")
)

// Decode finds the packet at the start of b. It gives its payload, a view
// into b, and the bytes it took; ErrShort when more are needed.
func Decode(b []byte) (payload []byte, n int, err error) {
	if len(b) > 0 && b[0] != version || len(b) > 1 && b[1] != 0 {
		return nil, 0, ErrVersion
	}
	if len(b) < HeaderLen {
		return nil, 0, ErrShort
	}
	n = int(binary.BigEndian.Uint16(b[2:]))
	if n < minLen {
		return nil, 0, ErrLength
	}
	if len(b) < n {
		return nil, 0, ErrShort
	}
	return b[HeaderLen:n], n, nil
}

// Append writes a packet with that payload behind dst. The payload must leave
// room for the header in MaxLen.
func Append(dst, payload []byte) []byte {
	dst = append(dst, version, 0)
	dst = binary.BigEndian.AppendUint16(dst, uint16(HeaderLen+len(payload)))
	return append(dst, payload...)
}
