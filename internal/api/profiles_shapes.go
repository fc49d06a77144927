//go:build !sensor

package api

import (
	"encoding/json"

	"edgeward/internal/judge/profile"
	"edgeward/internal/judge/profile/document"
	"edgeward/internal/policy"
)

// Profile is a profile as a list shows it.
type Profile struct {
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	Mode     string          `json:"mode" enum:"observe,warn,enforce"`
	Revision int             `json:"revision"`
	Origin   string          `json:"origin" enum:"file,console" doc:"those from files are changed there"`
	Devices  []ProfileDevice `json:"devices"`
	Members  string          `json:"members" doc:"the devices in words"`
	Vendor   string          `json:"vendor"`
	Model    string          `json:"model"`
	Type     string          `json:"type"`
	Lines    int             `json:"lines"`
	Proposed int             `json:"proposed" doc:"lines that wait for a person's consent"`
	Signed   bool            `json:"signed" doc:"it came with a signature"`
	Active   bool            `json:"active"`
	From     Time            `json:"from"`
	Expires  Time            `json:"expires" doc:"null for never"`
	Created  Time            `json:"created"`
	Author   string          `json:"author"`
	Note     string          `json:"note"`
}

// ProfileDevice is a member of a profile.
type ProfileDevice struct {
	ID        string   `json:"id,omitempty"`
	Label     string   `json:"label"`
	MACs      []string `json:"macs"`
	Names     []string `json:"names"`
	Addresses []string `json:"addresses"`
}

// ProfileDetail is all of a profile.
type ProfileDetail struct {
	Profile
	Rules   []ProfileLine   `json:"rules"`
	Unseen  []string        `json:"unseen" doc:"what such a device does and this one was never seen to do"`
	Learned *ProfileLearned `json:"learned" doc:"from what it was made; null when a person or a maker wrote it"`
}

// ProfileLearned says from what a profile was made.
type ProfileLearned struct {
	First      Time             `json:"first"`
	Last       Time             `json:"last"`
	DeviceDays float64          `json:"device_days"`
	Exchanges  uint64           `json:"exchanges"`
	LeftOut    []ProfileLeftOut `json:"left_out"`
}

// ProfileLine is one line of a profile.
type ProfileLine struct {
	ID        string          `json:"id"`
	Text      string          `json:"text" doc:"what it allows, in words"`
	Direction string          `json:"direction" enum:"out,in" doc:"out: the device asks"`
	Peer      string          `json:"peer" doc:"in words"`
	PeerKind  string          `json:"peer_kind"`
	Transport string          `json:"transport" doc:"empty for any"`
	Ports     []string        `json:"ports" doc:"such as 80 or 1000-2000; none for any"`
	Protocol  string          `json:"protocol"`
	Verbs     []ProfileVerb   `json:"verbs" doc:"none for any"`
	Limits    ProfileLimits   `json:"limits"`
	Hours     []string        `json:"hours" doc:"of the day, UTC; none for always"`
	Proposed  bool            `json:"proposed" doc:"it allows nothing until a person consents"`
	Note      string          `json:"note"`
	Evidence  ProfileEvidence `json:"evidence"`
}

// ProfileVerb is what may be said.
type ProfileVerb struct {
	Op       string          `json:"op"`
	Targets  []string        `json:"targets" doc:"none for any"`
	As       []string        `json:"as" doc:"none for any"`
	MaxSize  uint32          `json:"max_size" doc:"bytes; 0 for any"`
	Evidence ProfileEvidence `json:"evidence"`
}

// ProfileEvidence is why a line or a verb is there.
type ProfileEvidence struct {
	Count    uint64          `json:"count"`
	First    Time            `json:"first"`
	Last     Time            `json:"last"`
	Days     int             `json:"days"`
	BytesOut uint64          `json:"bytes_out"`
	BytesIn  uint64          `json:"bytes_in"`
	Samples  []ProfileSample `json:"samples"`
}

// ProfileSample points to a fact and its packet.
type ProfileSample struct {
	Time    Time   `json:"time"`
	Fact    string `json:"fact,omitempty" doc:"id, for /events/{id}"`
	Capture string `json:"capture,omitempty"`
	Packet  uint64 `json:"packet,omitempty"`
}

// ProfileBlock is an exchange, or many alike, that no line allows.
type ProfileBlock struct {
	Direction string          `json:"direction" enum:"out,in"`
	Peer      string          `json:"peer"`
	PeerName  string          `json:"peer_name,omitempty"`
	Transport string          `json:"transport"`
	Port      uint16          `json:"port"`
	Protocol  string          `json:"protocol,omitempty"`
	Op        string          `json:"op,omitempty"`
	Target    string          `json:"target,omitempty"`
	Text      string          `json:"text" doc:"what it was, in words"`
	Reason    string          `json:"reason"`
	Why       string          `json:"why" doc:"in words"`
	Line      string          `json:"line,omitempty" doc:"id of the line that comes nearest"`
	Count     uint64          `json:"count"`
	First     Time            `json:"first"`
	Last      Time            `json:"last"`
	Samples   []ProfileSample `json:"samples"`
}

// Protect is what a device does, what a profile of its first days would
// allow, and what that would have blocked on the days after.
type Protect struct {
	Device    DeviceDetail    `json:"device"`
	From      Time            `json:"from"`
	To        Time            `json:"to"`
	Days      int             `json:"days"`
	Learn     int             `json:"learn" doc:"days that the profile is made of"`
	Unit      string          `json:"unit" enum:"day,hour" doc:"what days, learn and the curve count"`
	Facts     uint64          `json:"facts"`
	Full      bool            `json:"full" doc:"there were more facts than are read at once: the oldest were"`
	Profile   *ProfileDetail  `json:"profile" doc:"null when nothing was learned"`
	Document  json.RawMessage `json:"document" doc:"the same as a policy file, to be given to accept"`
	Proof     ProofSummary    `json:"proof"`
	Blocked   []ProfileBlock  `json:"blocked"`
	First     Time            `json:"first" doc:"of what was seen; null for nothing"`
	Last      Time            `json:"last"`
	Lanes     []ProtectLane   `json:"lanes" doc:"what it does: one for each peer and verb, the busiest first"`
	Curve     []ProtectStep   `json:"curve" doc:"the outcome for each number of days to learn from"`
	Attacks   []ProtectAttack `json:"attacks" doc:"what the profile does to attacks, as they are described in public"`
	Current   *ProfileDetail  `json:"current" doc:"the profile in force; null for none"`
	Enforcing bool            `json:"enforcing" doc:"an enforcing part is connected"`
}

// ProtectAttack is one kind of attack, replayed.
type ProtectAttack struct {
	ID        string `json:"id"`
	Title     string `json:"title"`
	Source    string `json:"source" doc:"where its traits are from"`
	Exchanges int    `json:"exchanges"`
	Blocked   int    `json:"blocked"`
	Through   string `json:"through,omitempty" doc:"what was not blocked first"`
}

// ProtectStep is the outcome for one number of days.
type ProtectStep struct {
	Learn      int    `json:"learn"`
	Lines      int    `json:"lines"`
	Exchanges  uint64 `json:"exchanges" doc:"of the days after"`
	WouldBlock uint64 `json:"would_block"`
}

type protectQuery struct {
	ByID
	Days  int    `query:"days" minimum:"2" maximum:"60" default:"14" doc:"days before now that are looked at"`
	Learn int    `query:"learn" minimum:"1" maximum:"59" default:"10" doc:"of them, the first ones that the profile is made of"`
	Unit  string `query:"unit" enum:"day,hour" default:"day" doc:"hour: days and learn are hours, for a device that was seen for a short time"`
}

type protectAccept struct {
	ByID
	Body struct {
		Document json.RawMessage `json:"document" doc:"a policy file with one profile, as protect gave it"`
		Mode     string          `json:"mode" enum:"observe,warn,enforce"`
		Consent  []string        `json:"consent,omitempty" maxItems:"4096" doc:"ids of proposed lines that are to allow what they say"`
		Revision int             `json:"revision,omitempty" minimum:"0" doc:"of the profile that this replaces; 0 for none"`
	}
}

type driftInput struct {
	ByID
	Body struct {
		Finding string `json:"finding" minLength:"1" maxLength:"128" doc:"id of the finding behaviour.off-profile"`
		Action  string `json:"action" enum:"accept,ignore,case" doc:"accept adds the missing lines to the profile; ignore mutes it; case acknowledges and takes it on"`
		Until   Time   `json:"until,omitempty" doc:"ignore: until then"`
		Note    string `json:"note,omitempty" maxLength:"1000"`
	}
}

// Drift is what became of a finding.
type Drift struct {
	Profile *Profile      `json:"profile" doc:"accept: the profile as it is now"`
	Added   []ProfileLine `json:"added"`
	Mute    string        `json:"mute,omitempty" doc:"ignore: id of the mute"`
}

type profileQuery struct {
	Device string `query:"device" maxLength:"128" doc:"only those for this device"`
}

type documentQuery struct {
	Format string `query:"format" enum:"yaml,json" default:"yaml"`
}

type documentOf struct {
	ByID
	documentQuery
}

// DocumentInput is a policy file inside a request.
type DocumentInput struct {
	Document json.RawMessage `json:"document" doc:"a policy file in JSON, or one in YAML as a text"`
}

type profilePut struct {
	ByID
	IfMatch string `header:"If-Match" maxLength:"32" doc:"revision that is replaced; 0 or absent for a new profile"`
	Body    DocumentInput
}

// ProfileChange changes a profile without writing it anew.
type ProfileChange struct {
	Revision int      `json:"revision" minimum:"1" doc:"the one that this replaces"`
	Mode     string   `json:"mode,omitempty" enum:"observe,warn,enforce"`
	Note     *string  `json:"note,omitempty" maxLength:"1000"`
	Expires  *Time    `json:"expires,omitempty"`
	Consent  []string `json:"consent,omitempty" maxItems:"4096" doc:"ids of proposed lines that are to allow what they say"`
	Remove   []string `json:"remove,omitempty" maxItems:"4096" doc:"ids of lines that go"`
}

type profileChange struct {
	ByID
	Body ProfileChange
}

type applyInput struct {
	Body struct {
		DocumentInput
		Base string `json:"base,omitempty" maxLength:"64" doc:"as diff gave it: nothing is applied when the hub's profiles have changed since"`
	}
}

type documentInput struct{ Body DocumentInput }

// ProfileDiff is what a policy file would change.
type ProfileDiff struct {
	Base    string              `json:"base" doc:"names the hub's profiles as they are"`
	Changes []ProfileDifference `json:"changes"`
}

// ProfileDifference is one difference between two lists of profiles.
type ProfileDifference struct {
	Policy string `json:"policy"`
	Name   string `json:"name,omitempty"`
	What   string `json:"what" enum:"added,removed,changed"`
	Line   string `json:"line,omitempty" doc:"id of the line; empty when it is about the policy"`
	Text   string `json:"text"`
}

// ProfileProblem is one thing that is wrong with a policy file.
type ProfileProblem document.Problem

// ProofSummary is the number that a proof is about.
type ProofSummary profile.Summary

// ProfileLimits are ceilings of a line; 0 is none.
type ProfileLimits policy.Limits

// ProfileLeftOut is traffic that a profile was not made of.
type ProfileLeftOut policy.LeftOut

// ProfileProblems is what is wrong with a policy file.
type ProfileProblems struct {
	Problems []ProfileProblem `json:"problems"`
	Usable   bool             `json:"usable" doc:"there are warnings at the most"`
}

// ProfileRevision is a profile as it was.
type ProfileRevision struct {
	Profile
	Changed Time                `json:"changed"`
	Changes []ProfileDifference `json:"changes" doc:"against the revision before"`
}

type rollbackInput struct {
	ByID
	Body struct {
		Revision int `json:"revision" minimum:"1" doc:"whose content is to be the content again"`
	}
}

type proposeInput struct {
	Body struct {
		Days    int      `json:"days,omitempty" minimum:"1" maximum:"366" default:"14"`
		Devices []string `json:"devices,omitempty" maxItems:"1000" doc:"ids, addresses, MAC addresses or names; none for all"`
		Per     string   `json:"per,omitempty" enum:"device,class" default:"device"`
		Domains bool     `json:"domains,omitempty" doc:"consent to whole domains"`
	}
}

type proveInput struct {
	Body struct {
		DocumentInput
		Days   int     `json:"days,omitempty" minimum:"1" maximum:"366" default:"14"`
		Needed float64 `json:"needed_device_days,omitempty" minimum:"0.001" maximum:"1000000" default:"30"`
	}
}

type translateQuery struct {
	To  string   `query:"to" maxLength:"32" required:"true" doc:"mud, nftables, dnsmasq, mosquitto, emqx, suricata, edl, edl-names, edl-blocked or guard"`
	IDs []string `query:"id" maxItems:"1000" doc:"only these profiles; none for all"`
	URL string   `query:"mud_url" maxLength:"255" doc:"mud: URL under which the file will be published"`
}

// Translation is what a format cannot say of profiles.
type Translation struct {
	To     string         `json:"to"`
	Bytes  int            `json:"bytes"`
	Limits []ProfileLimit `json:"limits"`
}

// ProfileLimit is something that a profile says and another format cannot.
type ProfileLimit policy.Limit

type mudInput struct {
	Body struct {
		File    json.RawMessage `json:"file" doc:"the usage description"`
		Devices []string        `json:"devices,omitempty" maxItems:"1000" doc:"ids of the devices that it is for"`
	}
}

// MUDImport is a usage description as a policy file.
type MUDImport struct {
	Document json.RawMessage `json:"document" doc:"to be given to apply"`
	Profile  *ProfileDetail  `json:"profile"`
	Limits   []ProfileLimit  `json:"limits" doc:"what a profile cannot say"`
	Notes    []string        `json:"notes" doc:"what was odd in the file"`
}
