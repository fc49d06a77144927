// Package hub is what happens to what sensors report: batches come from the
// bus in order, each is applied once, devices get one identity over all
// sensors, findings are summed, roll-ups are kept, and facts go to the event
// log. It declares the stores that it and package api need; packages
// store/state and store/segment implement them, and package app brings them
// together. It serves nothing and parses no packets.
package hub

import (
	"context"

	"edgeward/internal/account"
	"edgeward/internal/asset"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
	"edgeward/internal/policy"
	"edgeward/internal/query"
)

// Errors of all stores have a code of package ident: NotFound, Invalid (a
// revision that is not the current one, a name that exists), Unavailable
// (the disk is full, the server is away).

// Devices keeps things.
type Devices interface {
	Directory
	Device(ctx context.Context, tenant uint16, id string) (*asset.Record, error)
	// Devices gives a page and how many there are in all.
	Devices(ctx context.Context, f asset.Filter) ([]*asset.Record, int, error)
	// EditDevice changes what a person may set, in one transaction.
	EditDevice(ctx context.Context, tenant uint16, id string, edit func(*asset.Attributes) error) (*asset.Record, error)
	// MergeDevices makes others part of one; SplitDevice makes hosts of one a
	// device of their own. Both last: sensors do not undo them.
	MergeDevices(ctx context.Context, tenant uint16, into string, others []string) (*asset.Record, error)
	SplitDevice(ctx context.Context, tenant uint16, id string, hosts []ident.HostKey) (*asset.Record, error)
	// Tenures gives the host keys that stand or stood for a device.
	Tenures(ctx context.Context, tenant uint16, id string) ([]asset.Tenure, error)
	// HostDevice gives the device that a host was at a time; empty for none.
	HostDevice(ctx context.Context, tenant uint16, h ident.HostKey, at int64) (string, error)
}

// Findings keeps judgements.
type Findings interface {
	Finding(ctx context.Context, tenant uint16, id string) (*finding.Record, error)
	Findings(ctx context.Context, f finding.Filter) ([]*finding.Record, int, error)
	// FindingGroups gives a page of groups and how many there are in all.
	FindingGroups(ctx context.Context, f finding.Filter) ([]finding.Group, int, error)
	// CountFindings counts by severity, check, kind, status, device or site.
	CountFindings(ctx context.Context, f finding.Filter, by string) (map[string]int, error)
	// EditFinding changes status, assignee and comments, in one transaction.
	EditFinding(ctx context.Context, tenant uint16, id string, edit func(*finding.Record) error) (*finding.Record, error)
}

// Policies keeps intentions.
type Policies interface {
	Policies(ctx context.Context, f policy.Filter) ([]*policy.Policy, error)
	Policy(ctx context.Context, tenant uint16, id string) (*policy.Policy, error)
	// PutPolicy stores a new revision: p.Revision is the one it replaces, 0
	// for a new policy. It sets ID and Revision. What findings say of their
	// mute and maintenance window follows at once, as after DeletePolicy.
	PutPolicy(ctx context.Context, p *policy.Policy) error
	DeletePolicy(ctx context.Context, tenant uint16, id string) error
	// PutPolicies is PutPolicy for many: all are stored, or none.
	PutPolicies(ctx context.Context, list []*policy.Policy) error
	// PolicyRevisions gives what a policy is and was, the newest first; the
	// oldest of very many are forgotten, and all with the policy.
	PolicyRevisions(ctx context.Context, tenant uint16, id string) ([]PolicyRevision, error)
}

// PolicyRevision is a policy as it was from a time on.
type PolicyRevision struct {
	*policy.Policy
	Changed int64 // wall clock
}

// Users keeps people, their sessions and the tokens of programs.
type Users interface {
	Users(ctx context.Context, tenant uint16) ([]*account.User, error)
	User(ctx context.Context, tenant uint16, id string) (*account.User, error)
	UserByName(ctx context.Context, tenant uint16, name string) (*account.User, error)
	PutUser(ctx context.Context, u *account.User) error // sets ID when empty
	EditUser(ctx context.Context, tenant uint16, id string, edit func(*account.User) error) (*account.User, error)
	DeleteUser(ctx context.Context, tenant uint16, id string) error
}

// Sessions keeps logins.
type Sessions interface {
	Session(ctx context.Context, hash string) (*account.Session, error)
	PutSession(ctx context.Context, s *account.Session) error
	// TouchSession notes that a session was used; one that is gone stays gone.
	TouchSession(ctx context.Context, hash string, at int64) error
	DeleteSession(ctx context.Context, hash string) error
	DeleteUserSessions(ctx context.Context, tenant uint16, user, except string) error
	UserSessions(ctx context.Context, tenant uint16, user string) ([]*account.Session, error)
}

// Tokens keeps the tokens of programs.
type Tokens interface {
	Tokens(ctx context.Context, tenant uint16) ([]*account.Token, error)
	TokenByHash(ctx context.Context, hash string) (*account.Token, error)
	PutToken(ctx context.Context, t *account.Token) error // sets ID when empty
	EditToken(ctx context.Context, tenant uint16, id string, edit func(*account.Token) error) (*account.Token, error)
	// TouchToken notes that a token was used; one that is gone or revoked
	// stays as it is.
	TouchToken(ctx context.Context, hash string, at int64) error
}

// Sensors keeps those who report.
type Sensors interface {
	Sensors(ctx context.Context, tenant uint16) ([]*account.Sensor, error)
	Sensor(ctx context.Context, tenant uint16, id string) (*account.Sensor, error)
	PutSensor(ctx context.Context, s *account.Sensor) error
	// AddSensor stores a sensor unless there is one with its id.
	AddSensor(ctx context.Context, s *account.Sensor) error
	EditSensor(ctx context.Context, tenant uint16, id string, edit func(*account.Sensor) error) (*account.Sensor, error)
	Enrolments(ctx context.Context, tenant uint16) ([]*account.Enrolment, error)
	PutEnrolment(ctx context.Context, e *account.Enrolment) error
	EditEnrolment(ctx context.Context, tenant uint16, id string, edit func(*account.Enrolment) error) (*account.Enrolment, error)
	// UseEnrolment marks the token as used by a sensor, in one transaction;
	// NotFound when there is none with that hash that is unused and valid.
	UseEnrolment(ctx context.Context, hash, sensor string, now int64) (*account.Enrolment, error)
}

// Audit keeps the log of what people and programs did.
type Audit interface {
	// Record appends an entry: it sets Seq, Prev and Hash.
	Record(ctx context.Context, e *account.Entry) error
	Entries(ctx context.Context, f account.AuditFilter) ([]*account.Entry, error)
	// Verify walks the chain and gives the first entry that does not fit, 0 for none.
	Verify(ctx context.Context, tenant uint16) (int64, error)
}

// Documents keeps small named documents: settings, saved queries, reports,
// notification targets, sites, zones. Kind and key name one in a tenant.
type Documents interface {
	Document(ctx context.Context, tenant uint16, kind, key string) ([]byte, error)
	Documents(ctx context.Context, tenant uint16, kind string) (map[string][]byte, error)
	PutDocument(ctx context.Context, tenant uint16, kind, key string, value []byte) error
	// EditDocument changes a document in one transaction. The function gets
	// nil when there is none; the document stays as it is when the function
	// gives nil.
	EditDocument(ctx context.Context, tenant uint16, kind, key string, edit func([]byte) ([]byte, error)) error
	DeleteDocument(ctx context.Context, tenant uint16, kind, key string) error
}

// Rollup is what happened in an hour, summed by one key of a dimension.
type Rollup struct {
	Tenant    uint16
	Hour      int64 // start, nanoseconds UTC
	Sensor    string
	Dimension string // total, device, protocol, kind, pair
	Key       string // device id, name, or the parts of a pair with "|" between: source device, destination device or address, protocol, port
	Facts     uint64
	Flows     uint64
	Packets   uint64
	BytesOut  uint64
	BytesIn   uint64
}

// RollupFilter selects sums.
type RollupFilter struct {
	Tenant    uint16
	Sensors   []string // nil for all
	Dimension string
	Keys      []string // nil for all
	Prefix    string   // of the key
	From, To  int64
	ByHour    bool // one row per hour and key; otherwise one per key
	Top       int  // the keys with the most bytes; 0 for all
}

// Rollups keeps sums by the hour.
type Rollups interface {
	Rollups(ctx context.Context, f RollupFilter) ([]Rollup, error)
}

// Node is one entry of the M2M explorer's tree.
type Node struct {
	Tenant   uint16
	Server   string // device id or address of the broker or CoAP server
	Protocol string // mqtt, mqttsn, coap, amqp
	Kind     string // server, client, topic, subscription, resource, observer; one "server" for each Server
	Sensor   string // id of the one that saw it
	Name     string // client id, topic, filter, path
	Client   string // who, for subscriptions and observers
	Messages uint64
	Bytes    uint64
	Retained bool
	First    int64
	Last     int64
}

// NodeFilter selects nodes.
type NodeFilter struct {
	Tenant   uint16
	Sensors  []string // those the caller may see; nil for all
	Server   string
	Protocol string
	Kind     string
	Prefix   string // of the name
	Text     string
	Limit    int
	Offset   int
}

// Nodes keeps what brokers and CoAP servers hold.
type Nodes interface {
	Nodes(ctx context.Context, f NodeFilter) ([]Node, int, error)
}

// Events answers questions about facts.
type Events interface {
	Search(ctx context.Context, r query.Request) (query.Result, error)
	// Histogram counts in buckets of equal width over the request's time; where
	// that is open, from the first fact or to the last.
	Histogram(ctx context.Context, r query.Request, buckets int) (query.Histogram, error)
	// Top gives the n most frequent values of a field. A fact counts for each
	// value that it has, for a field such as host both sides.
	Top(ctx context.Context, r query.Request, field string, n int) (query.Top, error)
	// Event gives one record with its fact.
	Event(ctx context.Context, tenant uint16, id string) (*query.Record, error)
}
