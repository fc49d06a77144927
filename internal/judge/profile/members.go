package profile

import (
	"net/netip"

	"edgeward/internal/ident"
	"edgeward/internal/policy"
)

// members says which of a list a side is.
type members struct {
	macs  map[ident.MAC]int32
	addrs map[netip.Addr]int32
	ids   map[string]int32
	names map[string]int32
	loose map[int32]bool // those that have no MAC: an address is enough
}

func (m *members) add(who *policy.Member, at int32) error {
	for _, s := range who.MACs {
		mac, err := ident.ParseMAC(s)
		if err != nil {
			return err
		}
		put(&m.macs, mac, at)
	}
	for _, a := range who.Addresses {
		put(&m.addrs, a.Unmap(), at)
	}
	for _, n := range who.Names {
		put(&m.names, canonical(n), at)
	}
	if who.ID != "" {
		put(&m.ids, who.ID, at)
	}
	if len(who.MACs) == 0 {
		put(&m.loose, at, true)
	}
	return nil
}

func put[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[k] = v
}

// find gives which of the members a side is, -1 for none: by its id or MAC
// address, else, where none is known of it or of the member, by its address,
// else by the name that it says is its own.
func (m *members) find(s *Side) int32 {
	if s.Device != "" && m.ids != nil {
		if at, ok := m.ids[s.Device]; ok {
			return at
		}
	}
	if !s.MAC.IsZero() {
		if at, ok := m.macs[s.MAC]; ok {
			return at
		}
	}
	if at, ok := m.addrs[s.Addr]; ok && (s.MAC.IsZero() || m.loose[at]) {
		return at
	}
	if m.names != nil && s.Home && s.MAC.IsZero() {
		for _, n := range s.Names {
			if at, ok := m.names[n]; ok {
				return at
			}
		}
	}
	return -1
}
