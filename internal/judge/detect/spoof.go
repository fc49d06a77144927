package detect

import (
	"fmt"
	"net/netip"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	claimSpan   = 5 * minute // how recently the other claim must have been made
	pathSpan    = 2 * minute // how soon after a claim the way out must change
	maxClaims   = 8192
	maxWays     = 4096
	serverSpan  = hour
	maxIdentity = 4096
	maxServers  = 16
	fewRouters  = 3 // that announce themselves on one link; more are a flood
)

// spoof finds machines that pretend to be others on the link: by ARP, DHCP,
// router advertisements, or contradicting identities.
type spoof struct {
	e        *Engine
	claims   *table[claim]    // who holds which address
	holders  *table[holder]   // which addresses a MAC holds
	ways     *table[way]      // by which MAC a host reaches the outside
	servers  *table[dhcpView] // DHCP servers by place
	routers  *table[routers]  // IPv6 routers by place and VLAN
	identity *table[claimedIdentity]
}

// claim is what is believed of one address.
type claim struct {
	pin
	owner    ident.MAC // who held it before anybody else claimed it
	mac      ident.MAC
	time     int64
	previous ident.MAC
	changed  int64
	changes  int
	said     uint64 // what its holder last said: the operation and who was meant
}

// A radio cannot send under the address of a machine behind it. Hosts of
// virtual machines and repeaters on a wireless network therefore say again
// under their own address, at once, what such a machine said.
const (
	repeatRequest = second / 10   // within which a request that is said again is such a repetition: no spoofer asks for the owner
	repeatReply   = second / 5000 // the same for answers, by which spoofers lie, too
)

// repeated reports whether an ARP message that says the same as the one of the
// address's holder before it is its repetition.
func repeated(after int64, op uint16) bool {
	return after >= 0 && (op == 1 && after <= repeatRequest || op == 2 && after <= repeatReply)
}

// holder is what one MAC claimed.
type holder struct {
	addrs [4]netip.Addr
	n     int
	last  int64
	asked int64 // when it last sent a claim that nobody asked for
}

// way is the MAC by which a host reaches addresses outside.
type way struct {
	mac   ident.MAC
	since int64
	last  int64
	n     int
}

// dhcpView is what the DHCP servers of a place hand out.
type dhcpView struct {
	known []dhcpOffer
}

type dhcpOffer struct {
	server  netip.Addr
	mac     ident.MAC
	routers string
	dns     string
	n       int
	last    int64
	asked   uint64 // the client and exchange that it answered last
	taken   bool   // a client took what it hands out
	told    bool   // there is a finding about it
}

type routers struct{ known []routerSeen }

type routerSeen struct {
	link     string
	prefixes string
	last     int64
}

// claimedIdentity is what a host said that it is, by one protocol.
type claimedIdentity struct {
	value    string
	previous string
	changes  int
	last     int64
}

func newSpoof(e *Engine) *spoof {
	return &spoof{
		e: e, claims: newTable[claim](maxClaims), holders: newTable[holder](maxClaims), ways: newTable[way](maxWays),
		servers: newTable[dhcpView](64), routers: newTable[routers](64), identity: newTable[claimedIdentity](maxIdentity),
	}
}

func (p *spoof) kinds() []event.Kind {
	return []event.Kind{event.KindARP, event.KindFlow, event.KindDNS, event.KindDHCP, event.KindICMP, event.KindIdentity}
}

func (p *spoof) close() {}

func (p *spoof) fact(s *sight) {
	switch b := s.Body.(type) {
	case *event.ARP:
		p.arp(s, b)
	case *event.Flow, *event.DNS:
		p.way(s)
	case *event.DHCP:
		p.dhcp(s, b)
	case *event.ICMP:
		if b.V6 && b.Type == 134 {
			p.advert(s, b)
		}
	case *event.Identity:
		p.identify(s, b)
	}
}

// shared reports whether a MAC is one that several machines use in turn by
// design: VRRP, HSRP, GLBP, CARP.
func shared(m ident.MAC) bool {
	switch {
	case m[0] == 0 && m[1] == 0 && m[2] == 0x5e && m[3] == 0 && (m[4] == 1 || m[4] == 2):
		return true
	case m[0] == 0 && m[1] == 0 && m[2] == 0x0c && m[3] == 0x07 && m[4] == 0xac, m[0] == 0 && m[1] == 0 && m[2] == 0x0c && m[3] == 0x9f, m[0] == 0 && m[1] == 7 && m[2] == 0xb4:
		return true
	}
	return false
}

func (p *spoof) arp(s *sight, b *event.ARP) {
	mac, err := ident.ParseMAC(b.SenderMAC)
	if err != nil || mac.IsZero() || !b.SenderIP.IsValid() || b.SenderIP.IsUnspecified() || mac.IsGroup() {
		return
	}
	h := p.holders.make(mix(macHash(mac), placeKey(s)))
	h.note(b.SenderIP, s.when)
	if b.Op == 2 || b.Gratuitous {
		h.asked = s.when
	}
	c := p.claims.make(hostKey(s.Place, b.SenderIP))
	said := mix(uint64(b.Op), addrKey(b.TargetIP))
	if c.mac != mac && c.said == said && repeated(s.when-c.time, b.Op) {
		return
	}
	c.said = said
	switch {
	case c.mac.IsZero() || !near(c.time, s.when, 24*hour):
		*c = claim{pin: c.pin, owner: mac, mac: mac, time: s.when, said: said}
		return
	case c.mac == mac:
		c.time = s.when
		return
	}
	old, recent := c.mac, near(c.time, s.when, claimSpan)
	again := c.previous == mac && near(c.changed, s.when, claimSpan)
	c.previous, c.mac, c.time = old, mac, s.when
	if near(c.changed, s.when, claimSpan) {
		c.changes++
	} else {
		c.changes = 1
	}
	c.changed = s.when
	if shared(mac) || shared(old) || !recent {
		c.owner = mac
		return // an address that has passed on, as leases do
	}
	liar := mac
	if mac == c.owner {
		liar = old
	}
	oldHolder := p.holders.get(mix(macHash(old), placeKey(s)))
	rec := p.arpRecord(s, liar)
	if rec.isNew() {
		c.keep()
		router := p.e.devices.Router(s.Place, old) || p.e.devices.Router(s.Place, mac)
		switch {
		case router || again || h.n >= 2 || oldHolder != nil && oldHolder.n >= 2:
			rec.rate(ident.High, 0.85)
		default:
			rec.rate(ident.Medium, 0.6)
		}
		addr := b.SenderIP
		rec.tell = func() string {
			times := ""
			if c.changes > 1 {
				times = fmt.Sprintf(" The claim went back and forth %d times.", c.changes)
			}
			return fmt.Sprintf("The address %s was held by %s, and %s claimed it as well at %s.%s", addr, otherMAC(old, mac, liar), liar, clock(rec.first), times)
		}
	}
	if again {
		rec.grade(ident.High, 0.9)
	}
	to := actor{addr: b.SenderIP, home: true}
	rec.peer(&to)
	rec.show(p.e, s, fmt.Sprintf("ARP: %s is at %s", b.SenderIP, mac))
	rec.add(&p.e.ledger, s.when, 1)
}

func otherMAC(a, b, not ident.MAC) ident.MAC {
	if a == not {
		return b
	}
	return a
}

func (p *spoof) arpRecord(s *sight, liar ident.MAC) *record {
	about := actor{mac: liar, home: true, key: event.HostKeyOf(s.Place, liar, [16]byte{})}
	if s.SrcMAC == liar {
		about.key = s.src.key
	}
	return p.e.report("spoof.arp", s, &about, "")
}

func (h *holder) note(a netip.Addr, t int64) {
	if h.n > 0 && !near(h.last, t, 24*hour) {
		*h = holder{}
	}
	h.last = t
	for _, have := range h.addrs[:min(h.n, len(h.addrs))] {
		if have == a {
			return
		}
	}
	if h.n < len(h.addrs) {
		h.addrs[h.n] = a
	}
	h.n++
}

// way watches by which MAC a host reaches the outside. When that changes
// right after another machine claimed an address of the link, the traffic was
// diverted.
func (p *spoof) way(s *sight) {
	if !s.src.home || s.dst.home || s.group || s.DstMAC.IsZero() || s.DstMAC.IsGroup() || !public(s.Dst) {
		return
	}
	w := p.ways.make(hostKey(s.Place, s.Src))
	now := s.Time
	if w.mac == s.DstMAC {
		w.last = now
		w.n++
		return
	}
	old, before, last := w.mac, w.n, w.last
	*w = way{mac: s.DstMAC, since: now, last: now, n: 1}
	if old.IsZero() || before < 2 || !near(last, now, claimSpan) || shared(old) || shared(s.DstMAC) {
		return
	}
	h := p.holders.get(mix(macHash(s.DstMAC), placeKey(s)))
	if h == nil || h.asked == 0 || !near(h.asked, now, pathSpan) {
		return
	}
	rec := p.arpRecord(s, s.DstMAC)
	if rec.isNew() {
		src, claimed, via := s.Src, h.addrs[0], s.DstMAC
		rec.tell = func() string {
			return fmt.Sprintf("%s reached the internet by way of %s. Then %s sent an ARP answer that claims %s, and from %s on the traffic went to it instead.", src, old, via, claimed, clock(rec.first))
		}
	}
	rec.grade(ident.High, 0.85)
	rec.peer(&s.src)
	rec.show(p.e, s, "traffic to the outside goes by another machine")
	rec.add(&p.e.ledger, now, 1)
}

func macHash(m ident.MAC) uint64 {
	return uint64(m[0])<<40 | uint64(m[1])<<32 | uint64(m[2])<<24 | uint64(m[3])<<16 | uint64(m[4])<<8 | uint64(m[5])
}

func placeKey(s *sight) uint64 { return uint64(s.Place.Tenant)<<16 | uint64(s.Place.Scope) }

// dhcp finds a second server that hands out something else.
func (p *spoof) dhcp(s *sight, b *event.DHCP) {
	kind := strings.ToLower(b.MsgType)
	if kind != "offer" && kind != "ack" || b.Relay.IsValid() && !b.Relay.IsUnspecified() {
		return
	}
	server := b.ServerID
	if !server.IsValid() || server.IsUnspecified() {
		if server = s.Src; b.Type == "request" {
			server = s.Dst
		}
	}
	routersGiven, dns := strings.Join(b.Routers, " "), strings.Join(b.DNS, " ")
	if routersGiven == "" && dns == "" {
		return
	}
	v := p.servers.make(placeKey(s)<<16 | uint64(s.VLAN))
	at := v.find(server)
	if at == len(v.known) {
		if at == maxServers {
			return
		}
		v.known = append(v.known, dhcpOffer{server: server, mac: s.SrcMAC})
	}
	own := &v.known[at]
	own.n++
	own.last, own.routers, own.dns = s.when, strings.Clone(routersGiven), strings.Clone(dns)
	own.asked = mix(textKey(b.ClientMAC), uint64(b.ID))
	own.taken = own.taken || kind == "ack"
	var first *dhcpOffer
	for i := range v.known[:at] {
		if k := &v.known[i]; near(k.last, s.when, serverSpan) && (first == nil || k.n > first.n) {
			first = k
		}
	}
	if own.told || first == nil || first.routers == routersGiven && first.dns == dns || first.mac == s.SrcMAC && !s.SrcMAC.IsZero() {
		return // the first one, two that agree, or one machine for two networks
	}
	// The one that was there before must be a server of this network: one offer
	// that nobody took may be a leftover of another, such as the network that a
	// device opens to be set up.
	if !first.taken && first.n < 2 && first.asked != own.asked {
		return
	}
	own.told = true
	about := s.src
	about.addr = server
	rec := p.e.reportAt("spoof.dhcp", s, &about, group{addr: server})
	if rec.isNew() {
		was, old := *first, "gateway "+first.routers+", name servers "+first.dns
		now := clip("gateway "+routersGiven+", name servers "+dns, 120)
		mac := s.SrcMAC
		rec.tell = func() string {
			return fmt.Sprintf("%s (%s) hands out %s, while %s hands out %s.", rec.address, mac, now, was.server, clip(old, 120))
		}
	}
	rec.show(p.e, s, "DHCP "+kind+" by a second server")
	rec.add(&p.e.ledger, s.when, 1)
}

// find gives the place of a server among those that are known, the end when it
// is not.
func (v *dhcpView) find(server netip.Addr) int {
	for i := range v.known {
		if v.known[i].server == server {
			return i
		}
	}
	return len(v.known)
}

// advert finds a further machine that announces itself as a router.
func (p *spoof) advert(s *sight, b *event.ICMP) {
	if b.Lifetime == 0 {
		return
	}
	link := b.LinkAddr
	if link == "" {
		link = s.Src.String()
	}
	prefixes := strings.Join(b.Prefixes, " ")
	r := p.routers.make(placeKey(s)<<16 | uint64(s.VLAN))
	var other *routerSeen
	for i := range r.known {
		k := &r.known[i]
		if k.link == link {
			k.last, k.prefixes = s.when, strings.Clone(prefixes)
			return
		}
		if near(k.last, s.when, serverSpan) && (other == nil || k.last > other.last) {
			other = k
		}
	}
	if len(r.known) < 16 {
		r.known = append(r.known, routerSeen{link: strings.Clone(link), prefixes: strings.Clone(prefixes), last: s.when})
	}
	recent := 0
	for i := range r.known {
		if near(r.known[i].last, s.when, serverSpan) {
			recent++
		}
	}
	if other == nil || recent > fewRouters {
		return // the first one, or a flood: see ipv6
	}
	rec := p.e.report("spoof.router-advertisement", s, &s.src, link)
	if rec.isNew() {
		if other.prefixes == prefixes {
			rec.rate(ident.Info, 0.5) // two routers of one network
		}
		was, now := other.link, clip(link, 60)
		given := clip(prefixes, 100)
		if given != "" {
			given = " for " + given
		}
		rec.tell = func() string {
			return fmt.Sprintf("%s (%s) announces itself as a router%s beside %s.", rec.address, now, given, was)
		}
	}
	rec.show(p.e, s, "router advertisement by a further machine")
	rec.add(&p.e.ledger, s.when, 1)
}
