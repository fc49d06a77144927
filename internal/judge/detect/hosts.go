package detect

import (
	"time"

	"edgeward/internal/ident"
)

// hosts remembers for each home host how long it was heard, so that habit can
// be told from novelty. Time counts while the host is heard: a capture with a
// gap of years teaches nothing during the gap.
type hosts struct {
	learning int64
	byKey    *table[dossier]
	start    int64 // packet time of the first fact
	started  bool
	lived    lifetime // of the network as a whole
	known    []uint64 // keys of those that were heard for the learning time; some may be forgotten
}

// dossier is what detection remembers of one home host.
type dossier struct {
	lifetime
	first int64
	home  actor
	known bool // it is in the list of those
}

// lifetime is how long something was heard.
type lifetime struct {
	last  int64
	lived int64
	pause int64 // the longest silence after which it was heard again
	facts uint64
}

const (
	maxHosts     = 4096
	longestPause = 30 * minute // what a silence counts at most
	leastFacts   = 30
)

func newHosts(learning time.Duration) *hosts {
	return &hosts{learning: int64(learning), byKey: newTable[dossier](maxHosts)}
}

func (l *lifetime) hear(t int64) {
	if l.facts > 0 && t > l.last {
		l.pause = max(l.pause, t-l.last)
		l.lived += min(t-l.last, longestPause)
	}
	l.last = t
	l.facts++
}

func (h *hosts) note(s *sight) {
	if !h.started {
		h.start, h.started = s.Time, true
	}
	h.lived.hear(s.Time)
	if s.src.home && s.src.valid() {
		k := placed(s.Place, s.src.key)
		d := h.byKey.make(k)
		if d.facts == 0 {
			d.first, d.home = s.when, s.src
		}
		d.hear(s.Time)
		if !d.known && d.lived >= h.learning && d.facts >= leastFacts {
			d.known, h.known = true, append(h.known, k)
		}
	}
}

func placeHash(p ident.Place) uint64 { return uint64(p.Tenant)<<16 | uint64(p.Scope) }

func placed(p ident.Place, k ident.HostKey) uint64 {
	return mix(uint64(k), placeHash(p))
}

// of gives the dossier of a host, nil when it was not heard.
func (h *hosts) of(p ident.Place, k ident.HostKey) *dossier { return h.byKey.get(placed(p, k)) }

// eachKnown visits the hosts that were heard for the learning time.
func (h *hosts) eachKnown(visit func(k uint64, d *dossier)) {
	kept := h.known[:0]
	for _, k := range h.known {
		if d := h.byKey.peek(k); d != nil && d.known {
			kept = append(kept, k)
			visit(k, d)
		}
	}
	h.known = kept
}

// habit reports whether a host was heard for the learning time.
func (h *hosts) habit(p ident.Place, k ident.HostKey) bool {
	d := h.of(p, k)
	return d != nil && d.lived >= h.learning && d.facts >= leastFacts
}

// settled reports whether the network as a whole was heard for the learning time.
func (h *hosts) settled() bool { return h.lived.lived >= h.learning && h.lived.facts >= leastFacts }
