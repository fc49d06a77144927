package ruleset

import (
	"slices"
	"strings"
)

// dnsmasq writes what makes the resolver put the addresses that it answers
// with into the sets of the nftables table, before the device has the answer.
func (w *writer) dnsmasq() {
	w.header("#", "Names of profiles for dnsmasq, version 2.87 and later, built with nftset.")
	w.line("# Put it into /etc/dnsmasq.d and restart dnsmasq; load the nftables table first.")
	w.line("# Devices must ask this resolver: an address that they learn elsewhere is in no set.")
	sets := map[string][]string{} // by name
	for _, b := range w.profiles {
		for _, e := range b.lines {
			if e.set == "" {
				w.limit(b, e, "line", "dnsmasq feeds peers that are known by name only")
				continue
			}
			for _, n := range e.Peer.Names {
				name, ok := feed(n)
				if !ok {
					w.limit(b, e, "names", "dnsmasq has no pattern for %s: it is left out", shown(n))
					continue
				}
				w.limit(b, e, "names", "%s feeds with the domain itself and all names below it", shown(n))
				if !slices.Contains(sets[name], e.set) {
					sets[name] = append(sets[name], e.set)
				}
			}
		}
	}
	var names []string
	for n := range sets {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		var to []string
		slices.Sort(sets[n])
		for _, s := range sets[n] {
			to = append(to, "4#inet#"+table+"#name4_"+s, "6#inet#"+table+"#name6_"+s)
		}
		w.line("nftset=/%s/%s", n, strings.Join(to, ","))
	}
	w.limit(nil, nil, "default", "dnsmasq cannot refuse to one device what it answers to another: the nftables table does")
}

// feed gives the domain that dnsmasq is told for a pattern of names; ok is
// false when there is none, or the text is no name of a host.
func feed(pattern string) (domain string, ok bool) {
	domain = strings.TrimPrefix(strings.TrimSuffix(strings.ToLower(pattern), "."), "*.")
	return domain, hostname(domain)
}

// hostname reports whether a text is a name of the letters, digits, hyphens
// and underscores that names of hosts and services have.
func hostname(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}
