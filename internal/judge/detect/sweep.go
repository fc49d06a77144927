package detect

import (
	"fmt"
	"net/netip"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

// arp finds sweeps of the link: requests for addresses that nobody has.
func (r *recon) arp(s *sight, b *event.ARP) {
	if !b.SenderIP.IsValid() || !b.TargetIP.IsValid() {
		return
	}
	if b.Op == 2 {
		if sw := r.sweeps.get(hostKey(s.Place, b.TargetIP)); sw != nil {
			sw.forget(b.SenderIP)
		}
		return
	}
	if b.Op == 1 && !b.Gratuitous && !b.SenderIP.IsUnspecified() && b.SenderIP != b.TargetIP {
		r.sweep(s, b.SenderIP, b.TargetIP, "ARP requests")
	}
}

// neighbour does the same for IPv6 neighbour discovery (RFC 4861).
func (r *recon) neighbour(s *sight, b *event.ICMP) {
	if !b.V6 || !b.Target.IsValid() || !s.Src.IsValid() || s.Src.IsUnspecified() {
		return
	}
	switch b.Type {
	case 135:
		r.sweep(s, s.Src, b.Target, "neighbour solicitations")
	case 136:
		if sw := r.sweeps.get(hostKey(s.Place, s.Dst)); sw != nil {
			sw.forget(b.Target)
		}
	}
}

func (r *recon) sweep(s *sight, asker, target netip.Addr, what string) {
	sw := r.sweeps.make(hostKey(s.Place, asker))
	hosts := sw.meet(s, target, scanSpan, 0)
	if hosts < scanLimit {
		return
	}
	who := s.src
	who.addr, who.home = asker, true
	rec := r.e.report("recon.horizontal-scan", s, &who, "")
	if rec.isNew() {
		if r.e.devices.Router(s.Place, s.SrcMAC) {
			rec.rate(ident.Low, 0.6) // a router asks for whatever outsiders try to reach
		}
		rec.trail(r.e, sw.marks, "request for an address that nobody has", true)
		sw.join(rec)
		rec.since(sw.marks, scanSpan)
		rec.tell = func() string {
			return fmt.Sprintf("%s sent %s for %s or more that nobody answered, within %s.", rec.address, what, count(rec.peerSet.count(), "address"), span(rec.last-rec.first))
		}
	}
	to := actor{addr: target, home: true}
	rec.peer(&to)
	rec.add(&r.e.ledger, s.when, max(1, uint64(hosts)*b2u(rec.isNew())))
}

// ping counts the hosts that one source sends echo requests without data,
// answered or not. Ping programs always send some; scanners leave it out.
func (r *recon) ping(s *sight, b *event.ICMP) {
	if b.Type != 8 || b.V6 || b.Len != 0 || s.group || !s.Src.IsValid() {
		return
	}
	sc := r.source(s)
	if sc.pings.meet(s, s.Dst, scanSpan, 0) < bareLimit {
		return
	}
	rec := r.e.report("recon.horizontal-scan", s, &s.src, "")
	if rec.isNew() {
		sc.keep()
		if !s.src.home {
			rec.rate(ident.Low, 0.9)
		}
		rec.trail(r.e, sc.pings.marks, "echo request without data", true)
		sc.pings.join(rec)
		rec.since(sc.pings.marks, scanSpan)
		rec.tell = func() string {
			return fmt.Sprintf("%s sent echo requests without data, as scanners do, to %s or more within %s.", rec.address, count(rec.peerSet.count(), "host"), span(rec.last-rec.first))
		}
	}
	rec.peer(&s.dst)
	rec.add(&r.e.ledger, s.when, max(1, uint64(len(sc.pings.marks))*b2u(rec.isNew())))
}
