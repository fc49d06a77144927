package detect

import (
	"net/netip"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

// names remembers by which names outside addresses were asked for. A contact
// that nobody ever looked up is a trait of malware that carries its
// controller's address with it.
type names struct {
	byAddr *table[string]
	asking *table[bool] // hosts whose DNS queries can be seen
}

const (
	maxNames  = 16384
	maxAskers = 4096
)

func newNames() *names {
	return &names{byAddr: newTable[string](maxNames), asking: newTable[bool](maxAskers)}
}

// learn takes names from answers, and from what clients ask servers for.
func (n *names) learn(s *sight) {
	switch b := s.Body.(type) {
	case *event.DNS:
		*n.asking.make(hostKey(s.Place, s.Src)) = true
		for i := range b.Answers {
			if a := b.Answers[i].Addr; a.IsValid() {
				n.put(s.Place, a, b.RRName)
			}
		}
	case *event.MDNS:
		for i := range b.Answers {
			if a := b.Answers[i].Addr; a.IsValid() {
				n.put(s.Place, a, b.Answers[i].Name)
			}
		}
	case *event.TLS:
		n.put(s.Place, s.Dst, b.SNI)
	case *event.QUIC:
		n.put(s.Place, s.Dst, b.SNI)
	case *event.HTTP:
		if b.Host != "" && !isAddress(b.Host) {
			n.put(s.Place, s.Dst, b.Host)
		}
	}
}

func (n *names) put(p ident.Place, a netip.Addr, name string) {
	if name == "" || !a.IsValid() {
		return
	}
	if have := n.byAddr.make(hostKey(p, a)); *have == "" {
		*have = strings.Clone(name[:min(len(name), 80)])
	}
}

// of gives the name by which an address was asked for, empty when nobody did.
func (n *names) of(p ident.Place, a netip.Addr) string {
	if v := n.byAddr.get(hostKey(p, a)); v != nil {
		return *v
	}
	return ""
}

// asks reports whether DNS queries of a host were seen, so that the lack of a
// name means something.
func (n *names) asks(p ident.Place, a netip.Addr) bool {
	return n.asking.get(hostKey(p, a)) != nil
}

// isAddress reports whether a host name is an IP address, with or without port.
func isAddress(host string) bool {
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return true
	}
	_, err := netip.ParseAddrPort(host)
	return err == nil
}

// multiLabelSuffixes are second-level names under which registries sell names.
var multiLabelSuffixes = map[string]bool{
	"co": true, "com": true, "net": true, "org": true, "gov": true, "edu": true, "ac": true, "or": true, "ne": true, "go": true, "gob": true, "gouv": true, "mil": true,
}

// registered gives the part of a name that somebody registered: the last two
// labels, or three below a registry's second level such as co.uk.
func registered(name string) string {
	name = strings.TrimSuffix(name, ".")
	last := strings.LastIndexByte(name, '.')
	if last < 0 {
		return name
	}
	second := strings.LastIndexByte(name[:last], '.')
	if second < 0 {
		return name
	}
	if len(name)-last-1 == 2 && multiLabelSuffixes[name[second+1:last]] {
		if third := strings.LastIndexByte(name[:second], '.'); third >= 0 {
			return name[third+1:]
		}
		return name
	}
	return name[second+1:]
}

// unspecified reports whether an address says nothing.
func unspecified(a netip.Addr) bool { return !a.IsValid() || a.IsUnspecified() }
