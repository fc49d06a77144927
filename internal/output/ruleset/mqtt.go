package ruleset

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"edgeward/internal/policy"
)

// right is what a client may do at a broker.
type right struct {
	b      *body
	e      *entry
	who    string // client id or a pattern of such; empty for anybody
	read   bool   // subscribe, else publish
	filter string // topic filter (MQTT 5.0, section 4.7)
	any    bool   // no topics are named: all, those that begin with "$" too
	qos    *uint8
	retain *bool
}

// rights gives what profiles allow MQTT clients: what the client's profile
// says, narrowed by what the broker's says where it has one; and of clients
// without profile what the broker's profile says.
func (w *writer) rights() []right {
	var own, broker []right
	ids := map[string]bool{} // those of clients that have a profile
	at := map[*body][]right{}
	for _, b := range w.profiles {
		for _, e := range b.lines {
			if !w.isMQTT(b, e) {
				continue
			}
			list := w.rightsOf(b, e)
			if e.Direction == policy.In {
				broker, at[b] = append(broker, list...), append(at[b], list...)
				continue
			}
			own = append(own, list...)
			for _, r := range list {
				ids[r.who] = true
			}
		}
	}
	var out []right
	for _, r := range own {
		brokers := w.brokersOf(r)
		if len(brokers) == 0 {
			out = append(out, r)
			continue
		}
		for _, b := range brokers {
			for _, in := range at[b] {
				if both, ok := w.narrow(r, in); ok {
					out = append(out, both)
				}
			}
		}
	}
	for _, r := range broker {
		if !ids[r.who] && !w.allProfiled(r) {
			out = append(out, r)
		}
	}
	return slices.DeleteFunc(out, func(r right) bool {
		if r.who == "" && r.any {
			w.limit(r.b, r.e, "identity", "neither topics nor a client id is known: no right is given, since it would be everybody's to everything")
			return true
		}
		return false
	})
}

// narrow gives what a client's right and one that a broker gives have in
// common.
func (w *writer) narrow(r, in right) (right, bool) {
	who, ok := narrower(r.who, in.who)
	if !ok || r.read != in.read || !w.isPeer(in, r.b) {
		return r, false
	}
	switch {
	case in.any:
	case r.any:
		r.filter, r.any = in.filter, false
	default:
		if r.filter, ok = intersect(r.filter, in.filter); !ok {
			return r, false
		}
	}
	r.who, r.qos = who, lower(r.qos, in.qos)
	if in.retain != nil && !*in.retain {
		r.retain = in.retain
	}
	return r, true
}

// allProfiled reports whether all peers of a broker's line have profiles of
// their own: those then say what of the line is theirs.
func (w *writer) allProfiled(r right) bool {
	hosts, ok := w.peers(r.b, r.e)
	return ok && !slices.ContainsFunc(hosts, func(h host) bool {
		return !slices.ContainsFunc(w.of(&h), func(b *body) bool { return b != r.b })
	})
}

func lower(a, b *uint8) *uint8 {
	if a == nil || b != nil && *b < *a {
		return b
	}
	return a
}

// isMQTT reports whether a line is about MQTT with one of the brokers that the
// file is for, and tells when it is not.
func (w *writer) isMQTT(b *body, e *entry) bool {
	if e.Protocol != "mqtt" {
		w.limit(b, e, "line", "a broker's file says nothing of what is not MQTT")
		return false
	}
	if len(w.o.Brokers) == 0 {
		return true
	}
	holds := func(list []netip.Prefix) bool {
		return slices.ContainsFunc(w.o.Brokers, func(a netip.Addr) bool {
			return slices.ContainsFunc(list, func(n netip.Prefix) bool { return n.Contains(a.Unmap()) })
		})
	}
	if e.Direction == policy.In {
		return holds(b.addrs)
	}
	list, any := w.networks(b, e)
	return any || holds(list)
}

// brokersOf gives the profiles of the brokers that a right is used at.
func (w *writer) brokersOf(r right) []*body {
	list, any := w.networks(r.b, r.e)
	var out []*body
	for _, b := range w.brokers {
		if any || overlap(list, b.addrs) {
			out = append(out, b)
		}
	}
	return out
}

func overlap(a, b []netip.Prefix) bool {
	return slices.ContainsFunc(a, func(x netip.Prefix) bool { return slices.ContainsFunc(b, x.Overlaps) })
}

// isPeer reports whether a client is a peer of a broker's line.
func (w *writer) isPeer(in right, client *body) bool {
	if hosts, ok := w.peers(in.b, in.e); ok {
		return slices.ContainsFunc(hosts, func(h host) bool { return slices.Contains(w.of(&h), client) })
	}
	list, any := w.networks(in.b, in.e)
	return any || overlap(list, client.addrs)
}

// rightsOf gives the rights of one line.
func (w *writer) rightsOf(b *body, e *entry) []right {
	var out []right
	verbs := e.Verbs
	if len(verbs) == 0 {
		verbs = []policy.Verb{{Op: "publish"}, {Op: "subscribe"}}
	}
	for i := range verbs {
		v := &verbs[i]
		if v.Op != "publish" && v.Op != "subscribe" && v.Op != "will" {
			if v.Op != "connect" {
				w.limit(b, e, "verbs", "%s is no right that brokers know", shown(v.Op))
			}
			continue
		}
		who := v.As
		if len(who) == 0 && e.Direction == policy.Out {
			who = identities(b)
		}
		targets := v.Targets
		if len(who) == 0 {
			who = []string{""}
		}
		if len(targets) == 0 {
			targets = []string{"#"}
		}
		for _, t := range targets {
			f, exact, ok := topicFilter(t)
			if !ok {
				w.limit(b, e, "topic", "%s is no topic filter that can be written safely: it is left out", shown(t))
				continue
			}
			if !exact {
				w.limit(b, e, "topic", "in %s any text is allowed where the profile has digits", shown(t))
			}
			for _, id := range who {
				if !safeText(id) && id != "" {
					w.limit(b, e, "identity", "client id %s cannot be written safely: it is left out", shown(id))
					continue
				}
				out = append(out, right{b: b, e: e, who: id, read: v.Op == "subscribe", filter: f, any: len(v.Targets) == 0, qos: v.MaxQoS, retain: v.Retain})
			}
		}
		if v.MaxSize != 0 {
			w.limit(b, e, "size", "the size of messages is not limited by topic")
		}
	}
	if e.Limits != (policy.Limits{}) {
		w.limit(b, e, "rate", "rates and volume are not limited by topic")
	}
	if len(e.Hours) > 0 {
		w.limit(b, e, "hours", "rights hold at any hour")
	}
	return out
}

// identities gives the client ids of a profile's lines for MQTT, in order.
func identities(b *body) []string {
	var out []string
	for _, e := range b.lines {
		if e.Protocol != "mqtt" || e.Direction != policy.Out {
			continue
		}
		for i := range e.Verbs {
			out = append(out, e.Verbs[i].As...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// isPattern reports whether an identity of a verb stands for several.
func isPattern(who string) bool { return strings.HasSuffix(who, "*") || strings.Contains(who, "#") }

// identityFits reports whether one identity, or pattern, is within another.
func identityFits(wide, who string) bool {
	switch {
	case wide == "" || wide == who:
		return true
	case who == "":
		return false
	case strings.HasSuffix(wide, "*"):
		return strings.HasPrefix(who, strings.TrimSuffix(wide, "*"))
	}
	return policy.MatchDigits(wide, who)
}

// narrower gives the one of two identities that is within the other.
func narrower(a, b string) (string, bool) {
	if identityFits(a, b) {
		return b, true
	}
	return a, identityFits(b, a)
}

// topicFilter makes a topic filter of a target of a profile. exact is false
// when a run of digits became any segment; ok is false when a character would
// be taken for something else.
func topicFilter(target string) (filter string, exact, ok bool) {
	if !safeText(target) || len(target) > 1024 {
		return "", false, false
	}
	exact = true
	segments := strings.Split(target, "/")
	for i, s := range segments {
		switch {
		case s == "+", s == "#" && i == len(segments)-1:
		case strings.Contains(s, "+"):
			return "", false, false
		case strings.Contains(s, "#"):
			segments[i], exact = "+", false
		}
	}
	return strings.Join(segments, "/"), exact, true
}

// safeText reports whether a text is one line without anything at its ends
// that a reader of lines takes away.
func safeText(s string) bool {
	if s == "" || !utf8.ValidString(s) || strings.TrimSpace(s) != s {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// intersect gives the filter of the topics that two filters share.
func intersect(a, b string) (string, bool) {
	if strings.HasPrefix(a, "$") != strings.HasPrefix(b, "$") {
		return "", false // a wildcard in front holds no such topic
	}
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	var out []string
	for i := 0; ; i++ {
		switch {
		case i < len(x) && x[i] == "#": // holds what is above it too
			return strings.Join(append(out, y[min(i, len(y)):]...), "/"), true
		case i < len(y) && y[i] == "#":
			return strings.Join(append(out, x[min(i, len(x)):]...), "/"), true
		case i == len(x) && i == len(y):
			return strings.Join(out, "/"), true
		case i == len(x) || i == len(y):
			return "", false
		case x[i] == "+":
			out = append(out, y[i])
		case y[i] == "+" || x[i] == y[i]:
			out = append(out, x[i])
		default:
			return "", false
		}
	}
}

// compareRights orders rights for a file: by identity, writing before reading,
// by topic.
func compareRights(a, b right) int {
	order := 0
	if a.read != b.read {
		if order = -1; a.read {
			order = 1
		}
	}
	return cmp.Or(cmp.Compare(a.who, b.who), order, cmp.Compare(a.filter, b.filter))
}
