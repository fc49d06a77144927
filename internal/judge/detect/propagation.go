package detect

import (
	"fmt"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	wormNetworks = 12 // distinct outside networks (/16) probed at random
	wormTargets  = 3  // distinct hosts on which passwords are tried
	wormSpan     = 10 * minute
)

// propagation finds devices of this network that behave like worms: they look
// for login services in networks at random, or try passwords on many hosts.
type propagation struct {
	e       *Engine
	guesses *table[crowd] // hosts on which a home host failed to log in
}

func newPropagation(e *Engine) *propagation {
	return &propagation{e: e, guesses: newTable[crowd](maxHosts)}
}

func (p *propagation) kinds() []event.Kind { return []event.Kind{event.KindLogin} }

func (p *propagation) close() {}

// scanned is called by recon for every probe of a source that scans.
func (p *propagation) scanned(s *sight, sc *scanner, n uint64) {
	if !s.src.home || s.Transport != protoTCP && s.Transport != protoUDP {
		return // pings alone get nobody in
	}
	if sc.worm != nil && sc.worm.holds(s.when) {
		sc.worm.peer(&s.dst)
		sc.worm.add(&p.e.ledger, s.when, n)
		return
	}
	networks := sc.outside.count()
	taken := p.e.takenOver(s)
	if networks < wormNetworks && taken == "" {
		return
	}
	rec := p.e.report("infection.self-propagation", s, &s.src, "")
	if rec.isNew() {
		sc.keep()
		rec.trail(p.e, sc.hosts.marks, "probe without answer", true)
		rec.since(sc.hosts.marks, scanSpan)
		sc.hosts.join(rec)
		if networks < wormNetworks {
			rec.rate(ident.High, 0.75)
		}
		rec.tell = func() string {
			why := fmt.Sprintf("in %s at random outside this one", count(min(sc.outside.count(), rec.peerSet.count()), "network"))
			if taken != "" {
				why = "after " + taken
			}
			return fmt.Sprintf("%s scans port %s of %s or more %s.", rec.address, sc.ports.String(), count(rec.peerSet.count(), "host"), why)
		}
	}
	rec.peer(&s.dst)
	rec.add(&p.e.ledger, s.when, n)
	sc.worm = rec
}

// fact counts the hosts on which a home host tries passwords.
func (p *propagation) fact(s *sight) {
	b := s.Body.(*event.Login)
	if !s.src.home || b.Outcome == "success" || !interactive(b.Service) {
		return
	}
	c := p.guesses.make(hostKey(s.Place, s.Src))
	hosts := c.meet(s, s.Dst, wormSpan, s.DstPort)
	if hosts < wormTargets {
		return
	}
	if p.e.has("credential.guessing", s, &s.src) == nil && p.e.has("recon.horizontal-scan", s, &s.src) == nil {
		return
	}
	rec := p.e.report("infection.self-propagation", s, &s.src, "")
	if rec.isNew() {
		rec.trail(p.e, c.marks, "login that failed", false)
		rec.since(c.marks, wormSpan)
		c.join(rec)
		if hosts < 2*wormTargets {
			rec.rate(ident.High, 0.7)
		}
		service := b.Service
		rec.tell = func() string {
			return fmt.Sprintf("%s tried passwords for %s on %s.", rec.address, service, count(rec.peerSet.count(), "host"))
		}
	}
	rec.peer(&s.dst)
	rec.add(&p.e.ledger, s.when, 1)
}

// interactive reports whether who logs in to the service gets a shell or the
// like, which is what worms are after.
func interactive(p event.Proto) bool {
	switch p {
	case event.ProtoTelnet, event.ProtoSSH, event.ProtoHTTP, event.ProtoFTP, event.ProtoRTSP, event.ProtoADB, event.ProtoRDP, event.ProtoVNC, event.ProtoSMB:
		return true
	}
	return false
}

// takenOver says by which finding a host is already known as taken over.
func (e *Engine) takenOver(s *sight) string {
	for _, c := range []struct{ check, says string }{
		{"credential.guessed", "its password was guessed"},
		{"infection.loader", "a malware loader ran on it"},
		{"infection.payload-download", "it fetched a suspicious program"},
	} {
		if e.has(c.check, s, &s.src) != nil {
			return c.says
		}
	}
	return ""
}
