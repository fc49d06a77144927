package mud

import (
	"math"
	"net/netip"

	"edgeward/internal/policy"
)

// peers takes the peer of a line apart into such as one entry can be about;
// none when a file cannot say it at all.
func (w *writer) peers(id string, l *policy.Line) []policy.Peer {
	p := l.Peer
	switch p.Kind {
	case policy.PeerRole:
		return w.role(id, l)
	case policy.PeerName:
		var out []policy.Peer
		for _, n := range p.Names {
			if !isHost(n) {
				w.limit(id, "peer", "%q is a pattern; a usage description has whole names only; left out", n)
				continue
			}
			out = append(out, policy.Peer{Kind: policy.PeerName, Names: []string{n}})
		}
		return out
	case policy.PeerNetwork:
		return networks(p.Networks)
	case policy.PeerDevice:
		w.limit(id, "peer", "a usage description has no single devices: whoever applies it names them as the device's own controllers (my-controller)")
		return []policy.Peer{{Kind: policy.PeerOperators}}
	case policy.PeerZone:
		w.limit(id, "peer", "a usage description has no zones: all local networks are allowed, not %q alone", p.Value)
		return []policy.Peer{{Kind: policy.PeerLocal}}
	case policy.PeerMaker:
		if p.Value != "" && !isHost(p.Value) {
			w.limit(id, "peer", "the maker %q is not the domain name of one; left out", p.Value)
			return nil
		}
	}
	return []policy.Peer{p}
}

func (w *writer) role(id string, l *policy.Line) []policy.Peer {
	switch l.Peer.Value {
	case policy.RoleDiscovery:
		if l.Direction == policy.In {
			w.limit(id, "peer", "there is no role of discovery: the local networks may ask")
			return []policy.Peer{{Kind: policy.PeerLocal}}
		}
		w.limit(id, "peer", "there is no role of discovery: what is sent to groups is allowed, the answers of single devices are not")
		return networks(groups)
	case policy.RoleNetwork:
		w.limit(id, "peer", "errors of ICMP, neighbour discovery and group membership are for the network to allow; left out")
		return nil
	case policy.RoleGateway, policy.RoleDHCP:
		w.limit(id, "peer", "the class %s is not registered; whoever applies the file must know it", classOfRole[l.Peer.Value])
	}
	if classOfRole[l.Peer.Value] == "" {
		w.limit(id, "peer", "there is no class for the role %q; left out", l.Peer.Value)
		return nil
	}
	return []policy.Peer{l.Peer}
}

func networks(list []netip.Prefix) []policy.Peer {
	out := make([]policy.Peer, len(list))
	for i, n := range list {
		out[i] = policy.Peer{Kind: policy.PeerNetwork, Networks: []netip.Prefix{n}}
	}
	return out
}

// entry makes the conditions of one direction.
func (k *kind) entry(p policy.Peer, v6, from bool, theirs, ours *Port) Matches {
	m := Matches{Abstract: abstraction(p)}
	ip := IP{Protocol: k.protocol}
	switch p.Kind {
	case policy.PeerName:
		ip.DestinationName = p.Names[0]
	case policy.PeerNetwork:
		ip.Destination = p.Networks[0]
	}
	source, destination := ours, theirs
	if !from {
		ip.Source, ip.Destination = ip.Destination, ip.Source
		ip.SourceName, ip.DestinationName = ip.DestinationName, ip.SourceName
		source, destination = theirs, ours
	}
	if ip.Protocol != nil || p.Kind == policy.PeerName || p.Kind == policy.PeerNetwork {
		if v6 {
			m.IPv6 = &ip
		} else {
			m.IPv4 = &ip
		}
	}
	ports := &Ports{Source: source, Destination: destination, Initiated: k.initiated}
	switch {
	case k.protocol == nil:
	case *k.protocol == 6:
		m.TCP = ports
	case *k.protocol == 17 && (source != nil || destination != nil):
		m.UDP = ports
	case k.echo != "":
		m.ICMP = echo(v6, from == (k.echo == policy.Out))
	}
	return m
}

// echo is an echo request or, asked in the other direction, its answer.
func echo(v6, request bool) *ICMP {
	types := map[bool]uint8{true: 8, false: 0}
	if v6 {
		types = map[bool]uint8{true: 128, false: 129}
	}
	t, code := types[request], uint8(0)
	return &ICMP{Type: &t, Code: &code}
}

func abstraction(p policy.Peer) *Abstraction {
	switch p.Kind {
	case policy.PeerRole:
		return &Abstraction{Controller: classOfRole[p.Value]}
	case policy.PeerClass:
		return &Abstraction{Controller: p.Value}
	case policy.PeerOperators:
		return &Abstraction{MyController: true}
	case policy.PeerModel:
		return &Abstraction{Model: p.Value}
	case policy.PeerMaker:
		return &Abstraction{Manufacturer: p.Value, SameManufacturer: p.Value == ""}
	case policy.PeerLocal:
		return &Abstraction{LocalNetworks: true}
	}
	return nil
}

// conditions turns ranges of ports into conditions, one for each entry; one
// nil condition when any port will do.
func conditions(list []policy.Range) []*Port {
	if len(list) == 0 {
		return []*Port{nil}
	}
	if len(list) == 2 && list[0].First == 0 && list[1].Last == math.MaxUint16 && list[0].Last+2 == list[1].First {
		return []*Port{{Operator: "neq", Port: uint16(list[0].Last + 1)}}
	}
	var out []*Port
	for _, r := range list {
		first, last := uint16(min(r.First, math.MaxUint16)), uint16(min(r.Last, math.MaxUint16))
		switch {
		case first == last:
			out = append(out, &Port{Operator: "eq", Port: first})
		case first == 0:
			out = append(out, &Port{Operator: "lte", Port: last})
		case last == math.MaxUint16:
			out = append(out, &Port{Operator: "gte", Port: first})
		default:
			out = append(out, &Port{Operator: "range", Port: first, Upper: last})
		}
	}
	return out
}
