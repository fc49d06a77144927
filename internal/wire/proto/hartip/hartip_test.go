package hartip

import (
	"bytes"
	"testing"
	"testing/quick"

	"edgeward/internal/event"
	"edgeward/internal/shared"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

func message(typ, id uint8, sequence uint16, body []byte) []byte {
	return Append(nil, &Message{Version: 1, Type: typ, ID: id, Sequence: sequence, Body: body})
}

var device = [5]byte{0x26, 0x4e, 1, 2, 3}

func ask(sequence uint16, command uint16, data ...byte) []byte {
	return message(TypeRequest, TokenPassing, sequence, AppendFrame(nil, &Frame{Kind: KindRequest, Long: true, Address: device, Command: command, Data: data}))
}

func reply(sequence uint16, command uint16, code uint8, data ...byte) []byte {
	return message(TypeResponse, TokenPassing, sequence,
		AppendFrame(nil, &Frame{Kind: KindAnswer, Long: true, Address: device, Command: command, Code: code, Data: data}))
}

type turn struct {
	dir event.Dir
	b   []byte
}

func conversation() []turn {
	start := []byte{1, 0, 0, 0x75, 0x30}
	return []turn{
		{event.ToServer, message(TypeRequest, SessionInitiate, 1, start)}, {event.ToClient, message(TypeResponse, SessionInitiate, 1, start)},
		{event.ToServer, ask(2, cmdUniqueID)},
		{event.ToClient, reply(2, cmdUniqueID, 0, 254, 0x26, 0x4e, 5, 7, 4, 9, 0x0e, 0x0c, 1, 2, 3, 5, 2, 0, 2, 0, 0, 0x26, 0, 0x26, 0x84)},
		{event.ToServer, message(TypeRequest, KeepAlive, 3, nil)}, {event.ToClient, message(TypeResponse, KeepAlive, 3, nil)},
		{event.ToServer, ask(4, cmdTag)}, {event.ToClient, reply(4, cmdTag, 0, 0x50, 0x13, 0x8b, 0x83, 0x88, 0x07, 0)},
		{event.ToServer, ask(5, 35, make([]byte, 9)...)}, {event.ToClient, reply(5, 35, 7)},
		{event.ToServer, ask(6, 42)}, {event.ToClient, message(TypeNAK, TokenPassing, 6, nil)},
		{event.ToServer, message(TypeRequest, DirectPDU, 7, []byte{0, 0, 0, 109, 1, 1})},
		{event.ToClient, message(TypeResponse, DirectPDU, 7, []byte{0, 0, 0, 109, 2, 64, 0})},
		{event.ToServer, ask(8, expanded, 2, 0x0b)},
		{event.ToServer, message(TypeRequest, SessionClose, 9, nil)}, {event.ToClient, message(TypeResponse, SessionClose, 9, nil)},
	}
}

var want = []event.ICS{
	{Verb: "session initiate", Name: "primary", Answered: true},
	{Verb: "read unique identifier", Class: event.OpDiscover, Target: "device 264e010203", Answered: true},
	{Verb: "read tag", Code: 13, Class: event.OpRead, Target: "device 264e010203", Answered: true},
	{Verb: "write range values", Code: 35, Class: event.OpWrite, Target: "device 264e010203", Error: "write protected", Answered: true},
	{Verb: "perform device reset", Code: 42, Class: event.OpRestart, Target: "device 264e010203", Error: "refused", Answered: true},
	{Verb: "burst mode control", Code: 109, Class: event.OpWrite, Error: "command not implemented", Answered: true},
	{Verb: "session close", Answered: true},
	{Verb: "command", Code: 0x20b, Class: event.OpOther, Target: "device 264e010203"},
}

func check(t *testing.T, c *proto.Conn) {
	t.Helper()
	var got []event.ICS
	var ids []event.Identity
	for _, f := range c.Env.Out.Facts() {
		switch x := f.Body.(type) {
		case *event.ICS:
			got = append(got, *x)
		case *event.Identity:
			ids = append(ids, *x)
		}
	}
	if len(got) != len(want) || c.Errors != 0 || c.Messages != [2]uint32{9, 8} {
		t.Fatalf("%d facts, %d errors, messages %v", len(got), c.Errors, c.Messages)
	}
	for i, w := range want {
		w.Protocol = event.ProtoHARTIP
		if got[i] != w {
			t.Errorf("fact %d:\n got %+v\nwant %+v", i, got[i], w)
		}
	}
	if len(ids) != 2 || ids[1].Name != "TANK 8 G" {
		t.Fatalf("identities %+v", ids)
	}
	if id := ids[0]; id.Vendor != "Rosemount" || id.Serial != "010203" || id.Firmware != "9" || id.Hardware != "1" {
		t.Errorf("identity %+v", id)
	}
}

func TestDatagrams(t *testing.T) {
	c := prototest.NewConn(17, Port)
	p := Protocol.New()
	for _, u := range conversation() {
		p.Data(c, u.dir, u.b)
	}
	p.End(c)
	check(t, c)
}

func TestStream(t *testing.T) {
	for _, step := range []int{0, 1, 5} {
		c := prototest.NewConn(6, Port)
		p := Protocol.New()
		for _, u := range conversation() {
			if n, err := prototest.Feed(p, c, u.dir, u.b, step); err != nil || n != len(u.b) {
				t.Fatalf("parser took %d of %d: %v", n, len(u.b), err)
			}
		}
		p.End(c)
		check(t, c)
	}
}

func TestMalformed(t *testing.T) {
	c := prototest.NewConn(6, Port)
	p := Protocol.New()
	bad := ask(1, 3)
	bad[len(bad)-1]++ // checksum
	b := append(bad, append([]byte{9, 9, 9, 9, 9, 9, 9, 9}, ask(2, 3)...)...)
	if n, err := prototest.Feed(p, c, event.ToServer, b, 4); n != len(b) || err != nil {
		t.Fatal(n, err)
	}
	if c.Errors != 2 || c.Messages[0] != 2 {
		t.Errorf("%d anomalies, %d messages", c.Errors, c.Messages[0])
	}
}

func TestProbe(t *testing.T) {
	for _, tc := range []struct {
		name      string
		transport uint8
		b         []byte
		want      proto.Match
	}{
		{"session", 17, conversation()[0].b, proto.Yes},
		{"command", 6, ask(1, 3), proto.Yes},
		{"keep alive", 17, message(TypeRequest, KeepAlive, 1, nil), proto.Weak},
		{"part", 6, ask(1, 3)[:9], proto.More},
		{"cut datagram", 17, ask(1, 3)[:9], proto.No},
		{"DNS", 17, []byte{1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1}, proto.No},
		{"zeros", 6, make([]byte, 20), proto.No},
	} {
		s := proto.Sample{Conn: prototest.NewConn(tc.transport, Port)}
		s.Data[0] = tc.b
		if got := probe(&s); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestCodecRoundTrip(t *testing.T) {
	frame := func(in Frame) bool {
		in.Kind = []uint8{KindBurst, KindRequest, KindAnswer}[in.Kind%3]
		in.Command &= 0xff
		if in.Command == expanded {
			in.Command = 1
		}
		in.Data = in.Data[:min(len(in.Data), 200)]
		if in.Address[0] &= 0x3f; !in.Long {
			in.Address = [5]byte{}
		}
		if in.Poll &= 0x3f; in.Long {
			in.Poll = 0
		}
		if in.Kind == KindRequest {
			in.Code = 0
		}
		in.Status = 0
		var got Frame
		err := DecodeFrame(&got, AppendFrame(nil, &in))
		equal := bytes.Equal(got.Data, in.Data)
		got.Data, in.Data = nil, nil
		return err == nil && equal && got.Kind == in.Kind && got.Long == in.Long && got.Poll == in.Poll &&
			got.Address == in.Address && got.Command == in.Command && got.Code == in.Code
	}
	if err := quick.Check(frame, nil); err != nil {
		t.Error(err)
	}
	whole := func(typ, id, status uint8, sequence uint16, body []byte) bool {
		in := Message{Version: 2, Type: typ % 3, ID: id % 6, Status: status, Sequence: sequence, Body: body}
		var got Message
		b := Append(nil, &in)
		n, err := Decode(&got, b)
		return err == nil && n == len(b) && got.Type == in.Type && got.ID == in.ID && got.Status == in.Status &&
			got.Sequence == in.Sequence && bytes.Equal(got.Body, in.Body)
	}
	if err := quick.Check(whole, nil); err != nil {
		t.Error(err)
	}
}

func FuzzParser(f *testing.F) {
	for _, u := range conversation() {
		f.Add(u.b, u.b, uint8(0), true)
		f.Add(u.b, u.b, uint8(3), false)
	}
	f.Fuzz(func(t *testing.T, a, b []byte, step uint8, udp bool) {
		transport := uint8(6)
		if udp {
			transport = 17
		}
		c := prototest.NewConn(transport, Port)
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
	c := prototest.NewConn(17, Port)
	p := Protocol.New()
	rq, rsp := ask(2, 3), reply(2, 3, 0, make([]byte, 24)...)
	n := shared.AllocsPerRun(100, func() {
		c.Env.Out.Reset()
		p.Data(c, event.ToServer, rq)
		p.Data(c, event.ToClient, rsp)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
