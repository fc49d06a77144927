// Package mysql recognises the protocol of MySQL and MariaDB by its opening
// (MySQL internals manual, "Connection Phase"): a codec for the greeting and the
// client's answer, and an analyser for what the server is and who logs in.
// Queries are not read.
//
// The codec may be used by every part of the program.
package mysql

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// The capability flags that matter here.
const (
	capSSL        = 1 << 11
	capProtocol41 = 1 << 9
)

// HeaderLen is the length of a packet's header: three bytes of length, one of
// sequence.
const HeaderLen = 4

// The errors of the decoders.
var (
	ErrShort  = errors.New("mysql: incomplete packet")
	ErrSyntax = errors.New("mysql: malformed packet")
)

// Decode reads the packet at the beginning of b: its payload, as far as it is
// there, its sequence number and its whole length.
func Decode(b []byte) (payload []byte, seq uint8, n int, err error) {
	if len(b) < HeaderLen {
		return nil, 0, 0, ErrShort
	}
	size := int(b[0]) | int(b[1])<<8 | int(b[2])<<16
	return b[HeaderLen:min(len(b), HeaderLen+size)], b[3], HeaderLen + size, nil
}

// Greeting is what a server says first (HandshakeV10).
type Greeting struct {
	Version []byte // a view
}

// DecodeGreeting reads the payload of a greeting.
func DecodeGreeting(dst *Greeting, payload []byte) error {
	*dst = Greeting{}
	if len(payload) < 30 || payload[0] != 10 {
		return ErrSyntax
	}
	end := bytes.IndexByte(payload[1:min(len(payload), 80)], 0)
	if end < 3 {
		return ErrSyntax
	}
	dst.Version = payload[1 : 1+end]
	for _, c := range dst.Version {
		if c <= ' ' || c >= 0x7f {
			return ErrSyntax
		}
	}
	if dst.Version[0] < '0' || dst.Version[0] > '9' {
		return ErrSyntax
	}
	// thread, eight bytes of the challenge, then a filler that is zero
	if filler := 1 + end + 1 + 4 + 8; filler >= len(payload) || payload[filler] != 0 {
		return ErrSyntax
	}
	return nil
}

// Login is the client's answer to a greeting (HandshakeResponse41).
type Login struct {
	User []byte // a view; nil in a request for TLS
	TLS  bool   // TLS begins behind this packet
}

// DecodeLogin reads the payload of the client's first packet.
func DecodeLogin(dst *Login, payload []byte) error {
	*dst = Login{}
	if len(payload) < 4 {
		return ErrSyntax
	}
	flags := binary.LittleEndian.Uint32(payload)
	if flags&capProtocol41 == 0 {
		return dst.old(payload)
	}
	if len(payload) < 32 {
		return ErrSyntax
	}
	if len(payload) == 32 {
		if flags&capSSL == 0 {
			return ErrSyntax
		}
		dst.TLS = true
		return nil
	}
	end := bytes.IndexByte(payload[32:], 0)
	if end < 0 {
		return ErrSyntax
	}
	dst.User = payload[32 : 32+end]
	return nil
}

// old reads the answer of clients before version 4.1.
func (l *Login) old(payload []byte) error {
	if len(payload) == 4 || len(payload) == 5 {
		l.TLS = binary.LittleEndian.Uint16(payload)&capSSL != 0
		if l.TLS {
			return nil
		}
		return ErrSyntax
	}
	if len(payload) < 6 {
		return ErrSyntax
	}
	end := bytes.IndexByte(payload[5:], 0)
	if end < 0 {
		return ErrSyntax
	}
	l.User = payload[5 : 5+end]
	return nil
}
