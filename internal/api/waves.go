//go:build !sensor

package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// Waves gives what moves waves on; package app lets it run.
func (s *Server) Waves() *hub.Waves { return s.waves }

func (s *Server) listWaves(ctx context.Context, _ *nothing) (*reply[Page[Wave]], error) {
	c := who(ctx)
	docs, err := all[hub.Wave](ctx, s, c.tenant, hub.WaveKind)
	if err != nil {
		return nil, err
	}
	sensors, err := s.sensorsByID(ctx, c)
	if err != nil {
		return nil, err
	}
	p := Page[Wave]{Items: []Wave{}}
	for id, w := range docs {
		if waveVisible(c, w, sensors) {
			p.Items = append(p.Items, waveOf(id, w, sensors))
		}
	}
	slices.SortFunc(p.Items, func(a, b Wave) int { return cmp.Or(cmp.Compare(b.Created, a.Created), cmp.Compare(a.ID, b.ID)) })
	p.Total = len(p.Items)
	return ok(p)
}

func (s *Server) sensorsByID(ctx context.Context, c *caller) (map[string]*account.Sensor, error) {
	found, err := s.visibleSensors(ctx, c)
	if err != nil {
		return nil, err
	}
	out := map[string]*account.Sensor{}
	for _, x := range found {
		out[x.ID] = x
	}
	return out, nil
}

// waveVisible reports whether all sensors of a wave are the caller's.
func waveVisible(c *caller, w hub.Wave, sensors map[string]*account.Sensor) bool {
	if len(c.sites) == 0 {
		return true
	}
	for _, ids := range w.Steps {
		for _, id := range ids {
			if sensors[id] == nil {
				return false
			}
		}
	}
	return true
}

func waveOf(id string, w hub.Wave, sensors map[string]*account.Sensor) Wave {
	out := Wave{
		ID: id, Version: w.Version, Content: w.Content, Config: w.Config, Author: w.Author, Created: Time(w.Created), Updated: Time(w.Updated),
		State: string(w.State), Step: w.Step, Steps: []WaveStep{},
		Interval: w.Interval / int64(time.Second), AutoRollback: w.RollBack, Reason: w.Reason, Well: Time(w.Well),
	}
	if out.Config == nil {
		out.Config = map[string]string{}
	}
	for i, ids := range w.Steps {
		st := WaveStep{Sensors: []WaveSensor{}}
		for _, id := range ids {
			x := WaveSensor{ID: id, State: "waiting"}
			if have := sensors[id]; have != nil {
				x.Name = have.Name
				if i < w.Step && w.State != hub.WaveRolledBack {
					p, problem := w.Progress(have)
					x.State, x.Problem = string(p), problem
				}
			}
			st.Sensors = append(st.Sensors, x)
		}
		out.Steps = append(out.Steps, st)
	}
	return out
}

func (s *Server) createWave(ctx context.Context, in *waveInput) (*reply[Wave], error) {
	c, b := who(ctx), in.Body
	if b.Version == "" && b.Content == "" && len(b.Config) == 0 {
		return nil, invalid("say what to change: version, content or config")
	}
	if err := checkConfig(b.Config); err != nil {
		return nil, err
	}
	found, err := s.visibleSensors(ctx, c)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, x := range found {
		if !x.Revoked && (len(b.Sensors) == 0 && !x.Local || slices.Contains(b.Sensors, x.ID)) {
			ids = append(ids, x.ID)
		}
	}
	if len(ids) == 0 || len(b.Sensors) > len(ids) {
		return nil, invalid("not all of these sensors exist, or there is none")
	}
	if len(b.Steps) == 0 {
		b.Steps = []int{10, 50, 100}
	}
	if b.AutoRollback && b.Interval == 0 {
		return nil, invalid("auto_rollback needs an interval: without one, a person decides")
	}
	w := hub.Wave{
		Version: b.Version, Content: b.Content, Config: b.Config, Author: c.name,
		Interval: int64(b.Interval) * int64(time.Second), RollBack: b.AutoRollback,
	}
	done := 0
	for i, percent := range b.Steps {
		if percent < 1 || percent > 100 || i > 0 && percent <= b.Steps[i-1] || i == len(b.Steps)-1 && percent != 100 {
			return nil, invalid("steps rise to 100")
		}
		end := max((len(ids)*percent+99)/100, done)
		if end > done {
			w.Steps = append(w.Steps, ids[done:end])
		}
		done = end
	}
	id := newID()
	c.object = id
	c.detail = fmt.Sprintf("version %s, content %s, %d sensors in %d steps", b.Version, b.Content, len(ids), len(w.Steps))
	if err := s.waves.Begin(ctx, c.tenant, id, &w); err != nil {
		return nil, err
	}
	return s.replyWave(ctx, c, id, w)
}

func (s *Server) getWave(ctx context.Context, in *ByID) (*reply[Wave], error) {
	c := who(ctx)
	w, err := fetch[hub.Wave](ctx, s, c.tenant, hub.WaveKind, in.ID, "wave")
	if err != nil {
		return nil, err
	}
	sensors, err := s.sensorsByID(ctx, c)
	if err != nil {
		return nil, err
	}
	if !waveVisible(c, w, sensors) {
		return nil, unknown("wave")
	}
	return ok(waveOf(in.ID, w, sensors))
}

// editWave changes a wave that the caller may change.
func (s *Server) editWave(ctx context.Context, id string, f func(c *caller, w *hub.Wave, sensors map[string]*account.Sensor) error) (*reply[Wave], error) {
	c := who(ctx)
	sensors, err := s.sensorsByID(ctx, c)
	if err != nil {
		return nil, err
	}
	w, err := s.waves.Edit(ctx, c.tenant, id, func(w *hub.Wave) error {
		if !waveVisible(c, *w, sensors) {
			return unknown("wave")
		}
		return f(c, w, sensors)
	})
	if ident.CodeOf(err) == ident.NotFound {
		return nil, unknown("wave")
	}
	if err != nil {
		return nil, err
	}
	return s.replyWave(ctx, c, id, *w)
}

func (s *Server) advanceWave(ctx context.Context, in *ByID) (*reply[Wave], error) {
	return s.editWave(ctx, in.ID, func(c *caller, w *hub.Wave, sensors map[string]*account.Sensor) error {
		if w.State != hub.WaveRunning && w.State != hub.WaveHalted || w.State == hub.WaveRunning && w.Step == len(w.Steps) {
			return refuse(409, "conflict", "the wave has no further step: it is "+string(w.State))
		}
		for _, st := range waveOf(in.ID, *w, sensors).Steps[:w.Step] {
			for _, x := range st.Sensors {
				if x.State == string(hub.SensorProblem) {
					return refuse(409, "conflict", "the sensor "+plain(x.Name)+" has a problem: "+plain(ident.Clip(x.Problem, 200)))
				}
				if have := sensors[x.ID]; x.State == string(hub.SensorWanted) && have.Seen != 0 && s.now()-have.Seen > int64(hub.WaveSilence) {
					return refuse(409, "conflict", "the sensor "+plain(x.Name)+" has not come back from its upgrade")
				}
			}
		}
		return s.waves.Advance(ctx, c.tenant, in.ID, w)
	})
}

func (s *Server) haltWave(ctx context.Context, in *ByID) (*reply[Wave], error) {
	return s.editWave(ctx, in.ID, func(c *caller, w *hub.Wave, _ map[string]*account.Sensor) error {
		if w.State != hub.WaveRunning {
			return refuse(409, "conflict", "the wave does not run: it is "+string(w.State))
		}
		return s.waves.Halt(ctx, c.tenant, in.ID, w, "halted by "+c.name)
	})
}

func (s *Server) rollbackWave(ctx context.Context, in *ByID) (*reply[Wave], error) {
	return s.editWave(ctx, in.ID, func(c *caller, w *hub.Wave, _ map[string]*account.Sensor) error {
		if w.State == hub.WaveRolledBack {
			return refuse(409, "conflict", "the wave was rolled back already")
		}
		return s.waves.Revert(ctx, c.tenant, in.ID, w, "rolled back by "+c.name)
	})
}

func (s *Server) replyWave(ctx context.Context, c *caller, id string, w hub.Wave) (*reply[Wave], error) {
	sensors, err := s.sensorsByID(ctx, c)
	if err != nil {
		return nil, err
	}
	return ok(waveOf(id, w, sensors))
}
