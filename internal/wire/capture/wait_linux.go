package capture

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// waitForReader waits until a block comes back from those who use it.
func (l *live) waitForReader(ctx context.Context) error {
	t := time.NewTimer(idleWait * time.Millisecond)
	defer t.Stop()
	select {
	case <-l.ring.back:
	case <-t.C:
	case <-ctx.Done():
	}
	return nil
}

// heldWait is how long to wait between looks at the ring while poll is of no
// use: it reports the block before the one that is waited for, as long as
// somebody uses that.
const heldWait = 2 * time.Millisecond

// waitForKernel waits until a block is full or its time is up. It fails when
// the interface is no more.
func (l *live) waitForKernel(ctx context.Context, b *block) error {
	for end := time.Now().Add(idleWait * time.Millisecond); ; {
		left := time.Until(end)
		if left <= 0 || ctx.Err() != nil {
			return nil
		}
		set := [1]unix.PollFd{{Fd: int32(l.fd), Events: unix.POLLIN | unix.POLLERR}}
		_, err := unix.Poll(set[:], int(left/time.Millisecond)+1)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return l.fault("wait for packets", err)
		}
		if set[0].Revents&(unix.POLLERR|unix.POLLNVAL|unix.POLLHUP) != 0 {
			if err := l.socketError(); err != nil {
				return err
			}
		}
		if b.filled() {
			return nil
		}
		if set[0].Revents&unix.POLLIN != 0 {
			select {
			case <-l.ring.back:
			case <-time.After(heldWait):
			}
		}
	}
}

// socketError tells what the socket reports. An interface that is down may
// come back, one that is gone does not.
func (l *live) socketError() error {
	code, err := unix.GetsockoptInt(l.fd, unix.SOL_SOCKET, unix.SO_ERROR) // clears it
	if err != nil {
		return l.fault("wait for packets", err)
	}
	if !l.exists() {
		return l.gone()
	}
	if code != 0 && unix.Errno(code) != unix.ENETDOWN {
		return l.fault("wait for packets", unix.Errno(code))
	}
	return nil
}

// exists reports whether the interface is there still, in the network
// namespace of the socket.
func (l *live) exists() bool {
	req, err := unix.NewIfreq("?")
	if err != nil {
		return true
	}
	req.SetUint32(uint32(l.index))
	return !errors.Is(unix.IoctlIfreq(l.fd, unix.SIOCGIFNAME, req), unix.ENODEV)
}
