package mms

import (
	"bytes"
	"strings"
	"testing"
	"testing/quick"

	"edgeward/internal/event"
	"edgeward/internal/shared"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/ber"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/tpkt"
)

func ctx(n ber.Tag) ber.Tag  { return ber.Context | n }
func cons(n ber.Tag) ber.Tag { return ber.Context | ber.Constructed | n }

// tlv appends the parts inside an element.
func tlv(tag ber.Tag, parts ...[]byte) []byte { return ber.Append(nil, tag, bytes.Join(parts, nil)) }

func str(tag ber.Tag, s string) []byte { return ber.Append(nil, tag, []byte(s)) }

// dt puts a message into data units of at most size octets.
func dt(message []byte, size int) (out []byte) {
	for {
		n := min(size, len(message))
		t := tpkt.TPDU{Type: tpkt.DT, EOT: n == len(message), Data: message[:n]}
		out = tpkt.Append(out, tpkt.AppendTPDU(nil, &t))
		if message = message[n:]; len(message) == 0 {
			return out
		}
	}
}

func data(unit []byte) []byte {
	return dt(AppendSession(nil, &Session{Type: spduData, User: AppendUserData(nil, 3, unit)}), 1000)
}

func ask(invoke uint32, service ber.Tag, body ...[]byte) []byte {
	return data(AppendConfirmed(nil, &PDU{Type: confirmedRequest, Invoke: invoke, Service: service, Body: bytes.Join(body, nil)}))
}

func reply(invoke uint32, service ber.Tag, body ...[]byte) []byte {
	return data(AppendConfirmed(nil, &PDU{Type: confirmedResponse, Invoke: invoke, Service: service, Body: bytes.Join(body, nil)}))
}

// variable is the access specification of one variable of a domain.
func variable(domain, item string) []byte {
	return tlv(cons(0), tlv(ber.Sequence, tlv(cons(0), tlv(cons(1), str(ber.VisibleString, domain), str(ber.VisibleString, item)))))
}

// open makes the association's opening or its answer.
func open(spdu uint8, acse ber.Tag, initiate []byte, more ...[]byte) []byte {
	oid := str(ber.ObjectID, syntax+"\x03")
	external := tlv(ber.External, ber.AppendInt(nil, ber.Integer, 3), tlv(cons(0), initiate))
	unit := tlv(acse, append(append([][]byte{tlv(cons(1), oid)}, more...), tlv(cons(30), external))...)
	normal := tlv(cons(2), tlv(cons(4), str(ber.ObjectID, syntax+"\x01")), AppendUserData(nil, 1, unit))
	cp := tlv(ber.Set, tlv(cons(0), str(ctx(0), "\x01")), normal)
	return dt(AppendSession(nil, &Session{Type: spdu, User: cp}), 1000)
}

func connect() []byte {
	t := tpkt.TPDU{Type: tpkt.CR, Src: 7, SizeCode: 13, Called: []byte{0, 1}}
	return tpkt.Append(nil, tpkt.AppendTPDU(nil, &t))
}

type turn struct {
	dir event.Dir
	b   []byte
}

func talk(t testing.TB, step int, turns ...turn) (*proto.Conn, []*event.Fact) {
	c := prototest.NewConn(6, tpkt.Port)
	p := Protocol.New()
	for _, u := range turns {
		if n, err := prototest.Feed(p, c, u.dir, u.b, step); err != nil || n != len(u.b) {
			t.Fatalf("parser took %d of %d: %v", n, len(u.b), err)
		}
	}
	p.End(c)
	return c, c.Env.Out.Facts()
}

func requests(facts []*event.Fact) (out []event.ICS) {
	for _, f := range facts {
		if x, ok := f.Body.(*event.ICS); ok {
			out = append(out, *x)
		}
	}
	return out
}

func TestConversation(t *testing.T) {
	initiate, initiated := tlv(cons(8), str(ctx(0), "\x10")), tlv(cons(9), str(ctx(0), "\x10"))
	turns := []turn{
		{event.ToServer, connect()},
		{event.ToServer, open(spduConnect, acseRequest, initiate)},
		{event.ToClient, open(spduAccept, acseResponse, initiated, tlv(cons(2), str(ber.Integer, "\x00")))},
		{event.ToServer, ask(1, ctx(2))},
		{event.ToClient, reply(1, cons(2), str(ctx(0), "Acme"), str(ctx(1), "Bay 7"), str(ctx(2), "4.2"))},
		{event.ToServer, ask(2, cons(5), variable("LD0", "CSWI1$CO$Pos$Oper"), tlv(cons(0), str(ctx(10), "operator")))},
		{event.ToClient, reply(2, cons(5), str(ctx(0), "\x03"))},
		{event.ToServer, ask(3, cons(4), tlv(cons(1), variable("LD0", "LPHD1$DC$PhyNam$serNum")))},
		{event.ToClient, reply(3, cons(4), tlv(cons(1), str(ctx(10), "SN 0815")))},
		{event.ToServer, ask(4, cons(72), tlv(cons(0), str(ber.GraphicString, "/COMTRADE/1.dat")))},
		{event.ToClient, data(tlv(cons(2), str(ctx(0), "\x04"), tlv(cons(2), tlv(cons(0), str(ctx(11), "\x07")))))},
		{event.ToServer, ask(5, ctx(36), []byte("Domain1"))},
	}
	want := []event.ICS{
		{Verb: "initiate", Answered: true},
		{Verb: "identify", Code: 2, Class: event.OpDiscover, Answered: true},
		{Verb: "write", Code: 5, Class: event.OpWrite, Target: "LD0/CSWI1$CO$Pos$Oper", Error: "object-access-denied", Answered: true},
		{Verb: "read", Code: 4, Class: event.OpRead, Target: "LD0/LPHD1$DC$PhyNam$serNum", Answered: true},
		{Verb: "fileOpen", Code: 72, Class: event.OpRead, Target: "/COMTRADE/1.dat", Error: "file", Answered: true},
		{Verb: "deleteDomain", Code: 36, Class: event.OpProgram, Target: "Domain1"},
	}
	for _, step := range []int{0, 1, 30} {
		c, facts := talk(t, step, turns...)
		got := requests(facts)
		if len(got) != len(want) || c.Errors != 0 || c.Messages != [2]uint32{6, 5} {
			t.Fatalf("step %d: %d facts, %d errors, messages %v", step, len(got), c.Errors, c.Messages)
		}
		for i := range want {
			want[i].Protocol = event.ProtoMMS
			if got[i] != want[i] {
				t.Errorf("fact %d:\n got %+v\nwant %+v", i, got[i], want[i])
			}
		}
		var ids []string
		for _, f := range facts {
			if x, ok := f.Body.(*event.Identity); ok {
				ids = append(ids, x.Vendor+"|"+x.Model+"|"+x.Firmware+"|"+x.Serial)
			}
		}
		if s := strings.Join(ids, ", "); s != "Acme|Bay 7|4.2|, |||SN 0815" {
			t.Errorf("identities %s", s)
		}
	}
}

func TestPasswordOfTheAssociation(t *testing.T) {
	rq := open(spduConnect, acseRequest, tlv(cons(8)), tlv(cons(12), str(ctx(0), "s3cret")))
	for _, tc := range []struct {
		answer  []byte
		outcome string
	}{
		{open(spduAccept, acseResponse, tlv(cons(9)), tlv(cons(2), str(ber.Integer, "\x00"))), "success"},
		{open(spduAccept, acseResponse, tlv(cons(9)), tlv(cons(2), str(ber.Integer, "\x01"))), "failure"},
		{dt(AppendSession(nil, &Session{Type: spduRefuse}), 100), "failure"},
		{nil, "unknown"},
	} {
		_, facts := talk(t, 0, turn{event.ToServer, rq}, turn{event.ToClient, tc.answer})
		var l *event.Login
		var eve []byte
		for _, f := range facts {
			if x, ok := f.Body.(*event.Login); ok {
				l = x
			}
			eve = f.Body.AppendEVE(append(eve, '{'))
		}
		if l == nil || l.Outcome != tc.outcome || l.Secret.Len != 6 || bytes.Contains(eve, []byte("s3cret")) {
			t.Errorf("%s: %+v", tc.outcome, l)
		}
	}
}

func TestLongMessagesInPieces(t *testing.T) {
	write := AppendConfirmed(nil, &PDU{Type: confirmedRequest, Invoke: 9, Service: cons(5),
		Body: append(variable("LD0", "Array"), tlv(cons(0), str(ctx(9), strings.Repeat("x", 30000)))...)})
	b := dt(AppendSession(nil, &Session{Type: spduData, User: AppendUserData(nil, 3, write)}), 1013)
	c, facts := talk(t, 1460, turn{event.ToServer, b}, turn{event.ToClient, reply(9, cons(5), str(ctx(1), ""))})
	if got := requests(facts); len(got) != 1 || got[0].Target != "LD0/Array" || !got[0].Answered || got[0].Error != "" || c.Errors != 0 {
		t.Errorf("%+v, %d errors", got, c.Errors)
	}
}

func TestPickedUpInTheMiddle(t *testing.T) {
	c := prototest.NewConn(6, tpkt.Port)
	p := Protocol.New()
	p.Gap(c, event.ToServer, 0)
	b := append([]byte("\x03\x03\x00\x00\xff rest of something"), ask(1, ctx(2))...)
	if n, err := prototest.Feed(p, c, event.ToServer, b, 5); n != len(b) || err != nil {
		t.Fatal(n, err)
	}
	p.End(c)
	if got := requests(c.Env.Out.Facts()); len(got) != 1 || got[0].Verb != "identify" {
		t.Errorf("%+v", got)
	}
}

func TestProbe(t *testing.T) {
	rq := open(spduConnect, acseRequest, tlv(cons(8)))
	s7 := tpkt.Append(nil, tpkt.AppendTPDU(nil, &tpkt.TPDU{Type: tpkt.DT, EOT: true, Data: []byte{0x32, 1, 0, 0, 0, 0, 0, 8, 0, 0, 0xf0, 0}}))
	for _, tc := range []struct {
		name string
		b    []byte
		want proto.Match
	}{
		{"connection only", connect(), proto.More},
		{"association", append(connect(), rq...), proto.Yes},
		{"request", ask(1, ctx(2)), proto.Yes},
		{"S7", append(connect(), s7...), proto.No},
		{"text", []byte("GET / HTTP/1.0"), proto.No},
	} {
		var s proto.Sample
		s.Data[0] = tc.b
		if got := probe(&s); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestCodecRoundTrip(t *testing.T) {
	same := func(spdu uint8, invoke uint32, number uint16, response bool, body []byte) bool {
		in := PDU{Invoke: invoke >> 1, Service: cons(ber.Tag(number)), Body: body}
		if response {
			in.Type = confirmedResponse
		}
		s := Session{Type: []uint8{spduData, spduConnect}[spdu%2], User: AppendUserData(nil, 3, AppendConfirmed(nil, &in))}
		var gotS Session
		var got PDU
		if DecodeSession(&gotS, AppendSession(nil, &s)) != nil || gotS.Type != s.Type {
			return false
		}
		unit, err := UserData(gotS.User)
		return err == nil && DecodePDU(&got, unit) == nil && got.Type == in.Type && got.Invoke == in.Invoke &&
			got.Service == in.Service && bytes.Equal(got.Body, in.Body)
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
}

func FuzzParser(f *testing.F) {
	f.Add(append(connect(), open(spduConnect, acseRequest, tlv(cons(8)), tlv(cons(12), str(ctx(0), "x")))...), open(spduAccept, acseResponse, tlv(cons(9))), uint8(0))
	f.Add(ask(1, cons(5), variable("a", "b")), reply(1, cons(5), str(ctx(0), "\x03")), uint8(3))
	f.Add(ask(2, cons(4), variable("a", "b$DC$PhyNam")), reply(2, cons(4), tlv(cons(1), tlv(cons(2), str(ctx(10), "v")))), uint8(0))
	f.Fuzz(func(t *testing.T, a, b []byte, step uint8) {
		var s proto.Sample
		s.Data[0], s.Data[1] = a, b
		probe(&s)
		c := prototest.NewConn(6, tpkt.Port)
		p := Protocol.New()
		prototest.Feed(p, c, event.ToServer, a, int(step))
		prototest.Feed(p, c, event.ToClient, b, int(step))
		p.Gap(c, event.ToServer, 1)
		prototest.Feed(p, c, event.ToServer, a, int(step))
		p.End(c)
	})
}

func TestNoAllocationPerMessage(t *testing.T) {
	c := prototest.NewConn(6, tpkt.Port)
	p := Protocol.New()
	rq, rsp := ask(3, cons(4), tlv(cons(1), variable("LD0", "XCBR1$ST$Pos"))), reply(3, cons(4), tlv(cons(1), str(ctx(10), "x")))
	n := shared.AllocsPerRun(100, func() {
		c.Env.Out.Reset()
		p.Data(c, event.ToServer, rq)
		p.Data(c, event.ToClient, rsp)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
