package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"edgeward/internal/confine"
)

// Watch keeps a sensor at work: it runs the parsing process, and starts it
// again when it crashed, after a pause that grows with each crash and shrinks
// to nothing after an hour without one.
type Watch struct {
	Parser *Parser
	Task   Task
	Log    *slog.Logger
	// Crashed is told of each crash; may be nil.
	Crashed func(*confine.CrashError)

	mu     sync.Mutex
	status WatchStatus
}

// WatchStatus says how a sensor fares.
type WatchStatus struct {
	Running  bool
	State    confine.State // of the process that runs
	Since    time.Time     // when it was started
	Restarts uint64        // after crashes
	Problem  string        // why it does not run, or crashed last
}

// The pauses between crashes.
const (
	firstPause = 500 * time.Millisecond
	maxPause   = time.Minute
	calm       = time.Hour
)

// Status says how the sensor fares.
func (w *Watch) Status() WatchStatus {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status
}

func (w *Watch) set(change func(*WatchStatus)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.status)
}

// Run works until the context ends. What the process itself reports, such as
// an interface that is not there, ends it when it happens before the first
// packet; later the interface may come back, and it is tried again.
func (w *Watch) Run(ctx context.Context) error {
	pause, worked := firstPause, false
	parser := *w.Parser
	parser.Ready = func(s confine.State) {
		worked = true
		w.set(func(x *WatchStatus) { x.Running, x.State, x.Since = true, s, time.Now() })
		if w.Parser.Ready != nil {
			w.Parser.Ready(s)
		}
	}
	for {
		started := time.Now()
		_, err := parser.Run(ctx, w.Task, nil)
		if ctx.Err() != nil {
			return err
		}
		var crash *confine.CrashError
		var fault *confine.FaultError
		switch {
		case err == nil:
			err = errors.New("the parsing process ended without being told to")
		case errors.As(err, &crash):
			w.Log.Error("the parsing process crashed and is started again", "sensor", w.Task.Sensor, "reason", crash.Reason, "forbidden", crash.Forbidden)
			if w.Crashed != nil {
				w.Crashed(crash)
			}
		case errors.As(err, &fault) && !worked:
			return err
		default:
			w.Log.Error("the sensor stopped and is started again", "sensor", w.Task.Sensor, "reason", err)
		}
		if time.Since(started) > calm {
			pause = firstPause
		}
		w.set(func(x *WatchStatus) {
			x.Running, x.Problem = false, err.Error()
			x.Restarts++
		})
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		pause = min(2*pause, maxPause)
	}
}
