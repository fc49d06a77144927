package inventory

import (
	"net/netip"

	"edgeward/internal/ident"
	"edgeward/internal/judge/fingerprint"
)

// This file is what other judges ask of the inventory.

// About is what may be known of a host at the time of a fact.
type About struct {
	Device    string // device id, empty for an outsider
	Address   netip.Addr
	Type      string
	Vendor    string
	MUD       string // URL that it announced (RFC 8520)
	Zone      string
	FirstSeen int64
	Router    bool
}

// About gives what is known of the host that facts with key k are about.
func (v *Inventory) About(k ident.HostKey) (About, bool) {
	id := v.keys[k]
	if id == nil || v.hosts[*id] == nil {
		return About{}, false
	}
	h := v.hosts[*id]
	x := About{Device: DeviceID(v.deviceKey(h)), Address: h.addr, Zone: v.zoneOf(h), FirstSeen: h.first, Router: h.roles&roleGateway != 0, MUD: h.mud}
	var typ, vendor float64
	for _, b := range h.beliefs {
		switch {
		case b.Attribute == fingerprint.Type && b.Confidence > typ:
			x.Type, typ = b.Value, b.Confidence
		case b.Attribute == fingerprint.Vendor && b.Confidence > vendor:
			x.Vendor, vendor = b.Value, b.Confidence
		}
	}
	return x, true
}

// Router reports whether a MAC carries the traffic of other addresses.
func (v *Inventory) Router(p ident.Place, mac ident.MAC) bool {
	l := v.links[linkID{p, mac}]
	return l != nil && l.router()
}
