package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/bus"
	"edgeward/internal/bus/forward"
	"edgeward/internal/bus/spool"
	"edgeward/internal/confine"
	"edgeward/internal/ident"
)

// RemoteOptions say how a sensor reports to a hub elsewhere, or into a folder
// that a person carries to it.
type RemoteOptions struct {
	Version string
	Task    Task // what to watch; sensor and run are filled in
	Name    string
	Spool   int64 // bytes that may wait
	Log     *slog.Logger
	// Ready is told once when packets are being read; it may be nil.
	Ready func(sensor string)

	Out string // folder for sealed files; then the rest is unused

	Hub   string // URL
	Token string // one-time token; needed once
	Trust string // file with the public key whose programs and content are taken
	Data  string // folder with identity and spool

	// Bounds that tests shorten; 0 for the defaults.
	HeartbeatEvery time.Duration // 20 s
	ReadyWithin    time.Duration // 20 s
	TrialWithin    time.Duration // 90 s
}

func (o *RemoteOptions) defaults() {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.ReadyWithin <= 0 {
		o.ReadyWithin = 20 * time.Second
	}
	if o.TrialWithin <= 0 {
		o.TrialWithin = 90 * time.Second
	}
	if o.Name == "" {
		o.Name, _ = os.Hostname()
	}
	o.Task.Kind, o.Task.Version = WatchTask, o.Version
}

// DefaultSensorData is where a remote sensor keeps identity and spool.
func DefaultSensorData() string {
	if dir := os.Getenv("STATE_DIRECTORY"); dir != "" { // systemd's
		first, _, _ := strings.Cut(dir, ":")
		return first
	}
	return "/var/lib/edgeward-sensor"
}

// RunRemote watches and reports until the context ends.
func RunRemote(ctx context.Context, o RemoteOptions) error {
	o.defaults()
	if o.Out != "" {
		return senseInto(ctx, o)
	}
	id, err := enrolOnce(ctx, &o)
	if err != nil {
		return err
	}
	r := &remote{o: o, id: id}
	if err := r.load(); err != nil {
		return err
	}
	if err := r.handOver(); err != nil {
		o.Log.Error("the program that was installed by the hub cannot be started; this one goes on", "cause", err)
	}
	for {
		again, err := r.work(ctx)
		if !again || ctx.Err() != nil {
			return err
		}
	}
}

// enrolOnce gives the identity, and gets one with the token when there is none.
func enrolOnce(ctx context.Context, o *RemoteOptions) (*forward.Identity, error) {
	dir := filepath.Join(o.Data, "identity")
	id, err := forward.LoadIdentity(dir)
	if o.Token != "" && ident.CodeOf(err) == ident.NotFound || err == nil && o.Token != "" && time.Now().After(id.NotAfter()) {
		if o.Hub == "" {
			return nil, ident.Errorf(ident.Usage, "", "--enrol needs --hub")
		}
		if id, err = forward.Enrol(ctx, dir, o.Hub, o.Token, o.Name, o.Version); err == nil {
			o.Log.Info("enrolled", "hub", o.Hub, "sensor", id.Sensor, "name", id.Name)
		}
	}
	if err != nil {
		return nil, err
	}
	if o.Hub != "" {
		if _, err := forward.HubAddress(o.Hub); err != nil {
			return nil, err
		}
		id.Hub = o.Hub
	}
	if o.Trust != "" {
		if err := trust(filepath.Join(o.Data, "trust"), o.Trust); err != nil {
			return nil, err
		}
	}
	return id, nil
}

// senseInto watches and writes sealed files for a data diode.
func senseInto(ctx context.Context, o RemoteOptions) error {
	sp, err := spool.Open(spool.Options{Dir: o.Out, Limit: o.Spool, SealAfter: time.Minute})
	if err != nil {
		return err
	}
	o.Task.Sensor = o.Name
	w := watching(o, sp, func(confine.State) {
		if o.Ready != nil {
			o.Ready(o.Name)
		}
	})
	w.Task = o.Task
	err = w.Run(ctx)
	if ctx.Err() != nil {
		err = nil
	}
	return errors.Join(err, sp.Close())
}

// watching makes what runs the parsing process; its batches go to the spool.
// While the disk is full the process waits, and the kernel counts what it
// could not take.
func watching(o RemoteOptions, sp *spool.Spool, ready func(confine.State)) *Watch {
	publish := func(ctx context.Context, _ *bus.Batch, message []byte) error {
		for told := false; ; told = true {
			err := sp.Append(message)
			if err == nil || ident.CodeOf(err) != ident.Unavailable || ctx.Err() != nil {
				return err
			}
			if !told {
				o.Log.Error("the spool cannot be written; the sensor waits", "cause", err)
			}
			select {
			case <-ctx.Done():
				return err
			case <-time.After(time.Second):
			}
		}
	}
	return &Watch{Parser: &Parser{Log: o.Log, Publish: publish, Ready: ready}, Log: o.Log}
}

// remote is a sensor that has a hub.
type remote struct {
	o  RemoteOptions
	id *forward.Identity

	mu      sync.Mutex
	have    applied // as on disk
	watch   *Watch
	task    Task
	answers chan forward.Answer // the newest one only

	restart func(path string) error // replaces this process; nil for execve(2)
}

// work runs capture and forwarding. It gives true when it should run again,
// after a new program turned out not to work.
func (r *remote) work(ctx context.Context) (again bool, err error) {
	sp, err := spool.Open(spool.Options{Dir: filepath.Join(r.o.Data, "spool"), Limit: r.o.Spool})
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer func() {
		cancel()
		wg.Wait()
		err = errors.Join(err, sp.Close())
		if again {
			again = r.takeUpgrade(context.WithoutCancel(ctx))
		}
	}()
	r.answers = make(chan forward.Answer, 1)
	f := forward.New(forward.Options{
		Identity: r.id, Spool: sp, Beat: r.beat, Every: r.o.HeartbeatEvery, Log: r.o.Log,
		Answer: func(a forward.Answer) {
			select {
			case <-r.answers:
			default:
			}
			r.answers <- a
		},
	})
	wg.Go(func() { f.Run(ctx) })

	task, err := r.taskFor(r.applied().Wanted)
	if err != nil {
		return false, err
	}
	run, err := r.start(ctx, sp, task)
	if err != nil && r.applied().Generation > 0 && ctx.Err() == nil {
		// What was wanted once no longer works, perhaps since the machine
		// changed: what the command line says is tried.
		r.problem(r.applied().Wanted, fmt.Errorf("the configuration of the hub does not come up any more: %w", err))
		task = r.base()
		run, err = r.start(ctx, sp, task)
	}
	if err != nil {
		if ctx.Err() != nil {
			return false, nil
		}
		return false, err
	}
	r.setTask(task)
	if r.o.Ready != nil {
		r.o.Ready(r.id.Sensor)
	}
	f.BeatSoon()
	for {
		select {
		case <-ctx.Done():
			run.stop()
			return false, nil
		case err := <-run.ended:
			if ctx.Err() != nil {
				return false, nil
			}
			return false, err
		case a := <-r.answers:
			r.heard()
			if !r.isNew(a.Wanted) {
				continue
			}
			run = r.follow(ctx, sp, run, a.Wanted)
			if run == nil {
				return false, ctx.Err()
			}
			f.BeatSoon()
			if r.upgradeDue() {
				run.stop()
				return true, nil
			}
		}
	}
}

// capturing is a running parsing process.
type capturing struct {
	cancel context.CancelFunc
	ended  chan error
	done   chan struct{}
}

func (c *capturing) stop() {
	c.cancel()
	<-c.done
}

// start starts capturing and waits until packets are read.
func (r *remote) start(ctx context.Context, sp *spool.Spool, t Task) (*capturing, error) {
	ctx, cancel := context.WithCancel(ctx)
	ready := make(chan struct{}, 1)
	w := watching(r.o, sp, func(confine.State) {
		select {
		case ready <- struct{}{}:
		default:
		}
	})
	w.Task = t
	c := &capturing{cancel: cancel, ended: make(chan error, 1), done: make(chan struct{})}
	go func() {
		defer close(c.done)
		c.ended <- w.Run(ctx)
	}()
	select {
	case <-ready:
		r.mu.Lock()
		r.watch = w
		r.mu.Unlock()
		return c, nil
	case err := <-c.ended:
		cancel()
		<-c.done
		if err == nil {
			err = context.Cause(ctx)
		}
		return nil, err
	case <-time.After(r.o.ReadyWithin):
		c.stop()
		return nil, ident.Errorf(ident.Unavailable, "", "no packets could be read within %s: %s", r.o.ReadyWithin, w.Status().Problem)
	}
}

// follow does what the hub wants now. What does not come up is taken back, and
// the hub is told why. It gives the capture that runs, nil when none does.
func (r *remote) follow(ctx context.Context, sp *spool.Spool, run *capturing, w account.Wanted) *capturing {
	err := r.fetchContent(ctx, w.Content)
	var task Task
	if err == nil {
		task, err = r.taskFor(w)
	}
	if err != nil {
		r.problem(w, err)
		return run
	}
	r.o.Log.Info("the hub wants another configuration", "generation", w.Generation)
	if !sameTask(task, r.current()) {
		run.stop()
		next, err := r.start(ctx, sp, task)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			r.problem(w, fmt.Errorf("it did not come up, and was taken back: %w", err))
			for next == nil && ctx.Err() == nil {
				if next, err = r.start(ctx, sp, r.current()); err != nil {
					r.o.Log.Error("the configuration before does not come up either; it is tried again", "cause", err)
					select {
					case <-ctx.Done():
					case <-time.After(firstPause):
					}
				}
			}
			return next
		}
		run = next
		r.setTask(task)
	}
	r.succeed(w)
	return run
}

// beat is what the sensor tells of itself.
func (r *remote) beat() forward.Heartbeat {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := forward.Heartbeat{
		Version: r.o.Version, System: runtime.GOOS + "-" + runtime.GOARCH, Interfaces: r.task.Interfaces,
		Applied: r.have.Wanted, Problem: r.have.Problem,
	}
	h.Applied.Version = r.o.Version
	if r.watch != nil {
		s := r.watch.Status()
		h.Restarts = s.Restarts
		if !s.Running && s.Problem != "" {
			h.Problem = s.Problem
		}
	}
	return h
}

func (r *remote) current() Task {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.task
}

func (r *remote) setTask(t Task) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.task = t
}
