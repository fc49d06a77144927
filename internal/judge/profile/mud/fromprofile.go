package mud

import (
	"cmp"
	"fmt"
	"hash/crc32"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"edgeward/internal/ident"
	"edgeward/internal/policy"
)

// Options say of a file what its profile does not. Zero takes all from the
// profile.
type Options struct {
	URL       string    // under which the file will be published
	Signature string    // under which its signature will be
	Updated   time.Time // when it was made
}

// FromProfile makes the file that describes a profile. Roles become the
// classes of controllers that are registered for them. The limits are what
// the profile says and a file cannot; what is wider or narrower in the file
// is among them, line by line.
//
// A profile that [ToProfile] made comes back the same when it is written, read
// and made again.
func FromProfile(p *policy.Profile, o Options) (*File, []policy.Limit, error) {
	about := policy.MUD{}
	if p.MUD != nil {
		about = *p.MUD
	}
	learned := about.LastUpdate == ""
	f := &File{
		URL: cmp.Or(o.URL, about.URL), Signature: o.Signature, LastUpdate: about.LastUpdate, Supported: about.Supported || learned,
		CacheValidity: cmp.Or(about.CacheValidity, defaultValidity), SystemInfo: about.SystemInfo, Manufacturer: p.Vendor, Model: p.Model,
		Firmware: about.Firmware, Software: about.Software, Documentation: about.Documentation,
	}
	if learned {
		f.SystemInfo = cmp.Or(f.SystemInfo, p.Name)
	}
	if !o.Updated.IsZero() {
		f.LastUpdate = o.Updated.UTC().Format(time.RFC3339)
	}
	if f.URL == "" {
		return nil, nil, ident.Errorf(ident.Invalid, "say under which https address the file will be published", "usage description of profile %q: it has no URL", p.Name)
	}
	if f.LastUpdate == "" {
		return nil, nil, ident.Errorf(ident.Invalid, "", "usage description of profile %q: it has no time of its last change", p.Name)
	}
	w := writer{lines: p.Lines, at: map[string]int{}, written: map[string]bool{}, names: names{}}
	for i := range p.Lines {
		w.at[p.Lines[i].Identify()] = i
	}
	prefix := fmt.Sprintf("mud-%05d-", crc32.ChecksumIEEE([]byte(f.URL))%100000)
	for v := range w.lists {
		for d, suffix := range []string{"fr", "to"} {
			w.lists[v][d] = List{Name: fmt.Sprintf("%sv%d%s", prefix, 4+2*v, suffix), Type: []string{"ipv4-acl-type", "ipv6-acl-type"}[v]}
		}
	}
	if len(p.Members) > 0 {
		w.limit("", "members", "a usage description is for the devices that announce its URL, not for devices by name")
	}
	if len(p.Behind) > 0 {
		w.limit("", "networks behind", "a usage description is about the device alone, not about the networks whose traffic it passes on")
	}
	for i := range p.Lines {
		w.line(i)
	}
	for _, lists := range w.lists {
		for d, use := range []*[]string{&f.FromDevice, &f.ToDevice} {
			if l := lists[d]; len(l.Entries) > 0 {
				*use = append(*use, l.Name)
				f.Lists = append(f.Lists, l)
			}
		}
	}
	f.Quarantine = w.quarantine
	return f, w.limits, nil
}

// writer makes entries of lines.
type writer struct {
	lines      []policy.Line
	at         map[string]int // where a line is, by what it matches
	lists      [2][2]List     // by version of IP, by direction: from and to the device
	written    map[string]bool
	names      names
	quarantine []string
	limits     []policy.Limit
}

func (w *writer) limit(line, what, why string, args ...any) {
	w.limits = append(w.limits, policy.Limit{Line: line, What: what, Why: fmt.Sprintf(why, args...)})
}

// line writes the entries of a line.
func (w *writer) line(i int) {
	l := &w.lines[i]
	id := cmp.Or(l.ID, l.Identify())
	if l.Proposed {
		w.limit(id, "proposed", "nobody has consented to the line; left out")
		return
	}
	w.unsaid(id, l)
	peers := w.peers(id, l)
	if len(peers) == 0 || w.implied(i) || l.Transport != "tcp" && l.Direction == policy.In && w.bothWays(i) {
		return
	}
	k, ok := w.kind(id, i, peers[0])
	if !ok {
		return
	}
	for _, p := range peers {
		for _, theirs := range conditions(k.theirs) {
			for _, ours := range conditions(k.ours) {
				w.pair(id, &k, p, theirs, ours, l.Quarantine)
			}
		}
	}
}

// unsaid lists what no usage description says.
func (w *writer) unsaid(id string, l *policy.Line) {
	if l.Protocol != "" {
		w.limit(id, "protocol", "a usage description goes by ports, not by content: anything may be said over %s, not %s alone", cmp.Or(l.Transport, "any transport"), l.Protocol)
	}
	if len(l.Verbs) > 0 {
		ops := make([]string, 0, len(l.Verbs))
		for _, v := range l.Verbs {
			if !slices.Contains(ops, v.Op) {
				ops = append(ops, v.Op)
			}
		}
		w.limit(id, "verbs", "all verbs are allowed, not %s alone", strings.Join(ops, ", "))
	}
	if l.Limits != (policy.Limits{}) {
		w.limit(id, "rates", "there are no ceilings of rate or volume")
	}
	if len(l.Hours) > 0 {
		w.limit(id, "hours", "there are no hours of the day")
	}
}

// kind is what of a line is the same in all of its entries.
type kind struct {
	protocol     *uint8
	initiated    string
	echo         policy.Direction
	theirs, ours []policy.Range
	v4, v6       bool
}

// either says of the side without ports that any will do.
func (k *kind) either() {
	if len(k.theirs) == 0 {
		k.theirs = everyPort
	} else {
		k.ours = everyPort
	}
}

// kind gives what the entries of a line to a peer have in common; not ok when
// a file cannot say it without allowing more.
func (w *writer) kind(id string, i int, peer policy.Peer) (kind, bool) {
	l := &w.lines[i]
	k := kind{theirs: l.Ports, ours: l.From, v4: true, v6: true}
	if l.Direction == policy.In {
		k.theirs, k.ours = k.ours, k.theirs
	}
	if l.Transport != "" {
		n, ok := number(l.Transport)
		if !ok {
			w.limit(id, "transport", "%q is not a protocol of IP; left out", l.Transport)
			return k, false
		}
		k.protocol = &n
	}
	switch l.Transport {
	case "tcp":
		if k.initiated = "from-device"; l.Direction == policy.In {
			k.initiated = "to-device"
		}
		return k, true
	case "icmp", "icmp6":
		k.v4, k.v6 = l.Transport == "icmp", l.Transport == "icmp6"
		if !w.bothWays(i) && !toGroup(peer) {
			k.echo = l.Direction
			w.limit(id, "type of ICMP", "echo requests and their answers are allowed; a profile does not say which others are meant")
		}
		return k, w.withoutPorts(id, l)
	case "udp":
		if len(l.Ports)+len(l.From) > 0 && (len(l.Ports) == 0 || len(l.From) == 0 && w.bothWays(i)) {
			k.either() // else the ports that are there would be taken for those of the side that is asked
		}
		if !toGroup(peer) && w.unclear(i, peer) {
			w.limit(id, "who begins", "over UDP there is no direction: the other side may begin as well, from the same ports")
		}
		return k, true
	case "igmp":
		k.v6 = false
	}
	if !w.bothWays(i) && !toGroup(peer) {
		w.limit(id, "who begins", "only over TCP is there a direction: the other side may begin as well")
	}
	return k, w.withoutPorts(id, l)
}

// unclear reports whether the entries of a line over UDP let the other side
// begin where the profile does not.
func (w *writer) unclear(i int, peer policy.Peer) bool {
	l := &w.lines[i]
	if len(l.Ports) == 0 || len(l.From) > 0 {
		return !w.bothWays(i)
	}
	m, other := mirror(l), turned(l)
	m.From = m.Ports
	return atHome(peer) && !w.beside(l, &m) && !w.beside(l, &other)
}

// withoutPorts refuses ports of a transport that has none in a file.
func (w *writer) withoutPorts(id string, l *policy.Line) bool {
	if len(l.Ports)+len(l.From) == 0 {
		return true
	}
	w.limit(id, "ports", "there are ports of TCP and UDP only; the line would allow more and is left out")
	return false
}

func number(transport string) (uint8, bool) {
	if n, ok := transportNumbers[transport]; ok {
		return n, true
	}
	n, err := strconv.ParseUint(transport, 10, 8)
	return uint8(n), err == nil && n > 0
}

// bothWays reports whether a line and its neighbour are one exchange that
// either side may begin, which one pair of entries without a direction says.
func (w *writer) bothWays(i int) bool {
	l := &w.lines[i]
	m := turned(l)
	next := i + 1
	if l.Direction == policy.In {
		next = i - 1
	}
	return next >= 0 && next < len(w.lines) && w.beside(l, &m) && w.lines[next].Identify() == m.Identify()
}

// implied reports whether a line is what reading the entries of another
// brings along; see [ToProfile].
func (w *writer) implied(i int) bool {
	l := &w.lines[i]
	if l.Transport != "udp" || len(l.Ports) == 0 || !slices.Equal(l.Ports, l.From) || !atHome(l.Peer) {
		return false
	}
	m := mirror(l)
	m.From = nil
	return w.beside(l, &m)
}

// beside reports whether the profile has another line with a line, which is
// written whenever that is.
func (w *writer) beside(l, other *policy.Line) bool {
	i, ok := w.at[other.Identify()]
	return ok && !w.lines[i].Proposed && w.lines[i].Quarantine == l.Quarantine
}

// pair writes the entries of both directions, in the versions of IP that fit.
func (w *writer) pair(id string, k *kind, p policy.Peer, theirs, ours *Port, quarantine bool) {
	var name string
	for v, ok := range []bool{k.v4 && fits(p, 4), k.v6 && fits(p, 6)} {
		if !ok {
			continue
		}
		from, to := k.entry(p, v == 1, true, theirs, ours), k.entry(p, v == 1, false, theirs, ours)
		shape := fmt.Sprint(v, writeEntry(&Entry{Matches: from}), writeEntry(&Entry{Matches: to}))
		if w.written[shape] {
			continue
		}
		w.written[shape] = true
		if name == "" {
			name = entryName(w.names, id)
		}
		for d, m := range []Matches{from, to} {
			if d == 1 && toGroup(p) {
				continue // nothing comes from there
			}
			e := Entry{Name: name + []string{"-frdev", "-todev"}[d], Matches: m, Forwarding: "accept"}
			w.lists[v][d].Entries = append(w.lists[v][d].Entries, e)
		}
	}
	if name != "" && quarantine {
		if w.quarantine = append(w.quarantine, name+"-frdev"); !toGroup(p) {
			w.quarantine = append(w.quarantine, name+"-todev")
		}
	}
}

// entryName gives a name that says from which line an entry comes.
func entryName(taken names, id string) string {
	id = strings.Map(func(c rune) rune {
		if c < '0' || c > 'z' || c > '9' && c < 'A' || c > 'Z' && c < 'a' {
			return '-'
		}
		return c
	}, id)
	return taken.take(id[:min(len(id), maxName-len("-99999-frdev"))])
}

// fits reports whether a peer has addresses of a version.
func fits(p policy.Peer, version int) bool {
	return p.Kind != policy.PeerNetwork || slices.ContainsFunc(p.Networks, func(n netip.Prefix) bool { return n.Addr().Is4() == (version == 4) })
}
