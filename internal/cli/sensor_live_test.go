package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// inNamespace moves the test into a network namespace of its own with a pair
// of connected interfaces, near and far. Programs it starts run there too.
func inNamespace(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 || !mayCapture() {
		t.Skip("skipped: network namespaces need root")
	}
	runtime.LockOSThread() // never unlocked, so that the thread ends with the test
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skipf("skipped: no network namespace: %v", err)
	}
	command(t, "ip", "link", "add", "near", "type", "veth", "peer", "name", "far")
	for _, name := range []string{"near", "far"} {
		command(t, "ip", "link", "set", "dev", name, "addrgenmode", "none", "up")
	}
	deadline := time.Now().Add(10 * time.Second)
	for _, name := range []string{"near", "far"} {
		for !strings.Contains(command(t, "ip", "link", "show", "dev", name), "state UP") {
			if time.Now().After(deadline) {
				t.Fatalf("%s has no carrier", name)
			}
			runtime.Gosched()
		}
	}
}

func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("skipped: %v", err)
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// sensorProcess is edgeward sensor as a program of its own.
type sensorProcess struct {
	cmd    *exec.Cmd
	events string // file with its JSON lines
	mu     sync.Mutex
	said   bytes.Buffer
	ended  chan error
}

// startSensor starts this test program as edgeward and waits until it watches.
func startSensor(t *testing.T, args ...string) *sensorProcess {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &sensorProcess{events: filepath.Join(t.TempDir(), "events.jsonl"), ended: make(chan error, 1)}
	s.cmd = exec.Command(self, append([]string{"sensor", "--output", s.events}, args...)...)
	s.cmd.Args[0] = "edgeward" // TestMain then runs the command
	said, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	watching := make(chan bool, 1)
	go func() {
		for lines := bufio.NewScanner(said); lines.Scan(); {
			s.mu.Lock()
			s.said.WriteString(lines.Text() + "\n")
			s.mu.Unlock()
			if strings.Contains(lines.Text(), "watching") {
				watching <- true
			}
		}
		s.ended <- s.cmd.Wait()
	}()
	t.Cleanup(func() { s.cmd.Process.Kill() })
	select {
	case <-watching:
	case err := <-s.ended:
		t.Fatalf("the sensor ended: %v: %s", err, s.messages())
	case <-time.After(60 * time.Second):
		t.Fatal("the sensor does not come up")
	}
	return s
}

func (s *sensorProcess) messages() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.String()
}

// wait gives the exit code.
func (s *sensorProcess) wait(t *testing.T) int {
	t.Helper()
	select {
	case err := <-s.ended:
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return s.cmd.ProcessState.ExitCode()
	case <-time.After(60 * time.Second):
		t.Fatal("the sensor does not end")
	}
	return -1
}

// liveEvent is what the tests read of a JSON line.
type liveEvent struct {
	Type string `json:"event_type"`
	Flow struct {
		ToServer uint64 `json:"pkts_toserver"`
		ToClient uint64 `json:"pkts_toclient"`
	} `json:"flow"`
	Stats struct {
		Packets uint64 `json:"packets"`
		Drops   uint64 `json:"kernel_drops"`
		Flows   uint64 `json:"flows"`
	} `json:"stats"`
}

// read gives all lines by event type.
func (s *sensorProcess) read(t *testing.T) map[string][]liveEvent {
	t.Helper()
	f, err := os.Open(s.events)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	events := map[string][]liveEvent{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e liveEvent
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%v in %s", err, lines.Text())
		}
		events[e.Type] = append(events[e.Type], e)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return events
}

// TestSensorKeepsUp plays traffic to two rings at more than 300,000 packets a
// second and wants every packet seen, every conversation told after the
// interrupt, and exit code 0.
func TestSensorKeepsUp(t *testing.T) {
	inNamespace(t)
	// So many that the rings cannot hold them.
	exchanges, loops := 60_000, 12
	if testing.Short() {
		exchanges, loops = 6_000, 3
	}
	r := record(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	for i := range exchanges {
		client := host{netip.AddrFrom4([4]byte{192, 168, 7, byte(20 + i%200)}), [6]byte{0x3c, 0x52, 0x82, 0, 0, byte(i % 200)}}
		port := uint16(10000 + i/200%50000)
		r.udp(client, router, port, 7777, []byte("question "+strconv.Itoa(i)))
		r.udp(router, client, 7777, port, []byte("answer "+strconv.Itoa(i)))
	}
	s := startSensor(t, "--interface", "far", "--rings", "2", "--stats", "1s")
	// The same over and over: later packets of the same conversations.
	t.Logf("played at %.0f packets a second", play(t, r.b.Bytes(), "near", 320_000, loops))
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := s.wait(t); code != exitOK {
		t.Fatalf("exit code %d, want %d: %s", code, exitOK, s.messages())
	}
	events := s.read(t)
	stats := events["stats"]
	if len(stats) == 0 {
		t.Fatal("no statistics")
	}
	last := stats[len(stats)-1].Stats
	var told uint64
	for _, f := range events["flow"] {
		told += f.Flow.ToServer + f.Flow.ToClient
	}
	sent := uint64(exchanges * 2 * loops)
	t.Logf("%d packets sent, %d seen, %d dropped; %d flows", sent, last.Packets, last.Drops, last.Flows)
	if last.Drops != 0 || last.Packets != sent {
		t.Errorf("%d of %d packets seen, %d dropped", last.Packets, sent, last.Drops)
	}
	if told != sent || last.Flows != uint64(exchanges) {
		t.Errorf("flows tell of %d packets of %d, and %d flows are counted of %d", told, sent, last.Flows, exchanges)
	}
}

// TestSensorInterfaceGoes wants a clear error and exit code 1 when the
// interface is removed, after all that was seen was told.
func TestSensorInterfaceGoes(t *testing.T) {
	inNamespace(t)
	s := startSensor(t, "--interface", "far", "--rings", "2", "--stats", "0")
	command(t, "ip", "link", "delete", "near")
	if code := s.wait(t); code != exitError {
		t.Errorf("exit code %d, want %d", code, exitError)
	}
	said := s.messages()
	if !strings.Contains(said, `"far"`) || !strings.Contains(said, "disappeared") || !strings.Contains(said, "hint: ") {
		t.Errorf("the sensor said %q", said)
	}
	if n := strings.Count(said, "disappeared"); n != 1 {
		t.Errorf("the error is told %d times", n)
	}
	if stats := s.read(t)["stats"]; len(stats) != 1 {
		t.Errorf("%d lines of statistics, want one at the end", len(stats))
	}
}
