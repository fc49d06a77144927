package smb

import (
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto/prototest"
)

func BenchmarkWriteAndAnswer(b *testing.B) {
	c := prototest.NewConn(6, 445)
	p := Protocol.New()
	p.Data(c, event.ToServer, frame(create(1, "x.bin", 1, 0)))
	p.Data(c, event.ToClient, frame(createAnswer(1, 0, 9)))
	ask, answer := frame(write(2, 9, 8192, make([]byte, 1024))), frame(writeAnswer(2))
	b.SetBytes(int64(len(ask) + len(answer)))
	b.ReportAllocs()
	for b.Loop() {
		c.Env.Out.Reset()
		p.Data(c, event.ToServer, ask)
		p.Data(c, event.ToClient, answer)
	}
}

func BenchmarkCreateAndClose(b *testing.B) {
	c := prototest.NewConn(6, 445)
	p := Protocol.New()
	open, opened, shut, done := frame(create(1, `dir\file.txt`, 1, 0)), frame(createAnswer(1, 0, 9)), frame(closing(2, 9)), frame(closed(2))
	b.ReportAllocs()
	for b.Loop() {
		c.Env.Out.Reset()
		p.Data(c, event.ToServer, open)
		p.Data(c, event.ToClient, opened)
		p.Data(c, event.ToServer, shut)
		p.Data(c, event.ToClient, done)
	}
}
