package profile

import (
	"net/netip"
	"slices"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/policy"
)

// Miss is what an exchange that no line allows differs in from the line that
// comes nearest.
type Miss uint8

// What may differ, from near to far.
const (
	MissNothing Miss = iota
	MissRate         // the line's ceiling is reached
	MissSize
	MissQoS
	MissRetain
	MissPoints
	MissIdentity
	MissTarget
	MissVerb
	MissHours
	MissProposed // a person has not consented yet
	MissProtocol
	MissPort
	MissPeer
)

var missWords = [...]string{
	"", "rate", "size", "qos", "retain", "points", "identity", "target", "verb", "hours", "proposed", "protocol", "port", "peer",
}

func (m Miss) String() string { return missWords[m] }

// Verdict is what profiles say of an exchange.
type Verdict struct {
	Judged  bool           // a side has a profile
	Allowed bool           // by the profiles of both sides, where they have any
	Open    bool           // allowed since it cannot be known: it began unseen, at a port where a name is allowed
	In      bool           // the profile's device was the one asked
	Miss    Miss           // when it is not allowed
	Policy  *policy.Policy // the one that refused, else the one that allowed; without its body
	Line    string         // id of the line that allows it, or that comes nearest; empty when there is none
	Wants   string         // the protocol of that line
}

// Evaluator judges exchanges in the order of their time and counts them
// against the ceilings of lines. It is used by one goroutine.
type Evaluator struct {
	set    *Set
	counts []count
}

// count is what a line carried in the hour.
type count struct {
	hour   int32
	n      uint32
	second int64
	burst  uint32    // in that second
	bytes  [2]uint64 // from the device, to it
}

// NewEvaluator makes an evaluator that has counted nothing.
func NewEvaluator(s *Set) *Evaluator { return &Evaluator{set: s, counts: make([]count, s.lines)} }

// Judge says whether an exchange is allowed. It is counted when it is.
func (e *Evaluator) Judge(x *Exchange) Verdict {
	out, in := e.set.sides(x)
	return e.judge(x, out, in)
}

// sides gives whose profiles an exchange is judged by: of the one that asks
// and of the one that is asked, -1 for none.
func (s *Set) sides(x *Exchange) (out, in int32) {
	out, in = s.who.find(&x.Client), -1
	if x.Server.Roles&Group == 0 {
		in = s.who.find(&x.Server)
	}
	if out >= 0 && out == in && x.Client.Host == x.Server.Host { // with itself
		return -1, -1
	}
	return out, in
}

func (e *Evaluator) judge(x *Exchange, out, in int32) Verdict {
	v := Verdict{Allowed: true}
	if out >= 0 {
		if v = e.side(&e.set.profiles[out], x, false); !v.Allowed {
			return v
		}
	}
	if in >= 0 {
		return e.side(&e.set.profiles[in], x, true)
	}
	return v
}

// side judges by the profile of one side.
func (e *Evaluator) side(c *compiled, x *Exchange, in bool) Verdict {
	v := Verdict{Judged: true, In: in, Policy: c.policy, Miss: MissPeer}
	own := &x.Client
	if in {
		own = &x.Server
	}
	if x.Act.Op == OpNetwork || own.Behind && contains(c.behind, own.Addr) {
		v.Allowed, v.Miss = true, MissNothing
		return v
	}
	if e.allowed(c, x, in, &v) {
		return v
	}
	turned := *x
	if x.Guessed { // who asked is not known, so it may have been the other one
		turned.Client, turned.Server = x.Server, x.Client
		turned.ClientPort, turned.ServerPort = x.ServerPort, x.ClientPort
		turned.BytesOut, turned.BytesIn = x.BytesIn, x.BytesOut
		if e.allowed(c, &turned, !in, &v) {
			return v
		}
	}
	v.nearest(c, x, in)
	if v.Miss >= MissPort && (x.Guessed && c.openAt(&turned, !in) || (x.Guessed || x.Unnamed) && c.openAt(x, in)) {
		v.Allowed, v.Open, v.Miss = true, true, MissNothing
	}
	return v
}

// openAt reports whether a line for a name would allow an exchange if the
// peer, of which no name was seen, had that name.
func (c *compiled) openAt(x *Exchange, in bool) bool {
	other := &x.Server
	if in || other.Home || len(other.Names) > 0 {
		return false
	}
	for i, l := range c.lines {
		if l.kind == peerName && !l.proposed && c.heads[i].key == keyOf(false, uint16(x.Transport)) && within(l.ports, uint32(x.ServerPort)) {
			return true
		}
	}
	return false
}

// allowed looks for the line that allows the exchange, and counts it there.
func (e *Evaluator) allowed(c *compiled, x *Exchange, in bool, v *Verdict) bool {
	other := &x.Server
	if in {
		other = &x.Client
	}
	exact, wild := keyOf(in, uint16(x.Transport)), keyOf(in, anyTransport)
	for i, h := range c.heads {
		if h.key != exact && h.key != wild || x.ServerPort < h.low || x.ServerPort > h.high || h.proto != 0 && h.proto != x.Protocol && !kin(h.proto, x) {
			continue
		}
		l := c.lines[i]
		miss := l.misses(h.proto, x, other)
		if miss == MissNothing {
			miss = e.count(l, c.first+i, x, in)
		}
		if miss == MissNothing {
			v.Allowed, v.Miss, v.Line, v.Wants = true, miss, l.id, l.protocol
			return true
		}
		if miss == MissRate || miss == MissSize {
			v.over(miss, l)
		}
	}
	return false
}

// over notes that a line would allow an exchange but for how much it is.
func (v *Verdict) over(miss Miss, l *line) {
	if v.Line == "" || miss < v.Miss {
		v.Miss, v.Line, v.Wants = miss, l.id, l.protocol
	}
}

// nearest looks for the line that an exchange differs least from.
func (v *Verdict) nearest(c *compiled, x *Exchange, in bool) {
	other := &x.Server
	if in {
		other = &x.Client
	}
	exact, wild := keyOf(in, uint16(x.Transport)), keyOf(in, anyTransport)
	for i, h := range c.heads {
		if h.key != exact && h.key != wild {
			continue
		}
		l := c.lines[i]
		switch miss := l.misses(h.proto, x, other); {
		case miss == MissNothing:
		case miss < MissPeer:
			v.over(miss, l)
		case v.Line == "" && l.kind != peerNetworkRole && h.low <= x.ServerPort && x.ServerPort <= h.high && (h.proto == 0 || h.proto == x.Protocol):
			v.over(miss, l) // the same with somebody else
		}
	}
}

// misses gives what an exchange differs in from a line, without its rates.
func (l *line) misses(proto event.Proto, x *Exchange, other *Side) Miss {
	if !l.matches(x, other) {
		return MissPeer
	}
	if !within(l.ports, uint32(x.ServerPort)) || !within(l.from, uint32(x.ClientPort)) {
		return MissPort
	}
	if proto != 0 && x.Protocol != proto && !kin(proto, x) {
		return MissProtocol
	}
	if l.proposed {
		return MissProposed
	}
	if len(l.hours) > 0 && !within(l.hours, hourOf(x.Time)) {
		return MissHours
	}
	if x.Act.Op == "" || len(l.verbs) == 0 {
		return MissNothing
	}
	miss := MissVerb
	for i := range l.verbs {
		if m := missesVerb(&l.verbs[i], &x.Act); m < miss {
			if miss = m; m == MissNothing {
				return m
			}
		}
	}
	return miss
}

// kin reports whether what was recognised of an exchange does not speak
// against a line's protocol: nothing was said yet, or it could not be read
// from its beginning, or the one protocol begins as the other.
func kin(want event.Proto, x *Exchange) bool {
	switch x.Protocol {
	case 0:
		return x.Failed || x.Guessed || x.BytesIn == 0 || x.BytesOut == 0
	case event.ProtoWebSocket:
		return want == event.ProtoHTTP
	case event.ProtoHTTP:
		return want == event.ProtoWebSocket || want == event.ProtoSSDP
	case event.ProtoMQTT:
		return want == event.ProtoWebSocket
	}
	return false
}

func missesVerb(v *policy.Verb, a *Act) Miss {
	if v.Op != a.Op {
		return MissVerb
	}
	if len(v.Targets) > 0 && !slices.ContainsFunc(v.Targets, func(p string) bool { return targetFits(p, a) }) {
		return MissTarget
	}
	if len(v.As) > 0 && !slices.ContainsFunc(v.As, func(p string) bool { return MatchIdentity(p, a.As) }) {
		return MissIdentity
	}
	if a.Units && !within(v.Units, a.Unit) || a.Points && !(covers(v.Addresses, a.First, a.Last)) {
		return MissPoints
	}
	if v.Retain != nil && !*v.Retain && a.Retain {
		return MissRetain
	}
	if v.MaxQoS != nil && a.QoS > *v.MaxQoS {
		return MissQoS
	}
	if v.MaxSize != 0 && a.Size > v.MaxSize {
		return MissSize
	}
	return MissNothing
}

// matches reports whether the other side is the line's peer.
func (l *line) matches(x *Exchange, other *Side) bool {
	switch l.kind {
	case peerAny:
		return true
	case peerRole:
		return other.Roles&l.roles != 0
	case peerTime:
		return x.Protocol == event.ProtoNTP || x.ServerPort == 123
	case peerDHCP:
		return x.Protocol == event.ProtoDHCP || x.Protocol == event.ProtoDHCPv6
	case peerDiscovery:
		return other.Roles&Group != 0 || other.Home && discovers(x.Protocol)
	case peerNetworkRole:
		return x.Act.Op == OpNetwork
	case peerName:
		for _, pattern := range l.names {
			for _, name := range other.Names {
				if policy.MatchName(pattern, name) {
					return true
				}
			}
		}
		return false
	case peerMembers:
		return l.others.find(other) >= 0
	case peerZone:
		return other.Zone == l.value
	case peerNetwork:
		return contains(l.networks, other.Addr)
	case peerLocal:
		return other.Home && other.Roles&Group == 0
	case peerMaker:
		return other.Home && l.value != "" && (strings.EqualFold(other.Vendor, l.value) || other.MUD != "" && authority(other.MUD) == l.value)
	case peerModel:
		return other.MUD != "" && other.MUD == l.value
	}
	return false
}

func contains(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// discovers reports whether a protocol is one by which neighbours find each
// other; their answers go to one address.
func discovers(p event.Proto) bool {
	switch p {
	case event.ProtoMDNS, event.ProtoSSDP, event.ProtoLLMNR, event.ProtoNBNS:
		return true
	}
	return false
}

func targetFits(pattern string, a *Act) bool {
	switch {
	case a.Filter:
		return policy.MatchFilter(pattern, a.Target)
	case isQuery(a.Op):
		return policy.MatchName(pattern, a.Target)
	}
	return policy.MatchTarget(pattern, a.Target)
}

func isQuery(op string) bool { return len(op) >= 5 && op[:5] == "query" }

const hour = int64(3600e9)

func hourOf(t int64) uint32 {
	h := t / hour % 24
	if h < 0 {
		h += 24
	}
	return uint32(h)
}

// count adds an exchange to what a line carried in the hour, unless that is
// more than its ceiling.
func (e *Evaluator) count(l *line, at int, x *Exchange, in bool) Miss {
	limits := &l.limits
	if *limits == (policy.Limits{}) {
		return MissNothing
	}
	c := &e.counts[at]
	if h := int32(x.Time / hour); h > c.hour || h < c.hour-24 {
		*c = count{hour: h}
	}
	out, back := x.BytesOut, x.BytesIn
	if in {
		out, back = back, out
	}
	if limits.PerMessage != 0 && x.BytesOut+x.BytesIn > limits.PerMessage {
		return MissSize
	}
	if limits.PerHour != 0 && uint64(c.n)+uint64(x.Weight) > limits.PerHour ||
		limits.BytesOut != 0 && c.bytes[0]+out > limits.BytesOut || limits.BytesIn != 0 && c.bytes[1]+back > limits.BytesIn {
		return MissRate
	}
	if limits.PerSecond != 0 {
		if s := x.Time / 1e9; s != c.second {
			c.second, c.burst = s, 0
		}
		if c.burst+x.Weight > limits.PerSecond {
			return MissRate
		}
		c.burst += x.Weight
	}
	c.n += x.Weight
	c.bytes[0] += out
	c.bytes[1] += back
	return MissNothing
}

func within(list []policy.Range, n uint32) bool {
	if len(list) == 0 {
		return true
	}
	for _, r := range list {
		if r.Contains(n) {
			return true
		}
	}
	return false
}

// covers reports whether one range of a list holds all of first to last.
func covers(list []policy.Range, first, last uint32) bool {
	if len(list) == 0 {
		return true
	}
	for _, r := range list {
		if r.Contains(first) && r.Contains(last) {
			return true
		}
	}
	return false
}

// MatchIdentity reports whether an identity fits a pattern: itself; "*" at the
// end for any rest; "#" for a run of digits.
func MatchIdentity(pattern, as string) bool {
	if n := len(pattern); n > 0 && pattern[n-1] == '*' {
		return len(as) >= n-1 && as[:n-1] == pattern[:n-1]
	}
	return pattern == as || policy.MatchDigits(pattern, as)
}
