package inventory

import (
	"slices"

	"edgeward/internal/asset"
	"edgeward/internal/ident"
)

// retell is the packet time after which a device that only went on as before
// is told again, so that its counters and its last sight stay fresh.
const retell = 60 * second

// shown is what a host looked like when it was last told by Changed. Counters
// are no part of it.
type shown struct {
	device   ident.HostKey
	mac      ident.MAC
	vlan     uint16
	roles    roleSet
	active   bool
	mud      bool
	names    int
	services int
	uses     int
	peers    int
	beliefs  uint32
}

// look gives what there is to tell of a host now.
func (v *Inventory) look(h *host) shown {
	return shown{
		device: v.deviceKey(h), mac: h.mac, vlan: h.vlan, roles: h.roles, active: h.active, mud: h.mud != "",
		names: len(h.names), services: len(h.services), uses: len(h.uses), peers: h.peerCount, beliefs: h.learned,
	}
}

// Changed calls f for every device of which something changed since the last
// call: an address, name, belief, role, service or peer came or went, another
// device became part of it, or it was heard for a minute since it was last
// told. The order is that of Devices. A device whose hosts all went to others
// is not told; the others' Hosts show where they are.
func (v *Inventory) Changed(f func(*asset.Device)) {
	dirty := map[ident.HostKey]bool{}
	relinked := v.changes != v.told.changes
	for h := v.order.tail; h != nil && (relinked || h.round == v.told.round); h = h.prev {
		now := v.look(h)
		if h.told == now && h.last-h.toldAt < retell {
			continue
		}
		if h.active || v.lone(h) {
			dirty[now.device] = true
			if h.told.device != 0 {
				dirty[h.told.device] = true // what it leaves has changed as well
			}
		}
		h.told, h.toldAt = now, h.last
	}
	v.told.changes = v.changes
	v.told.round++
	if len(dirty) == 0 {
		return
	}
	groups, order := v.groups(func(k ident.HostKey) bool { return dirty[k] })
	for _, k := range order {
		f(v.compose(k, groups[k]))
	}
}

// Count gives the number of devices without putting them together.
func (v *Inventory) Count() int {
	keys := make(map[ident.HostKey]struct{}, len(v.hosts))
	for _, h := range v.hosts {
		if h.active || v.lone(h) {
			keys[v.deviceKey(h)] = struct{}{}
		}
	}
	return len(keys)
}

// groups gives the hosts of the devices that are wanted, by device key, and
// the keys in the order of their first host.
func (v *Inventory) groups(want func(ident.HostKey) bool) (map[ident.HostKey][]*host, []ident.HostKey) {
	var hosts []*host
	for _, h := range v.hosts {
		if (h.active || v.lone(h)) && want(v.deviceKey(h)) {
			hosts = append(hosts, h)
		}
	}
	slices.SortFunc(hosts, compareHosts)
	groups := map[ident.HostKey][]*host{}
	var order []ident.HostKey
	for _, h := range hosts {
		k := v.deviceKey(h)
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], h)
	}
	return groups, order
}
