package capture

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// pollInterval is how often, in milliseconds, a waiting reader looks whether
// it was told to stop.
const pollInterval = 100

// pollReader gives a function that waits until a pipe, terminal or socket has
// something to read, so that reading from it can be interrupted.
func pollReader(h *os.File) func(context.Context) error {
	conn, err := h.SyscallConn()
	if err != nil {
		return nil
	}
	return func(ctx context.Context) error {
		for {
			if err := ctx.Err(); err != nil {
				return err
			}
			ready := false
			err := conn.Control(func(fd uintptr) {
				set := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
				n, err := unix.Poll(set[:], pollInterval)
				ready = n > 0 || err != nil && !errors.Is(err, unix.EINTR)
			})
			if err != nil || ready {
				return nil // the read tells what is wrong
			}
		}
	}
}
