//go:build !sensor

package api

// Overview is what the first screen shows.
type Overview struct {
	Posture   Posture        `json:"posture"`
	Next      []Step         `json:"next" doc:"what to do next, the most useful first"`
	Findings  Counts         `json:"findings" doc:"open and not muted"`
	Groups    []FindingGroup `json:"groups" doc:"the gravest open groups, at most 8"`
	Devices   DeviceCounts   `json:"devices"`
	New       []Device       `json:"new_devices" doc:"first seen in the last 24 hours and not yet trusted, at most 10"`
	Risky     []Device       `json:"risky_devices" doc:"with the highest risk, at most 5"`
	Traffic   Series         `json:"traffic" doc:"the last 24 hours by the hour"`
	Protocols []Share        `json:"protocols"`
	Talkers   []Share        `json:"talkers" doc:"devices with the most bytes"`
	Loss      Loss           `json:"loss"`
	Sensors   []Sensor       `json:"sensors"`
	Problems  []Problem      `json:"problems" doc:"what is wrong with the hub itself"`
	Seen      Time           `json:"seen" doc:"time of the newest fact"`
	Empty     bool           `json:"empty" doc:"nothing has been seen yet"`
}

// Posture is one number with its reasons.
type Posture struct {
	Score   int             `json:"score" minimum:"0" maximum:"100" doc:"100 is best"`
	Reasons []PostureReason `json:"reasons"`
}

// PostureReason is what takes points off.
type PostureReason struct {
	ID     string `json:"id" enum:"critical-findings,high-findings,medium-findings,unknown-devices,untrusted-devices,sensors-silent,loss,not-learned,no-sensors"`
	Points int    `json:"points"`
	Count  int    `json:"count"`
	Text   string `json:"text"`
	Link   Link   `json:"link"`
}

// Step is something to do.
type Step struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Why   string `json:"why"`
	Count int    `json:"count"`
	Link  Link   `json:"link"`
}

// Link leads to a screen of the console and its filter.
type Link struct {
	Screen string            `json:"screen" enum:"overview,changes,coverage,devices,device,findings,finding,hunt,m2m,zones,sensors,reports,settings,audit,about"`
	ID     string            `json:"id,omitempty"`
	Filter map[string]string `json:"filter,omitempty"`
}

// DeviceCounts counts devices.
type DeviceCounts struct {
	Total     int `json:"total"`
	New       int `json:"new" doc:"first seen in the last 24 hours"`
	Unknown   int `json:"unknown" doc:"of unknown type"`
	Untrusted int `json:"untrusted"`
	Risky     int `json:"risky" doc:"risk 70 or more"`
	Learning  int `json:"learning" doc:"not known yet"`
}

// Loss is what could not be seen.
type Loss struct {
	Packets  uint64            `json:"packets" doc:"seen"`
	Dropped  uint64            `json:"dropped" doc:"by the kernel"`
	Share    float64           `json:"share" doc:"dropped of all, 0 to 1"`
	Counters map[string]uint64 `json:"counters" doc:"by name as in analyze's loss"`
}

// Problem is something that is wrong with the hub.
type Problem struct {
	Part  string `json:"part"`
	Text  string `json:"text"`
	Hint  string `json:"hint,omitempty"`
	Since Time   `json:"since"`
}

// Changes is what happened since a time.
type Changes struct {
	Since       Time          `json:"since"`
	Until       Time          `json:"until"`
	NewDevices  Page[Device]  `json:"new_devices"`
	Gone        Page[Device]  `json:"gone_devices" doc:"trusted or known devices that fell silent in this time"`
	NewFindings Page[Finding] `json:"new_findings"`
	Resolved    Page[Finding] `json:"resolved_findings"`
	Reopened    Page[Finding] `json:"reopened_findings"`
	Actions     []Entry       `json:"actions" doc:"what people did, newest first; for those who may read the audit log"`
	Sensors     []Sensor      `json:"sensors" doc:"enrolled, silent or with a problem"`
}

type changesQuery struct {
	Since When `query:"since" doc:"without it the time of the last visit"`
}

// Gap is something that cannot be seen, and why.
type Gap struct {
	ID       string `json:"id"`
	Area     string `json:"area" enum:"sensor,loss,direction,encryption,network,device,protocol"`
	Severity string `json:"severity" enum:"info,low,medium,high,critical"`
	Title    string `json:"title"`
	Why      string `json:"why"`
	Remedy   string `json:"remedy"`
	Subject  string `json:"subject" doc:"sensor, network or device that it is about"`
	Count    uint64 `json:"count"`
	Link     Link   `json:"link"`
}

// Coverage is what can be seen and what cannot.
type Coverage struct {
	Networks []Network `json:"networks" doc:"home networks with what was seen in them"`
	Sensors  int       `json:"sensors"`
	Silent   int       `json:"silent" doc:"sensors that do not report"`
	Gaps     []Gap     `json:"gaps" doc:"the gravest first"`
}

// Network is a home network with what was seen in it.
type Network struct {
	Prefix     string `json:"prefix"`
	Site       string `json:"site"`
	Devices    int    `json:"devices"`
	Configured bool   `json:"configured" doc:"named in the settings"`
}

type viewQuery struct {
	Sites []string `query:"site,explode" maxItems:"50"`
}

type trafficQuery struct {
	Span
	Sites   []string `query:"site,explode" maxItems:"50"`
	Sensors []string `query:"sensor,explode" maxItems:"100"`
}
