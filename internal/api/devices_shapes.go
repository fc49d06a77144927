//go:build !sensor

package api

import "edgeward/internal/asset"

// Device is a device as a list shows it.
type Device struct {
	ID           string             `json:"id"`
	Label        string             `json:"label" doc:"the best name for people"`
	MAC          string             `json:"mac"`
	MACs         []string           `json:"macs"`
	IPs          []string           `json:"ips"`
	Names        []string           `json:"names"`
	Vendor       string             `json:"vendor" doc:"what a person set, else what is believed, else unknown; so are model, type and zone"`
	Model        string             `json:"model"`
	Type         string             `json:"type"`
	OS           string             `json:"os"`
	Firmware     string             `json:"firmware"`
	Serial       string             `json:"serial,omitempty"`
	Confidence   map[string]float64 `json:"confidence" doc:"of vendor, model, type, os and firmware, 0 to 1; 1 when a person set it"`
	Zone         string             `json:"zone"`
	Site         string             `json:"site"`
	Scope        uint16             `json:"scope"`
	Roles        []string           `json:"roles"`
	Criticality  string             `json:"criticality"`
	Owner        string             `json:"owner"`
	Location     string             `json:"location"`
	Tags         []string           `json:"tags"`
	Safety       string             `json:"safety"`
	Trusted      bool               `json:"trusted"`
	Sensors      []string           `json:"sensors" doc:"ids of those that see it"`
	Learning     Learning           `json:"learning"`
	Findings     Counts             `json:"findings" doc:"open and not muted"`
	Risk         int                `json:"risk" minimum:"0" maximum:"100"`
	ServiceCount int                `json:"service_count"`
	PeerCount    int                `json:"peer_count"`
	FirstSeen    Time               `json:"first_seen"`
	LastSeen     Time               `json:"last_seen"`
	Packets      uint64             `json:"packets"`
	Bytes        uint64             `json:"bytes"`
	Randomised   bool               `json:"randomised_mac"`
}

// Learning is how well a device is known.
type Learning struct {
	State string `json:"state" enum:"learning,known"`
	Since Time   `json:"since"`
	Days  int    `json:"days" doc:"with traffic"`
}

// DeviceDetail is all that is known of a device.
type DeviceDetail struct {
	Device
	Set      asset.Attributes `json:"set" doc:"what a person has set, which wins"`
	Believed Believed         `json:"believed" doc:"what would hold without it"`
	RiskWhy  []string         `json:"risk_why"`
	Evidence []Belief         `json:"evidence" doc:"what was weighed, strongest first"`
	Services []Service        `json:"services" doc:"what it offers"`
	Uses     []Service        `json:"uses" doc:"what it uses elsewhere"`
	Peers    []Peer           `json:"peers" doc:"the busiest"`
	MUD      string           `json:"mud_url,omitempty"`
	Tenures  []Tenure         `json:"tenures" doc:"host keys that stood for it, and when"`
	Created  Time             `json:"created"`
	Updated  Time             `json:"updated"`
	MergedTo string           `json:"merged_to,omitempty" doc:"the device that it became part of"`
}

// Believed is what sensors believe.
type Believed struct {
	Vendor   Belief `json:"vendor"`
	Model    Belief `json:"model"`
	Type     Belief `json:"type"`
	OS       Belief `json:"os"`
	Firmware Belief `json:"firmware"`
	Serial   Belief `json:"serial"`
	Zone     string `json:"zone"`
}

// Belief is one thing held to be true of a device.
type Belief struct {
	Belief     string  `json:"belief"`
	Confidence float64 `json:"confidence"`
	Source     string  `json:"source"`
	Seen       string  `json:"seen" doc:"what was seen, in words"`
	Packet     uint64  `json:"packet,omitempty"`
	Time       Time    `json:"time"`
}

// Service is a port on which a device answers, or which it uses elsewhere.
type Service struct {
	Transport string `json:"transport"`
	Port      uint16 `json:"port"`
	Protocol  string `json:"protocol"`
	Banner    string `json:"banner,omitempty"`
	Flows     uint64 `json:"flows"`
	Clients   int    `json:"clients"`
	FirstSeen Time   `json:"first_seen"`
	LastSeen  Time   `json:"last_seen"`
}

// Peer is somebody a device talks to.
type Peer struct {
	IP        string   `json:"ip"`
	Name      string   `json:"name"`
	Home      bool     `json:"home"`
	Device    string   `json:"device,omitempty" doc:"id, when it is one that the caller may see"`
	Protocols []string `json:"protocols"`
	Flows     uint64   `json:"flows"`
	BytesOut  uint64   `json:"bytes_out"`
	BytesIn   uint64   `json:"bytes_in"`
	FirstSeen Time     `json:"first_seen"`
	LastSeen  Time     `json:"last_seen"`
}

// Tenure says that a host key stood for a device during a time.
type Tenure struct {
	Host  string `json:"host" doc:"host key, hexadecimal"`
	Name  string `json:"name" doc:"the MAC or IP address that the key was made of; empty when the device has it no more"`
	From  Time   `json:"from"`
	Until Time   `json:"until" doc:"null while it lasts"`
}

type deviceQuery struct {
	Paging
	DeviceFilter
}

// DeviceFilter selects devices.
type DeviceFilter struct {
	Text    string   `query:"q" maxLength:"200" doc:"in label, names, addresses, MACs, vendor, model, owner, tags"`
	Types   []string `query:"type,explode" maxItems:"50"`
	Vendors []string `query:"vendor,explode" maxItems:"50"`
	Zones   []string `query:"zone,explode" maxItems:"50"`
	Sites   []string `query:"site,explode" maxItems:"50"`
	Tags    []string `query:"tag,explode" maxItems:"50"`
	Sensor  string   `query:"sensor" maxLength:"128"`
	IDs     []string `query:"id,explode" maxItems:"500"`
	Since   When     `query:"since" doc:"first seen at this time or later"`
	Trusted string   `query:"trusted" enum:"true,false"`
	AtLeast int      `query:"risk" minimum:"0" maximum:"100" doc:"risk at least"`
	Sort    string   `query:"sort" enum:"risk,label,type,vendor,zone,first_seen,last_seen,bytes,-risk,-label,-type,-vendor,-zone,-first_seen,-last_seen,-bytes" default:"-risk"`
}

// DevicePatch changes what a person sets. What is absent stays; an empty value
// takes back what was set, so that the belief counts again.
type DevicePatch struct {
	Label       *string   `json:"label,omitempty" maxLength:"200"`
	Type        *string   `json:"type,omitempty" maxLength:"64"`
	Vendor      *string   `json:"vendor,omitempty" maxLength:"200"`
	Model       *string   `json:"model,omitempty" maxLength:"200"`
	Zone        *string   `json:"zone,omitempty" maxLength:"100"`
	Criticality *string   `json:"criticality,omitempty" enum:",low,normal,high,critical"`
	Owner       *string   `json:"owner,omitempty" maxLength:"200"`
	Location    *string   `json:"location,omitempty" maxLength:"200"`
	Note        *string   `json:"note,omitempty" maxLength:"4000"`
	Tags        *[]string `json:"tags,omitempty" maxItems:"50"`
	Safety      *string   `json:"safety,omitempty" enum:",life-supporting,safety-instrumented,emergency-call"`
	Trusted     *bool     `json:"trusted,omitempty"`
}

type devicePatch struct {
	ByID
	Body DevicePatch
}

type devicesPatch struct {
	Body struct {
		IDs []string    `json:"ids" minItems:"1" maxItems:"500"`
		Set DevicePatch `json:"set"`
	}
}

// Bulk says what became of a change of many.
type Bulk struct {
	Changed int               `json:"changed"`
	Failed  map[string]string `json:"failed" doc:"reason by id"`
}

type deviceMerge struct {
	ByID
	Body struct {
		Others []string `json:"others" minItems:"1" maxItems:"50" doc:"ids of the devices that become part of this one"`
	}
}

type deviceSplit struct {
	ByID
	Body struct {
		Hosts []string `json:"hosts" minItems:"1" maxItems:"50" doc:"host keys, as in tenures, that become a device of their own"`
	}
}

type deviceSpan struct {
	ByID
	Span
}

// Span is a time in a query.
type Span struct {
	From When `query:"from"`
	To   When `query:"to"`
}

// Moment is something that happened to a device.
type Moment struct {
	Seq     int64  `json:"seq"`
	Time    Time   `json:"time" doc:"packet time for what was observed, wall clock for what people did"`
	Noted   Time   `json:"noted" doc:"wall clock of the hub"`
	Kind    string `json:"kind" enum:"first-seen,address,service,firmware,learned,lost,back,finding,reopened,status,comment,edit,merge,split"`
	Device  string `json:"device"`
	Site    string `json:"site"`
	Subject string `json:"subject" doc:"the address, service, peer, check, attribute or other device"`
	Before  string `json:"before" doc:"value, version or status before"`
	After   string `json:"after"`
	Finding string `json:"finding,omitempty"`
	Actor   string `json:"actor,omitempty" doc:"who, of what people did"`
}

type momentQuery struct {
	ByID
	Span
	Kinds  []string `query:"kind,explode" maxItems:"20"`
	Before int64    `query:"before" minimum:"0" doc:"smaller seq only: the next page"`
	Limit  int      `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

// Point is what happened in one step of a series.
type Point struct {
	Time     Time   `json:"time"`
	BytesOut uint64 `json:"bytes_out"`
	BytesIn  uint64 `json:"bytes_in"`
	Packets  uint64 `json:"packets"`
	Flows    uint64 `json:"flows"`
	Facts    uint64 `json:"facts"`
}

// Series is traffic over time. Steps without traffic are there, with zeros.
type Series struct {
	Step   int     `json:"step" doc:"seconds"`
	Points []Point `json:"points"`
}

// DeviceTraffic is a device's profile.
type DeviceTraffic struct {
	Series    Series   `json:"series"`
	Protocols []Share  `json:"protocols"`
	Peers     []Share  `json:"peers" doc:"with the most bytes"`
	Hours     []uint64 `json:"hours" doc:"bytes by hour of the week, from Monday 0:00 UTC: 168 values"`
}

// Share is one key's part of the traffic.
type Share struct {
	Key      string `json:"key"`
	Label    string `json:"label"`
	Device   string `json:"device,omitempty"`
	Flows    uint64 `json:"flows"`
	BytesOut uint64 `json:"bytes_out"`
	BytesIn  uint64 `json:"bytes_in"`
}

// Graph is who talks to whom.
type Graph struct {
	Nodes []GraphNode `json:"nodes"`
	Edges []GraphEdge `json:"edges"`
	More  int         `json:"more" doc:"edges that were left out, those with the fewest bytes"`
}

// GraphNode is a device or an address.
type GraphNode struct {
	ID     string `json:"id" doc:"device id, or address of a peer"`
	Label  string `json:"label"`
	Device bool   `json:"device"`
	Home   bool   `json:"home"`
	Type   string `json:"type"`
	Zone   string `json:"zone"`
	Risk   int    `json:"risk"`
}

// GraphEdge is what two nodes exchanged.
type GraphEdge struct {
	From      string   `json:"from"`
	To        string   `json:"to"`
	Protocols []string `json:"protocols"`
	Flows     uint64   `json:"flows"`
	BytesOut  uint64   `json:"bytes_out" doc:"from from to to"`
	BytesIn   uint64   `json:"bytes_in"`
}

type graphQuery struct {
	Span
	Device string   `query:"device" maxLength:"128" doc:"the middle of the neighbourhood; without it the busiest pairs"`
	Depth  int      `query:"depth" minimum:"1" maximum:"2" default:"1"`
	Sites  []string `query:"site,explode" maxItems:"50"`
	Zones  []string `query:"zone,explode" maxItems:"50"`
	Limit  int      `query:"limit" minimum:"1" maximum:"2000" default:"300" doc:"edges"`
}

type importQuery struct {
	Format  string `query:"format" required:"true" enum:"cmdb,dhcp,arp,mac" doc:"CMDB as CSV; DHCP leases (ISC, dnsmasq, Kea); ARP or neighbour table; MAC address table of a switch"`
	DryRun  bool   `query:"dry_run" doc:"say what would change and change nothing"`
	Site    string `query:"site" maxLength:"100"`
	RawBody []byte `contentType:"text/plain" required:"true"`
}

// Import is what an import changes.
type Import struct {
	DryRun  bool        `json:"dry_run"`
	Read    int         `json:"read" doc:"rows that were understood"`
	Skipped int         `json:"skipped" doc:"rows that were not"`
	Changed int         `json:"changed" doc:"devices"`
	Rows    []ImportRow `json:"rows" doc:"the first 1000"`
	Errors  []string    `json:"errors" doc:"the first 50"`
}

// ImportRow is what an import does with one row.
type ImportRow struct {
	Line    int               `json:"line"`
	Key     string            `json:"key" doc:"MAC or IP address in the row"`
	Device  string            `json:"device" doc:"id; empty when no device has that address"`
	Label   string            `json:"label"`
	Changes map[string]string `json:"changes" doc:"new value by attribute"`
}

type tablesInput struct {
	Body struct {
		Address    string `json:"address" maxLength:"255" doc:"host or host:port of the switch or router"`
		Version    string `json:"version" enum:"2c,3" default:"2c"`
		Community  string `json:"community,omitempty" maxLength:"128" writeOnly:"true"`
		User       string `json:"user,omitempty" maxLength:"64"`
		Auth       string `json:"auth,omitempty" enum:",md5,sha,sha256,sha512"`
		AuthKey    string `json:"auth_key,omitempty" maxLength:"128" writeOnly:"true"`
		Privacy    string `json:"privacy,omitempty" enum:",des,aes,aes256"`
		PrivacyKey string `json:"privacy_key,omitempty" maxLength:"128" writeOnly:"true"`
		DryRun     bool   `json:"dry_run,omitempty"`
		Site       string `json:"site,omitempty" maxLength:"100"`
	}
}

type deviceExport struct {
	DeviceFilter
	Format string `query:"format" enum:"csv,json" default:"csv"`
}

// DeviceFacets counts devices by value.
type DeviceFacets struct {
	Types   map[string]int `json:"types"`
	Vendors map[string]int `json:"vendors"`
	Zones   map[string]int `json:"zones"`
	Sites   map[string]int `json:"sites"`
	Tags    map[string]int `json:"tags"`
	Total   int            `json:"total"`
}

// DeviceType is a word of the closed list of types.
type DeviceType struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}
