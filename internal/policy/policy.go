// Package policy holds the intentions: what is allowed, what is expected and
// what to do otherwise. Mutes and maintenance windows are its first kinds. It
// holds types only; the hub keeps policies, and the parts that act take them
// in. It imports package ident only.
package policy

import (
	"encoding/json"

	"edgeward/internal/ident"
)

// Kind says what sort of intention a policy is.
type Kind string

// The kinds of policies.
const (
	Mute        Kind = "mute"        // findings that it selects are not shown among the open ones
	Maintenance Kind = "maintenance" // what happens to the selected devices in its time is expected
	ForProfile  Kind = "profile"     // the body is a Profile: what the selected devices may do
)

// Mode says how far a policy goes.
type Mode string

// The modes, from looking on to acting.
const (
	Observe Mode = "observe"
	Warn    Mode = "warn"
	Enforce Mode = "enforce"
)

// Origin says where a policy is edited. Those from files are read-only.
type Origin string

// The origins of a policy.
const (
	FromFile    Origin = "file"
	FromConsole Origin = "console"
)

// Policy is one intention in its envelope.
type Policy struct {
	ID        string          `json:"id"`
	Kind      Kind            `json:"kind"`
	Revision  int             `json:"revision"` // counts up with each change, from 1
	Tenant    uint16          `json:"-"`
	Selector  Selector        `json:"selector"`
	Mode      Mode            `json:"mode"`
	Origin    Origin          `json:"origin"`
	Signature []byte          `json:"signature,omitempty"`
	From      int64           `json:"from,omitempty"`    // nanoseconds UTC from which it holds; 0 for ever since
	Expires   int64           `json:"expires,omitempty"` // nanoseconds UTC; 0 never
	Created   int64           `json:"created"`
	Author    string          `json:"author"`
	Note      string          `json:"note"`
	Body      json.RawMessage `json:"body,omitempty"` // what only this kind has
	// Applied is the revision that each sensor has confirmed.
	Applied map[string]int `json:"applied,omitempty"`
}

// Holds reports whether the policy is in force at a time.
func (p *Policy) Holds(at int64) bool {
	return at >= p.From && (p.Expires == 0 || at < p.Expires)
}

// Selector says what a policy is about. A list that is empty matches
// everything; all lists that are not must match. Checks may end in ".*".
type Selector struct {
	Checks     []string       `json:"checks,omitempty"`
	Devices    []string       `json:"devices,omitempty"` // device ids
	Types      []string       `json:"types,omitempty"`   // device types
	Zones      []string       `json:"zones,omitempty"`
	Sites      []string       `json:"sites,omitempty"`
	Tags       []string       `json:"tags,omitempty"`
	Peers      []string       `json:"peers,omitempty"` // addresses, prefixes or names
	AtMost     ident.Severity `json:"at_most,omitempty"`
	HasMaximum bool           `json:"has_maximum,omitempty"` // AtMost counts
}

// Filter selects policies. Zero values select everything.
type Filter struct {
	Tenant uint16
	Kind   Kind
	Now    int64 // with Active: the time that must lie in the policy's time
	Active bool
}
