package profile

import (
	"cmp"
	"math/bits"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"edgeward/internal/event"
	"edgeward/internal/policy"
)

// How far what was seen is widened.
const (
	fewPorts     = 2  // more different ports above 1023 than this are one range
	fewSiblings  = 8  // more different segments at one place of a path than this are any
	fewClients   = 4  // more identities with one beginning than this are any with it
	fewLabels    = 3  // as many names of one domain propose the domain
	fewAddresses = 16 // more nameless addresses than this propose any
	maxTargets   = 64 // more targets of one verb than this are any
	roomy        = 4  // ceilings are this many times the most that was seen
	leastPerHour = 120
	leastBytes   = 16 << 20
	leastSize    = 256
)

// line makes the line of a draft, and beside it a wider one that is only
// proposed where a person may want that.
func (b *builder) line(dr *draft, s *subject) []policy.Line {
	l := policy.Line{Direction: policy.Out, Transport: TransportName(dr.transport), Protocol: dr.proto.String(), Ports: portsOf(dr)}
	if dr.in {
		l.Direction = policy.In
	}
	var all seen
	for _, d := range dr.doings {
		all.add(&d.seen)
	}
	l.Evidence = all.evidence()
	l.Limits = limitsOf(dr)
	l.Hours = hoursOf(dr, s)
	l.Verbs = verbsOf(dr, s.times)
	switch {
	case dr.kind == policy.PeerRole && dr.value == policy.RoleResolver && len(s.history.behind) > 0:
		l.Verbs, l.Note = nil, "it asks for those behind it too"
	case dr.kind == policy.PeerLocal:
		l.Verbs, l.Note = nil, "it does this for its whole network"
	}
	l.Peer = policy.Peer{Kind: dr.kind}
	switch dr.kind {
	case policy.PeerRole:
		l.Peer.Value, _, _ = strings.Cut(dr.value, " ")
		if l.Peer.Value == policy.RoleTime {
			l.Note = "any server of time that the device is told of: " + strings.Join(dr.names[:min(len(dr.names), 4)], ", ")
			l.Note = strings.TrimSuffix(l.Note, ": ")
		}
	case policy.PeerDevice:
		for _, d := range dr.peers {
			l.Peer.Devices = append(l.Peer.Devices, memberOf(d))
		}
		if len(l.Peer.Devices) == 0 {
			l.Peer = networkPeer(dr.addrs)
		}
	case policy.PeerName:
		l.Peer.Names = namePatterns(dr.names)
	case policy.PeerNetwork:
		l.Peer = networkPeer(dr.addrs)
		if dr.proto == event.ProtoSTUN && !dr.in && len(l.Peer.Networks) > 1 {
			l.Peer = policy.Peer{Kind: policy.PeerAny}
			l.Note = "it is told at every call where to meet others (RFC 8489)"
		}
	}
	l.ID = l.Identify()
	return append([]policy.Line{l}, b.wider(l, dr)...)
}

// wider gives the lines that need a person's consent.
func (b *builder) wider(l policy.Line, dr *draft) []policy.Line {
	switch {
	case dr.kind == policy.PeerName:
		domains := domainsOf(dr.names)
		if len(domains) == 0 {
			return nil
		}
		l.Peer.Names, l.Proposed, l.Note = domains, !b.l.o.Domains, "several names of one domain were seen"
	case dr.kind == policy.PeerNetwork && !dr.in && len(dr.addrs) > fewAddresses:
		l.Peer, l.Proposed, l.Note = policy.Peer{Kind: policy.PeerAny}, true, "many addresses without a name"
	default:
		return nil
	}
	l.Evidence.Samples = nil
	l.ID = l.Identify()
	return []policy.Line{l}
}

// networkPeer is nameless addresses; those beside each other are taken for
// one service.
func networkPeer(addrs []netip.Addr) policy.Peer {
	p := policy.Peer{Kind: policy.PeerNetwork}
	near := map[netip.Prefix]int{}
	for _, a := range addrs {
		near[network(a)]++
	}
	for _, a := range addrs {
		n := network(a)
		if near[n] < 2 || a.IsPrivate() {
			n = netip.PrefixFrom(a, a.BitLen())
		}
		if !slices.Contains(p.Networks, n) {
			p.Networks = append(p.Networks, n)
		}
	}
	slices.SortFunc(p.Networks, netip.Prefix.Compare)
	return p
}

// portsOf gives the ports of the side that is asked. Ports that change from
// one time to the next become a range.
func portsOf(dr *draft) []policy.Range {
	if discovers(dr.proto) && dr.kind == policy.PeerRole {
		return nil // answers go to whatever port asked
	}
	slices.Sort(dr.ports)
	var out []policy.Range
	high := 0
	for _, p := range dr.ports {
		if p >= 1024 {
			high++
		}
	}
	for _, p := range dr.ports {
		switch {
		case p < 1024 || high <= fewPorts && !(p >= ephemeral && dr.kind == policy.PeerRole):
			out = append(out, policy.Range{First: p, Last: p})
		case p >= ephemeral:
			return append(out, policy.Range{First: ephemeral, Last: 65535})
		default:
			return append(out, policy.Range{First: 1024, Last: 65535})
		}
	}
	return out
}

func limitsOf(dr *draft) policy.Limits {
	var most [3]uint64
	for _, d := range dr.doings {
		for i := range most {
			most[i] += d.most[i]
		}
	}
	return policy.Limits{
		PerHour: max(roundUp(roomy*most[0]), leastPerHour), BytesOut: max(roundUp(roomy*most[1]), leastBytes), BytesIn: max(roundUp(roomy*most[2]), leastBytes),
	}
}

// roundUp keeps the first two digits, in binary, so that a profile that is
// learned again says the same.
func roundUp(n uint64) uint64 {
	if n < 16 {
		return n
	}
	step := uint64(1) << (bits.Len64(n) - 3)
	return (n + step - 1) / step * step
}

// hoursOf gives the hours of the day of what happens at few hours only, where
// enough days were seen to say so.
func hoursOf(dr *draft, s *subject) []policy.Range {
	var all uint32
	days := 0
	for _, d := range dr.doings {
		all |= d.hours
		days = max(days, d.days)
	}
	if days < 7 || s.history.last-s.history.first < 14*24*hour || bits.OnesCount32(all) > 4 {
		return nil
	}
	all |= (all<<1 | all>>23 | all>>1 | all<<23) & (1<<24 - 1) // an hour to either side
	var out []policy.Range
	for h := uint32(0); h < 24; h++ {
		if all&(1<<h) == 0 {
			continue
		}
		if n := len(out); n > 0 && out[n-1].Last == h-1 {
			out[n-1].Last = h
		} else {
			out = append(out, policy.Range{First: h, Last: h})
		}
	}
	return out
}

// namePatterns widens names that differ in numbers only, or that are numbered
// in a domain of one owner: whoever owns the domain has numbered its hosts.
// Below a suffix under which anybody can have a name (the private part of the
// public suffix list: clouds, hosting) names stay as they are.
func namePatterns(names []string) []string {
	numbered := map[string]int{}
	for _, n := range names {
		numbered[withoutDigits(n)]++
	}
	var out []string
	for _, n := range names {
		p := n
		if d := withoutDigits(n); numbered[d] > 1 || d != n && owned(n) {
			p = d
		}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

// owned reports whether a name is in a domain of one owner.
func owned(name string) bool {
	_, listed := publicsuffix.PublicSuffix(name)
	domain, err := publicsuffix.EffectiveTLDPlusOne(name)
	return listed && err == nil && domain != name && strings.IndexFunc(domain, isDigit) < 0
}

// timePatterns gives the names that may be asked for to find servers of time:
// those beside the ones that were used, in a domain of one owner. Devices
// choose among them at random, and what they then get is limited to NTP.
func timePatterns(names []string) []string {
	out := namePatterns(names)
	for _, n := range names {
		_, parent, ok := strings.Cut(n, ".")
		if !ok || !owned(n) {
			continue
		}
		if _, err := publicsuffix.EffectiveTLDPlusOne(parent); err == nil && !slices.Contains(out, "*."+parent) {
			out = append(out, "*."+parent)
		}
	}
	return out
}

// withoutDigits writes "#" for each run of digits.
func withoutDigits(s string) string {
	if strings.IndexFunc(s, isDigit) < 0 {
		return s
	}
	var b strings.Builder
	in := false
	for _, c := range s {
		if isDigit(c) {
			if !in {
				b.WriteByte('#')
			}
			in = true
			continue
		}
		in = false
		b.WriteRune(c)
	}
	return b.String()
}

func isDigit(c rune) bool { return c >= '0' && c <= '9' }

// domainsOf gives the registrable domains of which several names were seen.
func domainsOf(names []string) []string {
	labels := map[string]int{}
	for _, n := range names {
		if d, err := publicsuffix.EffectiveTLDPlusOne(n); err == nil && d != n {
			labels[d]++
		}
	}
	var out []string
	for d, n := range labels {
		if n >= fewLabels {
			out = append(out, "*."+d)
		}
	}
	slices.Sort(out)
	return out
}

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

// queryPatterns gives the names that may be asked for.
func queryPatterns(op string, names []string) []string {
	if op == "query ptr" {
		// The names of addresses are asked for whatever talks with the device.
		names = append(slices.DeleteFunc(slices.Clone(names), func(n string) bool { return strings.HasSuffix(n, ".in-addr.arpa") || strings.HasSuffix(n, ".ip6.arpa") }), "*.in-addr.arpa", "*.ip6.arpa")
	}
	return namePatterns(names)
}

// patterns gives the targets, with what changes from one to the next as
// wildcards.
func patterns(targets []string, proto event.Proto) []string {
	if !pathed(proto) {
		return targets
	}
	out := make([]string, 0, len(targets))
	for _, t := range targets {
		p := t
		switch proto {
		case event.ProtoHTTP:
			p = withoutTokens(t, 1)
		case event.ProtoCoAP: // the numbers of LwM2M objects mean something
			p = withoutTokens(t, 6)
		}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return widen(out)
}

// withoutTokens writes "+" for segments that look made up for the occasion:
// numbers of that many digits, long hexadecimal and base64 words.
func withoutTokens(path string, digits int) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if token(s, digits) {
			segments[i] = "+"
		}
	}
	return strings.Join(segments, "/")
}

func token(s string, least int) bool {
	digits, hex := 0, 0
	for _, c := range s {
		switch {
		case isDigit(c):
			digits++
			hex++
		case c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c == '-':
			hex++
		}
	}
	n := len(s)
	switch {
	case n >= least && digits == n:
		return true
	case n >= 8 && hex == n && digits > 0:
		return true
	case n >= 10 && digits >= n/3, n >= 16 && digits >= n/5 && digits > 2:
		return true
	}
	return false
}

// widen puts "+" where many targets differ in one segment only.
func widen(targets []string) []string {
	for {
		type place struct {
			at   int
			rest string
		}
		groups := map[place][]int{}
		for i, t := range targets {
			segments := strings.Split(t, "/")
			for at := range min(len(segments), 16) {
				if segments[at] == "+" || segments[at] == "#" {
					continue
				}
				was := segments[at]
				segments[at] = "+"
				k := place{at, strings.Join(segments, "/")}
				segments[at] = was
				groups[k] = append(groups[k], i)
			}
		}
		var best place
		for k, list := range groups {
			if n, m := len(list), len(groups[best]); n > fewSiblings && (n > m || n == m && (k.at > best.at || k.at == best.at && k.rest < best.rest)) {
				best = k
			}
		}
		if len(groups[best]) == 0 {
			slices.Sort(targets)
			return targets
		}
		gone := groups[best]
		next := []string{best.rest}
		for i, t := range targets {
			if !slices.Contains(gone, i) && t != best.rest {
				next = append(next, t)
			}
		}
		targets = next
	}
}

// identities gives for each identity of a draft its pattern: itself, or what
// many have in front.
func identities(dr *draft) map[string]string {
	out := map[string]string{}
	stems := map[string]int{}
	for _, d := range dr.doings {
		for k := range d.verbs {
			if _, ok := out[k.as]; !ok {
				out[k.as] = k.as
				stems[stem(k.as)]++
			}
		}
	}
	for as := range out {
		if s := stem(as); s != as && len(s) >= 2 && stems[s] > fewClients {
			out[as] = s + "*"
		}
	}
	return out
}

// stem takes off what clients make up at the end of their ids: digits and
// hexadecimal after a separator.
func stem(as string) string {
	if i := strings.LastIndexAny(as, "-_/."); i > 0 && i < len(as)-1 && token8(as[i+1:]) {
		return as[:i+1]
	}
	return strings.TrimRightFunc(as, isDigit)
}

func token8(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return !isDigit(c) && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') }) < 0 && (len(s) >= 6 || strings.IndexFunc(s, isDigit) >= 0)
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
