// Package quic recognises QUIC and reads the opening of its connections: the
// Initial packets of versions 1 and 2 and of the drafts, whose keys follow
// from what is on the wire (RFC 9000, 9001, 9369), and the hello messages of
// Google QUIC. The TLS message in them is read with package tls.
//
// It follows no connection beyond its opening; everything else is encrypted.
// Nothing but the packet path and fingerprinting needs it.
package quic

import (
	"encoding/binary"
	"errors"
	"strconv"
)

// The versions with a name of their own.
const (
	Version1 = 0x00000001
	Version2 = 0x6b3343cf
)

// PacketType is the type of a packet with a long header, whatever bits its
// version writes it in.
type PacketType uint8

// The packet types.
const (
	Initial PacketType = iota
	ZeroRTT
	Handshake
	Retry
	VersionNegotiation
	Short // no long header at all
)

// The errors of Decode.
var (
	ErrShort   = errors.New("quic: not complete")
	ErrHeader  = errors.New("quic: not a QUIC header")
	ErrVersion = errors.New("quic: version is not known")
)

// Header is the part of a packet's header that is not protected (RFC 9000
// section 17.2). All slices are views.
type Header struct {
	Type       PacketType
	Version    uint32
	DCID, SCID []byte
	Token      []byte // of Initial packets
	Versions   []byte // of Version Negotiation packets, four bytes each
	Number     int    // where the protected packet number begins
	Length     int    // length of the whole packet
}

// maxCID is the longest connection id of the versions that are known.
const maxCID = 20

// Decode reads the header of the first packet in a datagram; dst.Length says
// where the next one begins. After ErrVersion the version and the connection
// ids in dst are valid.
func Decode(dst *Header, b []byte) error {
	*dst = Header{Type: Short, Length: len(b)}
	if len(b) == 0 {
		return ErrShort
	}
	if b[0]&0x80 == 0 {
		if b[0]&0x40 == 0 {
			return ErrHeader
		}
		return nil
	}
	r := reader{b: b[1:]}
	dst.Version = r.uint32()
	dst.DCID = r.take(int(r.uint8()))
	dst.SCID = r.take(int(r.uint8()))
	if r.bad {
		return ErrShort
	}
	if len(dst.DCID) > maxCID || len(dst.SCID) > maxCID {
		return ErrHeader
	}
	if dst.Version == 0 {
		dst.Type, dst.Versions = VersionNegotiation, r.b
		return nil
	}
	if !ietf(dst.Version) {
		return ErrVersion
	}
	if b[0]&0x40 == 0 {
		return ErrHeader
	}
	dst.Type = packetType(dst.Version, b[0])
	if dst.Type == Retry {
		return nil
	}
	if dst.Type == Initial {
		dst.Token = r.take(r.varint())
	}
	n := r.varint()
	if r.bad || n > len(r.b) {
		return ErrShort
	}
	dst.Number = len(b) - len(r.b)
	dst.Length = dst.Number + n
	return nil
}

// packetType reads the type bits, which version 2 turned (RFC 9369 section 3.2).
func packetType(version uint32, first byte) PacketType {
	t := first >> 4 & 3
	if version == Version2 || version == version2Draft {
		t = (t + 3) & 3
	}
	return PacketType(t)
}

// VersionName gives a version in words: "1", "2", "draft-29", "Q050"; others as
// hexadecimal numbers.
func VersionName(v uint32) string {
	switch {
	case v == Version1:
		return "1"
	case v == Version2:
		return "2"
	case v>>8 == 0xff0000:
		return "draft-" + strconv.Itoa(int(v&0xff))
	case google(v) || v>>16 == 0x5430:
		return string([]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
	}
	return strconv.FormatUint(uint64(v), 16)
}

// google reports whether a version is written "Q" and three digits.
func google(v uint32) bool {
	digit := func(c uint32) bool { return c&0xff >= '0' && c&0xff <= '9' }
	return v>>24 == 'Q' && v>>16&0xff == '0' && digit(v>>8) && digit(v)
}

// reader takes fields off a packet; after the first that does not fit it gives
// nothing more.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n < 0 || n > len(r.b) {
		r.bad = true
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) uint8() uint8 {
	if v := r.take(1); v != nil {
		return v[0]
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if v := r.take(4); v != nil {
		return binary.BigEndian.Uint32(v)
	}
	return 0
}

// varint takes a number of variable length (RFC 9000 section 16); one that
// would not fit into a packet anyway is bad.
func (r *reader) varint() int {
	v := r.take(1)
	if v == nil {
		return 0
	}
	n := uint64(v[0] & 0x3f)
	for _, c := range r.take(1<<(v[0]>>6) - 1) {
		n = n<<8 | uint64(c)
	}
	if n > 1<<30 {
		r.bad = true
		return 0
	}
	return int(n)
}
