//go:build !sensor

package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"edgeward": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		code := Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	}})
}

// TestCommands runs the scripts in testdata, one a command or a concern. Their
// folder holds the recordings of captures, and these commands are there beside
// testscript's own:
//
//	exits CODE ARG...        runs edgeward and wants that exit code
//	json FILE PATH WANT      wants that value at a.b.0.c of a JSON document
//	lines FILE TYPE...       wants JSON lines with at least one of each event type
//	feed FIFO                opens a pipe for writing and says nothing
func TestCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			captures(t, e.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "json": checkJSON, "lines": checkLines, "feed": feed,
		},
		Condition: func(cond string) (bool, error) {
			if cond == "sensor" {
				return mayCapture(), nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		RequireUniqueNames: true,
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE ARG...")
	}
	// The shell tells the exit code, which testscript does not.
	err := ts.Exec("edgeward", args[1:]...)
	code := 0
	if err != nil {
		if _, cerr := fmt.Sscanf(err.Error(), "exit status %d", &code); cerr != nil {
			ts.Fatalf("edgeward: %v", err)
		}
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

func checkJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: json FILE PATH WANT")
	}
	d := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	d.UseNumber()
	var v any
	ts.Check(d.Decode(&v))
	for part := range strings.SplitSeq(args[1], ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i >= len(at) {
				ts.Fatalf("%s: no element %q among %d", args[1], part, len(at))
			}
			v = at[i]
		default:
			ts.Fatalf("%s: nothing below %q", args[1], part)
		}
	}
	if list, ok := v.([]any); ok {
		v = len(list) // of a list, how much is in it
	}
	if got := fmt.Sprint(v); (got == args[2]) == neg {
		ts.Fatalf("%s is %q, want %q", args[1], got, args[2])
	}
}

func checkLines(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 1 || neg {
		ts.Fatalf("usage: lines FILE TYPE...")
	}
	seen := map[string]int{}
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		var e struct {
			Timestamp time.Time `json:"timestamp"`
			Type      string    `json:"event_type"`
			Version   int       `json:"edgeward_eve"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			ts.Fatalf("%v in line %s", err, line)
		}
		if e.Type == "" || e.Version != 1 || e.Timestamp.IsZero() {
			ts.Fatalf("line without type, version or time: %s", line)
		}
		seen[e.Type]++
	}
	for _, want := range args[1:] {
		if seen[want] == 0 {
			ts.Fatalf("no %s among %v", want, seen)
		}
	}
}

// feed opens a pipe, which takes until its reader is there.
func feed(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_WRONLY, 0)
	ts.Check(err)
	ts.Defer(func() { f.Close() })
}

// mayCapture reports whether this process may open a capture ring.
func mayCapture() bool {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	if err != nil {
		return false
	}
	unix.Close(fd)
	return true
}

// TestSensorStops wants a sensor that is told to stop to end with 0 and to
// have written valid lines.
func TestSensorStops(t *testing.T) {
	if !mayCapture() {
		t.Skip("skipped: capturing packets needs CAP_NET_RAW")
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	said, saying := io.Pipe()
	var out bytes.Buffer
	code := make(chan int)
	go func() {
		code <- Run(ctx, []string{"sensor", "--interface", "lo", "--rings", "1", "--stats", "0"}, strings.NewReader(""), &out, saying)
		saying.Close()
	}()
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil || line != "edgeward: watching lo; interrupt to stop\n" {
		t.Fatalf("the sensor said %q, %v", line, err)
	}
	go io.Copy(io.Discard, said)
	cancel()
	select {
	case c := <-code:
		if c != exitOK {
			t.Errorf("exit code %d, want %d", c, exitOK)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the sensor does not stop")
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for _, l := range lines {
		if !json.Valid([]byte(l)) {
			t.Errorf("no JSON: %s", l)
		}
	}
	if last := lines[len(lines)-1]; !strings.Contains(last, `"event_type":"stats"`) {
		t.Errorf("the last line is no statistics: %s", last)
	}
}

// TestInterrupted wants an interrupted analysis to end with 130, whether or not
// packets had come before.
func TestInterrupted(t *testing.T) {
	dir := t.TempDir()
	captures(t, dir)
	whole, err := os.ReadFile(filepath.Join(dir, "login.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	for name, given := range map[string][]byte{"before the first packet": nil, "in the middle": whole[:len(whole)-7]} {
		t.Run(name, func(t *testing.T) {
			in, pipe, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer pipe.Close()
			defer in.Close()
			if _, err := pipe.Write(given); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var out, errw bytes.Buffer
			code := make(chan int)
			go func() { code <- Run(ctx, []string{"analyze", "-"}, in, &out, &errw) }()
			cancel()
			select {
			case c := <-code:
				if c != exitInterrupted || errw.String() != "edgeward: interrupted\n" || out.Len() > 0 {
					t.Errorf("exit code %d, %q, %d bytes of report", c, errw.String(), out.Len())
				}
			case <-time.After(30 * time.Second):
				t.Fatal("the analysis does not stop")
			}
		})
	}
}

// TestColours wants colours on a terminal and none where they are not wanted.
func TestColours(t *testing.T) {
	dir := t.TempDir()
	captures(t, dir)
	for _, c := range []struct {
		name    string
		env     map[string]string
		colours bool
	}{
		{"terminal", map[string]string{"TERM": "xterm", "NO_COLOR": ""}, true},
		{"NO_COLOR", map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, false},
		{"dumb terminal", map[string]string{"TERM": "dumb", "NO_COLOR": ""}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			ours, theirs := terminal(t)
			shown := make(chan string)
			go func() {
				b, _ := io.ReadAll(ours) // a terminal whose other end is closed gives an error
				shown <- string(b)
			}()
			if code := Run(context.Background(), []string{"analyze", "--quiet", filepath.Join(dir, "login.pcap")}, strings.NewReader(""), theirs, io.Discard); code != exitOK {
				t.Errorf("exit code %d", code)
			}
			theirs.Close()
			text := <-shown
			if !strings.Contains(text, "Credentials sent in clear text") {
				t.Errorf("the finding is not in\n%s", text)
			}
			if strings.Contains(text, "\x1b[") != c.colours {
				t.Errorf("colours: %v, want %v in\n%q", !c.colours, c.colours, text)
			}
		})
	}
}

// terminal opens a pseudo-terminal and gives both its ends.
func terminal(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("skipped: no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { ours.Close() })
	n, err := unix.IoctlGetInt(int(ours.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(ours.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return ours, theirs
}

// TestTerminalInput wants a person who forgot the pipe to be told.
func TestTerminalInput(t *testing.T) {
	_, theirs := terminal(t)
	defer theirs.Close()
	var errw bytes.Buffer
	if code := Run(context.Background(), []string{"analyze", "-"}, theirs, io.Discard, &errw); code != exitUsage || !strings.Contains(errw.String(), "is a terminal") {
		t.Errorf("exit code %d, %q", code, errw.String())
	}
}

func TestParseSize(t *testing.T) {
	for in, want := range map[string]int64{
		"96M": 96 << 20, "96m": 96 << 20, "96MiB": 96 << 20, "96MB": 96 << 20, "1G": 1 << 30, "8192K": 8 << 20, "4194304": 4 << 20, " 5M ": 5 << 20,
		"": 0, "M": 0, "-5M": 0, "1.5G": 0, "96X": 0, "1M": 0, "0x10M": 0, "9999999999999G": 0, "5 M": 0, "+5M": 0,
	} {
		got, err := ParseSize(in)
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("ParseSize(%q) = %d, %v, want %d", in, got, err, want)
		}
	}
}
