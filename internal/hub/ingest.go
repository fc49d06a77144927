package hub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"edgeward/internal/bus"
	"edgeward/internal/ident"
)

// Stream carries batches to the hub. Package bus/jetstream implements it.
type Stream interface {
	// Publish stores a batch under an id and gives its number.
	Publish(ctx context.Context, id string, payload []byte) (uint64, error)
	// Read gives the messages from a number on.
	Read(ctx context.Context, from uint64) (bus.Reader, error)
	// Release forgets everything up to a number.
	Release(ctx context.Context, through uint64) error
	Info(ctx context.Context) (bus.StreamInfo, error)
}

// Applier makes state of messages; [Projector] is one.
type Applier interface {
	Apply(ctx context.Context, messages []Message) (Outcome, error)
	Checkpoint(ctx context.Context) (Checkpoint, error)
}

// IngestOptions say what takes part.
type IngestOptions struct {
	Stream     Stream
	Projection Applier
	Log        Log
	Ledger     Ledger // for the checkpoint of the event log
	Live       *Live
	// Applied is told what was taken in durably, for outputs; it must not
	// wait. It may be nil.
	Applied func(messages []Message, o Outcome)
	// Quarantine keeps a message that cannot be taken in; it may be nil.
	Quarantine func(seq uint64, payload []byte, cause error)
	Slog       *slog.Logger
	Clock      ident.Clock
}

// The bounds of a group of messages that are taken in together.
const (
	groupMessages = 64
	groupFacts    = 16 << 10
	groupBytes    = 16 << 20
	groupWait     = 20 * time.Millisecond
	idleTick      = 250 * time.Millisecond
)

// Ingest is the stream's only consumer: it reads batches in order and gives
// them to the projection and to the event log, each of which leaves out what
// it has. A message is released when both have it durably. While a store is
// away nothing is released and the same messages are tried again.
type Ingest struct {
	o IngestOptions
	h health

	// The goroutine of Run owns the rest.
	sealed    Checkpoint // of the event log, as far as appended
	loaded    bool
	projected uint64 // up to here the projection has everything
	stream    string
}

// NewIngest makes an Ingest; Run starts it.
func NewIngest(o IngestOptions) *Ingest {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Slog == nil {
		o.Slog = slog.New(slog.DiscardHandler)
	}
	if o.Live == nil {
		o.Live = NewLive(o.Clock)
	}
	i := &Ingest{o: o}
	i.h.clock = o.Clock
	i.h.s.State = Starting
	i.h.s.Since = o.Clock()
	return i
}

// Publish stores a batch in the stream: it is acknowledged when Publish
// returns nil.
func (i *Ingest) Publish(ctx context.Context, h bus.Header, message []byte) error {
	_, err := i.o.Stream.Publish(ctx, MessageID(h), message)
	if ctx.Err() == nil {
		i.h.published(err)
	}
	return err
}

// PublishWait is Publish that waits while the stream is full or away, so that
// the one who made the batch waits too.
func (i *Ingest) PublishWait(ctx context.Context, h bus.Header, message []byte) error {
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := i.Publish(ctx, h, message)
		if err == nil || ident.CodeOf(err) != ident.Unavailable {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// MessageID names a batch in the stream.
func MessageID(h bus.Header) string {
	return fmt.Sprintf("%d/%s/%d/%d", h.Tenant, h.Sensor, h.Boot, h.Seq)
}

// Run takes in what the stream holds until the context ends, then seals what
// is open.
func (i *Ingest) Run(ctx context.Context) error {
	pause := 100 * time.Millisecond
	for ctx.Err() == nil {
		started := i.o.Clock()
		err := i.session(ctx)
		if ctx.Err() != nil {
			break
		}
		i.h.set(StreamAway, err)
		i.o.Slog.Error("reading the stream failed and is tried again", "cause", err)
		if i.o.Clock().Sub(started) > time.Minute {
			pause = 100 * time.Millisecond
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, 5*time.Second)
	}
	if i.loaded {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		if err := i.seal(end, false); err != nil {
			i.o.Slog.Error("what is open in the event log was not sealed; it is read again from the stream", "cause", err)
		}
	}
	i.h.set(Stopped, nil)
	return nil
}

// session reads from where both sides need it until something fails.
func (i *Ingest) session(ctx context.Context) error {
	info, err := i.o.Stream.Info(ctx)
	if err != nil {
		return err
	}
	var from uint64
	// A store that is away is waited for here, with the state saying so.
	if err := i.retry(ctx, "read the checkpoints", func() (err error) {
		from, err = i.begin(ctx, info.Identity)
		return err
	}); err != nil {
		return err
	}
	i.h.streamed(info, from)
	r, err := i.o.Stream.Read(ctx, from)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	groups := make(chan group, 1)
	var wg sync.WaitGroup
	wg.Add(2)
	var readErr error
	go func() {
		defer wg.Done()
		defer close(groups)
		defer r.Close()
		readErr = i.read(ctx, r, info.Identity, groups)
	}()
	go func() {
		defer wg.Done()
		i.watch(ctx)
	}()
	err = i.consume(ctx, groups)
	cancel()
	wg.Wait()
	return errors.Join(err, readErr)
}

// begin loads what is stored and gives the number to read from.
func (i *Ingest) begin(ctx context.Context, identity string) (uint64, error) {
	p, err := i.o.Projection.Checkpoint(ctx)
	if err != nil {
		return 0, err
	}
	if !i.loaded {
		err := i.o.Ledger.Update(ctx, func(tx Tx) (err error) {
			i.sealed, err = tx.Checkpoint(Segments)
			return err
		})
		if err != nil {
			return 0, err
		}
		i.loaded = true
	}
	i.stream, i.projected = identity, 0
	if p.Stream == identity {
		i.projected = p.Seq
	} else if p.Stream != "" {
		i.o.Slog.Warn("the stream was made anew; batches are told apart by their own numbers", "was", p.Stream, "is", identity)
	}
	var logged uint64
	if i.sealed.Stream == identity {
		logged = i.sealed.Seq
	}
	return min(i.projected, logged) + 1, nil
}

// group is a run of messages that are taken in together.
type group struct {
	messages []Message
	bad      int    // messages that could not be decoded
	last     uint64 // number of the last one, decoded or not
}

// read makes groups of what the stream gives.
func (i *Ingest) read(ctx context.Context, r bus.Reader, identity string, out chan<- group) error {
	var g group
	facts, size := 0, 0
	send := func() bool {
		select {
		case out <- g:
			g, facts, size = group{}, 0, 0
			return true
		case <-ctx.Done():
			return false
		}
	}
	for {
		m, err := i.next(ctx, r, g.last != 0)
		switch {
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
			if !send() {
				return ctx.Err()
			}
			continue
		case err != nil:
			return err
		}
		g.last = m.Seq
		b, err := bus.Decode(m.Payload, bus.Limits{})
		if err != nil {
			g.bad++
			i.quarantine(m.Seq, m.Payload, err)
		} else {
			g.messages = append(g.messages, Message{Stream: identity, Seq: m.Seq, Stored: m.Stored.UnixNano(), Batch: b})
			facts += len(b.Facts)
			size += len(m.Payload)
		}
		if len(g.messages) >= groupMessages || facts >= groupFacts || size >= groupBytes || g.bad >= groupMessages {
			if !send() {
				return ctx.Err()
			}
		}
	}
}

// next waits for a message: for a moment only when some are gathered already,
// otherwise for as long as it takes.
func (i *Ingest) next(ctx context.Context, r bus.Reader, some bool) (bus.Message, error) {
	if !some {
		return r.Next(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, groupWait)
	defer cancel()
	return r.Next(ctx)
}

// consume takes groups in and seals when it is due.
func (i *Ingest) consume(ctx context.Context, groups <-chan group) error {
	tick := time.NewTicker(idleTick)
	defer tick.Stop()
	for {
		select {
		case g, ok := <-groups:
			if !ok {
				return nil
			}
			if err := i.take(ctx, g); err != nil {
				return err
			}
		case <-tick.C:
		}
		if i.o.Log.Due() {
			if err := i.seal(ctx, true); err != nil {
				return err
			}
		}
		i.h.working()
	}
}

func (i *Ingest) quarantine(seq uint64, payload []byte, cause error) {
	i.h.quarantined(cause)
	i.o.Slog.Error("a message of the stream cannot be taken in and is set aside", "seq", seq, "cause", cause)
	if i.o.Quarantine != nil {
		i.o.Quarantine(seq, payload, cause)
	}
}

// watch keeps the figures of the stream fresh.
func (i *Ingest) watch(ctx context.Context) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if info, err := i.o.Stream.Info(ctx); err == nil {
			i.h.info(info)
		}
	}
}
