//go:build linux

package confine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain plays the child: the tests start this program again.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		if err := Serve(context.Background(), play); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// play does what the task says, confined, and tells what came of it.
func play(ctx context.Context, s *Session) error {
	what, arg, _ := strings.Cut(string(s.Spec), " ")
	switch what {
	case "fault":
		return errors.New("there is no such interface")
	case "before": // looks around before it is confined
		return lookAround(s)
	case "landlock":
		state, err := enter(Limits{}, false)
		if err != nil {
			return err
		}
		_ = s.Write(stateFrame, fmt.Appendf(nil, `{"landlock":%d}`, state.Landlock))
		return s.Write('r', []byte(strings.Join([]string{attempt("open", arg), attempt("create", arg), attempt("connect", arg)}, "\n")))
	}
	if err := s.Enter(Limits{Memory: 1 << 30, Files: 16}); err != nil {
		return err
	}
	switch what {
	case "echo":
		b, err := io.ReadAll(os.Stdin)
		return errors.Join(err, s.Write('r', b))
	case "panic":
		var list []int
		_ = list[len(arg)]
	case "work": // what the Go runtime does: threads, timers, memory, collection
		done := make(chan int)
		for range 32 {
			go func() {
				runtime.LockOSThread()
				b := make([]byte, 1<<20)
				for i := range b {
					b[i] = byte(i)
				}
				time.Sleep(time.Millisecond)
				done <- len(b)
			}()
		}
		for range 32 {
			<-done
		}
		runtime.GC()
		return s.Write('r', []byte("worked"))
	case "memory":
		var all [][]byte
		for {
			b := make([]byte, 16<<20)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			all = append(all, b)
			runtime.KeepAlive(all)
		}
	case "wait":
		<-ctx.Done()
		return s.Write('r', []byte("told to end"))
	case "stubborn":
		for {
			time.Sleep(time.Hour)
		}
	case "flood":
		return s.Write('r', make([]byte, MaxFrame))
	case "nonsense":
		_, err := os.NewFile(3, "").Write([]byte{'r', 0xff, 0xff, 0xff, 0xff})
		return err
	}
	return s.Write('r', []byte(attempt(what, arg)))
}

// attempt tries what a parser never needs.
func attempt(what, arg string) string {
	var err error
	switch what {
	case "open":
		_, err = os.Open(arg)
	case "create":
		_, err = os.Create(filepath.Join(arg, "x"))
	case "connect":
		_, err = net.Dial("tcp", "127.0.0.1:9")
	case "packets":
		_, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	case "exec":
		err = unix.Exec("/bin/true", []string{"true"}, nil)
	case "fork":
		if pid, _, errno := unix.RawSyscall(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0); errno != 0 {
			err = errno
		} else if pid == 0 {
			unix.Exit(0)
		}
	case "trace":
		err = unix.PtraceAttach(unix.Getppid())
	case "kill":
		_, _, errno := unix.RawSyscall(unix.SYS_TGKILL, uintptr(unix.Getppid()), uintptr(unix.Getppid()), uintptr(unix.SIGTERM))
		err = errno
	case "namespace":
		err = unix.Unshare(unix.CLONE_NEWUSER)
	case "mount":
		err = unix.Mount("none", "/mnt", "tmpfs", 0, "")
	}
	if err == nil {
		return "done"
	}
	return err.Error()
}

// lookAround tells what the child was given.
func lookAround(s *Session) error {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err
	}
	var fds []string
	for _, e := range entries {
		if target, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && !strings.HasPrefix(target, "anon_inode:") && !strings.Contains(target, "/fd") && !strings.HasPrefix(target, "/sys/fs/cgroup") {
			fds = append(fds, e.Name()+"="+strings.SplitN(target, ":", 2)[0])
		}
	}
	_ = s.Write(stateFrame, []byte("{}"))
	return s.Write('r', []byte(strings.Join(append(os.Environ(), fds...), "\n")))
}

// run starts a child and gives its first answer and how it ended.
func run(t *testing.T, o Options, task string) (answer string, state State, err error) {
	t.Helper()
	o.Spec = []byte(task)
	o.Args = []string{"worker"}
	c, err := Start(t.Context(), o)
	if err != nil {
		return "", State{}, err
	}
	f, err := c.Next()
	werr := c.Wait()
	if err != nil && !errors.Is(err, io.EOF) && werr == nil {
		werr = err
	}
	return string(f.Content), c.State(), werr
}

func whole(t *testing.T) {
	t.Helper()
	if p := Possible(); !p.Whole() && (cgo || os.Getenv("CI") != "true") {
		t.Skipf("skipped: this kernel or build lacks %s (cgo: %v)", p.Missing, cgo)
	}
}

func TestChildComputes(t *testing.T) {
	in := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(in, []byte("hostile bytes"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(in)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	answer, state, err := run(t, Options{Stdin: f}, "echo")
	if err != nil || answer != "hostile bytes" {
		t.Fatalf("%q, %v", answer, err)
	}
	t.Logf("in force: %s", state)
	if p := Possible(); state != p && !cgo {
		t.Errorf("in force: %+v, possible: %+v", state, p)
	}
	if answer, _, err := run(t, Options{}, "work"); err != nil || answer != "worked" {
		t.Fatalf("%q, %v", answer, err)
	}
}

// TestChildCannot wants the confined child to be unable to do what an attacker
// would do first.
func TestChildCannot(t *testing.T) {
	whole(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("key"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"open " + secret, "open /etc/passwd", "open /proc/self/environ", "create " + t.TempDir()} {
		if answer, _, err := run(t, Options{}, what); err != nil || !strings.Contains(answer, "operation not permitted") {
			t.Errorf("%s: %q, %v", what, answer, err)
		}
	}
	for _, what := range []string{"connect", "packets", "exec", "fork", "trace", "kill", "namespace", "mount"} {
		answer, _, err := run(t, Options{}, what)
		var crash *CrashError
		if !errors.As(err, &crash) || !crash.Forbidden {
			t.Errorf("%s: %q, %v", what, answer, err)
		}
	}
}

// TestLandlockAlone takes the filter away, to see that files and network are
// out of reach without it.
func TestLandlockAlone(t *testing.T) {
	whole(t)
	dir := t.TempDir()
	answer, state, err := run(t, Options{}, "landlock "+dir)
	if err != nil {
		t.Fatal(err)
	}
	want := 2
	if state.Landlock >= 4 {
		want = 3
	}
	if n := strings.Count(answer, "permission denied"); n != want {
		t.Errorf("%d of the attempts were denied, want %d:\n%s", n, want, answer)
	}
}

// TestChildIsGivenLittle wants no secret of the parent's environment and no
// open file in the child but the needed ones.
func TestChildIsGivenLittle(t *testing.T) {
	t.Setenv("EDGEWARD_SECRET", "hunter2")
	open, err := os.Open("/etc/hostname")
	if err == nil {
		defer open.Close()
	}
	answer, _, err := run(t, Options{}, "before")
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(answer, "\n")
	slices.Sort(got)
	want := []string{"0=/dev/null", "2=pipe", "3=pipe", "4=pipe", "GOTRACEBACK=single", "TZ=UTC"}
	got = slices.DeleteFunc(got, func(s string) bool { return s == "1=/dev/null" })
	if !slices.Equal(got, want) {
		t.Errorf("the child has %q, want %q", got, want)
	}
}

func TestCrashes(t *testing.T) {
	var crash *CrashError
	if _, _, err := run(t, Options{}, "panic"); !errors.As(err, &crash) || !strings.Contains(crash.Error(), "index out of range") || crash.Forbidden {
		t.Errorf("a panic gives %v", err)
	}
	if _, _, err := run(t, Options{}, "nonsense"); !errors.Is(err, errFrame) {
		t.Errorf("a frame of 4 GiB gives %v", err)
	}
	var fault *FaultError
	if _, _, err := run(t, Options{}, "fault"); !errors.As(err, &fault) || fault.Text != "there is no such interface" {
		t.Errorf("a fault gives %v", err)
	}
	if answer, _, err := run(t, Options{}, "flood"); err != nil || len(answer) != MaxFrame {
		t.Errorf("the largest frame gives %d bytes, %v", len(answer), err)
	}
}

// TestMemoryLimit wants a child that takes more and more memory to end, long
// before the machine does.
func TestMemoryLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: it fills a gigabyte")
	}
	var crash *CrashError
	if _, _, err := run(t, Options{}, "memory"); !errors.As(err, &crash) || !strings.Contains(crash.Output, "out of memory") && !strings.Contains(crash.Output, "cannot allocate") {
		t.Errorf("got %v", err)
	}
}

func TestStop(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c, err := Start(ctx, Options{Args: []string{"worker"}, Spec: []byte("wait")})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if f, err := c.Next(); err != nil || string(f.Content) != "told to end" {
		t.Errorf("%q, %v", f.Content, err)
	}
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	c, err = Start(ctx, Options{Args: []string{"worker"}, Spec: []byte("stubborn"), Grace: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	var crash *CrashError
	if err := c.Wait(); !errors.As(err, &crash) || !strings.Contains(crash.Reason, "killed") {
		t.Errorf("a child that does not end gives %v", err)
	}
}

// TestOrphan wants the child to end when its parent is killed.
func TestOrphan(t *testing.T) {
	if os.Getenv("EDGEWARD_TEST_PARENT") == "1" {
		c, err := Start(context.Background(), Options{Args: []string{"worker"}, Spec: []byte("wait")})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("pid", c.Pid())
		select {}
	}
	parent := exec.Command("/proc/self/exe", "-test.run=^TestOrphan$")
	parent.Env = append(os.Environ(), "EDGEWARD_TEST_PARENT=1")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscanf(out, "pid %d\n", &pid); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("the child is not there: %v", err)
	}
	_ = parent.Process.Kill()
	_ = parent.Wait()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(b), ") Z ") {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the child lives on")
		}
	}
}
