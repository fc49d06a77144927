package ident

import (
	"net/netip"
	"strings"
)

// ParsePrefixes reads networks in CIDR notation, bits of hosts cleared; an
// address is a network of one. With an error it gives those before the bad one.
func ParsePrefixes(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range list {
		s = strings.TrimSpace(s)
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, aerr := netip.ParseAddr(s)
			if aerr != nil || a.Zone() != "" {
				return out, Errorf(Usage, "write networks such as 198.51.100.0/24", "%q is no network", Clip(s, 100))
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		out = append(out, p.Masked())
	}
	return out, nil
}
