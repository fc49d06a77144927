//go:build !sensor

package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"edgeward/internal/hub"
)

// The bounds of live views.
const (
	maxStreams  = 200
	heartbeat   = 15 * time.Second
	streamWrite = 30 * time.Second // a client that does not take its bytes in this time is let go
	streamLife  = 30 * time.Minute // then the client comes back, with its rights looked at anew
)

// stream tells what changes, as server-sent events (HTML, 9.2).
func (s *Server) stream(ctx context.Context, in *streamQuery) (*huma.StreamResponse, error) {
	if s.Live == nil {
		return nil, away("the live view")
	}
	if s.streams.Add(1) > maxStreams {
		s.streams.Add(-1)
		return nil, later(heartbeat, "too many live views are open")
	}
	after, _ := strconv.ParseUint(in.After, 10, 64) // 0, from now on, when it is no number
	c := who(ctx)
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer s.streams.Add(-1)
		_, w := humago.Unwrap(hc)
		hc.SetHeader("Content-Type", "text/event-stream")
		hc.SetHeader("X-Accel-Buffering", "no")
		hc.SetStatus(http.StatusOK)
		ctx, cancel := context.WithTimeout(ctx, streamLife)
		defer cancel()
		l := &listener{s: s, c: c, kinds: in.Kinds, w: w, control: http.NewResponseController(w)}
		l.follow(ctx, after)
	}}, nil
}

// listener is one client of the live view.
type listener struct {
	s       *Server
	c       *caller
	kinds   []string
	w       http.ResponseWriter
	control *http.ResponseController
}

// follow writes changes until the context ends or the client is gone.
func (l *listener) follow(ctx context.Context, after uint64) {
	if l.write("retry: 3000\n\n") != nil {
		return
	}
	changes := l.s.Live.Subscribe(ctx, after)
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			if !l.allowed(ctx) || l.write(": \n\n") != nil {
				return
			}
		case x, more := <-changes:
			if !more { // too slow: the client comes back and says what it saw last
				return
			}
			if !l.wants(x) {
				continue
			}
			b, err := json.Marshal(Change{string(x.Kind), x.ID, x.Site, x.New, Time(x.Time)})
			if err != nil || l.write(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", x.Seq, x.Kind, b)) != nil {
				return
			}
		}
	}
}

// wants reports whether a change is the caller's to see, and asked for. What
// belongs to no site is told to those of all sites, but for the counters.
func (l *listener) wants(x hub.Change) bool {
	return x.Tenant == l.c.tenant && (l.c.sees(x.Site) || x.Kind == hub.StatsChanged && x.Site == "") &&
		(len(l.kinds) == 0 || slices.Contains(l.kinds, string(x.Kind)))
}

// allowed reports whether the caller may still listen: a session that ended
// and a token that was revoked end their live views too.
func (l *listener) allowed(ctx context.Context) bool {
	switch {
	case l.c.session != nil:
		x, err := l.s.Sessions.Session(ctx, l.c.session.Hash)
		if err != nil || l.s.now() >= x.Expires {
			return false
		}
	case l.c.token != nil && l.c.token.Hash != "":
		t, err := l.s.Tokens.TokenByHash(ctx, l.c.token.Hash)
		if err != nil || t.Revoked {
			return false
		}
	}
	return true
}

func (l *listener) write(text string) error {
	_ = l.control.SetWriteDeadline(time.Now().Add(streamWrite)) // not every connection has deadlines
	if _, err := l.w.Write([]byte(text)); err != nil {
		return err
	}
	return l.control.Flush()
}
