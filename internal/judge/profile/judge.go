package profile

import (
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
	var turned Exchange
	if x.Guessed { // who asked is not known, so it may have been the other one
		turned = x.turned()
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
