package hub

import (
	"encoding/json"
	"testing"
	"time"
)

// TestHorizon sets the wall clock to and fro and wants ages to be counted at
// the time that it should be.
func TestHorizon(t *testing.T) {
	const day = 24 * time.Hour
	const year = 365 * day
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	type step struct {
		ran  time.Duration // since the start of this run
		wall time.Duration // since start
		want time.Duration // since start
	}
	for name, steps := range map[string][]step{
		"goes on":                   {{0, 0, 0}, {time.Hour, time.Hour, time.Hour}, {40 * day, 40 * day, 40 * day}},
		"is set by hours":           {{0, 0, 0}, {time.Hour, 6 * time.Hour, 6 * time.Hour}, {2 * time.Hour, 2 * time.Hour, 2 * time.Hour}},
		"ahead a year and back":     {{0, 0, 0}, {time.Hour, year, time.Hour}, {20 * time.Hour, year + 19*time.Hour, 20 * time.Hour}, {30 * time.Hour, 30 * time.Hour, 30 * time.Hour}, {31 * time.Hour, 31 * time.Hour, 31 * time.Hour}},
		"ahead a year, and stays":   {{0, 0, 0}, {time.Hour, year, time.Hour}, {24 * time.Hour, year + 23*time.Hour, 24 * time.Hour}, {26 * time.Hour, year + 25*time.Hour, year + 25*time.Hour}, {27 * time.Hour, year + 26*time.Hour, year + 26*time.Hour}},
		"ahead again and again":     {{0, 0, 0}, {20 * time.Hour, year, 20 * time.Hour}, {40 * time.Hour, 2 * year, 40 * time.Hour}, {60 * time.Hour, 3 * year, 60 * time.Hour}, {80 * time.Hour, 4 * year, 80 * time.Hour}},
		"creeps ahead":              {{0, 0, 0}, {time.Hour, 20 * time.Hour, 20 * time.Hour}, {2 * time.Hour, 40 * time.Hour, 2 * time.Hour}, {3 * time.Hour, 60 * time.Hour, 3 * time.Hour}},
		"back a year and ahead":     {{0, 0, 0}, {time.Hour, -year, -year}, {20 * time.Hour, -year + 19*time.Hour, -year + 19*time.Hour}, {21 * time.Hour, 21 * time.Hour, 21 * time.Hour}},
		"back a year, then a month": {{0, 0, 0}, {time.Hour, -year, -year}, {26 * time.Hour, -year + 25*time.Hour, -year + 25*time.Hour}, {27 * time.Hour, -year + 30*day, -year + 26*time.Hour}},
	} {
		t.Run(name, func(t *testing.T) {
			h := &Horizon{}
			for i, s := range steps {
				got := h.At(start.Add(s.wall).UnixNano(), s.ran)
				if want := start.Add(s.want).UnixNano(); got != want {
					t.Errorf("step %d: %s, want %s", i, time.Unix(0, got).UTC(), time.Unix(0, want).UTC())
				}
			}
		})
	}
}

// TestHorizonOverRuns wants a clock that leapt while the hub was off to be
// doubted as well, and the waiting to go on over starts.
func TestHorizonOverRuns(t *testing.T) {
	const day = 24 * time.Hour
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano()
	h := &Horizon{Believed: start}
	again := func() {
		b, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		h = &Horizon{}
		if err := json.Unmarshal(b, h); err != nil {
			t.Fatal(err)
		}
	}
	wall := start + int64(300*day)
	if got := h.At(wall, time.Minute); got != start || h.Leap == 0 {
		t.Errorf("after a leap between two runs: %s later", time.Duration(got-start))
	}
	if got := h.At(wall+int64(15*time.Hour), 15*time.Hour+time.Minute); got != start+int64(15*time.Hour) {
		t.Errorf("15 hours later: %s", time.Duration(got-start))
	}
	again()
	wall += int64(15*time.Hour + time.Minute)
	if got := h.At(wall, 0); got >= wall || h.Waited < int64(14*time.Hour) {
		t.Errorf("after a start: %s, waited for %s", time.Duration(got-start), time.Duration(h.Waited))
	}
	if got := h.At(wall+int64(10*time.Hour), 10*time.Hour); got != wall+int64(10*time.Hour) || h.Leap != 0 {
		t.Errorf("it is not believed after a day: %+v", h)
	}
	again()
	if got := h.At(wall+int64(20*time.Hour), 0); got != wall+int64(20*time.Hour) {
		t.Errorf("ten hours off: %s", time.Duration(got-wall))
	}
}
