package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// bar shows the progress on a terminal. It is a few lines of our own because
// the libraries for it bring a web client into a program that parses hostile
// packets.
type bar struct {
	w     io.Writer // nil when there is nothing to be shown
	width int
	start time.Time
	next  time.Time
	shown bool
}

func (s *streams) progress(quiet bool) *bar {
	f, ok := s.err.(*os.File)
	if quiet || !ok || !term.IsTerminal(int(f.Fd())) {
		return &bar{}
	}
	now := time.Now()
	return &bar{w: f, width: 30, start: now, next: now.Add(300 * time.Millisecond)}
}

// set shows how many bytes of how many have been read; total is 0 when that
// is not known.
func (b *bar) set(done, total int64) {
	now := time.Now()
	if b.w == nil || now.Before(b.next) {
		return
	}
	b.next, b.shown = now.Add(100*time.Millisecond), true
	rate := float64(done) / (1 << 20) / now.Sub(b.start).Seconds()
	if total <= 0 {
		fmt.Fprintf(b.w, "\r\x1b[Kreading %d MiB, %.0f MiB/s", done>>20, rate)
		return
	}
	share := min(float64(done)/float64(total), 1)
	full := int(share * float64(b.width))
	left := time.Duration(float64(now.Sub(b.start)) * (1 - share) / max(share, 1e-6)).Round(time.Second)
	fmt.Fprintf(b.w, "\r\x1b[Kreading [%s%s] %3.0f %%  %.0f MiB/s  %v left", strings.Repeat("█", full), strings.Repeat("░", b.width-full), share*100, rate, left)
}

// finish takes the bar away.
func (b *bar) finish() {
	if b.w != nil && b.shown {
		fmt.Fprint(b.w, "\r\x1b[K")
	}
}
