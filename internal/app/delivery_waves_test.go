//go:build !sensor

package app

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/hub"
	"edgeward/internal/store/state"
)

// fleet is a hub's waves over sensors whose heartbeats the test makes.
type fleet struct {
	*testing.T
	path string
	now  time.Time
	s    *state.Store
	w    *hub.Waves
}

func newFleet(t *testing.T, n int) *fleet {
	f := &fleet{T: t, path: "sqlite:" + filepath.Join(t.TempDir(), "state.db"), now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	f.open()
	t.Cleanup(func() { f.s.Close() })
	for i := range n {
		s := &account.Sensor{ID: fmt.Sprint("s", i), Name: fmt.Sprint("pump-", i), Version: "1.0", Enrolled: f.now.UnixNano()}
		if err := f.s.PutSensor(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func (f *fleet) open() {
	f.Helper()
	s, err := state.Open(f.Context(), f.path, state.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.s = s
	f.w = &hub.Waves{Sensors: s, Documents: s, Audit: s, Slog: slog.New(slog.DiscardHandler), Clock: func() time.Time { return f.now }}
}

// restart is the hub ending and coming back.
func (f *fleet) restart() {
	f.Helper()
	f.s.Close()
	f.open()
}

// pass lets time go by: sensors that obey run what they want.
func (f *fleet) pass(d time.Duration, obey ...string) {
	f.Helper()
	for end := f.now.Add(d); f.now.Before(end); {
		f.now = f.now.Add(10 * time.Second)
		for _, id := range obey {
			f.edit(id, func(s *account.Sensor) {
				s.Seen, s.Applied, s.Problem = f.now.UnixNano(), s.Wanted, ""
				if s.Wanted.Version != "" {
					s.Version = s.Wanted.Version
				}
			})
		}
		if err := f.w.Tend(f.Context(), 0); err != nil {
			f.Fatal(err)
		}
	}
}

func (f *fleet) edit(id string, g func(*account.Sensor)) {
	f.Helper()
	if _, err := f.s.EditSensor(f.Context(), 0, id, func(s *account.Sensor) error { g(s); return nil }); err != nil {
		f.Fatal(err)
	}
}

func (f *fleet) begin(rollback bool) {
	f.Helper()
	w := &hub.Wave{Version: "2.0", Steps: [][]string{{"s0"}, {"s1", "s2"}}, Interval: int64(5 * time.Minute), RollBack: rollback}
	if err := f.w.Begin(f.Context(), 0, "w", w); err != nil {
		f.Fatal(err)
	}
}

// is wants a state of the wave and the versions that the sensors want.
func (f *fleet) is(want hub.WaveState, reason string, versions ...string) {
	f.Helper()
	var have hub.Wave
	_, _ = f.w.Edit(f.Context(), 0, "w", func(w *hub.Wave) error { have = *w; return nil })
	if have.State != want || !strings.Contains(have.Reason, reason) {
		f.Errorf("the wave is %s (%s); want %s (%s)", have.State, have.Reason, want, reason)
	}
	for i, v := range versions {
		s, err := f.s.Sensor(f.Context(), 0, fmt.Sprint("s", i))
		if err != nil {
			f.Fatal(err)
		}
		if s.Wanted.Version != v {
			f.Errorf("%s wants %q, not %q", s.ID, s.Wanted.Version, v)
		}
	}
}

func (f *fleet) audited() string {
	f.Helper()
	entries, err := f.s.Entries(f.Context(), account.AuditFilter{Actor: "system"})
	if err != nil {
		f.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append([]string{e.Action}, out...)
	}
	return strings.Join(out, " ")
}

func TestWaveGoesByItself(t *testing.T) {
	f := newFleet(t, 3)
	f.begin(false)
	f.is(hub.WaveRunning, "", "2.0", "", "")
	f.pass(3*time.Minute, "s0", "s1", "s2")
	f.restart()
	f.pass(time.Minute, "s0", "s1", "s2")
	f.is(hub.WaveRunning, "", "2.0", "", "")
	f.pass(2*time.Minute, "s0", "s1", "s2")
	f.is(hub.WaveRunning, "", "2.0", "2.0", "2.0")
	f.pass(4*time.Minute, "s0", "s1", "s2")
	f.is(hub.WaveRunning, "")
	f.pass(2*time.Minute, "s0", "s1", "s2")
	f.is(hub.WaveDone, "", "2.0", "2.0", "2.0")
	if got := f.audited(); got != "wave.advance wave.done" {
		t.Errorf("audit: %s", got)
	}
}

func TestWaveHaltsForASilentSensor(t *testing.T) {
	f := newFleet(t, 3)
	f.begin(false)
	f.pass(time.Minute, "s0", "s1", "s2")
	f.pass(3*time.Minute, "s1", "s2")
	f.is(hub.WaveHalted, "pump-0 has not come back", "2.0", "", "")
	f.pass(20*time.Minute, "s0", "s1", "s2")
	f.is(hub.WaveHalted, "pump-0 has not come back", "2.0", "", "")
	// A person looks and lets it go on.
	if _, err := f.w.Edit(t.Context(), 0, "w", func(w *hub.Wave) error { return f.w.Advance(t.Context(), 0, "w", w) }); err != nil {
		t.Fatal(err)
	}
	f.pass(6*time.Minute, "s0", "s1", "s2")
	f.is(hub.WaveDone, "", "2.0", "2.0", "2.0")
}

func TestWaveGoesBack(t *testing.T) {
	f := newFleet(t, 3)
	f.edit("s1", func(s *account.Sensor) { s.Problem = "the clock is off" }) // known before: it says nothing of the upgrade
	f.begin(true)
	f.pass(6*time.Minute, "s0")
	f.is(hub.WaveRunning, "", "2.0", "2.0", "2.0")
	f.edit("s1", func(s *account.Sensor) {
		s.Seen, s.Problem = f.now.UnixNano(), "version 2.0 does not work and was taken back"
	})
	f.pass(10*time.Second, "s0", "s2")
	f.is(hub.WaveRolledBack, "pump-1 reports: version 2.0 does not work", "1.0", "1.0", "1.0")
	f.pass(time.Minute, "s0", "s1", "s2")
	if s, err := f.s.Sensor(t.Context(), 0, "s0"); err != nil || s.Version != "1.0" {
		t.Errorf("%+v, %v", s, err)
	}
	if got := f.audited(); got != "wave.advance wave.rollback" {
		t.Errorf("audit: %s", got)
	}
}

// brittle fails when a sensor is told, as when the hub ends there.
type brittle struct {
	*state.Store
	left int
}

func (b *brittle) EditSensor(ctx context.Context, tenant uint16, id string, edit func(*account.Sensor) error) (*account.Sensor, error) {
	if b.left--; b.left < 0 {
		return nil, context.Canceled
	}
	return b.Store.EditSensor(ctx, tenant, id, edit)
}

func TestWaveFinishesWhatItBegan(t *testing.T) {
	f := newFleet(t, 3)
	f.w.Sensors = &brittle{Store: f.s, left: 1}
	w := &hub.Wave{Version: "2.0", Steps: [][]string{{"s0", "s1", "s2"}}}
	if err := f.w.Begin(t.Context(), 0, "w", w); err == nil {
		t.Fatal("it did not break")
	}
	f.restart()
	f.pass(10 * time.Second)
	f.is(hub.WaveDone, "", "2.0", "2.0", "2.0")
}
