package hub

// ChangeKind says what a change is about.
type ChangeKind string

// The kinds of changes that are told live.
const (
	DeviceChanged  ChangeKind = "device"
	FindingChanged ChangeKind = "finding"
	SensorChanged  ChangeKind = "sensor"
	CaptureChanged ChangeKind = "capture"
	StatsChanged   ChangeKind = "stats"
)

// Change says that something is different from what it was. It holds no
// values: who wants them reads them with the rights of the caller.
type Change struct {
	Seq    uint64 // counts up from 1 while the hub runs
	Kind   ChangeKind
	Tenant uint16
	Site   string // of the thing; empty when it belongs to none
	ID     string // of the device, finding, sensor or capture
	New    bool   // seen for the first time
	Time   int64  // wall clock
}
