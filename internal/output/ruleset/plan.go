package ruleset

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"edgeward/internal/ident"
	"edgeward/internal/judge/profile"
	"edgeward/internal/policy"
)

// plan is the profiles of one file with what the network says of them.
type plan struct {
	o        Options
	profiles []*body
	devices  []Device         // of the options, then the members of all profiles
	index    map[string][]int // devices by what they are known by
	brokers  []*body          // those that are asked by MQTT
	byMAC    map[ident.MAC][]*body
	byAddr   map[netip.Addr][]*body
	local    []netip.Prefix
	limits   []policy.Limit
	told     map[policy.Limit]bool
	sets     map[string]string // names in a set, by the set's name
}

// body is one profile.
type body struct {
	policy  *policy.Policy
	profile *policy.Profile
	mode    policy.Mode
	key     string // part of identifiers
	lines   []*entry
	hosts   []host         // its members
	addrs   []netip.Prefix // of them
}

// entry is one line that allows something.
type entry struct {
	*policy.Line
	id  string // for people
	set string // part of the names of its sets; empty when its peer has no names

	asked bool // nets and any are found
	nets  []netip.Prefix
	any   bool
}

// private is what home is when nobody said so (RFC 1918, 3927, 4193, 4291).
var private = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("fe80::/10"),
}

// groups are the addresses that stand for many.
var groups = []netip.Prefix{
	netip.MustParsePrefix("224.0.0.0/4"), netip.MustParsePrefix("255.255.255.255/32"), netip.MustParsePrefix("ff00::/8"),
}

func newPlan(policies []*policy.Policy, o Options) (*plan, error) {
	// The evaluator's own checks: what it refuses is exported nowhere.
	if _, err := profile.Compile(policies, profile.Options{Classes: o.Classes, Operators: o.Operators}); err != nil {
		return nil, err
	}
	switch o.Mode {
	case "", policy.Observe, policy.Warn, policy.Enforce:
	default:
		return nil, ident.Errorf(ident.Usage, "want observe, warn or enforce", "unknown mode %q", o.Mode)
	}
	p := &plan{o: o, told: map[policy.Limit]bool{}, index: map[string][]int{}, byMAC: map[ident.MAC][]*body{}, byAddr: map[netip.Addr][]*body{}, sets: map[string]string{}, devices: slices.Clone(o.Devices), local: o.Local}
	if p.local == nil {
		p.local = private
	}
	ids := map[string]bool{}
	for _, env := range policies {
		if env.Kind != policy.ForProfile {
			continue
		}
		if ids[env.ID] {
			return nil, ident.Errorf(ident.Invalid, "give each its own id", "two policies are called %q", env.ID)
		}
		ids[env.ID] = true
		prof, err := profile.Body(env)
		if err != nil {
			return nil, err
		}
		b := &body{policy: env, profile: prof, mode: cmp.Or(o.Mode, env.Mode, policy.Observe), key: short(env.ID)}
		for i := range prof.Lines {
			if l := &prof.Lines[i]; !l.Proposed { // those allow nothing yet
				e := &entry{Line: l, id: cmp.Or(l.ID, l.Identify())}
				if l.Peer.Kind == policy.PeerName {
					e.set = p.setOf(b, e)
				}
				b.lines = append(b.lines, e)
			}
		}
		if len(prof.Behind) > 0 {
			p.limit(b, nil, "networks behind", "what the device passes on for %v is not allowed: it is not the device's own", prof.Behind)
		}
		for _, m := range prof.Members {
			d := Device{Member: m, Vendor: prof.Vendor}
			if prof.MUD != nil {
				d.MUD = prof.MUD.URL
			}
			p.devices = append(p.devices, d)
		}
		p.profiles = append(p.profiles, b)
	}
	for i := range p.devices {
		for _, k := range handles(&p.devices[i].Member) {
			p.index[k] = append(p.index[k], i)
		}
	}
	for _, b := range p.profiles {
		p.meet(b)
	}
	return p, nil
}

// short makes part of an identifier of any text.
func short(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:6])
}

// setOf names the sets of a line after its id: the same line of another
// profile shares them, another line with the same id does not.
func (p *plan) setOf(b *body, e *entry) string {
	names := fmt.Sprintf("%q", e.Peer.Names)
	name := short(e.id)
	if len(e.id) == 12 && strings.Trim(e.id, "0123456789abcdef") == "" {
		name = e.id // it is such a hash
	}
	if was, ok := p.sets[name]; ok && was != names {
		name = short(b.policy.ID + "\x00" + e.id + "\x00" + names)
	}
	p.sets[name] = names
	return name
}

// limit tells something that is not said. A line is nil for the profile as a
// whole, a profile for the file as a whole.
func (p *plan) limit(b *body, e *entry, what, why string, args ...any) {
	l := policy.Limit{What: what, Why: fmt.Sprintf(why, args...)}
	if b != nil {
		l.Policy = b.policy.ID
	}
	if e != nil {
		l.Line = e.id
	}
	if !p.told[l] {
		p.told[l] = true
		p.limits = append(p.limits, l)
	}
}

// onlyEnforces tells that a format knows no milder mode.
func (p *plan) onlyEnforces() {
	for _, b := range p.profiles {
		if b.mode != policy.Enforce {
			p.limit(b, nil, "mode", "the format enforces as soon as it is loaded: there is no %s", b.mode)
		}
	}
}

// compact sorts networks and takes away those that lie in another one.
func compact(list []netip.Prefix) []netip.Prefix {
	list = slices.Clone(list)
	for i, n := range list {
		if a := n.Addr(); a.Is4In6() && n.Bits() >= 96 {
			n = netip.PrefixFrom(a.Unmap(), n.Bits()-96)
		}
		list[i] = n.Masked()
	}
	list = slices.DeleteFunc(list, func(n netip.Prefix) bool { return !n.IsValid() })
	slices.SortFunc(list, func(a, b netip.Prefix) int {
		return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
	})
	out := list[:0]
	for _, n := range list {
		if len(out) == 0 || !out[len(out)-1].Contains(n.Addr()) {
			out = append(out, n)
		}
	}
	return out
}

// merge sorts ranges, cuts them at the highest number and joins those that
// touch.
func merge(list []policy.Range, highest uint32) []policy.Range {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b policy.Range) int { return cmp.Compare(a.First, b.First) })
	var out []policy.Range
	for _, r := range list {
		if r.Last = min(r.Last, highest); r.First > r.Last {
			continue
		}
		if n := len(out) - 1; n >= 0 && r.First <= out[n].Last+1 {
			out[n].Last = max(out[n].Last, r.Last)
		} else {
			out = append(out, r)
		}
	}
	return out
}

const lastPort = 65535

// one gives ranges of one port each.
func one(ports ...uint32) (list []policy.Range) {
	for _, p := range ports {
		list = append(list, policy.Range{First: p, Last: p})
	}
	return list
}

// numbers writes ranges with commas.
func numbers(list []policy.Range, scale uint32) string {
	words := make([]string, len(list))
	for i, r := range list {
		first, last := r.First*scale, r.Last*scale+scale-1
		if words[i] = fmt.Sprint(first); last != first {
			words[i] = fmt.Sprintf("%d-%d", first, last)
		}
	}
	return strings.Join(words, ", ")
}
