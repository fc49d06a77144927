package profile

import (
	"math/bits"
	"net/netip"
	"slices"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/policy"
)

// How far what was seen is widened.
const (
	fewPorts     = 2  // more different ports above 1023 than this are one range
	fewSiblings  = 8  // more different segments at one place of a path than this are any
	fewClients   = 4  // more identities with one beginning than this are any with it
	fewLabels    = 3  // as many names of one domain propose the domain
	fewAddresses = 16 // more nameless addresses than this propose any
	maxTargets   = 64 // more targets of one verb than this are any
	roomy        = 4  // ceilings are this many times the most that was seen
	leastPerHour = 120
	leastBytes   = 16 << 20
	leastSize    = 256
)

// line makes the line of a draft, and beside it a wider one that is only
// proposed where a person may want that.
func (b *builder) line(dr *draft, s *subject) []policy.Line {
	l := policy.Line{Direction: policy.Out, Transport: TransportName(dr.transport), Protocol: dr.proto.String(), Ports: portsOf(dr)}
	if dr.in {
		l.Direction = policy.In
	}
	var all seen
	for _, d := range dr.doings {
		all.add(&d.seen)
	}
	l.Evidence = all.evidence()
	l.Limits = limitsOf(dr)
	l.Hours = hoursOf(dr, s)
	l.Verbs = verbsOf(dr, s.times)
	switch {
	case dr.kind == policy.PeerRole && dr.value == policy.RoleResolver && len(s.history.behind) > 0:
		l.Verbs, l.Note = nil, "it asks for those behind it too"
	case dr.kind == policy.PeerLocal:
		l.Verbs, l.Note = nil, "it does this for its whole network"
	}
	l.Peer = policy.Peer{Kind: dr.kind}
	switch dr.kind {
	case policy.PeerRole:
		l.Peer.Value, _, _ = strings.Cut(dr.value, " ")
		if l.Peer.Value == policy.RoleTime {
			l.Note = "any server of time that the device is told of: " + strings.Join(dr.names[:min(len(dr.names), 4)], ", ")
			l.Note = strings.TrimSuffix(l.Note, ": ")
		}
	case policy.PeerDevice:
		for _, d := range dr.peers {
			l.Peer.Devices = append(l.Peer.Devices, b.member(d))
		}
		if len(l.Peer.Devices) == 0 {
			l.Peer = networkPeer(dr.addrs)
		}
	case policy.PeerName:
		l.Peer.Names = namePatterns(dr.names)
	case policy.PeerNetwork:
		l.Peer = networkPeer(dr.addrs)
		if dr.proto == event.ProtoSTUN && !dr.in && len(l.Peer.Networks) > 1 {
			l.Peer = policy.Peer{Kind: policy.PeerAny}
			l.Note = "it is told at every call where to meet others (RFC 8489)"
		}
	}
	l.ID = l.Identify()
	return append([]policy.Line{l}, b.wider(l, dr)...)
}

// wider gives the lines that need a person's consent.
func (b *builder) wider(l policy.Line, dr *draft) []policy.Line {
	switch {
	case dr.kind == policy.PeerName:
		domains := domainsOf(dr.names)
		if len(domains) == 0 {
			return nil
		}
		l.Peer.Names, l.Proposed, l.Note = domains, !b.l.o.Domains, "several names of one domain were seen"
	case dr.kind == policy.PeerNetwork && !dr.in && len(dr.addrs) > fewAddresses:
		l.Peer, l.Proposed, l.Note = policy.Peer{Kind: policy.PeerAny}, true, "many addresses without a name"
	default:
		return nil
	}
	l.Evidence.Samples = nil
	l.ID = l.Identify()
	return []policy.Line{l}
}

// networkPeer is nameless addresses; those beside each other are taken for
// one service.
func networkPeer(addrs []netip.Addr) policy.Peer {
	p := policy.Peer{Kind: policy.PeerNetwork}
	near := map[netip.Prefix]int{}
	for _, a := range addrs {
		near[network(a)]++
	}
	for _, a := range addrs {
		n := network(a)
		if near[n] < 2 || a.IsPrivate() {
			n = netip.PrefixFrom(a, a.BitLen())
		}
		if !slices.Contains(p.Networks, n) {
			p.Networks = append(p.Networks, n)
		}
	}
	slices.SortFunc(p.Networks, netip.Prefix.Compare)
	return p
}

// portsOf gives the ports of the side that is asked. Ports that change from
// one time to the next become a range.
func portsOf(dr *draft) []policy.Range {
	if discovers(dr.proto) && dr.kind == policy.PeerRole {
		return nil // answers go to whatever port asked
	}
	slices.Sort(dr.ports)
	var out []policy.Range
	high := 0
	for _, p := range dr.ports {
		if p >= 1024 {
			high++
		}
	}
	for _, p := range dr.ports {
		switch {
		case p < 1024 || high <= fewPorts && !(p >= ephemeral && dr.kind == policy.PeerRole):
			out = append(out, policy.Range{First: p, Last: p})
		case p >= ephemeral:
			return append(out, policy.Range{First: ephemeral, Last: 65535})
		default:
			return append(out, policy.Range{First: 1024, Last: 65535})
		}
	}
	return out
}

func limitsOf(dr *draft) policy.Limits {
	var most [3]uint64
	for _, d := range dr.doings {
		for i := range most {
			most[i] += d.most[i]
		}
	}
	return policy.Limits{
		PerHour: max(roundUp(roomy*most[0]), leastPerHour), BytesOut: max(roundUp(roomy*most[1]), leastBytes), BytesIn: max(roundUp(roomy*most[2]), leastBytes),
	}
}

// roundUp keeps the first two digits, in binary, so that a profile that is
// learned again says the same.
func roundUp(n uint64) uint64 {
	if n < 16 {
		return n
	}
	step := uint64(1) << (bits.Len64(n) - 3)
	return (n + step - 1) / step * step
}

// hoursOf gives the hours of the day of what happens at few hours only, where
// enough days were seen to say so.
func hoursOf(dr *draft, s *subject) []policy.Range {
	var all uint32
	days := 0
	for _, d := range dr.doings {
		all |= d.hours
		days = max(days, d.days)
	}
	if days < 7 || s.history.last-s.history.first < 14*24*hour || bits.OnesCount32(all) > 4 {
		return nil
	}
	all |= (all<<1 | all>>23 | all>>1 | all<<23) & (1<<24 - 1) // an hour to either side
	var out []policy.Range
	for h := uint32(0); h < 24; h++ {
		if all&(1<<h) == 0 {
			continue
		}
		if n := len(out); n > 0 && out[n-1].Last == h-1 {
			out[n-1].Last = h
		} else {
			out = append(out, policy.Range{First: h, Last: h})
		}
	}
	return out
}
