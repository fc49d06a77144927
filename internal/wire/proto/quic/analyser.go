package quic

import (
	"encoding/binary"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/tls"
)

// Protocol describes QUIC over UDP.
var Protocol = proto.Protocol{
	ID:    event.ProtoQUIC,
	UDP:   true,
	Ports: []uint16{443, 80, 784, 853, 8443, 8853},
	Probe: probe,
	New:   func() proto.Parser { return new(parser) },
}

// minInitial is the size below which no datagram with a client's Initial
// packet may be (RFC 9000 section 14.1).
const minInitial = 1200

// probe wants a packet with a long header of a version that is known, a
// version negotiation that offers one, or a packet of Google QUIC with its
// version.
func probe(s *proto.Sample) proto.Match {
	b := s.Newest()
	if _, _, ok := googleHeader(b); ok && len(b) >= 20 {
		return proto.Yes
	}
	if len(b) == 0 || b[0]&0x80 == 0 {
		return proto.No
	}
	var h Header
	if Decode(&h, b) != nil {
		return proto.No
	}
	switch h.Type {
	case VersionNegotiation:
		if s.Dir == event.ToClient && offersKnown(h.Versions) {
			return proto.Yes
		}
	case Initial:
		if h.Length-h.Number < 4+16 || s.Dir == event.ToServer && (len(b) < minInitial || len(h.DCID) < 8) {
			return proto.No
		}
		return proto.Yes
	case Retry:
		if len(h.SCID) > 0 && len(b) > 7+len(h.DCID)+len(h.SCID)+16 && s.Dir == event.ToClient {
			return proto.Yes
		}
	default:
		if h.Length-h.Number >= 4+16 {
			return proto.Yes
		}
	}
	return proto.No
}

func offersKnown(versions []byte) bool {
	if len(versions) == 0 || len(versions)%4 != 0 {
		return false
	}
	for ; len(versions) > 0; versions = versions[4:] {
		if v := binary.BigEndian.Uint32(versions); ietf(v) || google(v) {
			return true
		}
	}
	return false
}

// maxOpened bounds how many packets of a flow are decrypted: a hello message
// is in the first two or three.
const maxOpened = 16

// parser reads the opening of one connection.
type parser struct {
	version uint32
	keys    *Keys
	crypto  cryptoStream
	opened  int
	done    bool // the fact is made
}

// Data takes the packets of one datagram.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	n := len(b)
	if p.version == 0 || google(p.version) {
		if version, hello, ok := googleHeader(b); ok {
			c.Message(dir)
			p.google(c, dir, version, b, hello)
			return n, nil
		}
	}
	for len(b) > 0 {
		var h Header
		err := Decode(&h, b)
		c.Message(dir)
		if err != nil {
			break
		}
		if h.Type == Initial && dir == event.ToServer && !p.done {
			p.initial(c, b[:h.Length], &h)
		}
		if p.version == 0 && h.Type != Short {
			p.version = h.Version
		}
		b = b[h.Length:]
	}
	return n, nil
}

// google takes a packet of Google QUIC.
func (p *parser) google(c *proto.Conn, dir event.Dir, version uint32, b []byte, hello int) {
	p.version = version
	var h GoogleHello
	if p.done || dir != event.ToServer || hello == 0 || DecodeGoogleHello(&h, b[hello:]) != nil {
		return
	}
	p.googleFact(c, &h)
}

func (p *parser) googleFact(c *proto.Conn, h *GoogleHello) {
	f := p.fact(c)
	f.SNI = identity.Text(c, h.ServerName)
	f.UserAgent = identity.Text(c, h.UserAgent)
}

// initial opens a client's Initial packet and looks whether the hello message
// has come.
func (p *parser) initial(c *proto.Conn, packet []byte, h *Header) {
	if p.opened == maxOpened {
		return
	}
	p.opened++
	payload, err := p.open(c, packet, h)
	if err != nil {
		return
	}
	p.version = h.Version
	if h.Version == q050 {
		p.crypto.googleFrames(payload)
		var hello GoogleHello
		if DecodeGoogleHello(&hello, p.crypto.ready()) == nil {
			p.googleFact(c, &hello)
		}
		return
	}
	p.crypto.frames(payload)
	m := p.crypto.ready()
	if len(m) < 4 || tls.MessageType(m[0]) != tls.ClientHelloType {
		return
	}
	end := 4 + (int(m[1])<<16 | int(m[2])<<8 | int(m[3]))
	var hello tls.ClientHello
	if len(m) < end || tls.DecodeClientHello(&hello, m[4:end], false) != nil {
		return
	}
	p.tlsFact(c, &hello)
}

// open takes the protection off. The keys follow from the first packet of the
// connection, and anew after a Retry. A damaged packet counts when a hello
// message begins in it.
func (p *parser) open(c *proto.Conn, packet []byte, h *Header) ([]byte, error) {
	scratch := c.Scratch(len(packet))
	if p.keys != nil && h.Version == p.version {
		if payload, err := p.keys.Open(scratch, packet, h); err == nil {
			return payload, nil
		}
	}
	keys, err := ClientKeys(h.Version, h.DCID)
	if err != nil {
		return nil, err
	}
	payload, err := keys.Open(scratch, packet, h)
	if err == ErrProtected && beginsHello(payload) {
		err = nil
	}
	if err == nil {
		p.keys = keys
		p.crypto.reset()
	}
	return payload, err
}

// beginsHello reports whether a payload begins with the CRYPTO frame that a
// client hello begins with.
func beginsHello(b []byte) bool {
	r := reader{b: b}
	if r.uint8() != 6 || r.varint() != 0 || r.varint() < 40 || r.bad || len(r.b) < 6 {
		return false
	}
	return r.b[0] == 1 && r.b[1] == 0 && r.b[4] == 3 && r.b[5] == 3
}

// tlsFact makes the fact of a connection with TLS.
func (p *parser) tlsFact(c *proto.Conn, hello *tls.ClientHello) {
	f := p.fact(c)
	f.SNI = identity.Text(c, hello.ServerName)
	for name, rest := tls.NextALPN(hello.ALPN); name != nil && len(f.ALPN) < 32; name, rest = tls.NextALPN(rest) {
		f.ALPN = append(f.ALPN, identity.Text(c, name))
	}
	sum := hello.JA3()
	f.JA3 = c.Hex(sum[:])
	var ja4 [tls.JA4Len]byte
	f.JA4 = c.String(hello.AppendJA4(ja4[:0], tls.OverQUIC))
	f.UserAgent = identity.Text(c, userAgent(hello.QUICParameters))
}

// userAgent finds the transport parameter in which Chromium names itself.
func userAgent(parameters []byte) []byte {
	r := reader{b: parameters}
	for len(r.b) > 0 && !r.bad {
		id := r.varint()
		if v := r.take(r.varint()); id == 0x3129 {
			return v
		}
	}
	return nil
}

// fact makes the connection's fact, once.
func (p *parser) fact(c *proto.Conn) *event.QUIC {
	p.done, p.keys = true, nil
	p.crypto = cryptoStream{}
	f := proto.Emit[event.QUIC](c, event.ToServer)
	f.Version = VersionName(p.version)
	return f
}

// Gap never comes for datagrams.
func (p *parser) Gap(*proto.Conn, event.Dir, int) bool { return true }

// End makes a fact of a connection whose hello message was not read.
func (p *parser) End(c *proto.Conn) {
	if !p.done && p.version != 0 {
		p.fact(c)
	}
}

// Reset makes the parser as new.
func (p *parser) Reset() { *p = parser{} }
