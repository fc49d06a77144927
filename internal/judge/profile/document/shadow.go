package document

import (
	"net/netip"
	"reflect"
	"slices"

	"edgeward/internal/policy"
)

// maxCompared bounds the lines of a profile that are compared with one
// another.
const maxCompared = 1024

// together looks for lines that say the same as others, or nothing beside
// them.
func (c *checker) together(x *policy.Profile) {
	first := map[string]int{}
	named := map[string]int{}
	for j := range x.Lines {
		l := &x.Lines[j]
		path := []any{"profile", "lines", j}
		if at, ok := named[l.ID]; ok && l.ID != l.Identify() {
			c.fail(add(path, "id"), "leave the id out: it is worked out", "the line's id %s is that of the line in %s", l.ID, c.f.Place(c.i, at))
		}
		named[l.ID] = j
		id := l.Identify()
		at, ok := first[id]
		if !ok {
			first[id] = j
			continue
		}
		switch other := &x.Lines[at]; {
		case same(l, other):
			c.warn(path, "take one of them out", "the line says the same as the one in %s", c.f.Place(c.i, at))
		case l.Limits != other.Limits || !slices.Equal(l.Hours, other.Hours) || l.Proposed != other.Proposed:
			c.fail(path, "make one line of them", "the line contradicts the one in %s: the same exchanges with other ceilings or hours", c.f.Place(c.i, at))
		}
	}
	if len(x.Lines) > maxCompared {
		return
	}
	for j := range x.Lines {
		for k := range x.Lines {
			if a, b := &x.Lines[k], &x.Lines[j]; j != k && covers(a, b) && !(covers(b, a) && k > j) && a.Identify() != b.Identify() {
				c.warn([]any{"profile", "lines", j}, "take it out, or narrow the other", "the line is shadowed: the one in %s allows all of it", c.f.Place(c.i, k))
				break
			}
		}
	}
}

// same reports whether two lines allow the same.
func same(a, b *policy.Line) bool {
	return a.Limits == b.Limits && slices.Equal(a.Hours, b.Hours) && a.Proposed == b.Proposed && reflect.DeepEqual(rights(a.Verbs), rights(b.Verbs))
}

// rights are verbs without what was seen of them.
func rights(list []policy.Verb) []policy.Verb {
	out := slices.Clone(list)
	for i := range out {
		out[i].Evidence = policy.Evidence{}
	}
	return out
}

// covers reports whether one line allows everything that another does.
func covers(a, b *policy.Line) bool {
	return !a.Proposed && a.Direction == b.Direction && a.Limits == (policy.Limits{}) && len(a.Hours) == 0 &&
		(a.Transport == "" || a.Transport == b.Transport) && (a.Protocol == "" || a.Protocol == b.Protocol) &&
		holds(a.Ports, b.Ports) && holds(a.From, b.From) && wider(&a.Peer, &b.Peer) &&
		(len(a.Verbs) == 0 || reflect.DeepEqual(rights(a.Verbs), rights(b.Verbs)))
}

// holds reports whether ranges hold others; none is all.
func holds(a, b []policy.Range) bool {
	if len(a) == 0 {
		return true
	}
	return len(b) > 0 && !slices.ContainsFunc(b, func(r policy.Range) bool {
		return !slices.ContainsFunc(a, func(w policy.Range) bool { return w.First <= r.First && r.Last <= w.Last })
	})
}

// wider reports whether one peer stands for all that another does.
func wider(a, b *policy.Peer) bool {
	switch {
	case a.Kind == policy.PeerAny:
		return true
	case a.Kind != b.Kind:
		return false
	case a.Kind == policy.PeerName:
		return !slices.ContainsFunc(b.Names, func(n string) bool {
			return !slices.ContainsFunc(a.Names, func(w string) bool { return w == n || policy.MatchName(w, n) })
		})
	case a.Kind == policy.PeerNetwork:
		return !slices.ContainsFunc(b.Networks, func(n netip.Prefix) bool {
			return !slices.ContainsFunc(a.Networks, func(w netip.Prefix) bool { return w.Bits() <= n.Bits() && w.Contains(n.Addr()) })
		})
	}
	return reflect.DeepEqual(a, b)
}
