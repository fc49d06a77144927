package profile

import (
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/policy"
)

// Options say what only an administrator knows.
type Options struct {
	Classes   map[string][]policy.Member // controllers by the URI of their class (RFC 8520, section 8.1)
	Operators map[string][]policy.Member // in charge of a profile's devices, by policy id; "" for all
}

// Bounds of one set.
const (
	MaxPolicies = 1 << 20
	MaxLines    = 4096 // of one profile
)

// Set is profiles ready to be asked. It does not change and may be shared.
type Set struct {
	profiles []compiled
	lines    int
	who      members
}

type compiled struct {
	policy *policy.Policy
	body   *policy.Profile
	lines  []line
}

// line is a line of a profile with what is compared first in front.
type line struct {
	key      uint32 // of direction and transport; see keyOf
	kind     peerKind
	proto    event.Proto // 0 for any
	roles    Roles
	proposed bool
	ports    policy.Range // the hull of all, so that most others are told at once
	counter  uint32       // where the evaluator counts it
	value    string       // zone, maker or model
	from     *policy.Line
	others   *members // of device, class and operators
}

type peerKind uint8

const (
	peerAny peerKind = iota
	peerRole
	peerTime
	peerDHCP
	peerDiscovery
	peerNetworkRole
	peerName
	peerMembers
	peerZone
	peerNetwork
	peerLocal
	peerMaker
	peerModel
)

// members says which of a list a side is.
type members struct {
	macs  map[ident.MAC]int32
	addrs map[netip.Addr]int32
	ids   map[string]int32
	names map[string]int32
	loose map[int32]bool // those that have no MAC: an address is enough
}

// Compile readies profiles. Policies of other kinds are passed over. An error
// names the policy and the line.
func Compile(policies []*policy.Policy, o Options) (*Set, error) {
	s := &Set{}
	if len(policies) > MaxPolicies {
		return nil, ident.Errorf(ident.Invalid, "split them", "%d policies are more than %d", len(policies), MaxPolicies)
	}
	shared := map[string]*members{}
	for _, p := range policies {
		if p.Kind != policy.ForProfile {
			continue
		}
		body, err := Body(p)
		if err != nil {
			return nil, err
		}
		if len(body.Lines) > MaxLines {
			return nil, ident.Errorf(ident.Invalid, "", "policy %s: %d lines are more than %d", p.ID, len(body.Lines), MaxLines)
		}
		c := compiled{policy: p, body: body, lines: make([]line, len(body.Lines))}
		for i := range body.Lines {
			if err := s.line(&c.lines[i], &body.Lines[i], p, body, o, shared); err != nil {
				return nil, ident.Errorf(ident.Invalid, "", "policy %s, line %s: %w", p.ID, body.Lines[i].ID, err)
			}
		}
		at := int32(len(s.profiles))
		for i := range body.Members {
			if err := s.who.add(&body.Members[i], at); err != nil {
				return nil, ident.Errorf(ident.Invalid, "", "policy %s: %w", p.ID, err)
			}
		}
		s.profiles = append(s.profiles, c)
	}
	return s, nil
}

// Len gives how many profiles there are.
func (s *Set) Len() int { return len(s.profiles) }

// Body gives the profile of a policy.
func Body(p *policy.Policy) (*policy.Profile, error) {
	body := new(policy.Profile)
	if err := json.Unmarshal(p.Body, body); err != nil {
		return nil, ident.Errorf(ident.Invalid, "", "policy %s: %w", p.ID, err)
	}
	return body, nil
}

// Envelope puts a profile into a policy's body.
func Envelope(p *policy.Policy, body *policy.Profile) error {
	b, err := json.Marshal(body)
	p.Body = b
	return err
}

func (s *Set) line(c *line, l *policy.Line, p *policy.Policy, body *policy.Profile, o Options, shared map[string]*members) error {
	c.from, c.proposed, c.value = l, l.Proposed, l.Peer.Value
	if l.Peer.Kind == policy.PeerMaker && c.value == "" { // the same as the profile's
		c.value = makerOf(body)
	}
	c.counter = uint32(s.lines)
	s.lines++
	transport, err := transportOf(l.Transport)
	if err != nil {
		return err
	}
	switch l.Direction {
	case policy.Out, policy.In:
	default:
		return ident.Errorf(ident.Invalid, "write in or out", "direction %q", l.Direction)
	}
	c.key = keyOf(l.Direction == policy.In, transport)
	if l.Protocol != "" {
		if c.proto = event.ProtoByName(l.Protocol); c.proto == 0 {
			return ident.Errorf(ident.Invalid, "docs/reference/protocols.md has them", "unknown protocol %q", l.Protocol)
		}
	}
	c.ports = hull(l.Ports)
	return s.peer(c, &l.Peer, p, o, shared)
}

func (s *Set) peer(c *line, peer *policy.Peer, p *policy.Policy, o Options, shared map[string]*members) error {
	switch peer.Kind {
	case policy.PeerAny:
		c.kind = peerAny
	case policy.PeerRole:
		c.kind = peerRole
		switch peer.Value {
		case policy.RoleGateway:
			c.roles = Gateway
		case policy.RoleResolver:
			c.roles = Resolver
		case policy.RoleTime:
			c.kind = peerTime
		case policy.RoleDHCP:
			c.kind = peerDHCP
		case policy.RoleDiscovery:
			c.kind = peerDiscovery
		case policy.RoleNetwork:
			c.kind = peerNetworkRole
		default:
			return ident.Errorf(ident.Invalid, "", "unknown role %q", peer.Value)
		}
	case policy.PeerName:
		c.kind = peerName
	case policy.PeerDevice:
		return c.members(peer.Devices)
	case policy.PeerZone:
		c.kind = peerZone
	case policy.PeerNetwork:
		c.kind = peerNetwork
	case policy.PeerLocal:
		c.kind = peerLocal
	case policy.PeerMaker:
		c.kind = peerMaker
	case policy.PeerModel:
		c.kind = peerModel
	case policy.PeerClass:
		return c.shared(shared, "class "+peer.Value, o.Classes[peer.Value])
	case policy.PeerOperators:
		list := o.Operators[p.ID]
		if list == nil {
			return c.shared(shared, "operators", o.Operators[""])
		}
		return c.members(list)
	default:
		return ident.Errorf(ident.Invalid, "", "unknown kind of peer %q", peer.Kind)
	}
	return nil
}

// makerOf names the maker of a profile's devices: the authority of its MUD URL
// (RFC 8520, section 8.4), else the vendor.
func makerOf(body *policy.Profile) string {
	if body.MUD != nil && body.MUD.URL != "" {
		return authority(body.MUD.URL)
	}
	return body.Vendor
}

// authority gives the host of a URL in lower case.
func authority(url string) string {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		return ""
	}
	rest, _, _ = strings.Cut(rest, "/")
	return canonical(hostOnly(rest))
}

func (c *line) members(list []policy.Member) error {
	c.kind, c.others = peerMembers, &members{}
	for i := range list {
		if err := c.others.add(&list[i], int32(i)); err != nil {
			return err
		}
	}
	return nil
}

// shared keeps the members of a class once however many lines name it.
func (c *line) shared(all map[string]*members, name string, list []policy.Member) error {
	if m := all[name]; m != nil {
		c.kind, c.others = peerMembers, m
		return nil
	}
	if err := c.members(list); err != nil {
		return err
	}
	all[name] = c.others
	return nil
}

func (m *members) add(who *policy.Member, at int32) error {
	for _, s := range who.MACs {
		mac, err := ident.ParseMAC(s)
		if err != nil {
			return err
		}
		put(&m.macs, mac, at)
	}
	for _, a := range who.Addresses {
		put(&m.addrs, a.Unmap(), at)
	}
	for _, n := range who.Names {
		put(&m.names, canonical(n), at)
	}
	if who.ID != "" {
		put(&m.ids, who.ID, at)
	}
	if len(who.MACs) == 0 {
		put(&m.loose, at, true)
	}
	return nil
}

func put[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[k] = v
}

// find gives which of the members a side is, -1 for none: by its id or MAC
// address, else, where none is known of it or of the member, by its address,
// else by the name that it says is its own.
func (m *members) find(s *Side) int32 {
	if s.Device != "" && m.ids != nil {
		if at, ok := m.ids[s.Device]; ok {
			return at
		}
	}
	if !s.MAC.IsZero() {
		if at, ok := m.macs[s.MAC]; ok {
			return at
		}
	}
	if at, ok := m.addrs[s.Addr]; ok && (s.MAC.IsZero() || m.loose[at]) {
		return at
	}
	if m.names != nil && s.Home && s.MAC.IsZero() {
		for _, n := range s.Names {
			if at, ok := m.names[n]; ok {
				return at
			}
		}
	}
	return -1
}

func keyOf(in bool, transport uint16) uint32 {
	k := uint32(transport)
	if in {
		k |= 1 << 31
	}
	return k
}

const anyTransport = 0x100

func transportOf(name string) (uint16, error) {
	switch strings.ToLower(name) {
	case "":
		return anyTransport, nil
	case "tcp":
		return tcp, nil
	case "udp":
		return udp, nil
	case "icmp":
		return icmp, nil
	case "icmp6":
		return icmpv6, nil
	case "igmp":
		return igmp, nil
	case "link":
		return 0, nil
	}
	n, err := strconv.ParseUint(name, 10, 8)
	if err != nil {
		return 0, ident.Errorf(ident.Invalid, "tcp, udp, icmp, icmp6, igmp, link, or the IP protocol's number", "transport %q", name)
	}
	return uint16(n), nil
}

// TransportName writes an IP protocol as in a line.
func TransportName(t uint8) string {
	switch t {
	case 0:
		return "link"
	case tcp:
		return "tcp"
	case udp:
		return "udp"
	case icmp:
		return "icmp"
	case icmpv6:
		return "icmp6"
	case igmp:
		return "igmp"
	}
	return number(t)
}

func hull(list []policy.Range) policy.Range {
	if len(list) == 0 {
		return policy.Range{Last: 1<<32 - 1}
	}
	h := list[0]
	for _, r := range list[1:] {
		h.First, h.Last = min(h.First, r.First), max(h.Last, r.Last)
	}
	return h
}
