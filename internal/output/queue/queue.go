// Package queue holds what an output has still to deliver: bounded, tried
// again with growing pauses, and what is dropped is counted. It knows nothing
// of what it holds.
package queue

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Sender delivers items in order. It may be called again with the same items
// after an error. An error that wraps [ErrRefused] means that trying again is
// of no use.
type Sender[T any] interface {
	Send(ctx context.Context, items []T) error
}

// ErrRefused is what a receiver does not take, now or ever.
var ErrRefused = errors.New("refused")

// Options bound a queue. Zero values take the defaults.
type Options struct {
	Size    int           // items that wait; default 10 000. The oldest go when it is full
	Batch   int           // items sent at once; default 1
	Linger  time.Duration // how long a batch waits to fill
	Timeout time.Duration // of one attempt; default 10 s
	First   time.Duration // pause after the first failure; default 1 s
	Longest time.Duration // pause at most; default 5 min
	Tries   int           // attempts before a batch is dropped; 0 tries for ever
}

// Stats counts what became of items.
type Stats struct {
	Sent    uint64
	Dropped uint64 // for lack of room or after too many attempts
	Refused uint64
	Failed  uint64 // attempts
	Waiting int
	Problem string // of the last attempt; empty when it went well
	Since   time.Time
}

// Queue delivers items on a goroutine of its own, see [Queue.Run].
type Queue[T any] struct {
	to Sender[T]
	o  Options

	mu     sync.Mutex
	items  []T
	stats  Stats
	filled chan struct{}
}

// New makes a queue before a sender.
func New[T any](to Sender[T], o Options) *Queue[T] {
	set := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	if o.Size <= 0 {
		o.Size = 10_000
	}
	o.Batch = max(o.Batch, 1)
	set(&o.Timeout, 10*time.Second)
	set(&o.First, time.Second)
	set(&o.Longest, 5*time.Minute)
	return &Queue[T]{to: to, o: o, filled: make(chan struct{}, 1)}
}

// Put adds an item and never waits: when the queue is full its oldest goes.
func (q *Queue[T]) Put(item T) {
	q.mu.Lock()
	if len(q.items) >= q.o.Size {
		n := len(q.items) - q.o.Size + 1
		q.items = append(q.items[:0], q.items[n:]...)
		q.stats.Dropped += uint64(n)
	}
	q.items = append(q.items, item)
	q.mu.Unlock()
	select {
	case q.filled <- struct{}{}:
	default:
	}
}

// Stats gives the counters.
func (q *Queue[T]) Stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.stats
	s.Waiting = len(q.items)
	return s
}

// Run delivers until the context ends; then what waits gets one attempt.
func (q *Queue[T]) Run(ctx context.Context) {
	pause, tries := q.o.First, 0
	for {
		batch := q.take()
		if len(batch) == 0 {
			select {
			case <-q.filled:
				q.linger(ctx)
				continue
			case <-ctx.Done():
				return
			}
		}
		attempt, cancel := context.WithTimeout(context.WithoutCancel(ctx), q.o.Timeout)
		err := q.to.Send(attempt, batch)
		cancel()
		tries++
		again := q.settle(batch, err, tries)
		if !again {
			pause, tries = q.o.First, 0
			continue
		}
		if ctx.Err() != nil {
			return
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
		pause = min(2*pause, q.o.Longest)
	}
}

// linger waits for a batch to fill.
func (q *Queue[T]) linger(ctx context.Context) {
	if q.o.Linger <= 0 {
		return
	}
	t := time.NewTimer(q.o.Linger)
	defer t.Stop()
	for {
		q.mu.Lock()
		full := len(q.items) >= q.o.Batch
		q.mu.Unlock()
		if full {
			return
		}
		select {
		case <-q.filled:
		case <-t.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (q *Queue[T]) take() []T {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.items), q.o.Batch)
	batch := make([]T, n)
	copy(batch, q.items)
	q.items = q.items[:copy(q.items, q.items[n:])]
	return batch
}

// settle counts an attempt, and puts the batch back when it is to be tried again.
func (q *Queue[T]) settle(batch []T, err error, tries int) (again bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err == nil {
		q.stats.Sent += uint64(len(batch))
		q.stats.Problem = ""
		return false
	}
	q.stats.Failed++
	if q.stats.Problem == "" {
		q.stats.Since = time.Now()
	}
	q.stats.Problem = err.Error()
	if errors.Is(err, ErrRefused) {
		q.stats.Refused += uint64(len(batch))
		return false
	}
	if q.o.Tries > 0 && tries >= q.o.Tries {
		q.stats.Dropped += uint64(len(batch))
		return false
	}
	room := max(q.o.Size-len(q.items), 0)
	if lost := len(batch) - room; lost > 0 {
		q.stats.Dropped += uint64(lost)
		batch = batch[lost:]
	}
	q.items = append(batch, q.items...)
	return len(batch) > 0
}
