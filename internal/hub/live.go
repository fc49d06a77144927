package hub

import (
	"context"
	"sync"
	"time"

	"edgeward/internal/ident"
)

// The bounds of what is told live: how many changes are remembered for those
// who come back, and how many may wait for a reader.
const (
	liveMemory = 4096
	liveQueue  = 256
)

// Live tells changes to whoever listens. It never waits for a reader.
type Live struct {
	clock ident.Clock

	mu      sync.Mutex
	seq     uint64
	ring    []Change // the last ones, in order
	readers map[*liveReader]struct{}
	dropped uint64 // readers that were too slow
}

type liveReader struct {
	c    chan Change
	stop func() bool
}

// NewLive makes a Live; the clock may be nil.
func NewLive(clock ident.Clock) *Live {
	if clock == nil {
		clock = time.Now
	}
	return &Live{clock: clock, readers: map[*liveReader]struct{}{}}
}

// Tell numbers changes and gives them to all readers.
func (l *Live) Tell(changes ...Change) {
	if len(changes) == 0 {
		return
	}
	now := l.clock().UnixNano()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range changes {
		l.seq++
		c.Seq = l.seq
		if c.Time == 0 {
			c.Time = now
		}
		l.ring = append(l.ring, c)
		for r := range l.readers {
			select {
			case r.c <- c:
			default:
				l.dropped++
				l.drop(r)
			}
		}
	}
	if len(l.ring) > 2*liveMemory {
		l.ring = append(l.ring[:0], l.ring[len(l.ring)-liveMemory:]...)
	}
}

// drop ends a reader; l.mu is held.
func (l *Live) drop(r *liveReader) {
	if _, there := l.readers[r]; there {
		delete(l.readers, r)
		close(r.c)
		r.stop()
	}
}

// Subscribe gives the changes after a number, as far as they are remembered,
// 0 for from now on, until the context ends. A reader that is too slow finds
// the channel closed and asks again with the last number that it got.
func (l *Live) Subscribe(ctx context.Context, after uint64) <-chan Change {
	l.mu.Lock()
	defer l.mu.Unlock()
	var missed []Change
	if after > 0 && after < l.seq && len(l.ring) > 0 {
		first := l.ring[0].Seq
		missed = l.ring[min(max(after+1, first)-first, uint64(len(l.ring))):]
	}
	r := &liveReader{c: make(chan Change, len(missed)+liveQueue)}
	for _, c := range missed {
		r.c <- c
	}
	l.readers[r] = struct{}{}
	r.stop = context.AfterFunc(ctx, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.drop(r)
	})
	return r.c
}

// Readers gives how many listen, and how many were too slow so far.
func (l *Live) Readers() (now int, dropped uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.readers), l.dropped
}
