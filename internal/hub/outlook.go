package hub

import (
	"context"

	"edgeward/internal/finding"
	"edgeward/internal/policy"
)

// MomentKind says what a moment of a timeline is.
type MomentKind string

// The kinds of moments.
const (
	DeviceSeen      MomentKind = "first-seen"
	AddressNew      MomentKind = "address"
	ServiceNew      MomentKind = "service"
	FirmwareNew     MomentKind = "firmware"
	DeviceLearned   MomentKind = "learned" // its learning time is over
	DeviceLost      MomentKind = "lost"
	DeviceBack      MomentKind = "back"
	FindingOpened   MomentKind = "finding"
	FindingReopened MomentKind = "reopened"
	StatusSet       MomentKind = "status"
	CommentAdded    MomentKind = "comment"
	DeviceEdited    MomentKind = "edit"
	DevicesMerged   MomentKind = "merge"
	DeviceSplit     MomentKind = "split"
)

// Moment is something that happened to a device, or a finding that is about
// none.
type Moment struct {
	Tenant  uint16
	Seq     int64 // counts up; newer moments have larger ones
	Time    int64 // packet time for what was observed, wall clock for what people did
	Noted   int64 // wall clock of the hub
	Device  string
	Site    string
	Kind    MomentKind
	Subject string // the address, "tcp/23 telnet", the peer, check, attribute or other device
	Before  string // value, version or status before
	After   string // and after
	Finding string // id
	Actor   string // who, of what people did; see WithActor
}

// MomentFilter selects moments, newest first.
type MomentFilter struct {
	Tenant   uint16
	Sites    []string // nil for all
	Device   string   // empty for all
	Kinds    []MomentKind
	From, To int64 // wall clock at which they were noted; 0 open
	Before   int64 // smaller Seq only; 0 for all
	Limit    int   // 0 for 100
}

// Timeline keeps the moments of devices, a bounded number of each.
type Timeline interface {
	Moments(ctx context.Context, f MomentFilter) ([]Moment, error)
	// CountMoments counts by kind.
	CountMoments(ctx context.Context, f MomentFilter) (map[MomentKind]int, error)
}

// Mutes says what policies do to findings.
type Mutes interface {
	// PreviewMute counts the findings, open or acknowledged, that a selector
	// would hide, and gives the gravest.
	PreviewMute(ctx context.Context, tenant uint16, s policy.Selector, sample int) (int, []*finding.Record, error)
	// ApplyPolicies brings what findings say of mutes up to a time: those
	// that expired let go, those that began take hold. It gives how many
	// findings changed.
	ApplyPolicies(ctx context.Context, tenant uint16, now int64) (int, error)
}

// Keep says how long state is kept, by age in nanoseconds; 0 for ever.
type Keep struct {
	Rollups  int64 // by the hour, but for pairs
	Pairs    int64 // who talks to whom, by the hour
	Resolved int64 // findings that are resolved, since they were last seen
	Evidence int64 // the bytes of packets in findings, since they were last seen
	Audit    int64
	Nodes    int64 // entries of the M2M explorer, since they were last seen
	Moments  int64
}

// Pruner forgets.
type Pruner interface {
	// Prune forgets what is older at a time, in transactions of bounded size,
	// and gives how many rows went.
	Prune(ctx context.Context, tenant uint16, k Keep, now int64) (int, error)
}

type actorKey struct{}

// WithActor says on whose behalf a store is asked to change something, for
// timelines.
func WithActor(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, actorKey{}, name)
}

// Actor gives on whose behalf a store is asked; empty for the hub itself.
func Actor(ctx context.Context) string {
	name, _ := ctx.Value(actorKey{}).(string)
	return name
}
