package hub

import (
	"context"
	"sync"
	"time"

	"edgeward/internal/ident"
)

// ProjectorOptions says how state is made.
type ProjectorOptions struct {
	Clock ident.Clock // for mutes that expire; nil for the wall clock
	// Quiet gives how long after it was last seen a check's claim is still
	// the same episode; nil for a day.
	Quiet func(check string) time.Duration
	// Days with traffic until a device or a site is known; 0 for 7.
	Days int
	// Bounds of what one hour of one sensor, or one server, may have.
	Pairs   int // 0 for 4096
	Devices int // 0 for 16384
	Nodes   int // 0 for 8192
}

func (o ProjectorOptions) withDefaults() ProjectorOptions {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Quiet == nil {
		o.Quiet = func(string) time.Duration { return 24 * time.Hour }
	}
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&o.Days, 7)
	def(&o.Pairs, 4096)
	def(&o.Devices, 16384)
	def(&o.Nodes, 8192)
	return o
}

// Projector makes state out of messages: devices with one identity over all
// sensors, findings that are summed, roll-ups, the M2M explorer's tree. A
// group of messages is one transaction with its checkpoint, so that each
// message counts once however often it comes. The outcome does not depend on
// how messages are grouped.
type Projector struct {
	ledger Ledger
	o      ProjectorOptions

	mu    sync.Mutex
	known *memory // of what is stored; nil when it has to be read
}

// NewProjector makes a Projector. It reads nothing yet.
func NewProjector(l Ledger, o ProjectorOptions) *Projector {
	return &Projector{ledger: l, o: o.withDefaults()}
}

// Apply takes messages in, in the order of the stream. After an error nothing
// of them is stored, and the same messages can be given again.
func (p *Projector) Apply(ctx context.Context, messages []Message) (Outcome, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out Outcome
	err := p.ledger.Update(ctx, func(tx Tx) error {
		out = Outcome{}
		if err := p.recall(tx); err != nil {
			return err
		}
		u := newUnit(tx, p.known, &p.o)
		if err := u.project(messages); err != nil {
			return err
		}
		out = u.out
		return nil
	})
	if err != nil {
		p.known = nil // it may be ahead of what is stored
		return Outcome{}, err
	}
	return out, nil
}

// Checkpoint gives how far the projection has come.
func (p *Projector) Checkpoint(ctx context.Context) (Checkpoint, error) {
	var cp Checkpoint
	err := p.ledger.Update(ctx, func(tx Tx) (err error) {
		cp, err = tx.Checkpoint(Projected)
		return err
	})
	return cp, err
}

// recall makes sure that what is remembered is what is stored.
func (p *Projector) recall(tx Tx) error {
	epoch, err := tx.Epoch()
	if err != nil {
		return err
	}
	if p.known != nil && p.known.epoch == epoch {
		return nil
	}
	m, err := remember(tx, epoch)
	if err != nil {
		return err
	}
	p.known = m
	return nil
}

// project applies those of the messages that are new, and stores the result.
func (u *unit) project(messages []Message) error {
	cp := &u.known.checkpoint
	was := Checkpoint{Stream: cp.Stream, Seq: cp.Seq}
	var fresh []Message
	changed := map[Source]bool{}
	for _, m := range messages {
		s := m.Source()
		seen := cp.Seen(m.Stream, m.Seq, s, m.Batch.Seq)
		cp.Take(m.Stream, m.Seq, s, m.Batch.Seq)
		changed[s] = true
		if seen {
			u.out.Skipped++
			continue
		}
		fresh = append(fresh, m)
	}
	u.out.Applied = len(fresh)
	if err := u.prefetch(fresh); err != nil {
		return err
	}
	for i := range fresh {
		if err := u.apply(&fresh[i]); err != nil {
			return err
		}
	}
	if err := u.flush(); err != nil {
		return err
	}
	sources := make([]Source, 0, len(changed))
	for s := range changed {
		sources = append(sources, s)
	}
	return u.tx.SaveCheckpoint(Projected, was, *cp, sources)
}

// apply takes one message in.
func (u *unit) apply(m *Message) error {
	s, err := u.sensor(m)
	if err != nil {
		return err
	}
	for _, d := range m.Batch.Devices {
		if d.Place.Tenant != m.Batch.Tenant {
			d.Place.Tenant = m.Batch.Tenant
		}
		if err := u.observe(m, s, d); err != nil {
			return err
		}
	}
	if err := u.name(); err != nil {
		return err
	}
	if err := u.count(m, s); err != nil {
		return err
	}
	for _, f := range m.Batch.Findings {
		if err := u.judge(m, s, f); err != nil {
			return err
		}
	}
	return nil
}
