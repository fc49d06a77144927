package app

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// TestRepeats wants a failure that goes on told now and then, with how often,
// and other messages told at once.
func TestRepeats(t *testing.T) {
	var out bytes.Buffer
	h := WithoutRepeats(slog.NewTextHandler(&out, nil))
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	say := func(h slog.Handler, level slog.Level, text string, args ...any) {
		t.Helper()
		x := slog.NewRecord(now, level, text, 0)
		x.Add(args...)
		if err := h.Handle(t.Context(), x); err != nil {
			t.Fatal(err)
		}
	}
	for range 125 { // every 5 seconds
		say(h, slog.LevelWarn, "tried again", "error", errors.New("away"))
		now = now.Add(5 * time.Second)
	}
	if n := strings.Count(out.String(), "tried again"); n != 2 || strings.Count(out.String(), "repeated=119") != 1 {
		t.Errorf("%d times told:\n%s", n, out.String())
	}
	out.Reset()
	say(h, slog.LevelWarn, "tried again", "error", errors.New("damaged"))
	say(h.WithAttrs([]slog.Attr{slog.String("part", "a")}), slog.LevelWarn, "tried again", "error", errors.New("away"))
	now = now.AddDate(-1, 0, 0) // the clock goes back
	say(h, slog.LevelWarn, "tried again", "error", errors.New("away"))
	for range 3 {
		say(h, slog.LevelInfo, "begun")
	}
	if n := strings.Count(out.String(), "\n"); n != 6 {
		t.Errorf("%d lines, want 6:\n%s", n, out.String())
	}
	for i := range 10 * maxRepeats {
		say(h, slog.LevelError, strings.Repeat("x", i))
	}
	if n := len(h.(*repeats).seen.last); n > maxRepeats {
		t.Errorf("%d messages are remembered", n)
	}
}
