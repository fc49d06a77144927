package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"edgeward/internal/bundle"
	"edgeward/internal/ident"
)

// installed is what a sensor remembers of programs that the hub had it install.
// The one that was installed by a person stays where it is, and is gone back
// to when the others fail.
type installed struct {
	Wanted  string `json:"wanted,omitempty"`  // version that is to be tried
	Current string `json:"current,omitempty"` // version that runs in the place of the installed one
	Base    string `json:"base,omitempty"`    // version of the one that a person installed
	Path    string `json:"path,omitempty"`    // and where it is
	Starts  int    `json:"starts,omitempty"`  // of the current one since the hub answered last
}

const (
	// trialEnv tells a new program that it is on trial: the old one waits
	// whether it hears from the hub.
	trialEnv = "EDGEWARD_TRIAL"
	// chosenEnv tells a program that the installed one has chosen it.
	chosenEnv = "EDGEWARD_CHOSEN"
	maxStarts = 3
	trialTick = 50 * time.Millisecond
)

func (r *remote) programPath(version string) string {
	return filepath.Join(r.o.Data, "program", version, "edgeward")
}

func (r *remote) confirmedPath() string { return filepath.Join(r.o.Data, "program", "confirmed") }

// handOver makes the program that the hub had installed run in the place of
// this one, if there is one and it has not failed too often.
func (r *remote) handOver() error {
	p := r.applied().Program
	if os.Getenv(trialEnv) != "" || os.Getenv(chosenEnv) != "" {
		return nil
	}
	if p.Base != r.o.Version {
		// A person installed another version: theirs counts.
		path, err := os.Executable()
		r.change(func(a *applied) { a.Program = installed{Base: r.o.Version, Path: path} })
		return err
	}
	if p.Current == "" {
		return nil
	}
	if p.Starts >= maxStarts {
		r.change(func(a *applied) {
			a.Program.Current, a.Program.Starts = "", 0
			a.Failed, a.Problem = a.Generation, fmt.Sprintf("version %s did not reach the hub in %d starts; version %s runs again", p.Current, p.Starts, r.o.Version)
		})
		return nil
	}
	r.change(func(a *applied) { a.Program.Starts++ })
	return r.become(r.programPath(p.Current))
}

// become replaces this process by another program.
func (r *remote) become(path string) error {
	if r.restart != nil {
		return r.restart(path)
	}
	env := append(os.Environ(), chosenEnv+"=1")
	return fmt.Errorf("start %s: %w", path, syscall.Exec(path, append([]string{path}, os.Args[1:]...), env))
}

// heard notes that the hub answers: this program works.
func (r *remote) heard() {
	if r.applied().Program.Starts > 0 {
		r.change(func(a *applied) { a.Program.Starts = 0 })
	}
	if os.Getenv(trialEnv) != "" {
		if err := os.WriteFile(r.confirmedPath(), []byte(r.o.Version), 0o600); err != nil {
			r.o.Log.Error("the program on trial could not say that it works", "cause", err)
		}
	}
}

// upgradeDue reports whether another program is to be tried.
func (r *remote) upgradeDue() bool {
	return r.applied().Program.Wanted != "" && os.Getenv(trialEnv) == ""
}

// takeUpgrade tries the wanted program and becomes it when it works. It comes
// back, with true, only when it does not. Capture and spool are closed
// meanwhile; that is a second or two without packets.
func (r *remote) takeUpgrade(ctx context.Context) bool {
	version := r.applied().Program.Wanted
	path, current := r.programPath(version), version
	var err error
	if p := r.applied().Program; version == p.Base {
		path, current = p.Path, "" // it needs no trial: it has worked before
	} else {
		err = r.tryProgram(ctx, version)
	}
	if err == nil {
		r.change(func(a *applied) { a.Program.Current, a.Program.Wanted, a.Program.Starts = current, "", 0 })
		err = r.become(path)
		if errors.Is(err, errReplaced) {
			return false
		}
	}
	r.o.Log.Error("the new program does not work; the one before goes on", "version", version, "cause", err)
	r.change(func(a *applied) {
		a.Program.Wanted, a.Program.Current = "", ""
		a.Failed, a.Problem = a.Generation, fmt.Sprintf("version %s does not work and was taken back: %v", version, err)
	})
	return true
}

// errReplaced is what a test's restart gives in the place of a new process.
var errReplaced = errors.New("replaced")

// tryProgram gets a program, and runs it until it has heard from the hub.
func (r *remote) tryProgram(ctx context.Context, version string) error {
	path := r.programPath(version)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := r.fetchProgram(ctx, version); err != nil {
			return err
		}
	}
	if err := os.Remove(r.confirmedPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	cmd := exec.Command(path, os.Args[1:]...) //nolint:gosec // verified before it was put there
	cmd.Env = append(os.Environ(), trialEnv+"=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // the death signal is the thread's
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start version %s: %w", version, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	deadline := time.After(r.o.TrialWithin)
	tick := time.NewTicker(trialTick)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return fmt.Errorf("it ended before it reached the hub: %w", errors.Join(err, errEnded))
		case <-deadline:
			_ = cmd.Process.Kill()
			return fmt.Errorf("it did not reach the hub within %s: %w", r.o.TrialWithin, <-ended)
		case <-tick.C:
		}
		if b, err := os.ReadFile(r.confirmedPath()); err == nil {
			_ = cmd.Process.Signal(syscall.SIGTERM)
			var end error
			select {
			case end = <-ended:
			case <-time.After(20 * time.Second):
				_ = cmd.Process.Kill()
				end = <-ended
			}
			if string(b) != version {
				return fmt.Errorf("it says that it is version %q, and ended with %w", b, errors.Join(end, errEnded))
			}
			return nil
		}
	}
}

var errEnded = errors.New("the process is gone")

// fetchProgram gets a program of the hub, verifies it and puts it in place.
func (r *remote) fetchProgram(ctx context.Context, version string) error {
	if filepath.Base(version) != version || version[0] == '.' {
		return ident.Errorf(ident.Invalid, "", "version %q: that is no version", version)
	}
	system := runtime.GOOS + "-" + runtime.GOARCH
	tmp, m, err := r.download(ctx, bundle.Program, version+"-"+system)
	if err != nil {
		return err
	}
	if m.Version != version || m.System != system {
		os.Remove(tmp)
		return ident.Errorf(ident.Invalid, "", "the hub sent version %s for %s; want %s for %s", m.Version, m.System, version, system)
	}
	path := r.programPath(version)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make a folder for the program: %w", err)
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
