package inventory

import (
	"net/netip"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

// linkID is a MAC address in a place.
type linkID struct {
	place ident.Place
	mac   ident.MAC
}

// link is what is known of a MAC address: which addresses were seen with it.
type link struct {
	addrs   []netip.Addr // home addresses without link-local ones, at most maxLinkAddrs
	many    bool         // there were more
	foreign int          // addresses of other networks, counted to two
	last    netip.Addr   // the foreign address counted last
}

// binding ties an address to the MAC that has it.
type binding struct {
	mac    ident.MAC
	strong bool // by ARP, neighbour discovery or DHCP, not only by the frames it came in
	time   int64
}

const (
	maxLinkAddrs = 16
	maxLinks     = 8192
	maxBindings  = 16384
	// routerAddrs is how many home addresses without ARP, ND or DHCP a MAC may
	// have before it is taken for a router. Dual stack with temporary addresses
	// makes several IPv6 addresses, so only IPv4 ones are counted.
	routerAddrs = 3
)

// link learns from a fact which MAC has which address.
func (v *Inventory) link(f *event.Fact, src, dst *side) {
	switch b := f.Body.(type) {
	case *event.ARP:
		if mac, err := ident.ParseMAC(b.SenderMAC); err == nil {
			v.bind(f.Place, b.SenderIP, mac, true, f.Time)
		}
		return
	case *event.ICMP:
		// A neighbour or router advertisement or solicitation names its sender's MAC.
		if b.V6 && b.Type >= 133 && b.Type <= 136 && b.LinkAddr != "" {
			if mac, err := ident.ParseMAC(b.LinkAddr); err == nil {
				a := f.Src
				if b.Type == 136 && b.Target.IsValid() {
					a = b.Target
				}
				v.bind(f.Place, a, mac, true, f.Time)
			}
		}
	case *event.DHCP:
		if b.Type == "reply" && b.MsgType == "ack" && b.AssignedIP.IsValid() {
			if mac, err := ident.ParseMAC(b.ClientMAC); err == nil {
				v.bind(f.Place, b.AssignedIP, mac, true, f.Time)
			}
		}
	}
	v.carryOnce(src, f.Time)
	if fl, ok := f.Body.(*event.Flow); ok && fl.PktsToClient > 0 {
		v.carryOnce(dst, f.Time)
	}
}

// carryOnce does what carry does, unless nothing has changed since it last did.
func (v *Inventory) carryOnce(s *side, now int64) {
	if s.carried == v.changes {
		return
	}
	if s.carried = 0; v.carry(s.place, s.addr, s.mac, now) {
		s.carried = v.changes
	}
}

// carry notes that frames of a MAC carried an address as their source. It
// reports whether doing so again would change nothing.
func (v *Inventory) carry(p ident.Place, a netip.Addr, mac ident.MAC, now int64) (settled bool) {
	a = a.Unmap()
	if mac.IsZero() || mac.IsGroup() || !a.IsValid() || a.IsUnspecified() || a.IsMulticast() {
		return true
	}
	l := v.linkOf(p, mac)
	if l == nil {
		return false
	}
	if !v.Home(p, a) {
		if l.last != a && l.foreign < 2 {
			l.last = a
			l.foreign++
			v.changes++
		}
		return l.foreign == 2
	}
	if b := v.bindings[idOf(p, a, ident.MAC{})]; b != nil && b.strong {
		return true
	}
	if a.Is4() && !a.IsLinkLocalUnicast() && !l.has(a) && !l.many {
		if len(l.addrs) < maxLinkAddrs {
			l.addrs = append(l.addrs, a)
		} else {
			l.many = true
		}
		v.changes++
	}
	v.bind(p, a, mac, false, now)
	return true
}

func (l *link) has(a netip.Addr) bool {
	for _, x := range l.addrs {
		if x == a {
			return true
		}
	}
	return false
}

// router reports whether a MAC carries the traffic of others.
func (l *link) router() bool { return l.foreign > 1 || l.many || len(l.addrs) > routerAddrs }

func (v *Inventory) linkOf(p ident.Place, mac ident.MAC) *link {
	id := linkID{p, mac}
	l := v.links[id]
	if l == nil && len(v.links) < maxLinks {
		l = &link{}
		v.links[id] = l
	}
	return l
}

// bind ties an address to a MAC. A strong binding is only replaced by another
// strong one.
func (v *Inventory) bind(p ident.Place, a netip.Addr, mac ident.MAC, strong bool, now int64) {
	a = a.Unmap()
	if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || a.IsLoopback() || isBroadcast(a) || mac.IsZero() || mac.IsGroup() {
		return
	}
	id := idOf(p, a, ident.MAC{})
	b := v.bindings[id]
	switch {
	case b == nil:
		if len(v.bindings) >= maxBindings {
			return
		}
		v.bindings[id] = &binding{mac, strong, now}
		v.changes++
	case strong || !b.strong:
		if b.mac != mac || b.strong != strong {
			v.changes++
		}
		*b = binding{mac, strong, now}
	}
	if strong {
		v.linkOf(p, mac)
	}
}

// macOf gives the MAC that has an address, unless that MAC is a router and
// only passed the address on.
func (v *Inventory) macOf(p ident.Place, a netip.Addr) (ident.MAC, bool) {
	b := v.bindings[idOf(p, a, ident.MAC{})]
	if b == nil {
		return ident.MAC{}, false
	}
	if !b.strong {
		if l := v.links[linkID{p, b.mac}]; l == nil || l.router() {
			return ident.MAC{}, false
		}
	}
	return b.mac, true
}
