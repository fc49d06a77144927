package hub

import "context"

// Outside is the zone of those that are no devices.
const Outside = "outside"

// PairFilter selects who talks to whom. Zero values select everything.
type PairFilter struct {
	Tenant  uint16
	Sensors []string // those whose traffic counts; nil for all
	// Sites are those whose devices the caller may see; nil for all. A pair
	// counts when both ends may be seen; addresses may.
	Sites    []string
	From, To int64 // whole hours; 0 open
	// Device selects the pairs of a device; with Depth 2 also those of the
	// devices that it talks to.
	Device   string
	Depth    int
	Zones    []string // of either end
	FromZone *string  // of the source: "" for devices without one, Outside for everybody else
	ToZone   *string  // of the target
	Protocol string
	Limit    int // 0 for 100
	Offset   int
}

// Pair says who asked whom by what, in a time.
type Pair struct {
	Source, Target         string // device ids or addresses
	SourceZone, TargetZone string
	Protocol               string
	Port                   uint16
	Flows                  uint64
	BytesOut               uint64 // from source to target
	BytesIn                uint64
}

// Link is all that two talk to each other in one direction of asking.
type Link struct {
	Source, Target string
	Protocols      []string // at most MaxLinkProtocols
	Flows          uint64
	BytesOut       uint64
	BytesIn        uint64
}

// MaxLinkProtocols bounds the protocols that links and cells name.
const MaxLinkProtocols = 12

// ZoneCell is the traffic from one zone to another in a time. Devices without
// a zone are in "", everybody else is in Outside.
type ZoneCell struct {
	From, To  string
	Pairs     int      // of a source and a target
	Protocols []string // at most MaxLinkProtocols
	Flows     uint64
	BytesOut  uint64
	BytesIn   uint64
}

// Zones answers who talks to whom, from the roll-ups of pairs and the zones
// that devices have now. Each answer reads the roll-ups once, whole days at a
// time, and keeps no more than it gives.
type Zones interface {
	ZoneMatrix(ctx context.Context, f PairFilter) ([]ZoneCell, error)
	// Pairs gives a page of pairs, the busiest first, and how many there are.
	Pairs(ctx context.Context, f PairFilter) ([]Pair, int, error)
	// Links gives the busiest links and how many there are.
	Links(ctx context.Context, f PairFilter) ([]Link, int, error)
}
