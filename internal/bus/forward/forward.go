// Package forward carries batches from a remote sensor's spool to its hub:
// HTTPS with TLS 1.3 and certificates on both sides, one request after the
// other on a connection that stays open. The hub acknowledges batches by
// number when its stream has them; only then the spool forgets them. The
// package also holds the words that both sides speak, the one-time token with
// which a sensor introduces itself, and the sensor's identity on disk.
//
// It has a small HTTP/1.1 client of its own, since net/http would make the
// sensor too large for the devices it is meant for. Package app runs it,
// package hub answers it.
package forward

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"edgeward/internal/bus"
	"edgeward/internal/bus/spool"
	"edgeward/internal/ident"
)

// State says how a forwarder fares.
type State string

// The states of a forwarder.
const (
	Connecting State = "connecting"
	Connected  State = "connected"
	HubAway    State = "hub unreachable"
	HubFull    State = "hub refuses for the moment"
	Refused    State = "refused" // certificate expired, revoked or unknown
)

// Status is a forwarder's snapshot.
type Status struct {
	State    State
	Problem  string
	Hint     string
	Sent     uint64 // batches that the hub has acknowledged
	Rejected uint64 // batches that the hub will never take
	Since    time.Time
}

// Options say what a forwarder works with.
type Options struct {
	Identity *Identity
	Spool    *spool.Spool
	// Beat gives what the sensor tells of itself; the forwarder adds backlog
	// and loss of the spool.
	Beat func() Heartbeat
	// Answer is told what the hub answers; it must not wait. May be nil.
	Answer func(Answer)
	Every  time.Duration // between heartbeats; 0 for 20 s
	Log    *slog.Logger
	Clock  ident.Clock
}

// The bounds of one request, and of the pause after a failure.
const (
	requestBytes  = 2 << 20
	requestFrames = 256
	firstPause    = 500 * time.Millisecond
	maxPause      = time.Minute
)

// Forwarder drains a spool.
type Forwarder struct {
	o    Options
	soon chan struct{}
	mu   sync.Mutex
	s    Status
}

// New makes a Forwarder; Run starts it.
func New(o Options) *Forwarder {
	if o.Every <= 0 {
		o.Every = 20 * time.Second
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Forwarder{o: o, soon: make(chan struct{}, 1), s: Status{State: Connecting, Since: o.Clock()}}
}

// Status gives a snapshot.
func (f *Forwarder) Status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.s
}

// BeatSoon sends the next heartbeat at once, when there is something to tell.
func (f *Forwarder) BeatSoon() {
	select {
	case f.soon <- struct{}{}:
	default:
	}
}

// note sets the state and logs a change of it.
func (f *Forwarder) note(err error) {
	state, hint := Connected, ""
	var problem string
	if err != nil {
		problem, hint = err.Error(), ident.HintOf(err)
		switch ident.CodeOf(err) {
		case ident.Denied:
			state = Refused
		case ident.Unavailable:
			state = HubFull
		default:
			state = HubAway
		}
		if errors.Is(err, errAway) {
			state = HubAway
		}
	}
	f.mu.Lock()
	changed := f.s.State != state
	if changed {
		f.s.Since = f.o.Clock()
	}
	f.s.State, f.s.Problem, f.s.Hint = state, problem, hint
	f.mu.Unlock()
	switch {
	case changed && err != nil:
		f.o.Log.Warn("the hub does not take batches; they are kept", "state", string(state), "cause", err, "hint", hint)
	case changed:
		f.o.Log.Info("connected to the hub", "hub", f.o.Identity.Hub)
	}
}

// Run forwards and sends heartbeats until the context ends. It never gives up:
// whatever the hub answers, the spool keeps what it has not taken.
func (f *Forwarder) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { f.drain(ctx) })
	wg.Go(func() { f.beat(ctx) })
	wg.Wait()
}

// drain sends what the spool has, in order.
func (f *Forwarder) drain(ctx context.Context) {
	c := newClient(f.o.Identity)
	defer c.close()
	pause := firstPause
	for ctx.Err() == nil {
		err := f.send(ctx, c)
		if ctx.Err() != nil {
			return
		}
		f.note(err)
		if err == nil {
			pause = firstPause
			continue
		}
		f.o.Spool.Rewind()
		// Full jitter: many sensors must not come back at the same moment.
		wait(ctx, pause/2+rand.N(pause))
		pause = min(2*pause, maxPause)
	}
}

// send sends one request with what waits, at least one batch.
func (f *Forwarder) send(ctx context.Context, c *client) error {
	first, err := f.o.Spool.Next(ctx)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	var ends []spool.Position
	for r, ok := first, true; ok; {
		if err := bus.WriteFrame(&body, r.Payload); err != nil {
			return err
		}
		ends = append(ends, r.End)
		if len(ends) == requestFrames || body.Len() >= requestBytes {
			break
		}
		if r, ok, err = f.o.Spool.TryNext(); err != nil {
			return err
		}
	}
	var a Accepted
	if err := c.call(ctx, "POST", PathBatches, typeBatches, body.Bytes(), &a); err != nil {
		return err
	}
	n := min(max(a.Accepted, 0), len(ends))
	if a.Rejected != "" && n < len(ends) {
		// The batch behind the accepted ones will never be taken; keeping it
		// would hold up all that come after it.
		f.o.Log.Error("the hub rejected a batch; it is given up", "cause", a.Rejected)
		f.mu.Lock()
		f.s.Rejected++
		f.mu.Unlock()
		f.o.Spool.Ack(ends[n])
		f.o.Spool.Rewind()
	} else if n > 0 {
		f.o.Spool.Ack(ends[n-1])
	}
	f.mu.Lock()
	f.s.Sent += uint64(n)
	f.mu.Unlock()
	switch {
	case n == len(ends) || a.Rejected != "":
		return nil
	case a.Problem != "":
		return ident.Errorf(ident.Unavailable, "", "the hub took %d of %d batches: %s", n, len(ends), a.Problem)
	}
	return ident.Errorf(ident.Unavailable, "", "the hub took %d of %d batches", n, len(ends))
}

// beat sends heartbeats, and renews the certificate in time.
func (f *Forwarder) beat(ctx context.Context) {
	c := newClient(f.o.Identity)
	defer c.close()
	for ctx.Err() == nil {
		every := f.o.Every
		if f.o.Identity.dueForRenewal(f.o.Clock()) {
			if err := f.renew(ctx, c); err != nil && ctx.Err() == nil {
				f.o.Log.Error("the certificate could not be renewed yet", "expires", f.o.Identity.NotAfter().UTC().Format(time.RFC3339), "cause", err)
			}
		}
		var a Answer
		err := f.heartbeat(ctx, c, &a)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			f.note(err)
		default:
			if f.o.Answer != nil {
				f.o.Answer(a)
			}
			if f.Status().State != HubFull {
				f.note(nil)
			}
		}
		select {
		case <-ctx.Done():
		case <-f.soon:
		case <-time.After(every*3/4 + rand.N(every/2)):
		}
	}
}

func (f *Forwarder) heartbeat(ctx context.Context, c *client, a *Answer) error {
	var h Heartbeat
	if f.o.Beat != nil {
		h = f.o.Beat()
	}
	st := f.o.Spool.Stats()
	h.Time, h.Backlog, h.BacklogBytes = f.o.Clock().UnixNano(), st.Records, st.Bytes
	h.SpoolLost, h.Rejected = st.LostRecords, f.Status().Rejected
	body, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("encode the heartbeat: %w", err)
	}
	return c.call(ctx, "POST", PathHeartbeat, typeJSON, body, a)
}

// renew asks for a new certificate.
func (f *Forwarder) renew(ctx context.Context, c *client) error {
	key, csr, err := f.o.Identity.again()
	if err != nil {
		return err
	}
	body, err := json.Marshal(Enrolment{CSR: csr})
	if err != nil {
		return err
	}
	var e Enrolled
	if err := c.call(ctx, "POST", PathRenew, typeJSON, body, &e); err != nil {
		return err
	}
	c.close() // the next request shows the new certificate
	return f.o.Identity.replace(key, e.Certificate)
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
