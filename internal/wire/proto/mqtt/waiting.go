package mqtt

import (
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/pending"
)

// Limits of what waits for an answer on one connection.
const (
	maxWaiting   = 32
	maxHeld      = 4 << 10 // bytes of all waiting requests
	patience     = time.Minute
	maxAliases   = 32
	maxAliasText = 256
)

// request is a PUBLISH, SUBSCRIBE or UNSUBSCRIBE that waits for its answer. It
// is kept as a packet, written anew with only the head of its payload.
type request struct {
	raw     []byte
	typ     Type
	dir     event.Dir
	version Version // by which raw was written
	length  int     // remaining length of the packet as it was
	state   string  // of a PUBLISH: how far its handshake got
	code    Reason
}

// requests are the waiting ones of a connection.
type requests struct {
	table pending.Table[request]
	held  int // bytes of raw in the table
}

func (w *requests) init() {
	w.table.Init(maxWaiting, patience)
	w.held = 0
}

func requestKey(t Type, dir event.Dir, id uint16) uint64 {
	return uint64(t)<<24 | uint64(dir)<<16 | uint64(id)
}

func (w *requests) find(t Type, dir event.Dir, id uint16) *request {
	return w.table.Find(requestKey(t, dir, id))
}

func (w *requests) take(t Type, dir event.Dir, id uint16) *request {
	return w.table.Take(requestKey(t, dir, id))
}

// ask keeps the packet in s until it is answered and reports false when it is
// too large for that. Requests that have waited too long, or must make room,
// become facts as they are.
func (p *parser) ask(c *proto.Conn, s *scratch, dir event.Dir) bool {
	pk, w := &s.packet, &p.waiting
	pk.Payload = head(pk.Payload, HeadSize)
	raw, err := Append(s.text[:0], pk)
	if err != nil || len(raw) > maxHeld/2 {
		return false
	}
	s.text = raw
	// The same identifier again: the one before is not acknowledged any more.
	for r := w.take(pk.Type, dir, pk.ID); r != nil; r = w.take(pk.Type, dir, pk.ID) {
		p.settle(c, s, r, nil)
	}
	for r := w.table.Expired(c.Time); r != nil; r = w.table.Expired(c.Time) {
		p.giveUp(c, s, r)
	}
	for w.held+len(raw) > maxHeld && w.table.Len() > 0 {
		p.giveUp(c, s, w.table.Oldest())
	}
	// Settling others has used the scratch text; what is kept is written again.
	r := w.table.Add(requestKey(pk.Type, dir, pk.ID), c.Time)
	if r.raw, err = Append(r.raw[:0], pk); err != nil {
		w.table.Take(requestKey(pk.Type, dir, pk.ID))
		return false
	}
	w.held += len(r.raw)
	r.typ, r.dir, r.version, r.length = pk.Type, dir, pk.Version, pk.Remaining
	r.state, r.code = "pending", Success
	return true
}

func (p *parser) giveUp(c *proto.Conn, s *scratch, r *request) {
	p.dropped = true
	p.settle(c, s, r, nil)
}

// settle makes the fact of a request that is out of the table, with its
// answer, or nil when there is none.
func (p *parser) settle(c *proto.Conn, s *scratch, r *request, ack *Packet) {
	p.waiting.held -= len(r.raw)
	d := Decoder{Version: r.version, From: side(r.dir), Lenient: true, Streaming: true}
	pk := &s.kept
	if _, err := d.Decode(pk, r.raw); err != nil {
		return
	}
	pk.Remaining = r.length
	if r.typ == PUBLISH {
		p.published(c, r.dir, s, pk, r.state, r.code)
		return
	}
	if ack != nil && len(ack.Codes) != len(pk.Filters) && !(ack.Type == UNSUBACK && r.version != V5) {
		pk.Faults = append(pk.Faults, errCodeCount)
		p.anomaly(c, r.dir.Other(), "malformed_traffic", errCodeCount.Name)
	}
	p.filters(c, r.dir, pk, ack)
}

// aliases are the topic aliases of one direction (MQTT 5.0 section 3.3.2.3.4).
type aliases struct {
	list []alias
	next int
}

type alias struct {
	id    uint16
	topic []byte
}

// set gives an alias a topic; beyond the limit the oldest is forgotten.
func (a *aliases) set(id uint16, topic []byte) {
	topic = head(topic, maxAliasText)
	for i := range a.list {
		if a.list[i].id == id {
			a.list[i].topic = append(a.list[i].topic[:0], topic...)
			return
		}
	}
	if len(a.list) < cap(a.list) {
		a.list = a.list[:len(a.list)+1]
	} else if len(a.list) < maxAliases {
		a.list = append(a.list, alias{})
	} else {
		a.next = (a.next + 1) % maxAliases
		a.list[a.next] = alias{id, append(a.list[a.next].topic[:0], topic...)}
		return
	}
	last := &a.list[len(a.list)-1]
	*last = alias{id, append(last.topic[:0], topic...)}
}

func (a *aliases) get(id uint16) ([]byte, bool) {
	for i := range a.list {
		if a.list[i].id == id {
			return a.list[i].topic, true
		}
	}
	return nil, false
}

// full reports whether aliases may have been forgotten.
func (a *aliases) full() bool { return len(a.list) == maxAliases }

func (a *aliases) reset() { a.list, a.next = a.list[:0], 0 }
