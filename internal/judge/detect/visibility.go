package detect

import (
	"fmt"
	"net/netip"

	"edgeward/internal/event"
)

const (
	sidedFlows   = 20  // connections with content from which a judgement is made
	blindFlows   = 30  // conversations from which a judgement is made
	blindSources = 3   // hosts that must have been heard
	lookFlows    = 512 // conversations after which it is judged again
)

// visibility judges what the sensor can see at all.
type visibility struct {
	e        *Engine
	flows    uint64
	content  uint64 // connections in which something was said
	oneSided uint64
	unicast  uint64
	sources  distinct
	last     sight
	kept     event.Fact
	seen     bool
}

func newVisibility(e *Engine) *visibility { return &visibility{e: e} }

func (v *visibility) kinds() []event.Kind { return []event.Kind{event.KindFlow} }

func (v *visibility) close() { v.judge() }

func (v *visibility) fact(s *sight) {
	f := s.Body.(*event.Flow)
	v.flows++
	v.sources.add(addrKey(s.Src))
	if !s.group {
		v.unicast++
	}
	if s.Transport == protoTCP && f.DataToServer+f.DataToClient > 0 {
		v.content++
		if f.PktsToServer == 0 || f.PktsToClient == 0 {
			v.oneSided++
		}
	}
	v.kept = *s.Fact
	v.kept.Body = (*event.Flow)(nil)
	v.last, v.seen = *s, true
	v.last.Fact = &v.kept
	if v.flows%lookFlows == 0 {
		v.judge()
	}
}

func (v *visibility) judge() {
	if !v.seen {
		return
	}
	sensor := actor{home: true}
	s := &v.last
	if v.content >= sidedFlows && v.oneSided*2 >= v.content {
		rec := v.e.report("visibility.one-sided", s, &sensor, "")
		if rec.isNew() {
			rec.address = ""
			rec.tell = func() string {
				return fmt.Sprintf("Of %d TCP connections with content, %d were seen in one direction only.", v.content, v.oneSided)
			}
		}
		rec.set(&v.e.ledger, s.when, v.oneSided)
	}
	if v.flows >= blindFlows && v.unicast*20 <= v.flows && v.sources.count() >= blindSources {
		rec := v.e.report("visibility.blind", s, &sensor, "")
		if rec.isNew() {
			rec.address = ""
			rec.tell = func() string {
				return fmt.Sprintf("Of %d conversations of %s, %d were not broadcast or multicast.", v.flows, count(v.sources.count(), "host"), v.unicast)
			}
		}
		rec.set(&v.e.ledger, s.when, v.flows-v.unicast)
	}
}

// set makes n the count of a record.
func (r *record) set(l *ledger, t int64, n uint64) {
	if r == nil || n <= r.n {
		return
	}
	r.add(l, t, n-r.n)
}

// network gives the network of a fact's destination: a /24 or /48.
func network(s *sight) netip.Addr {
	bits := 24
	if s.Dst.Is6() {
		bits = 48
	}
	if s.dst.home {
		return s.Dst
	}
	p, err := s.Dst.Prefix(bits)
	if err != nil {
		return s.Dst
	}
	return p.Addr()
}
