package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/ident"
)

// WaveKind is the kind of documents that hold waves.
const WaveKind = "wave"

// WaveState says how a wave fares.
type WaveState string

// The states of a wave.
const (
	WaveRunning    WaveState = "running"
	WaveHalted     WaveState = "halted"
	WaveDone       WaveState = "done"
	WaveRolledBack WaveState = "rolled-back"
)

// The bounds of a step.
const (
	// WaveSilence is how long a sensor may be silent until it counts as not
	// having come back.
	WaveSilence = 2 * time.Minute
	// waveWithin is how long a sensor that is heard may take to run what the
	// wave brings: a download over a slow line, and its trial.
	waveWithin = 30 * time.Minute
)

// Wave is an upgrade that goes over the sensors step by step. It is kept as a
// document, so that it goes on where it was after the hub was restarted.
// Times are nanoseconds UTC.
type Wave struct {
	Version string            `json:"version"` // of the program; empty to leave it
	Content string            `json:"content"`
	Config  map[string]string `json:"config,omitempty"` // values to set
	Author  string            `json:"author"`
	Created int64             `json:"created"`
	Updated int64             `json:"updated"`
	State   WaveState         `json:"state"`
	Reason  string            `json:"reason,omitempty"` // why it was halted or rolled back
	Step    int               `json:"step"`             // how many steps have begun
	Steps   [][]string        `json:"steps"`            // ids of sensors
	// Before is what the sensors of the steps that have begun wanted, Ran the
	// version that they ran, and Problems what they complained of, before.
	Before   map[string]account.Wanted `json:"before"`
	Ran      map[string]string         `json:"ran,omitempty"`
	Problems map[string]string         `json:"problems,omitempty"`

	Interval int64 `json:"interval,omitempty"` // nanoseconds that a step must be well until the next begins; 0 waits for a person
	RollBack bool  `json:"auto_rollback,omitempty"`
	Begun    int64 `json:"begun,omitempty"`   // when the newest step began, or a halted wave went on
	Well     int64 `json:"well,omitempty"`    // since when all its sensors are well; 0 when they are not
	Pending  bool  `json:"pending,omitempty"` // the sensors were not all told yet
}

// Progress says how far a sensor is with what a wave brings.
type Progress string

// The progress of a sensor.
const (
	SensorWaiting Progress = "waiting" // its step has not begun
	SensorWanted  Progress = "wanted"  // it is to change
	SensorApplied Progress = "applied"
	SensorProblem Progress = "problem"
)

// Progress gives how far a sensor of a step is that has begun, and its problem.
func (w *Wave) Progress(s *account.Sensor) (Progress, string) {
	applied := s.Applied.Generation >= s.Wanted.Generation && (w.Version == "" || s.Wanted.Version != w.Version || s.Version == w.Version)
	switch {
	case s.Problem != "" && (applied || s.Problem != w.Problems[s.ID]):
		return SensorProblem, s.Problem
	case applied:
		return SensorApplied, ""
	}
	return SensorWanted, ""
}

// trouble gives why a sensor of a step that has begun speaks against going
// on, and whether it is well.
func (w *Wave) trouble(s *account.Sensor, now int64) (why string, well bool) {
	p, problem := w.Progress(s)
	heard := max(s.Seen, w.Begun)
	switch {
	case p == SensorProblem:
		return fmt.Sprintf("sensor %s reports: %s", s.Name, cut(problem, 300)), false
	case now-heard > int64(WaveSilence):
		return fmt.Sprintf("sensor %s has not come back: nothing was heard of it for %s", s.Name, time.Duration(now-heard).Round(time.Second)), false
	case p == SensorWanted && now-w.Begun > int64(waveWithin):
		return fmt.Sprintf("sensor %s does not run what is wanted after %s", s.Name, waveWithin), false
	}
	return "", p == SensorApplied && s.Seen >= w.Begun
}

// Waves moves waves on: when a person says so, and by itself those that have
// an interval. It is safe for concurrent use; there is one in a hub.
type Waves struct {
	Sensors   Sensors
	Documents Documents
	Audit     Audit
	Slog      *slog.Logger
	Clock     ident.Clock

	mu sync.Mutex // a document is read, changed and written in one
}

func (x *Waves) now() int64 { return x.Clock().UnixNano() }

// Begin keeps a new wave and begins its first step.
func (x *Waves) Begin(ctx context.Context, tenant uint16, id string, w *Wave) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	w.Created, w.Before = x.now(), map[string]account.Wanted{}
	return x.next(ctx, tenant, id, w)
}

// Edit changes a wave under the lock. The function says by its error that
// nothing is to happen.
func (x *Waves) Edit(ctx context.Context, tenant uint16, id string, f func(w *Wave) error) (*Wave, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	b, err := x.Documents.Document(ctx, tenant, WaveKind, id)
	if err != nil {
		return nil, err
	}
	w := &Wave{}
	if err := json.Unmarshal(b, w); err != nil {
		return nil, fmt.Errorf("read the wave %s: %w", id, err)
	}
	return w, f(w)
}

// Advance begins the next step of a wave within Edit, or lets a halted one go
// on that has none.
func (x *Waves) Advance(ctx context.Context, tenant uint16, id string, w *Wave) error {
	w.Reason = ""
	if w.Step < len(w.Steps) {
		return x.next(ctx, tenant, id, w)
	}
	w.State, w.Begun, w.Well = WaveRunning, x.now(), 0
	if w.Interval == 0 {
		w.State = WaveDone
	}
	return x.save(ctx, tenant, id, w)
}

// Halt keeps a wave within Edit where it is.
func (x *Waves) Halt(ctx context.Context, tenant uint16, id string, w *Wave, reason string) error {
	w.State, w.Reason, w.Well = WaveHalted, reason, 0
	return x.save(ctx, tenant, id, w)
}

// Revert lets all sensors that a wave has moved want what they wanted before,
// within Edit.
func (x *Waves) Revert(ctx context.Context, tenant uint16, id string, w *Wave, reason string) error {
	w.State, w.Reason, w.Pending, w.Well = WaveRolledBack, reason, true, 0
	if err := x.save(ctx, tenant, id, w); err != nil {
		return err
	}
	return x.tell(ctx, tenant, id, w)
}

// next lets the sensors of the next step want what the wave brings. What they
// wanted before is saved first, so that it is known whatever happens.
func (x *Waves) next(ctx context.Context, tenant uint16, id string, w *Wave) error {
	for _, m := range []*map[string]string{&w.Ran, &w.Problems} {
		if *m == nil { // empty ones are not in the document
			*m = map[string]string{}
		}
	}
	for _, sensor := range w.Steps[w.Step] {
		have, err := x.Sensors.Sensor(ctx, tenant, sensor)
		if ident.CodeOf(err) == ident.NotFound {
			continue
		}
		if err != nil {
			return err
		}
		w.Before[sensor], w.Ran[sensor] = have.Wanted, have.Version
		if have.Problem != "" {
			w.Problems[sensor] = have.Problem
		}
	}
	w.Step++
	w.State, w.Pending, w.Begun, w.Well = WaveRunning, true, x.now(), 0
	if w.Step == len(w.Steps) && w.Interval == 0 {
		w.State = WaveDone
	}
	if err := x.save(ctx, tenant, id, w); err != nil {
		return err
	}
	return x.tell(ctx, tenant, id, w)
}

// tell brings what the sensors want in line with a wave's document. It may be
// repeated: who wants the right thing already is left alone.
func (x *Waves) tell(ctx context.Context, tenant uint16, id string, w *Wave) error {
	for sensor, before := range w.Before {
		_, err := x.Sensors.EditSensor(ctx, tenant, sensor, func(s *account.Sensor) error {
			want := w.wanted(s, before)
			if want.Version != s.Wanted.Version || want.Content != s.Wanted.Content || !maps.Equal(want.Config, s.Wanted.Config) {
				want.Generation = s.Wanted.Generation + 1
				s.Wanted = want
			}
			return nil
		})
		if err != nil && ident.CodeOf(err) != ident.NotFound {
			return err
		}
	}
	w.Pending = false
	return x.save(ctx, tenant, id, w)
}

// wanted gives what a sensor is to want now.
func (w *Wave) wanted(s *account.Sensor, before account.Wanted) account.Wanted {
	out := s.Wanted
	if w.State == WaveRolledBack {
		out.Version, out.Content, out.Config = before.Version, before.Content, before.Config
		if w.Version != "" && out.Version == "" {
			out.Version = w.Ran[s.ID] // wanting nothing would leave the new one in place
		}
		return out
	}
	if w.Version != "" {
		out.Version = w.Version
	}
	if w.Content != "" {
		out.Content = w.Content
	}
	if len(w.Config) > 0 {
		out.Config = maps.Clone(out.Config)
		if out.Config == nil {
			out.Config = map[string]string{}
		}
		maps.Copy(out.Config, w.Config)
	}
	return out
}

func (x *Waves) save(ctx context.Context, tenant uint16, id string, w *Wave) error {
	w.Updated = x.now()
	b, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("write the wave %s: %w", id, err)
	}
	return x.Documents.PutDocument(ctx, tenant, WaveKind, id, b)
}
