package telnet

import (
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto/prototest"
)

func BenchmarkCommands(b *testing.B) {
	c := prototest.NewConn(6, 23)
	p := Protocol.New()
	p.Data(c, event.ToClient, []byte("$ "))
	ask, answer := []byte("cat /proc/mounts\r\n"), []byte("cat /proc/mounts\r\nrootfs / rootfs rw 0 0\r\nproc /proc proc rw 0 0\r\n$ ")
	b.SetBytes(int64(len(ask) + len(answer)))
	b.ReportAllocs()
	for b.Loop() {
		c.Env.Out.Reset()
		p.Data(c, event.ToServer, ask)
		p.Data(c, event.ToClient, answer)
	}
}

func BenchmarkClassify(b *testing.B) {
	line := []byte("Enter the name of the device to be configured: ")
	b.ReportAllocs()
	for b.Loop() {
		classify(line)
	}
}
