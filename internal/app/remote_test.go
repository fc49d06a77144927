//go:build !sensor

package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"edgeward/internal/account"
	"edgeward/internal/bus"
	"edgeward/internal/bus/forward"
	"edgeward/internal/bus/jetstream"
	"edgeward/internal/bus/spool"
	"edgeward/internal/hub"
	"edgeward/internal/hub/ca"
	"edgeward/internal/ident"
)

// remoteStation serves a depot's sensors over TLS on a loopback port that stays the
// same when it is closed and opened again.
type remoteStation struct {
	*depot
	ca       *ca.Authority
	addr     string
	folder   string // of the authority
	srv      *http.Server
	artefact func(kind, name string) (*os.File, error)
}

func newRemoteStation(t *testing.T) *remoteStation {
	t.Helper()
	dir := t.TempDir()
	a, err := ca.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &remoteStation{depot: openDepot(t, dir, 200*time.Millisecond, jetstream.SyncInterval), ca: a, addr: "127.0.0.1:0", folder: dir}
	t.Cleanup(s.close)
	s.open(t)
	t.Cleanup(func() { s.srv.Close() })
	return s
}

func (s *remoteStation) open(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	s.srv = &http.Server{
		Handler: hub.NewIngestHandler(hub.ServiceOptions{
			Authority: s.ca, Sensors: s.state, Audit: s.state, Publish: s.ingest.Publish,
			Artefact: func(kind, name string) (*os.File, error) { return s.artefact(kind, name) },
		}),
		TLSConfig: s.ca.ServerConfig([]string{"127.0.0.1"}), ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Second,
	}
	go s.srv.ServeTLS(l, "", "")
}

func (s *remoteStation) enrol(t *testing.T, dir, name string) *forward.Identity {
	t.Helper()
	token, kept := hub.NewEnrolment(s.ca, account.Enrolment{Sensor: name}, time.Now(), time.Hour)
	if err := s.state.PutEnrolment(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	id, err := forward.Enrol(t.Context(), filepath.Join(dir, "identity"), "https://"+s.addr, token, name, "1")
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatal("not within a minute: " + what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestKillSensor kills a sensor that spools and forwards, while its hub goes
// away and comes back, and wants every event that the spool had taken, once.
func TestKillSensor(t *testing.T) {
	if dir := os.Getenv("SENSOR_CHILD"); dir != "" {
		killedSensor(t, dir)
		return
	}
	rounds := 50
	if testing.Short() {
		rounds = 6
	}
	s := newRemoteStation(t)
	dir := t.TempDir()
	id := s.enrol(t, dir, "far away")
	if s2, err := s.state.Entries(t.Context(), account.AuditFilter{Action: "sensor.enrol"}); err != nil || len(s2) != 1 {
		t.Errorf("the audit log has %d enrolments, %v", len(s2), err)
	}
	var kept []uint64 // last numbers of the batches of 50 that the spool has taken
	for round := range rounds {
		if round%5 == 3 {
			s.srv.Close()
		}
		cmd := exec.Command(os.Args[0], "-test.run=^TestKillSensor$")
		cmd.Env = append(os.Environ(), "SENSOR_CHILD="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		killing := false
		for lines.Scan() {
			var last uint64
			if n, _ := fmt.Sscanf(lines.Text(), "kept %d", &last); n != 1 {
				t.Log(lines.Text())
				continue
			}
			kept = append(kept, last)
			if !killing {
				killing = true
				time.AfterFunc(time.Duration(rand.IntN(250))*time.Millisecond, func() { _ = cmd.Process.Kill() })
			}
		}
		_ = cmd.Wait()
		if !killing {
			t.Fatal("the sensor did not start")
		}
		if round%5 == 3 {
			s.open(t)
		}
	}
	sp, err := spool.Open(spool.Options{Dir: filepath.Join(dir, "spool")})
	if err != nil {
		t.Fatal(err)
	}
	defer sp.Close()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); forward.New(forward.Options{Identity: id, Spool: sp}).Run(ctx) }()
	defer func() { cancel(); <-done }()
	eventually(t, "the backlog drains", func() bool { return sp.Stats().Records == 0 })
	waitIdle(t, s.depot)
	seen := flowsIn(t, s.events, id.Sensor)
	for _, last := range kept {
		for flow := last - 49; flow <= last; flow++ {
			if seen[flow] != 1 {
				t.Fatalf("event %d is there %d times", flow, seen[flow])
			}
		}
	}
	for flow, n := range seen {
		if n != 1 {
			t.Fatalf("event %d is there %d times", flow, n)
		}
	}
	t.Logf("%d kills, %d events that were kept, %d at the hub", rounds, 50*len(kept), len(seen))
}

// killedSensor is the child. A marker file says which numbers of events have
// been used, so that each stands for one event however often it is killed.
func killedSensor(t *testing.T, dir string) {
	id, err := forward.LoadIdentity(filepath.Join(dir, "identity"))
	if err != nil {
		t.Fatal(err)
	}
	sp, err := spool.Open(spool.Options{Dir: filepath.Join(dir, "spool")})
	if err != nil {
		t.Fatal(err)
	}
	go forward.New(forward.Options{Identity: id, Spool: sp}).Run(context.Background())
	m := newMade(id.Sensor, uint64(time.Now().UnixNano()), func(_ bus.Header, message []byte) error { return sp.Append(message) })
	marker := filepath.Join(dir, "flow")
	if b, err := os.ReadFile(marker); err == nil {
		if _, err := fmt.Sscan(string(b), &m.flow); err != nil {
			t.Fatal(err)
		}
	}
	for {
		// Numbers are used up before they are appended, so that none is used twice.
		if err := os.WriteFile(marker+".new", fmt.Append(nil, m.flow+50), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(marker+".new", marker); err != nil {
			t.Fatal(err)
		}
		m.facts(50)
		if err := m.Flush(); err != nil {
			t.Fatal(err)
		}
		fmt.Println("kept", m.flow)
		time.Sleep(time.Millisecond)
	}
}

// TestImportTwice carries files to a hub that does not run, twice, and with
// one missing.
func TestImportTwice(t *testing.T) {
	carry, data := t.TempDir(), t.TempDir()
	sp, err := spool.Open(spool.Options{Dir: carry})
	if err != nil {
		t.Fatal(err)
	}
	m := newMade("island", 7, func(_ bus.Header, message []byte) error { return sp.Append(message) })
	for range 5 {
		m.facts(100)
		if err := errors.Join(m.Flush(), sp.Seal()); err != nil {
			t.Fatal(err)
		}
	}
	if err := sp.Close(); err != nil {
		t.Fatal(err)
	}
	third := filepath.Join(carry, "0000000000000003.batches")
	away := filepath.Join(t.TempDir(), "away")
	if err := os.Rename(third, away); err != nil {
		t.Fatal(err)
	}
	r, err := Import(t.Context(), ImportOptions{From: carry, Data: data})
	if ident.CodeOf(err) != ident.Invalid || r.Files != 2 || len(r.Gaps) != 1 {
		t.Fatalf("with a gap: %+v, %v", r, err)
	}
	if err := os.Rename(away, third); err != nil {
		t.Fatal(err)
	}
	if r, err = Import(t.Context(), ImportOptions{From: carry, Data: data}); err != nil || r.Files != 3 || r.Skipped != 2 || r.Batches != 3 {
		t.Fatalf("complete: %+v, %v", r, err)
	}
	if err := os.Remove(filepath.Join(data, importedFile)); err != nil { // as after a restore: the hub's own numbers tell
		t.Fatal(err)
	}
	if r, err = Import(t.Context(), ImportOptions{From: carry, Data: data}); err != nil || r.Files != 5 {
		t.Fatalf("again: %+v, %v", r, err)
	}
	d := openDepot(t, data, 50*time.Millisecond, jetstream.SyncInterval)
	defer d.close()
	waitIdle(t, d)
	seen := flowsIn(t, d.events, "island")
	for flow := uint64(1); flow <= 500; flow++ {
		if seen[flow] != 1 {
			t.Fatalf("event %d is there %d times", flow, seen[flow])
		}
	}
	b, _ := os.ReadFile(third)
	b[len(b)/2] ^= 1
	if err := os.WriteFile(third, b, 0o600); err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	if r, err = Import(t.Context(), ImportOptions{From: carry, Data: other}); ident.CodeOf(err) != ident.Invalid || len(r.Damaged) != 1 || r.Files != 2 {
		t.Errorf("damaged: %+v, %v", r, err)
	}
	if r, err = Import(t.Context(), ImportOptions{From: carry, Data: other, SkipGaps: true}); err != nil || r.Files != 2 || r.Skipped != 2 {
		t.Errorf("given up: %+v, %v", r, err)
	}
}

// fakeProgram is the source of a program that behaves as it is told by a file
// beside it: it says that it reached the hub, hangs, or ends.
const fakeProgram = `package main

import (
	"os"
	"path/filepath"
	"time"
)

func main() {
	dir := filepath.Dir(os.Args[0])
	if os.Getenv("EDGEWARD_TRIAL") == "" {
		os.Exit(3)
	}
	switch behaviour {
	case "good":
		os.WriteFile(filepath.Join(dir, "..", "confirmed"), []byte(version), 0o600)
		time.Sleep(time.Minute)
	case "hang":
		time.Sleep(time.Minute)
	}
	os.Exit(1)
}
`

func buildFake(t *testing.T, version, behaviour string) []byte {
	t.Helper()
	dir := t.TempDir()
	src := fakeProgram + fmt.Sprintf("\nconst version, behaviour = %q, %q\n", version, behaviour)
	for name, text := range map[string]string{"main.go": src, "go.mod": "module fake\n\ngo 1.26\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "build", "-o", "fake", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=mod")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b, err := os.ReadFile(filepath.Join(dir, "fake"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestProgramsAreTriedBeforeTheyAreUsed upgrades a sensor to programs that
// work, hang, end, and are not signed by somebody it trusts.
func TestProgramsAreTriedBeforeTheyAreUsed(t *testing.T) {
	s := newRemoteStation(t)
	dir, offers := t.TempDir(), t.TempDir()
	s.artefact = func(kind, name string) (*os.File, error) {
		f, err := os.Open(filepath.Join(offers, kind+"-"+name))
		if errors.Is(err, os.ErrNotExist) {
			return nil, ident.Errorf(ident.NotFound, "", "no %s %s", kind, name)
		}
		return f, err
	}
	keys := filepath.Join(t.TempDir(), "ours")
	if err := MakeKeys(keys, "the operator"); err != nil {
		t.Fatal(err)
	}
	strangers := filepath.Join(t.TempDir(), "theirs")
	if err := MakeKeys(strangers, "somebody"); err != nil {
		t.Fatal(err)
	}
	system := runtime.GOOS + "-" + runtime.GOARCH
	offer := func(version, behaviour, key string) {
		t.Helper()
		bin := filepath.Join(t.TempDir(), "bin")
		if err := os.WriteFile(bin, buildFake(t, version, behaviour), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := SignProgram(bin, key+".key", version, system, filepath.Join(offers, "program-"+version+"-"+system), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	offer("2.0", "good", keys)
	offer("2.1", "hang", keys)
	offer("2.2", "end", keys)
	offer("2.3", "good", strangers)

	id := s.enrol(t, dir, "pump")
	var became string
	r := &remote{
		o: RemoteOptions{Version: "1.0", Data: dir, TrialWithin: 700 * time.Millisecond, Log: slog.New(slog.DiscardHandler)}, id: id,
		restart: func(path string) error { became = path; return errReplaced },
	}
	if err := r.handOver(); err != nil {
		t.Fatal(err)
	}
	want := func(version string) bool {
		became = ""
		r.succeed(account.Wanted{Generation: r.applied().Generation + 1, Version: version})
		if !r.upgradeDue() {
			t.Fatalf("version %s is not due", version)
		}
		return !r.takeUpgrade(t.Context())
	}
	if want("2.0") || !strings.Contains(r.applied().Problem, "no key is trusted") {
		t.Errorf("without a trusted key: %q", r.applied().Problem)
	}
	if err := trust(filepath.Join(dir, "trust"), keys+".pub"); err != nil {
		t.Fatal(err)
	}
	for version, why := range map[string]string{"2.1": "did not reach the hub", "2.2": "ended before", "2.3": "not signed by a key", "9.9": "no program 9.9"} {
		if want(version) || !strings.Contains(r.applied().Problem, why) || r.isNew(account.Wanted{Generation: r.applied().Generation}) || became != "" {
			t.Errorf("version %s: %q, became %q", version, r.applied().Problem, became)
		}
	}
	r.o.TrialWithin = 30 * time.Second
	if !want("2.0") || became != r.programPath("2.0") || r.applied().Program.Current != "2.0" || r.applied().Problem != "" {
		t.Fatalf("a good program: %q, became %q", r.applied().Problem, became)
	}
	// The installed program hands over at its next start, and gives up on one
	// that never reaches the hub.
	for range maxStarts {
		became = ""
		again := &remote{o: r.o, id: id, restart: r.restart}
		if err := errors.Join(again.load(), again.handOver()); !errors.Is(err, errReplaced) {
			t.Fatalf("start: %v", err)
		}
	}
	last := &remote{o: r.o, id: id, restart: r.restart}
	if err := errors.Join(last.load(), last.handOver()); err != nil || last.applied().Program.Current != "" || !strings.Contains(last.applied().Problem, "did not reach the hub in 3 starts") {
		t.Errorf("after three starts: %v, %+v", err, last.applied())
	}
	// Going back to the installed version needs no trial.
	if err := r.load(); err != nil {
		t.Fatal(err)
	}
	r.o.Version = "2.0"
	if !want("1.0") || became != r.applied().Program.Path || r.applied().Program.Current != "" {
		t.Errorf("back: became %q, %+v", became, r.applied())
	}
}

// TestWishesOfTheHub checks what values of the hub make of the command line.
func TestWishesOfTheHub(t *testing.T) {
	r := &remote{o: RemoteOptions{Data: t.TempDir(), Log: slog.New(slog.DiscardHandler), Task: Task{Interfaces: []string{"eth0"}, Filter: "ip"}}, id: &forward.Identity{Sensor: "s", Tenant: 3}}
	task, err := r.taskFor(account.Wanted{Config: map[string]string{
		"interface": "eth1, eth2", "filter": "not port 22", "home": "198.51.100.0/24", "rings": "2", "memory": "64M", "zones": `{zones: [{name: plant, networks: [10.1.0.0/16]}]}`,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(task.Interfaces) != 2 || task.Filter != "not port 22" || len(task.Home) != 1 || task.Rings != 2 || task.Memory != 64<<20 || len(task.Zones) != 1 || task.Sensor != "s" || task.Tenant != 3 {
		t.Errorf("%+v", task)
	}
	for key, value := range map[string]string{"home": "everything", "rings": "-1", "memory": "1M", "zones": "[", "colour": "red"} {
		if _, err := r.taskFor(account.Wanted{Config: map[string]string{key: value}}); ident.CodeOf(err) != ident.Invalid || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
	w := account.Wanted{Generation: 4}
	r.problem(w, errors.New("no"))
	again := &remote{o: r.o, id: r.id}
	if err := again.load(); err != nil || again.isNew(w) || !again.isNew(account.Wanted{Generation: 5}) || again.beat().Problem == "" {
		t.Errorf("a wish that failed is tried again: %+v, %v", again.applied(), err)
	}
}
