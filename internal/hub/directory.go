package hub

import "context"

// Card is what lists say of a device.
type Card struct {
	ID       string
	Label    string
	Type     string
	Vendor   string
	Zone     string // empty for none
	Site     string
	Tags     []string
	Risk     int
	Learning bool // it is not known yet
}

// CardFilter selects cards. Zero values select everything.
type CardFilter struct {
	Tenant uint16
	Sites  []string // those the caller may see; nil for all
	IDs    []string // nil for all
	Limit  int      // 0 for no limit
}

// Census counts devices.
type Census struct {
	Total     int
	New       int // first seen since a time
	Unknown   int // of no known type
	Untrusted int
	Risky     int // with at least some risk
	Learning  int // not known yet
}

// DeviceAddress is an address that a device has now, in one of several
// networks that may use the same ones.
type DeviceAddress struct {
	Address string
	Scope   uint16
	Device  string
}

// Directory names devices without reading all that is known of them.
type Directory interface {
	// Cards gives cards by site and id.
	Cards(ctx context.Context, f CardFilter) ([]Card, error)
	// Census counts the devices of sites (nil for all): what is new since a
	// time, and what has at least a risk, among others.
	Census(ctx context.Context, tenant uint16, sites []string, since int64, risk int) (Census, error)
	// Addresses gives who has some addresses, or all when the list is nil.
	Addresses(ctx context.Context, tenant uint16, addresses []string) ([]DeviceAddress, error)
}
