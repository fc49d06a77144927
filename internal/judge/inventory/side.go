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
	carried uint32 // the changes after which carry had nothing more to note
	homed   bool   // home is known
	home    bool
	changes uint32
	addr    netip.Addr // as in the fact
	key     ident.HostKey
	id      hostID  // none when nothing is said of it
	host    *host   // nil when it was not looked up, or is not there
	owner   *hostID // where it is kept whom facts with the key were about
}

// sideSlots is the number of sides that are remembered of each side of facts.
const sideSlots = 1024

// side gives the entry of a side in one of the tables; a new one takes the
// place of another. It is good until the next call for the same table.
func (v *Inventory) side(table *[sideSlots]side, p ident.Place, a netip.Addr, mac ident.MAC) *side {
	var b [16]byte
	if a.IsValid() {
		b = a.As16()
	}
	h := binary.LittleEndian.Uint64(b[8:]) ^ binary.LittleEndian.Uint64(b[:8])*31 ^ uint64(binary.LittleEndian.Uint32(mac[2:]))<<7 ^ uint64(p.Scope)
	h *= 0x9e3779b97f4a7c15
	s := &table[h>>54]
	if !s.used || s.changes != v.changes || s.addr != a || s.mac != mac || s.place != p {
		*s = side{place: p, mac: mac, used: true, changes: v.changes, addr: a, key: v.key(p, a, mac), id: idOf(p, a, mac)}
	}
	return s
}

// isHome reports whether the side is an address at home.
func (v *Inventory) isHome(s *side) bool {
	if !s.homed {
		s.home, s.homed = v.Home(s.place, s.addr), true
	}
	return s.home
}

// hostAt gives the host of a side; nil when it is not at home.
func (v *Inventory) hostAt(s *side, now int64) *host {
	if h := s.host; h != nil && !h.gone {
		v.heard(h, now)
		return h
	}
	if s.id == (hostID{}) || !s.id.bare() && !v.isHome(s) {
		return nil
	}
	s.host = v.hostBy(s.id, s.place, s.addr.Unmap(), s.mac, now)
	return s.host
}

// homeSlots is the number of addresses of which it is remembered whether they
// are at home.
const homeSlots = 1024

// homing is the answer of Home about an address.
type homing struct {
	addr    netip.Addr
	place   ident.Place
	changes uint32
	home    bool
}

// Home reports whether an address belongs to the home networks: private,
// unique local, link-local, configured, or seen on the link itself.
func (v *Inventory) Home(p ident.Place, a netip.Addr) bool {
	if !a.IsValid() {
		return false
	}
	b := a.As16()
	x := (binary.LittleEndian.Uint64(b[8:]) ^ binary.LittleEndian.Uint64(b[:8])*31 ^ uint64(p.Scope)) * 0x9e3779b97f4a7c15
	h := &v.homes[x>>54]
	if h.addr != a || h.changes != v.changes || h.place != p {
		*h = homing{a, p, v.changes, v.atHome(p, a)}
	}
	return h.home
}
