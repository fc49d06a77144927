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
	policy *policy.Policy // without its body
	name   string
	member policy.Member // the first
	behind []netip.Prefix
	heads  []head
	lines  []*line
	first  int // where the evaluator counts its first line
}

// head is what of a line is compared first, so that most others are told
// without looking further. The heads of a profile lie side by side.
type head struct {
	key   uint16 // of direction and transport; see keyOf
	low   uint16 // the hull of all ports
	high  uint16
	proto event.Proto // 0 for any
}

// line is what a line matches. Profiles of like devices share them.
type line struct {
	id       string
	protocol string
	kind     peerKind
	roles    Roles
	proposed bool
	value    string // zone, maker or model
	names    []string
	networks []netip.Prefix
	ports    []policy.Range
	from     []policy.Range
	hours    []policy.Range
	verbs    []policy.Verb
	limits   policy.Limits
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

// compiler shares what is the same in many profiles.
type compiler struct {
	Set
	o      Options
	lists  map[string]*members
	shapes map[string]shape
}

type shape struct {
	head head
	line *line
}

// Compile readies profiles. Policies of other kinds are passed over. An error
// names the policy and the line. Nothing of the policies' bodies is kept.
func Compile(policies []*policy.Policy, o Options) (*Set, error) {
	if len(policies) > MaxPolicies {
		return nil, ident.Errorf(ident.Invalid, "split them", "%d policies are more than %d", len(policies), MaxPolicies)
	}
	c := &compiler{o: o, lists: map[string]*members{}, shapes: map[string]shape{}}
	for _, p := range policies {
		if p.Kind != policy.ForProfile {
			continue
		}
		if err := c.add(p); err != nil {
			return nil, err
		}
	}
	return &c.Set, nil
}

func (c *compiler) add(p *policy.Policy) error {
	body, err := Body(p)
	if err != nil {
		return err
	}
	if len(body.Lines) > MaxLines {
		return ident.Errorf(ident.Invalid, "", "policy %s: %d lines are more than %d", p.ID, len(body.Lines), MaxLines)
	}
	envelope := *p
	envelope.Body = nil
	out := compiled{policy: &envelope, name: body.Name, behind: body.Behind, first: c.lines}
	if len(body.Members) > 0 {
		out.member = body.Members[0]
	}
	c.lines += len(body.Lines)
	out.heads, out.lines = make([]head, len(body.Lines)), make([]*line, len(body.Lines))
	for i := range body.Lines {
		if out.heads[i], out.lines[i], err = c.shared(&body.Lines[i], p, body); err != nil {
			return ident.Errorf(ident.Invalid, "", "policy %s, line %s: %w", p.ID, body.Lines[i].ID, err)
		}
	}
	at := int32(len(c.profiles))
	for i := range body.Members {
		if err := c.who.add(&body.Members[i], at); err != nil {
			return ident.Errorf(ident.Invalid, "", "policy %s: %w", p.ID, err)
		}
	}
	c.profiles = append(c.profiles, out)
	return nil
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

// shared gives the compiled form of a line, the same for lines that match the
// same.
func (c *compiler) shared(l *policy.Line, p *policy.Policy, body *policy.Profile) (head, *line, error) {
	l.Evidence, l.Note = policy.Evidence{}, ""
	for i := range l.Verbs {
		l.Verbs[i].Evidence = policy.Evidence{}
	}
	text, err := json.Marshal(l)
	if err != nil {
		return head{}, nil, err
	}
	key := string(text)
	switch l.Peer.Kind { // what these mean is said by the profile
	case policy.PeerMaker, policy.PeerOperators:
		key = p.ID + key
	}
	if known, ok := c.shapes[key]; ok {
		return known.head, known.line, nil
	}
	h, out, err := c.line(l, p, body)
	if err == nil {
		c.shapes[key] = shape{h, out}
	}
	return h, out, err
}

func (c *compiler) line(l *policy.Line, p *policy.Policy, body *policy.Profile) (head, *line, error) {
	out := &line{
		id: l.ID, protocol: l.Protocol, proposed: l.Proposed, value: l.Peer.Value, names: l.Peer.Names, networks: l.Peer.Networks,
		ports: l.Ports, from: l.From, hours: l.Hours, verbs: l.Verbs, limits: l.Limits,
	}
	if l.Peer.Kind == policy.PeerMaker && out.value == "" { // the same as the profile's
		out.value = makerOf(body)
	}
	transport, err := transportOf(l.Transport)
	if err != nil {
		return head{}, nil, err
	}
	if l.Direction != policy.Out && l.Direction != policy.In {
		return head{}, nil, ident.Errorf(ident.Invalid, "write in or out", "direction %q", l.Direction)
	}
	h := head{key: keyOf(l.Direction == policy.In, transport)}
	if l.Protocol != "" {
		if h.proto = event.ProtoByName(l.Protocol); h.proto == 0 {
			return head{}, nil, ident.Errorf(ident.Invalid, "docs/reference/protocols.md has them", "unknown protocol %q", l.Protocol)
		}
	}
	h.low, h.high = hull(l.Ports)
	return h, out, c.peer(out, &l.Peer, p)
}

func (c *compiler) peer(l *line, peer *policy.Peer, p *policy.Policy) error {
	switch peer.Kind {
	case policy.PeerAny:
		l.kind = peerAny
	case policy.PeerRole:
		l.kind = peerRole
		switch peer.Value {
		case policy.RoleGateway:
			l.roles = Gateway
		case policy.RoleResolver:
			l.roles = Resolver
		case policy.RoleTime:
			l.kind = peerTime
		case policy.RoleDHCP:
			l.kind = peerDHCP
		case policy.RoleDiscovery:
			l.kind = peerDiscovery
		case policy.RoleNetwork:
			l.kind = peerNetworkRole
		default:
			return ident.Errorf(ident.Invalid, "", "unknown role %q", peer.Value)
		}
	case policy.PeerName:
		l.kind = peerName
	case policy.PeerDevice:
		return l.members(peer.Devices)
	case policy.PeerZone:
		l.kind = peerZone
	case policy.PeerNetwork:
		l.kind = peerNetwork
	case policy.PeerLocal:
		l.kind = peerLocal
	case policy.PeerMaker:
		l.kind = peerMaker
	case policy.PeerModel:
		l.kind = peerModel
	case policy.PeerClass:
		return c.list(l, "class "+peer.Value, c.o.Classes[peer.Value])
	case policy.PeerOperators:
		list := c.o.Operators[p.ID]
		if list == nil {
			return c.list(l, "operators", c.o.Operators[""])
		}
		return l.members(list)
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

func (l *line) members(list []policy.Member) error {
	l.kind, l.others = peerMembers, &members{}
	for i := range list {
		if err := l.others.add(&list[i], int32(i)); err != nil {
			return err
		}
	}
	return nil
}

// list keeps the members of a class once however many lines name it.
func (c *compiler) list(l *line, name string, list []policy.Member) error {
	if m := c.lists[name]; m != nil {
		l.kind, l.others = peerMembers, m
		return nil
	}
	if err := l.members(list); err != nil {
		return err
	}
	c.lists[name] = l.others
	return nil
}

func keyOf(in bool, transport uint16) uint16 {
	if in {
		transport |= 1 << 15
	}
	return transport
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

func hull(list []policy.Range) (low, high uint16) {
	if len(list) == 0 {
		return 0, 1<<16 - 1
	}
	first, last := list[0].First, list[0].Last
	for _, r := range list[1:] {
		first, last = min(first, r.First), max(last, r.Last)
	}
	return uint16(min(first, 1<<16-1)), uint16(min(last, 1<<16-1))
}
