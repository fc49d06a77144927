package finding

import "edgeward/internal/ident"

// Record is a finding as the hub keeps it: the sum over sensors of what they
// count, and what people have made of it.
type Record struct {
	Finding
	Site     string
	Label    string // of the device, for people
	Type     string // of the device
	Sensors  []string
	Mute     string // id of the policy that hides it; empty when it shows
	Expected string // id of the maintenance window that it fell into
	Assignee string
	Comments []Comment
	Reopened int // how often it came back after it was resolved
	Created  int64
	Updated  int64
}

// Comment is a remark or a change of state, in order of time.
type Comment struct {
	Time   int64  `json:"time"`
	User   string `json:"user"`
	Text   string `json:"text,omitempty"`
	Status Status `json:"status,omitempty"` // what it was set to
}

// Filter selects findings. Zero values select everything.
type Filter struct {
	Tenant   uint16
	Sites    []string // those the caller may see; nil for all
	IDs      []string
	Text     string   // full text: title, explanation, addresses, names, evidence
	Checks   []string // exact, or with ".*" at the end
	Kinds    []Kind
	Statuses []Status
	AtLeast  ident.Severity
	Device   string
	Types    []string
	Peer     string
	Incident string // members of this incident
	Sensor   string
	From, To int64 // overlapping this packet time; 0 open
	Muted    *bool
	// Top leaves out findings that an incident stands for.
	Top    bool
	Sort   string // last_seen, first_seen, severity, count; "-" before it reverses; default -last_seen
	Limit  int    // 0 for 100
	Offset int
}

// Group is what a list shows as one row: an incident, or the same check on
// several devices.
type Group struct {
	Key      string // incident id, or check and site
	Check    string
	Kind     Kind
	Severity ident.Severity // the highest
	Title    string
	Site     string
	Devices  int
	Findings int
	Count    uint64
	Statuses map[Status]int
	First    int64
	Last     int64
	Sample   []string // ids of findings, the gravest first, at most 5
	Labels   []string // of devices, at most 5
}
