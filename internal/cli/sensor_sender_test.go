package cli

import (
	"encoding/binary"
	"net"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// message is struct mmsghdr of sendmmsg(2).
type message struct {
	header unix.Msghdr
	sent   uint32
}

// play sends the frames of a capture file, so many times over, from an
// interface at a rate in packets a second, and gives the rate that it reached.
// It sends 64 frames with a call and goes around the queueing discipline,
// which costs a third of what tcpreplay takes from the sensor under test.
func play(t *testing.T, file []byte, name string, rate, loops int) float64 {
	t.Helper()
	iface, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	socket, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(socket)
	if err := unix.SetsockoptInt(socket, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1); err != nil {
		t.Fatal(err)
	}
	if err := unix.Bind(socket, &unix.SockaddrLinklayer{Ifindex: iface.Index}); err != nil {
		t.Fatal(err)
	}
	var vectors []unix.Iovec
	for b := file[24:]; len(b) >= 16; {
		n := binary.LittleEndian.Uint32(b[8:])
		v := unix.Iovec{Base: &b[16]}
		v.SetLen(int(n))
		vectors, b = append(vectors, v), b[16+n:]
	}
	messages := make([]message, len(vectors))
	for i := range messages {
		messages[i].header.Iov = &vectors[i]
		messages[i].header.SetIovlen(1)
	}
	const batch = 64
	sent, began := 0, time.Now()
	for range loops {
		for rest := messages; len(rest) > 0; {
			for time.Since(began) < time.Duration(sent)*time.Second/time.Duration(rate) {
				runtime.Gosched()
			}
			n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(socket), uintptr(unsafe.Pointer(&rest[0])), uintptr(min(len(rest), batch)), 0, 0, 0)
			if errno == unix.ENOBUFS || errno == unix.EAGAIN || errno == unix.EINTR {
				continue
			}
			if errno != 0 {
				t.Fatalf("sendmmsg: %v", errno)
			}
			rest, sent = rest[n:], sent+int(n)
		}
	}
	runtime.KeepAlive(vectors)
	return float64(sent) / time.Since(began).Seconds()
}
