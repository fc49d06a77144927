package ads

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

var (
	plc     = Address{[6]byte{5, 1, 2, 3, 1, 1}, 851}
	system  = Address{[6]byte{5, 1, 2, 3, 1, 1}, portSystem}
	station = Address{[6]byte{10, 0, 0, 7, 1, 1}, 32905}
)

func le(v ...uint32) (b []byte) {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, x)
	}
	return b
}

func ask(to Address, command uint16, invoke uint32, data []byte) []byte {
	return Append(nil, &Message{Target: to, Source: station, Command: command, Invoke: invoke, Data: data})
}

func reply(from Address, command uint16, invoke uint32, data []byte) []byte {
	return Append(nil, &Message{Target: station, Source: from, Command: command, Invoke: invoke, Response: true, Data: data})
}

type turn struct {
	dir event.Dir
	b   []byte
}

func up(b []byte) turn   { return turn{event.ToServer, b} }
func down(b []byte) turn { return turn{event.ToClient, b} }

func talk(t testing.TB, step int, turns ...turn) (*proto.Conn, []*event.Fact) {
	c := prototest.NewConn(6, Port)
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
	info := append(le(0), 3, 1, 0xb8, 0x0f)
	info = append(info, "Plc30 App\x00\x00\x00\x00\x00\x00\x00"...)
	big := append(le(0x4020, 0, 100000), make([]byte, 100000)...)
	turns := []turn{
		{event.ToServer, append([]byte{0, 0x10, 2, 0, 0, 0, 0, 0}, ask(plc, CmdReadDeviceInfo, 1, nil)...)},
		down(reply(plc, CmdReadDeviceInfo, 1, info)),
		up(ask(plc, CmdReadWrite, 2, append(le(0xf003, 0, 4, 10), "MAIN.Level\x00"...))), down(reply(plc, CmdReadWrite, 2, le(0, 4, 7))),
		up(ask(plc, CmdWrite, 3, big)), down(reply(plc, CmdWrite, 3, le(0x704))),
		up(ask(plc, CmdWriteControl, 4, []byte{6, 0, 0, 0, 0, 0, 0, 0})), down(reply(plc, CmdWriteControl, 4, le(0))),
		up(ask(system, CmdReadWrite, 5, append(le(120, 2, 4, 12), "C:\\Boot\\x.bin\x00"...))),
		up(ask(system, CmdWrite, 6, le(500, 0, 0))), down(reply(system, CmdWrite, 6, le(0x777))),
		down(Append(nil, &Message{Target: station, Source: plc, Command: CmdNotification, Data: make([]byte, 40)})),
	}
	want := []event.ICS{
		{Verb: "read device info", Code: 1, Class: event.OpDiscover, Target: "5.1.2.3.1.1:851", Answered: true},
		{Verb: "read write", Code: 9, Class: event.OpRead, Target: "5.1.2.3.1.1:851 group 0xf003 offset 0x0", Name: "MAIN.Level", Answered: true},
		{Verb: "write", Code: 3, Class: event.OpWrite, Target: "5.1.2.3.1.1:851 group 0x4020 offset 0x0", Error: "access denied", Answered: true},
		{Verb: "write control", Code: 5, Class: event.OpMode, Target: "5.1.2.3.1.1:851", Name: "stop", Answered: true},
		{Verb: "start process", Code: 3, Class: event.OpProgram, Target: "5.1.2.3.1.1:10000 group 0x1f4 offset 0x0", Error: "0x777", Answered: true},
		{Verb: "file open", Code: 9, Class: event.OpOther, Target: "5.1.2.3.1.1:10000 group 0x78 offset 0x2", Name: "C:\\Boot\\x.bin"},
	}
	for _, step := range []int{0, 1, 1000} {
		c, facts := talk(t, step, turns...)
		got := requests(facts)
		if len(got) != len(want) || c.Errors != 0 || c.Messages != [2]uint32{6, 6} {
			t.Fatalf("step %d: %d facts, %d errors, messages %v", step, len(got), c.Errors, c.Messages)
		}
		for i := range want {
			want[i].Protocol = event.ProtoADS
			if got[i] != want[i] {
				t.Errorf("fact %d:\n got %+v\nwant %+v", i, got[i], want[i])
			}
		}
		id := facts[1].Body.(*event.Identity)
		if id.Model != "Plc30 App" || id.Firmware != "3.1.4024" || id.Vendor != "Beckhoff" {
			t.Errorf("identity %+v", id)
		}
	}
}

func datagram(service uint32, response bool, parts ...[]byte) []byte {
	return AppendDatagram(nil, &Datagram{Service: service, Response: response, Source: plc, Count: uint32(len(parts)), Tags: bytes.Join(parts, nil)})
}

func tag(id uint16, v string) []byte { return AppendTag(nil, id, []byte(v)) }

func TestDiscoveryAndRoutes(t *testing.T) {
	add := datagram(ServiceAddRoute, false, tag(TagRoute, "NOTEBOOK\x00"), tag(TagNetID, "123456"), tag(TagUser, "Administrator\x00"),
		tag(TagPassword, "hunter2\x00"), tag(TagHost, "10.0.0.7\x00"))
	for _, tc := range []struct {
		status  uint32
		outcome string
		errText string
	}{{0, "success", ""}, {0x704, "failure", "access denied"}} {
		c := prototest.NewConn(17, DiscoveryPort)
		p := Protocol.New()
		for _, u := range []turn{
			up(datagram(ServiceInfo, false)),
			down(datagram(ServiceInfo, true, tag(TagHost, "CX-1\x00"), tag(TagVersion, "\x03\x01\xb8\x0f"), AppendTag(nil, TagOS, le(20, 10, 0, 9200, 2)))),
			up(add), down(datagram(ServiceAddRoute, true, AppendTag(nil, TagStatus, le(tc.status)))),
		} {
			p.Data(c, u.dir, u.b)
		}
		p.End(c)
		var eve []byte
		var login event.Login
		var id event.Identity
		for _, f := range c.Env.Out.Facts() {
			eve = f.Body.AppendEVE(append(eve, '{'))
			switch x := f.Body.(type) {
			case *event.Login:
				login = *x
			case *event.Identity:
				id = *x
			}
		}
		if login.User != "Administrator" || login.Outcome != tc.outcome || login.Secret.Len != 7 || bytes.Contains(eve, []byte("hunter2")) {
			t.Errorf("login %+v", login)
		}
		if want := (event.Identity{Source: "ads.discovery", Vendor: "Beckhoff", Model: "TwinCAT", Name: "CX-1", Firmware: "3.1.4024",
			OS: "Windows NT 10.0", Banner: "5.1.2.3.1.1:851"}); id != want {
			t.Errorf("identity %+v", id)
		}
		got := requests(c.Env.Out.Facts())
		if len(got) != 2 || got[1].Verb != "add route" || got[1].Class != event.OpWrite || got[1].Addr.String() != "10.0.0.7" || got[1].Error != tc.errText {
			t.Errorf("%+v", got)
		}
	}
}

func TestMalformed(t *testing.T) {
	bad := ask(plc, CmdRead, 1, le(1, 2, 3))
	bad[tcpHeader+20]++ // the two lengths differ
	c, facts := talk(t, 0, up(append(bad, ask(plc, CmdReadState, 2, nil)...)))
	if got := requests(facts); c.Errors != 1 || len(got) != 1 || got[0].Verb != "read state" {
		t.Errorf("%d errors, %+v", c.Errors, got)
	}
}

func TestProbe(t *testing.T) {
	for _, tc := range []struct {
		name      string
		transport uint8
		b         []byte
		want      proto.Match
	}{
		{"request", 6, ask(plc, CmdRead, 1, le(1, 2, 3)), proto.Yes},
		{"part", 6, ask(plc, CmdRead, 1, le(1, 2, 3))[:20], proto.More},
		{"zeros", 6, make([]byte, 100), proto.No},
		{"text", 6, []byte("GET / HTTP/1.1\r\n"), proto.No},
		{"discovery", 17, datagram(ServiceInfo, false), proto.Yes},
		{"other datagram", 17, make([]byte, 40), proto.No},
	} {
		s := proto.Sample{Conn: prototest.NewConn(tc.transport, Port)}
		s.Data[0] = tc.b
		if got := probe(&s); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestCodecRoundTrip(t *testing.T) {
	message := func(in Message) bool {
		in.Command %= CmdReadWrite + 1
		var got Message
		b := Append(nil, &in)
		n, err := Decode(&got, b)
		same := err == nil && n == len(b) && bytes.Equal(got.Data, in.Data)
		got.Data, in.Data = nil, nil
		return same && got.Target == in.Target && got.Source == in.Source && got.Command == in.Command &&
			got.Response == in.Response && got.Error == in.Error && got.Invoke == in.Invoke
	}
	if err := quick.Check(message, nil); err != nil {
		t.Error(err)
	}
	datagram := func(in Datagram, id uint16, value []byte) bool {
		in.Service &^= serviceResponse
		in.Tags = AppendTag(nil, id, value)
		var got Datagram
		if DecodeDatagram(&got, AppendDatagram(nil, &in)) != nil {
			return false
		}
		rest := got.Tags
		gotID, v, ok, err := got.NextTag(&rest)
		return ok && err == nil && gotID == id && bytes.Equal(v, value) && len(rest) == 0 && got.Invoke == in.Invoke &&
			got.Service == in.Service && got.Response == in.Response && got.Source == in.Source
	}
	if err := quick.Check(datagram, nil); err != nil {
		t.Error(err)
	}
}

func FuzzParser(f *testing.F) {
	f.Add(ask(plc, CmdReadWrite, 2, append(le(0xf003, 0, 4, 10), "x\x00"...)), reply(plc, CmdReadWrite, 2, le(0)), uint8(0), false)
	f.Add(ask(plc, CmdReadDeviceInfo, 2, nil), reply(plc, CmdReadDeviceInfo, 2, make([]byte, 24)), uint8(3), false)
	f.Add(datagram(ServiceAddRoute, false, tag(TagUser, "a")), datagram(ServiceAddRoute, true, AppendTag(nil, TagStatus, le(0))), uint8(0), true)
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
			p.End(c)
			return
		}
		prototest.Feed(p, c, event.ToServer, a, int(step))
		prototest.Feed(p, c, event.ToClient, b, int(step))
		p.Gap(c, event.ToServer, 1)
		prototest.Feed(p, c, event.ToServer, a, int(step))
		p.End(c)
	})
}

func TestNoAllocationPerMessage(t *testing.T) {
	c := prototest.NewConn(6, Port)
	p := Protocol.New()
	rq, rsp := ask(plc, CmdRead, 2, le(0x4020, 0, 4)), reply(plc, CmdRead, 2, le(0, 4, 7))
	n := shared.AllocsPerRun(100, func() {
		c.Env.Out.Reset()
		p.Data(c, event.ToServer, rq)
		p.Data(c, event.ToClient, rsp)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
