package hub

import (
	"errors"
	"strings"
	"sync"
	"syscall"
	"time"

	"edgeward/internal/bus"
	"edgeward/internal/ident"
)

// IngestState says what ingest is doing.
type IngestState string

// The states of ingest.
const (
	Starting   IngestState = "starting"
	Running    IngestState = "running"
	DiskFull   IngestState = "disk full"
	StoreAway  IngestState = "store unreachable"
	StreamAway IngestState = "stream unreachable"
	Damaged    IngestState = "store damaged"
	Stopped    IngestState = "stopped"
)

// IngestHealth is a snapshot for console and metrics. Counters count since
// the hub's start.
type IngestHealth struct {
	State   IngestState
	Problem string // why it does not run, or why batches are refused
	Hint    string
	Since   time.Time // of the state

	Refusing    bool   // the stream takes no batches: sensors keep theirs
	Refused     uint64 // batches
	Taken       uint64 // number of the last message that was taken in
	Backlog     uint64 // messages that were not taken in yet
	Unsealed    uint64 // messages that were taken in and are not sealed yet
	StreamBytes uint64
	StreamMax   uint64
	Last        time.Time // when a batch was taken in
	Lag         time.Duration
	Batches     uint64
	Facts       uint64
	Duplicates  uint64
	Missing     uint64 // batches that never came, by the sensors' own numbers
	Quarantined uint64
	LastBad     string // why a message was set aside last
}

// health guards the snapshot.
type health struct {
	clock ident.Clock
	mu    sync.Mutex
	s     IngestHealth
	read  uint64 // number of the last message that was taken in
	seal  uint64
	last  uint64 // number of the stream's last message
}

// Health gives a snapshot.
func (i *Ingest) Health() IngestHealth {
	i.h.mu.Lock()
	defer i.h.mu.Unlock()
	s := i.h.s
	s.Taken = i.h.read
	s.Backlog = i.h.last - min(i.h.read, i.h.last)
	s.Unsealed = i.h.read - min(i.h.seal, i.h.read)
	return s
}

func (h *health) change(f func(s *IngestHealth)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f(&h.s)
}

// set notes a state with its reason.
func (h *health) set(state IngestState, err error) {
	h.change(func(s *IngestHealth) {
		if s.State != state {
			s.Since = h.clock()
		}
		s.State, s.Problem, s.Hint = state, "", ""
		if err != nil {
			s.Problem, s.Hint = err.Error(), ident.HintOf(err)
		}
	})
}

// working notes that it runs, unless batches are refused.
func (h *health) working() {
	h.mu.Lock()
	running := h.s.State == Running || h.s.Refusing
	h.mu.Unlock()
	if !running {
		h.set(Running, nil)
	}
}

// published notes how storing a batch in the stream went.
func (h *health) published(err error) {
	if err == nil {
		h.mu.Lock()
		was := h.s.Refusing
		h.s.Refusing = false
		h.mu.Unlock()
		if was {
			h.set(Running, nil)
		}
		return
	}
	h.change(func(s *IngestHealth) {
		s.Refused++
		s.Refusing = true
	})
	state := stateOf(err)
	if state == StoreAway {
		state = StreamAway
	}
	h.set(state, err)
}

// stateOf tells a full disk and damage from a store that is away.
func stateOf(err error) IngestState {
	if ident.CodeOf(err) == ident.Damaged {
		return Damaged
	}
	text := err.Error()
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || strings.Contains(text, "is full") || strings.Contains(text, "disk I/O error: no space") {
		return DiskFull
	}
	return StoreAway
}

func (h *health) streamed(i bus.StreamInfo, from uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.read, h.last = max(from, 1)-1, i.Last
	if h.seal == 0 || h.seal > h.read {
		h.seal = h.read
	}
	h.s.StreamBytes, h.s.StreamMax = i.Bytes, i.MaxBytes
}

func (h *health) info(i bus.StreamInfo) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = max(h.last, i.Last)
	h.s.StreamBytes, h.s.StreamMax = i.Bytes, i.MaxBytes
}

func (h *health) taken(g group, out Outcome) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.read, h.last = g.last, max(h.last, g.last)
	h.s.Last = h.clock()
	h.s.Duplicates += uint64(out.Skipped)
	for i := range g.messages {
		h.s.Batches++
		h.s.Facts += uint64(len(g.messages[i].Batch.Facts))
	}
	if n := len(g.messages); n > 0 {
		h.s.Lag = h.s.Last.Sub(time.Unix(0, g.messages[n-1].Stored))
	}
}

func (h *health) sealed(seq uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seal = seq
}

func (h *health) missing(n uint64) { h.change(func(s *IngestHealth) { s.Missing += n }) }

func (h *health) quarantined(cause error) {
	h.change(func(s *IngestHealth) {
		s.Quarantined++
		s.LastBad = cause.Error()
	})
}
