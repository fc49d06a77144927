package detect

import (
	"fmt"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	stallLimit  = 50          // connections of one source to one service, open together, on which the service never says anything
	stallSpan   = 30 * second // within which they began
	stallTime   = 2 * second  // how long each is open at least, when the client says something
	stallIdle   = 5 * second  // the same when it says nothing
	stallBytes  = 8 << 10     // that the client says at most
	maxStallers = 2048
)

// stalled finds who holds the connections of a service with requests that
// never end (Slowloris and its kin), or with nothing at all, so that nobody
// else gets one.
type stalled struct {
	e     *Engine
	pairs *table[staller]
}

// staller is what is remembered of one source and one service.
type staller struct {
	pin
	open burst
}

func (v *staller) clean() {
	open := v.open
	open.clean()
	*v = staller{open: open}
}

func newStalled(e *Engine) *stalled {
	return &stalled{e: e, pairs: newTable[staller](maxStallers)}
}

func (d *stalled) kinds() []event.Kind { return []event.Kind{event.KindFlow} }

func (d *stalled) close() {}

func (d *stalled) fact(s *sight) {
	f := s.Body.(*event.Flow)
	if s.Transport != protoTCP || f.DataToClient > 0 || f.DataToServer > stallBytes || f.OneSided || f.Midstream || f.Gaps > 0 ||
		f.TCPFlagsTC&(flagSYN|flagACK) != flagSYN|flagACK || f.TCPFlagsTS&flagACK == 0 {
		return
	}
	least := stallTime
	if f.DataToServer == 0 {
		least = stallIdle
	}
	if f.End-f.Start < least {
		return
	}
	v := d.pairs.make(mix(mix(hostKey(s.Place, s.Src), addrKey(s.Dst)), uint64(s.DstPort)))
	open := v.open.add(s, mix(s.Flow, uint64(s.SrcPort)), stallSpan)
	if open < stallLimit {
		return
	}
	about, other := s.victim()
	rec := d.e.reportAt("dos.slow-requests", s, about, at(s.Dst, s.DstPort))
	n := uint64(f.Aggregated) + 1
	if rec.isNew() {
		v.keep()
		rec.acting = about == &s.src
		if !s.src.home && !s.dst.home {
			rec.rate(ident.Low, 0.6)
		}
		rec.since(v.open.marks, stallSpan)
		rec.trail(d.e, v.open.marks, "connection without an end", true)
		n = max(n, uint64(open))
		src, to := s.Src, endpoint(s.Dst, s.DstPort)
		rec.tell = func() string {
			return fmt.Sprintf("%s held %s to %s open, on which it never finished a request and got no answer, within %s.", src, count(rec.n, "connection"), to, span(rec.last-rec.first))
		}
	}
	rec.peer(other)
	rec.add(&d.e.ledger, s.when, n)
}
