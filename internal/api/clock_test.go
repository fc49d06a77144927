//go:build !sensor

package api

import (
	"net/http"
	"testing"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/hub"
)

// TestClockGoesBack wants the clock's jumps back by an hour and by a year to
// lengthen no session and no wait, and what is shown to be of today.
func TestClockGoesBack(t *testing.T) {
	for _, jump := range []time.Duration{time.Hour, 365 * 24 * time.Hour} {
		t.Run(jump.String(), func(t *testing.T) {
			h := newHouse(t)
			ctx := t.Context()
			a, old := h.login("admin0", nil, nil)
			want(t, a, http.StatusOK)
			want(t, old.do(get, "/devices", nil), http.StatusOK)
			guess := func() int {
				return h.send(request{get, prefix + "/devices", nil, map[string]string{"Authorization": "Bearer edw_wrong"}}).status
			}
			for range 30 {
				guess()
			}
			if got := guess(); got != http.StatusTooManyRequests {
				t.Fatalf("one who guesses gets %d", got)
			}
			want(t, h.as("admin0", get, "/overview", nil), http.StatusOK) // so that it is kept who is who

			h.clock.move(-jump)
			want(t, old.do(get, "/devices", nil), http.StatusUnauthorized)
			a, again := h.login("admin0", nil, nil)
			want(t, a, http.StatusOK)
			want(t, again.do(get, "/devices", nil), http.StatusOK)
			want(t, h.as("admin0", get, "/devices", nil), http.StatusOK)
			if s, err := h.state.Sensor(ctx, 0, "sensor-north"); err != nil || h.s.state(s) != "silent" {
				t.Errorf("a sensor that was heard of in the future: %v, %v", h.s.state(s), err)
			}

			guess() // the wait begins anew
			h.clock.move(20 * time.Minute)
			if got := guess(); got != http.StatusUnauthorized {
				t.Errorf("after the longest wait one who guesses gets %d", got)
			}
			if err := h.state.PutDocument(ctx, 0, hub.SettingsKind, "access", []byte(`{"idle_minutes":1,"max_hours":1}`)); err != nil {
				t.Fatal(err)
			}
			h.clock.move(6 * time.Second)
			if rules := h.s.rules(ctx, 0); rules.IdleMinutes != 1 {
				t.Errorf("the rules are those of before: %+v", rules)
			}
			h.clock.move(2 * time.Minute)
			want(t, again.do(get, "/devices", nil), http.StatusUnauthorized)
		})
	}
}

// TestPassiveSensors wants what stands for uploads or is carried by hand never
// to count as silent.
func TestPassiveSensors(t *testing.T) {
	h := newHouse(t)
	now := h.clock.now().UnixNano()
	if err := h.state.PutSensor(t.Context(), &account.Sensor{ID: "uploads", Name: "Uploaded captures", Local: true, Passive: true, Enrolled: now, Seen: now, Packets: 1}); err != nil {
		t.Fatal(err)
	}
	silent := func() (n int, uploads string) {
		var c Coverage
		h.as("admin0", get, "/coverage", nil).decode(t, &c)
		var one Sensor
		h.as("admin0", get, "/sensors/uploads", nil).decode(t, &one)
		return c.Silent, one.State
	}
	h.clock.move(24 * time.Hour)
	if n, state := silent(); n != 2 || state != "ok" {
		t.Errorf("%d sensors are silent, want the two others; the uploads are %s", n, state)
	}
}
