package p2p

import (
	"encoding/binary"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// Discovery is a packet of Ethereum's node discovery, version 4 (devp2p,
// discv4.md): a hash, a signature, a type and a list in RLP.
type Discovery struct {
	Type uint8 // 1 ping, 2 pong, 3 find node, 4 neighbours, 5 ENR request, 6 ENR response
}

// DecodeDiscovery reads the packet that fills b.
func DecodeDiscovery(dst *Discovery, b []byte) error {
	const head = 32 + 65 + 1
	if len(b) < head+3 || len(b) > 1280 || b[96] > 1 || b[97] < 1 || b[97] > 6 {
		return ErrSyntax
	}
	items, rest, ok := rlpList(b[head:])
	if !ok {
		return ErrSyntax
	}
	// Packets may have bytes behind the list, for later versions; in practice
	// they have none or few.
	if len(rest) > 64 {
		return ErrSyntax
	}
	want := [...]int{1: 4, 2: 3, 3: 2, 4: 2, 5: 1, 6: 2}[b[97]]
	count, last := 0, 0
	for len(items) > 0 {
		n, body, ok := rlpItem(items)
		if !ok {
			return ErrSyntax
		}
		items = items[n:]
		count++
		last = body
	}
	if count < want || (b[97] == 3 || b[97] == 4 || b[97] == 5) && (last < 4 || last > 8) { // the last is the expiry, a time
		return ErrSyntax
	}
	dst.Type = b[97]
	return nil
}

// rlpList gives the items of the list at the beginning of b and what follows it.
func rlpList(b []byte) (items, rest []byte, ok bool) {
	if len(b) == 0 || b[0] < 0xc0 {
		return nil, nil, false
	}
	n, body, ok := rlpItem(b)
	if !ok {
		return nil, nil, false
	}
	return b[n-body : n], b[n:], true
}

// rlpItem gives the length of the item at the beginning of b, with and without
// its prefix (Ethereum yellow paper, appendix B).
func rlpItem(b []byte) (n, body int, ok bool) {
	if len(b) == 0 {
		return 0, 0, false
	}
	c := int(b[0])
	if c < 0x80 {
		return 1, 1, true
	}
	short, long := 0x80, 0xb7
	if c >= 0xc0 {
		short, long = 0xc0, 0xf7
	}
	if c <= long {
		body = c - short
		n = 1 + body
	} else {
		k := c - long
		if k > 2 || len(b) < 1+k {
			return 0, 0, false
		}
		for _, d := range b[1 : 1+k] {
			body = body<<8 | int(d)
		}
		if body < 56 {
			return 0, 0, false
		}
		n = 1 + k + body
	}
	return n, body, n <= len(b)
}

// handshakeRLPx reports whether b is the first message of one side of an RLPx
// session in the form of EIP-8: a length, then an encrypted envelope that
// begins with a public key on the curve, uncompressed. ErrShort means that it
// may become one.
func handshakeRLPx(b []byte) error {
	if len(b) < 3 {
		return ErrShort
	}
	n := int(binary.BigEndian.Uint16(b))
	if b[2] != 0x04 || n < 180 || n > 2048 || len(b) > 2+n {
		return ErrSyntax
	}
	if len(b) < 2+n {
		return ErrShort
	}
	return nil
}

// Ethereum is devp2p: node discovery over UDP and sessions over TCP.
var Ethereum = proto.Protocol{
	ID: event.ProtoEthereum, TCP: true, UDP: true,
	Ports: []uint16{30303, 30301, 30304},
	Probe: probeEthereum,
	New:   func() proto.Parser { return new(devp2p) },
}

// probeEthereum takes discovery packets for what they are. The first message
// of a session has three bytes that tell; it counts on a customary port, or
// when both sides sent one.
func probeEthereum(s *proto.Sample) proto.Match {
	if s.Conn.Transport != overTCP {
		var d Discovery
		if DecodeDiscovery(&d, s.Newest()) != nil {
			return proto.No
		}
		return proto.Yes
	}
	client, server := s.Data[event.ToServer], s.Data[event.ToClient]
	if len(client) == 0 {
		if len(server) > 0 {
			return proto.No
		}
		return proto.More
	}
	switch handshakeRLPx(client) {
	case ErrShort:
		return proto.More
	case nil:
	default:
		return proto.No
	}
	if len(server) == 0 {
		if s.Port {
			return proto.Weak
		}
		return proto.More
	}
	// The acknowledgement may have the session's first frame behind it.
	if len(server) < 3 {
		return proto.More
	}
	if n := int(binary.BigEndian.Uint16(server)); server[2] == 0x04 && n >= 180 && n <= 2048 && len(server) >= 2+n {
		return proto.Yes
	}
	return proto.No
}

var discoveryNames = [...]string{1: "ping", 2: "pong", 3: "find node", 4: "neighbours", 5: "record request", 6: "record response"}

type devp2p struct {
	fact report
	seen [2]bool
}

// Reset makes the parser as new.
func (p *devp2p) Reset() { *p = devp2p{} }

// Data takes packets; a session is encrypted and only counted.
func (p *devp2p) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	if c.Transport == overTCP {
		if !p.seen[dir] {
			p.seen[dir] = true
			c.Message(dir)
			p.fact.emit(c, dir, "ethereum", []byte("rlpx"))
		}
		return len(b), nil
	}
	var d Discovery
	if DecodeDiscovery(&d, b) == nil {
		c.Message(dir)
		p.fact.emit(c, dir, "ethereum", []byte(discoveryNames[d.Type]))
	}
	return len(b), nil
}

// Gap loses nothing: sessions are encrypted.
func (p *devp2p) Gap(*proto.Conn, event.Dir, int) bool { return true }

// End has nothing to report.
func (p *devp2p) End(*proto.Conn) {}
