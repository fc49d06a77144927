package hub

import (
	"context"

	"edgeward/internal/bus"
)

// Log takes facts into the event log. Package store/segment implements it;
// one goroutine, that of the stream's only consumer, calls its methods.
type Log interface {
	// Append takes in the facts of a batch, which came as message seq of a
	// stream. They can be found at once, and are durable after the next Seal.
	// It keeps nothing of b. Who calls it leaves out batches that were seen.
	Append(ctx context.Context, b *bus.Batch, stream string, seq uint64) error
	// Due reports whether so much is waiting, or for so long, that it should
	// be sealed.
	Due() bool
	// Seal makes durable what was appended, and stores with it in one
	// transaction how far the reader has come. An error leaves everything as
	// it was: nothing half visible, nothing lost, to be tried again; it is
	// Unavailable when the disk is full.
	Seal(ctx context.Context, cp *Checkpoint) error
}
