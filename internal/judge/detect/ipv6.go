package detect

import (
	"fmt"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	advertSpan   = 60 * second
	advertLimit  = 10  // distinct routers or prefixes announced within the span
	controlRate  = 100 // ICMPv6 messages of one host in a second
	oddRate      = 50  // packets with forbidden or pointless extension headers in a second
	maxIPv6Hosts = 2048
)

// ipv6 finds IPv6 control messages and extension headers used to burden or
// confuse the machines on the link.
type ipv6 struct {
	e       *Engine
	adverts *table[burst]
	odd     *table[oddHeaders]
}

// oddHeaders counts packets of one sender whose headers break the rules.
type oddHeaders struct {
	pin
	meter meter
	names wordSet
}

func newIPv6(e *Engine) *ipv6 {
	return &ipv6{e: e, adverts: newTable[burst](64), odd: newTable[oddHeaders](maxIPv6Hosts)}
}

func (v *ipv6) kinds() []event.Kind {
	return []event.Kind{event.KindICMP, event.KindRate, event.KindAnomaly}
}

func (v *ipv6) close() {}

func (v *ipv6) fact(s *sight) {
	switch b := s.Body.(type) {
	case *event.ICMP:
		if b.V6 && b.Type == 134 {
			v.advert(s, b)
		}
	case *event.Rate:
		v.rate(s, b)
	case *event.Anomaly:
		v.header(s, b)
	}
}

// advert finds floods of router advertisements, each with another router or
// prefix: every receiver makes an address and a route for each.
func (v *ipv6) advert(s *sight, b *event.ICMP) {
	l := v.adverts.make(uint64(s.Place.Tenant)<<32 | uint64(s.Place.Scope)<<16 | uint64(s.VLAN))
	n := l.add(s, mix(addrKey(s.Src), textKey(b.LinkAddr)), advertSpan)
	for _, p := range b.Prefixes {
		n = max(n, l.add(s, textKey(p), advertSpan))
	}
	if n < advertLimit {
		return
	}
	// Each comes from another address, all forged: the finding is about the link.
	link := actor{home: true}
	rec := v.report(s, &link, "router advertisements", 1, func(r *record) string {
		return fmt.Sprintf("%s with many different routers or prefixes came within %s.", count(r.n+advertLimit-1, "router advertisement"), span(advertSpan))
	})
	rec.peer(&s.src)
}

func (v *ipv6) rate(s *sight, b *event.Rate) {
	if !s.Src.Is6() || s.Src.Is4In6() {
		return
	}
	out := b.Direction == "out"
	invalid := s.Src.IsMulticast() && out
	kind := ""
	switch {
	case invalid:
		kind = "packets from a multicast address"
	case s.Transport == protoICMPv6 && b.Packets >= controlRate && b.ICMPType != 1 && b.ICMPType != 3 && (out || b.Peers >= 3):
		switch b.ICMPType {
		case 128, 129:
			kind = "echo requests"
		case 133, 134, 135, 136, 137:
			kind = "neighbour discovery messages"
		case 130, 131, 132, 143:
			kind = "multicast listener messages"
		default:
			kind = "ICMPv6 messages"
		}
	case b.Anomalies >= oddRate && b.Anomalies*2 >= b.Packets && out:
		kind = "packets with forbidden headers"
	case s.Transport != protoTCP && s.Transport != protoUDP && s.Transport != protoICMPv6 && b.Packets >= 5*controlRate && out && b.Replies*10 < b.Packets:
		kind = "packets of " + transport(s.Transport)
	default:
		return
	}
	if isGroup(s.Src) && !invalid {
		return
	}
	about := s.src
	if invalid {
		about.addr = about.addr.Unmap()
	}
	peak, mac := b.Packets, s.SrcMAC
	v.report(s, &about, kind, b.Packets, func(r *record) string {
		return fmt.Sprintf("%s (%s) sent %d %s, %d or more in a second.", r.address, mac, r.n, kind, peak)
	})
}

// header counts packets whose extension headers break the standard.
func (v *ipv6) header(s *sight, b *event.Anomaly) {
	if b.Type != "decode" || !strings.Contains(b.Event, "ipv6") {
		return
	}
	o := v.odd.make(mix(hostKey(s.Place, s.Src), macKey(s)))
	o.names.add(b.Event)
	if o.meter.add(s.when, second, 1, 0) < oddRate {
		return
	}
	o.keep()
	v.report(s, &s.src, "packets with forbidden headers", 1, func(r *record) string {
		return fmt.Sprintf("%s sent %s whose extension headers break the standard (%s).", r.address, count(r.n+oddRate-1, "packet"), o.names.String())
	})
}

func (v *ipv6) report(s *sight, about *actor, kind string, n uint64, tell func(*record) string) *record {
	rec := v.e.report("dos.ipv6-abuse", s, about, kind)
	if rec.isNew() {
		if !about.valid() {
			rec.address = ""
		}
		rec.tell = func() string { return tell(rec) }
		if n < 2*controlRate && n > 1 {
			rec.rate(ident.Medium, 0.75)
		}
	}
	if n >= 2*controlRate {
		rec.grade(ident.High, 0.9)
	}
	rec.show(v.e, s, kind)
	rec.add(&v.e.ledger, s.when, n)
	return rec
}
