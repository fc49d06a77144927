package detect

import (
	"net/netip"
	"strconv"
)

// group parts the findings of one check and host. It is compared by its key
// and put into words only when a finding is opened, since most facts fall
// into one that is open.
type group struct {
	text, more string
	addr       netip.Addr
	port       uint16
}

// named is a group by a word.
func named(text string) group { return group{text: text} }

// two is a group by two words.
func two(a, b string) group { return group{text: a, more: b} }

// onPort is a group by a port, with a word before it.
func onPort(text string, p uint16) group { return group{text: text, port: p} }

// by is a group by the one on the other side.
func by(a *actor) group {
	if a.addr.IsValid() {
		return group{addr: a.addr}
	}
	return group{text: a.String()}
}

// at is a group by an address and a port.
func at(a netip.Addr, p uint16) group { return group{addr: a, port: p} }

func (g *group) key() uint64 {
	h := textKey(g.text)
	if g.more != "" {
		h = mix(h, textKey(g.more))
	}
	if g.addr.IsValid() {
		h = mix(h, addrKey(g.addr))
	}
	if g.port != 0 {
		h = mix(h, uint64(g.port))
	}
	return h
}

func (g *group) String() string {
	s := g.text
	add := func(w string) {
		if s != "" {
			s += " "
		}
		s += w
	}
	if g.more != "" {
		add(g.more)
	}
	if g.addr.IsValid() {
		add(g.addr.String())
	}
	if g.port != 0 {
		add(strconv.Itoa(int(g.port)))
	}
	return s
}
