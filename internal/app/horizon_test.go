//go:build !sensor

package app

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"edgeward/internal/app/config"
	"edgeward/internal/bus"
	"edgeward/internal/bus/jetstream"
	"edgeward/internal/hub"
)

// TestClockLeaps sets the clock ahead by a year, and back by one, and wants
// every fact and sum to stay, somebody to be told, and what is really old to
// go when the clock has been there for a day.
func TestClockLeaps(t *testing.T) {
	ctx := context.Background()
	d := openDepot(t, t.TempDir(), 50*time.Millisecond, jetstream.Sync("interval"))
	defer d.close()
	l, err := config.Load(config.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	m := newMade("s", 1, func(h bus.Header, message []byte) error {
		return d.ingest.PublishWait(ctx, h, append([]byte(nil), message...))
	})
	m.base = now.Add(-time.Hour).UnixNano()
	m.facts(100)
	if err := m.Flush(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the facts are sealed", func() bool { return d.events.Status().Segments > 0 })

	var said bytes.Buffer
	log := slog.New(slog.NewTextHandler(&said, nil))
	h := &Hub{o: RunOptions{Config: &l.Config, Log: log}, State: d.state, Events: d.events, captures: &captures{docs: d.state, dir: t.TempDir()}}
	start := func() { h.horizon = horizon{state: d.state, log: log} }
	at := func(ran, wall time.Duration) (facts int, hours int) {
		t.Helper()
		h.prune(ctx, now.Add(wall), ran)
		if err := d.events.Retain(ctx); err != nil {
			t.Fatal(err)
		}
		sums, err := d.state.Rollups(ctx, hub.RollupFilter{Dimension: hub.ByTotal})
		if err != nil {
			t.Fatal(err)
		}
		return len(flowsIn(t, d.events, "s")), len(sums)
	}
	const year = 2 * 365 * day // more than all is kept
	whole := func(when string, facts, sums int) {
		t.Helper()
		if facts != 100 || sums == 0 {
			t.Fatalf("%s: %d facts and %d sums are left", when, facts, sums)
		}
	}
	start()
	doubted := func(when, want string) {
		t.Helper()
		if got := h.horizon.doubt(); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: health says %q, want %q", when, got, want)
		}
	}
	facts, sums := at(0, 0)
	whole("at first", facts, sums)
	facts, sums = at(time.Hour, year)
	whole("ahead", facts, sums)
	doubted("ahead", "leapt 730 days ahead")
	if !strings.Contains(said.String(), "leapt") {
		t.Errorf("the log says %q", said.String())
	}
	start() // another run, with the wrong clock
	facts, sums = at(0, year+2*time.Hour)
	whole("ahead, started again", facts, sums)
	doubted("ahead, started again", "ahead")
	facts, sums = at(time.Hour, 3*time.Hour)
	whole("set right", facts, sums)
	doubted("set right", "")
	facts, sums = at(2*time.Hour, -year)
	whole("back", facts, sums)
	doubted("back", "behind")
	facts, sums = at(40*time.Hour, -year+38*time.Hour)
	whole("back for long", facts, sums)
	facts, sums = at(41*time.Hour, 39*time.Hour)
	whole("set right again", facts, sums)
	at(42*time.Hour, year)
	if facts, sums = at(70*time.Hour, year+28*time.Hour); facts != 0 || sums != 0 {
		t.Errorf("two years later %d facts and %d sums are left", facts, sums)
	}
}
