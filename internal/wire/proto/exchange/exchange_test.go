package exchange

import (
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto/prototest"
)

func TestRequestBecomesOneFact(t *testing.T) {
	c := prototest.NewConn(6, 9600)
	r := Requests{Proto: event.ProtoFINS}
	q := r.Ask(c, 7, event.ToServer)
	q.Verb, q.Class = "memory area write", event.OpWrite
	q.Target.Str("D").Uint(100)
	if r.Answer(c, 7, event.ToServer) != nil {
		t.Fatal("a request cannot answer itself")
	}
	f := r.Answer(c, 7, event.ToClient)
	if f == nil || !f.Answered || f.Target != "D100" || f.Class != event.OpWrite {
		t.Fatalf("fact %+v", f)
	}
	r.Ask(c, 8, event.ToClient).Verb = "poll"
	r.End(c)
	facts := c.Env.Out.Facts()
	if len(facts) != 2 || facts[1].Src != c.Server || facts[1].Body.(*event.ICS).Answered {
		t.Errorf("an unanswered request of the server: %+v", facts[len(facts)-1])
	}
}

func TestRequestsAreBounded(t *testing.T) {
	c := prototest.NewConn(6, 9600)
	r := Requests{Proto: event.ProtoFINS}
	for i := range uint64(3 * Waiting) {
		r.Ask(c, i, event.ToServer)
	}
	if r.Len() > Waiting || len(c.Env.Out.Facts()) != 3*Waiting-r.Len() {
		t.Errorf("%d wait, %d facts", r.Len(), len(c.Env.Out.Facts()))
	}
	c.Time += int64(Patience) + 1
	r.Ask(c, 1, event.ToServer)
	if r.Len() != 1 {
		t.Errorf("%d requests outlived their time", r.Len()-1)
	}
}

func TestAnomaliesAreLimited(t *testing.T) {
	c := prototest.NewConn(6, 9600)
	for range 100 {
		Anomaly(c, event.ProtoFINS, event.ToServer, "x", "")
	}
	if n := len(c.Env.Out.Facts()); n != 16 || c.Errors != 100 {
		t.Errorf("%d facts, %d errors counted", n, c.Errors)
	}
}

func TestText(t *testing.T) {
	var x Text
	x.Str("a").Put([]byte("b")).Uint(12).Hex(0xbeef, 6).Printable([]byte{'x', 0, 0xff})
	if got := string(x.Bytes()); got != "ab1200beefx.." {
		t.Errorf("text %q", got)
	}
	for range 100 {
		x.Str("0123456789").Printable([]byte("abc"))
	}
	if x.Len() != TextMax {
		t.Errorf("text grew to %d bytes", x.Len())
	}
}
