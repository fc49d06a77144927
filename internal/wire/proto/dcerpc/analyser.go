package dcerpc

import (
	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// Protocol is DCE/RPC over TCP, on port 135 and wherever the endpoint mapper
// or a bind shows it.
var Protocol = proto.Protocol{
	ID: event.ProtoDCERPC, TCP: true,
	Ports: []uint16{135},
	Probe: probe,
	New:   func() proto.Parser { p := new(parser); p.Reset(); return p },
}

// probe takes a stream whose client begins with a bind of a known transfer
// syntax; calls joined in the middle must be seen from both sides.
func probe(s *proto.Sample) proto.Match {
	best := proto.More
	var u Unit
	for dir := event.ToServer; dir <= event.ToClient; dir++ {
		b := s.Data[dir]
		if len(b) == 0 {
			continue
		}
		if len(b) < HeaderLen {
			if b[0] != 5 || len(b) > 1 && b[1] > 1 {
				return proto.No
			}
			continue
		}
		_, err := Decode(&u, b)
		if err == ErrSyntax || u.Len > 0 && u.Len < HeaderLen {
			return proto.No
		}
		fromServer := u.Type == Response || u.Type == Fault || u.Type == BindAck || u.Type == BindNak || u.Type == AlterResp
		if fromServer != (dir == event.ToClient) || u.Flags&FirstFrag == 0 && !s.Conn.Midstream {
			return proto.No
		}
		if err == ErrShort {
			continue
		}
		if u.Type == Bind || u.Type == AlterContext {
			if !offersTransfer(&u) {
				return proto.No
			}
			return proto.Yes
		}
		if u.Len >= HeaderLen+8 {
			best = proto.Weak
		}
	}
	return best
}

func offersTransfer(u *Unit) bool {
	ok, first := false, true
	complete := u.Contexts(func(ctx *Context) {
		if first {
			ok, first = isTransfer(ctx.Transfer), false
		}
	})
	return complete && ok
}

type parser struct{ session Session }

// Reset makes the parser as new.
func (p *parser) Reset() { p.session.Reset(nil) }

// Data takes whole units, or the beginning of large ones.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	n, err := p.session.Data(c, dir, b)
	if err != nil {
		c.Anomaly(event.ProtoDCERPC, dir, "malformed_unit", "the header or a length in it is impossible")
	}
	return n, err
}

// Gap gives up: units are only found one after the other. At the beginning of
// a flow that was joined in the middle nothing is lost yet.
func (p *parser) Gap(_ *proto.Conn, _ event.Dir, n int) bool { return n == 0 }

// End reports the calls that were never answered.
func (p *parser) End(c *proto.Conn) { p.session.End(c) }
