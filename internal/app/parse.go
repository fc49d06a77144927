package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"edgeward/internal/bus"
	"edgeward/internal/confine"
)

// WorkerCommand is the hidden command by which the program starts itself as a
// parsing process.
const WorkerCommand = "worker"

// Parser runs tasks in parsing processes. What they say is not believed: each
// batch must be whole, within limits, and of the sensor and run that the task
// names.
type Parser struct {
	Log *slog.Logger
	// Publish takes a batch: b is message, decoded. It returns when the batch
	// is safe; while it waits, the parsing process waits too.
	Publish func(ctx context.Context, b *bus.Batch, message []byte) error
	// Progress is told how far the reading of a capture has come; may be nil.
	Progress func(Progress)
	// Ready is told what is in force in the process when it is at work; may be nil.
	Ready func(confine.State)
}

// Run runs one task to its end. The error is a *confine.CrashError when the
// process ended as it should not.
func (p *Parser) Run(ctx context.Context, t Task, stdin *os.File) (Result, error) {
	if t.Boot == 0 {
		t.Boot = nextBoot()
	}
	spec, err := json.Marshal(t)
	if err != nil {
		return Result{}, fmt.Errorf("describe the task: %w", err)
	}
	log := p.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	child, err := confine.Start(ctx, confine.Options{
		Args: []string{WorkerCommand}, Spec: spec, Stdin: stdin,
		Log: func(line string) { log.Warn("parsing process", "sensor", t.Sensor, "said", line) },
	})
	if err != nil {
		return Result{}, err
	}
	log.Debug("parsing process is confined", "sensor", t.Sensor, "pid", child.Pid(), "in_force", child.State().String())
	if p.Ready != nil && t.Kind == ReadTask {
		p.Ready(child.State())
	}
	r, err := p.listen(ctx, child, &t)
	if err != nil {
		child.Stop()
	}
	werr := child.Wait()
	var crash *confine.CrashError
	if ctx.Err() != nil && errors.As(werr, &crash) && !crash.Forbidden {
		return r, ctx.Err() // it was told to end and did not in time
	}
	if werr != nil {
		return r, werr
	}
	return r, err
}

// listen takes frames until there are no more.
func (p *Parser) listen(ctx context.Context, child *confine.Child, t *Task) (Result, error) {
	var r Result
	var seq uint64
	// Batches that come while the process ends are published as well.
	publish := context.WithoutCancel(ctx)
	for {
		f, err := child.Next()
		switch {
		case errors.Is(err, io.EOF):
			return r, nil
		case err != nil:
			return r, err
		}
		switch f.Kind {
		case batchFrame:
			b, err := bus.Decode(f.Content, bus.Limits{})
			if err != nil {
				return r, fmt.Errorf("a batch of the parsing process: %w", err)
			}
			if b.Tenant != t.Tenant || b.Sensor != t.Sensor || b.Boot != t.Boot || b.Seq != seq+1 {
				return r, fmt.Errorf("a batch of the parsing process is of sensor %q, run %d, number %d: want %q, %d, %d", b.Sensor, b.Boot, b.Seq, t.Sensor, t.Boot, seq+1)
			}
			seq++
			if err := p.Publish(publish, b, f.Content); err != nil {
				return r, err
			}
		case progressFrame:
			var x Progress
			if err := json.Unmarshal(f.Content, &x); err != nil {
				return r, fmt.Errorf("the progress that the parsing process tells: %w", err)
			}
			if p.Progress != nil {
				p.Progress(x)
			}
		case resultFrame:
			if err := json.Unmarshal(f.Content, &r); err != nil {
				return r, fmt.Errorf("the result that the parsing process tells: %w", err)
			}
		case readyFrame:
			if p.Ready != nil {
				p.Ready(child.State())
			}
		default:
			return r, fmt.Errorf("the parsing process sent a frame of unknown kind %q", f.Kind)
		}
	}
}

var boots struct {
	sync.Mutex
	last uint64
}

// nextBoot gives the number of a run: the wall clock, and never one twice.
func nextBoot() uint64 {
	boots.Lock()
	defer boots.Unlock()
	boots.last = max(boots.last+1, uint64(time.Now().UnixNano()))
	return boots.last
}
