// Package inventory knows the devices: it keeps, for every address of the
// home networks, what was observed and believed, finds out which addresses
// are one thing, and which MAC addresses are routers with others behind them.
//
// Hosts are kept by address; devices are put together from hosts only when
// somebody asks, from what is known of the links at that time. So a merge or a
// split never loses anything. It is used by one goroutine, the judge's.
//
// It makes no findings (package detect) and reads no packets.
package inventory

import (
	"encoding/binary"
	"hash/maphash"
	"net/netip"

	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/judge/fingerprint"
)

// Matcher gives clues about a device from something it showed. field names
// what it is ("dhcp.hostname", "http.server"); see content/fingerprints.
type Matcher interface {
	Match(field, value string) []fingerprint.Clue
	// Vendor gives the maker of a network interface by its MAC, empty when unknown.
	Vendor(mac ident.MAC) string
}

// Options sets up an Inventory.
type Options struct {
	Home     []netip.Prefix // networks that are home beside the private ones
	Zones    []Zone
	Matcher  Matcher
	MaxHosts int               // bound on hosts kept; 0 means 8192
	Learning int64             // nanoseconds of packet time after which a device's behaviour is known; 0 means 7 days
	Types    func(string) bool // reports whether a word is in the closed list of types
}

// Zone is a named part of the network.
type Zone struct {
	Name     string         `yaml:"name"`
	Prefixes []netip.Prefix `yaml:"networks"`
	MACs     []ident.MAC    `yaml:"macs"`
	VLANs    []uint16       `yaml:"vlans"`
}

// Inventory is the table of hosts and links.
type Inventory struct {
	opt      Options
	hosts    map[hostID]*host
	keys     map[ident.HostKey]*hostID // who facts with a key were about last
	order    hostList                  // hosts by last activity, oldest first
	links    map[linkID]*link
	bindings map[hostID]*binding
	names    *nameCache
	evicted  uint64
	first    int64
	started  bool
	clues    map[clueKey][]fingerprint.Clue
	changes  uint32 // of links and bindings; what sides remember holds until the next
	sources  [sideSlots]side
	targets  [sideSlots]side
	homes    [homeSlots]homing
	text     []byte                          // scratch
	seed     maphash.Seed                    // of the memory of what hosts showed
	told     struct{ changes, round uint32 } // as of the last call of Changed
}

// hostID is an address in a place, or the MAC of a host that shows no address,
// as one word after the other, so that it is hashed and compared quickly. Zero
// is nobody.
type hostID struct{ hi, lo, rest uint64 }

// The lowest bits of rest say what the other words are.
const (
	idAddr = 1
	idMAC  = 2
)

// idOf gives the id of an address or, when it says nothing, of a MAC.
func idOf(p ident.Place, a netip.Addr, mac ident.MAC) hostID {
	rest := uint64(p.Tenant)<<32 | uint64(p.Scope)<<16
	if unspecified(a) {
		if mac.IsZero() || mac.IsGroup() {
			return hostID{}
		}
		return hostID{lo: uint64(mac[0])<<40 | uint64(mac[1])<<32 | uint64(mac[2])<<24 | uint64(mac[3])<<16 | uint64(mac[4])<<8 | uint64(mac[5]), rest: rest | idMAC}
	}
	b := a.As16() // IPv4 addresses are mapped, so that both forms are one
	return hostID{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:]), rest | idAddr}
}

// bare reports whether the id is a MAC without address.
func (id hostID) bare() bool { return id.rest&idMAC != 0 }

// unspecified reports whether an address says nothing.
func unspecified(a netip.Addr) bool { return !a.IsValid() || a.Unmap().IsUnspecified() }

// New makes an empty inventory.
func New(opt Options) *Inventory {
	if opt.MaxHosts <= 0 {
		opt.MaxHosts = 8192
	}
	if opt.Learning <= 0 {
		opt.Learning = 7 * 24 * 3600 * second
	}
	return &Inventory{
		opt: opt, hosts: map[hostID]*host{}, keys: map[ident.HostKey]*hostID{}, links: map[linkID]*link{}, bindings: map[hostID]*binding{},
		names: newNameCache(), clues: map[clueKey][]fingerprint.Clue{}, seed: maphash.MakeSeed(), changes: 1,
	}
}

const second = int64(1e9)

// Evicted gives how many hosts were forgotten for lack of room.
func (v *Inventory) Evicted() uint64 { return v.evicted }

// Observe takes the facts of a batch in order. It fills in the host keys of
// each and keeps copies of what it needs.
func (v *Inventory) Observe(facts []*event.Fact) {
	for _, f := range facts {
		if !v.started {
			v.first, v.started = f.Time, true
		}
		src, dst := v.side(&v.sources, f.Place, f.Src, f.SrcMAC), v.side(&v.targets, f.Place, f.Dst, f.DstMAC)
		v.link(f, src, dst)
		if src.changes != v.changes { // what was just learned may change what they are
			carried := [2]uint32{src.carried, dst.carried}
			src, dst = v.side(&v.sources, f.Place, f.Src, f.SrcMAC), v.side(&v.targets, f.Place, f.Dst, f.DstMAC)
			src.carried, dst.carried = carried[0], carried[1]
		}
		f.SrcHost, f.DstHost = src.key, dst.key
		v.observe(f, src, dst)
		v.remember(src)
		v.remember(dst)
	}
}

// remember notes which host a key stands for; keys of outsiders are not kept.
func (v *Inventory) remember(s *side) {
	if s.host == nil || s.host.gone {
		if s.id == (hostID{}) || !s.id.bare() && !v.isHome(s) {
			return
		}
		if s.host = v.hosts[s.id]; s.host == nil {
			return
		}
	}
	if s.owner == nil {
		if s.owner = v.keys[s.key]; s.owner == nil {
			if len(v.keys) > 4*v.opt.MaxHosts {
				clear(v.keys)
				v.changes++ // nobody writes to what was cleared
			}
			s.owner = new(hostID)
			v.keys[s.key] = s.owner
		}
	}
	if *s.owner != s.id {
		*s.owner = s.id
	}
}

// atHome does what Home does, without memory.
func (v *Inventory) atHome(p ident.Place, a netip.Addr) bool {
	a = a.Unmap()
	if a.IsMulticast() || a.IsUnspecified() || a.IsLoopback() || isBroadcast(a) {
		return false
	}
	if a.IsPrivate() || a.IsLinkLocalUnicast() {
		return true
	}
	for _, n := range v.opt.Home {
		if n.Contains(a) {
			return true
		}
	}
	b := v.bindings[idOf(p, a, ident.MAC{})]
	return b != nil && b.strong
}

func isBroadcast(a netip.Addr) bool {
	return a == netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// key gives the host key of one side of a fact: by MAC when the address is
// bound to one on the link, else by address.
func (v *Inventory) key(p ident.Place, a netip.Addr, mac ident.MAC) ident.HostKey {
	a = a.Unmap()
	if !a.IsValid() || a.IsUnspecified() {
		if mac.IsZero() || mac.IsGroup() {
			return 0
		}
		return event.HostKeyOf(p, mac, [16]byte{})
	}
	if m, ok := v.macOf(p, a); ok {
		return event.HostKeyOf(p, m, [16]byte{})
	}
	return event.HostKeyOf(p, ident.MAC{}, a.As16())
}
