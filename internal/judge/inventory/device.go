package inventory

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/judge/fingerprint"
)

// Bounds of what is shown of one device.
const (
	shownPeers    = 32
	shownEvidence = 40
)

// Devices puts the hosts together to devices, as links are known now, sorted
// by first address.
func (v *Inventory) Devices() []*asset.Device {
	groups, order := v.groups(func(ident.HostKey) bool { return true })
	devices := make([]*asset.Device, 0, len(order))
	for _, k := range order {
		devices = append(devices, v.compose(k, groups[k]))
	}
	return devices
}

// lone reports whether a host that never got an answer is still worth being
// called a device: its MAC does not stand for many addresses, as that of a
// router or of a sender of forged addresses does.
func (v *Inventory) lone(h *host) bool {
	if h.packets == 0 {
		return false
	}
	if h.mac.IsZero() {
		return h.packets > 20
	}
	l := v.links[linkID{h.place, h.mac}]
	return l == nil || !l.router()
}

// compareHosts orders hosts by place and address.
func compareHosts(a, b *host) int {
	return cmp.Or(cmp.Compare(a.place.Tenant, b.place.Tenant), cmp.Compare(a.place.Scope, b.place.Scope),
		a.addr.Compare(b.addr), cmp.Compare(a.id.lo, b.id.lo))
}

// deviceKey gives the key under which a host's device goes.
func (v *Inventory) deviceKey(h *host) ident.HostKey {
	if !h.addr.IsValid() {
		return event.HostKeyOf(h.place, h.own, [16]byte{})
	}
	return v.key(h.place, h.addr, h.mac)
}

// DeviceID writes a device key as the device's id.
func DeviceID(k ident.HostKey) string { return fmt.Sprintf("d%015x", uint64(k)>>4) }

func (v *Inventory) compose(k ident.HostKey, hosts []*host) *asset.Device {
	d := &asset.Device{ID: DeviceID(k), Place: hosts[0].place, FirstSeen: hosts[0].first, LastSeen: hosts[0].last}
	var roles roleSet
	var beliefs []belief
	peers := map[netip.Addr]*peer{}
	for _, h := range hosts {
		d.Hosts = append(d.Hosts, v.key(h.place, h.addr, h.mac))
		if h.addr.IsValid() {
			d.Addresses = append(d.Addresses, h.addr)
		}
		if mac, ok := v.macFor(h); ok && !slices.Contains(d.MACs, mac) {
			d.MACs = append(d.MACs, mac)
		}
		for _, n := range h.names {
			if !slices.Contains(d.Names, n) {
				d.Names = append(d.Names, n)
			}
		}
		d.FirstSeen, d.LastSeen = min(d.FirstSeen, h.first), max(d.LastSeen, h.last)
		d.Packets += h.packets
		d.Bytes += h.bytes
		roles |= h.roles
		if d.MUD == "" {
			d.MUD = h.mud
		}
		beliefs = append(beliefs, h.beliefs...)
		d.Services = mergeServices(d.Services, h.services)
		d.Uses = mergeServices(d.Uses, h.uses)
		for i := range h.peers {
			mergePeer(peers, &h.peers[i])
		}
		d.PeerCount += h.peerCount
		if d.Zone == "" {
			d.Zone = v.zoneOf(h)
		}
	}
	for _, m := range d.MACs {
		if l := v.links[linkID{d.Place, m}]; l != nil && l.router() {
			roles |= roleGateway
		}
		if m.IsLocal() {
			d.Randomised = true
		}
	}
	d.Roles = roles.names()
	beliefs = v.ofMaker(append(beliefs, v.derived(d, roles)...), d.MACs)
	weigh(d, beliefs)
	d.Peers = v.topPeers(peers)
	ident.Sort(d.Services, compareServices)
	ident.Sort(d.Uses, compareServices)
	return d
}

// macFor gives the MAC that a host is known by, if it is its own.
func (v *Inventory) macFor(h *host) (ident.MAC, bool) {
	if !h.addr.IsValid() {
		return h.own, true
	}
	return v.macOf(h.place, h.addr)
}

// derived gives the beliefs that follow from the address and the role.
func (v *Inventory) derived(d *asset.Device, roles roleSet) []belief {
	var out []belief
	add := func(a fingerprint.Attribute, value string, confidence float64, source, shown string) {
		out = append(out, belief{Clue: fingerprint.Clue{Attribute: a, Value: value, Confidence: confidence}, source: source, shown: shown, time: d.FirstSeen})
	}
	for _, m := range d.MACs {
		if v.opt.Matcher == nil || m.IsLocal() {
			continue
		}
		if vendor := v.opt.Matcher.Vendor(m); vendor != "" {
			add(fingerprint.Vendor, vendor, 0.6, "oui", m.String()+" is assigned to "+vendor)
			for _, c := range v.opt.Matcher.Match("oui.vendor", vendor) {
				out = append(out, belief{Clue: c, source: "oui", shown: vendor, time: d.FirstSeen})
			}
		}
	}
	if roles&roleGateway != 0 && roles&(roleDHCP|roleResolver) != 0 {
		add(fingerprint.Type, "router", 0.7, "role", "it hands out addresses or answers names, and passes others' traffic on")
	} else if roles&roleGateway != 0 {
		add(fingerprint.Type, "router", 0.5, "role", "its MAC address carries traffic of other networks")
	}
	for _, s := range d.Services {
		shown := fmt.Sprintf("answers on %s port %d", s.Transport, s.Port)
		for _, c := range append(v.match("service", s.Protocol), v.match("service.port", fmt.Sprintf("%s/%d", s.Transport, s.Port))...) {
			out = append(out, belief{Clue: c, source: "service", shown: strings.TrimSpace(s.Protocol + " " + shown), time: s.First})
		}
	}
	for _, s := range d.Uses {
		shown := fmt.Sprintf("uses %s port %d", s.Transport, s.Port)
		for _, c := range append(v.match("use", s.Protocol), v.match("use.port", fmt.Sprintf("%s/%d", s.Transport, s.Port))...) {
			out = append(out, belief{Clue: c, source: "use", shown: strings.TrimSpace(s.Protocol + " " + shown), time: s.First})
		}
	}
	return out
}

// ofMaker leaves out the beliefs that hold only for interfaces of other makers.
func (v *Inventory) ofMaker(beliefs []belief, macs []ident.MAC) []belief {
	makers := ""
	for _, m := range macs {
		if v.opt.Matcher != nil && !m.IsLocal() {
			makers += strings.ToLower(v.opt.Matcher.Vendor(m)) + "\n"
		}
	}
	return slices.DeleteFunc(beliefs, func(b belief) bool {
		return len(b.Maker) > 0 && !slices.ContainsFunc(b.Maker, func(m string) bool { return strings.Contains(makers, strings.ToLower(m)) })
	})
}

func (v *Inventory) match(field, value string) []fingerprint.Clue {
	if v.opt.Matcher == nil || value == "" {
		return nil
	}
	return v.opt.Matcher.Match(field, value)
}

// weigh turns beliefs into one answer per attribute. Independent sources for
// one value strengthen each other: the chance that all are wrong is the
// product of the chances that each is.
func weigh(d *asset.Device, beliefs []belief) {
	ident.Sort(beliefs, func(a, b *belief) int {
		return cmp.Or(cmp.Compare(b.Confidence, a.Confidence), cmp.Compare(a.Attribute, b.Attribute), cmp.Compare(a.Value, b.Value), cmp.Compare(a.source, b.source))
	})
	for attr := fingerprint.Attribute(0); attr < fingerprint.AttributeCount; attr++ {
		best := pick(beliefs, attr)
		switch attr {
		case fingerprint.Vendor:
			d.Vendor = best
		case fingerprint.Model:
			d.Model = best
		case fingerprint.Type:
			d.Type = best
		case fingerprint.OS:
			d.OS = best
		case fingerprint.Firmware:
			d.Firmware = best
		case fingerprint.Serial:
			d.Serial = best
		case fingerprint.Name:
			if best.Known() && !slices.Contains(d.Names, best.Value) {
				d.Names = append(d.Names, best.Value)
			}
		}
	}
	for _, b := range beliefs[:min(len(beliefs), shownEvidence)] {
		d.Evidence = append(d.Evidence, asset.Belief{
			Value: b.Attribute.String() + "=" + b.Value, Confidence: b.Confidence, Source: b.source, Evidence: b.shown, Packet: b.packet, Time: b.time,
		})
	}
}

// pick gives the value of an attribute that has the most behind it.
func pick(beliefs []belief, attr fingerprint.Attribute) asset.Belief {
	type candidate struct {
		first   belief
		doubt   float64
		sources []string
	}
	var all []candidate
next:
	for _, b := range beliefs {
		if b.Attribute != attr {
			continue
		}
		for i := range all {
			c := &all[i]
			if !strings.EqualFold(c.first.Value, b.Value) {
				continue
			}
			if !slices.Contains(c.sources, b.source) {
				c.doubt *= 1 - b.Confidence
				c.sources = append(c.sources, b.source)
			}
			continue next
		}
		all = append(all, candidate{b, 1 - b.Confidence, []string{b.source}})
	}
	var out asset.Belief
	for _, c := range all {
		confidence := min(1-c.doubt, 0.99)
		if confidence > out.Confidence {
			out = asset.Belief{Value: c.first.Value, Confidence: confidence, Source: strings.Join(c.sources, ", "), Evidence: c.first.shown, Packet: c.first.packet, Time: c.first.time}
		}
	}
	return out
}

func mergeServices(into []asset.Service, from []service) []asset.Service {
next:
	for _, s := range from {
		for i := range into {
			if into[i].Port == s.port && into[i].Transport == transportName(s.transport) {
				into[i].Flows += s.flows
				into[i].Clients += len(s.clients)
				into[i].First, into[i].Last = min(into[i].First, s.first), max(into[i].Last, s.last)
				if into[i].Protocol == "" {
					into[i].Protocol = s.proto.String()
				}
				continue next
			}
		}
		into = append(into, asset.Service{
			Transport: transportName(s.transport), Port: s.port, Protocol: s.proto.String(),
			First: s.first, Last: s.last, Flows: s.flows, Clients: len(s.clients),
		})
	}
	return into
}

func compareServices(a, b *asset.Service) int {
	return cmp.Or(cmp.Compare(a.Transport, b.Transport), cmp.Compare(a.Port, b.Port))
}

func transportName(t uint8) string {
	switch t {
	case 6:
		return "tcp"
	case 17:
		return "udp"
	case 1, 58:
		return "icmp"
	case 132:
		return "sctp"
	}
	return fmt.Sprintf("ip-%d", t)
}

func mergePeer(into map[netip.Addr]*peer, p *peer) {
	x := into[p.Address]
	if x == nil {
		c := *p
		into[p.Address] = &c
		return
	}
	x.Flows += p.Flows
	x.BytesIn += p.BytesIn
	x.BytesOut += p.BytesOut
	x.First, x.Last = min(x.First, p.First), max(x.Last, p.Last)
	for i := range x.protos {
		x.protos[i] |= p.protos[i]
	}
}

// topPeers gives the busiest peers with the names they were asked for by.
func (v *Inventory) topPeers(peers map[netip.Addr]*peer) []asset.Peer {
	out := make([]asset.Peer, 0, len(peers))
	for _, p := range peers {
		q := p.Peer
		q.Protocols = p.protos.names()
		q.Name = v.names.of(q.Address)
		out = append(out, q)
	}
	ident.Sort(out, func(a, b *asset.Peer) int {
		return cmp.Or(cmp.Compare(b.BytesIn+b.BytesOut, a.BytesIn+a.BytesOut), a.Address.Compare(b.Address))
	})
	return slices.Clip(out[:min(len(out), shownPeers)])
}

// zoneOf gives the configured zone of a host.
func (v *Inventory) zoneOf(h *host) string {
	for _, z := range v.opt.Zones {
		if h.vlan != 0 && slices.Contains(z.VLANs, h.vlan) || slices.Contains(z.MACs, h.mac) {
			return z.Name
		}
		for _, p := range z.Prefixes {
			if p.Contains(h.addr) {
				return z.Name
			}
		}
	}
	return ""
}

func parseAddr(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	return a.Unmap(), err
}
