package ruleset

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"edgeward/internal/ident"
	"edgeward/internal/policy"
)

// host is where a device can be met.
type host struct {
	macs  []ident.MAC
	addrs []netip.Addr
}

func (h *host) empty() bool { return len(h.macs)+len(h.addrs) == 0 }

func (h *host) add(m *policy.Member) {
	for _, s := range m.MACs {
		if mac, err := ident.ParseMAC(s); err == nil && !slices.Contains(h.macs, mac) {
			h.macs = append(h.macs, mac)
		}
	}
	for _, a := range m.Addresses {
		if a = a.Unmap().WithZone(""); a.IsValid() && !slices.Contains(h.addrs, a) {
			h.addrs = append(h.addrs, a)
		}
	}
}

// host finds a member: by what it says, and by what is known of the device
// that it is.
func (p *plan) host(m *policy.Member) host {
	var h host
	h.add(m)
	for _, k := range handles(m) {
		for _, i := range p.index[k] {
			if d := &p.devices[i]; same(m, &d.Member) {
				h.add(&d.Member)
			}
		}
	}
	if h.empty() {
		for _, n := range m.Names {
			h.add(&policy.Member{Addresses: p.o.Names[strings.ToLower(n)]})
		}
	}
	return h
}

// meet finds where a profile's devices can be met.
func (p *plan) meet(b *body) {
	for i := range b.profile.Members {
		h := p.host(&b.profile.Members[i])
		b.hosts = append(b.hosts, h)
		for _, m := range h.macs {
			p.byMAC[m] = append(p.byMAC[m], b)
		}
		for _, a := range h.addrs {
			p.byAddr[a] = append(p.byAddr[a], b)
			b.addrs = append(b.addrs, prefixOf(a))
		}
	}
	b.addrs = compact(b.addrs)
	if slices.ContainsFunc(b.lines, func(e *entry) bool { return e.Direction == policy.In && e.Protocol == "mqtt" }) {
		p.brokers = append(p.brokers, b)
	}
}

// of gives the profiles of a host.
func (p *plan) of(h *host) []*body {
	var out []*body
	for _, m := range h.macs {
		out = append(out, p.byMAC[m]...)
	}
	for _, a := range h.addrs {
		out = append(out, p.byAddr[a]...)
	}
	return out
}

// handles gives what a member is found by in the index.
func handles(m *policy.Member) []string {
	var out []string
	if m.ID != "" {
		out = append(out, "id "+m.ID)
	}
	for _, a := range m.MACs {
		if mac, err := ident.ParseMAC(a); err == nil {
			out = append(out, "mac "+mac.String())
		}
	}
	for _, n := range m.Names {
		out = append(out, "name "+strings.ToLower(n))
	}
	return out
}

// same reports whether two members are one device: by id, else by MAC
// address, else, when one of them has none, by name.
func same(a, b *policy.Member) bool {
	names := len(a.MACs) == 0 || len(b.MACs) == 0
	theirs := handles(b)
	return slices.ContainsFunc(handles(a), func(k string) bool {
		return (names || !strings.HasPrefix(k, "name ")) && slices.Contains(theirs, k)
	})
}

// peers gives the hosts of a line's peer when these are devices; ok is false
// when the peer is of another kind.
func (p *plan) peers(b *body, e *entry) (hosts []host, ok bool) {
	var members []policy.Member
	switch e.Peer.Kind {
	case policy.PeerDevice:
		members = e.Peer.Devices
	case policy.PeerClass:
		members = p.o.Classes[e.Peer.Value]
	case policy.PeerOperators:
		if members = p.o.Operators[b.policy.ID]; members == nil {
			members = p.o.Operators[""]
		}
	case policy.PeerMaker:
		maker := e.Peer.Value
		if maker == "" {
			maker = makerOf(b.profile)
		}
		for i := range p.devices {
			if d := &p.devices[i]; maker != "" && (strings.EqualFold(d.Vendor, maker) || authority(d.MUD) == maker) {
				members = append(members, d.Member)
			}
		}
	case policy.PeerModel:
		for i := range p.devices {
			if d := &p.devices[i]; d.MUD != "" && d.MUD == e.Peer.Value {
				members = append(members, d.Member)
			}
		}
	default:
		return nil, false
	}
	for i := range members {
		if h := p.host(&members[i]); !h.empty() {
			hosts = append(hosts, h)
		} else {
			p.limit(b, e, "peer", "neither MAC address nor address of one of its devices is known: it is left out")
		}
	}
	if len(members) == 0 {
		p.limit(b, e, "peer", "no device is known to be of %s %s: the line allows nobody", e.Peer.Kind, shown(e.Peer.Value))
	}
	return hosts, true
}

// makerOf names the maker of a profile's devices as the evaluator does: the
// authority of its MUD URL (RFC 8520, section 8.4), else the vendor.
func makerOf(prof *policy.Profile) string {
	if prof.MUD != nil && prof.MUD.URL != "" {
		return authority(prof.MUD.URL)
	}
	return prof.Vendor
}

func authority(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
}

// networks gives the addresses of a line's peer; any means all of them.
func (p *plan) networks(b *body, e *entry) (list []netip.Prefix, any bool) {
	if !e.asked {
		e.nets, e.any = p.find(b, e)
		e.asked = true
	}
	return e.nets, e.any
}

func (p *plan) find(b *body, e *entry) (list []netip.Prefix, any bool) {
	single := func(addrs []netip.Addr, what string) {
		for _, a := range addrs {
			list = append(list, prefixOf(a))
		}
		if len(list) == 0 {
			p.limit(b, e, "peer", "the address of %s is not known: the line allows nobody", what)
		}
	}
	if hosts, ok := p.peers(b, e); ok {
		var addrs []netip.Addr
		for i := range hosts {
			addrs = append(addrs, hosts[i].addrs...)
		}
		if len(hosts) > 0 {
			single(addrs, "its devices")
		}
		return compact(list), false
	}
	switch e.Peer.Kind {
	case policy.PeerAny:
		return nil, true
	case policy.PeerRole:
		switch e.Peer.Value {
		case policy.RoleGateway:
			single(p.o.Gateways, "the gateway")
		case policy.RoleResolver:
			single(p.o.Resolvers, "the resolver")
		case policy.RoleDHCP, policy.RoleDiscovery:
			list = append(append(list, p.local...), groups...)
		default:
			return nil, true
		}
	case policy.PeerName:
		for _, a := range p.lastSeen(e) {
			list = append(list, prefixOf(a))
		}
	case policy.PeerZone:
		if list = p.o.Zones[e.Peer.Value]; len(list) == 0 {
			p.limit(b, e, "peer", "the networks of zone %s are not known: the line allows nobody", shown(e.Peer.Value))
		}
	case policy.PeerNetwork:
		list = e.Peer.Networks
	case policy.PeerLocal:
		list = p.local
	}
	return compact(list), false
}

// lastSeen gives the addresses of the names of a line's peer, in order.
func (p *plan) lastSeen(e *entry) []netip.Addr {
	var list []netip.Addr
	add := func(addrs []netip.Addr) {
		for _, a := range addrs {
			if a.IsValid() {
				list = append(list, a.Unmap().WithZone(""))
			}
		}
	}
	for _, pattern := range e.Peer.Names {
		add(p.o.Names[pattern])
		if strings.ContainsAny(pattern, "*#") {
			for name, addrs := range p.o.Names {
				if policy.MatchName(pattern, name) {
					add(addrs)
				}
			}
		}
	}
	slices.SortFunc(list, netip.Addr.Compare)
	return slices.Compact(list)
}

func prefixOf(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	return netip.PrefixFrom(a, a.BitLen())
}
