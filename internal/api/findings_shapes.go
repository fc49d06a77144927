//go:build !sensor

package api

import "edgeward/internal/wire/dissect"

// Finding is a finding as a list shows it.
type Finding struct {
	ID            string   `json:"id"`
	Check         string   `json:"check"`
	Kind          string   `json:"kind" enum:"exposure,detection,vulnerability,compliance"`
	Severity      string   `json:"severity" enum:"info,low,medium,high,critical"`
	Confidence    float64  `json:"confidence"`
	Status        string   `json:"status" enum:"open,acknowledged,resolved,not-tested"`
	Title         string   `json:"title"`
	Explanation   string   `json:"explanation"`
	Device        *string  `json:"device"`
	DeviceLabel   string   `json:"device_label"`
	DeviceType    string   `json:"device_type"`
	Site          string   `json:"site"`
	Address       string   `json:"address"`
	Scope         uint16   `json:"scope"`
	Peers         []string `json:"peers"`
	PeerCount     int      `json:"peer_count"`
	Count         uint64   `json:"count"`
	FirstSeen     Time     `json:"first_seen"`
	LastSeen      Time     `json:"last_seen"`
	Attack        []string `json:"attack"`
	Incident      *string  `json:"incident"`
	Members       []string `json:"members" doc:"findings that this incident is made of"`
	Remedy        string   `json:"remedy"`
	Sensors       []string `json:"sensors"`
	Mute          string   `json:"mute,omitempty" doc:"id of the mute that hides it"`
	Maintenance   string   `json:"maintenance,omitempty" doc:"id of the maintenance window that it fell into"`
	Assignee      string   `json:"assignee"`
	CommentCount  int      `json:"comment_count"`
	EvidenceCount int      `json:"evidence_count"`
	Reopened      int      `json:"reopened"`
	Created       Time     `json:"created"`
	Updated       Time     `json:"updated"`
}

// FindingDetail is all of a finding but the bytes of its packets.
type FindingDetail struct {
	Finding
	Evidence []Evidence `json:"evidence"`
	Comments []Comment  `json:"comments"`
	Related  []Finding  `json:"related" doc:"members of this incident, or others of the same device; at most 20"`
}

// Evidence is one thing that a finding rests on.
type Evidence struct {
	Index   int    `json:"index"`
	Type    string `json:"type" enum:"packet,fact,line,file,probe"`
	Time    Time   `json:"time"`
	Capture uint32 `json:"capture"`
	Packet  uint64 `json:"packet,omitempty"`
	Summary string `json:"summary"`
	Length  int    `json:"length" doc:"bytes of the packet that are kept; reading them takes the right \"evidence\" and a reason"`
}

// Comment is a remark or a change of state.
type Comment struct {
	Time   Time   `json:"time"`
	User   string `json:"user"`
	Text   string `json:"text"`
	Status string `json:"status,omitempty" doc:"what it was set to"`
}

// FindingFilter selects findings.
type FindingFilter struct {
	Text     string   `query:"q" maxLength:"200" doc:"in title, explanation, addresses, names, evidence"`
	Checks   []string `query:"check,explode" maxItems:"100" doc:"exact, or with .* at the end"`
	Kinds    []string `query:"kind,explode" maxItems:"4" enum:"exposure,detection,vulnerability,compliance"`
	Statuses []string `query:"status,explode" maxItems:"4" enum:"open,acknowledged,resolved,not-tested"`
	AtLeast  string   `query:"severity" enum:"info,low,medium,high,critical" doc:"at least"`
	Device   string   `query:"device" maxLength:"128"`
	Types    []string `query:"type,explode" maxItems:"50" doc:"of the device"`
	Sites    []string `query:"site,explode" maxItems:"50"`
	Peer     string   `query:"peer" maxLength:"255"`
	Incident string   `query:"incident" maxLength:"128" doc:"members of this incident"`
	Sensor   string   `query:"sensor" maxLength:"128"`
	IDs      []string `query:"id,explode" maxItems:"500"`
	From     When     `query:"from"`
	To       When     `query:"to"`
	Muted    string   `query:"muted" enum:"true,false"`
	Top      bool     `query:"top" doc:"leave out findings that an incident stands for"`
	Sort     string   `query:"sort" enum:"last_seen,first_seen,severity,count,-last_seen,-first_seen,-severity,-count" default:"-last_seen"`
}

type findingQuery struct {
	Paging
	FindingFilter
}

// FindingGroup is an incident, or the same check on several devices.
type FindingGroup struct {
	Key       string         `json:"key" doc:"id of the incident, or check and site"`
	Check     string         `json:"check"`
	Kind      string         `json:"kind"`
	Severity  string         `json:"severity" doc:"the highest"`
	Title     string         `json:"title"`
	Site      string         `json:"site"`
	Incident  *string        `json:"incident" doc:"id, when the group is one"`
	Devices   int            `json:"devices"`
	Findings  int            `json:"findings"`
	Count     uint64         `json:"count"`
	Statuses  map[string]int `json:"statuses"`
	FirstSeen Time           `json:"first_seen"`
	LastSeen  Time           `json:"last_seen"`
	Sample    []string       `json:"sample" doc:"ids, the gravest first, at most 5"`
	Labels    []string       `json:"labels" doc:"of devices, at most 5"`
}

type countQuery struct {
	FindingFilter
	By string `query:"by" enum:"severity,check,kind,status,device,site" default:"severity"`
}

// FindingPatch judges a finding.
type FindingPatch struct {
	Status   *string `json:"status,omitempty" enum:"open,acknowledged,resolved"`
	Comment  string  `json:"comment,omitempty" maxLength:"4000"`
	Assignee *string `json:"assignee,omitempty" maxLength:"100" doc:"name of a user; empty for nobody"`
}

type findingPatch struct {
	ByID
	Body FindingPatch
}

type findingsPatch struct {
	Body struct {
		IDs []string     `json:"ids" minItems:"1" maxItems:"500"`
		Set FindingPatch `json:"set"`
	}
}

// Reason says why somebody looks at packets.
type Reason struct {
	Reason string `json:"reason" minLength:"8" maxLength:"500" doc:"why the packets are needed; it goes into the audit log"`
}

type evidenceInput struct {
	ByID
	Body Reason
}

// PacketEvidence is a packet that a finding rests on.
type PacketEvidence struct {
	Evidence
	Bytes   string          `json:"bytes" doc:"hexadecimal; behind headers it is zeros when masked"`
	Headers int             `json:"headers" doc:"leading bytes up to the end of the transport header"`
	Masked  bool            `json:"masked"`
	Layers  []dissect.Layer `json:"layers" doc:"the decoded view; empty when the packet could not be decoded"`
}

// Selector says what a mute or a window is about. All lists that are not
// empty must match.
type Selector struct {
	Checks  []string `json:"checks,omitempty" maxItems:"100" doc:"exact, or with .* at the end"`
	Devices []string `json:"devices,omitempty" maxItems:"500" doc:"ids"`
	Types   []string `json:"types,omitempty" maxItems:"50"`
	Zones   []string `json:"zones,omitempty" maxItems:"50"`
	Sites   []string `json:"sites,omitempty" maxItems:"50"`
	Tags    []string `json:"tags,omitempty" maxItems:"50"`
	Peers   []string `json:"peers,omitempty" maxItems:"100" doc:"addresses, prefixes, names, or domains that begin with a dot"`
	AtMost  string   `json:"at_most,omitempty" enum:",info,low,medium,high,critical" doc:"severity; graver findings show"`
}

// Policy is a mute or a maintenance window.
type Policy struct {
	ID       string   `json:"id"`
	Revision int      `json:"revision"`
	Selector Selector `json:"selector"`
	From     Time     `json:"from"`
	Expires  Time     `json:"expires" doc:"null for never"`
	Active   bool     `json:"active"`
	Origin   string   `json:"origin" enum:"file,console"`
	Created  Time     `json:"created"`
	Author   string   `json:"author"`
	Note     string   `json:"note"`
	Hides    int      `json:"hides" doc:"findings that it selects now"`
}

// PolicyInput makes or changes one.
type PolicyInput struct {
	Revision int      `json:"revision,omitempty" minimum:"0" doc:"the one that this replaces; absent for a new one"`
	Selector Selector `json:"selector"`
	From     Time     `json:"from,omitempty"`
	Expires  Time     `json:"expires,omitempty"`
	Note     string   `json:"note,omitempty" maxLength:"1000"`
}

type policyInput struct{ Body PolicyInput }

type policyChange struct {
	ByID
	Body PolicyInput
}

type policyQuery struct {
	Active bool `query:"active" doc:"those in force now only"`
}

// Preview is what a selector would hide.
type Preview struct {
	Total  int       `json:"total" doc:"open and acknowledged findings"`
	Sample []Finding `json:"sample" doc:"the gravest, at most 20"`
}

type previewInput struct{ Body Selector }

type findingExport struct {
	FindingFilter
	Format string `query:"format" enum:"csv,json" default:"csv"`
}

// Check is an entry of the catalogue of checks.
type Check struct {
	ID          string   `json:"id"`
	Kind        string   `json:"kind"`
	Severity    string   `json:"severity"`
	Confidence  float64  `json:"confidence"`
	Title       string   `json:"title"`
	Explanation string   `json:"explanation"`
	Remedy      string   `json:"remedy"`
	Attack      []string `json:"attack"`
	Group       string   `json:"group" doc:"what makes two findings of one host the same"`
}
