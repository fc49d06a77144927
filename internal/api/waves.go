//go:build !sensor

package api

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"edgeward/internal/account"
)

// waveKind is the kind of documents that hold waves.
const waveKind = "wave"

// storedWave is the document of a wave, with what its sensors wanted before.
type storedWave struct {
	Version string                    `json:"version"`
	Content string                    `json:"content"`
	Config  map[string]string         `json:"config,omitempty"`
	Author  string                    `json:"author"`
	Created int64                     `json:"created"`
	Updated int64                     `json:"updated"`
	State   string                    `json:"state"`
	Step    int                       `json:"step"`
	Steps   [][]string                `json:"steps"` // ids of sensors
	Before  map[string]account.Wanted `json:"before"`
}

// The states of a wave.
const (
	waveRunning    = "running"
	waveDone       = "done"
	waveRolledBack = "rolled-back"
)

// waveSilence is how long a sensor may be silent until it counts as not having
// come back.
const waveSilence = 2 * time.Minute

func (s *Server) listWaves(ctx context.Context, _ *nothing) (*reply[Page[Wave]], error) {
	c := who(ctx)
	docs, err := all[storedWave](ctx, s, c.tenant, waveKind)
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
func waveVisible(c *caller, w storedWave, sensors map[string]*account.Sensor) bool {
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

func waveOf(id string, w storedWave, sensors map[string]*account.Sensor) Wave {
	out := Wave{
		ID: id, Version: w.Version, Content: w.Content, Config: w.Config, Author: w.Author, Created: Time(w.Created), Updated: Time(w.Updated),
		State: w.State, Step: w.Step, Steps: []WaveStep{},
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
				switch {
				case i >= w.Step || w.State == waveRolledBack:
				case have.Problem != "":
					x.State, x.Problem = "problem", have.Problem
				case have.Applied.Generation >= have.Wanted.Generation:
					x.State = "applied"
				default:
					x.State = "wanted"
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
	w := storedWave{Version: b.Version, Content: b.Content, Config: b.Config, Author: c.name, Created: s.now(), State: waveRunning, Before: map[string]account.Wanted{}}
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
	return s.nextStep(ctx, c, id, w)
}

func (s *Server) advanceWave(ctx context.Context, in *ByID) (*reply[Wave], error) {
	c := who(ctx)
	w, err := s.wave(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	sensors, err := s.sensorsByID(ctx, c)
	if err != nil {
		return nil, err
	}
	for _, st := range waveOf(in.ID, w, sensors).Steps[:w.Step] {
		for _, x := range st.Sensors {
			if x.State == "problem" {
				return nil, refuse(409, "conflict", "the sensor "+plain(x.Name)+" has a problem: "+plain(clip(x.Problem, 200)))
			}
			if have := sensors[x.ID]; x.State == "wanted" && have.Seen != 0 && s.now()-have.Seen > int64(waveSilence) {
				return nil, refuse(409, "conflict", "the sensor "+plain(x.Name)+" has not come back from its upgrade")
			}
		}
	}
	return s.nextStep(ctx, c, in.ID, w)
}

// wave gives one that runs and that the caller may change.
func (s *Server) wave(ctx context.Context, c *caller, id string) (storedWave, error) {
	w, err := fetch[storedWave](ctx, s, c.tenant, waveKind, id, "wave")
	if err != nil {
		return w, err
	}
	sensors, err := s.sensorsByID(ctx, c)
	if err != nil {
		return w, err
	}
	if !waveVisible(c, w, sensors) {
		return w, unknown("wave")
	}
	if w.State != waveRunning {
		return w, refuse(409, "conflict", "the wave is over: "+w.State)
	}
	return w, nil
}

// nextStep lets the sensors of the next step want what the wave brings. What
// they wanted before is saved first, so that it is known whatever happens.
func (s *Server) nextStep(ctx context.Context, c *caller, id string, w storedWave) (*reply[Wave], error) {
	sensors, err := s.sensorsByID(ctx, c)
	if err != nil {
		return nil, err
	}
	for _, x := range w.Steps[w.Step] {
		if have := sensors[x]; have != nil {
			w.Before[x] = have.Wanted
		}
	}
	step := w.Steps[w.Step]
	if w.Step++; w.Step == len(w.Steps) {
		w.State = waveDone
	}
	w.Updated = s.now()
	if err := s.save(ctx, c.tenant, waveKind, id, w); err != nil {
		return nil, err
	}
	for _, x := range step {
		if err := s.want(ctx, c, x, func(wants *account.Wanted) {
			wants.Version, wants.Content = firstOf(w.Version, wants.Version), firstOf(w.Content, wants.Content)
			if len(w.Config) > 0 {
				config := maps.Clone(wants.Config)
				if config == nil {
					config = map[string]string{}
				}
				maps.Copy(config, w.Config)
				wants.Config = config
			}
		}); err != nil {
			return nil, err
		}
	}
	return s.replyWave(ctx, c, id, w)
}

func (s *Server) want(ctx context.Context, c *caller, id string, change func(*account.Wanted)) error {
	_, err := s.Sensors.EditSensor(ctx, c.tenant, id, func(x *account.Sensor) error {
		change(&x.Wanted)
		x.Wanted.Generation++
		return nil
	})
	return err
}

func (s *Server) replyWave(ctx context.Context, c *caller, id string, w storedWave) (*reply[Wave], error) {
	sensors, err := s.sensorsByID(ctx, c)
	if err != nil {
		return nil, err
	}
	return ok(waveOf(id, w, sensors))
}

func (s *Server) rollbackWave(ctx context.Context, in *ByID) (*reply[Wave], error) {
	c := who(ctx)
	w, err := fetch[storedWave](ctx, s, c.tenant, waveKind, in.ID, "wave")
	if err != nil {
		return nil, err
	}
	if w.State == waveRolledBack {
		return nil, refuse(409, "conflict", "the wave was rolled back already")
	}
	sensors, err := s.sensorsByID(ctx, c)
	if err != nil {
		return nil, err
	}
	if !waveVisible(c, w, sensors) {
		return nil, unknown("wave")
	}
	for id, before := range w.Before {
		if sensors[id] == nil {
			continue
		}
		if err := s.want(ctx, c, id, func(wants *account.Wanted) {
			wants.Version, wants.Content, wants.Config = before.Version, before.Content, before.Config
		}); err != nil {
			return nil, err
		}
	}
	w.State, w.Updated = waveRolledBack, s.now()
	if err := s.save(ctx, c.tenant, waveKind, in.ID, w); err != nil {
		return nil, err
	}
	return s.replyWave(ctx, c, in.ID, w)
}
