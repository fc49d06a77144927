package policy

import (
	"net/netip"
	"slices"
	"strings"

	"edgeward/internal/ident"
)

// Target is what a selector looks at: a finding with what is known of the
// device that it is about.
type Target struct {
	Check    string
	Severity ident.Severity
	Device   string // id
	Type     string
	Zone     string
	Site     string
	Tags     []string
	Peers    []string
}

// Matches reports whether the selector selects a target. A list that is empty
// matches everything.
func (s *Selector) Matches(t *Target) bool {
	return matchCheck(s.Checks, t.Check) && in(s.Devices, t.Device) && in(s.Types, t.Type) && in(s.Zones, t.Zone) && in(s.Sites, t.Site) &&
		(len(s.Tags) == 0 || slices.ContainsFunc(s.Tags, func(tag string) bool { return slices.Contains(t.Tags, tag) })) &&
		(len(s.Peers) == 0 || slices.ContainsFunc(t.Peers, func(p string) bool { return matchPeer(s.Peers, p) })) &&
		(!s.HasMaximum || t.Severity <= s.AtMost)
}

// Empty reports whether the selector selects everything.
func (s *Selector) Empty() bool {
	return len(s.Checks)+len(s.Devices)+len(s.Types)+len(s.Zones)+len(s.Sites)+len(s.Tags)+len(s.Peers) == 0 && !s.HasMaximum
}

func in(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }

func matchCheck(list []string, check string) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(want string) bool {
		if prefix, ok := strings.CutSuffix(want, "*"); ok && strings.HasSuffix(prefix, ".") {
			return strings.HasPrefix(check, prefix)
		}
		return want == check
	})
}

// matchPeer compares a peer, an address or a name, with addresses, prefixes
// and names. Names match their subdomains when they begin with a dot.
func matchPeer(list []string, peer string) bool {
	addr, err := netip.ParseAddr(peer)
	for _, want := range list {
		if strings.EqualFold(want, peer) {
			return true
		}
		if err == nil {
			if p, perr := netip.ParsePrefix(want); perr == nil && p.Contains(addr.Unmap()) {
				return true
			}
			continue
		}
		if strings.HasPrefix(want, ".") && strings.HasSuffix(strings.ToLower(peer), strings.ToLower(want)) {
			return true
		}
	}
	return false
}
