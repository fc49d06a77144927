package tls

import (
	"encoding/binary"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// SSLv2Hello is a client hello in the format of SSL 2.0, which old clients
// send to servers of any version (RFC 5246 appendix E.2).
type SSLv2Hello struct {
	Version   uint16
	Ciphers   []byte // three bytes each
	SessionID []byte
	Challenge []byte
}

// DecodeSSLv2Hello reads such a message with its record header of two bytes
// and gives its length.
func DecodeSSLv2Hello(dst *SSLv2Hello, b []byte) (n int, err error) {
	if len(b) < 11 {
		return 0, ErrShort
	}
	n = 2 + int(b[0]&0x7f)<<8 + int(b[1])
	ciphers, session, challenge := int(binary.BigEndian.Uint16(b[5:])), int(binary.BigEndian.Uint16(b[7:])), int(binary.BigEndian.Uint16(b[9:]))
	version := binary.BigEndian.Uint16(b[3:])
	if b[0]&0x80 == 0 || b[2] != 1 || version != SSL20 && version>>8 != 3 || version > TLS12 ||
		ciphers == 0 || ciphers%3 != 0 || session != 0 && session != 16 || challenge < 16 || challenge > 32 ||
		n != 11+ciphers+session+challenge {
		return 0, ErrRecord
	}
	if len(b) < n {
		return 0, ErrShort
	}
	b = b[11:n]
	*dst = SSLv2Hello{version, b[:ciphers], b[ciphers : ciphers+session], b[ciphers+session:]}
	return n, nil
}

// probeSSLv2 looks for an SSL 2.0 client hello.
func probeSSLv2(b []byte) proto.Match {
	if len(b) > 0 && b[0]&0x80 == 0 || len(b) > 2 && b[2] != 1 || len(b) > 3 && b[3] != 0 && b[3] != 3 {
		return proto.No
	}
	var h SSLv2Hello
	switch _, err := DecodeSSLv2Hello(&h, b); err {
	case nil:
		return proto.Yes
	case ErrShort:
		return proto.More
	}
	return proto.No
}

// sslv2Hello takes the client's hello. What the server chooses comes in a TLS
// record, or in SSL 2.0 when it knows nothing newer.
func (p *parser) sslv2Hello(c *proto.Conn, b []byte) int {
	var h SSLv2Hello
	n, err := DecodeSSLv2Hello(&h, b)
	if err != nil {
		return 0
	}
	c.Message(event.ToServer)
	p.hs = newHandshake()
	p.hs.client, p.hs.sslv2 = true, true
	p.hs.offered = h.Version
	p.lost[event.ToServer] = h.Version == SSL20
	return n
}

// sslv2Rest takes what follows in SSL 2.0: the server's hello tells that the
// version was taken, the rest is of no interest.
func (p *parser) sslv2Rest(c *proto.Conn, dir event.Dir, b []byte) int {
	if dir == event.ToClient && !p.hs.server {
		if len(b) < 11 {
			return 0
		}
		if b[0]&0x80 != 0 && b[2] == 4 && binary.BigEndian.Uint16(b[5:]) == SSL20 {
			c.Message(dir)
			p.hs.server, p.hs.version = true, SSL20
		}
	}
	p.lost[dir] = true
	return len(b)
}
