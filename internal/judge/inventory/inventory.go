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
	keys     map[ident.HostKey]hostID // who facts with a key were about last
	order    hostList                 // hosts by last activity, oldest first
	links    map[linkID]*link
	bindings map[hostID]*binding
	names    *nameCache
	evicted  uint64
	first    int64
	started  bool
	clues    map[clueKey][]fingerprint.Clue
	changes  uint32 // of links and bindings; what sides remember holds until the next
	sides    [1024]side
	told     struct{ changes, round uint32 } // as of the last call of Changed
}

// hostID is an address in a place; hosts that show no address have only a MAC.
type hostID struct {
	place ident.Place
	addr  netip.Addr
	mac   ident.MAC // set only when addr is not valid
}

// New makes an empty inventory.
func New(opt Options) *Inventory {
	if opt.MaxHosts <= 0 {
		opt.MaxHosts = 8192
	}
	if opt.Learning <= 0 {
		opt.Learning = 7 * 24 * 3600 * second
	}
	return &Inventory{
		opt: opt, hosts: map[hostID]*host{}, keys: map[ident.HostKey]hostID{}, links: map[linkID]*link{}, bindings: map[hostID]*binding{},
		names: newNameCache(), clues: map[clueKey][]fingerprint.Clue{},
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
		v.link(f)
		f.SrcHost = v.sideKey(f.Place, f.Src, f.SrcMAC)
		f.DstHost = v.sideKey(f.Place, f.Dst, f.DstMAC)
		v.observe(f)
		v.remember(f.SrcHost, f.Place, f.Src, f.SrcMAC)
		v.remember(f.DstHost, f.Place, f.Dst, f.DstMAC)
	}
}

// remember notes which host a key stands for; keys of outsiders are not kept.
func (v *Inventory) remember(k ident.HostKey, p ident.Place, a netip.Addr, mac ident.MAC) {
	id := hostID{place: p, addr: a.Unmap()}
	if !a.IsValid() || a.IsUnspecified() {
		id = hostID{place: p, mac: mac}
	}
	if v.hosts[id] == nil || v.keys[k] == id {
		return
	}
	if len(v.keys) > 4*v.opt.MaxHosts {
		clear(v.keys)
	}
	v.keys[k] = id
}

// Home reports whether an address belongs to the home networks: private,
// unique local, link-local, configured, or seen on the link itself.
func (v *Inventory) Home(p ident.Place, a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsValid() || a.IsMulticast() || a.IsUnspecified() || a.IsLoopback() || isBroadcast(a) {
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
	b := v.bindings[hostID{place: p, addr: a}]
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
