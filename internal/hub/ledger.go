package hub

import (
	"context"

	"edgeward/internal/account"
	"edgeward/internal/asset"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
	"edgeward/internal/policy"
)

// Ledger is the state as the projection writes it. Package store/state
// implements it.
type Ledger interface {
	// Update runs f in one transaction: all that f wrote is there afterwards,
	// or nothing of it. There is one transaction that writes at a time.
	Update(ctx context.Context, f func(Tx) error) error
}

// Tx is an open transaction. It works under the context that it was begun
// with, is used by one goroutine and ends with the function that got it.
// Lists may be of any length; what does not exist is left out of answers.
type Tx interface {
	IdentityTx
	DeviceTx
	FindingTx
	SumTx

	// Checkpoint gives the named checkpoint, empty when there is none.
	Checkpoint(name string) (Checkpoint, error)
	// SaveCheckpoint replaces what was by cp; of the marks only those of the
	// changed sources are written. Was must be what is stored: Unavailable
	// when somebody else has moved it.
	SaveCheckpoint(name string, was, cp Checkpoint, changed []Source) error

	Sensors(tenant uint16, ids []string) ([]*account.Sensor, error)
	SaveSensors(list []*account.Sensor) error
	// SiteLearning gives how well a site is known; the zero value at first.
	SiteLearning(tenant uint16, site string) (asset.Learning, error)
	SaveSiteLearning(tenant uint16, site string, l asset.Learning) error
	// Policies gives those that hide findings: all but profiles.
	Policies(tenant uint16) ([]*policy.Policy, error)
}

// ViewKey names what one sensor believes about what it takes for one device.
type ViewKey struct {
	Tenant uint16
	Sensor string
	Local  string // the sensor's id of the device
}

// View is what one sensor believes about a device.
type View struct {
	ViewKey
	Device string        // the hub's id of the device
	Boot   uint64        // the run that Now is of
	Past   *asset.Device // put together from earlier runs; nil when there are none
	Now    *asset.Device
}

// Holder says that a host key stands or stood for a device.
type Holder struct {
	Tenant uint16
	Realm  string // empty for keys of MAC addresses; the site for keys of addresses, since sites use the same private ones
	Host   ident.HostKey
	From   int64 // packet time
	Until  int64 // 0 while it lasts
	Device string
	Pinned bool // a person said so: sensors do not change it
}

// IdentityTx is the table of host keys.
type IdentityTx interface {
	// Epoch counts changes of identities that did not come from the
	// projection, so that it knows when what it remembers is out of date.
	Epoch() (int64, error)
	BumpEpoch() error
	Holders(each func(Holder)) error
	// SaveHolders replaces all rows of the hosts that are in the list.
	SaveHolders(list []Holder) error
	// Repoint makes findings and moments of one device those of another.
	Repoint(tenant uint16, from, to string) error
	// RepointHosts does so for the findings about some hosts.
	RepointHosts(tenant uint16, from, to string, hosts []ident.HostKey) error
	// Adopt makes findings about a host that name no device those of its
	// device.
	Adopt(h Holder) error
}

// DeviceTx is the table of devices.
type DeviceTx interface {
	Views(keys []ViewKey) ([]*View, error)
	ViewsOf(tenant uint16, devices []string) ([]*View, error)
	SaveViews(list []*View) error
	Devices(tenant uint16, ids []string) ([]*asset.Record, error)
	SaveDevices(list []*asset.Record) error
	// SaveRisk writes Findings, Risk and RiskWhy only.
	SaveRisk(list []*asset.Record) error
	// Wanderers gives the devices with randomised MAC addresses that told a
	// name at a site.
	Wanderers(tenant uint16, site, name string) ([]string, error)
}

// Part is what one run of one sensor has counted for a finding.
type Part struct {
	Sensor string
	Boot   uint64
	Count  uint64
	Peers  int
}

// Judged is a finding with what it is summed from.
type Judged struct {
	finding.Record
	Parts []Part
	Other []string // ids under which other sensors or runs report it
}

// FindingTx is the table of findings.
type FindingTx interface {
	// Judged gives findings by their ids or by those in Other.
	Judged(tenant uint16, ids []string) ([]*Judged, error)
	// Claimed gives the latest finding of each claim.
	Claimed(tenant uint16, claims []uint64) ([]*Judged, error)
	SaveJudged(list []*Judged) error
	// OpenFindings counts what is open and not hidden by severity.
	OpenFindings(tenant uint16, devices []string) (map[string][5]int, error)
}

// SumTx adds to sums.
type SumTx interface {
	AddRollups(list []Rollup) error
	// RollupKeys gives the keys that an hour of a sensor has in a dimension.
	RollupKeys(tenant uint16, sensor, dimension string, hour int64, each func(key string)) error
	// RollupHours gives the keys of a dimension with their sensors and hours.
	RollupHours(tenant uint16, dimension string, each func(sensor string, hour int64, key string)) error
	// TakeRollup removes a row and gives its sums, 0 when there is none.
	TakeRollup(tenant uint16, sensor, dimension string, hour int64, key string) (Rollup, error)
	AddNodes(list []Node) error
	// NodeKeys gives what a server of a sensor has; with an empty server the
	// entries of kind "server".
	NodeKeys(tenant uint16, sensor, server string, each func(kind, name, client string)) error
	AddMoments(list []Moment) error
}
