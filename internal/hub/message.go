package hub

import "edgeward/internal/bus"

// Message is one batch as the stream holds it.
type Message struct {
	Stream string // identity of the stream
	Seq    uint64 // number in it
	Stored int64  // wall clock at which the stream took it in
	Batch  *bus.Batch
}

// Source gives the run of the sensor that made the batch.
func (m *Message) Source() Source {
	return Source{m.Batch.Tenant, m.Batch.Sensor, m.Batch.Boot}
}

// Outcome says what applying messages has changed.
type Outcome struct {
	Applied int // messages
	Skipped int // messages that were seen before
	Changes []Change
	Opened  []FindingRef // findings that are new
	Again   []FindingRef // findings that were resolved and came back
}

// FindingRef names a finding.
type FindingRef struct {
	Tenant uint16
	ID     string
	Site   string
	Hidden bool // by a mute or a maintenance window
}
