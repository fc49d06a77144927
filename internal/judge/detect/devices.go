package detect

import (
	"net/netip"

	"edgeward/internal/ident"
)

// Devices is what detection asks of the inventory. Implementations answer for
// the moment of the fact at hand and are called by one goroutine. The keys are
// those of Fact.SrcHost and Fact.DstHost.
type Devices interface {
	// Home reports whether the address belongs to this network. Broadcast and
	// multicast addresses do not.
	Home(place ident.Place, addr netip.Addr) bool
	// Host gives what is believed of a host; ok is false when it is no device.
	Host(key ident.HostKey) (Host, bool)
	// Router reports whether the MAC forwards traffic of other addresses.
	Router(place ident.Place, mac ident.MAC) bool
}

// Host is what detection wants to know about a device.
type Host struct {
	Device    string // device id
	Type      string // word of the closed type list; empty when unknown
	Zone      string // empty when no zones are configured
	FirstSeen int64  // packet time at which the device was first heard
}

// privateDevices stands in when there is no inventory: home is what can only
// be local, and nothing is known of the hosts.
type privateDevices struct{}

func (privateDevices) Home(_ ident.Place, a netip.Addr) bool {
	return a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsLoopback()
}

func (privateDevices) Host(ident.HostKey) (Host, bool) { return Host{}, false }

func (privateDevices) Router(ident.Place, ident.MAC) bool { return false }
