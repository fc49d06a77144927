//go:build linux

package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"edgeward/internal/bus"
	"edgeward/internal/confine"
	"edgeward/internal/ident"
)

// TestMain plays the parsing process: tests start this program again.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == WorkerCommand {
		if err := ServeWorker(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const labPath = "../../test/lab/lab.pcap"

func open(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// TestParserSeesWhatAnalyzeSees wants the confined process to find in a
// capture exactly what an analysis in this process finds.
func TestParserSeesWhatAnalyzeSees(t *testing.T) {
	want, err := Analyze(t.Context(), AnalyzeOptions{Paths: []string{labPath}})
	if err != nil {
		t.Fatal(err)
	}
	facts, devices, findings := 0, map[string]bool{}, map[string]uint64{}
	var last Progress
	var state confine.State
	p := &Parser{
		Publish: func(_ context.Context, b *bus.Batch, _ []byte) error {
			facts += len(b.Facts)
			for i := range b.Facts {
				if _, err := b.Facts[i].Decode(); err != nil {
					return err
				}
			}
			for _, d := range b.Devices {
				devices[d.ID] = true
			}
			for _, f := range b.Findings {
				findings[f.ID] = f.Count
			}
			return nil
		},
		Progress: func(x Progress) { last = x },
		Ready:    func(s confine.State) { state = s },
	}
	r, err := p.Run(t.Context(), Task{Kind: ReadTask, Sensor: "uploads", Name: "lab.pcap", Content: "abc", Size: 1}, open(t, labPath))
	if err != nil {
		t.Fatal(err)
	}
	if r.Facts != want.Facts || uint64(facts) != want.Facts || r.Packets != want.Packets {
		t.Errorf("%d facts told, %d counted, %d packets; want %d and %d", facts, r.Facts, r.Packets, want.Facts, want.Packets)
	}
	for _, d := range want.Devices {
		if !devices[d.ID] {
			t.Errorf("device %s (%v) is not told", d.ID, d.Addresses)
		}
	}
	for _, f := range want.Findings {
		if findings[f.ID] != f.Count {
			t.Errorf("finding %s is told with count %d, want %d", f.Check, findings[f.ID], f.Count)
		}
	}
	if last.Total != 1 || last.Done == 0 {
		t.Errorf("progress %+v", last)
	}
	if p := confine.Possible(); p.Whole() && !state.Whole() {
		t.Errorf("in force is %s", state)
	}
}

func TestParserBounds(t *testing.T) {
	p := &Parser{Publish: func(context.Context, *bus.Batch, []byte) error { return nil }}
	r, err := p.Run(t.Context(), Task{Kind: ReadTask, Sensor: "uploads", MaxBytes: 1 << 10}, open(t, labPath))
	if err != nil || r.Problem == "" {
		t.Errorf("a capture beyond its limit gives %+v, %v", r, err)
	}
	r, err = p.Run(t.Context(), Task{Kind: ReadTask, Sensor: "uploads"}, open(t, "worker_test.go"))
	if err != nil || r.Problem == "" {
		t.Errorf("a file that is no capture gives %+v, %v", r, err)
	}
	full := errors.New("the disk is full")
	p.Publish = func(context.Context, *bus.Batch, []byte) error { return full }
	if _, err = p.Run(t.Context(), Task{Kind: ReadTask, Sensor: "uploads"}, open(t, labPath)); !errors.Is(err, full) {
		t.Errorf("a failure to publish gives %v", err)
	}
	var fault *confine.FaultError
	if _, err = p.Run(t.Context(), Task{Kind: WatchTask, Sensor: "local", Interfaces: []string{"none0"}}, nil); !errors.As(err, &fault) {
		t.Errorf("an interface that is not there gives %v", err)
	}
}

// TestWatchRestarts kills the parsing process of a sensor and wants it back,
// counted and told.
func TestWatchRestarts(t *testing.T) {
	ready := make(chan confine.State, 4)
	crashed := make(chan *confine.CrashError, 4)
	w := &Watch{
		Parser:  &Parser{Publish: func(context.Context, *bus.Batch, []byte) error { return nil }, Ready: func(s confine.State) { ready <- s }},
		Task:    Task{Kind: WatchTask, Sensor: "local", Interfaces: []string{"lo"}},
		Log:     quiet(),
		Crashed: func(c *confine.CrashError) { crashed <- c },
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	select {
	case <-ready:
	case err := <-ended:
		if ident.CodeOf(err) != ident.Internal || os.Geteuid() != 0 {
			t.Skipf("skipped: packets cannot be captured here: %v", err)
		}
		t.Fatal(err)
	case <-time.After(30 * time.Second):
		t.Fatal("the sensor does not come up")
	}
	pid := childPid(t)
	if p, err := os.FindProcess(pid); err != nil || p.Kill() != nil {
		t.Fatal("the parsing process cannot be killed", err)
	}
	select {
	case c := <-crashed:
		t.Log(c)
	case <-time.After(30 * time.Second):
		t.Fatal("the crash is not told")
	}
	select {
	case <-ready:
	case <-time.After(30 * time.Second):
		t.Fatal("the sensor does not come back")
	}
	if s := w.Status(); s.Restarts != 1 || !s.Running {
		t.Errorf("%+v", s)
	}
	cancel()
	select {
	case err := <-ended:
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the sensor does not end")
	}
}

// childPid finds the only child of this process.
func childPid(t *testing.T) (pid int) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stats {
		var n, parent int
		var name, state string
		if _, err := fmt.Sscan(readFile(s), &n, &name, &state, &parent); err == nil && parent == os.Getpid() && state != "Z" {
			pid = n
		}
	}
	if pid == 0 {
		t.Fatal("there is no parsing process")
	}
	return pid
}

func TestDissect(t *testing.T) {
	frames, err := readScene(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	layers, err := Dissect(t.Context(), [][]byte{frames[10].data, {1, 2, 3}, nil})
	if err != nil {
		t.Fatal(err)
	}
	if len(layers) != 3 || len(layers[0]) < 2 || layers[0][0].Name != "Ethernet" || layers[1][0].Name != "Data" || len(layers[2]) != 0 {
		t.Errorf("%+v", layers)
	}
}
