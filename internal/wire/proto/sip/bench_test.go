package sip

import (
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto/prototest"
)

func BenchmarkTransaction(b *testing.B) {
	c := prototest.NewConn(17, 5060)
	p := Protocol.New()
	in, out := []byte(ask("OPTIONS", 1, "User-Agent: Phone/1\r\n")), []byte(reply(200, "OPTIONS", 1, "Server: PBX\r\n"))
	b.SetBytes(int64(len(in) + len(out)))
	b.ReportAllocs()
	for b.Loop() {
		c.Env.Out.Reset()
		p.Data(c, event.ToServer, in)
		p.Data(c, event.ToClient, out)
	}
}
