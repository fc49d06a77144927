package mud

import (
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"edgeward/internal/policy"
)

// rule sees an entry from the device; not ok when it is about nothing that a
// profile has, which is then among the limits.
func (t *translation) rule(name string, e *Entry, from bool) (rule, bool) {
	m := &e.Matches
	r := rule{name: name, quarantine: t.quarantine[e.Name]}
	if !t.link(name, m.Eth) {
		return r, false
	}
	ip, v6 := m.IPv4, m.IPv6 != nil
	if v6 {
		ip = m.IPv6
	}
	if ip == nil {
		ip = &IP{}
	}
	var ok bool
	if r.transport, ok = transport(m, ip, v6); !ok {
		t.limit(name, "the entry", "its protocol number and its ports are of different protocols: it matches nothing; left out")
		return r, false
	}
	if r.transport == "0" {
		if !v6 {
			t.limit(name, "the entry", "no packet of IPv4 has the protocol number 0; left out")
			return r, false
		}
		t.limit(name, "protocol", "0 is an extension header in front of the protocol; taken as ICMPv6, which has it when it reports group membership")
		r.transport = "icmp6"
	}
	if r.peer, ok = t.peer(name, m, ip, from); !ok {
		return r, false
	}
	ports := m.TCP
	if ports == nil {
		ports = m.UDP
	}
	fields := ip.Fields
	if ports != nil {
		r.initiated = ports.Initiated
		r.theirs, r.ours = span(ports.Destination), span(ports.Source)
		if !from {
			r.theirs, r.ours = r.ours, r.theirs
		}
		fields = append(slices.Clip(fields), ports.Fields...)
	}
	if m.ICMP != nil {
		t.icmp(&r, m.ICMP, from)
		fields = append(slices.Clip(fields), m.ICMP.Fields...)
	}
	if len(fields) > 0 {
		names := make([]string, len(fields))
		for i, f := range fields {
			names[i] = f.Name
		}
		t.limit(name, "header fields", "a profile has no condition on %s; the line allows any", strings.Join(names, ", "))
	}
	if e.Logging == "log-syslog" {
		t.limit(name, "logging", "a profile does not say what is logged")
	}
	return r, true
}

// link says what is lost of conditions on the link; false when the entry is
// not about IP.
func (t *translation) link(name string, e *Ethernet) bool {
	switch {
	case e == nil:
		return true
	case e.Type != nil && *e.Type != ethertypes["ipv4"] && *e.Type != ethertypes["ipv6"]:
		t.limit(name, "the entry", "it is about Ethernet type %#04x; profiles are about IP; left out", *e.Type)
		return false
	case e.Source != "" || e.Destination != "" && e.Destination != broadcast:
		t.limit(name, "MAC addresses", "a profile has no condition on the addresses of the link; the line allows any")
	}
	return true
}

const broadcast = "ff:ff:ff:ff:ff:ff"

var transportNames = map[uint8]string{1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 58: "icmp6"}

var transportNumbers = map[string]uint8{"icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "icmp6": 58}

// transport gives the protocol of an entry; false when it contradicts itself.
func transport(m *Matches, ip *IP, v6 bool) (string, bool) {
	var by string
	switch {
	case m.TCP != nil:
		by = "tcp"
	case m.UDP != nil:
		by = "udp"
	case m.ICMP != nil && (v6 || ip.Protocol != nil && *ip.Protocol == 58):
		by = "icmp6"
	case m.ICMP != nil:
		by = "icmp"
	}
	if ip.Protocol == nil {
		return by, true
	}
	name, ok := transportNames[*ip.Protocol]
	if !ok {
		name = strconv.Itoa(int(*ip.Protocol))
	}
	return name, by == "" || by == name
}

// icmp reads who asks from the type.
func (t *translation) icmp(r *rule, i *ICMP, from bool) {
	if i.Type == nil {
		return
	}
	sender, other := policy.Out, policy.In
	if !from {
		sender, other = other, sender
	}
	switch {
	case *i.Type == 8 && r.transport == "icmp" || *i.Type == 128 && r.transport == "icmp6":
		r.echo = sender
	case *i.Type == 0 && r.transport == "icmp" || *i.Type == 129 && r.transport == "icmp6":
		r.echo = other
	default:
		r.echo = sender
		t.limit(r.name, "type of ICMP", "a profile has no types of ICMP; the line allows them all, not %d alone", *i.Type)
	}
}

// peer says with whom an entry is about; false when that is nobody that a
// profile judges.
func (t *translation) peer(name string, m *Matches, ip *IP, from bool) (policy.Peer, bool) {
	network, dns, own, ownName := ip.Destination, ip.DestinationName, ip.Source, ip.SourceName
	if !from {
		network, dns, own, ownName = own, ownName, network, dns
	}
	if !from && own.IsValid() && isGroup(own) {
		t.limit(name, "the entry", "it is about what reaches everybody on the link, which is judged where it is sent; left out")
		return policy.Peer{}, false
	}
	if own.IsValid() && own.Bits() > 0 || ownName != "" {
		t.limit(name, "the device's own address", "a profile is for the device, whatever its address is")
	}
	var peers []policy.Peer // from the narrowest on
	if addr, err := netip.ParseAddr(dns); err == nil {
		peers = append(peers, policy.Peer{Kind: policy.PeerNetwork, Networks: []netip.Prefix{netip.PrefixFrom(addr, addr.BitLen())}})
	} else if dns != "" {
		peers = append(peers, policy.Peer{Kind: policy.PeerName, Names: []string{canonical(dns)}})
	}
	switch everybody := m.Eth != nil && m.Eth.Destination == broadcast || slices.Contains(groups, network); {
	case from && everybody:
		peers = append(peers, policy.Peer{Kind: policy.PeerRole, Value: policy.RoleDiscovery})
		t.limit(name, "peer", "it is everybody on the link; the line is about multicast and broadcast of either version of IP")
	case network.IsValid() && network.Bits() > 0:
		peers = append(peers, policy.Peer{Kind: policy.PeerNetwork, Networks: []netip.Prefix{network}})
	}
	peers = append(peers, abstract(m.Abstract)...)
	if len(peers) == 0 {
		return policy.Peer{Kind: policy.PeerAny}, true
	}
	if len(peers) > 1 && !(toGroup(peers[0]) && peers[1].Kind == policy.PeerLocal) {
		t.limit(name, "several conditions on the peer", "a line has one; the narrowest stands")
	}
	return peers[0], true
}

// abstract gives the peers of the container mud, from the narrowest on.
func abstract(a *Abstraction) (peers []policy.Peer) {
	if a == nil {
		return nil
	}
	if role, ok := roleOfClass[a.Controller]; ok {
		peers = append(peers, policy.Peer{Kind: policy.PeerRole, Value: role})
	} else if a.Controller != "" {
		peers = append(peers, policy.Peer{Kind: policy.PeerClass, Value: a.Controller})
	}
	if a.MyController {
		peers = append(peers, policy.Peer{Kind: policy.PeerOperators})
	}
	if a.Model != "" {
		peers = append(peers, policy.Peer{Kind: policy.PeerModel, Value: a.Model})
	}
	if a.SameManufacturer {
		peers = append(peers, policy.Peer{Kind: policy.PeerMaker})
	}
	if a.Manufacturer != "" {
		peers = append(peers, policy.Peer{Kind: policy.PeerMaker, Value: canonical(a.Manufacturer)})
	}
	if a.LocalNetworks {
		peers = append(peers, policy.Peer{Kind: policy.PeerLocal})
	}
	return peers
}

// everyPort says that any port will do, where that must be said.
var everyPort = []policy.Range{{First: 0, Last: math.MaxUint16}}

// span gives the ports that a condition holds; nil without one.
func span(p *Port) []policy.Range {
	if p == nil {
		return nil
	}
	n := uint32(p.Port)
	switch {
	case p.Operator == "range":
		return []policy.Range{{First: n, Last: uint32(p.Upper)}}
	case p.Operator == "gte":
		return []policy.Range{{First: n, Last: math.MaxUint16}}
	case p.Operator == "lte":
		return []policy.Range{{First: 0, Last: n}}
	case p.Operator == "neq" && n == 0:
		return []policy.Range{{First: 1, Last: math.MaxUint16}}
	case p.Operator == "neq" && n == math.MaxUint16:
		return []policy.Range{{First: 0, Last: n - 1}}
	case p.Operator == "neq":
		return []policy.Range{{First: 0, Last: n - 1}, {First: n + 1, Last: math.MaxUint16}}
	}
	return []policy.Range{{First: n, Last: n}}
}
