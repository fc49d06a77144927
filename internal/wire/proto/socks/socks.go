// Package socks reads the opening of proxied connections: SOCKS 4 and 4a
// (Ying-Da Lee's memoranda), SOCKS 5 (RFC 1928) with passwords (RFC 1929). A
// codec for its messages, and an analyser for who is asked to go where; what is
// carried behind the opening is recognised anew.
//
// The codec may be used by every part of the program.
package socks

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"strconv"
)

// The commands.
const (
	Connect      = 1
	Bind         = 2
	UDPAssociate = 3
)

// The authentication methods of SOCKS 5.
const (
	MethodNone     = 0
	MethodGSSAPI   = 1
	MethodPassword = 2
	MethodRefused  = 0xff
)

// The errors of the decoders.
var (
	ErrShort  = errors.New("socks: incomplete message")
	ErrSyntax = errors.New("socks: malformed message")
)

// Greeting is the first message of SOCKS 5: the methods offered, a view.
type Greeting []byte

// DecodeGreeting reads a greeting and gives its length.
func DecodeGreeting(dst *Greeting, b []byte) (n int, err error) {
	if len(b) < 2 {
		return 0, ErrShort
	}
	if b[0] != 5 || b[1] == 0 {
		return 0, ErrSyntax
	}
	n = 2 + int(b[1])
	if len(b) < n {
		return 0, ErrShort
	}
	*dst = b[2:n]
	return n, nil
}

// Request is a request of either version, or a reply of version 5, which has
// the same form.
type Request struct {
	Version uint8
	Command uint8 // of a reply the result, 0 for success
	Addr    netip.Addr
	Host    []byte // name of the target when it is not given by address; a view
	Port    uint16
	User    []byte // SOCKS 4; a view
}

// Decode reads a request at the beginning of b and gives its length.
func Decode(dst *Request, b []byte) (n int, err error) {
	*dst = Request{}
	if len(b) < 1 {
		return 0, ErrShort
	}
	switch b[0] {
	case 4:
		return dst.version4(b)
	case 5:
		return dst.version5(b)
	}
	return 0, ErrSyntax
}

const maxUser = 256

func (r *Request) version4(b []byte) (int, error) {
	if len(b) > 1 && b[1] != Connect && b[1] != Bind {
		return 0, ErrSyntax
	}
	if len(b) < 9 {
		return 0, ErrShort
	}
	r.Version, r.Command, r.Port = 4, b[1], binary.BigEndian.Uint16(b[2:])
	r.Addr = netip.AddrFrom4([4]byte(b[4:8]))
	n := 8
	text := func() ([]byte, error) {
		i := bytes.IndexByte(b[n:], 0)
		switch {
		case i > maxUser, i < 0 && len(b)-n > maxUser:
			return nil, ErrSyntax
		case i < 0:
			return nil, ErrShort
		}
		s := b[n : n+i]
		n += i + 1
		return s, nil
	}
	var err error
	if r.User, err = text(); err != nil {
		return 0, err
	}
	if b[4] == 0 && b[5] == 0 && b[6] == 0 && b[7] != 0 { // 4a: a name follows
		r.Addr = netip.Addr{}
		if r.Host, err = text(); err != nil {
			return 0, err
		}
		if len(r.Host) == 0 {
			return 0, ErrSyntax
		}
	}
	return n, nil
}

func (r *Request) version5(b []byte) (int, error) {
	const ipv4, name, ipv6 = 1, 3, 4
	if len(b) > 2 && b[2] != 0 {
		return 0, ErrSyntax
	}
	if len(b) < 5 {
		return 0, ErrShort
	}
	r.Version, r.Command = 5, b[1]
	n := 4
	switch b[3] {
	case ipv4:
		n += 4
	case ipv6:
		n += 16
	case name:
		n += 1 + int(b[4])
	default:
		return 0, ErrSyntax
	}
	if len(b) < n+2 {
		return 0, ErrShort
	}
	switch b[3] {
	case ipv4:
		r.Addr = netip.AddrFrom4([4]byte(b[4:8]))
	case ipv6:
		r.Addr = netip.AddrFrom16([16]byte(b[4:20]))
	default:
		r.Host = b[5:n]
	}
	r.Port = binary.BigEndian.Uint16(b[n:])
	return n + 2, nil
}

// AppendTarget appends "host:port".
func (r *Request) AppendTarget(dst []byte) []byte {
	if r.Addr.IsValid() {
		return netip.AddrPortFrom(r.Addr, r.Port).AppendTo(dst)
	}
	dst = append(append(dst, r.Host...), ':')
	return strconv.AppendUint(dst, uint64(r.Port), 10)
}

// Password is the message by which a client proves who it is (RFC 1929). Views.
type Password struct {
	User     []byte
	Password []byte
}

// DecodePassword reads a Password and gives its length.
func DecodePassword(dst *Password, b []byte) (n int, err error) {
	if len(b) < 2 {
		return 0, ErrShort
	}
	if b[0] != 1 {
		return 0, ErrSyntax
	}
	u := 2 + int(b[1])
	if len(b) < u+1 {
		return 0, ErrShort
	}
	n = u + 1 + int(b[u])
	if len(b) < n {
		return 0, ErrShort
	}
	dst.User, dst.Password = b[2:u], b[u+1:n]
	return n, nil
}

// CommandName names a command.
func CommandName(c uint8) string {
	switch c {
	case Connect:
		return "connect"
	case Bind:
		return "bind"
	case UDPAssociate:
		return "udp-associate"
	}
	return "unknown"
}
