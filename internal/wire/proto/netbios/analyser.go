package netbios

import (
	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// Protocol is the opening of a NetBIOS session.
var Protocol = proto.Protocol{
	ID: event.ProtoNetBIOSSession, TCP: true,
	Ports: []uint16{139},
	Probe: probe,
	New:   func() proto.Parser { return new(parser) },
}

// probe takes a stream whose client begins with a session request.
func probe(s *proto.Sample) proto.Match {
	b := s.Data[event.ToServer]
	var p Packet
	n, err := Decode(&p, b)
	switch {
	case err == ErrShort && (len(b) == 0 || b[0] == Request):
		return proto.More
	case err != nil || p.Type != Request:
		return proto.No
	case len(b) < n:
		return proto.More
	}
	var buf [32]byte
	if _, _, ok := names(buf[:0], &p); !ok {
		return proto.No
	}
	return proto.Yes
}

// names appends the called and the calling name of a session request to buf.
func names(buf []byte, p *Packet) (called, calling []byte, ok bool) {
	called, _, n, ok := AppendName(buf, p.Payload)
	if !ok {
		return nil, nil, false
	}
	calling, _, _, ok = AppendName(called[len(called):], p.Payload[n:])
	return called, calling, ok
}

type parser struct {
	called []byte
}

// Reset makes the parser as new.
func (p *parser) Reset() { p.called = p.called[:0] }

// Data takes the request and its answer.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	var pkt Packet
	n, err := Decode(&pkt, b)
	switch {
	case err == ErrShort:
		return 0, nil
	case err != nil:
		c.Anomaly(event.ProtoNetBIOSSession, dir, "malformed_packet", "type or length is impossible")
		return 0, err
	}
	if pkt.Type == Message { // the answer was not seen; the session is there
		c.Become(event.ProtoSMB, "")
		return 0, nil
	}
	if len(b) < n {
		return 0, nil
	}
	c.Message(dir)
	switch {
	case pkt.Type == Request && dir == event.ToServer:
		var buf [32]byte
		called, calling, ok := names(buf[:0], &pkt)
		if !ok {
			c.Anomaly(event.ProtoNetBIOSSession, dir, "malformed_name", "a name of a session request")
			break
		}
		p.called = append(p.called[:0], called...)
		f := proto.Emit[event.Identity](c, dir)
		f.Source, f.Name = "netbios.session", c.String(calling)
	case pkt.Type == Positive && dir == event.ToClient:
		if len(p.called) > 0 && string(p.called) != "*SMBSERVER" {
			f := proto.Emit[event.Identity](c, dir)
			f.Source, f.Name = "netbios.session", c.String(p.called)
		}
		c.Become(event.ProtoSMB, "")
	}
	return n, nil
}

// Gap gives up, unless the flow was only joined in the middle.
func (p *parser) Gap(_ *proto.Conn, _ event.Dir, n int) bool { return n == 0 }

// End has nothing to report.
func (p *parser) End(*proto.Conn) {}
