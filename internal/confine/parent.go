package confine

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// Options say what child to start.
type Options struct {
	Path string   // of the program; empty for the one that runs
	Args []string // the command that calls [Serve]
	// Spec is what the child is to do. It comes to it through a pipe, not
	// through its arguments, which everybody on the machine may read.
	Spec []byte
	// Stdin is what it works on; nil for nothing. The child gets the open file
	// and never its name.
	Stdin *os.File
	// Log is given the lines that the child writes to standard error; nil
	// drops them.
	Log func(line string)
	// Grace is how long the child may take to end when it is told to; 0 for
	// ten seconds. Then it is killed.
	Grace time.Duration
}

// Child is a process that was started.
type Child struct {
	cmd    *exec.Cmd
	frames reader
	out    *os.File
	leash  *os.File // while it is open, the child works
	state  State
	tail   *tail
	grace  time.Duration
	once   sync.Once
	forget func() bool // the end of the context
	killed *time.Timer
	mu     sync.Mutex
	fault  string // why the child says that it ends
}

// CrashError says that a child ended as it should not have.
type CrashError struct {
	Reason string // one line
	Output string // the end of what it wrote to standard error
	// Forbidden says that it asked the kernel for something that a parser
	// never needs, which is what an attack looks like.
	Forbidden bool
}

func (e *CrashError) Error() string { return "the parsing process " + e.Reason }

// FaultError is an error that the child met and told, such as an interface
// that is not there.
type FaultError struct{ Text string }

func (e *FaultError) Error() string { return e.Text }

// Start starts a child and waits until it is confined. The environment of the
// child is empty but for the time zone, so that no secret is in it.
func Start(ctx context.Context, o Options) (*Child, error) {
	if o.Path == "" {
		o.Path = "/proc/self/exe" // the running program, even when its file was replaced
	}
	if o.Grace <= 0 {
		o.Grace = 10 * time.Second
	}
	out, outChild, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start the parsing process: %w", err)
	}
	leashChild, leash, err := os.Pipe()
	if err != nil {
		out.Close()
		outChild.Close()
		return nil, fmt.Errorf("start the parsing process: %w", err)
	}
	c := &Child{out: out, leash: leash, frames: reader{bufio.NewReaderSize(out, 64<<10)}, tail: &tail{log: o.Log}, grace: o.Grace}
	c.cmd = exec.Command(o.Path, o.Args...)
	c.cmd.Args[0] = os.Args[0] // the name that people know from lists of processes
	c.cmd.Env = []string{"TZ=UTC", "GOTRACEBACK=single"}
	c.cmd.Dir = "/"
	c.cmd.Stderr = c.tail
	c.cmd.WaitDelay = time.Second
	if o.Stdin != nil {
		c.cmd.Stdin = o.Stdin
	}
	c.cmd.ExtraFiles = []*os.File{outChild, leashChild} // descriptors 3 and 4
	separate(c.cmd)
	err = c.cmd.Start()
	outChild.Close()
	leashChild.Close()
	if err != nil {
		out.Close()
		leash.Close()
		return nil, fmt.Errorf("start the parsing process: %w", err)
	}
	c.forget = context.AfterFunc(ctx, c.Stop)
	if err := c.begin(o.Spec); err != nil {
		c.kill()
		if werr := c.Wait(); werr != nil {
			err = werr
		}
		return nil, err
	}
	return c, nil
}

// begin gives the child its task and takes its first frame.
func (c *Child) begin(spec []byte) error {
	// A child that dies before it has read everything breaks the pipe.
	err := NewWriter(c.leash).Write(specFrame, spec)
	f, ferr := c.frames.next()
	switch {
	case ferr != nil:
		return errors.Join(ferr, err)
	case f.Kind == errorFrame:
		return c.tell(f)
	case f.Kind != stateFrame:
		return fmt.Errorf("%w: it began with a frame of kind %q", errFrame, f.Kind)
	}
	if err := json.Unmarshal(f.Content, &c.state); err != nil {
		return fmt.Errorf("%w: %w", errFrame, err)
	}
	return nil
}

// tell notes why the child says that it ends.
func (c *Child) tell(f Frame) error {
	text := strings.ToValidUTF8(string(f.Content[:min(len(f.Content), 4096)]), "")
	c.mu.Lock()
	c.fault = text
	c.mu.Unlock()
	return &FaultError{text}
}

// State gives what is in force in the child, as it says.
func (c *Child) State() State { return c.state }

// Pid gives the number of the process.
func (c *Child) Pid() int { return c.cmd.Process.Pid }

// Next gives the next frame; [io.EOF] when there is no more. Only one
// goroutine may call it, and it must come to the end before Wait.
func (c *Child) Next() (Frame, error) {
	f, err := c.frames.next()
	if err == nil && f.Kind == errorFrame {
		return Frame{}, c.tell(f)
	}
	return f, err
}

// Stop asks the child to end, and kills it when it does not in time. What it
// still says can be read with Next.
func (c *Child) Stop() {
	c.once.Do(func() {
		c.mu.Lock()
		c.killed = time.AfterFunc(c.grace, c.kill)
		c.mu.Unlock()
		c.leash.Close()
	})
}

func (c *Child) kill() { _ = c.cmd.Process.Kill() } // fails only when it has ended

// Wait waits for the end of the process. It gives nil when it ended as it
// should, a *FaultError when it told what went wrong, a *CrashError otherwise.
func (c *Child) Wait() error {
	_, _ = io.Copy(io.Discard, c.out) // a child that is not read would never end
	err := c.cmd.Wait()
	c.forget()
	c.Stop()
	c.mu.Lock()
	c.killed.Stop()
	fault := c.fault
	c.mu.Unlock()
	c.out.Close()
	switch {
	case fault != "":
		return &FaultError{fault}
	case err == nil:
		return nil
	}
	crash := &CrashError{Output: c.tail.String(), Reason: err.Error()}
	crash.Reason, crash.Forbidden = reason(c.cmd.ProcessState, err)
	if line := panicLine(crash.Output); line != "" && !crash.Forbidden {
		crash.Reason += " (" + line + ")"
	}
	return crash
}

// panicLine finds what a Go program says when it panics.
func panicLine(output string) string {
	for line := range strings.Lines(output) {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// tail hands lines on and keeps the end of them.
type tail struct {
	mu   sync.Mutex
	log  func(string)
	kept []byte
	line []byte
}

// The limits of what is kept of a child's standard error.
const (
	maxTail = 8 << 10
	maxLine = 2 << 10
)

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if len(t.kept) > 2*maxTail {
		// The first part of a panic says what it was, the end says little.
		t.kept = append(t.kept[:maxTail/2:maxTail/2], t.kept[len(t.kept)-maxTail/2:]...)
	}
	for _, c := range p {
		if c != '\n' {
			if len(t.line) < maxLine {
				t.line = append(t.line, c)
			}
			continue
		}
		if t.log != nil {
			t.log(printable(t.line))
		}
		t.line = t.line[:0]
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.ToValidUTF8(string(t.kept), "")
}

// printable takes out what could change a terminal or begin a new line.
func printable(b []byte) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(b), ""))
}
