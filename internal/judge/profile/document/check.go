package document

import (
	"crypto/ed25519"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/judge/profile"
	"edgeward/internal/policy"
)

// Check finds what makes no sense in files that are used together: errors,
// with which they must not be used, and warnings. now is the wall clock.
func Check(now int64, files ...*File) []Problem {
	c := &checker{now: now, ids: map[string]string{}, members: map[string]string{}}
	for _, f := range files {
		c.f = f
		for i := range f.Policies {
			c.policy(i)
		}
	}
	return c.problems
}

type checker struct {
	now      int64
	f        *File
	i        int // of the policy
	ids      map[string]string
	members  map[string]string // what a device is known by, to the place of the policy that has it
	problems []Problem
}

// at gives the node of a policy, or of what lies below it: names of keys and
// indices. It is the nearest that there is.
func (f *File) at(i int, path ...any) *node {
	if f.list == nil || i >= len(f.list.items) {
		return &node{line: 1, col: 1}
	}
	n := f.list.items[i]
	for _, p := range path {
		var next *node
		switch p := p.(type) {
		case string:
			next = n.child(p)
		case int:
			if n.kind == list && p < len(n.items) {
				next = n.items[p]
			} else if n.kind == scalar {
				next = n // a list of one
			}
		}
		if next == nil {
			return n
		}
		n = next
	}
	return n
}

// Place gives file and line of a policy's line, for messages of others; of the
// policy itself when there is no such line.
func (f *File) Place(policy int, line int) string {
	n := f.at(policy)
	if line >= 0 {
		n = f.at(policy, "profile", "lines", line)
	}
	return f.Name + ":" + strconv.Itoa(n.line)
}

func (c *checker) add(warning bool, path []any, hint, format string, args ...any) {
	if len(c.problems) >= maxProblems {
		return
	}
	n := c.f.at(c.i, path...)
	c.problems = append(c.problems, Problem{
		File: c.f.Name, Line: n.line, Column: n.col, Policy: c.f.Policies[c.i].ID, Text: fmt.Sprintf(format, args...), Hint: hint, Warning: warning,
	})
}

func (c *checker) fail(path []any, hint, format string, args ...any) {
	c.add(false, path, hint, format, args...)
}

func (c *checker) warn(path []any, hint, format string, args ...any) {
	c.add(true, path, hint, format, args...)
}

// oneOf wants a word of a list.
func oneOf[S ~string](c *checker, path []any, what string, got S, words ...S) {
	if slices.Contains(words, got) {
		return
	}
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = string(w)
	}
	hint := "there are " + strings.Join(all, ", ")
	if near := ident.Nearest(string(got), all); near != "" {
		hint = "did you mean " + near + "?"
	}
	c.fail(path, hint, "unknown %s %q", what, got)
}

func (c *checker) policy(i int) {
	c.i = i
	p, x := c.f.Policies[i], c.f.Profiles[i]
	switch {
	case !validID(p.ID):
		c.fail([]any{"id"}, "", "the id %q is not made of 1 to 64 letters, digits and . _ -", p.ID)
	case c.ids[p.ID] != "":
		c.fail([]any{"id"}, "", "the id is taken by the policy in %s", c.ids[p.ID])
	default:
		c.ids[p.ID] = c.f.Place(i, -1)
	}
	oneOf(c, []any{"kind"}, "kind of policy", p.Kind, policy.ForProfile, policy.Mute, policy.Maintenance)
	oneOf(c, []any{"mode"}, "mode", p.Mode, policy.Observe, policy.Warn, policy.Enforce)
	oneOf(c, []any{"origin"}, "origin", p.Origin, policy.FromFile, policy.FromConsole)
	if p.Expires != 0 && p.Expires <= p.From {
		c.fail([]any{"expires"}, "", "it would be over before it begins")
	} else if p.Expires != 0 && p.Expires <= c.now {
		c.warn([]any{"expires"}, "take it out, or set a later time", "it expired at %s", ident.Time(p.Expires))
	}
	if len(p.Signature) > 0 && len(p.Signature) != ed25519.SignatureSize {
		c.fail([]any{"signature"}, "sign it with edgeward policy sign", "a signature has %d bytes, not %d", ed25519.SignatureSize, len(p.Signature))
	}
	switch {
	case p.Kind == policy.ForProfile && x == nil:
		c.fail(nil, "", "a policy of kind profile has a profile")
	case p.Kind != policy.ForProfile && x != nil:
		c.fail([]any{"profile"}, "write kind: profile", "a policy of kind %s has no profile", p.Kind)
	case p.Kind == policy.Maintenance && p.Expires == 0:
		c.fail(nil, "say expires:", "a maintenance window has an end")
	case p.Kind != policy.ForProfile && p.Selector.Empty():
		c.fail([]any{"selector"}, "", "it selects nothing: a selector without anything would be about everything")
	case x != nil:
		c.profile(x)
	}
}

func validID(id string) bool {
	return id != "" && len(id) <= 64 && strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == ""
}

func (c *checker) profile(x *policy.Profile) {
	if len(x.Members) == 0 && x.MUD == nil {
		c.fail([]any{"profile", "members"}, "name at least one device by MAC address, name or address", "the profile is for nobody")
	}
	for j := range x.Members {
		path := []any{"profile", "members", j}
		c.member(path, &x.Members[j])
		for _, key := range Keys(&x.Members[j]) {
			if other := c.members[key]; other != "" && other != c.f.Place(c.i, -1) {
				c.fail(path, "put it into one policy", "the device known by %s has a policy already, in %s", key, other)
				break
			}
			c.members[key] = c.f.Place(c.i, -1)
		}
	}
	if len(x.Lines) > profile.MaxLines {
		c.fail([]any{"profile", "lines"}, "", "%d lines are more than %d", len(x.Lines), profile.MaxLines)
		return
	}
	if len(x.Lines) == 0 {
		c.warn([]any{"profile"}, "", "without lines it allows nothing")
	}
	for j := range x.Lines {
		c.line([]any{"profile", "lines", j}, &x.Lines[j])
	}
	c.together(x)
}

// Keys gives what a member is known by. An id is of one run only, and counts
// where there is nothing else.
func Keys(m *policy.Member) []string {
	var out []string
	for _, s := range m.MACs {
		out = append(out, "the MAC address "+strings.ToLower(s))
	}
	if len(out) > 0 {
		return out
	}
	for _, s := range m.Names {
		out = append(out, "the name "+strings.ToLower(s))
	}
	for _, a := range m.Addresses {
		out = append(out, "the address "+a.String())
	}
	if len(out) == 0 && m.ID != "" {
		out = append(out, "the id "+m.ID)
	}
	return out
}

func (c *checker) member(path []any, m *policy.Member) {
	if len(Keys(m)) == 0 {
		c.fail(path, "give it a MAC address, a name or an address", "this is no device: it is empty")
	}
	for k, s := range m.MACs {
		if _, err := ident.ParseMAC(s); err != nil {
			c.fail(add(path, "macs", k), "write MAC addresses such as 00:0e:8c:01:02:03", "%q is no MAC address", ident.Clip(s, 60))
		}
	}
	for k, s := range m.Names {
		if s == "" || len(s) > 253 {
			c.fail(add(path, "names", k), "", "a name has 1 to 253 characters")
		}
	}
	for k, a := range m.Addresses {
		if !a.IsValid() {
			c.fail(add(path, "addresses", k), "", "an address is missing")
		}
	}
}

// add gives a longer path of its own.
func add(path []any, more ...any) []any { return append(slices.Clone(path), more...) }

func (c *checker) line(path []any, l *policy.Line) {
	oneOf(c, add(path, "direction"), "direction", l.Direction, policy.Out, policy.In)
	c.peer(add(path, "peer"), &l.Peer)
	switch l.Transport {
	case "", "tcp", "udp", "icmp", "icmp6", "igmp", "link":
	default:
		if n, err := strconv.ParseUint(l.Transport, 10, 8); err != nil || strconv.FormatUint(n, 10) != l.Transport {
			oneOf(c, add(path, "transport"), "transport", l.Transport, "tcp", "udp", "icmp", "icmp6", "igmp", "link", "the number of an IP protocol")
		}
	}
	if l.Protocol != "" && event.ProtoByName(l.Protocol) == 0 {
		oneOf(c, add(path, "protocol"), "protocol", l.Protocol, protocols()...)
	}
	if len(l.Ports)+len(l.From) > 0 && l.Transport != "tcp" && l.Transport != "udp" && l.Transport != "132" && l.Transport != "" {
		c.fail(add(path, "ports"), "leave the ports out", "%s has no ports", l.Transport)
	}
	c.ranges(add(path, "ports"), l.Ports, 65_535, "port")
	c.ranges(add(path, "from"), l.From, 65_535, "port")
	c.ranges(add(path, "hours"), l.Hours, 23, "hour")
	if len(l.Verbs) > 0 && l.Protocol == "" && l.Transport != "icmp" && l.Transport != "icmp6" { // these have verbs of their own: echo
		c.fail(add(path, "verbs"), "say protocol:", "verbs belong to a protocol, and there is none")
	}
	for k := range l.Verbs {
		c.verb(add(path, "verbs", k), &l.Verbs[k])
	}
}

func protocols() []string {
	var out []string
	for i := 1; i < event.ProtoCount; i++ {
		out = append(out, event.Proto(i).String())
	}
	return out
}

var roles = []string{policy.RoleGateway, policy.RoleResolver, policy.RoleTime, policy.RoleDHCP, policy.RoleDiscovery, policy.RoleNetwork}

func (c *checker) peer(path []any, p *policy.Peer) {
	oneOf(c, add(path, "kind"), "kind of peer", p.Kind, policy.PeerAny, policy.PeerRole, policy.PeerName, policy.PeerDevice, policy.PeerZone, policy.PeerNetwork,
		policy.PeerLocal, policy.PeerMaker, policy.PeerModel, policy.PeerClass, policy.PeerOperators)
	for _, lacks := range []struct {
		kind  policy.PeerKind
		empty bool
		what  string
	}{
		{policy.PeerName, len(p.Names) == 0, "names:"}, {policy.PeerDevice, len(p.Devices) == 0, "devices:"}, {policy.PeerNetwork, len(p.Networks) == 0, "networks:"},
		{policy.PeerZone, p.Value == "", "the zone as value:"}, {policy.PeerModel, p.Value == "", "the MUD URL as value:"}, {policy.PeerClass, p.Value == "", "the URI of the class as value:"},
	} {
		if p.Kind == lacks.kind && lacks.empty {
			c.fail(path, "give "+lacks.what, "a peer of kind %s without %s is nobody", p.Kind, strings.TrimSuffix(lacks.what, ":"))
		}
	}
	if p.Kind == policy.PeerRole {
		oneOf(c, add(path, "value"), "role", p.Value, roles...)
	}
	for k, n := range p.Names {
		if why := badName(n); why != "" {
			c.fail(add(path, "names", k), `write names such as "api.example.com", "*.example.com" or "time#.example.com"`, "the name %q %s", ident.Clip(n, 80), why)
		}
	}
	for k := range p.Devices {
		c.member(add(path, "devices", k), &p.Devices[k])
	}
	for k, n := range p.Networks {
		if n != n.Masked() || !n.IsValid() {
			c.fail(add(path, "networks", k), "write "+n.Masked().String(), "the network %s has bits behind its length", n)
		}
	}
}

// badName says what is wrong with a pattern of names.
func badName(n string) string {
	rest := strings.TrimPrefix(n, "*.")
	switch {
	case n == "" || len(n) > 253:
		return "does not have 1 to 253 characters"
	case n != strings.ToLower(n):
		return "is not in lower case"
	case strings.ContainsAny(rest, "*/: \t\r\n"):
		return "has a character that names do not have; * stands in front only"
	case strings.HasPrefix(rest, ".") || strings.HasSuffix(rest, ".") || strings.Contains(rest, ".."):
		return "has an empty label"
	}
	if _, err := netip.ParseAddr(n); err == nil {
		return "is an address: use kind: network"
	}
	return ""
}

func (c *checker) ranges(path []any, list []policy.Range, most uint32, what string) {
	for k, r := range list {
		switch {
		case r.First > r.Last:
			c.fail(add(path, k), fmt.Sprintf("write %d-%d", r.Last, r.First), "the range %d-%d is the wrong way round", r.First, r.Last)
		case r.Last > most:
			c.fail(add(path, k), "", "there is no %s %d: the last is %d", what, r.Last, most)
		}
	}
}

func (c *checker) verb(path []any, v *policy.Verb) {
	if v.Op == "" || v.Op != strings.ToLower(v.Op) {
		c.fail(add(path, "op"), "", "a verb's op is a word in lower case, not %q", ident.Clip(v.Op, 60))
	}
	for k, t := range v.Targets {
		if why := badTarget(t); why != "" {
			c.fail(add(path, "targets", k), `write filters such as "plant/+/state" or "plant/#"`, "the target %q %s", ident.Clip(t, 80), why)
		}
	}
	c.ranges(add(path, "units"), v.Units, 1<<32-1, "unit")
	c.ranges(add(path, "addresses"), v.Addresses, 1<<32-1, "address")
	if v.MaxQoS != nil && *v.MaxQoS > 2 {
		c.fail(add(path, "max_qos"), "", "there is no quality of service %d: the last is 2", *v.MaxQoS)
	}
}

// badTarget says what is wrong with a filter (MQTT 5.0, section 4.7.1).
func badTarget(t string) string {
	if t == "" {
		return "is empty"
	}
	segments := strings.Split(t, "/")
	for i, s := range segments {
		switch {
		case s == "#" && i < len(segments)-1:
			return "has # before its end: it stands for all the rest"
		case strings.Contains(s, "+") && s != "+" && strings.Trim(s, "+") == "":
			return "has + twice in a segment: it stands for one whole segment"
		}
	}
	return ""
}
