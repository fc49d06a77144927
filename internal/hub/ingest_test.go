package hub_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"edgeward/internal/bus"
	"edgeward/internal/bus/jetstream"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
)

// shelf stands for both stores; either can be made to fail.
type shelf struct {
	mu        sync.Mutex
	applyErr  error
	sealErr   error
	applied   []uint64 // sequence numbers of batches
	appended  []uint64
	sealed    int // of appended
	projected hub.Checkpoint
	saved     hub.Checkpoint
	poison    uint64 // batch that the state cannot hold
}

func (s *shelf) Apply(_ context.Context, messages []hub.Message) (hub.Outcome, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.applyErr != nil {
		return hub.Outcome{}, s.applyErr
	}
	for i := range messages {
		if messages[i].Batch.Seq == s.poison {
			return hub.Outcome{}, ident.Errorf(ident.Invalid, "", "batch %d cannot be stored", s.poison)
		}
	}
	var o hub.Outcome
	for i := range messages {
		m := &messages[i]
		if s.projected.Seen(m.Stream, m.Seq, m.Source(), m.Batch.Seq) {
			o.Skipped++
		} else {
			s.applied = append(s.applied, m.Batch.Seq)
			o.Applied++
			o.Changes = append(o.Changes, hub.Change{Kind: hub.DeviceChanged, ID: fmt.Sprint(m.Batch.Seq)})
		}
		s.projected.Take(m.Stream, m.Seq, m.Source(), m.Batch.Seq)
	}
	return o, nil
}

func (s *shelf) Checkpoint(context.Context) (hub.Checkpoint, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.projected.Clone(), s.applyErr
}

func (s *shelf) Append(_ context.Context, b *bus.Batch, _ string, _ uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.appended = append(s.appended, b.Seq)
	return nil
}

func (s *shelf) Due() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.appended) > s.sealed
}

func (s *shelf) Seal(_ context.Context, cp *hub.Checkpoint) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sealErr != nil {
		return s.sealErr
	}
	s.sealed, s.saved = len(s.appended), cp.Clone()
	return nil
}

// Update is the ledger's: it gives the checkpoint of the event log.
func (s *shelf) Update(_ context.Context, f func(hub.Tx) error) error { return f(shelfTx{shelf: s}) }

type shelfTx struct {
	hub.Tx
	shelf *shelf
}

func (t shelfTx) Checkpoint(string) (hub.Checkpoint, error) {
	t.shelf.mu.Lock()
	defer t.shelf.mu.Unlock()
	return t.shelf.saved.Clone(), nil
}

func (s *shelf) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// crash forgets what was not sealed, as the end of the process does.
func (s *shelf) crash() {
	s.set(func() { s.appended = s.appended[:s.sealed] })
}

func stream(t *testing.T) *jetstream.Stream {
	t.Helper()
	s, err := jetstream.Open(t.Context(), jetstream.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// take starts ingest; the function that it gives ends it.
func take(t *testing.T, st *jetstream.Stream, s *shelf, live *hub.Live) (*hub.Ingest, func()) {
	t.Helper()
	i := hub.NewIngest(hub.IngestOptions{Stream: st, Projection: s, Log: s, Ledger: s, Live: live})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = i.Run(ctx) }()
	end := sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(end)
	return i, end
}

func publishBatches(t *testing.T, i *hub.Ingest, from, to uint64) {
	t.Helper()
	for seq := from; seq < to; seq++ {
		if err := i.Publish(t.Context(), bus.Header{Sensor: "s", Boot: 1, Seq: seq}, batch(t, "s", 1, seq)); err != nil {
			t.Fatal(err)
		}
	}
}

func wantOnce(t *testing.T, what string, got []uint64, to uint64) {
	t.Helper()
	if uint64(len(got)) != to-1 || !slices.IsSorted(got) || got[0] != 1 || got[len(got)-1] != to-1 {
		t.Errorf("%s: %d batches, want each of 1 to %d once and in order", what, len(got), to-1)
	}
}

func TestStoresThatAreAwayLoseNothing(t *testing.T) {
	st := stream(t)
	s := &shelf{}
	i, _ := take(t, st, s, nil)
	publishBatches(t, i, 1, 101)
	eventually(t, "the first batches are in", func() bool { h := i.Health(); return h.State == hub.Running && h.Taken == 100 && h.Unsealed == 0 })

	s.set(func() { s.applyErr = ident.Errorf(ident.Unavailable, "start it", "the database does not answer") })
	publishBatches(t, i, 101, 201)
	eventually(t, "the state says that the database is away", func() bool {
		h := i.Health()
		return h.State == hub.StoreAway && strings.Contains(h.Problem, "does not answer") && h.Hint == "start it"
	})
	if info, err := st.Info(t.Context()); err != nil || info.Messages < 100 {
		t.Errorf("the stream has let go of what is not stored: %+v, %v", info, err)
	}
	s.set(func() { s.applyErr = nil })
	eventually(t, "ingest goes on", func() bool { h := i.Health(); return h.State == hub.Running && h.Taken == 200 && h.Backlog == 0 })

	s.set(func() { s.sealErr = ident.Errorf(ident.Unavailable, "", "seal: %w", syscall.ENOSPC) })
	publishBatches(t, i, 201, 301)
	eventually(t, "the state says that the disk is full", func() bool { return i.Health().State == hub.DiskFull })
	s.set(func() { s.sealErr = nil })
	eventually(t, "everything is released", func() bool {
		info, err := st.Info(t.Context())
		return err == nil && info.Messages == 0 && i.Health().State == hub.Running
	})
	s.set(func() {
		wantOnce(t, "state", s.applied, 301)
		wantOnce(t, "log", s.appended, 301)
	})
}

// TestADamagedStoreLosesNothing wants a group of batches that meets damage to
// wait, not to be set aside as if the batches were at fault.
func TestADamagedStoreLosesNothing(t *testing.T) {
	st := stream(t)
	s := &shelf{}
	i, end := take(t, st, s, nil)
	publishBatches(t, i, 1, 11)
	eventually(t, "the first batches are in", func() bool { h := i.Health(); return h.Taken == 10 && h.Unsealed == 0 })
	damage := ident.Errorf(ident.Damaged, "restore a backup", "the store is damaged")
	s.set(func() { s.applyErr = damage })
	publishBatches(t, i, 11, 21)
	said := func() bool {
		h := i.Health()
		return h.State == hub.Damaged && strings.Contains(h.Problem, "is damaged") && h.Hint == "restore a backup" && h.Quarantined == 0
	}
	eventually(t, "the state says that the store is damaged", said)
	end()
	i, _ = take(t, st, s, nil) // and so it does when it is started again
	eventually(t, "the state says that the store is damaged", said)
	s.set(func() { s.applyErr = nil })
	eventually(t, "all is in", func() bool { h := i.Health(); return h.State == hub.Running && h.Taken == 20 && h.Backlog == 0 })
	s.set(func() { wantOnce(t, "state", s.applied, 21) })
}

func TestEachSideResumesWhereItWas(t *testing.T) {
	st := stream(t)
	s := &shelf{}
	_, end := take(t, st, s, nil)
	i, _ := take(t, st, &shelf{}, nil) // only to publish
	publishBatches(t, i, 1, 51)
	eventually(t, "batches are in", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.applied) == 50 && s.sealed == 50
	})
	end()
	// The state has 20 more than the log when the process dies.
	s.set(func() {
		s.saved.Seq, s.saved.Marks = 30, map[hub.Source]uint64{{Sensor: "s", Boot: 1}: 30}
		s.sealed = 30
	})
	s.crash()
	fresh := stream(t) // the log's 20 are still in a stream that was made anew
	j, _ := take(t, fresh, s, nil)
	publishBatches(t, j, 21, 81)
	eventually(t, "the rest is in", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.applied) == 80 && s.sealed == 80
	})
	s.set(func() {
		wantOnce(t, "state", s.applied, 81)
		wantOnce(t, "log", s.appended, 81)
	})
	if h := j.Health(); h.Duplicates != 30 || h.Missing != 0 {
		t.Errorf("health: %+v", h)
	}
}

func TestABatchThatCannotBeStoredIsSetAside(t *testing.T) {
	s := &shelf{poison: 5}
	i, _ := take(t, stream(t), s, nil)
	publishBatches(t, i, 1, 11)
	publishBatches(t, i, 13, 14) // two are missing
	eventually(t, "the others are in", func() bool { return i.Health().Taken == 11 })
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := i.Health(); len(s.applied) != 10 || slices.Contains(s.applied, 5) || h.Quarantined != 1 || h.Missing != 2 || !strings.Contains(h.LastBad, "batch 5") {
		t.Errorf("applied %v, %+v", s.applied, h)
	}
}

func TestChangesAreToldLive(t *testing.T) {
	live := hub.NewLive(nil)
	ctx, cancel := context.WithCancel(t.Context())
	c := live.Subscribe(ctx, 0)
	i, _ := take(t, stream(t), &shelf{}, live)
	publishBatches(t, i, 1, 4)
	for n := uint64(1); n <= 3; n++ {
		select {
		case x := <-c:
			if x.Seq != n || x.ID != fmt.Sprint(n) || x.Time == 0 {
				t.Errorf("change %d is %+v", n, x)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("no change was told")
		}
	}
	again := live.Subscribe(t.Context(), 1)
	if x := <-again; x.Seq != 2 {
		t.Errorf("who comes back after 1 gets %+v", x)
	}
	cancel()
	eventually(t, "a reader that left is forgotten", func() bool { n, _ := live.Readers(); return n == 1 })
	for n := range 2000 { // more than may wait for one who does not read
		live.Tell(hub.Change{ID: fmt.Sprint(n)})
	}
	if n, dropped := live.Readers(); n != 0 || dropped != 1 {
		t.Errorf("%d readers, %d dropped", n, dropped)
	}
	last := uint64(0)
	for x := range again { // what waited, then closed
		last = x.Seq
	}
	if x := <-live.Subscribe(t.Context(), last); x.Seq != last+1 {
		t.Errorf("after %d comes %d", last, x.Seq)
	}
}
