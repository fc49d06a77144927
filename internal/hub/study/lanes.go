package study

import (
	"cmp"
	"slices"

	"edgeward/internal/judge/profile"
	"edgeward/internal/policy"
)

// Bounds of what lanes keep.
const (
	maxLanes    = 400
	laneTargets = 6
	// Strip is into how many spans of equal length the time is cut.
	Strip = 28
)

// Lane is what passes between the device and one peer in one verb.
type Lane struct {
	Direction policy.Direction
	Peer      string // address
	Name      string // by which the peer was asked for; empty for none
	Device    string // id of the peer; empty for outsiders
	Role      string // see package policy; empty for none
	Transport string
	Port      uint16 // of the side that is asked
	Protocol  string
	Op        string
	Targets   []string // the first ones
	More      int      // targets beyond those
	Evidence  policy.Evidence
	Refused   uint64        // of Count, by the policy
	Strip     [Strip]uint32 // exchanges of each span
}

type laneKey struct {
	in              bool
	peer            string
	port            uint16
	transport       uint8
	protocol, verbs string
}

// Lanes gives what the device did in all of the time, the busiest first, and
// how much of it a policy refuses; the policy may be nil. The strips go from
// the first exchange to the last.
func (s *Study) Lanes(p *policy.Policy) (lanes []Lane, first, last int64, err error) {
	var judge *profile.Evaluator
	if p != nil {
		set, err := profile.Compile([]*policy.Policy{p}, profile.Options{})
		if err != nil {
			return nil, 0, 0, err
		}
		judge = profile.NewEvaluator(set)
	}
	for i := range s.kept {
		at := s.kept[i].Time
		if first == 0 || at < first {
			first = at
		}
		last = max(last, at)
	}
	width := (last-first)/Strip + 1
	index, targets := map[laneKey]int{}, map[laneKey]map[string]bool{}
	for i := range s.kept {
		x := &s.kept[i].Exchange
		in := x.Server.Device == s.o.Device
		other := &x.Server
		if in {
			other = &x.Client
		}
		role := roleOf(x, other)
		k := laneKey{in, cmp.Or(role, other.Addr.String()), x.ServerPort, x.Transport, x.Protocol.String(), x.Act.Op}
		n, known := index[k]
		if !known {
			if len(lanes) >= maxLanes {
				continue
			}
			n = len(lanes)
			l := Lane{Direction: policy.Out, Peer: other.Addr.String(), Device: other.Device, Role: role, Transport: profile.TransportName(x.Transport), Port: x.ServerPort, Protocol: k.protocol, Op: x.Act.Op}
			if in {
				l.Direction = policy.In
			}
			l.Evidence.First = x.Time
			lanes, index[k], targets[k] = append(lanes, l), n, map[string]bool{}
		}
		l := &lanes[n]
		if l.Name == "" && len(other.Names) > 0 {
			l.Name = other.Names[0]
		}
		if t := x.Act.Target; t != "" && !targets[k][t] && len(targets[k]) < 1000 {
			targets[k][t] = true
			if len(l.Targets) < laneTargets {
				l.Targets = append(l.Targets, t)
			} else {
				l.More++
			}
		}
		e := &l.Evidence
		e.First, e.Last = min(e.First, x.Time), max(e.Last, x.Time)
		e.Count += uint64(x.Weight)
		out, back := x.BytesOut, x.BytesIn
		if in {
			out, back = back, out
		}
		e.BytesOut += out
		e.BytesIn += back
		l.Strip[(x.Time-first)/width] += x.Weight
		at := policy.Sample{Capture: mark(x.Where.Capture), Packet: x.Where.Packet, Time: x.Time}
		if len(e.Samples) < policy.MaxSamples {
			e.Samples = append(e.Samples, at)
		} else {
			e.Samples[policy.MaxSamples-1] = at
		}
		if judge != nil {
			if v := judge.Judge(x); v.Judged && !v.Allowed {
				l.Refused += uint64(x.Weight)
			}
		}
	}
	for i := range lanes {
		s.settle(lanes[i].Evidence.Samples)
	}
	slices.SortStableFunc(lanes, func(a, b Lane) int { return cmp.Compare(b.Evidence.Count, a.Evidence.Count) })
	return lanes, first, last, nil
}

// roleOf says what the other side is there for, where the network gives it a
// role that says more than its address.
func roleOf(x *profile.Exchange, other *profile.Side) string {
	switch {
	case other.Roles&profile.Group != 0:
		return policy.RoleDiscovery
	case other != &x.Server:
		return ""
	case other.Roles&profile.Resolver != 0 && x.ServerPort == 53:
		return policy.RoleResolver
	case other.Roles&profile.TimeServer != 0 && x.ServerPort == 123:
		return policy.RoleTime
	case other.Roles&profile.DHCPServer != 0 && (x.ServerPort == 67 || x.ServerPort == 547):
		return policy.RoleDHCP
	}
	return ""
}
