package rtsp

import (
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto/prototest"
)

func BenchmarkTransaction(b *testing.B) {
	c := prototest.NewConn(6, 554)
	p := Protocol.New()
	in := []byte("OPTIONS rtsp://192.0.2.2/live RTSP/1.0\r\nCSeq: 3\r\nUser-Agent: x\r\nAuthorization: Basic YTpi\r\n\r\n")
	out := []byte("RTSP/1.0 200 OK\r\nCSeq: 3\r\nServer: y\r\nPublic: DESCRIBE, SETUP\r\n\r\n")
	b.SetBytes(int64(len(in) + len(out)))
	b.ReportAllocs()
	for b.Loop() {
		c.Env.Out.Reset()
		p.Data(c, event.ToServer, in)
		p.Data(c, event.ToClient, out)
	}
}
