package fins

import (
	"bytes"
	"testing"
	"testing/quick"

	"edgeward/internal/event"
	"edgeward/internal/shared"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

func ask(command uint16, sid uint8, data ...byte) []byte {
	return Append(nil, &Frame{Gateways: 2, Dst: Node{0, 1, 0}, Src: Node{0, 9, 0}, Service: sid, Command: command, Data: data})
}

func reply(command uint16, sid uint8, end uint16, data ...byte) []byte {
	return Append(nil, &Frame{Response: true, Gateways: 2, Dst: Node{0, 9, 0}, Src: Node{0, 1, 0}, Service: sid, Command: command, End: end, Data: data})
}

func pad(s string) []byte { return append([]byte(s), make([]byte, 20-len(s))...) }

type turn struct {
	dir event.Dir
	b   []byte
}

func conversation() []turn {
	return []turn{
		{event.ToServer, ask(cmdControllerData, 1, 0)},
		{event.ToClient, reply(cmdControllerData, 1, 0, append(pad("CJ2M-CPU33"), append(pad("02.01"), make([]byte, 52)...)...)...)},
		{event.ToServer, ask(cmdMemoryRead, 2, 0x82, 0, 100, 0, 0, 4)}, {event.ToClient, reply(cmdMemoryRead, 2, 0, make([]byte, 8)...)},
		{event.ToServer, ask(cmdMemoryWrite, 3, 0x31, 0, 7, 5, 0, 1, 1)}, {event.ToClient, reply(cmdMemoryWrite, 3, 0x2101)},
		{event.ToServer, ask(cmdRun, 4, 0xff, 0xff, 4)}, {event.ToClient, reply(cmdRun, 4, 0x0040)},
		{event.ToServer, ask(0x0402, 5)},
	}
}

var want = []event.ICS{
	{Verb: "controller data read", Code: 0x501, Class: event.OpDiscover, Answered: true},
	{Verb: "memory area read", Code: 0x101, Class: event.OpRead, Target: "D100 x 4", Answered: true},
	{Verb: "memory area write", Code: 0x102, Class: event.OpWrite, Target: "W7.5 x 1", Error: "read only", Answered: true},
	{Verb: "run", Code: 0x401, Class: event.OpMode, Name: "run", Answered: true},
	{Verb: "stop", Code: 0x402, Class: event.OpMode},
}

func check(t *testing.T, c *proto.Conn) {
	t.Helper()
	var got []event.ICS
	var id event.Identity
	for _, f := range c.Env.Out.Facts() {
		switch x := f.Body.(type) {
		case *event.ICS:
			got = append(got, *x)
		case *event.Identity:
			id = *x
		}
	}
	if len(got) != len(want) || c.Errors != 0 {
		t.Fatalf("%d facts, %d errors", len(got), c.Errors)
	}
	for i, w := range want {
		w.Protocol = event.ProtoFINS
		if got[i] != w {
			t.Errorf("fact %d:\n got %+v\nwant %+v", i, got[i], w)
		}
	}
	if id.Vendor != "OMRON" || id.Model != "CJ2M-CPU33" || id.Firmware != "02.01" || id.Type != "plc" {
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
	if c.Messages != [2]uint32{5, 4} {
		t.Errorf("messages %v", c.Messages)
	}
}

func TestStream(t *testing.T) {
	for _, step := range []int{0, 1, 10} {
		c := prototest.NewConn(6, Port)
		p := Protocol.New()
		feed := func(dir event.Dir, b []byte) {
			if n, err := prototest.Feed(p, c, dir, b, step); err != nil || n != len(b) {
				t.Fatalf("parser took %d of %d: %v", n, len(b), err)
			}
		}
		feed(event.ToServer, AppendPacket(nil, &Packet{Kind: PacketClientNode, Data: make([]byte, 4)}))
		feed(event.ToClient, AppendPacket(nil, &Packet{Kind: PacketServerNode, Data: make([]byte, 8)}))
		for _, u := range conversation() {
			feed(u.dir, AppendPacket(nil, &Packet{Kind: PacketFrame, Data: u.b}))
		}
		p.End(c)
		check(t, c)
		if c.Messages != [2]uint32{6, 5} {
			t.Errorf("messages %v", c.Messages)
		}
	}
}

func TestMalformedStream(t *testing.T) {
	c := prototest.NewConn(6, Port)
	p := Protocol.New()
	b := append([]byte("FINS\xff\xff\xff\xff........"), AppendPacket(nil, &Packet{Kind: PacketFrame, Data: ask(0x0402, 1)})...)
	if n, err := prototest.Feed(p, c, event.ToServer, b, 7); n != len(b) || err != nil {
		t.Fatal(n, err)
	}
	if c.Errors != 1 || c.Messages[0] != 1 {
		t.Errorf("%d anomalies, %d messages", c.Errors, c.Messages[0])
	}
}

func TestProbe(t *testing.T) {
	packet := AppendPacket(nil, &Packet{Kind: PacketFrame, Data: ask(0x0402, 1)})
	for _, tc := range []struct {
		name      string
		transport uint8
		b         []byte
		want      proto.Match
	}{
		{"packet", 6, packet, proto.Yes},
		{"part", 6, packet[:6], proto.More},
		{"other stream", 6, []byte("FINE, thank you. And you?"), proto.No},
		{"command", 17, ask(0x0402, 1), proto.Weak},
		{"unknown command", 17, ask(0x9999, 1), proto.No},
		{"zeros", 17, make([]byte, 20), proto.No},
	} {
		s := proto.Sample{Conn: prototest.NewConn(tc.transport, Port)}
		s.Data[0] = tc.b
		if got := probe(&s); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestCodecRoundTrip(t *testing.T) {
	same := func(in Frame) bool {
		in.Gateways &= 7
		in.Dst.Network &= 127
		in.Src.Network &= 127
		in.Command = cmdMemoryRead
		if !in.Response {
			in.End = 0
		}
		var got Frame
		err := Decode(&got, Append(nil, &in))
		equal := bytes.Equal(got.Data, in.Data)
		got.Data, in.Data = nil, nil
		return err == nil && equal && got.Response == in.Response && got.NoAnswer == in.NoAnswer && got.Dst == in.Dst && got.Src == in.Src &&
			got.Service == in.Service && got.End == in.End && got.Gateways == in.Gateways
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
	packet := func(in Packet) bool {
		in.Kind %= PacketConfirm + 1
		var got Packet
		b := AppendPacket(nil, &in)
		n, err := DecodePacket(&got, b)
		return err == nil && n == len(b) && got.Kind == in.Kind && got.Error == in.Error && bytes.Equal(got.Data, in.Data)
	}
	if err := quick.Check(packet, nil); err != nil {
		t.Error(err)
	}
}

func FuzzParser(f *testing.F) {
	for _, u := range conversation() {
		f.Add(u.b, u.b, uint8(0), true)
		f.Add(AppendPacket(nil, &Packet{Kind: PacketFrame, Data: u.b}), u.b, uint8(3), false)
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
	rq, rsp := ask(cmdMemoryRead, 2, 0x82, 0, 100, 0, 0, 4), reply(cmdMemoryRead, 2, 0, make([]byte, 8)...)
	n := shared.AllocsPerRun(100, func() {
		c.Env.Out.Reset()
		p.Data(c, event.ToServer, rq)
		p.Data(c, event.ToClient, rsp)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
