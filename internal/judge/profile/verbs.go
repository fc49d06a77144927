package profile

import (
	"cmp"
	"math/bits"
	"slices"

	"edgeward/internal/event"
	"edgeward/internal/policy"
)

// verbsOf puts the verbs of a draft together.
func verbsOf(dr *draft, timeNames []string) []policy.Verb {
	type group struct{ op, as string }
	groups := map[group]map[verbKey]*verb{}
	clients := identities(dr)
	for _, d := range dr.doings {
		for k, v := range d.verbs {
			g := group{k.op, clients[k.as]}
			if isQuery(k.op) {
				g.as = ""
			}
			if groups[g] == nil {
				groups[g] = map[verbKey]*verb{}
			}
			if old := groups[g][k]; old != nil {
				merged := *old
				merged.merge(v)
				v = &merged
			}
			groups[g][k] = v
		}
	}
	more := false
	for _, d := range dr.doings {
		more = more || d.more
	}
	out := make([]policy.Verb, 0, len(groups))
	for g, verbs := range groups {
		v := policy.Verb{Op: g.op}
		if g.as != "" {
			v.As = []string{g.as}
		}
		fill(&v, verbs, dr.proto, more)
		if g.op == "query" && len(v.Targets) > 0 {
			v.Targets = append(v.Targets, timePatterns(timeNames)...)
			slices.Sort(v.Targets)
			v.Targets = slices.Compact(v.Targets)
		}
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b policy.Verb) int { return cmp.Or(cmp.Compare(a.Op, b.Op), slices.Compare(a.As, b.As)) })
	return joinIdentities(out)
}

// joinIdentities makes one verb of those that differ in who says it only.
func joinIdentities(verbs []policy.Verb) []policy.Verb {
	out := verbs[:0]
next:
	for _, v := range verbs {
		for i := range out {
			o := &out[i]
			if o.Op == v.Op && slices.Equal(o.Targets, v.Targets) && slices.Equal(o.Units, v.Units) && slices.Equal(o.Addresses, v.Addresses) && (len(o.As) > 0) == (len(v.As) > 0) {
				o.As = append(o.As, v.As...)
				o.MaxSize = max(o.MaxSize, v.MaxSize)
				if v.MaxQoS != nil && o.MaxQoS != nil && *v.MaxQoS > *o.MaxQoS {
					o.MaxQoS = v.MaxQoS
				}
				if v.Retain == nil {
					o.Retain = nil
				}
				o.Evidence.Count += v.Evidence.Count
				o.Evidence.First, o.Evidence.Last = min(o.Evidence.First, v.Evidence.First), max(o.Evidence.Last, v.Evidence.Last)
				continue next
			}
		}
		out = append(out, v)
	}
	return out
}

func (v *verb) merge(o *verb) {
	v.seen.add(&o.seen)
	v.size, v.qos, v.retain, v.any = max(v.size, o.size), max(v.qos, o.qos), v.retain || o.retain, v.any || o.any
	v.points = slices.Clone(v.points)
	for _, r := range o.points {
		v.points = addRange(v.points, r)
	}
	v.any = v.any || len(v.points) > maxRanges
}

// fill writes what the verbs of one word have in common.
func fill(v *policy.Verb, verbs map[verbKey]*verb, proto event.Proto, more bool) {
	var all seen
	var targets []string
	var units []uint32
	var points []policy.Range
	anyPoint, retain := false, false
	var qos uint8
	var size uint32
	bare := false
	for _, k := range sortedKeys(verbs) {
		e := verbs[k]
		all.add(&e.seen)
		if k.target == "" {
			bare = true
		} else if !slices.Contains(targets, k.target) {
			targets = append(targets, k.target)
		}
		if k.units && !slices.Contains(units, k.unit) {
			units = append(units, k.unit)
		}
		for _, r := range e.points {
			points = addRange(points, r)
		}
		anyPoint = anyPoint || e.any
		retain, qos, size = retain || e.retain, max(qos, e.qos), max(size, e.size)
	}
	v.Evidence = all.evidence()
	switch {
	case more || bare && !isQuery(v.Op) && len(targets) > 0 && !pathed(proto):
		// Some name none, or there are too many: any.
	case isQuery(v.Op):
		v.Targets = queryPatterns(v.Op, targets)
	default:
		v.Targets = patterns(targets, proto)
		if bare && len(v.Targets) > 0 {
			v.Targets = append(v.Targets, "")
		}
	}
	if len(v.Targets) > maxTargets {
		v.Targets = nil
	}
	slices.Sort(units)
	for _, u := range units {
		v.Units = addRange(v.Units, policy.Range{First: u, Last: u})
	}
	if !anyPoint {
		v.Addresses = points
	}
	switch proto {
	case event.ProtoMQTT, event.ProtoMQTTSN:
		v.MaxQoS = &qos
		if v.Op == "publish" || v.Op == "will" {
			v.Retain = &retain
		}
	}
	if size > 0 && !isQuery(v.Op) && proto != event.ProtoNTP {
		v.MaxSize = max(nextPower(2*size), leastSize)
	}
}

func sortedKeys(m map[verbKey]*verb) []verbKey {
	keys := make([]verbKey, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b verbKey) int {
		return cmp.Or(cmp.Compare(a.target, b.target), cmp.Compare(a.as, b.as), cmp.Compare(a.unit, b.unit))
	})
	return keys
}

func nextPower(n uint32) uint32 {
	if n > 1<<31 {
		return 1<<32 - 1
	}
	return 1 << bits.Len32(n-1)
}

// pathed reports whether targets of a protocol are paths with segments.
func pathed(p event.Proto) bool {
	switch p {
	case event.ProtoMQTT, event.ProtoMQTTSN, event.ProtoCoAP, event.ProtoHTTP:
		return true
	}
	return false
}

// addRange puts a range into a sorted list of ranges that do not touch.
func addRange(list []policy.Range, r policy.Range) []policy.Range {
	i := 0
	for i < len(list) && uint64(list[i].Last)+1 < uint64(r.First) {
		i++
	}
	j := i
	for j < len(list) && uint64(list[j].First) <= uint64(r.Last)+1 {
		r.First, r.Last = min(r.First, list[j].First), max(r.Last, list[j].Last)
		j++
	}
	return slices.Replace(list, i, j, r)
}
