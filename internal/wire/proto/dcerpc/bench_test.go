package dcerpc

import (
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto/prototest"
)

func BenchmarkCall(b *testing.B) {
	c := prototest.NewConn(6, 135)
	p := Protocol.New()
	p.Data(c, event.ToServer, bind(svcctl))
	p.Data(c, event.ToClient, bindAck("49667", 0))
	in, out := AppendRequest(nil, 2, 0, 12, make([]byte, 200)), response(2, make([]byte, 100))
	b.SetBytes(int64(len(in) + len(out)))
	b.ReportAllocs()
	for b.Loop() {
		c.Env.Out.Reset()
		p.Data(c, event.ToServer, in)
		p.Data(c, event.ToClient, out)
	}
}
