package mud

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"edgeward/internal/policy"
)

// ToProfile makes the profile that a file describes, without members. The
// entry for what a device sends and the one for what it is sent become one
// line where they are the two directions of one exchange, and so do entries
// that differ in the version of IP only.
//
// Which side asks is said by direction-initiated; without it, the side whose
// port is given is the one that is asked, and where none is given either side
// may ask. Over UDP there is no direction in MUD: with peers at home an
// exchange may also begin at the other end, when both ends use the port given.
//
// The limits are what the file says and a profile does not.
func ToProfile(f *File) (*policy.Profile, []policy.Limit) {
	t := translation{file: f, at: map[string]int{}, quarantine: map[string]bool{}}
	for _, name := range f.Quarantine {
		t.quarantine[name] = true
	}
	for _, name := range f.FromDevice {
		t.list(name, true)
	}
	t.refused = nil
	for _, name := range f.ToDevice {
		t.list(name, false)
	}
	for _, l := range f.Lists {
		if !slices.Contains(f.FromDevice, l.Name) && !slices.Contains(f.ToDevice, l.Name) {
			t.limit(l.Name, "the list", "it is for neither direction; left out")
		}
	}
	if len(f.Extensions) > 0 {
		t.limit("", "extensions", "the file uses extensions that are not known here: %s", strings.Join(f.Extensions, ", "))
	}
	p := &policy.Profile{
		Name: title(f), Vendor: f.Manufacturer, Model: f.Model, Lines: t.finish(),
		MUD: &policy.MUD{
			URL: f.URL, LastUpdate: f.LastUpdate, CacheValidity: f.CacheValidity, Supported: f.Supported, SystemInfo: f.SystemInfo,
			Documentation: f.Documentation, Firmware: f.Firmware, Software: f.Software,
		},
	}
	return p, t.limits
}

// title gives what people know the device by.
func title(f *File) string {
	name := cmp.Or(f.SystemInfo, f.Model)
	if u, err := url.Parse(f.URL); err == nil {
		name = cmp.Or(name, u.Host+u.Path)
	}
	return name
}

// translation collects the lines of a file.
type translation struct {
	file       *File
	lines      []draft
	at         map[string]int  // where a line is, by its id
	quarantine map[string]bool // names of entries
	refused    []rule          // entries of the direction at hand that drop
	limits     []policy.Limit
}

// draft is a line of which perhaps one direction is known yet.
type draft struct {
	policy.Line
	from, to bool // entries of which direction it has
}

// rule is an entry seen from the device.
type rule struct {
	name       string // of its list and its own
	peer       policy.Peer
	transport  string
	theirs     []policy.Range // ports of the peer
	ours       []policy.Range
	initiated  string
	echo       policy.Direction // of ICMP: who asks; empty for either
	quarantine bool
}

func (t *translation) limit(line, what, why string, args ...any) {
	t.limits = append(t.limits, policy.Limit{Line: line, What: what, Why: fmt.Sprintf(why, args...)})
}

func (t *translation) list(name string, from bool) {
	i := slices.IndexFunc(t.file.Lists, func(l List) bool { return l.Name == name })
	if i < 0 {
		return // no reading of a file leaves such a name in
	}
	for j := range t.file.Lists[i].Entries {
		e := &t.file.Lists[i].Entries[j]
		r, ok := t.rule(name+"/"+e.Name, e, from)
		switch {
		case !ok:
		case e.Forwarding != "accept":
			t.limit(r.name, e.Forwarding, "whatever no line allows is refused; there are no lines that refuse")
			t.refused = append(t.refused, r)
		default:
			t.accept(&r, from)
		}
	}
}

// accept adds the lines of a rule.
func (t *translation) accept(r *rule, from bool) {
	theirs, ours := r.theirs, r.ours
	for _, list := range []*[]policy.Range{&theirs, &ours} {
		if slices.Equal(*list, everyPort) {
			*list = nil
		}
	}
	out := policy.Line{Direction: policy.Out, Peer: r.peer, Transport: r.transport, Ports: theirs, From: ours, Quarantine: r.quarantine}
	in := policy.Line{Direction: policy.In, Peer: r.peer, Transport: r.transport, Ports: ours, From: theirs, Quarantine: r.quarantine}
	asks := r.echo
	switch {
	case r.initiated == "from-device":
		asks = policy.Out
	case r.initiated == "to-device":
		asks = policy.In
	case from && toGroup(r.peer), r.theirs != nil && r.ours == nil:
		asks = policy.Out
	case r.ours != nil && r.theirs == nil:
		asks = policy.In
	}
	if asks != policy.In {
		t.add(out, r, from)
	}
	if asks != policy.Out {
		t.add(in, r, from)
	}
}

func (t *translation) add(l policy.Line, r *rule, from bool) {
	l.ID = l.Identify()
	i, ok := t.at[l.ID]
	if !ok {
		i = len(t.lines)
		t.at[l.ID] = i
		t.lines = append(t.lines, draft{Line: l})
	}
	d := &t.lines[i]
	d.from, d.to = d.from || from, d.to || !from
	d.Quarantine = d.Quarantine || l.Quarantine
	for i := range t.refused {
		if !d.Proposed && t.refused[i].overlaps(r) {
			d.Proposed = true
			t.limit(l.ID, "an exception", "the entry %s refuses a part of what this line allows; it allows nothing until a person consents", t.refused[i].name)
		}
	}
}

// finish gives the lines, with those that UDP's want of a direction adds.
func (t *translation) finish() []policy.Line {
	lines := []policy.Line{}
	for i := range t.lines {
		d := &t.lines[i]
		lines = append(lines, d.Line)
		if (!d.from || !d.to) && !toGroup(d.Peer) {
			t.limit(d.ID, "one direction", "entries let packets pass in one direction only; a line is about exchanges, with their answers")
		}
		if d.Transport != "udp" || d.From != nil || d.Ports == nil || !atHome(d.Peer) {
			continue
		}
		wider, l := turned(&d.Line), mirror(&d.Line)
		l.From = l.Ports
		l.ID = l.Identify()
		_, has := t.at[l.ID]
		if _, covered := t.at[wider.Identify()]; !has && !covered {
			t.at[l.ID] = -1
			lines = append(lines, l)
		}
	}
	slices.SortStableFunc(lines, func(a, b policy.Line) int { return only6(&a) - only6(&b) })
	return lines
}

// mirror gives a line with the other side asking, at the same ports.
func mirror(l *policy.Line) policy.Line {
	m := *l
	if m.Direction = policy.In; l.Direction == policy.In {
		m.Direction = policy.Out
	}
	return m
}

// turned gives a line with the same packets, of exchanges that the other side
// began.
func turned(l *policy.Line) policy.Line {
	m := mirror(l)
	m.Ports, m.From = m.From, m.Ports
	return m
}

// only6 tells the lines that IPv6 alone has: a file lists them on their own,
// so they come last, wherever that list stands.
func only6(l *policy.Line) int {
	if l.Transport == "icmp6" || l.Peer.Kind == policy.PeerNetwork && l.Peer.Networks[0].Addr().Is6() {
		return 1
	}
	return 0
}

// atHome reports whether a peer may begin to talk with the device: one that
// is behind a name, or serves a role, does not.
func atHome(p policy.Peer) bool {
	switch p.Kind {
	case policy.PeerLocal, policy.PeerMaker, policy.PeerModel, policy.PeerClass, policy.PeerOperators:
		return true
	}
	return false
}

// toGroup reports whether a peer is who is reached by multicast or broadcast,
// and never asks or answers from there.
func toGroup(p policy.Peer) bool {
	return p.Kind == policy.PeerRole && p.Value == policy.RoleDiscovery ||
		p.Kind == policy.PeerNetwork && !slices.ContainsFunc(p.Networks, func(n netip.Prefix) bool { return !isGroup(n) })
}

// groups are where devices announce themselves and look for others.
var groups = []netip.Prefix{
	netip.MustParsePrefix("224.0.0.0/4"), netip.MustParsePrefix("255.255.255.255/32"), netip.MustParsePrefix("ff00::/8"),
}

func isGroup(n netip.Prefix) bool {
	return slices.ContainsFunc(groups, func(g netip.Prefix) bool { return g.Bits() <= n.Bits() && g.Contains(n.Addr()) })
}

// overlaps reports whether two rules of one direction may match one packet.
func (r *rule) overlaps(o *rule) bool {
	return (r.transport == "" || o.transport == "" || r.transport == o.transport) &&
		(r.initiated == "" || o.initiated == "" || r.initiated == o.initiated) &&
		(r.echo == "" || o.echo == "" || r.echo == o.echo) &&
		touch(r.theirs, o.theirs) && touch(r.ours, o.ours) && meet(r.peer, o.peer)
}

func touch(a, b []policy.Range) bool {
	return a == nil || b == nil || slices.ContainsFunc(a, func(x policy.Range) bool {
		return slices.ContainsFunc(b, func(y policy.Range) bool { return x.First <= y.Last && y.First <= x.Last })
	})
}

// meet reports whether two peers may be one. Different names are taken as
// different peers.
func meet(a, b policy.Peer) bool {
	switch {
	case a.Kind != b.Kind:
		return true
	case a.Kind == policy.PeerName:
		return slices.ContainsFunc(a.Names, func(n string) bool { return slices.Contains(b.Names, n) })
	case a.Kind == policy.PeerNetwork:
		return slices.ContainsFunc(a.Networks, func(n netip.Prefix) bool { return slices.ContainsFunc(b.Networks, n.Overlaps) })
	case a.Kind == policy.PeerModel:
		return a.Value == b.Value
	}
	return true
}

// canonical gives a name as profiles have it.
func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }
