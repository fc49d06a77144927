package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// receiver takes what it is given unless fail says otherwise.
type receiver struct {
	mu   sync.Mutex
	got  []int
	fail func(call int) error
	n    int
}

func (r *receiver) Send(_ context.Context, items []int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n++
	if r.fail != nil {
		if err := r.fail(r.n); err != nil {
			return err
		}
	}
	r.got = append(r.got, items...)
	return nil
}

func (r *receiver) list() []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// deliver runs a queue until done says so, at most for ten seconds.
func deliver(t *testing.T, q *Queue[int], done func() bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() {
		q.Run(ctx)
		close(stopped)
	}()
	for end := time.Now().Add(10 * time.Second); !done(); {
		if time.Now().After(end) {
			t.Error("it was not delivered in time")
			break
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	<-stopped
}

func TestOrderThroughFailures(t *testing.T) {
	r := &receiver{fail: func(call int) error {
		if call%3 != 0 {
			return fmt.Errorf("away")
		}
		return nil
	}}
	q := New[int](r, Options{Batch: 4, First: time.Microsecond, Longest: time.Microsecond})
	var want []int
	for i := range 100 {
		q.Put(i)
		want = append(want, i)
	}
	deliver(t, q, func() bool { return len(r.list()) == 100 })
	if !slices.Equal(r.list(), want) {
		t.Errorf("order was lost: %v", r.list())
	}
	if s := q.Stats(); s.Sent != 100 || s.Failed == 0 || s.Dropped != 0 || s.Problem != "" {
		t.Errorf("%+v", s)
	}
}

func TestFull(t *testing.T) {
	r := &receiver{}
	q := New[int](r, Options{Size: 10})
	for i := range 25 {
		q.Put(i)
	}
	deliver(t, q, func() bool { return len(r.list()) == 10 })
	if got := r.list(); got[0] != 15 || q.Stats().Dropped != 15 {
		t.Errorf("kept %v, dropped %d", got, q.Stats().Dropped)
	}
}

func TestRefusedIsNotTriedAgain(t *testing.T) {
	r := &receiver{fail: func(call int) error {
		if call == 1 {
			return fmt.Errorf("status 400: %w", ErrRefused)
		}
		return nil
	}}
	q := New[int](r, Options{})
	q.Put(1)
	q.Put(2)
	deliver(t, q, func() bool { return len(r.list()) == 1 })
	if got := r.list(); got[0] != 2 || q.Stats().Refused != 1 {
		t.Errorf("got %v, %+v", got, q.Stats())
	}
}

func TestTries(t *testing.T) {
	r := &receiver{fail: func(int) error { return errors.New("away") }}
	q := New[int](r, Options{Tries: 3, First: time.Microsecond})
	q.Put(1)
	deliver(t, q, func() bool { return q.Stats().Dropped == 1 })
	if s := q.Stats(); s.Failed != 3 || s.Problem != "away" || s.Since.IsZero() {
		t.Errorf("%+v", s)
	}
}
