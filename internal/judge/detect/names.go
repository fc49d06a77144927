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
	byAddr *table[nameOf]
	asking *table[bool] // hosts that were seen to get addresses by DNS
}

const (
	maxNames  = 16384
	maxAskers = 4096
	maxName   = 60
)

// nameOf is the name of one address, its beginning when it is long.
type nameOf struct {
	domain uint64 // hash of the registered domain
	whole  uint64 // hash of the whole name
	n      uint8
	text   [maxName]byte
}

func newNames() *names {
	return &names{byAddr: newTable[nameOf](maxNames), asking: newTable[bool](maxAskers)}
}

// learn takes names from answers, and from what clients ask servers for.
func (n *names) learn(s *sight) {
	switch b := s.Body.(type) {
	case *event.DNS:
		for i := range b.Answers {
			if a := b.Answers[i].Addr; a.IsValid() {
				*n.asking.make(hostKey(s.Place, s.Src)) = true
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
	if v := n.byAddr.make(hostKey(p, a)); v.n == 0 {
		v.domain, v.whole = textKey(registered(name)), textKey(name)
		v.n = uint8(copy(v.text[:], name))
	}
}

// known reports whether somebody asked for an address by name.
func (n *names) known(p ident.Place, a netip.Addr) bool { return n.byAddr.get(hostKey(p, a)) != nil }

// domain gives the hash of the registered domain of an address, 0 when nobody
// asked for it by name.
func (n *names) domain(p ident.Place, a netip.Addr) uint64 {
	if v := n.byAddr.get(hostKey(p, a)); v != nil {
		return v.domain
	}
	return 0
}

// is reports whether name is the one by which an address was first asked for.
func (n *names) is(p ident.Place, a netip.Addr, name string) bool {
	v := n.byAddr.get(hostKey(p, a))
	return v != nil && v.whole == textKey(name)
}

// of gives the name by which an address was asked for, empty when nobody did.
func (n *names) of(p ident.Place, a netip.Addr) string {
	if v := n.byAddr.get(hostKey(p, a)); v != nil {
		return string(v.text[:v.n])
	}
	return ""
}

// asks reports whether a host was seen to get addresses by DNS, so that the
// lack of a name means something.
func (n *names) asks(p ident.Place, a netip.Addr) bool {
	return n.asking.get(hostKey(p, a)) != nil
}

// isAddress reports whether a host name is an IP address, with or without port.
func isAddress(host string) bool {
	if host == "" || host[0] != '[' && (host[len(host)-1] < '0' || host[len(host)-1] > '9') && strings.Count(host, ":") < 2 {
		return false // the last label of a name is no number
	}
	for i := 0; i < len(host); i++ {
		c := host[i] | 0x20
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && c != ':' && host[i] != '.' && host[i] != '[' && host[i] != ']' && host[i] != '%' {
			return false
		}
	}
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
