package hub

import (
	"context"
	"errors"
	"fmt"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/ident"
)

// waveTick is how often waves are looked at.
const waveTick = 5 * time.Second

// Run tends the waves of tenants until the context ends.
func (x *Waves) Run(ctx context.Context, tenants ...uint16) error {
	tick := time.NewTicker(waveTick)
	defer tick.Stop()
	for {
		for _, tenant := range tenants {
			if err := x.Tend(ctx, tenant); err != nil && ctx.Err() == nil {
				x.Slog.Warn("waves of upgrades could not be moved on; they are tried again", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// errNothing says that a wave stays as it is.
var errNothing = errors.New("nothing to do")

// Tend moves those waves on that go by themselves: to the next step when all
// sensors of the ones before were well for the interval, to a halt when one
// has a problem or does not come back, and then back when that was asked for.
// It also finishes what a hub that was ended had begun.
func (x *Waves) Tend(ctx context.Context, tenant uint16) error {
	docs, err := x.Documents.Documents(ctx, tenant, WaveKind)
	if err != nil {
		return err
	}
	var failed []error
	for id := range docs {
		// One wave that cannot be read keeps no other from going on.
		_, err := x.Edit(ctx, tenant, id, func(w *Wave) error { return x.tend(ctx, tenant, id, w) })
		if err != nil && !errors.Is(err, errNothing) && ident.CodeOf(err) != ident.NotFound {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

func (x *Waves) tend(ctx context.Context, tenant uint16, id string, w *Wave) error {
	if w.Pending {
		if err := x.tell(ctx, tenant, id, w); err != nil {
			return err
		}
	}
	if w.State != WaveRunning || w.Interval == 0 {
		return errNothing
	}
	why, well, err := x.look(ctx, tenant, w)
	if err != nil {
		return err
	}
	now := x.now()
	switch {
	case why != "" && w.RollBack:
		// Said first: a hub that ends here does both again.
		if err := x.record(ctx, tenant, id, "wave.rollback", why); err != nil {
			return err
		}
		return x.Revert(ctx, tenant, id, w, why)
	case why != "":
		if err := x.record(ctx, tenant, id, "wave.halt", why); err != nil {
			return err
		}
		return x.Halt(ctx, tenant, id, w, why)
	case !well && w.Well != 0:
		w.Well = 0
		return x.save(ctx, tenant, id, w)
	case !well:
		return errNothing
	case w.Well == 0:
		w.Well = now
		return x.save(ctx, tenant, id, w)
	case now-w.Well < w.Interval:
		return errNothing
	case w.Step == len(w.Steps):
		if err := x.record(ctx, tenant, id, "wave.done", ""); err != nil {
			return err
		}
		w.State = WaveDone
		return x.save(ctx, tenant, id, w)
	}
	if err := x.record(ctx, tenant, id, "wave.advance", fmt.Sprintf("step %d of %d", w.Step+1, len(w.Steps))); err != nil {
		return err
	}
	return x.next(ctx, tenant, id, w)
}

// look asks the sensors of all steps that have begun. One that was revoked or
// is gone does not count.
func (x *Waves) look(ctx context.Context, tenant uint16, w *Wave) (why string, well bool, err error) {
	now, well := x.now(), true
	for _, step := range w.Steps[:min(w.Step, len(w.Steps))] {
		for _, id := range step {
			s, err := x.Sensors.Sensor(ctx, tenant, id)
			if ident.CodeOf(err) == ident.NotFound {
				continue
			}
			if err != nil {
				return "", false, err
			}
			if s.Revoked {
				continue
			}
			why, ok := w.trouble(s, now)
			if why != "" {
				return why, false, nil
			}
			well = well && ok
		}
	}
	return "", well, nil
}

// record notes what the hub did by itself.
func (x *Waves) record(ctx context.Context, tenant uint16, id, action, detail string) error {
	x.Slog.Info("a wave of upgrades moved by itself", "wave", id, "action", action, "detail", detail)
	return x.Audit.Record(ctx, &account.Entry{Tenant: tenant, Time: x.now(), Actor: "system", Action: action, Object: id, Detail: detail})
}
