package inventory

import (
	"encoding/binary"
	"net/netip"

	"edgeward/internal/ident"
)

// side is one side of a fact, an address with the MAC it was seen with, and
// what was found out about it. Most facts are about few sides, and links and
// bindings seldom change, so a small table saves most look-ups.
type side struct {
	place   ident.Place
	mac     ident.MAC
	used    bool
	carried bool // see carryOnce
	keyed   bool
	changes uint32
	addr    netip.Addr
	key     ident.HostKey
}

// side gives the entry of a side; a new one takes the place of another.
func (v *Inventory) side(p ident.Place, a netip.Addr, mac ident.MAC) *side {
	var b [16]byte
	if a.IsValid() {
		b = a.As16()
	}
	h := binary.LittleEndian.Uint64(b[8:]) ^ binary.LittleEndian.Uint64(b[:8])*31 ^ uint64(binary.LittleEndian.Uint32(mac[2:]))<<7 ^ uint64(p.Scope)
	h *= 0x9e3779b97f4a7c15
	s := &v.sides[h>>54]
	if !s.used || s.changes != v.changes || s.addr != a || s.mac != mac || s.place != p {
		*s = side{place: p, mac: mac, used: true, changes: v.changes, addr: a}
	}
	return s
}

// sideKey gives the host key of a side as key does.
func (v *Inventory) sideKey(p ident.Place, a netip.Addr, mac ident.MAC) ident.HostKey {
	s := v.side(p, a, mac)
	if !s.keyed {
		s.key, s.keyed = v.key(p, a, mac), true
	}
	return s.key
}
