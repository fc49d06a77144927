// Package notice is what outputs tell people and other systems: a finding
// that is new, changed or done with, or something about the hub itself. It
// gives the words and the JSON; the packages beside it deliver them.
package notice

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"edgeward/internal/finding"
	"edgeward/internal/ident"
)

// Event says why a notice is sent.
type Event string

// The events.
const (
	Opened   Event = "opened"   // a finding is new, or came back
	Changed  Event = "changed"  // it got graver
	Resolved Event = "resolved" // somebody resolved it
	System   Event = "system"   // about the hub or a sensor
	Test     Event = "test"     // somebody tries the receiver
)

// Notice is one message. Finding is nil for those that are not about one.
type Notice struct {
	ID       string // the same notice sent twice has the same
	Event    Event
	Time     int64 // nanoseconds UTC
	Severity ident.Severity
	Title    string // one line
	Text     string // more, possibly several lines
	Link     string // to the console; empty when its address is not known
	Finding  *finding.Record
}

// Of makes the notice of a finding. Base is the console's address or empty.
func Of(e Event, f *finding.Record, now int64, base string) *Notice {
	who := f.Label
	if who == "" {
		who = f.Address
	}
	title := f.Title
	if who != "" {
		title += ": " + who
	}
	n := &Notice{ID: fmt.Sprintf("%s-%s-%d", f.ID, e, f.Reopened), Event: e, Time: now, Severity: f.Severity, Title: Line(title, 200), Text: f.Explanation, Finding: f}
	if base != "" {
		n.Link = strings.TrimRight(base, "/") + "/findings/" + f.ID
	}
	return n
}

// Line makes one line of a text that others wrote: control and formatting
// characters go, so that nothing of it is taken for structure, and it ends
// after max bytes.
func Line(s string, max int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	if len(s) > max {
		s = ident.Clip(s, max-len("…")) + "…"
	}
	return s
}

type shape struct {
	ID       string   `json:"id"`
	Event    Event    `json:"event"`
	Time     string   `json:"time"`
	Severity string   `json:"severity"`
	Title    string   `json:"title"`
	Text     string   `json:"text"`
	Link     string   `json:"link,omitempty"`
	Finding  *claimed `json:"finding,omitempty"`
}

// claimed is the finding in the field names of analyze's JSON document,
// without the bytes of packets, which do not leave the hub this way.
type claimed struct {
	ID          string   `json:"id"`
	Check       string   `json:"check"`
	Kind        string   `json:"kind"`
	Severity    string   `json:"severity"`
	Confidence  float64  `json:"confidence"`
	Status      string   `json:"status"`
	Explanation string   `json:"explanation"`
	Remedy      string   `json:"remedy"`
	Device      string   `json:"device,omitempty"`
	Label       string   `json:"label,omitempty"`
	Type        string   `json:"type,omitempty"`
	Site        string   `json:"site,omitempty"`
	Address     string   `json:"address"`
	Scope       uint16   `json:"scope"`
	Peers       []string `json:"peers"`
	PeerCount   int      `json:"peer_count"`
	Count       uint64   `json:"count"`
	FirstSeen   string   `json:"first_seen"`
	LastSeen    string   `json:"last_seen"`
	Attack      []string `json:"attack"`
	Evidence    []string `json:"evidence"`
	Incident    string   `json:"incident,omitempty"`
}

// MarshalJSON gives the notice as receivers of JSON get it.
func (n *Notice) MarshalJSON() ([]byte, error) {
	s := shape{ID: n.ID, Event: n.Event, Time: ident.Time(n.Time), Severity: n.Severity.String(), Title: n.Title, Text: n.Text, Link: n.Link}
	if f := n.Finding; f != nil {
		s.Finding = &claimed{
			ID: f.ID, Check: f.Check, Kind: string(f.Kind), Severity: f.Severity.String(), Confidence: f.Confidence, Status: string(f.Status),
			Explanation: f.Explanation, Remedy: f.Remedy, Device: f.Device, Label: f.Label, Type: f.Type, Site: f.Site, Address: f.Address, Scope: f.Place.Scope,
			Peers: append([]string{}, f.Peers...), PeerCount: f.PeerCount, Count: f.Count, FirstSeen: ident.Time(f.FirstSeen), LastSeen: ident.Time(f.LastSeen),
			Attack: append([]string{}, f.Attack...), Evidence: []string{}, Incident: f.Incident,
		}
		for _, e := range f.Evidence {
			s.Finding.Evidence = append(s.Finding.Evidence, e.Summary)
		}
	}
	return json.Marshal(s)
}
