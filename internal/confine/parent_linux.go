package confine

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// separate puts the child into a group of its own, so that an interrupt at the
// terminal reaches the parent only, which stops the child in its turn. And it
// keeps from the child what this process has inherited without knowing: Go
// marks only what it opens itself.
func separate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if unix.CloseRange(3, 1<<31-1, unix.CLOSE_RANGE_CLOEXEC) == nil {
		return
	}
	entries, _ := os.ReadDir("/proc/self/fd") // kernels before 5.11; without /proc nothing can be done
	for _, e := range entries {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			unix.CloseOnExec(fd)
		}
	}
}

// reason says in words how a process ended.
func reason(s *os.ProcessState, err error) (text string, forbidden bool) {
	if s == nil {
		return err.Error(), false
	}
	w, ok := s.Sys().(syscall.WaitStatus)
	switch {
	case !ok:
		return "ended with " + s.String(), false
	case w.Signaled() && w.Signal() == syscall.SIGSYS:
		return "was stopped by the kernel: it made a system call that it may not make", true
	case w.Signaled() && w.Signal() == syscall.SIGKILL:
		return "was killed, by hand or for lack of memory", false
	case w.Signaled():
		return "ended with signal " + w.Signal().String(), false
	}
	return fmt.Sprintf("ended with exit code %d", s.ExitCode()), false
}
