package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"edgeward/internal/ident"
)

// inNamespace moves the test into a network namespace of its own with a pair
// of connected interfaces, "near" and "far". The thread of the test is given
// up at its end, and the namespace with it.
func inNamespace(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		missing(t, "live capture is tested as root only")
	}
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		missing(t, "no network namespace: %v", err)
	}
	command(t, "ip", "link", "add", "near", "type", "veth", "peer", "name", "far")
	for _, name := range []string{"near", "far"} {
		if err := os.WriteFile("/proc/thread-self/root/proc/sys/net/ipv6/conf/"+name+"/disable_ipv6", []byte("1"), 0); err != nil {
			t.Logf("%s will send neighbour discovery: %v", name, err)
		}
		command(t, "ip", "link", "set", "dev", name, "up")
	}
	waitRunning(t, "near", "far")
}

// waitRunning waits until the kernel has noticed that the interfaces have a
// carrier; what is sent before that is lost.
func waitRunning(t *testing.T, names ...string) {
	t.Helper()
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(s)
	deadline := time.Now().Add(10 * time.Second)
	for _, name := range names {
		req, err := unix.NewIfreq(name)
		if err != nil {
			t.Fatal(err)
		}
		for {
			if err := unix.IoctlIfreq(s, unix.SIOCGIFFLAGS, req); err != nil {
				t.Fatal(err)
			}
			if req.Uint16()&unix.IFF_RUNNING != 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s has no carrier", name)
			}
			time.Sleep(time.Millisecond)
		}
	}
}

func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, "%v", err)
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// send puts frames on an interface.
func send(t *testing.T, name string, frames ...[]byte) {
	t.Helper()
	l := &live{opt: LiveOptions{Interface: name}, fd: -1}
	if _, err := l.lookUp(); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for _, f := range frames {
		if err := unix.Sendto(fd, f, 0, &unix.SockaddrLinklayer{Ifindex: l.index}); err != nil {
			t.Fatal(err)
		}
	}
}

func openLive(t *testing.T, opt LiveOptions) Source {
	t.Helper()
	s, err := OpenLive(context.Background(), opt)
	if err != nil {
		t.Fatalf("%v (%s)", err, ident.HintOf(err))
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// collect reads until there are n frames, or nothing comes for five seconds.
func collect(t *testing.T, s Source, n int) []Frame {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var frames []Frame
	var b Batch
	defer b.Release()
	for len(frames) < n {
		if err := s.Read(ctx, &b); err != nil {
			t.Fatalf("after %d of %d frames: %v", len(frames), n, err)
		}
		for _, f := range b.Frames {
			f.Data = bytes.Clone(f.Data)
			frames = append(frames, f)
		}
	}
	return frames
}

// udpFrame is an Ethernet frame that holds a UDP datagram; tags come behind
// the addresses.
func udpFrame(src, dst uint16, payload string, tags ...byte) []byte {
	b := append([]byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1}, tags...)
	n := 28 + len(payload)
	b = append(b, 8, 0, 0x45, 0, byte(n>>8), byte(n), 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2)
	b = binary.BigEndian.AppendUint16(b, src)
	b = binary.BigEndian.AppendUint16(b, dst)
	b = append(b, byte((n-20)>>8), byte(n-20), 0, 0)
	return append(b, payload...)
}

func TestLive(t *testing.T) {
	inNamespace(t)
	s := openLive(t, LiveOptions{Interface: "far", Promiscuous: true, Index: 7, Blocks: 4})
	before := time.Now()
	plain, tagged := udpFrame(1, 2, "plain"), udpFrame(1, 2, "tagged", 0x81, 0, 0x20, 5)
	double := udpFrame(1, 2, "double", 0x88, 0xa8, 0, 6, 0x81, 0, 0, 7)
	send(t, "near", plain, tagged, double)
	out := udpFrame(3, 4, "outgoing")
	send(t, "far", out)
	frames := collect(t, s, 4)
	for i, want := range [][]byte{plain, tagged, double, out} {
		f := frames[i]
		if !bytes.Equal(f.Data, want) || f.WireLen != uint32(len(want)) || f.Number != uint64(i+1) || f.Link != LinkEthernet || f.Interface != 7 {
			t.Errorf("frame %d is %x %+v, want %x", i, f.Data, f, want)
		}
		if d := time.Unix(0, f.Time).Sub(before); d < -time.Second || d > 10*time.Second {
			t.Errorf("frame %d came at %v, sent at %v", i, f.Time, before.UnixNano())
		}
	}
	if st := s.Stats(); st.Packets != 4 || st.Dropped != 0 || st.Snapped != 0 {
		t.Errorf("%+v", st)
	}
	var b Batch
	if err := s.Read(context.Background(), &b); err != nil || len(b.Frames) != 0 {
		t.Errorf("idle: %d frames, %v", len(b.Frames), err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Read(ctx, &b); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Read(context.Background(), &b); err == nil {
		t.Error("a closed capture can be read")
	}
}

func TestLiveOptions(t *testing.T) {
	inNamespace(t)
	snapped := openLive(t, LiveOptions{Interface: "far", SnapLen: 50, SkipOutgoing: true})
	vlan := openLive(t, LiveOptions{Interface: "far", Filter: "vlan 5"})
	inner := openLive(t, LiveOptions{Interface: "far", Filter: "vlan 7 and not outbound"})
	port := openLive(t, LiveOptions{Interface: "far", Filter: "udp dst port 5683"})
	send(t, "far", udpFrame(3, 4, "outgoing"))
	coap, tagged := udpFrame(1, 5683, "coap with a payload"), udpFrame(1, 2, "tagged", 0x81, 0, 0, 5)
	double := udpFrame(1, 2, "double", 0x88, 0xa8, 0, 6, 0x81, 0, 0, 7)
	send(t, "near", coap, tagged, double)

	if f := collect(t, snapped, 3); len(f) != 3 || !bytes.Equal(f[0].Data, coap[:50]) || f[0].WireLen != uint32(len(coap)) || snapped.Stats().Snapped == 0 {
		t.Errorf("snapshot length: %+v", f)
	}
	if f := collect(t, vlan, 1); len(f) != 1 || !bytes.Equal(f[0].Data, tagged) {
		t.Errorf("outer VLAN: %+v", f)
	}
	if f := collect(t, inner, 1); len(f) != 1 || !bytes.Equal(f[0].Data, double) {
		t.Errorf("inner VLAN: %+v", f)
	}
	if f := collect(t, port, 1); len(f) != 1 || !bytes.Equal(f[0].Data, coap) {
		t.Errorf("port: %+v", f)
	}
}

// All rings of a group together get every packet once, and both directions of
// a flow come to the same ring.
func TestLiveFanout(t *testing.T) {
	inNamespace(t)
	const rings, flows = 2, 64
	var sources []Source
	for range rings {
		sources = append(sources, openLive(t, LiveOptions{Interface: "far", FanoutGroup: 77, FanoutSize: rings, Blocks: 4}))
	}
	turn := func(b []byte) []byte {
		b = bytes.Clone(b)
		copy(b[26:30], []byte{192, 0, 2, 2})
		copy(b[30:34], []byte{192, 0, 2, 1})
		b[34], b[35], b[36], b[37] = b[36], b[37], b[34], b[35]
		return b
	}
	var frames [][]byte
	for i := range flows {
		f := udpFrame(uint16(40000+i), 5683, "there and back")
		frames = append(frames, f, turn(f))
	}
	send(t, "near", frames...)
	ring := map[uint16]int{}
	total := 0
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var b Batch
	used := map[int]bool{}
	for total < 2*flows {
		for i, s := range sources {
			if err := s.Read(ctx, &b); err != nil {
				t.Fatalf("after %d packets: %v", total, err)
			}
			for _, f := range b.Frames {
				total++
				used[i] = true
				client := max(binary.BigEndian.Uint16(f.Data[34:]), binary.BigEndian.Uint16(f.Data[36:]))
				if r, ok := ring[client]; ok && r != i {
					t.Errorf("flow %d is in both rings", client)
				}
				ring[client] = i
			}
		}
	}
	b.Release()
	if total != 2*flows || len(used) != rings {
		t.Errorf("%d packets of %d, %d rings used", total, 2*flows, len(used))
	}
}

func TestLiveErrors(t *testing.T) {
	inNamespace(t)
	tests := []struct {
		opt  LiveOptions
		code ident.Code
		want string
	}{
		{LiveOptions{Interface: "none0"}, ident.NotFound, "no such interface"},
		{LiveOptions{Interface: ""}, ident.NotFound, "no such interface"},
		{LiveOptions{Interface: "a-name-that-is-too-long"}, ident.NotFound, "no such interface"},
		{LiveOptions{Interface: "lo"}, ident.Unavailable, "is down"},
		{LiveOptions{Interface: "far", Filter: "port"}, ident.Usage, "filter"},
		{LiveOptions{Interface: "far", BlockSize: 1 << 20, Blocks: 513}, ident.Usage, "ring"},
		{LiveOptions{Interface: "far", BlockSize: 1 << 30, Blocks: 1}, ident.Usage, "ring"},
	}
	for _, tt := range tests {
		s, err := OpenLive(context.Background(), tt.opt)
		if err == nil {
			s.Close()
			t.Errorf("%+v: opened", tt.opt)
			continue
		}
		if ident.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.want) || ident.HintOf(err) == "" {
			t.Errorf("%+v: code %d, %v, hint %q", tt.opt, ident.CodeOf(err), err, ident.HintOf(err))
		}
	}
}

// An interface that goes down is waited for; one that is removed ends the
// capture with a clear error.
func TestLiveInterfaceGoes(t *testing.T) {
	inNamespace(t)
	s := openLive(t, LiveOptions{Interface: "far", Blocks: 4})
	command(t, "ip", "link", "set", "dev", "far", "down")
	var b Batch
	for range 3 {
		if err := s.Read(context.Background(), &b); err != nil || len(b.Frames) > 0 {
			t.Fatalf("down: %d frames, %v", len(b.Frames), err)
		}
	}
	command(t, "ip", "link", "set", "dev", "far", "up")
	waitRunning(t, "near", "far")
	frame := udpFrame(1, 2, "back again")
	send(t, "near", frame)
	if f := collect(t, s, 1); !bytes.Equal(f[len(f)-1].Data, frame) {
		t.Errorf("up again: %+v", f)
	}
	command(t, "ip", "link", "del", "near")
	deadline := time.Now().Add(5 * time.Second)
	var err error
	for err == nil && time.Now().Before(deadline) {
		err = s.Read(context.Background(), &b)
	}
	if ident.CodeOf(err) != ident.Unavailable || !strings.Contains(err.Error(), "disappeared") || ident.HintOf(err) == "" {
		t.Errorf("removed: %v", err)
	}
}

func TestLiveLoopback(t *testing.T) {
	inNamespace(t)
	command(t, "ip", "link", "set", "dev", "lo", "up")
	s := openLive(t, LiveOptions{Interface: "lo", Filter: "udp"})
	frame := udpFrame(1, 9, "once")
	copy(frame, make([]byte, 12))
	send(t, "lo", frame)
	ctx, cancel := context.WithTimeout(context.Background(), 400*time.Millisecond)
	defer cancel()
	var b Batch
	n := 0
	for s.Read(ctx, &b) == nil {
		n += len(b.Frames)
	}
	if n != 1 {
		t.Errorf("a packet on the loopback device was seen %d times", n)
	}
}

// A ring whose blocks are all in use drops packets, which is counted, and goes
// on when they come back; what is kept stays as it is, even after Close.
func TestLiveBackpressure(t *testing.T) {
	inNamespace(t)
	s := openLive(t, LiveOptions{Interface: "far", BlockSize: 1 << 16, Blocks: 2})
	frame := udpFrame(1, 2, string(make([]byte, 1400)))
	var kept []*Batch
	frames := 0
	for deadline := time.Now().Add(5 * time.Second); s.Stats().Dropped == 0 && time.Now().Before(deadline); {
		send(t, "near", slices.Repeat([][]byte{frame}, 60)...)
		b := new(Batch)
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		err := s.Read(ctx, b)
		cancel()
		if err == nil && len(b.Frames) > 0 {
			kept = append(kept, b)
			frames += len(b.Frames)
		}
	}
	st := s.Stats()
	if st.Dropped == 0 || st.Freezes == 0 || frames == 0 {
		t.Fatalf("%d frames kept, %+v", frames, st)
	}
	last := kept[len(kept)-1]
	for _, b := range kept[:len(kept)-1] {
		b.Release()
	}
	send(t, "near", frame)
	collect(t, s, 1)
	s.Close()
	for _, f := range last.Frames {
		if !bytes.Equal(f.Data, frame) {
			t.Fatal("a kept frame changed")
		}
	}
	last.Release()
}

// At full speed of tcpreplay nothing is lost.
func TestLiveTcpreplay(t *testing.T) {
	if testing.Short() {
		t.Skip("not in short mode")
	}
	inNamespace(t)
	var records []record
	for i := range 20000 {
		records = append(records, record{sec: uint32(i), data: udpFrame(uint16(i), 5683, strings.Repeat("x", i%200))})
	}
	file := filepath.Join(t.TempDir(), "replay.pcap")
	if err := os.WriteFile(file, pcapFile(binary.LittleEndian, magicMicro, LinkEthernet, records...), 0o600); err != nil {
		t.Fatal(err)
	}
	const loops = 5
	want := uint64(loops * len(records))
	s := openLive(t, LiveOptions{Interface: "far"})
	done := make(chan uint64)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	go func() {
		var b Batch
		for s.Stats().Packets < want && s.Read(ctx, &b) == nil {
		}
		b.Release()
		done <- s.Stats().Packets
	}()
	out := command(t, "tcpreplay", "--topspeed", "--preload-pcap", "--loop=5", "-i", "near", file)
	got := <-done
	if st := s.Stats(); got != want || st.Dropped != 0 {
		t.Errorf("%d packets of %d, %+v\n%s", got, want, st, out)
	}
	for _, line := range strings.Split(out, "\n") {
		if strings.Contains(line, "pps") {
			t.Log(line)
		}
	}
}
