package profile

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"edgeward/internal/ident"
)

// Bounds of what a reader remembers.
const (
	maxNamed  = 1 << 16 // pairs of a host and an address with names
	maxShaken = 1 << 15 // flows with a name in their handshake
	maxFlows  = 1 << 17 // flows whose transactions were told
	maxRoles  = 1 << 12
	maxAlias  = 4 // names of one address
)

// recent is a table that forgets its oldest entries.
type recent[K comparable, V any] struct {
	m    map[K]V
	ring []K
	at   int
	max  int
}

func newRecent[K comparable, V any](limit int) recent[K, V] {
	return recent[K, V]{m: map[K]V{}, max: limit}
}

func (r *recent[K, V]) put(k K, v V) {
	if _, ok := r.m[k]; !ok {
		if len(r.ring) < r.max {
			r.ring = append(r.ring, k)
		} else {
			delete(r.m, r.ring[r.at])
			r.ring[r.at] = k
			r.at = (r.at + 1) % r.max
		}
	}
	r.m[k] = v
}

type asker struct {
	host  ident.HostKey
	place ident.Place
	addr  netip.Addr
}

type placed struct {
	place ident.Place
	addr  netip.Addr
}

type flowKey struct {
	capture uint32
	flow    uint64
}

// names remembers by which names hosts asked for addresses: an address that
// two devices reach under two names is not the same peer to both.
type names struct {
	asked   recent[asker, []string]
	spoken  recent[placed, []string] // said by the host itself: mDNS, DHCP
	shaken  recent[flowKey, string]  // SNI, Host
	scratch [maxAlias + 2]string
}

func newNames() names {
	return names{asked: newRecent[asker, []string](maxNamed), spoken: newRecent[placed, []string](maxNamed), shaken: newRecent[flowKey, string](maxShaken)}
}

func (n *names) learn(host ident.HostKey, p ident.Place, a netip.Addr, name string) {
	if name == "" {
		return
	}
	k := asker{host, p, a}
	if next, changed := withName(n.asked.m[k], name); changed {
		n.asked.put(k, next)
	}
}

func (n *names) say(p ident.Place, a netip.Addr, name string) {
	if name == "" {
		return
	}
	k := placed{p, a}
	if next, changed := withName(n.spoken.m[k], name); changed {
		n.spoken.put(k, next)
	}
}

// withName puts a name in front; the last ones asked for count most.
func withName(list []string, name string) ([]string, bool) {
	if len(list) > 0 && list[0] == name {
		return list, false
	}
	if slices.Contains(list, name) {
		return list, false
	}
	next := make([]string, 0, min(len(list)+1, maxAlias))
	next = append(next, strings.Clone(name))
	return append(next, list[:min(len(list), maxAlias-1)]...), true
}

func (n *names) shake(capture uint32, flow uint64, name string) {
	k := flowKey{capture, flow}
	if name != "" && flow != 0 && n.shaken.m[k] != name {
		n.shaken.put(k, strings.Clone(name))
	}
}

func (n *names) forget(capture uint32, flow uint64) { delete(n.shaken.m, flowKey{capture, flow}) }

// of gives the names by which a client knows an address: what the handshake
// named, what it asked for, what the address says of itself.
func (n *names) of(client ident.HostKey, capture uint32, flow uint64, p ident.Place, a netip.Addr) []string {
	asked, spoken := n.asked.m[asker{client, p, a}], n.spoken.m[placed{p, a}]
	name, ok := n.shaken.m[flowKey{capture, flow}]
	if !ok && len(spoken) == 0 {
		return asked
	}
	out := n.scratch[:0]
	if ok {
		out = append(out, name)
	}
	for _, list := range [2][]string{asked, spoken} {
		for _, s := range list {
			if len(out) < len(n.scratch) && s != name {
				out = append(out, s)
			}
		}
	}
	return out
}

func (n *names) said(p ident.Place, a netip.Addr) []string { return n.spoken.m[placed{p, a}] }

// roles remembers what the network gave to addresses to do.
type roles struct{ table recent[placed, Roles] }

func newRoles() roles { return roles{newRecent[placed, Roles](maxRoles)} }

func (r *roles) add(p ident.Place, a netip.Addr, role Roles) {
	if !a.IsValid() || a.IsUnspecified() {
		return
	}
	k := placed{p, a}
	if old := r.table.m[k]; old&role == 0 {
		r.table.put(k, old|role)
	}
}

func (r *roles) addText(p ident.Place, text string, role Roles) {
	if a, err := netip.ParseAddr(text); err == nil {
		r.add(p, a.Unmap(), role)
	}
}

func (r *roles) of(p ident.Place, a netip.Addr) Roles { return r.table.m[placed{p, a}] }

// flows remembers of which flows the transactions were told.
type flows struct{ told recent[flowKey, struct{}] }

func newFlows() flows { return flows{newRecent[flowKey, struct{}](maxFlows)} }

func (f *flows) note(capture uint32, flow uint64) {
	k := flowKey{capture, flow}
	if _, ok := f.told.m[k]; !ok {
		f.told.put(k, struct{}{})
	}
}

// done reports whether the flow's transactions were told, and forgets it.
func (f *flows) done(capture uint32, flow uint64) bool {
	k := flowKey{capture, flow}
	_, ok := f.told.m[k]
	delete(f.told.m, k)
	return ok
}

func number[T ~uint8 | ~uint16 | ~uint32](n T) string { return strconv.FormatUint(uint64(n), 10) }
