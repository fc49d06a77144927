//go:build !sensor

package app

import (
	"context"
	"net"
	"os"
	"strconv"
	"time"
)

// notify tells systemd how the service is (sd_notify(3)): a datagram of
// assignments to the socket that it named. Without one it does nothing.
func notify(state string) {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" || name[0] != '/' && name[0] != '@' {
		return
	}
	if name[0] == '@' { // the abstract namespace
		name = "\x00" + name[1:]
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return
	}
	defer c.Close()
	_, _ = c.Write([]byte(state)) // nobody listens any more: nothing to be done
}

// watchdog tells systemd that the service is alive, twice as often as it wants
// to hear it (sd_watchdog_enabled(3)), as long as alive says so.
func watchdog(ctx context.Context, alive func(context.Context) bool) error {
	us, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	pid := os.Getenv("WATCHDOG_PID")
	if err != nil || us <= 0 || pid != "" && pid != strconv.Itoa(os.Getpid()) {
		<-ctx.Done()
		return nil
	}
	every := time.Duration(us) * time.Microsecond / 2
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		probe, cancel := context.WithTimeout(ctx, every)
		if alive(probe) {
			notify("WATCHDOG=1")
		}
		cancel()
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}
