package bus

import (
	"context"
	"time"
)

// Message is a batch as a stream holds it.
type Message struct {
	Seq     uint64 // number in the stream, from 1, ascending
	Payload []byte // an encoded batch; the receiver's own
	Stored  time.Time
}

// StreamInfo is the state of a stream.
type StreamInfo struct {
	// Identity changes when the stream is made anew: numbers of another
	// identity mean nothing.
	Identity string
	First    uint64 // of the messages that it holds; Last+1 when it is empty
	Last     uint64
	Messages uint64
	Bytes    uint64
	MaxBytes uint64
	Replicas int
}

// Reader gives the messages of a stream in order.
type Reader interface {
	// Next waits for the next message. It fails with the context's error, or
	// as Unavailable when the stream is away: the reader is of no use then.
	Next(ctx context.Context) (Message, error)
	Close()
}
