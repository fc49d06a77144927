package melsec

import (
	"bytes"
	"encoding/binary"
	"testing"
	"testing/quick"

	"edgeward/internal/event"
	"edgeward/internal/shared"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

func ask(frame Frame, serial, command, sub uint16, data ...byte) []byte {
	return Append(nil, &Message{Frame: frame, Serial: serial, Station: 0xff, ModuleIO: 0x3ff, Timer: 16, Command: command, Subcommand: sub, Data: data})
}

func reply(frame Frame, serial, end uint16, data ...byte) []byte {
	return Append(nil, &Message{Frame: frame, Response: true, Serial: serial, Station: 0xff, ModuleIO: 0x3ff, End: end, Data: data})
}

// soft makes a MELSOFT frame.
func soft(response bool, command, serial, status uint16, data ...byte) []byte {
	first, kind, head := byte(0x57), byte(0x1c), 24
	if response {
		first, kind, head = 0xd7, 0x9c, 26
	}
	b := []byte{first, 1, 0, 0, 0, 0x11, 0x11, 7, 0, 0, 0xff, 0xff, 3, 0, 0, 0, 0, 0, 0}
	b = binary.LittleEndian.AppendUint16(b, uint16(head+6+len(data)))
	h := make([]byte, head)
	h[0], h[2] = kind, byte(head-2)
	binary.LittleEndian.PutUint16(h[4:], status)
	b = append(b, h...)
	b = binary.BigEndian.AppendUint16(b, command)
	b = binary.LittleEndian.AppendUint16(b, serial)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(data)))
	return append(b, data...)
}

type turn struct {
	dir event.Dir
	b   []byte
}

func up(b []byte) turn   { return turn{event.ToServer, b} }
func down(b []byte) turn { return turn{event.ToClient, b} }

func talk(t testing.TB, step int, turns ...turn) (*proto.Conn, []event.ICS, []*event.Fact) {
	c := prototest.NewConn(6, 5007)
	p := Protocol.New()
	for _, u := range turns {
		if n, err := prototest.Feed(p, c, u.dir, u.b, step); err != nil || n != len(u.b) {
			t.Fatalf("parser took %d of %d: %v", n, len(u.b), err)
		}
	}
	p.End(c)
	var out []event.ICS
	for _, f := range c.Env.Out.Facts() {
		if x, ok := f.Body.(*event.ICS); ok {
			out = append(out, *x)
		}
	}
	return c, out, c.Env.Out.Facts()
}

func compare(t *testing.T, got, want []event.ICS) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d facts, want %d: %+v", len(got), len(want), got)
	}
	for i, w := range want {
		w.Protocol = event.ProtoMELSEC
		if got[i] != w {
			t.Errorf("fact %d:\n got %+v\nwant %+v", i, got[i], w)
		}
	}
}

func identityOf(facts []*event.Fact) (id event.Identity) {
	for _, f := range facts {
		if x, ok := f.Body.(*event.Identity); ok {
			id = *x
		}
	}
	return id
}

func loginOf(facts []*event.Fact) (l event.Login) {
	for _, f := range facts {
		if x, ok := f.Body.(*event.Login); ok {
			l = *x
		}
	}
	return l
}

func TestSLMP(t *testing.T) {
	turns := []turn{
		up(ask(Frame3E, 0, cmdTypeName, 0)), down(reply(Frame3E, 0, 0, append([]byte("Q03UDVCPU       "), 0x66, 3)...)),
		up(ask(Frame4E, 7, cmdBatchRead, 0, 100, 0, 0, 0xa8, 10, 0)), up(ask(Frame4E, 8, cmdBatchWrite, 1, 0x1f, 0, 0, 0x9d, 4, 0, 0x11, 0)),
		down(reply(Frame4E, 8, 0xc056)), down(reply(Frame4E, 7, 0, make([]byte, 20)...)),
		up(ask(Frame3E, 0, cmdRandomWrite, 3, 1, 1, 0, 0, 0, 0x90, 0, 1, 0)), down(reply(Frame3E, 0, 0)),
		up(ask(Frame3E, 0, 0x1002, 0, 1, 0)), down(reply(Frame3E, 0, 0x4099)),
		up(ask(Frame3E, 0, 0x1006, 0, 1, 0)),
	}
	want := []event.ICS{
		{Verb: "read type name", Code: 0x101, Class: event.OpDiscover, Answered: true},
		{Verb: "batch write", Code: 0x1401, Class: event.OpWrite, Target: "Y1f x 4", Error: "address out of range", Answered: true},
		{Verb: "batch read", Code: 0x401, Class: event.OpRead, Target: "D100 x 10", Answered: true},
		{Verb: "random write", Code: 0x1402, Class: event.OpWrite, Target: "M1", Answered: true},
		{Verb: "remote stop", Code: 0x1002, Class: event.OpMode, Error: "0x4099", Answered: true},
		{Verb: "remote reset", Code: 0x1006, Class: event.OpRestart},
	}
	for _, step := range []int{0, 1, 9} {
		c, got, facts := talk(t, step, turns...)
		compare(t, got, want)
		if c.Errors != 0 || c.Messages != [2]uint32{6, 5} {
			t.Errorf("%d errors, messages %v", c.Errors, c.Messages)
		}
		if id := identityOf(facts); id.Model != "Q03UDVCPU" || id.Vendor != "Mitsubishi Electric" {
			t.Errorf("identity %+v", id)
		}
	}
}

func TestRemotePassword(t *testing.T) {
	for end, outcome := range map[uint16]string{0: "success", 0xc200: "failure"} {
		_, _, facts := talk(t, 0, up(ask(Frame3E, 0, cmdUnlock, 0, append([]byte{4, 0}, "abcd"...)...)), down(reply(Frame3E, 0, end)))
		if l := loginOf(facts); l.Outcome != outcome || l.Secret.Len != 4 || !l.Clear || l.Service != event.ProtoMELSEC {
			t.Errorf("%+v", l)
		}
	}
}

func TestMELSOFT(t *testing.T) {
	name := []byte("A\x00d\x00a\x00\x00\x00")
	_, got, facts := talk(t, 10,
		up(soft(false, softUserLogin, 1, 0, append(name, make([]byte, 32)...)...)), down(soft(true, softUserLogin, 1, 0, make([]byte, 16)...)),
		up(soft(false, softPasswordSend, 2, 0, make([]byte, 48)...)), down(soft(true, softPasswordSend, 2, 0x0844)),
		up(soft(false, 0x1869, 3, 0, make([]byte, 300)...)), down(soft(true, 0x1869, 3, 0)),
		up(soft(false, 0x7777, 4, 0)),
	)
	compare(t, got, []event.ICS{
		{Verb: "user name login", Code: 0x131, Answered: true},
		{Verb: "password login", Code: 0x132, Error: "0x0844", Answered: true},
		{Verb: "file write", Code: 0x1869, Class: event.OpProgram, Answered: true},
		{Verb: "unknown command", Code: 0x7777, Class: event.OpOther},
	})
	if l := loginOf(facts); l.User != "Ada" || l.Outcome != "failure" || l.Clear || l.Secret.Seen {
		t.Errorf("%+v", l)
	}
}

func TestFrame1E(t *testing.T) {
	read := Append1E(nil, &Message1E{Command: 1, PC: 0xff, Timer: 10, Data: []byte{100, 0, 0, 0, ' ', 'D', 10, 0}})
	c, got, _ := talk(t, 0,
		up(read), down(Append1E(nil, &Message1E{Command: 1, Response: true, Data: make([]byte, 20)})),
		up(Append1E(nil, &Message1E{Command: 0x14, PC: 0xff})), down(Append1E(nil, &Message1E{Command: 0x14, Response: true, End: 0x5b})))
	compare(t, got, []event.ICS{
		{Verb: "batch read words", Code: 1, Class: event.OpRead, Target: "D100 x 10", Answered: true},
		{Verb: "remote stop", Code: 0x14, Class: event.OpMode, Error: "0x005b", Answered: true},
	})
	if c.Errors != 0 {
		t.Errorf("%d errors", c.Errors)
	}
}

func TestMalformed(t *testing.T) {
	bad := ask(Frame3E, 0, cmdBatchRead, 0, 1, 2, 3, 0xa8, 1, 0)
	bad[7], bad[8] = 1, 0 // too short for a command
	c, got, _ := talk(t, 3, up(ask(Frame3E, 0, 0x1001, 0)), up(append(bad, ask(Frame3E, 0, 0x1002, 0)...)))
	if len(got) != 2 || got[1].Verb != "remote stop" || c.Errors != 1 {
		t.Errorf("%+v, %d errors", got, c.Errors)
	}
}

func TestProbe(t *testing.T) {
	for _, tc := range []struct {
		name string
		b    []byte
		want proto.Match
	}{
		{"3E", ask(Frame3E, 0, cmdBatchRead, 0, 1, 0, 0, 0xa8, 1, 0), proto.Yes},
		{"3E response", reply(Frame3E, 0, 0, 1, 2), proto.Weak},
		{"unknown command", ask(Frame3E, 0, 0x7777, 0), proto.No},
		{"MELSOFT", soft(false, 0x410, 1, 0), proto.Yes},
		{"1E", Append1E(nil, &Message1E{Command: 1, PC: 0xff, Data: []byte{0, 0, 0, 0, ' ', 'D', 1, 0}}), proto.Weak},
		{"part", ask(Frame3E, 0, cmdBatchRead, 0)[:5], proto.More},
		{"HTTP", []byte("POST / HTTP/1.1\r\n"), proto.No},
		{"zeros", make([]byte, 30), proto.No},
	} {
		s := proto.Sample{Conn: prototest.NewConn(6, 5007)}
		s.Data[0] = tc.b
		if got := probe(&s); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestCodecRoundTrip(t *testing.T) {
	same := func(in Message) bool {
		in.Frame &= 1
		in.Data = in.Data[:min(len(in.Data), 1000)]
		if in.Frame == Frame3E {
			in.Serial = 0
		}
		if in.Response {
			in.Timer, in.Command, in.Subcommand = 0, 0, 0
		} else {
			in.End = 0
		}
		b := Append(nil, &in)
		var got Message
		n, err := Decode(&got, b)
		equal := bytes.Equal(got.Data, in.Data)
		got.Data, in.Data = nil, nil
		return err == nil && n == len(b) && equal && got.Command == in.Command && got.Subcommand == in.Subcommand &&
			got.End == in.End && got.Serial == in.Serial && got.Network == in.Network && got.Station == in.Station &&
			got.ModuleIO == in.ModuleIO && got.Multidrop == in.Multidrop && got.Timer == in.Timer && got.Frame == in.Frame
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
	short := func(response bool, end, pc uint8, timer uint16, data []byte) bool {
		in := Message1E{Command: 1, Response: response, Data: append(data, make([]byte, 8)...)}
		if response {
			in.End = end
		} else {
			in.PC, in.Timer = pc, timer
		}
		var got Message1E
		return Decode1E(&got, Append1E(nil, &in)) == nil && got.Response == response && got.End == in.End &&
			got.PC == in.PC && got.Timer == in.Timer && bytes.Equal(got.Data, in.Data)
	}
	if err := quick.Check(short, nil); err != nil {
		t.Error(err)
	}
}

func FuzzParser(f *testing.F) {
	f.Add(ask(Frame3E, 0, cmdTypeName, 0), reply(Frame3E, 0, 0, []byte("Q03UDVCPU       ab")...), uint8(0), false)
	f.Add(ask(Frame4E, 3, cmdRandomWrite, 3, 1, 1, 0, 0, 0, 0x90, 0, 1, 0), reply(Frame4E, 3, 0xc059), uint8(2), true)
	f.Add(soft(false, softUserLogin, 1, 0, []byte("A\x00b\x00")...), soft(true, softUserLogin, 1, 9), uint8(5), false)
	f.Add([]byte{1, 0xff, 0, 0, 0, 0, 0, 0, ' ', 'D', 1, 0}, []byte{0x81, 0, 1, 2}, uint8(0), true)
	f.Fuzz(func(t *testing.T, a, b []byte, step uint8, udp bool) {
		transport := uint8(6)
		if udp {
			transport = 17
		}
		c := prototest.NewConn(transport, 5007)
		s := proto.Sample{Conn: c}
		s.Data[0], s.Data[1] = a, b
		probe(&s)
		p := Protocol.New()
		if udp {
			p.Data(c, event.ToServer, a)
			p.Data(c, event.ToClient, b)
		} else {
			prototest.Feed(p, c, event.ToServer, a, int(step))
			p.Gap(c, event.ToClient, 1)
			prototest.Feed(p, c, event.ToClient, b, int(step))
		}
		p.End(c)
	})
}

func TestNoAllocationPerMessage(t *testing.T) {
	c := prototest.NewConn(6, 5007)
	p := Protocol.New()
	rq, rsp := ask(Frame3E, 0, cmdBatchRead, 0, 100, 0, 0, 0xa8, 10, 0), reply(Frame3E, 0, 0, make([]byte, 20)...)
	n := shared.AllocsPerRun(100, func() {
		c.Env.Out.Reset()
		p.Data(c, event.ToServer, rq)
		p.Data(c, event.ToClient, rsp)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
