package rdp

import (
	"strconv"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/tpkt"
	"edgeward/internal/wire/proto/utf16le"
)

// Protocol is RDP over TCP, on any port.
var Protocol = proto.Protocol{
	ID: event.ProtoRDP, TCP: true,
	Ports: []uint16{3389},
	Probe: probe,
	New:   func() proto.Parser { return new(parser) },
}

const (
	maxCookie = 128
	maxName   = 64
)

// probe takes a stream whose client begins with a connection request that has
// RDP's cookie or negotiation. One without both fits any use of the transport,
// and counts on the registered port.
func probe(s *proto.Sample) proto.Match {
	b := s.Data[event.ToServer]
	payload, _, err := tpkt.Decode(b)
	if err == tpkt.ErrShort && len(s.Data[event.ToClient]) == 0 {
		return proto.More
	}
	var t tpkt.TPDU
	if err != nil || tpkt.DecodeTPDU(&t, payload) != nil || t.Type != tpkt.CR || len(t.Data) > 0 {
		return proto.No
	}
	var r Request
	switch {
	case DecodeRequest(&r, t.Variable):
		return proto.Yes
	case len(t.Variable) == 0 && s.Port:
		return proto.Weak
	}
	return proto.No
}

type parser struct {
	cookie   []byte
	asked    bool // the request was seen
	answered bool
	units    int
}

// Reset makes the parser as new.
func (p *parser) Reset() { *p = parser{cookie: p.cookie[:0]} }

// Data takes whole packets of the opening.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	done := 0
	for done < len(b) {
		payload, n, err := tpkt.Decode(b[done:])
		if err == tpkt.ErrShort {
			break
		}
		var t tpkt.TPDU
		if err != nil || tpkt.DecodeTPDU(&t, payload) != nil {
			if p.answered { // fast-path updates have another header
				return done, tpkt.ErrTPDU
			}
			c.Anomaly(event.ProtoRDP, dir, "malformed_packet", "neither a connection request, a confirm nor data")
			return done, tpkt.ErrTPDU
		}
		c.Message(dir)
		done += n
		switch {
		case t.Type == tpkt.CR && dir == event.ToServer:
			p.request(c, &t)
		case t.Type == tpkt.CC && dir == event.ToClient:
			if p.confirm(c, &t) {
				return done, nil
			}
		case t.Type == tpkt.DT && dir == event.ToServer:
			p.client(c, &t)
		}
	}
	return done, nil
}

func (p *parser) request(c *proto.Conn, t *tpkt.TPDU) {
	var r Request
	if !DecodeRequest(&r, t.Variable) && len(t.Variable) > 0 && c.Errors < 16 {
		c.Anomaly(event.ProtoRDP, event.ToServer, "malformed_negotiation", "neither a cookie nor a negotiation request")
	}
	p.asked = true
	p.cookie = append(p.cookie[:0], r.Cookie[:min(len(r.Cookie), maxCookie)]...)
}

// confirm reports the opening. It reports whether TLS follows.
func (p *parser) confirm(c *proto.Conn, t *tpkt.TPDU) (secure bool) {
	var r Response
	if !DecodeResponse(&r, t.Variable) && c.Errors < 16 {
		c.Anomaly(event.ProtoRDP, event.ToClient, "malformed_negotiation", "no negotiation response or failure")
	}
	p.answered = true
	f := proto.Emit[event.RDP](c, event.ToServer)
	f.Cookie = c.String(p.cookie)
	if r.Failure != 0 {
		f.Failure = FailureName(r.Failure)
		return false
	}
	f.Protocol = ProtocolName(r.Protocol)
	if r.Protocol != ProtocolRDP {
		c.Become(event.ProtoTLS, "")
		return true
	}
	return false
}

// client tells what a client says about itself in its first data unit.
func (p *parser) client(c *proto.Conn, t *tpkt.TPDU) {
	p.units++
	var d Client
	if p.units > 1 || !DecodeClient(&d, t.Data) {
		return
	}
	var name [maxName]byte
	var build [24]byte
	id := event.Identity{Source: "rdp.client", Name: identity.Text(c, utf16le.Append(name[:0], d.Name, maxName))}
	if d.Build != 0 {
		id.Banner = c.String(strconv.AppendUint(append(build[:0], "build "...), uint64(d.Build), 10))
	}
	identity.Tell(c, event.ToServer, &id)
}

// Gap gives up: only the opening tells anything.
func (p *parser) Gap(_ *proto.Conn, _ event.Dir, n int) bool { return n == 0 }

// End reports a request that was never answered.
func (p *parser) End(c *proto.Conn) {
	if p.asked && !p.answered {
		p.answered = true
		f := proto.Emit[event.RDP](c, event.ToServer)
		f.Cookie = c.String(p.cookie)
	}
}
