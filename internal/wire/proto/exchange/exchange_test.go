package exchange

import (
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto/prototest"
)

func TestTableKeepsOrderAndIsBounded(t *testing.T) {
	var tab Table[int]
	for i := range Max + 3 {
		*tab.Add(uint64(i)) = i
	}
	if tab.Len() != Max || *tab.Oldest() != 3 {
		t.Fatalf("len %d, oldest %d; want %d, 3", tab.Len(), *tab.Oldest(), Max)
	}
	if !tab.Remove(10) || tab.Remove(10) || tab.Find(10) != nil {
		t.Error("a request can be removed once")
	}
	if v := tab.Find(11); v == nil || *v != 11 {
		t.Error("the neighbour of a removed request is lost")
	}
	tab.RemoveOldest()
	if *tab.Oldest() != 4 {
		t.Errorf("oldest %d, want 4", *tab.Oldest())
	}
}

func TestTableReusesMemory(t *testing.T) {
	var tab Table[[64]byte]
	work := func() {
		for i := range uint64(200) {
			tab.Add(i)
			if i%3 == 0 {
				tab.Remove(i)
			}
		}
		tab.Reset()
	}
	work()
	if n := testing.AllocsPerRun(10, work); n != 0 {
		t.Errorf("%v allocations in steady state", n)
	}
}

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
