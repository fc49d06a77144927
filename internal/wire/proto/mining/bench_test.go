package mining

import (
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto/prototest"
)

func BenchmarkSubmit(b *testing.B) {
	c := prototest.NewConn(6, 3333)
	p := Protocol.New().(*parser)
	ask := []byte(`{"id":4,"method":"mining.submit","params":["acct.rig","1d3","00000000","504e86b9","e9f3"]}` + "\n")
	answer := []byte(`{"id":4,"result":true,"error":null}` + "\n")
	b.SetBytes(int64(len(ask) + len(answer)))
	b.ReportAllocs()
	for b.Loop() {
		c.Env.Out.Reset()
		p.shares = 0
		p.Data(c, event.ToServer, ask)
		p.Data(c, event.ToClient, answer)
	}
}
