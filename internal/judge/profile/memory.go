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

// known gives the names by which a host knows whoever asks it.
func (n *names) known(by ident.HostKey, p ident.Place, a netip.Addr) []string {
	if asked := n.asked.m[asker{by, p, a}]; len(asked) > 0 {
		return asked
	}
	return n.spoken.m[placed{p, a}]
}

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

// links remembers which addresses a MAC address has as its own: by ARP and by
// leases, not by what it merely sends.
type links struct {
	own recent[linkKey, [maxAlias]netip.Addr]
}

type linkKey struct {
	place ident.Place
	mac   ident.MAC
}

func newLinks() links { return links{newRecent[linkKey, [maxAlias]netip.Addr](maxRoles)} }

func (l *links) add(p ident.Place, mac string, a netip.Addr) {
	m, err := ident.ParseMAC(mac)
	if err != nil || !a.Is4() || a.IsUnspecified() {
		return
	}
	k := linkKey{p, m}
	list := l.own.m[k]
	for i := range list {
		if list[i] == a {
			return
		}
		if !list[i].IsValid() {
			list[i] = a
			l.own.put(k, list)
			return
		}
	}
	copy(list[1:], list[:maxAlias-1]) // the oldest goes
	list[0] = a
	l.own.put(k, list)
}

// passesOn reports whether an address that a MAC address sends from is in
// another network than all of its own.
func (l *links) passesOn(p ident.Place, mac ident.MAC, a netip.Addr) bool {
	if !a.Is4() || !a.IsPrivate() {
		return false
	}
	list, ok := l.own.m[linkKey{p, mac}]
	if !ok {
		return false
	}
	for _, own := range list {
		if own.IsValid() && network(own) == network(a) {
			return false
		}
	}
	return true
}

// network gives the network that an address is taken to be in: /24 or /64.
func network(a netip.Addr) netip.Prefix {
	bits := 24
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // never fails for these lengths
	return p
}

// attempts remembers what was tried in vain: a retry is no exchange of its own.
type attempts struct{ last recent[attempt, int64] }

type attempt struct {
	client    ident.HostKey
	place     ident.Place
	server    netip.Addr
	port      uint16
	transport uint8
}

func newAttempts() attempts { return attempts{newRecent[attempt, int64](maxShaken)} }

// retryWithin is how soon after a vain attempt the next one is the same.
const retryWithin = 60e9

// again reports whether a vain attempt is a retry.
func (a *attempts) again(k attempt, now int64) bool {
	last, ok := a.last.m[k]
	a.last.put(k, now)
	return ok && now-last < retryWithin && now >= last
}

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
