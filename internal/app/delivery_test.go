//go:build !sensor

package app

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"edgeward/internal/asset"
	"edgeward/internal/bus"
	"edgeward/internal/bus/jetstream"
	"edgeward/internal/event"
	"edgeward/internal/hub"
	"edgeward/internal/ident"
	"edgeward/internal/query"
	"edgeward/internal/store/segment"
	"edgeward/internal/store/state"
)

// depot is the hub's delivery and its stores, as Run brings them together.
type depot struct {
	stream *jetstream.Stream
	state  *state.Store
	events *segment.Log
	ingest *hub.Ingest
	cancel context.CancelFunc
	done   chan struct{}
}

func openDepot(tb testing.TB, dir string, sealAfter time.Duration, sync jetstream.Sync) *depot {
	tb.Helper()
	stream, err := jetstream.Open(context.Background(), jetstream.Options{Dir: filepath.Join(dir, "stream"), Sync: sync})
	if err != nil {
		tb.Fatal(err)
	}
	return openDepotWith(tb, stream, "sqlite:"+filepath.Join(dir, "state.db"), filepath.Join(dir, "events"), sealAfter)
}

// openDepotOn is openDepot on a stream and a database of the caller's.
func openDepotOn(tb testing.TB, stream *jetstream.Stream, dsn, events string) *depot {
	tb.Helper()
	return openDepotWith(tb, stream, dsn, events, 200*time.Millisecond)
}

func openDepotWith(tb testing.TB, stream *jetstream.Stream, dsn, events string, sealAfter time.Duration) *depot {
	tb.Helper()
	ctx := context.Background()
	d := &depot{stream: stream, done: make(chan struct{})}
	var err error
	if d.state, err = state.Open(ctx, dsn, state.Options{}); err != nil {
		tb.Fatal(err)
	}
	if d.events, err = segment.Open(ctx, segment.Options{Dir: events, Manifest: d.state, SealAfter: sealAfter}); err != nil {
		tb.Fatal(err)
	}
	d.ingest = hub.NewIngest(hub.IngestOptions{Stream: d.stream, Projection: hub.NewProjector(d.state, hub.ProjectorOptions{}), Log: d.events, Ledger: d.state})
	ctx, d.cancel = context.WithCancel(ctx)
	go func() {
		defer close(d.done)
		if err := d.ingest.Run(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "ingest:", err)
		}
	}()
	return d
}

func (d *depot) close() {
	d.cancel()
	<-d.done
	d.events.Close()
	d.state.Close()
	d.stream.Close()
}

// made makes the batches of a sensor: flows of a few hosts with increasing
// flow numbers, so that each can be told from all others.
type made struct {
	*bus.Recorder
	flow uint64
	base int64
}

func newMade(sensor string, boot uint64, emit func(bus.Header, []byte) error) *made {
	return &made{
		Recorder: bus.NewRecorder(bus.RecorderOptions{Sensor: sensor, Boot: boot, Emit: emit}),
		base:     time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano(),
	}
}

func (m *made) facts(n int) {
	var b event.Batch
	for range n {
		m.flow++
		h := event.Header{
			Time: m.base + int64(m.flow)*int64(time.Millisecond), Packet: m.flow, Flow: m.flow,
			Src: netip.AddrFrom4([4]byte{192, 168, 1, byte(m.flow % 50)}), Dst: netip.AddrFrom4([4]byte{198, 51, 100, byte(m.flow % 200)}),
			SrcPort: uint16(m.flow), DstPort: 443, Transport: 6,
		}
		body := event.Add[event.Flow](&b, &h, event.Order{Packet: m.flow})
		body.BytesToServer, body.BytesToClient = 100, 1000
		body.PktsToServer, body.PktsToClient = 2, 3
		f := b.Last()
		f.SrcHost, f.DstHost = ident.HostKey(1000+m.flow%50), ident.HostKey(5000+m.flow%200)
		m.Fact(f)
	}
}

func (m *made) device(i int) {
	m.Device(&asset.Device{
		ID: fmt.Sprint("d", i), Hosts: []ident.HostKey{ident.HostKey(1000 + i)},
		Addresses: []netip.Addr{netip.AddrFrom4([4]byte{192, 168, 1, byte(i)})},
		FirstSeen: m.base, LastSeen: m.base + int64(m.flow)*int64(time.Millisecond),
	})
}

// flowsIn gives how often each flow number of a sensor is in the event log.
func flowsIn(t *testing.T, events *segment.Log, sensor string) map[uint64]int {
	t.Helper()
	seen := map[uint64]int{}
	err := events.Replay(t.Context(), query.Request{Sensors: []string{sensor}}, func(r *query.Record) error {
		seen[r.Flow]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

// TestKillHub kills a hub that takes in batches, at random moments, and wants
// every event of every acknowledged batch, once, and a start within 3 s.
func TestKillHub(t *testing.T) {
	if dir := os.Getenv("HUB_CHILD"); dir != "" {
		killedHub(t, dir)
		return
	}
	rounds := 50
	if testing.Short() {
		rounds = 6
	}
	dir := t.TempDir()
	acked := map[uint64]uint64{} // last flow number by boot
	var slowest time.Duration
	for round := range rounds {
		boot := uint64(round + 1)
		cmd := exec.Command(os.Args[0], "-test.run=^TestKillHub$")
		cmd.Env = append(os.Environ(), "HUB_CHILD="+dir, fmt.Sprint("HUB_BOOT=", boot))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd.Stderr = os.Stderr
		started := time.Now()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		var timer *time.Timer
		for lines.Scan() {
			var seq, flow uint64
			if strings.HasPrefix(lines.Text(), "ready") {
				slowest = max(slowest, time.Since(started))
				timer = time.AfterFunc(time.Duration(rand.IntN(400))*time.Millisecond, func() { _ = cmd.Process.Kill() })
			} else if n, _ := fmt.Sscanf(lines.Text(), "acked %d %d", &seq, &flow); n == 2 {
				acked[boot] = flow
			} else {
				t.Log(lines.Text())
			}
		}
		_ = cmd.Wait()
		if timer == nil {
			t.Fatal("the hub did not start")
		}
	}
	if slowest > 3*time.Second {
		t.Errorf("the slowest start took %v", slowest)
	}
	d := openDepot(t, dir, time.Second, jetstream.SyncInterval)
	defer d.close()
	waitIdle(t, d)
	total := uint64(0)
	for boot, last := range acked {
		seen := flowsIn(t, d.events, fmt.Sprint("s", boot))
		for flow := range last {
			if n := seen[flow+1]; n != 1 {
				t.Fatalf("run %d: event %d of %d is there %d times", boot, flow+1, last, n)
			}
		}
		if uint64(len(seen)) > last+bus.MaxFacts {
			t.Errorf("run %d: %d events, %d acknowledged", boot, len(seen), last)
		}
		for flow, n := range seen {
			if n != 1 {
				t.Fatalf("run %d: event %d is there %d times", boot, flow, n)
			}
		}
		s, err := d.state.Sensor(t.Context(), 0, fmt.Sprint("s", boot))
		if err != nil {
			t.Fatal(err)
		}
		if s.Facts != uint64(len(seen)) {
			t.Errorf("run %d: the state counts %d events, the log %d", boot, s.Facts, len(seen))
		}
		total += last
	}
	t.Logf("%d kills, %d acknowledged events, slowest start %v", rounds, total, slowest)
}

// killedHub is the child: it publishes and takes in until it is killed.
func killedHub(t *testing.T, dir string) {
	d := openDepot(t, dir, 100*time.Millisecond, jetstream.SyncInterval)
	boot := os.Getenv("HUB_BOOT")
	fmt.Println("ready")
	var m *made
	var last atomic.Uint64
	m = newMade("s"+boot, 1, func(h bus.Header, message []byte) error {
		if err := d.ingest.PublishWait(context.Background(), h, append([]byte(nil), message...)); err != nil {
			return err
		}
		fmt.Println("acked", h.Seq, last.Load())
		return nil
	})
	for i := 0; ; i++ {
		for d.ingest.Health().Backlog > 100 { // so that ingest is met at all its steps
			time.Sleep(time.Millisecond)
		}
		last.Store(m.flow + 200)
		m.facts(200)
		m.device(i % 50)
		if err := m.Flush(); err != nil {
			t.Fatal(err)
		}
	}
}

// waitIdle waits until everything that was published has been taken in.
func waitIdle(t testing.TB, d *depot) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		h := d.ingest.Health()
		info, err := d.stream.Info(context.Background())
		if err == nil && h.State == hub.Running && h.Taken == info.Last {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("ingest is not idle: %+v, %+v, %v", h, info, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestBadBatchesDoNotBlock puts a message into the stream that is no batch.
func TestBadBatchesDoNotBlock(t *testing.T) {
	d := openDepot(t, t.TempDir(), 50*time.Millisecond, jetstream.SyncInterval)
	defer d.close()
	m := newMade("s", 1, func(h bus.Header, message []byte) error {
		if _, err := d.stream.Publish(t.Context(), fmt.Sprint("bad", h.Seq), []byte("this is no batch")); err != nil {
			return err
		}
		for range 2 { // and each one twice, under another id
			if _, err := d.stream.Publish(t.Context(), fmt.Sprint(h.Seq, rand.Uint64()), append([]byte(nil), message...)); err != nil {
				return err
			}
		}
		return nil
	})
	for range 10 {
		m.facts(10)
		if err := m.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	waitIdle(t, d)
	h := d.ingest.Health()
	if h.Quarantined != 10 || h.Duplicates != 10 || h.Missing != 0 {
		t.Errorf("health: %+v", h)
	}
	seen := flowsIn(t, d.events, "s")
	if len(seen) != 100 {
		t.Errorf("%d events, want 100", len(seen))
	}
	// Released once sealed.
	deadline := time.Now().Add(10 * time.Second)
	for {
		info, err := d.stream.Info(t.Context())
		if err == nil && info.Messages == 0 {
			break
		}
		if time.Now().After(deadline) {
			b, _ := json.Marshal(d.ingest.Health())
			t.Fatalf("the stream still holds %+v; %s", info, b)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// BenchmarkIngest measures events from the encoded batch through the stream
// into state and sealed segments.
func BenchmarkIngest(b *testing.B) {
	for _, sync := range []jetstream.Sync{jetstream.SyncInterval, jetstream.SyncAlways} {
		b.Run("sync="+string(sync), func(b *testing.B) {
			d := openDepot(b, b.TempDir(), 30*time.Second, sync)
			m := newMade("s", 1, func(h bus.Header, message []byte) error {
				return d.ingest.PublishWait(context.Background(), h, append([]byte(nil), message...))
			})
			const run = 512
			b.ResetTimer()
			start := time.Now()
			i := 0
			for b.Loop() {
				m.facts(run)
				if i%10 == 0 {
					m.device(i / 10 % 50)
				}
				i++
				if err := m.Flush(); err != nil {
					b.Fatal(err)
				}
			}
			waitIdle(b, d)
			d.close() // the last seal counts
			b.ReportMetric(float64(m.flow)/time.Since(start).Seconds(), "events/s")
			b.ReportMetric(peakRSS()/1e6, "peak-RSS-MB")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// peakRSS gives the most memory that this process ever held.
func peakRSS() float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for _, l := range strings.Split(string(text), "\n") {
		var kb float64
		if n, _ := fmt.Sscanf(l, "VmHWM: %f kB", &kb); n == 1 {
			return kb * 1024
		}
	}
	return 0
}
