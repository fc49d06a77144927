//go:build !sensor

package cli

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// service is edgeward run or demo as a program of its own.
type service struct {
	t    *testing.T
	cmd  *exec.Cmd
	url  string // as it was told
	base string
	http *http.Client

	mu    sync.Mutex
	said  bytes.Buffer
	ended chan struct{}
	code  int
}

// program starts this test program as edgeward; what it says is kept.
func program(t *testing.T, env []string, args ...string) (s *service, told <-chan string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s = &service{t: t, ended: make(chan struct{})}
	s.cmd = exec.Command(self, args...)
	s.cmd.Args[0] = "edgeward"
	s.cmd.Env = append(os.Environ(), env...)
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.cmd.Stderr = s
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1)
	go func() {
		r := bufio.NewReader(out)
		if line, err := r.ReadString('\n'); err == nil {
			lines <- strings.TrimSpace(line)
		}
		_, _ = io.Copy(io.Discard, r)
		var exit *exec.ExitError
		if err := s.cmd.Wait(); err != nil && !errors.As(err, &exit) {
			fmt.Fprintln(s, err)
		}
		s.code = s.cmd.ProcessState.ExitCode()
		close(s.ended)
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		<-s.ended
	})
	return s, lines
}

func (s *service) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.Write(b)
}

func (s *service) messages() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.String()
}

// start starts a service and waits for its address.
func start(t *testing.T, args ...string) *service {
	t.Helper()
	s, told := program(t, nil, args...)
	select {
	case s.url = <-told:
	case <-s.ended:
		t.Fatalf("%v ended with %d: %s", args, s.code, s.messages())
	case <-time.After(60 * time.Second):
		t.Fatalf("%v does not come up: %s", args, s.messages())
	}
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	s.base = u.Scheme + "://" + u.Host
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // it made its certificate a moment ago
	s.http = &http.Client{Jar: jar, Transport: transport, Timeout: 20 * time.Second}
	t.Cleanup(transport.CloseIdleConnections)
	return s
}

// stop sends a signal and gives the exit code.
func (s *service) stop(sig os.Signal) int {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
	select {
	case <-s.ended:
	case <-time.After(30 * time.Second):
		s.t.Fatalf("it does not end: %s", s.messages())
	}
	return s.code
}

// do sends a request; a body is sent as JSON unless it is a reader.
func (s *service) do(method, path, token string, body any) (int, []byte) {
	s.t.Helper()
	var r io.Reader
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case io.Reader:
		r, kind = b, "application/octet-stream"
	default:
		j, err := json.Marshal(b)
		if err != nil {
			s.t.Fatal(err)
		}
		r = bytes.NewReader(j)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, r)
	if err != nil {
		s.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", kind)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		s.t.Fatalf("%s %s: %v: %s", method, path, err, s.messages())
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, b
}

// local gives the token of this run for programs on this machine.
func local(t *testing.T, data string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(data, "local.json"))
	var x struct{ Token string }
	if err == nil {
		err = json.Unmarshal(b, &x)
	}
	if err != nil {
		t.Fatal(err)
	}
	return x.Token
}

// list asks for a page and gives how many there are.
func (s *service) total(path, token string) int {
	s.t.Helper()
	status, b := s.do(http.MethodGet, path, token, nil)
	var page struct {
		Total int
		Items []json.RawMessage
	}
	if status != http.StatusOK || json.Unmarshal(b, &page) != nil {
		s.t.Fatalf("%s gives %d %.300s", path, status, b)
	}
	return max(page.Total, len(page.Items))
}

// eventually waits for something.
func (s *service) eventually(what string, ok func() bool) {
	s.t.Helper()
	for end := time.Now().Add(60 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("%s does not come: %s", what, s.messages())
		}
	}
}

func TestRunFirstStart(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := start(t, "run", "--data", data, "--listen", "127.0.0.1:0")
	token, ok := strings.CutPrefix(s.url, s.base+"/setup?token=")
	if !ok {
		t.Fatalf("the first start tells %q", s.url)
	}
	if info, err := os.Stat(data); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the data folder: %v, %v", info, err)
	}
	s.eventually("readiness", func() bool {
		status, _ := s.do(http.MethodGet, "/readyz", "", nil)
		return status == http.StatusOK
	})
	first := map[string]string{"token": "wrong", "name": "ada", "password": "correct horse battery"}
	if status, _ := s.do(http.MethodPost, "/api/v1/setup", "", first); status != http.StatusForbidden {
		t.Errorf("a wrong token gives %d", status)
	}
	first["token"] = token
	if status, b := s.do(http.MethodPost, "/api/v1/setup", "", first); status/100 != 2 {
		t.Fatalf("the set-up gives %d %s", status, b)
	}
	if status, _ := s.do(http.MethodPost, "/api/v1/setup", "", first); status != http.StatusForbidden {
		t.Errorf("the token works twice: %d", status)
	}
	if status, b := s.do(http.MethodGet, "/api/v1/overview", "", nil); status != http.StatusOK {
		t.Errorf("the first user sees %d %s", status, b)
	}
	other, _ := program(t, nil, "run", "--data", data, "--listen", "127.0.0.1:0")
	<-other.ended
	if said := other.messages(); other.code != exitError || !strings.Contains(said, "in use by process") || !strings.Contains(said, "hint: ") || strings.Count(said, "\n") != 2 {
		t.Errorf("a second instance ends with %d and %q", other.code, said)
	}
	if code := s.stop(syscall.SIGTERM); code != exitOK {
		t.Errorf("SIGTERM gives %d: %s", code, s.messages())
	}
	s = start(t, "run", "--data", data, "--listen", "127.0.0.1:0")
	if s.url != s.base+"/" {
		t.Errorf("the second start tells %q", s.url)
	}
	if code := s.stop(os.Interrupt); code != exitOK {
		t.Errorf("an interrupt gives %d: %s", code, s.messages())
	}
}

// TestRunKilled uploads a capture, kills the hub while it is at it, and wants
// it back in under three seconds, with everything that was stored.
func TestRunKilled(t *testing.T) {
	data := t.TempDir()
	s := start(t, "run", "--data", data, "--listen", "127.0.0.1:0")
	lab, err := os.ReadFile("../../test/lab/lab.pcap")
	if err != nil {
		t.Fatal(err)
	}
	token := local(t, data)
	if status, b := s.do(http.MethodPost, "/api/v1/captures?name=lab.pcap", token, bytes.NewReader(lab)); status/100 != 2 {
		t.Fatalf("the upload gives %d %s", status, b)
	}
	s.eventually("the analysis", func() bool {
		_, b := s.do(http.MethodGet, "/api/v1/captures", token, nil)
		if strings.Contains(string(b), `"failed"`) {
			t.Fatalf("the analysis failed: %s", b)
		}
		return strings.Contains(string(b), `"done"`)
	})
	s.eventually("the last device", func() bool { return s.total("/api/v1/devices", token) >= 15 })
	devices, findings := s.total("/api/v1/devices", token), s.total("/api/v1/findings", token)
	if left, err := filepath.Glob(filepath.Join(data, "captures", "*")); err != nil || len(left) > 0 {
		t.Errorf("uploads are left behind: %v %v", left, err)
	}
	s.stop(os.Kill)
	began := time.Now()
	s = start(t, "run", "--data", data, "--listen", "127.0.0.1:0")
	took := time.Since(began)
	t.Logf("back after %v", took.Round(time.Millisecond))
	if took > 3*time.Second && !testing.Short() {
		t.Errorf("it took %v to come back", took)
	}
	token = local(t, data)
	s.eventually("everything", func() bool {
		return s.total("/api/v1/devices", token) == devices && s.total("/api/v1/findings", token) == findings
	})
	s.eventually("the facts", func() bool { return s.total("/api/v1/events?limit=10", token) == 10 })
	if code := s.stop(syscall.SIGTERM); code != exitOK {
		t.Errorf("SIGTERM gives %d: %s", code, s.messages())
	}
}

// TestBackupRestores makes a backup of a hub with something in it by the
// command line, and wants the same from a new folder.
func TestBackupRestores(t *testing.T) {
	data := t.TempDir()
	s := start(t, "run", "--data", data, "--listen", "127.0.0.1:0")
	lab, err := os.ReadFile("../../test/lab/lab.pcap")
	if err != nil {
		t.Fatal(err)
	}
	token := local(t, data)
	s.do(http.MethodPost, "/api/v1/captures?name=lab.pcap", token, bytes.NewReader(lab))
	s.eventually("the analysis", func() bool {
		_, b := s.do(http.MethodGet, "/api/v1/captures", token, nil)
		return strings.Contains(string(b), `"done"`) && s.total("/api/v1/devices", token) >= 15
	})
	devices := s.total("/api/v1/devices", token)
	run := func(args ...string) (int, string) {
		t.Helper()
		p, _ := program(t, nil, args...)
		<-p.ended
		return p.code, p.messages()
	}
	if code, said := run("backup", "create", "--note", "test", "--data", data); code != exitOK {
		t.Fatalf("backup create gives %d: %s", code, said)
	}
	if code := s.stop(syscall.SIGTERM); code != exitOK {
		t.Fatalf("SIGTERM gives %d: %s", code, s.messages())
	}
	files, err := filepath.Glob(filepath.Join(data, "backups", "*.backup"))
	if err != nil || len(files) != 1 {
		t.Fatalf("backups: %v, %v", files, err)
	}
	if code, said := run("backup", "verify", files[0]); code != exitOK {
		t.Errorf("backup verify gives %d: %s", code, said)
	}
	other := filepath.Join(t.TempDir(), "new")
	if code, said := run("backup", "restore", files[0], "--data", other); code != exitOK {
		t.Fatalf("backup restore gives %d: %s", code, said)
	}
	if code, said := run("backup", "restore", files[0], "--data", other); code != exitError || !strings.Contains(said, "holds a hub") {
		t.Errorf("a second restore gives %d: %s", code, said)
	}
	s = start(t, "run", "--data", other, "--listen", "127.0.0.1:0")
	token = local(t, other)
	if n := s.total("/api/v1/devices", token); n != devices {
		t.Errorf("%d devices came back of %d", n, devices)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	broken := filepath.Join(t.TempDir(), "broken.backup")
	if err := os.WriteFile(broken, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _ := run("backup", "verify", broken); code != exitError {
		t.Errorf("a damaged backup gives %d", code)
	}
}

// TestUploadHostile gives what is no capture, and what a stranger may give.
func TestUploadHostile(t *testing.T) {
	data := t.TempDir()
	s := start(t, "run", "--data", data, "--listen", "127.0.0.1:0")
	token := local(t, data)
	if status, _ := s.do(http.MethodPost, "/api/v1/captures?name=x", "", strings.NewReader("x")); status != http.StatusUnauthorized {
		t.Errorf("a stranger's upload gives %d", status)
	}
	for _, body := range []string{"", "not a capture", "\x1f\x8b\x08broken", "\xd4\xc3\xb2\xa1\x02\x00\x04\x00"} {
		s.do(http.MethodPost, "/api/v1/captures?name="+url.QueryEscape("../../etc/<b>x"), token, strings.NewReader(body))
	}
	s.eventually("the outcome of all", func() bool {
		_, b := s.do(http.MethodGet, "/api/v1/captures", token, nil)
		return !strings.Contains(string(b), `"analysing"`) && !strings.Contains(string(b), `"receiving"`)
	})
	if _, b := s.do(http.MethodGet, "/api/v1/captures", token, nil); strings.Contains(string(b), "..") || strings.Contains(string(b), "crash") {
		t.Errorf("the uploads are %s", b)
	}
	if code := s.stop(syscall.SIGTERM); code != exitOK {
		t.Errorf("SIGTERM gives %d: %s", code, s.messages())
	}
}

func TestRunRefuses(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"port taken", []string{"--listen", l.Addr().String()}, exitError, "another program has this port"},
		{"data is a file", []string{"--data", file, "--listen", "127.0.0.1:0"}, exitUsage, "is no folder"},
		{"open to all without TLS", []string{"--listen", "0.0.0.0:0"}, exitUsage, "--tls"},
		{"no address", []string{"--listen", "here"}, exitUsage, "127.0.0.1:8470"},
		{"certificate", []string{"--listen", "127.0.0.1:0", "--tls-certificate", file, "--tls-key", file}, exitError, "PEM"},
		{"interface", []string{"--listen", "127.0.0.1:0", "--interface", "none0"}, exitError, "none0"},
		{"configuration", []string{"--config", filepath.Join(t.TempDir(), "none.yaml")}, exitError, "none.yaml"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"run", "--log-level", "error"}, tt.args...)
			if !strings.Contains(strings.Join(args, " "), "--data") {
				args = append(args, "--data", t.TempDir())
			}
			s, _ := program(t, nil, args...)
			select {
			case <-s.ended:
			case <-time.After(30 * time.Second):
				t.Fatalf("it runs: %s", s.messages())
			}
			if said := s.messages(); s.code != tt.code || !strings.Contains(said, tt.want) {
				t.Errorf("it ends with %d and %q, want %d and %q", s.code, said, tt.code, tt.want)
			}
		})
	}
}

// TestRunWithTLS wants a certificate of its own to be made, kept and used.
func TestRunWithTLS(t *testing.T) {
	data := t.TempDir()
	s := start(t, "run", "--data", data, "--listen", "127.0.0.1:0", "--tls")
	if !strings.HasPrefix(s.url, "https://") {
		t.Fatalf("it tells %q", s.url)
	}
	if status, _ := s.do(http.MethodGet, "/healthz", "", nil); status != http.StatusOK {
		t.Errorf("/healthz gives %d", status)
	}
	info, err := os.Stat(filepath.Join(data, "console.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key: %v, %v", info, err)
	}
	if code := s.stop(syscall.SIGTERM); code != exitOK {
		t.Errorf("SIGTERM gives %d", code)
	}
}

// TestRunWaitsForItsDatabase wants a hub whose database is away to say so, and
// to end when it is told.
func TestRunWaitsForItsDatabase(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	s, _ := program(t, []string{"EDGEWARD_STORE_POSTGRES=postgres://edgeward:hunter2@127.0.0.1:1/edgeward"}, "run", "--data", t.TempDir(), "--listen", address)
	s.http, s.base = http.DefaultClient, "http://"+address
	s.eventually("a word about the database", func() bool { return strings.Contains(s.messages(), "database cannot be reached") })
	if status, b := s.do(http.MethodGet, "/readyz", "", nil); status != http.StatusServiceUnavailable || !strings.Contains(string(b), "database cannot be reached") || strings.Contains(string(b), "hunter2") {
		t.Errorf("/readyz gives %d %s", status, b)
	}
	if status, b := s.do(http.MethodGet, "/", "", nil); status != http.StatusServiceUnavailable || !strings.Contains(string(b), "<h1>") {
		t.Errorf("the console gives %d %s", status, b)
	}
	if status, _ := s.do(http.MethodGet, "/healthz", "", nil); status != http.StatusOK {
		t.Errorf("/healthz gives %d", status)
	}
	if code := s.stop(syscall.SIGTERM); code != exitOK || strings.Contains(s.messages(), "hunter2") {
		t.Errorf("SIGTERM gives %d: %s", code, s.messages())
	}
}

// TestRunTellsSystemd plays systemd.
func TestRunTellsSystemd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, told := program(t, []string{"NOTIFY_SOCKET=" + path, "WATCHDOG_USEC=200000"}, "run", "--data", t.TempDir(), "--listen", "127.0.0.1:0")
	hear := func(want string) {
		t.Helper()
		b := make([]byte, 1024)
		for {
			if err := l.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
				t.Fatal(err)
			}
			n, err := l.Read(b)
			if err != nil {
				t.Fatalf("no %s: %v: %s", want, err, s.messages())
			}
			if strings.Contains(string(b[:n]), want) {
				return
			}
		}
	}
	<-told
	hear("READY=1")
	hear("WATCHDOG=1")
	if code := s.stop(syscall.SIGTERM); code != exitOK {
		t.Errorf("SIGTERM gives %d: %s", code, s.messages())
	}
	hear("STOPPING=1")
}

// TestDemo wants the demonstration within ten seconds, logged in by its
// address once, and something to see on every screen.
func TestDemo(t *testing.T) {
	began := time.Now()
	s := start(t, "demo", "--listen", "127.0.0.1:0")
	t.Logf("ready after %v", time.Since(began).Round(time.Millisecond))
	if time.Since(began) > 10*time.Second && !testing.Short() {
		t.Errorf("it took %v", time.Since(began))
	}
	if status, _ := s.do(http.MethodGet, strings.TrimPrefix(s.url, s.base), "", nil); status != http.StatusOK && status != http.StatusServiceUnavailable { // 503 without the console's files
		t.Errorf("its address gives %d", status)
	}
	for path, least := range map[string]int{
		"/api/v1/devices": 15, "/api/v1/findings": 10, "/api/v1/findings/groups": 5, "/api/v1/sensors": 2, "/api/v1/m2m/servers": 2,
		"/api/v1/events?limit=100": 100, "/api/v1/users": 2, "/api/v1/mutes": 1, "/api/v1/maintenance": 1,
	} {
		if n := s.total(path, ""); n < least {
			t.Errorf("%s has %d entries, want %d", path, n, least)
		}
	}
	for _, path := range []string{"/api/v1/overview", "/api/v1/zones", "/api/v1/changes", "/api/v1/coverage"} {
		if status, b := s.do(http.MethodGet, path, "", nil); status != http.StatusOK || len(b) < 50 {
			t.Errorf("%s gives %d %.200s", path, status, b)
		}
	}
	stranger := &service{t: t, base: s.base, http: &http.Client{}}
	if status, b := stranger.do(http.MethodGet, strings.TrimPrefix(s.url, s.base), "", nil); status != http.StatusGone || !strings.Contains(string(b), "was used") {
		t.Errorf("the address gives a stranger %d %s", status, b)
	}
	if status, _ := stranger.do(http.MethodGet, "/api/v1/overview", "", nil); status != http.StatusUnauthorized {
		t.Errorf("the address works twice: %d", status)
	}
	if code := s.stop(os.Interrupt); code != exitOK {
		t.Errorf("an interrupt gives %d: %s", code, s.messages())
	}
}

// TestRunWatches plays traffic to an interface and wants its devices, and the
// parsing process back after it was killed.
func TestRunWatches(t *testing.T) {
	inNamespace(t)
	if _, err := exec.LookPath("tcpreplay"); err != nil {
		t.Skipf("skipped: %v", err)
	}
	command(t, "ip", "link", "set", "dev", "lo", "up")
	data := t.TempDir()
	s := start(t, "run", "--data", data, "--listen", "127.0.0.1:0", "--interface", "far")
	s.http.Transport = &http.Transport{DialContext: dialHere(t), DisableKeepAlives: true}
	s.eventually("the sensor", func() bool { return strings.Contains(s.messages(), "msg=watching") })
	token := local(t, data)
	command(t, "tcpreplay", "--intf1", "near", "--pps", "5000", "../../test/lab/lab.pcap")
	s.eventually("the devices", func() bool { return s.total("/api/v1/devices", token) >= 15 })
	s.eventually("the worm", func() bool {
		return s.total("/api/v1/findings?check=infection.device-compromised", token) == 1
	})
	if pid := childOf(t, s.cmd.Process.Pid); syscall.Kill(pid, syscall.SIGSEGV) != nil {
		t.Fatal("the parsing process cannot be killed")
	}
	s.eventually("the parsing process", func() bool { return strings.Count(s.messages(), "msg=watching") == 2 })
	if _, b := s.do(http.MethodGet, "/api/v1/sensors", token, nil); !strings.Contains(string(b), `"restarts":1`) {
		t.Errorf("the crash is not counted: %s", b)
	}
	if code := s.stop(syscall.SIGTERM); code != exitOK {
		t.Errorf("SIGTERM gives %d: %s", code, s.messages())
	}
}

// dialHere dials from the network namespace of the calling thread.
func dialHere(t *testing.T) func(context.Context, string, string) (net.Conn, error) {
	t.Helper()
	ns, err := os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ns.Close() })
	return func(_ context.Context, network, address string) (c net.Conn, err error) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
			if err = unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err == nil {
				c, err = net.Dial(network, address)
			}
		}()
		<-done
		return c, err
	}
}

// childOf finds the child of a process.
func childOf(t *testing.T, parent int) int {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range stats {
		b, err := os.ReadFile(path)
		var pid, ppid int
		var name, state string
		if _, serr := fmt.Sscan(string(b), &pid, &name, &state, &ppid); err == nil && serr == nil && ppid == parent {
			return pid
		}
	}
	t.Fatal("there is no parsing process")
	return 0
}
