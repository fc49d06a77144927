package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"edgeward/internal/app"
	"edgeward/internal/event"
	"edgeward/internal/finding"
)

// TestResident runs the program itself and wants its resident memory within
// what is promised for so many conversations at once.
func TestResident(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	program := filepath.Join(t.TempDir(), "edgeward")
	if out, err := exec.Command("go", "build", "-o", program, "edgeward/cmd/edgeward").CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, out)
	}
	for _, c := range []struct {
		flows uint32
		limit int64 // MB
	}{{140_000, 150}, {300_000, 220}} {
		t.Run(fmt.Sprint(c.flows), func(t *testing.T) {
			path := writeCapture(t, filepath.Join(t.TempDir(), "flows.pcap"), func(w *pcapWriter) {
				w.step = 10
				for i := range c.flows {
					client, server, port := clientAddr+i%200, 0xc6336400+i>>16, uint16(i)
					w.tcp(client, server, port, 8883, 2, i, 0)
					w.tcp(server, client, 8883, port, 0x12, i, i+1)
					w.tcp(client, server, port, 8883, 0x10, i+1, i+1)
				}
			})
			// The collector falls behind where other work has the processors:
			// the least of three runs is what the program needs.
			least := int64(math.MaxInt64)
			for range 3 {
				cmd := exec.Command(program, "analyze", "--format", "json", "--output", filepath.Join(t.TempDir(), "report.json"), path)
				least = min(least, resident(t, cmd))
				t.Logf("%d flows: %d MB resident, %v CPU", c.flows, least, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
				if least <= c.limit {
					break
				}
			}
			if least > c.limit {
				t.Errorf("%d MB resident, more than %d", least, c.limit)
			}
		})
	}
}

// resident runs a program and gives its largest resident size in MB, which the
// kernel is asked for all the while: what it tells when a program has ended is
// at least the size of this test.
func resident(t *testing.T, cmd *exec.Cmd) (most int64) {
	t.Helper()
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			if err != nil || most == 0 {
				t.Fatalf("%v, %d MB seen: %s", err, most, &said)
			}
			return most
		case <-tick.C:
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		if err != nil {
			continue // it has just ended
		}
		_, rest, found := strings.Cut(string(status), "VmHWM:")
		var kb int64
		if _, err := fmt.Sscan(rest, &kb); found && err == nil {
			most = max(most, kb>>10)
		}
	}
}

// failing is an observer whose output is full.
type failing struct{}

func (failing) Fact(*event.Fact)       {}
func (failing) Alert(*finding.Finding) {}
func (failing) Flush() error           { return errFull }

var errFull = errors.New("no space left on device")

// TestNothingStays wants every goroutine gone after an analysis, however it
// ended.
func TestNothingStays(t *testing.T) {
	path := writeCapture(t, filepath.Join(t.TempDir(), "some.pcap"), func(w *pcapWriter) {
		for i := range uint16(20_000) {
			w.dnsExchange(i)
		}
	})
	run := func(ctx context.Context, o app.AnalyzeOptions) error {
		o.Workers = 4
		_, err := app.Analyze(ctx, o)
		return err
	}
	if err := run(context.Background(), app.AnalyzeOptions{Paths: []string{path}}); err != nil {
		t.Fatal(err) // what the first run starts for good is there now
	}
	before := runtime.NumGoroutine()
	for _, c := range []struct {
		name string
		want error
		run  func() error
	}{
		{"to the end", nil, func() error { return run(context.Background(), app.AnalyzeOptions{Paths: []string{path}}) }},
		{"cancelled before", context.Canceled, func() error {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			return run(ctx, app.AnalyzeOptions{Paths: []string{path}})
		}},
		{"cancelled while it reads", context.Canceled, func() error {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			n := 0
			return run(ctx, app.AnalyzeOptions{Paths: []string{path}, Progress: func(int64, int64) {
				if n++; n == 3 {
					cancel()
				}
			}})
		}},
		{"output full", errFull, func() error {
			return run(context.Background(), app.AnalyzeOptions{Paths: []string{path}, Observer: failing{}})
		}},
		{"standard input broken off", nil, func() error {
			r, w := io.Pipe()
			go func() {
				p := newPcapWriter(w, 1000)
				p.dnsExchange(1)
				p.w.Flush()
				w.Close()
			}()
			return run(context.Background(), app.AnalyzeOptions{Paths: []string{"-"}, Stdin: r})
		}},
		{"cut", nil, func() error {
			var b bytes.Buffer
			p := newPcapWriter(&b, 1000)
			p.dnsExchange(1)
			p.w.Flush()
			return run(context.Background(), app.AnalyzeOptions{Paths: []string{"-"}, Stdin: bytes.NewReader(b.Bytes()[:b.Len()-5])})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.run(); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			deadline := time.Now().Add(20 * time.Second)
			for runtime.NumGoroutine() > before+1 { // this subtest runs on one of its own
				if time.Now().After(deadline) {
					stacks := make([]byte, 1<<20)
					stacks = stacks[:runtime.Stack(stacks, true)]
					t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, strings.TrimSpace(string(stacks)))
				}
				runtime.Gosched()
			}
		})
	}
}
