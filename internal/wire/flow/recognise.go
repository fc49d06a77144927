package flow

import (
	"edgeward/internal/event"
	"edgeward/internal/wire/decode"
	"edgeward/internal/wire/proto"
)

// Limits of recognition.
const (
	probeBytes     = 4096 // of one direction of a stream
	probeAttempts  = 6    // per direction
	maxHeld        = 4    // datagrams kept until their protocol is known
	maxHeldBytes   = 6 << 10
	messagesKnown  = 1 // messages without error after which an endpoint is recognised
	holdDatagramTo = 2048
	maxIdleHeld    = 256 // lists of datagrams kept for the next flow
)

// held is a datagram that waits for recognition.
type held struct {
	dir    event.Dir
	time   int64
	packet uint64
	offset int64
	data   []byte
}

// connFor fills the table's Conn for a call about f.
func (t *Table) connFor(f *flow) *proto.Conn {
	c := &t.conn
	c.Place = f.key.place()
	c.Flow = f.id
	c.Transport = f.Transport()
	c.Client, c.ClientPort = f.Client()
	c.Server, c.ServerPort = f.Server()
	c.ClientMAC, c.ServerMAC = f.mac[0], f.mac[1]
	c.VLAN = f.vlan
	c.Start = f.first
	c.Midstream, c.Closed, c.Within = f.midstream, f.state == stateClosed, event.ProtoUnknown
	c.Time, c.Packet, c.Offset, c.Capture = f.last, f.lastPacket, f.lastOffset, f.capture
	c.TTL, c.Wire = 0, 0
	if t.pkt != nil && t.pkt.Number == f.lastPacket {
		c.TTL, c.Wire = t.pkt.TTL, int(t.pkt.PayloadLen)
	}
	c.Note = f.note
	c.Tx, c.Messages, c.Errors = f.tx, f.messages, f.errors
	c.Registered = f.atHome && f.proto != event.ProtoUnknown
	return c
}

// portRegistered reports whether the server's port is one of p's.
func (t *Table) portRegistered(f *flow, p event.Proto) bool {
	for _, i := range t.cfg.Protocols.onPort(f.Transport() == protoTCP, f.serverPort()) {
		if t.cfg.Protocols.all[i].ID == p {
			return true
		}
	}
	return false
}

// afterParser takes back what a parser counted, shows new facts to the
// inspector and tells the endpoint table what has proved itself.
func (t *Table) afterParser(f *flow, c *proto.Conn) {
	before := f.messages
	f.tx, f.messages, f.errors = c.Tx, c.Messages, c.Errors
	s := &t.stats.Protocols[f.proto]
	s.ToServer += uint64(f.messages[0] - before[0])
	s.ToClient += uint64(f.messages[1] - before[1])
	if before[0]+before[1] < messagesKnown && f.messages[0]+f.messages[1] >= messagesKnown && f.errors == 0 && f.pkts[0] > 0 && f.pkts[1] > 0 && t.cfg.Protocols.byID[f.proto].Probe != nil {
		server, port := f.Server()
		t.learned = append(t.learned, Learned{endpoint: endpoint{c.Place, server.As16(), port, c.Transport}, proto: f.proto})
	}
}

// attach makes p the flow's protocol and gives it a parser.
func (t *Table) attach(f *flow, p *proto.Protocol) {
	f.proto, f.parser = p.ID, t.takeParser(p)
	f.atHome = t.portRegistered(f, p.ID)
}

// putParser takes the parser off and keeps it for another flow. A flow whose
// parser never understood anything was not of that protocol.
func (t *Table) putParser(f *flow) {
	f.parser.Reset()
	t.keepParser(f.proto, f.parser)
	f.parser = nil
	t.stats.Protocols[f.proto].Errors += uint64(f.errors)
	if f.messages[0]+f.messages[1] == 0 {
		f.proto = event.ProtoUnknown
	}
}

// become changes the parser in the middle of a flow.
func (t *Table) become(f *flow, c *proto.Conn, dir event.Dir, rest []byte, next event.Proto) {
	note := c.Note
	t.afterParser(f, c)
	f.parser.End(c)
	t.afterParser(f, c)
	t.putParser(f)
	f.note = note
	// What waits in each direction is the new protocol's.
	data := append([]byte(nil), rest...)
	if h := f.half[dir]; h != nil {
		h.pending = t.buffers.drop(h.pending)
		t.dropHalf(f, dir)
	}
	f.refused, f.probes, f.midstream = [2]uint64{}, [2]uint8{}, false
	if p := t.cfg.Protocols.byID[next]; p != nil {
		t.attach(f, p)
	}
	other := dir.Other()
	if h := f.half[other]; h != nil && len(h.pending) > 0 {
		waiting := append([]byte(nil), h.pending...)
		h.pending = t.buffers.drop(h.pending)
		t.dropHalf(f, other)
		t.deliver(f, other, waiting)
	}
	if len(data) > 0 {
		t.deliver(f, dir, data)
	}
}

// recogniseStream looks at the beginning of a stream. data holds all bytes of
// the direction so far.
func (t *Table) recogniseStream(f *flow, dir event.Dir, data []byte) {
	if !f.hasFirst {
		f.hasFirst, f.firstDir = true, dir
	}
	if t.announced(f) {
		t.begin(f, dir, data)
		return
	}
	s := &t.sample
	*s = proto.Sample{Dir: dir, Conn: t.connFor(f)}
	s.Data[dir] = data
	if o := f.half[dir.Other()]; o != nil {
		s.Data[dir.Other()] = o.pending
	}
	f.probes[dir]++
	p, undecided := t.probe(f, s, t.cfg.Protocols.tcp, true)
	if p == nil && (!undecided || f.probes[dir] > probeAttempts || len(data) > probeBytes) {
		p = t.byEndpoint(f, true)
		// The other side may still tell, as long as little has come.
		waits := (!s.Both() || undecided) && f.probes[dir] <= probeAttempts && len(data) <= probeBytes
		if p == nil && !waits {
			f.deaf = true
			t.release(f)
			return
		}
	}
	if p == nil {
		t.keepWaiting(f, dir, data)
		return
	}
	t.start(f, p, dir, data)
}

// keepWaiting makes sure that data stays for the next look.
func (t *Table) keepWaiting(f *flow, dir event.Dir, data []byte) {
	if h := f.half[dir]; h != nil && len(h.pending) > 0 {
		return
	}
	t.hold(f, dir, data)
}

// start gives the parser all that came before it was known, in the order in
// which the directions began.
func (t *Table) start(f *flow, p *proto.Protocol, dir event.Dir, data []byte) {
	t.attach(f, p)
	t.begin(f, dir, data)
}

// begin is start for a flow that has its parser.
func (t *Table) begin(f *flow, dir event.Dir, data []byte) {
	if f.midstream {
		for d := event.ToServer; d <= event.ToClient; d++ {
			if !f.parser.Gap(t.connFor(f), d, 0) {
				t.giveUp(f, t.connFor(f))
				return
			}
		}
	}
	other := dir.Other()
	h := f.half[other]
	waiting := h != nil && len(h.pending) > 0
	if waiting && f.firstDir == other {
		t.parse(f, other, h.pending)
		waiting = false
	}
	if f.parser != nil && !f.deaf {
		t.parse(f, dir, data)
	}
	if h = f.half[other]; waiting && h != nil && f.parser != nil && !f.deaf && len(h.pending) > 0 {
		t.parse(f, other, h.pending)
	}
}

// probe asks the candidates: those at home on the port first, then the rest.
// It gives the protocol, or whether it is worth asking again with more.
func (t *Table) probe(f *flow, s *proto.Sample, candidates []uint8, tcp bool) (*proto.Protocol, bool) {
	r := t.cfg.Protocols
	_, port := f.Server()
	home := r.onPort(tcp, port)
	var weak *proto.Protocol
	undecided := false
	ask := func(i uint8, onPort bool) *proto.Protocol {
		bit := uint64(1) << (i % maxProtocols)
		if f.refused[i/maxProtocols&1]&bit != 0 {
			return nil
		}
		p := &r.all[i]
		s.Port = onPort
		switch p.Probe(s) {
		case proto.Yes:
			return p
		case proto.Weak:
			if onPort || s.Both() {
				if weak == nil {
					weak = p
				}
			} else {
				undecided = true
			}
		case proto.More:
			undecided = true
		default:
			f.refused[i/maxProtocols&1] |= bit
		}
		return nil
	}
	for _, i := range home {
		if p := ask(i, true); p != nil {
			return p, false
		}
	}
	if weak != nil {
		return weak, false
	}
candidates:
	for _, i := range candidates {
		for _, h := range home {
			if h == i {
				continue candidates
			}
		}
		if p := ask(i, false); p != nil {
			return p, false
		}
	}
	return weak, undecided
}

// byEndpoint gives the protocol of a conversation whose content nobody
// recognised: that of its endpoint, or of a port whose protocol insists.
func (t *Table) byEndpoint(f *flow, tcp bool) *proto.Protocol {
	server, port := f.Server()
	if id := t.cfg.Endpoints.get(endpoint{f.key.place(), server.As16(), port, f.Transport()}); id != event.ProtoUnknown {
		f.byHint = true
		return t.cfg.Protocols.byID[id]
	}
	if f.midstream {
		return nil
	}
	for _, i := range t.cfg.Protocols.onPort(tcp, port) {
		if p := &t.cfg.Protocols.all[i]; p.Insist {
			f.byHint = true
			return p
		}
	}
	return nil
}

// lastChance decides a stream that ended before it was recognised.
func (t *Table) lastChance(f *flow) {
	if f.deaf || f.Transport() != protoTCP {
		return
	}
	for dir := event.ToServer; dir <= event.ToClient; dir++ {
		h := f.half[dir]
		if h == nil || len(h.pending) == 0 {
			continue
		}
		if t.announced(f) { // live, where another ring may be late to tell
			f.note = "" // who announced it has told of it by now
			t.begin(f, dir, h.pending)
		} else if p := t.byEndpoint(f, true); p != nil {
			t.start(f, p, dir, h.pending)
		}
		return
	}
}

// datagram hands over one UDP payload.
func (t *Table) datagram(f *flow, dir event.Dir, p *decode.Packet) {
	if f.deaf {
		return
	}
	if f.parser != nil {
		t.parseDatagram(f, dir, p.Payload)
		return
	}
	s := &t.sample
	*s = proto.Sample{Dir: dir, Conn: t.connFor(f)}
	s.Data[dir] = p.Payload
	for i := len(f.held) - 1; i >= 0; i-- {
		if f.held[i].dir != dir {
			s.Data[dir.Other()] = f.held[i].data
			break
		}
	}
	f.probes[dir]++
	pr, undecided := t.probe(f, s, t.cfg.Protocols.udp, false)
	if pr == nil && !undecided {
		pr = t.byEndpoint(f, false)
	}
	if pr != nil {
		t.attach(f, pr)
		now := p.Payload
		t.replay(f)
		if f.parser != nil {
			t.parseDatagram(f, dir, now)
		}
		return
	}
	if f.probes[dir] >= probeAttempts {
		f.deaf = true
		t.dropHeld(f)
		return
	}
	t.holdDatagram(f, dir, p)
}

// holdDatagram keeps a datagram until its flow is recognised.
func (t *Table) holdDatagram(f *flow, dir event.Dir, p *decode.Packet) {
	if len(f.held) == maxHeld || len(p.Payload) > holdDatagramTo || f.heldBytes+len(p.Payload) > maxHeldBytes {
		return
	}
	buf := t.buffers.get(len(p.Payload))
	if buf == nil {
		t.stats.NoMemory++
		return
	}
	if f.held == nil {
		f.held = t.newHeld()
	}
	f.held = append(f.held, held{dir, p.Time, p.Number, p.Offset, append(buf, p.Payload...)})
	f.heldBytes += len(p.Payload)
}

// replay parses the datagrams that waited.
func (t *Table) replay(f *flow) {
	for i := 0; i < len(f.held) && f.parser != nil; i++ {
		h := &f.held[i]
		c := t.connFor(f)
		c.Time, c.Packet, c.Offset, c.Wire = h.time, h.packet, h.offset, len(h.data)
		_, err := f.parser.Data(c, h.dir, h.data)
		t.afterParser(f, c)
		if err != nil {
			t.giveUp(f, c)
			return
		}
	}
	t.dropHeld(f)
}

func (t *Table) dropHeld(f *flow) {
	if f.held == nil {
		return
	}
	for i := range f.held {
		t.buffers.put(f.held[i].data)
	}
	clear(f.held)
	if len(t.helds) < maxIdleHeld {
		t.helds = append(t.helds, f.held[:0])
	}
	f.held, f.heldBytes = nil, 0
}

// newHeld gives an empty list of datagrams.
func (t *Table) newHeld() []held {
	if n := len(t.helds); n > 0 {
		l := t.helds[n-1]
		t.helds = t.helds[:n-1]
		return l
	}
	return make([]held, 0, maxHeld)
}

func (t *Table) parseDatagram(f *flow, dir event.Dir, b []byte) {
	c := t.connFor(f)
	_, err := f.parser.Data(c, dir, b)
	t.afterParser(f, c)
	if err != nil {
		t.giveUp(f, c)
		return
	}
	if next, ok := c.Becoming(); ok {
		t.putParser(f)
		if p := t.cfg.Protocols.byID[next]; p != nil {
			t.attach(f, p)
		}
	}
}
