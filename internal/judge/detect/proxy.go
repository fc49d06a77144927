package detect

import (
	"fmt"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	relaySpan    = 10 * minute
	relayTargets = 5       // distinct targets to which one device passes connections on
	tunnelData   = 100_000 // bytes of a connection that may carry others
	relayHosts   = 15      // distinct outside hosts contacted without looking them up, meanwhile
	maxRelays    = 2048
)

// proxy finds devices that pass on other people's connections: openly, as a
// proxy that answers strangers, or secretly, over a connection that the device
// itself keeps to somebody who steers it.
type proxy struct {
	e       *Engine
	relays  *table[relay]
	secrets *table[secretRelay]
}

// relay is what is remembered of one device that serves as a proxy.
type relay struct {
	pin
	targets burst
	clients distinct
	shown   wordSet
}

// secretRelay is what one device contacts without names.
type secretRelay struct {
	pin
	unnamed crowd
	ports   portSet
	in      uint64 // bytes that came by these contacts
	start   int64
}

func newProxy(e *Engine) *proxy {
	return &proxy{e: e, relays: newTable[relay](maxRelays), secrets: newTable[secretRelay](maxRelays)}
}

func (p *proxy) kinds() []event.Kind { return []event.Kind{event.KindSOCKS, event.KindFlow} }

func (p *proxy) close() {}

func (p *proxy) fact(s *sight) {
	switch b := s.Body.(type) {
	case *event.SOCKS:
		p.socks(s, b)
	case *event.Flow:
		p.flow(s, b)
	}
}

func (p *proxy) socks(s *sight, b *event.SOCKS) {
	if !s.dst.home || s.src.home || !b.Granted {
		return
	}
	r := p.relays.make(hostKey(s.Place, s.Dst))
	r.clients.add(addrKey(s.Src))
	r.shown.add(b.Target)
	if r.targets.add(s, textKey(b.Target), relaySpan) < relayTargets {
		return
	}
	rec := p.e.report("abuse.residential-proxy", s, &s.dst, "")
	if rec.isNew() {
		r.keep()
		rec.rate(ident.High, 0.85)
		rec.since(r.targets.marks, relaySpan)
		on := s.DstPort
		rec.tell = func() string {
			return fmt.Sprintf("%s passed connections of %s outside on to many targets (%s) by its proxy on port %d.", rec.address, count(r.clients.count(), "host"), r.shown.String(), on)
		}
	}
	rec.peer(&s.src)
	rec.show(p.e, s, "connection passed on")
	rec.add(&p.e.ledger, s.when, 1)
}

// flow watches for a device that contacts many outside hosts it never looked
// up, while a connection of its own to an unnamed host carries about as many
// bytes as came by those contacts together.
func (p *proxy) flow(s *sight, f *event.Flow) {
	if s.Transport != protoTCP || !s.src.home || s.dst.home || s.group || f.Midstream || f.DataToClient == 0 || f.DataToServer == 0 {
		return
	}
	if p.e.names.known(s.Place, s.Dst) || !p.e.names.asks(s.Place, s.Src) {
		return
	}
	r := p.secrets.make(hostKey(s.Place, s.Src))
	carries := f.AppProto == event.ProtoUnknown && f.End-f.Start >= minute && f.DataToServer >= tunnelData && f.DataToClient >= tunnelData/8 && !usualPort(s.DstPort)
	if !carries {
		if r.start == 0 || !near(r.start, s.when, hour) {
			r.start, r.in = s.when, 0
		}
		r.unnamed.meet(s, s.Dst, relaySpan, s.DstPort)
		r.ports.add(s.DstPort)
		r.in += f.DataToClient
		return
	}
	hosts := 0
	for _, m := range r.unnamed.marks {
		if m.time >= f.Start-minute && m.time <= f.End+minute {
			hosts++
		}
	}
	// What comes in by the contacts goes out by the connection.
	if hosts < relayHosts || r.in*4 < f.DataToServer*3 || r.in > 2*f.DataToServer {
		return
	}
	rec := p.e.report("abuse.residential-proxy", s, &s.src, "")
	if rec.isNew() {
		r.keep()
		rec.rate(ident.Medium, 0.6)
		to, length, sent := endpoint(s.Dst, s.DstPort), f.End-f.Start, f.DataToServer
		got := r.in
		rec.tell = func() string {
			return fmt.Sprintf("%s kept a connection to %s for %s and sent %s by it, while it contacted %s that it never looked up (ports %s) and got %s from them: it passes on what they answer.",
				rec.address, to, span(length), volume(sent), count(hosts, "outside host"), r.ports.String(), volume(got))
		}
	}
	rec.peer(&s.dst)
	rec.show(p.e, s, "connection that carries others")
	rec.add(&p.e.ledger, s.when, uint64(hosts))
}
