// Package account holds who may do what: users, sessions, API tokens, sensors
// that have been enrolled, and the audit log. It holds types and the table of
// permissions only; the hub's store keeps them and package api asks for them.
// It imports package ident only.
package account

import "slices"

// Role is what a person is on the sites that are theirs.
type Role string

// The roles, each with all that the one before may do.
const (
	Viewer   Role = "viewer"   // sees
	Analyst  Role = "analyst"  // judges: acknowledges, mutes, labels, hunts
	Operator Role = "operator" // changes what runs: sensors, policies, captures
	Admin    Role = "admin"    // accounts, settings, backups
)

// Roles lists the roles from the least to the most.
var Roles = []Role{Viewer, Analyst, Operator, Admin}

// AtLeast reports whether a role may do what another may.
func (r Role) AtLeast(other Role) bool {
	i := slices.Index(Roles, r)
	return i >= 0 && i >= slices.Index(Roles, other)
}

// Right is something that no role includes: it is given to a user by name.
type Right string

// The rights beside the roles.
const (
	Evidence    Right = "evidence"    // see packets, with a reason that is audited
	Unmasked    Right = "unmasked"    // download packets without masking
	Subscribers Right = "subscribers" // see subscriber ids instead of pseudonyms
)

// User is a person.
type User struct {
	ID       string
	Tenant   uint16
	Name     string // to log in with, lower case, unique in the tenant
	Display  string
	Email    string
	Password string   // argon2id in PHC string format; empty when there is none
	TOTP     []byte   // secret, sealed with the hub's key; nil when not set up
	TOTPLast int64    // the time step that was used last: no code twice (RFC 6238, 5.2)
	Recovery []string // hashes of recovery codes that are left
	Subject  string   // issuer and subject at the OIDC provider, with a space between
	Role     Role
	Sites    []string // empty for all
	Rights   []Right
	Disabled bool
	Created  int64
	Login    int64             // last login
	Seen     int64             // the time up to which "changes since the last visit" were seen
	Settings map[string]string // language, time zone, theme ...
}

// Session is a user's login in one browser.
type Session struct {
	Hash    string // SHA-256 of the cookie's value
	User    string
	Tenant  uint16
	CSRF    string
	Created int64
	Seen    int64
	Expires int64
	Address string
	Agent   string
}

// Token lets a program in. Its value is shown once; the hash is kept.
type Token struct {
	ID      string
	Tenant  uint16
	Name    string
	Hash    string   // SHA-256
	User    string   // who made it
	Role    Role     // at most the maker's
	Scopes  []string // read, write, or names of resources such as "findings:read"; empty for all that the role may
	Sites   []string
	Created int64
	Expires int64 // 0 never
	Used    int64
	Revoked bool
}

// Enrolment is a one-time token with which a sensor may ask for a certificate.
type Enrolment struct {
	ID      string
	Tenant  uint16
	Hash    string // SHA-256 of the token
	Sensor  string // name that the sensor will have; empty to let it choose
	Site    string
	User    string
	Created int64
	Expires int64
	Used    int64  // when; 0 not yet
	By      string // id of the sensor that used it
}

// Sensor is a program that observes and reports.
type Sensor struct {
	ID          string
	Tenant      uint16
	Name        string
	Site        string
	Local       bool   // runs inside the hub's own process tree
	Passive     bool   // stands for uploads, or is carried by hand: its silence says nothing
	Fingerprint string // SHA-256 of its certificate's key
	NotAfter    int64  // of its certificate
	Enrolled    int64
	Revoked     bool
	Version     string
	Boot        uint64
	Seq         uint64 // of the last batch that was applied
	Seen        int64  // wall clock of the hub at the last batch or heartbeat
	Last        int64  // packet time of the newest fact
	Clock       int64  // how far its clock is ahead of the hub's, nanoseconds
	Interfaces  []string
	Backlog     int64 // batches that wait at the sensor
	Packets     uint64
	Bytes       uint64
	Facts       uint64
	Loss        map[string]uint64 // counters as in analyze's summary
	Restarts    uint64            // of its parsing process after a crash
	Wanted      Wanted            // what the hub wants it to run
	Applied     Wanted            // what it says it runs
	Problem     string            // why it does not run what is wanted
}

// Wanted is the desired state of a sensor.
type Wanted struct {
	Generation int               `json:"generation"`
	Version    string            `json:"version,omitempty"` // of the program
	Content    string            `json:"content,omitempty"` // of the content bundle
	Config     map[string]string `json:"config,omitempty"`  // interface, filter, home ...
}

// Entry is one line of the audit log. Each holds the hash of the one before,
// so that nothing can be taken out unseen.
type Entry struct {
	Seq     int64
	Tenant  uint16
	Time    int64
	Actor   string // user, token or sensor; "system" for the hub itself
	Address string
	Action  string // verb in the form object.verb, such as "finding.acknowledge"
	Object  string
	Detail  string
	Reason  string
	Prev    string // hash of the entry before, hexadecimal
	Hash    string
}

// AuditFilter selects entries, newest first.
type AuditFilter struct {
	Tenant   uint16
	Actor    string
	Action   string // exact, or a prefix that ends in "."
	Object   string
	From, To int64
	Before   int64 // entries with a smaller Seq only; 0 for all
	Limit    int
}
