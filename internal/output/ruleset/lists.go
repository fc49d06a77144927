package ruleset

import (
	"net/netip"
	"slices"
	"strings"

	"edgeward/internal/policy"
)

// allowedAddresses writes the addresses that devices may ask, one a line: an
// allow list for firewalls that fetch External Dynamic Lists.
func (w *writer) allowedAddresses() {
	w.header("#", "Addresses and networks that profiles allow.")
	var list []netip.Prefix
	for _, b := range w.profiles {
		for _, e := range b.lines {
			if !w.listed(b, e) {
				continue
			}
			nets, any := w.networks(b, e)
			switch {
			case any:
				w.limit(b, e, "peer", "it allows any address: it is not on the list")
				continue
			case e.Peer.Kind == policy.PeerName && len(nets) == 0:
				w.limit(b, e, "names", "no address of its names is known: it is not on the list")
			case e.Peer.Kind == policy.PeerName:
				w.limit(b, e, "names", "the addresses are those last seen: fetch the list often")
			}
			list = append(list, nets...)
		}
	}
	for _, n := range compact(list) {
		w.line("%s", network(n))
	}
	w.whoseList()
}

// allowedNames writes the names that devices may ask for, one a line.
func (w *writer) allowedNames() {
	w.header("#", "Names that profiles allow.")
	var list []string
	for _, b := range w.profiles {
		for _, e := range b.lines {
			if !w.listed(b, e) {
				continue
			}
			if e.Peer.Kind != policy.PeerName {
				w.limit(b, e, "peer", "its peer is not known by name: it is not on this list")
				continue
			}
			for _, n := range e.Peer.Names {
				n = strings.ToLower(strings.TrimSuffix(n, "."))
				if hostname(strings.TrimPrefix(n, "*.")) {
					list = append(list, n)
				} else {
					w.limit(b, e, "names", "%s is no name that lists know: it is not on the list", shown(n))
				}
			}
		}
	}
	slices.Sort(list)
	for _, n := range slices.Compact(list) {
		w.line("%s", n)
	}
	w.whoseList()
}

// listed reports whether a line is about what devices ask; others are told, but
// for what every network lets through.
func (w *writer) listed(b *body, e *entry) bool {
	if isRole(e, policy.RoleNetwork) {
		return false // nothing that a firewall's list of destinations is about
	}
	if e.Direction != policy.Out {
		w.limit(b, e, "direction", "a list of destinations says nothing of who asks the device")
		return false
	}
	return true
}

func (w *writer) whoseList() {
	w.onlyEnforces()
	w.limit(nil, nil, "devices", "a list is the same for all devices of a firewall's rule, and has no transport, ports, verbs, ceilings or hours")
}

// blocked writes the destinations that would be blocked, one a line.
func (w *writer) blocked() {
	w.header("#", "Destinations that profiles would block.")
	var addrs []netip.Prefix
	var names []string
	for _, text := range w.o.Blocked {
		text = strings.ToLower(strings.TrimSuffix(text, "."))
		if a, err := netip.ParseAddr(text); err == nil {
			addrs = append(addrs, prefixOf(a))
		} else if hostname(text) {
			names = append(names, text)
		} else {
			w.limit(nil, nil, "names", "%s is neither address nor name: it is not on the list", shown(text))
		}
	}
	for _, n := range compact(addrs) {
		w.line("%s", network(n))
	}
	slices.Sort(names)
	for _, n := range slices.Compact(names) {
		w.line("%s", n)
	}
	w.limit(nil, nil, "devices", "a list blocks for all devices of a firewall's rule what would be blocked for one")
}
