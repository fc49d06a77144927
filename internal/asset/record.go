package asset

import "edgeward/internal/ident"

// Record is a device as the hub keeps it: what its sensors believe, put
// together, and what a person has set, which wins. Device.ID is the hub's.
type Record struct {
	Device
	Set      Attributes
	Site     string   // of the sensor that sees it best
	Sensors  []string // ids of those that see it
	Learning Learning
	Findings [5]int // open and not muted, by severity
	Risk     int    // 0..100
	RiskWhy  []string
	Created  int64 // wall clock
	Updated  int64
	MergedTo string // id of the device that it became part of; else empty
}

// Attributes are what a person sets. An empty one leaves the belief as it is.
type Attributes struct {
	Label       string   `json:"label,omitempty"`
	Type        string   `json:"type,omitempty"`
	Vendor      string   `json:"vendor,omitempty"`
	Model       string   `json:"model,omitempty"`
	Zone        string   `json:"zone,omitempty"`
	Criticality string   `json:"criticality,omitempty"` // low, normal, high, critical
	Owner       string   `json:"owner,omitempty"`
	Location    string   `json:"location,omitempty"`
	Note        string   `json:"note,omitempty"`
	Tags        []string `json:"tags,omitempty"`
	// Safety marks what no automatic action may touch: life-supporting,
	// safety-instrumented or emergency-call.
	Safety string `json:"safety,omitempty"`
	// Trusted says that a person has looked at the device and knows it.
	Trusted bool `json:"trusted,omitempty"`
}

// Learning is how well a device is known.
type Learning struct {
	State string // learning, known
	Since int64  // packet time
	Days  int    // with traffic
	Day   int64  // number of the last of them, counted from 1970
}

// Kind gives the device's type: what a person set, else what is believed.
func (r *Record) Kind() string {
	switch {
	case r.Set.Type != "":
		return r.Set.Type
	case r.Type.Known():
		return r.Type.Value
	}
	return "unknown"
}

// Label gives the best name for people.
func (r *Record) Label() string {
	switch {
	case r.Set.Label != "":
		return r.Set.Label
	case len(r.Names) > 0:
		return r.Names[0]
	case len(r.Addresses) > 0:
		return r.Addresses[0].String()
	case len(r.MACs) > 0:
		return r.MACs[0].String()
	}
	return r.ID
}

// Tenure says that a host key stood for a device during a time.
type Tenure struct {
	Host  ident.HostKey
	From  int64
	Until int64 // 0 while it lasts
}

// Filter selects devices. Zero values select everything.
type Filter struct {
	Tenant  uint16
	Sites   []string // those the caller may see; nil for all
	IDs     []string
	Text    string // in label, names, addresses, MACs, vendor, model, owner, tags
	Types   []string
	Vendors []string
	Zones   []string
	Tags    []string
	Sensor  string
	Host    ident.HostKey // the device that this host is now
	// Since selects devices first seen at or after a time.
	Since   int64
	Trusted *bool
	AtLeast int    // risk
	Sort    string // risk, label, type, vendor, zone, first_seen, last_seen, bytes; "-" before it reverses
	Limit   int    // 0 for 100
	Offset  int
}
