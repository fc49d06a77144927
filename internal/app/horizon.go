//go:build !sensor

package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/store/state"
)

// Where the horizon is kept between runs.
const (
	horizonKind = "horizon"
	horizonKey  = "clock"
)

// horizon keeps the hub.Horizon of housekeeping in the state and says when it
// doubts the clock.
type horizon struct {
	state *state.Store
	log   *slog.Logger

	mu sync.Mutex // guards what follows
	h  *hub.Horizon
}

// at gives the time at which ages are counted, see hub.Horizon. It fails when
// what the last run knew cannot be read: then nothing may be forgotten.
func (x *horizon) at(ctx context.Context, wall int64, ran time.Duration) (int64, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.h == nil {
		h, err := x.read(ctx)
		if err != nil {
			return 0, err
		}
		x.h = h
	}
	was := x.h.Leap
	now := x.h.At(wall, ran)
	switch leap := x.h.Leap; {
	case leap != 0 && was == 0:
		x.log.Warn("the clock of this machine leapt; what is old is kept until it has gone on from there for a day", "by", time.Duration(leap).Round(time.Second), "to", ident.Time(wall))
	case leap == 0 && was != 0:
		x.log.Info("the clock of this machine is believed again", "at", ident.Time(wall))
	}
	b, err := json.Marshal(x.h)
	if err != nil {
		return 0, fmt.Errorf("keep the horizon: %w", err)
	}
	return now, x.state.PutDocument(ctx, 0, horizonKind, horizonKey, b)
}

// read gives what the last run knew. A hub that kept nothing yet goes by when
// it last sealed facts.
func (x *horizon) read(ctx context.Context) (*hub.Horizon, error) {
	h := &hub.Horizon{}
	b, err := x.state.Document(ctx, 0, horizonKind, horizonKey)
	if err == nil {
		if err := json.Unmarshal(b, h); err != nil {
			return nil, fmt.Errorf("read the horizon: %w", err)
		}
		return h, nil
	}
	if ident.CodeOf(err) != ident.NotFound {
		return nil, err
	}
	segments, err := x.state.Segments(ctx)
	for i := range segments {
		h.Believed = max(h.Believed, segments[i].Sealed)
	}
	return h, err
}

// doubt says that the clock is not believed; empty when it is.
func (x *horizon) doubt() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.h == nil || x.h.Leap == 0 {
		return ""
	}
	by, to := time.Duration(x.h.Leap), "ahead of"
	if by < 0 {
		by, to = -by, "behind"
	}
	return fmt.Sprintf("it leapt %d days %s where it should be; ages are not counted by it until it has gone on so for a day", int((by+day/2)/day), to)
}
