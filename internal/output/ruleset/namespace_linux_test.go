package ruleset_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// host is a network namespace, held by a thread of its own.
type host struct {
	tid  int
	jobs chan func()
}

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{jobs: make(chan func())}
	ready := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: thread and namespace end with the goroutine
		err := unix.Unshare(unix.CLONE_NEWNET)
		h.tid = unix.Gettid()
		ready <- err
		for job := range h.jobs {
			job()
		}
	}()
	if err := <-ready; err != nil {
		close(h.jobs)
		t.Skipf("skipped: no network namespace: %v", err)
	}
	t.Cleanup(func() { close(h.jobs) })
	return h
}

// do runs a job on a thread in the host's namespace.
func (h *host) do(job func()) {
	done := make(chan struct{})
	h.jobs <- func() { defer close(done); job() }
	<-done
}

// run runs a program in the namespace.
func (h *host) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	var out []byte
	var err error
	h.do(func() { out, err = exec.Command(name, args...).CombinedOutput() })
	if err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func needRoot(t *testing.T, programs ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("skipped: network namespaces need root")
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("skipped: %v", err)
		}
	}
}

// address is one of an interface.
type address struct{ cidr, gateway string }

// connect gives a host an interface that leads to the router.
func connect(t *testing.T, router, h *host, name, mac string, far []string, near ...address) {
	t.Helper()
	router.run(t, "ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "address", mac, "netns", fmt.Sprint(h.tid))
	for _, a := range far {
		router.run(t, "ip", "address", "add", a, "dev", name, "nodad")
	}
	router.run(t, "ip", "link", "set", name, "up")
	h.run(t, "ip", "link", "set", "lo", "up")
	h.run(t, "ip", "link", "set", "eth0", "up")
	for _, a := range near {
		h.run(t, "ip", "address", "add", a.cidr, "dev", "eth0", "nodad")
	}
	for _, a := range near {
		if a.gateway != "" {
			h.run(t, "ip", "route", "add", "default", "via", a.gateway)
		}
	}
	// The answers that say that a port is closed are counted here.
	h.do(func() { _ = os.WriteFile("/proc/sys/net/ipv4/icmp_ratelimit", []byte("0"), 0o644) })
	h.do(func() { _ = os.WriteFile("/proc/sys/net/ipv6/icmp/ratelimit", []byte("0"), 0o644) })
}

// patience is how long an exchange that the router refuses takes to be told
// from one that it lets pass.
const patience = 250 * time.Millisecond

// reaches reports whether a packet to a host came there and its answer came
// back. Nothing listens: a port that is closed says so.
func (h *host) reaches(transport uint8, to netip.AddrPort, from uint16) (bool, error) {
	var ok bool
	var err error
	h.do(func() {
		switch transport {
		case 6:
			ok, err = refused(dial("tcp", to, from))
		case 17:
			ok, err = refused(dial("udp", to, from))
		case 1:
			ok, err = echoes(to.Addr())
		}
	})
	return ok, err
}

func dial(network string, to netip.AddrPort, from uint16) error {
	d := net.Dialer{Timeout: patience}
	if from != 0 && network == "tcp" {
		d.LocalAddr = &net.TCPAddr{Port: int(from)}
	} else if from != 0 {
		d.LocalAddr = &net.UDPAddr{Port: int(from)}
	}
	c, err := d.Dial(network, to.String())
	if err != nil || network == "tcp" {
		return err
	}
	defer c.Close()
	if _, err := c.Write([]byte("x")); err != nil {
		return err
	}
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err = c.Read(make([]byte, 16))
	return err
}

func refused(err error) (bool, error) {
	var late net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return true, nil
	case errors.As(err, &late) && late.Timeout(), errors.Is(err, syscall.EPERM): // lost on the way, or where it was sent
		return false, nil
	}
	return false, fmt.Errorf("neither refused nor lost: %w", err)
}

// echoes sends an echo request (RFC 792) and waits for the reply.
func echoes(to netip.Addr) (bool, error) {
	c, err := net.Dial("ip4:icmp", to.String())
	if err != nil {
		return false, err
	}
	defer c.Close()
	if _, err := c.Write([]byte{8, 0, 0xf7, 0xfd, 0, 1, 0, 1}); err != nil {
		return false, err
	}
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return false, err
	}
	b := make([]byte, 64)
	for {
		n, _, err := c.(*net.IPConn).ReadFromIP(b) // without the header
		if err != nil {
			return false, nil
		}
		if n >= 8 && b[0] == 0 {
			return true, nil
		}
	}
}

// lan is a router with a link of devices, an office and the Internet.
type lan struct {
	router, device, office, world *host
}

const deviceMAC, officeMAC = "02:00:00:00:00:01", "02:00:00:00:00:09"

func newLAN(t *testing.T) *lan {
	needRoot(t, "ip", "nft")
	l := &lan{newHost(t), newHost(t), newHost(t), newHost(t)}
	l.router.run(t, "ip", "link", "set", "lo", "up")
	l.router.do(func() {
		for _, f := range []string{"ipv4/ip_forward", "ipv6/conf/all/forwarding"} {
			_ = os.WriteFile("/proc/sys/net/"+f, []byte("1"), 0o644)
		}
		_ = os.WriteFile("/proc/sys/net/ipv4/icmp_ratelimit", []byte("0"), 0o644)
	})
	connect(t, l.router, l.device, "devices", deviceMAC, []string{"192.168.7.1/24", "fd00:7::1/64"}, address{"192.168.7.11/24", "192.168.7.1"}, address{"fd00:7::11/64", "fd00:7::1"})
	connect(t, l.router, l.office, "office", officeMAC, []string{"192.168.9.1/24"}, address{"192.168.9.20/24", "192.168.9.1"}, address{"192.168.9.21/24", ""})
	connect(t, l.router, l.world, "world", "02:00:00:00:00:0a", []string{"198.51.100.1/24", "203.0.113.1/24", "fd00:8::1/64"},
		address{"198.51.100.9/24", "198.51.100.1"}, address{"203.0.113.5/24", ""}, address{"203.0.113.7/24", ""}, address{"203.0.113.8/24", ""}, address{"fd00:8::5/64", "fd00:8::1"})
	return l
}

// load has the real nft take a file into a namespace.
func load(t *testing.T, h *host, text string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "profiles.nft")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	h.run(t, "nft", "-f", path)
}
