// Package query asks the stored facts: a small language over all fields of
// the registry, its completion, and the shapes of requests and answers. Package store/segment
// answers; api and cli ask. It knows no store and no transport.
package query

import (
	"context"
	"net/netip"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

// Request selects facts.
type Request struct {
	Tenant  uint16
	Sensors []string        // those the caller may see; nil for all
	From    int64           // packet time, nanoseconds, inclusive; 0 open
	To      int64           // exclusive; 0 open
	Text    string          // the query; empty for everything
	Hosts   []ident.HostKey // either side is one of these; nil for all
	Limit   int             // of records; 0 for 100
	Cursor  string          // from an earlier Result
	Oldest  bool            // oldest first; otherwise newest first
	// Resolver answers what only the hub knows: device:, site: and the names of
	// sensors in Text.
	// Without one these are errors.
	Resolver Resolver
	Now      int64 // what relative times in Text count from; 0 for the clock
}

// Resolver turns names of the hub into what facts have.
type Resolver interface {
	// DeviceHosts gives the host keys that ever stood for a device, by id or
	// label; none when there is no such device.
	DeviceHosts(ctx context.Context, tenant uint16, device string) ([]ident.HostKey, error)
	// SiteSensors gives the ids of the sensors of a site.
	SiteSensors(ctx context.Context, tenant uint16, site string) ([]string, error)
	// SensorNames gives the names of sensors by their ids.
	SensorNames(ctx context.Context, tenant uint16) (map[string]string, error)
}

// Record is one stored fact with the columns that lists show. The body is in Fact.
type Record struct {
	ID               string
	Time             int64
	Ingest           int64
	Place            ident.Place
	Sensor           string
	Kind             event.Kind
	KindName         string // also of a kind that this version does not know; then there is no Fact
	Capture          string // name of the capture; empty live
	Packet           uint64
	Offset           int64
	Flow             uint64
	Community        string
	Transport        uint8
	VLAN             uint16
	Protocol         string // application protocol
	SrcMAC, DstMAC   ident.MAC
	Src, Dst         netip.Addr
	SrcPort, DstPort uint16
	SrcHost, DstHost ident.HostKey
	Name             string // who was asked for: DNS name, SNI, HTTP host
	Verb             string // what was asked: method, packet type, function
	Path             string // of what: URL, topic, resource, register range, file
	User             string // as whom: user, client id, AE title
	Status           string // with which outcome
	BytesOut         uint64 // of a flow, from Src
	BytesIn          uint64
	Packets          uint64
	Fact             *event.Fact // whole; its strings belong to the caller
}

// Result is an answer. It is complete when Next is empty.
type Result struct {
	Records []Record
	Next    string // cursor for more
	Scanned uint64 // rows looked at
	Partial string // why something could not be read, when it could not
}

// Bucket counts facts in [Start, Start+width).
type Bucket struct {
	Start int64
	Count uint64
	Bytes uint64
}

// Histogram counts facts over the time [From, To).
type Histogram struct {
	From, To int64
	Width    int64 // of a bucket; the last one may end after To
	Buckets  []Bucket
	Partial  string // why something could not be read, when it could not
}

// Count is one value of a field with how often it is.
type Count struct {
	Value string
	Count uint64
	Bytes uint64
}

// Top has the most frequent values of a field.
type Top struct {
	Values  []Count
	Partial string // why something could not be read, when it could not
}
