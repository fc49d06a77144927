package hl7

import (
	"bytes"
	"strings"
	"testing"
	"testing/quick"

	"edgeward/internal/event"
	"edgeward/internal/shared"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

const (
	admit = "MSH|^~\\&|WARD^1.2^ISO|NORTH|LAB|SOUTH|20240501||ADT^A01^ADT_A01|C1|P|2.5.1\r" +
		"SFT|Acme Health|7.2|WardSoft|x\rEVN|A01\rPID|1||123||DOE^JANE^^^^||19700101\rNK1|1|DOE^JOHN\r"
	admitAck = "MSH|^~\\&|LAB|SOUTH|WARD|NORTH|20240501||ACK^A01|R1|P|2.5.1\rMSA|AA|C1\r"
	order    = "MSH|^~\\&|CPOE||PHARM||20240501||RDE^O11|C2|P|2.4\rPID|1||9\rORC|NW|1\r"
	orderNak = "MSH|^~\\&|PHARM||CPOE||20240501||ACK|R2|P|2.4\rMSA|AR|C2|no such doctor\r"
	query    = "MSH|^~\\&|APP||MPI||20240501||QBP^Q22|C3|P|2.5\rQPD|Q22|1|@PID.5.1^DOE\rRCP|I\r"
	queryRsp = "MSH|^~\\&|MPI||APP||20240501||RSP^K22|R3|P|2.5\rMSA|AA|C3\rQAK|1|OK\rPID|1||123||DOE^JANE\r"
)

func frame(s string) []byte {
	return append(append([]byte{StartBlock}, s...), EndBlock, SegmentEnd)
}

type turn struct {
	dir event.Dir
	b   []byte
}

func talk(t testing.TB, step int, turns ...turn) (*proto.Conn, []*event.Fact) {
	c := prototest.NewConn(6, 2575)
	p := Protocol.New()
	for _, u := range turns {
		if n, err := prototest.Feed(p, c, u.dir, u.b, step); err != nil || n != len(u.b) {
			t.Fatalf("parser took %d of %d: %v", n, len(u.b), err)
		}
	}
	p.End(c)
	return c, c.Env.Out.Facts()
}

func messages(facts []*event.Fact) (out []*event.HL7) {
	for _, f := range facts {
		if m, ok := f.Body.(*event.HL7); ok {
			out = append(out, m)
		}
	}
	return out
}

func TestConversation(t *testing.T) {
	for _, step := range []int{0, 1, 5, 64} {
		c, facts := talk(t, step,
			turn{event.ToServer, append(frame(admit), frame(order)...)},
			turn{event.ToClient, append(frame(admitAck), frame(orderNak)...)},
			turn{event.ToServer, frame(query)}, turn{event.ToClient, frame(queryRsp)},
			turn{event.ToServer, frame(order)},
		)
		got := messages(facts)
		if len(got) != 4 || c.Messages != [2]uint32{4, 3} {
			t.Fatalf("step %d: %d facts, %v messages", step, len(got), c.Messages)
		}
		a, o, q, last := got[0], got[1], got[2], got[3]
		if a.Type != "ADT^A01" || a.SendApp != "WARD" || a.SendFac != "NORTH" || a.RecvApp != "LAB" || a.ControlID != "C1" ||
			a.Version != "2.5.1" || a.Ack != "AA" || a.Segments != 5 || !a.Patient || a.Class != event.OpWrite || a.Length != uint32(len(admit)) {
			t.Errorf("step %d: admission %+v", step, a)
		}
		if o.Type != "RDE^O11" || o.Ack != "AR" || !o.Operation().Denied {
			t.Errorf("order %+v", o)
		}
		if q.Class != event.OpRead || !q.Patient || q.Ack != "AA" {
			t.Errorf("query %+v", q)
		}
		if last.Ack != "" {
			t.Errorf("unanswered order %+v", last)
		}
		var b []byte
		for _, f := range facts {
			b = f.Body.AppendEVE(append(b, '{'))
		}
		for _, secret := range []string{"DOE", "JANE", "1970", "123"} {
			if strings.Contains(string(b), secret) {
				t.Errorf("a fact holds %q of a patient", secret)
			}
		}
		if !strings.Contains(string(b), `"model":"WardSoft"`) {
			t.Errorf("no identity of the software in %s", b)
		}
	}
}

func TestLongSegmentsAreSkipped(t *testing.T) {
	big := admit + "OBX|1|ED|PDF||" + strings.Repeat("QUJD", 50000) + "\rOBX|2|NM|||1\r"
	_, facts := talk(t, 1460, turn{event.ToServer, frame(big)}, turn{event.ToClient, frame(admitAck)})
	if got := messages(facts); len(got) != 1 || got[0].Segments != 7 || got[0].Length != uint32(len(big)) || got[0].Ack != "AA" {
		t.Errorf("%+v", got)
	}
}

func TestBrokenFraming(t *testing.T) {
	b := append([]byte{StartBlock}, order...) // no end block
	b = append(b, frame(admit)...)
	b = append(b, frame("nothing of HL7\r")...)
	b = append(b, frame(query)...)
	c, facts := talk(t, 0, turn{event.ToServer, b})
	if got := messages(facts); len(got) != 3 {
		t.Errorf("%d messages found around the broken ones", len(got))
	}
	if c.Errors != 2 {
		t.Errorf("%d anomalies, want 2", c.Errors)
	}
}

func TestGapIsBridged(t *testing.T) {
	c := prototest.NewConn(6, 2575)
	p := Protocol.New()
	prototest.Feed(p, c, event.ToServer, frame(admit)[:60], 0)
	p.Gap(c, event.ToServer, 40)
	prototest.Feed(p, c, event.ToServer, append([]byte("rest|of\r\x1c\r"), frame(order)...), 0)
	p.End(c)
	if got := messages(c.Env.Out.Facts()); len(got) != 1 || got[0].Type != "RDE^O11" {
		t.Errorf("%+v", got)
	}
}

func TestProbe(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want proto.Match
	}{
		{"\x0bMSH|^~\\&|A|", proto.Yes},
		{"\x0bMSH|^~\\&#|A|", proto.Yes},
		{"\x0bMSH$%~\\&$A$", proto.Yes},
		{"\x0bMS", proto.More},
		{"\x0bMSH is a word", proto.No},
		{"\x0bGET / HTTP/1.1", proto.No},
		{"MSH|^~\\&|A|", proto.No},
	} {
		var s proto.Sample
		s.Data[0] = []byte(tc.in)
		if got := probe(&s); got != tc.want {
			t.Errorf("%q: %d, want %d", tc.in, got, tc.want)
		}
	}
}

func TestCodecRoundTrip(t *testing.T) {
	same := func(app, kind, id string) bool {
		word := func(s string) []byte {
			return bytes.Map(func(r rune) rune {
				if r >= 'A' && r <= 'z' && r != '\\' && r != '^' {
					return r
				}
				return -1
			}, []byte(s))
		}
		in := Header{Separator: '|', Component: '^', SendApp: word(app), Type: word(kind), ControlID: word(id), Processing: []byte("P"), Version: []byte("2.5")}
		b := Append(nil, AppendHeader(nil, &in), []byte("MSA|AA|X"), []byte("PID|1"))
		var m Message
		n, err := Decode(&m, b)
		return err == nil && n == len(b) && bytes.Equal(m.Header.SendApp, in.SendApp) && bytes.Equal(m.Header.Type, in.Type) &&
			bytes.Equal(m.Header.ControlID, in.ControlID) && string(m.Header.Version) == "2.5" && m.Segments == 3 && m.Patient && string(m.Ack.Code) == "AA"
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
}

func FuzzParser(f *testing.F) {
	f.Add(frame(admit), frame(admitAck), uint8(0))
	f.Add(append(frame(query), frame(order)...), frame(queryRsp), uint8(7))
	f.Fuzz(func(t *testing.T, up, down []byte, step uint8) {
		var s proto.Sample
		s.Data[0], s.Data[1] = up, down
		probe(&s)
		var m Message
		Decode(&m, up)
		c := prototest.NewConn(6, 2575)
		p := Protocol.New()
		prototest.Feed(p, c, event.ToServer, up, int(step))
		prototest.Feed(p, c, event.ToClient, down, int(step))
		p.Gap(c, event.ToServer, 1)
		prototest.Feed(p, c, event.ToServer, up, int(step))
		p.End(c)
	})
}

func TestNoAllocationPerMessage(t *testing.T) {
	c := prototest.NewConn(6, 2575)
	p := Protocol.New()
	rq, rsp := frame(admit), frame(admitAck)
	n := shared.AllocsPerRun(100, func() {
		c.Env.Out.Reset()
		p.Data(c, event.ToServer, rq)
		p.Data(c, event.ToClient, rsp)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkParser(b *testing.B) {
	c := prototest.NewConn(6, 2575)
	p := Protocol.New()
	rq, rsp := frame(admit), frame(admitAck)
	b.SetBytes(int64(len(rq) + len(rsp)))
	b.ReportAllocs()
	for b.Loop() {
		c.Env.Out.Reset()
		p.Data(c, event.ToServer, rq)
		p.Data(c, event.ToClient, rsp)
	}
}
