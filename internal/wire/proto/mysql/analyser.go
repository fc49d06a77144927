package mysql

import (
	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
)

// Protocol is MySQL over TCP.
var Protocol = proto.Protocol{
	ID: event.ProtoMySQL, TCP: true,
	Ports: []uint16{3306},
	Probe: probe,
	New:   func() proto.Parser { return new(parser) },
}

const (
	maxName    = 128
	maxOpening = 4096 // of a packet of the opening
)

// probe takes a stream whose server begins with a greeting.
func probe(s *proto.Sample) proto.Match {
	b := s.Data[event.ToClient]
	if len(b) == 0 {
		if len(s.Data[event.ToServer]) > 0 {
			return proto.No // servers speak first
		}
		return proto.More
	}
	payload, seq, n, err := Decode(b)
	switch {
	case err == ErrShort:
		return proto.More
	case seq != 0, n < 40, n > 400, len(payload) > 0 && payload[0] != 10 && payload[0] != 0xff:
		return proto.No
	case len(b) < n:
		return proto.More
	}
	var g Greeting
	if DecodeGreeting(&g, payload) != nil {
		return proto.No
	}
	return proto.Yes
}

type step uint8

const (
	greeting step = iota
	answer
	verdict
	inside
)

type parser struct {
	step step
	user []byte
}

// Reset makes the parser as new.
func (p *parser) Reset() { *p = parser{user: p.user[:0]} }

// Data takes the packets of the opening; all others are skipped.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	done := 0
	for done < len(b) {
		payload, _, n, err := Decode(b[done:])
		if err != nil {
			break
		}
		if p.step != inside && n <= maxOpening && len(b)-done < n {
			break
		}
		c.Message(dir)
		done += n
		if p.step != inside && n <= maxOpening && p.opening(c, dir, payload) {
			break
		}
	}
	return done, nil
}

// opening handles a packet of the opening. It reports whether TLS follows.
func (p *parser) opening(c *proto.Conn, dir event.Dir, payload []byte) (secure bool) {
	if len(payload) == 0 {
		return false
	}
	switch {
	case p.step == greeting && dir == event.ToClient:
		var g Greeting
		if DecodeGreeting(&g, payload) == nil {
			identity.Tell(c, dir, &event.Identity{Source: "mysql.greeting", Banner: identity.Text(c, g.Version)})
		}
		p.step = answer
	case p.step == answer && dir == event.ToServer:
		var l Login
		if DecodeLogin(&l, payload) != nil {
			if c.Errors < 16 {
				c.Anomaly(event.ProtoMySQL, dir, "malformed_login", "no answer to a greeting")
			}
			p.step = inside
			return false
		}
		if l.TLS {
			c.Become(event.ProtoTLS, "")
			return true
		}
		p.user, p.step = append(p.user[:0], l.User[:min(len(l.User), maxName)]...), verdict
	case p.step == verdict && dir == event.ToClient:
		switch payload[0] { // others ask for another proof, or more of it
		case 0x00:
			p.settle(c, "success")
		case 0xff:
			p.settle(c, "failure")
		}
	}
	return false
}

func (p *parser) settle(c *proto.Conn, outcome string) {
	p.step = inside
	f := proto.Emit[event.Login](c, event.ToServer)
	f.Service, f.Outcome, f.Mechanism, f.User = event.ProtoMySQL, outcome, "challenge", c.String(p.user)
}

// Gap gives up the opening; behind it nothing is read.
func (p *parser) Gap(_ *proto.Conn, _ event.Dir, n int) bool { return n == 0 }

// End reports a login that was never answered.
func (p *parser) End(c *proto.Conn) {
	if p.step == verdict {
		p.settle(c, "unknown")
	}
}
