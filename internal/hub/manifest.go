package hub

import "context"

// Segment is the manifest's row of one sealed file of the event log. What has
// no row is not there, whatever lies in the folder.
type Segment struct {
	ID     string // name of the file below the log's folder, without extension; unique
	Tenant uint16
	Family string // group of kinds
	Level  int    // 0 as sealed, 1 compacted to an hour, 2 to a day
	MinTime,
	MaxTime int64 // packet time of its facts, both inclusive
	Rows   uint64
	Bytes  int64  // of the file
	Stream string // identity of the stream that its facts came from
	First,
	Last uint64 // sequences of the stream's messages that it holds facts of
	Sum     uint64   // checksum of the file: CRC-32C
	Kinds   []string // names of the kinds of its facts
	Sensors []string // ids of the sensors of its facts
	Index   []byte   // what of addresses, hosts and names may be in it; only package store/segment reads it
	Broken  string   // why it cannot be read; empty for a good one
	Sealed  int64    // wall clock
}

// Manifest keeps the rows of segments. Package store/state implements it.
type Manifest interface {
	// Segments gives all rows, in any order.
	Segments(ctx context.Context) ([]Segment, error)
	// SwapSegments adds rows and removes those with the ids in remove, and
	// with them stores the checkpoint named Segments when cp is not nil, all
	// in one transaction. A row that is there already is replaced, one to be
	// removed that is gone is no error.
	SwapSegments(ctx context.Context, add []Segment, remove []string, cp *Checkpoint) error
}
