package profile

import (
	"fmt"
	"net/netip"
	"slices"

	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/policy"
)

// lineKey is what a line is made for, once peers are known by what they are.
type lineKey struct {
	in        bool
	kind      policy.PeerKind
	value     string // role, key of a device, or which group of names
	transport uint8
	proto     event.Proto
}

// draft is a line that is being made.
type draft struct {
	lineKey
	doings []*placedDoing
	ports  []uint32
	names  []string
	addrs  []netip.Addr
	peers  map[string]*asset.Device
}

// lines makes the lines of one profile.
func (b *builder) lines(s *subject) []policy.Line {
	fold(s.doings)
	named := groupNames(s.doings)
	drafts := map[lineKey]*draft{}
	var order []*draft
	for _, d := range s.doings {
		k := lineKey{in: d.in, transport: d.transport, proto: d.proto}
		switch {
		case d.peer.role == servesAll:
			k.kind = policy.PeerLocal
		case d.peer.role != "":
			k.kind, k.value = policy.PeerRole, d.peer.role
			if d.peer.role == policy.RoleDiscovery && !discovers(d.proto) {
				k.value += fmt.Sprint(" ", min(d.port, ephemeral)) // those above change from one time to the next
			}
			if d.peer.role == policy.RoleTime {
				s.times = append(s.times, d.names...)
			}
		case d.peer.host != 0:
			k.kind, k.value = policy.PeerDevice, b.deviceName(d.peer.host, d.addr)
		case len(d.names) > 0 && !d.in:
			k.kind, k.value = policy.PeerName, named[d.names[0]]
		default:
			k.kind, k.value = policy.PeerNetwork, fmt.Sprint(d.port)
		}
		if k.kind != policy.PeerNetwork && k.kind != policy.PeerRole && d.port < 1024 {
			k.value += fmt.Sprint(" ", d.port) // the verbs of one port are not those of another
		}
		dr := drafts[k]
		if dr == nil {
			dr = &draft{lineKey: k, peers: map[string]*asset.Device{}}
			drafts[k] = dr
			order = append(order, dr)
		}
		dr.doings = append(dr.doings, d)
		dr.add(d, b)
	}
	lines := []policy.Line{
		{Direction: policy.Out, Peer: policy.Peer{Kind: policy.PeerRole, Value: policy.RoleNetwork}, Note: "errors, neighbours and groups"},
		{Direction: policy.In, Peer: policy.Peer{Kind: policy.PeerRole, Value: policy.RoleNetwork}, Note: "errors, neighbours and groups"},
	}
	for i := range lines {
		lines[i].ID = lines[i].Identify()
	}
	for _, dr := range order {
		lines = append(lines, b.line(dr, s)...)
	}
	return lines[:min(len(lines), MaxLines)]
}

func (dr *draft) add(d *placedDoing, b *builder) {
	if d.transport == tcp || d.transport == udp {
		if !slices.Contains(dr.ports, uint32(d.port)) {
			dr.ports = append(dr.ports, uint32(d.port))
		}
	}
	for _, n := range d.names {
		if !slices.Contains(dr.names, n) {
			dr.names = append(dr.names, n)
		}
	}
	if d.peer.addr.IsValid() && !slices.Contains(dr.addrs, d.peer.addr) {
		dr.addrs = append(dr.addrs, d.peer.addr)
	}
	if d.peer.host != 0 {
		if dev := b.device(d.peer.host, d.addr); dev != nil {
			dr.peers[dev.ID] = dev
		} else if d.addr.IsValid() && !slices.Contains(dr.addrs, d.addr) {
			dr.addrs = append(dr.addrs, d.addr)
		}
	}
}

func (b *builder) deviceName(k ident.HostKey, a netip.Addr) string {
	if d := b.device(k, a); d != nil {
		return d.ID
	}
	return a.String()
}

// fold gives what could not be recognised, since nothing was said, to what was
// at the same peer and port.
func fold(doings []*placedDoing) {
	type end struct {
		in        bool
		peer      peerKey
		transport uint8
		port      uint16
	}
	known := map[end]event.Proto{}
	for _, d := range doings {
		if d.proto != 0 {
			known[end{d.in, d.peer, d.transport, d.port}] = d.proto
		}
	}
	for _, d := range doings {
		if d.proto == 0 && d.silent {
			if p, ok := known[end{d.in, d.peer, d.transport, d.port}]; ok {
				d.proto = p
			}
		}
	}
}

// groupNames puts names together that stand for one address, so that one
// service is one line: it gives each name the first of its group.
func groupNames(doings []*placedDoing) map[string]string {
	parent := map[string]string{}
	root := func(n string) string {
		for parent[n] != n {
			n = parent[n]
		}
		return n
	}
	for _, d := range doings {
		if d.in || d.peer.role != "" || d.home {
			continue
		}
		for _, n := range d.names {
			if parent[n] == "" {
				parent[n] = n
			}
			a, c := root(d.names[0]), root(n)
			if a != c {
				parent[max(a, c)] = min(a, c)
			}
		}
	}
	out := make(map[string]string, len(parent))
	for n := range parent {
		out[n] = root(n)
	}
	return out
}
