package profile

import (
	"net/netip"
	"slices"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/policy"
)

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
