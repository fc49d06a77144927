package app

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// The bounds of messages that repeat themselves.
const (
	repeatEvery = 10 * time.Minute
	maxRepeats  = 256 // different messages that are remembered
)

// repeats lets the same warning or error through at most once in a while, so
// that a part that fails every few seconds fills no disk. The one that comes
// through next says how many were left out.
type repeats struct {
	slog.Handler
	attrs string // what With added
	seen  *seenMessages
}

type seenMessages struct {
	mu   sync.Mutex
	last map[string]*repeated
}

type repeated struct {
	told time.Time
	left int
}

// WithoutRepeats gives a handler that leaves out what repeats itself.
func WithoutRepeats(h slog.Handler) slog.Handler {
	return &repeats{Handler: h, seen: &seenMessages{last: map[string]*repeated{}}}
}

// Handle hands a record on, or counts it.
func (r *repeats) Handle(ctx context.Context, x slog.Record) error {
	if x.Level < slog.LevelWarn {
		return r.Handler.Handle(ctx, x)
	}
	var key strings.Builder
	key.WriteString(r.attrs + "\x00" + x.Message)
	x.Attrs(func(a slog.Attr) bool {
		key.WriteString("\x00" + a.String())
		return true
	})
	left, tell := r.seen.take(key.String(), x.Time)
	if !tell {
		return nil
	}
	if left > 0 {
		x = x.Clone()
		x.AddAttrs(slog.Int("repeated", left))
	}
	return r.Handler.Handle(ctx, x)
}

// take reports whether a message is told, and how many like it were not.
func (s *seenMessages) take(key string, now time.Time) (left int, tell bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.last[key]
	if m != nil && now.Sub(m.told).Abs() < repeatEvery {
		m.left++
		return 0, false
	}
	if m == nil {
		if len(s.last) >= maxRepeats {
			clear(s.last)
		}
		m = &repeated{}
		s.last[key] = m
	}
	left, m.told, m.left = m.left, now, 0
	return left, true
}

// WithAttrs is part of slog.Handler.
func (r *repeats) WithAttrs(attrs []slog.Attr) slog.Handler {
	text := r.attrs
	for _, a := range attrs {
		text += "\x00" + a.String()
	}
	return &repeats{r.Handler.WithAttrs(attrs), text, r.seen}
}

// WithGroup is part of slog.Handler.
func (r *repeats) WithGroup(name string) slog.Handler {
	return &repeats{r.Handler.WithGroup(name), r.attrs + "\x00" + name, r.seen}
}
