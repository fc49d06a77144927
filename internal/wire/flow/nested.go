package flow

import (
	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// nested recognises and parses a conversation inside another protocol, such
// as MQTT inside WebSocket. Its buffers count against the table's limit.
type nested struct {
	t       *Table
	parser  proto.Parser
	proto   event.Proto
	pending [2][]byte
	skip    [2]uint64
	refused [2]uint64
	probes  int
	deaf    bool
}

// nest makes a nested stream.
func (t *Table) nest() proto.Stream {
	if n := len(t.nests); n > 0 {
		s := t.nests[n-1]
		t.nests = t.nests[:n-1]
		*s = nested{t: t}
		return s
	}
	return &nested{t: t}
}

// Proto gives what the inner protocol was recognised as.
func (n *nested) Proto() event.Proto { return n.proto }

// Data takes bytes of the inner stream.
func (n *nested) Data(c *proto.Conn, dir event.Dir, b []byte) {
	if n.deaf || len(b) == 0 {
		return
	}
	if n.skip[dir] > 0 {
		k := min(n.skip[dir], uint64(len(b)))
		n.skip[dir] -= k
		if b = b[k:]; len(b) == 0 {
			return
		}
	}
	if len(n.pending[dir]) > 0 || n.parser == nil {
		buf := n.t.buffers.grow(n.pending[dir], len(b))
		if buf == nil || len(buf)+len(b) > proto.MaxPending {
			if buf != nil {
				n.pending[dir] = buf
			}
			n.giveUp(c)
			return
		}
		n.pending[dir] = append(buf, b...)
		b = n.pending[dir]
	}
	if n.parser == nil && !n.recognise(c, dir) {
		return
	}
	n.parse(c, dir, b)
}

// recognise probes the stream protocols; on success what waited in the other
// direction is parsed.
func (n *nested) recognise(c *proto.Conn, dir event.Dir) bool {
	s := &proto.Sample{Data: n.pending, Dir: dir, Conn: c}
	r := n.t.cfg.Protocols
	n.probes++
	undecided := false
	for _, i := range r.tcp {
		p := &r.all[i]
		bit := uint64(1) << (i % maxProtocols)
		if p.ID == event.ProtoWebSocket || n.refused[i/maxProtocols&1]&bit != 0 {
			continue
		}
		switch m := p.Probe(s); {
		case m == proto.Yes, m == proto.Weak && s.Both():
			n.attach(p)
			if o := dir.Other(); len(n.pending[o]) > 0 {
				n.parse(c, o, n.pending[o])
			}
			return n.parser != nil
		case m == proto.No:
			n.refused[i/maxProtocols&1] |= bit
		default:
			undecided = true
		}
	}
	if !undecided && s.Both() || n.probes > 2*probeAttempts {
		n.giveUp(c)
	}
	return false
}

func (n *nested) attach(p *proto.Protocol) {
	n.proto, n.parser = p.ID, n.t.takeParser(p)
}

func (n *nested) parse(c *proto.Conn, dir event.Dir, b []byte) {
	outer := c.Messages
	for len(b) > 0 {
		k, err := n.parser.Data(c, dir, b)
		if err != nil {
			n.count(c, outer)
			n.giveUp(c)
			return
		}
		c.Becoming() // a change of protocol inside a nested stream is not followed
		if k > len(b) {
			n.skip[dir], k = uint64(k-len(b)), len(b)
		}
		if k <= 0 {
			break
		}
		b = b[k:]
	}
	n.count(c, outer)
	if len(b) == 0 {
		n.pending[dir] = n.t.buffers.drop(n.pending[dir])
		return
	}
	if len(n.pending[dir]) > 0 {
		n.pending[dir] = n.pending[dir][:copy(n.pending[dir], b)]
		return
	}
	if buf := n.t.buffers.get(len(b)); buf != nil && len(b) <= proto.MaxPending {
		n.pending[dir] = append(buf, b...)
		return
	}
	n.giveUp(c)
}

// count books the inner messages under the inner protocol.
func (n *nested) count(c *proto.Conn, outer [2]uint32) {
	s := &n.t.stats.Protocols[n.proto]
	s.ToServer += uint64(c.Messages[0] - outer[0])
	s.ToClient += uint64(c.Messages[1] - outer[1])
	c.Messages = outer
}

func (n *nested) giveUp(c *proto.Conn) {
	n.deaf = true
	n.free(c)
}

// free ends the parser and gives the buffers back.
func (n *nested) free(c *proto.Conn) {
	if n.parser != nil {
		outer := c.Messages
		n.parser.End(c)
		n.count(c, outer)
		n.parser.Reset()
		n.t.keepParser(n.proto, n.parser)
		n.parser = nil
		n.t.stats.Protocols[n.proto].Flows++
	}
	for d := range n.pending {
		n.pending[d] = n.t.buffers.drop(n.pending[d])
	}
}

// End ends the inner conversation.
func (n *nested) End(c *proto.Conn) {
	n.free(c)
	if len(n.t.nests) < 64 {
		n.t.nests = append(n.t.nests, n)
	}
}
