package tftp

import (
	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/magic"
)

// Protocol makes one fact of every request, and a fileinfo fact of every
// transfer that was seen. The transfer is a flow of its own, from a port that
// the server chooses to that of the client; both facts have the client's
// address and port as Src.
var Protocol = proto.Protocol{
	ID: event.ProtoTFTP, UDP: true, Ports: []uint16{Port}, Insist: true,
	Probe: probe, New: func() proto.Parser { return new(parser) },
}

// probe says Yes to requests only: the other packets look like anything, and
// count when those of both sides go together.
func probe(s *proto.Sample) proto.Match {
	var m, o Msg
	if _, err := Decode(&m, s.Newest()); err != nil {
		return proto.No
	}
	if m.Op == Read || m.Op == Write {
		if s.Port {
			return proto.Yes
		}
		return proto.Weak
	}
	if !opening(&m) {
		return proto.No
	}
	if !s.Both() {
		return proto.Weak
	}
	if _, err := Decode(&o, s.Data[s.Dir.Other()]); err != nil || !opening(&o) {
		return proto.No
	}
	switch {
	case m.Op == Ack && o.Op == Ack, m.Op == Data && o.Op == Data, m.Op == Oack && o.Op == Oack:
		return proto.No
	}
	return proto.Weak
}

// opening reports whether a transfer begins with such a packet.
func opening(m *Msg) bool {
	switch m.Op {
	case Data:
		return m.Block == 1
	case Ack:
		return m.Block <= 1
	}
	return m.Op == Oack && len(m.Options) > 0
}

// parser follows one transfer: its size and what it begins with.
type parser struct {
	name    []byte // of the request, if it was on this flow
	asker   event.Dir
	known   bool      // asker is known
	active  bool      // data was seen
	done    bool      // the last block was seen
	dir     event.Dir // in which the data goes
	first   uint16    // size of a full block
	block   uint16    // last block
	size    uint64
	content string // a constant of package magic
}

// Data takes one packet.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	c.Message(dir)
	var m Msg
	if _, err := Decode(&m, b); err != nil {
		if c.Wire <= len(b) {
			name := "malformed_packet"
			if err == ErrRequest {
				name = "malformed_request"
			}
			exchange.Anomaly(c, event.ProtoTFTP, dir, name, err.Error())
		}
		return len(b), nil
	}
	switch m.Op {
	case Read, Write:
		p.request(c, dir, &m)
		return len(b), nil
	case Data:
		p.data(c, dir, &m)
	case Error:
		p.give(c)
	}
	if !p.known { // the server sends the first packet of a transfer
		p.asker, p.known = dir.Other(), true
	}
	return len(b), nil
}

func (p *parser) request(c *proto.Conn, dir event.Dir, m *Msg) {
	p.give(c)
	p.asker, p.known, p.done = dir, true, false
	p.name = append(p.name[:0], m.File...)
	f := proto.Emit[event.TFTP](c, dir)
	f.Packet = "read"
	if m.Op == Write {
		f.Packet = "write"
	}
	f.File, f.Mode = identity.Text(c, m.File), identity.Text(c, m.Mode)
	if c.Env.Learn == nil {
		return
	}
	if dir == event.ToServer {
		c.Env.Learn(c.Client, c.ClientPort, c.Transport, event.ProtoTFTP)
	} else {
		c.Env.Learn(c.Server, c.ServerPort, c.Transport, event.ProtoTFTP)
	}
}

func (p *parser) data(c *proto.Conn, dir event.Dir, m *Msg) {
	if !p.known {
		p.asker, p.known = dir.Other(), true
	}
	switch {
	case p.done:
		return // sent again
	case !p.active:
		p.active, p.dir, p.size = true, dir, 0
		p.first, p.content = uint16(len(m.Data)), ""
		if m.Block == 1 {
			p.content = magic.Classify(m.Data)
		}
	case m.Block != p.block+1 || dir != p.dir:
		return // sent again
	}
	p.block = m.Block
	p.size += uint64(len(m.Data))
	if len(m.Data) < int(p.first) || len(m.Data) < 8 {
		p.give(c)
		p.done = true
	}
}

// give makes the fact of a transfer.
func (p *parser) give(c *proto.Conn) {
	if !p.active {
		return
	}
	p.active = false
	f := proto.Emit[event.FileInfo](c, p.asker)
	f.AppProto, f.Filename, f.Magic, f.Size = event.ProtoTFTP, identity.Text(c, p.name), p.content, p.size
	f.Dir = event.ToServer // from who asked
	if p.dir != p.asker {
		f.Dir = event.ToClient
	}
}

// Gap does not happen to datagrams.
func (p *parser) Gap(*proto.Conn, event.Dir, int) bool { return true }

// End makes the fact of a transfer that did not come to its end.
func (p *parser) End(c *proto.Conn) { p.give(c) }

// Reset forgets the flow.
func (p *parser) Reset() { *p = parser{name: p.name[:0]} }
