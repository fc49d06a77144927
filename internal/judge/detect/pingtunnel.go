package detect

import (
	"fmt"

	"edgeward/internal/event"
)

const (
	pingSpan    = 10 * minute
	pingLengths = 10 // different lengths of data in echo requests of one host to another
	pingCount   = 40 // and how many requests at least; who looks for the longest packet that passes needs fewer
	maxPings    = 4096
)

// pingTunnel finds data carried in echo requests: a ping program sends one
// length over and over, a tunnel whatever it has to carry.
type pingTunnel struct {
	e     *Engine
	pairs *table[pinging]
}

// pinging is what is remembered of one host that pings another.
type pinging struct {
	pin
	start   int64
	n       uint64
	bytes   uint64
	lengths distinct
	marks   []mark
}

func newPingTunnel(e *Engine) *pingTunnel {
	return &pingTunnel{e: e, pairs: newTable[pinging](maxPings)}
}

func (t *pingTunnel) kinds() []event.Kind { return []event.Kind{event.KindICMP} }

func (t *pingTunnel) close() {}

func (t *pingTunnel) fact(s *sight) {
	b := s.Body.(*event.ICMP)
	if b.Type != 8 && !b.V6 || b.Type != 128 && b.V6 || s.group || !s.Src.IsValid() {
		return
	}
	p := t.pairs.make(mix(hostKey(s.Place, s.Src), addrKey(s.Dst)))
	if p.n == 0 || !near(p.start, s.when, pingSpan) {
		*p = pinging{pin: p.pin, start: s.when, marks: p.marks[:0]}
	}
	p.n++
	p.bytes += uint64(b.Len)
	if p.lengths.add(uint64(b.Len)+1) && len(p.marks) < 8 {
		p.marks = append(s.slabs.marks.grow(p.marks), mark{time: s.when, packet: s.Packet, capture: s.Capture})
	}
	if p.n < pingCount || p.lengths.count() < pingLengths {
		return
	}
	about, other := s.culprit()
	rec := t.e.reportAt("c2.icmp-tunnel", s, about, by(other))
	n := uint64(1)
	if rec.isNew() {
		p.keep()
		rec.acting = about == &s.src
		rec.since(p.marks, pingSpan)
		rec.trail(t.e, p.marks, "echo request of another length", true)
		n = p.n
		src, dst := s.Src, s.Dst
		rec.tell = func() string {
			return fmt.Sprintf("%s sent %s %s with %s of data in %d or more different lengths, within %s.", src, dst, count(rec.n, "echo request"), volume(p.bytes), p.lengths.count(), span(rec.last-rec.first))
		}
	}
	rec.peer(other)
	rec.add(&t.e.ledger, s.when, n)
}
