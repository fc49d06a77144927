package profile

import (
	"net/netip"
	"slices"
	"strings"

	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
	"edgeward/internal/policy"
)

// Bounds of what a learner keeps. What is beyond them is counted, and said of
// the device that had too much.
const (
	maxDoings    = 1 << 20 // of all devices
	maxPerDevice = 8192
	maxVerbs     = 1024 // of one doing
)

// LearnOptions say how profiles are made.
type LearnOptions struct {
	PerClass bool     // one for all devices of a vendor, model and type
	Devices  []string // ids, MAC addresses, addresses or names; none for all
	// Domains says that a person consents to registrable domains in place of
	// names where several names of one were seen. Without it such lines are
	// proposed only.
	Domains bool
	Tenant  uint16
	Author  string
	Capture func(uint32) string // name of a capture; nil for none
}

// Learner notes what devices do and makes profiles of it. It is used by one
// goroutine; its memory is bounded.
type Learner struct {
	o      LearnOptions
	doings map[doingKey]*doing
	hosts  map[ident.HostKey]*history
	left   []*finding.Finding
}

// doingKey is one way in which a host talks with a peer.
type doingKey struct {
	host      ident.HostKey
	in        bool
	peer      peerKey
	transport uint8
	port      uint16
	proto     event.Proto
}

// peerKey is a peer before anything is generalised: a role, a host of ours or
// an address.
type peerKey struct {
	role string
	host ident.HostKey
	addr netip.Addr
}

type doing struct {
	seen
	names  []string // of the peer
	home   bool     // the peer is one of ours
	addr   netip.Addr
	silent bool // nothing was ever said from both sides
	hours  uint32
	hour   int64 // the hour that is being counted
	inHour [3]uint64
	most   [3]uint64 // exchanges, bytes from the device, bytes to it, in an hour
	verbs  map[verbKey]*verb
	more   bool // there were more verbs than are kept
}

// verbKey is what tells one verb from another before they are put together.
type verbKey struct {
	op, target, as string
	unit           uint32
	units, filter  bool
}

type verb struct {
	seen
	points []policy.Range
	any    bool // of points: too many ranges
	size   uint32
	qos    uint8
	retain bool
}

// seen is how often something was seen, and where.
type seen struct {
	n           uint64
	first, last int64
	days        int
	day         int64
	out, back   uint64
	samples     [policy.MaxSamples]policy.Sample
	kept        int
}

// history is when a host was there.
type history struct {
	addr        netip.Addr
	first, last int64
	span        int64 // nanoseconds, gaps of more than a day counted as a day
	exchanges   uint64
	hours       uint32 // of the day
	weekdays    uint8
	doings      int
	over        uint64 // exchanges that found no room
	started     bool   // it asked for an address
	behind      []netip.Prefix
	large       bool // something as large as an update came
}

// NewLearner makes a learner that has seen nothing.
func NewLearner(o LearnOptions) *Learner {
	return &Learner{o: o, doings: map[doingKey]*doing{}, hosts: map[ident.HostKey]*history{}}
}

// Leave has the traffic of a finding left out, where it is one that tells of
// an attack or an infection: what is merely new or in another zone is for a
// person to judge by the lines. It may come at any time before Policies.
func (l *Learner) Leave(f *finding.Finding) {
	if f.Kind == finding.Detection && f.Severity >= ident.Medium && len(f.Members) == 0 && !strings.HasPrefix(f.Check, "behaviour.") && f.Check != "lateral.zone-crossing" {
		l.left = append(l.left, f)
	}
}

// Observe notes an exchange for the side, or both, that is a device of ours.
func (l *Learner) Observe(x *Exchange) {
	if x.Act.Op == OpNetwork || x.Client.Host == x.Server.Host {
		return
	}
	if x.Guessed && x.ServerPort >= ephemeral && x.ClientPort < ephemeral && x.ClientPort != 0 {
		turned := x.turned()
		x = &turned
	}
	if x.Guessed && !x.Client.Home && x.ServerPort >= ephemeral {
		return // the answer to something that was not seen
	}
	if x.Client.Home && x.Client.Host != 0 {
		l.note(x, &x.Client, &x.Server, false)
	}
	if x.Server.Home && x.Server.Host != 0 && x.Server.Roles&Group == 0 {
		l.note(x, &x.Server, &x.Client, true)
	}
}

// ephemeral is the first port that systems give to clients (Linux; RFC 6335
// begins at 49152).
const ephemeral = 32768

func (l *Learner) note(x *Exchange, own, other *Side, in bool) {
	h := l.hosts[own.Host]
	if h == nil {
		h = &history{addr: own.Addr, first: x.Time, last: x.Time}
		l.hosts[own.Host] = h
	}
	if own.Behind {
		h.passOn(network(own.Addr))
		return
	}
	h.note(x, in)
	k := doingKey{host: own.Host, in: in, peer: peerOf(x, other, in), transport: x.Transport, port: x.ServerPort, proto: x.Protocol}
	if k.transport != tcp && k.transport != udp {
		k.port = 0
	}
	d := l.doings[k]
	if d == nil {
		if h.doings >= maxPerDevice || len(l.doings) >= maxDoings {
			h.over++
			return
		}
		h.doings++
		d = &doing{home: other.Home, addr: other.Addr, silent: true}
		l.doings[k] = d
	}
	d.note(x, in, l.o.Capture)
	for _, n := range other.Names {
		if len(d.names) < maxAlias && !containsName(d.names, n) {
			d.names = append(d.names, strings.Clone(n))
		}
	}
}

func containsName(list []string, name string) bool {
	for _, n := range list {
		if n == name {
			return true
		}
	}
	return false
}

// maxBehind bounds the networks behind one host.
const maxBehind = 8

func (h *history) passOn(n netip.Prefix) {
	if len(h.behind) < maxBehind && !slices.Contains(h.behind, n) {
		h.behind = append(h.behind, n)
	}
}

// largeEnough is what a flow brings that may be new firmware.
const largeEnough = 512 << 10

func (h *history) note(x *Exchange, in bool) {
	if gap := x.Time - h.last; gap > 0 {
		h.span += min(gap, 24*hour)
		h.last = x.Time
	}
	h.first = min(h.first, x.Time)
	h.exchanges += uint64(x.Weight)
	h.hours |= 1 << hourOf(x.Time)
	h.weekdays |= 1 << weekday(x.Time)
	h.started = h.started || x.Protocol == event.ProtoDHCP || x.Protocol == event.ProtoDHCPv6
	back := x.BytesIn
	if in {
		back = x.BytesOut
	}
	h.large = h.large || back >= largeEnough
}

// weekday gives the day of the week, Sunday 0: 1970 began on a Thursday.
func weekday(t int64) int { return int(((t/(24*hour)+4)%7 + 7) % 7) }

func peerOf(x *Exchange, other *Side, in bool) peerKey {
	switch {
	case other.Roles&Group != 0 || discovers(x.Protocol) && other.Home:
		return peerKey{role: policy.RoleDiscovery}
	case x.Protocol == event.ProtoDHCP || x.Protocol == event.ProtoDHCPv6:
		return peerKey{role: policy.RoleDHCP}
	case !in && x.Protocol == event.ProtoNTP:
		return peerKey{role: policy.RoleTime}
	case !in && x.Protocol == event.ProtoDNS && other.Roles&Resolver != 0:
		return peerKey{role: policy.RoleResolver}
	case !in && other.Home && other.Roles&Gateway != 0:
		return peerKey{role: policy.RoleGateway}
	case in && other.Home && (x.Protocol == event.ProtoDNS || x.Protocol == event.ProtoNTP):
		return peerKey{role: servesAll}
	case other.Home:
		return peerKey{host: other.Host}
	}
	return peerKey{addr: other.Addr}
}

// servesAll marks what a device does for its whole network.
const servesAll = "all"

func (d *doing) note(x *Exchange, in bool, name func(uint32) string) {
	out, back := x.BytesOut, x.BytesIn
	if in {
		out, back = back, out
	}
	d.seen.note(x, out, back, name)
	d.silent = d.silent && (x.Protocol == 0 && (x.Failed || x.Guessed || out == 0 || back == 0))
	d.hours |= 1 << hourOf(x.Time)
	if h := x.Time / hour; h > d.hour || h < d.hour-24 {
		d.hour, d.inHour = h, [3]uint64{}
	}
	for i, n := range [3]uint64{uint64(x.Weight), out, back} {
		d.inHour[i] += n
		d.most[i] = max(d.most[i], d.inHour[i])
	}
	if x.Act.Op == "" {
		return
	}
	a := &x.Act
	k := verbKey{a.Op, a.Target, a.As, a.Unit, a.Units, a.Filter}
	v := d.verbs[k]
	if v == nil {
		if len(d.verbs) >= maxVerbs {
			d.more = true
			return
		}
		if d.verbs == nil {
			d.verbs = map[verbKey]*verb{}
		}
		v = &verb{}
		k.op, k.target, k.as = strings.Clone(k.op), strings.Clone(k.target), strings.Clone(k.as)
		d.verbs[k] = v
	}
	v.seen.note(x, 0, 0, name)
	v.size, v.qos, v.retain = max(v.size, a.Size), max(v.qos, a.QoS), v.retain || a.Retain
	if a.Points && !v.any {
		v.points = addRange(v.points, policy.Range{First: a.First, Last: a.Last})
		v.any = len(v.points) > maxRanges
	}
}

// maxRanges bounds the ranges of points of one verb.
const maxRanges = 64

func (s *seen) note(x *Exchange, out, back uint64, name func(uint32) string) {
	if s.n == 0 && s.first == 0 {
		s.first, s.last = x.Time, x.Time
	}
	s.n += uint64(x.Weight)
	s.first, s.last = min(s.first, x.Time), max(s.last, x.Time)
	s.out += out
	s.back += back
	if d := x.Time/(24*hour) + 1; d != s.day {
		s.day = d
		s.days++
	}
	if x.Weight == 0 {
		return
	}
	at := s.kept
	if at < len(s.samples) {
		s.kept++
	} else {
		at = len(s.samples) - 1 // the last one
	}
	sample := policy.Sample{Packet: x.Where.Packet, Time: x.Time}
	if name != nil {
		sample.Capture = name(x.Where.Capture)
	}
	s.samples[at] = sample
}

func (s *seen) evidence() policy.Evidence {
	return policy.Evidence{Count: s.n, First: s.first, Last: s.last, Days: s.days, BytesOut: s.out, BytesIn: s.back, Samples: s.samples[:s.kept:s.kept]}
}

// add puts two records together.
func (s *seen) add(o *seen) {
	if o.n == 0 && o.first == 0 {
		return
	}
	if s.n == 0 && s.first == 0 {
		*s = *o
		return
	}
	s.n += o.n
	s.out += o.out
	s.back += o.back
	s.days = max(s.days, o.days)
	for i := range o.kept {
		if s.kept < len(s.samples) {
			s.samples[s.kept] = o.samples[i]
			s.kept++
		} else if o.last > s.last {
			s.samples[len(s.samples)-1] = o.samples[i]
		}
	}
	s.first, s.last = min(s.first, o.first), max(s.last, o.last)
}

// Policies makes a profile for each device, or class of devices, that did
// anything.
func (l *Learner) Policies(devices []*asset.Device) []*policy.Policy {
	b := newBuilder(l, devices)
	return b.policies()
}
