//go:build !sensor

package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// group runs the parts of a service. They are started in the order in which
// they were added and ended in the opposite order, each only when those that
// were started after it have come to their end: who gives work ends before who
// takes it. When one fails, all end.
type group struct {
	log   *slog.Logger
	parts []*part
	ended chan *part
}

type part struct {
	name   string
	cancel context.CancelFunc
	done   chan struct{}
	err    error
}

func newGroup(log *slog.Logger) *group { return &group{log: log, ended: make(chan *part, 64)} }

// run starts a part, which works until its context ends.
func (g *group) run(name string, work func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	p := &part{name: name, cancel: cancel, done: make(chan struct{})}
	g.parts = append(g.parts, p)
	go func() {
		defer close(p.done)
		p.err = work(ctx)
		if errors.Is(p.err, context.Canceled) && ctx.Err() != nil {
			p.err = nil
		}
		g.ended <- p
	}()
}

// closing adds something that is closed in its turn.
func (g *group) closing(name string, end func() error) {
	g.run(name, func(ctx context.Context) error {
		<-ctx.Done()
		return end()
	})
}

// wait waits until the context ends or a part does, and ends all.
func (g *group) wait(ctx context.Context) error {
	var failed error
	select {
	case <-ctx.Done():
	case p := <-g.ended:
		if p.err == nil {
			p.err = errors.New("it ended by itself")
		}
		failed = fmt.Errorf("%s: %w", p.name, p.err)
	}
	return errors.Join(failed, g.stop())
}

// stop ends all parts, the last first. A part that takes long is named.
func (g *group) stop() error {
	var errs []error
	for i := len(g.parts) - 1; i >= 0; i-- {
		p := g.parts[i]
		began := time.Now()
		p.cancel()
		slow := time.AfterFunc(5*time.Second, func() { g.log.Warn("still ending", "part", p.name) })
		<-p.done
		slow.Stop()
		g.log.Debug("ended", "part", p.name, "after", time.Since(began).Round(time.Millisecond))
		if p.err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", p.name, p.err))
		}
	}
	g.parts = nil
	return dedupe(errs)
}

// dedupe joins errors, each text once.
func dedupe(errs []error) error {
	seen := map[string]bool{}
	var out []error
	for _, e := range errs {
		if !seen[e.Error()] {
			seen[e.Error()] = true
			out = append(out, e)
		}
	}
	return errors.Join(out...)
}
