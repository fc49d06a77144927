package knx

import (
	"bytes"
	"testing"
	"testing/quick"

	"edgeward/internal/event"
	"edgeward/internal/shared"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

var endpoint = []byte{8, 1, 192, 0, 2, 1, 0x0e, 0x57}

func message(service uint16, parts ...[]byte) []byte {
	return Append(nil, &Message{Service: service, Body: bytes.Join(parts, nil)})
}

func deviceBlock(name string) []byte {
	b := []byte{54, 1, 2, 0, 0x11, 0x05, 0, 0, 0x00, 0xc5, 1, 2, 3, 4, 224, 0, 23, 12, 2, 0, 0, 0, 0, 1}
	return append(append(b, name...), make([]byte, 30-len(name))...)
}

func tunnel(counter uint8, t *Telegram) []byte {
	return message(TunnellingRequest, []byte{4, 1, counter, 0}, AppendTelegram(nil, t))
}

type turn struct {
	dir event.Dir
	b   []byte
}

func up(b []byte) turn   { return turn{event.ToServer, b} }
func down(b []byte) turn { return turn{event.ToClient, b} }

func conversation() []turn {
	const group, device = 0x0a03, 0x1105
	return []turn{
		up(message(SearchRequest, endpoint)), down(message(SearchResponse, endpoint, deviceBlock("IP Router"))),
		up(message(DescriptionRequest, endpoint)), down(message(DescriptionResponse, []byte{4, 2, 2, 1}, deviceBlock("IP Router"))),
		up(message(ConnectRequest, endpoint, endpoint, []byte{4, 4, 2, 0})), down(message(ConnectResponse, []byte{1, 0}, endpoint, []byte{4, 4, 0x11, 0xfe})),
		up(tunnel(0, &Telegram{Code: codeDataRequest, Destination: group, Group: true, Service: 0x081})),
		down(message(TunnellingAck, []byte{4, 1, 0, 0})),
		down(tunnel(0, &Telegram{Code: codeDataConfirm, Destination: group, Group: true, Service: 0x081})),
		up(tunnel(1, &Telegram{Code: codeDataRequest, Destination: device, Service: 0x3d1, Data: []byte{0, 1, 2, 3, 4}})),
		down(message(TunnellingAck, []byte{4, 1, 1, 0})),
		down(tunnel(1, &Telegram{Code: codeDataIndication, Source: device, Service: 0x3d2, Data: []byte{0}})),
		up(tunnel(2, &Telegram{Code: codeDataRequest, Destination: device, Service: 0x282, Data: []byte{0x40, 0, 1}})),
		down(message(TunnellingAck, []byte{4, 1, 2, 0x29})),
		up(tunnel(3, &Telegram{Code: codeDataRequest, Destination: device, Service: 0x380})),
		up(message(ConfigurationRequest, []byte{4, 1, 0, 0}, []byte{codePropWrite, 0, 0, 1, 54, 0x10, 1, 1})),
		down(message(ConfigurationAck, []byte{4, 1, 0, 0})),
		down(tunnel(2, &Telegram{Code: codeDataIndication, Source: 0x1109, Destination: group, Group: true, Service: 0x080})),
		up(message(DisconnectRequest, []byte{1, 0}, endpoint)), down(message(DisconnectResponse, []byte{1, 0})),
	}
}

var want = []event.ICS{
	{Verb: "search", Code: SearchRequest, Class: event.OpDiscover, Answered: true},
	{Verb: "description", Code: DescriptionRequest, Class: event.OpDiscover, Answered: true},
	{Verb: "connect", Code: ConnectRequest, Target: "tunnel", Answered: true},
	{Verb: "group value write", Code: 0x081, Class: event.OpWrite, Target: "1/2/3", Answered: true},
	{Verb: "authorize", Code: 0x3d1, Class: event.OpOther, Target: "1.1.5", Answered: true},
	{Verb: "memory write", Code: 0x282, Class: event.OpProgram, Target: "1.1.5", Error: "tunnelling layer not supported", Answered: true},
	{Verb: "property write", Code: ConfigurationRequest, Class: event.OpWrite, Target: "object 0 property 54", Answered: true},
	{Verb: "group value write", Code: 0x080, Target: "1/2/3", Name: "1.1.9"},
	{Verb: "disconnect", Code: DisconnectRequest, Answered: true},
	{Verb: "restart", Code: 0x380, Class: event.OpRestart, Target: "1.1.5"},
}

func check(t *testing.T, c *proto.Conn) {
	t.Helper()
	var got []event.ICS
	var ids []event.Identity
	var logins []event.Login
	for _, f := range c.Env.Out.Facts() {
		switch x := f.Body.(type) {
		case *event.ICS:
			got = append(got, *x)
		case *event.Identity:
			ids = append(ids, *x)
		case *event.Login:
			logins = append(logins, *x)
		}
	}
	if len(got) != len(want) || c.Errors != 0 || c.Messages != [2]uint32{9, 11} {
		t.Fatalf("%d facts, %d errors, messages %v", len(got), c.Errors, c.Messages)
	}
	for i, w := range want {
		w.Protocol = event.ProtoKNX
		if got[i] != w {
			t.Errorf("fact %d:\n got %+v\nwant %+v", i, got[i], w)
		}
	}
	if len(ids) != 1 || ids[0].Name != "IP Router" || ids[0].Vendor != "Weinzierl" || ids[0].Serial != "00c501020304" || ids[0].Banner != "KNX 1.1.5" {
		t.Errorf("identities %+v", ids)
	}
	if len(logins) != 1 || logins[0].Outcome != "success" || logins[0].Secret.Len != 4 {
		t.Errorf("logins %+v", logins)
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
	for _, step := range []int{0, 1, 8} {
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

func TestRoutingIsReportedAtOnce(t *testing.T) {
	c := prototest.NewConn(17, Port)
	p := Protocol.New()
	frame := AppendTelegram(nil, &Telegram{Code: codeDataIndication, Source: 0x1101, Destination: 0x0801, Group: true, Service: 0x081})
	p.Data(c, event.ToServer, message(RoutingIndication, frame))
	facts := c.Env.Out.Facts()
	if len(facts) != 1 {
		t.Fatalf("%d facts", len(facts))
	}
	if x := facts[0].Body.(*event.ICS); x.Verb != "group value write" || x.Class != event.OpWrite || x.Target != "1/0/1" || x.Name != "1.1.1" {
		t.Errorf("%+v", x)
	}
}

func TestMalformed(t *testing.T) {
	c := prototest.NewConn(17, Port)
	p := Protocol.New()
	for _, b := range [][]byte{nil, {6, 0x10, 2}, message(SearchRequest, endpoint[:3]), {6, 0x10, 9, 9, 0, 6}} {
		p.Data(c, event.ToServer, b)
	}
	if c.Errors != 3 || c.Messages[0] != 0 {
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
		{"search", 17, message(SearchRequest, endpoint), proto.Yes},
		{"trailing bytes", 17, append(message(SearchRequest, endpoint), 0), proto.No},
		{"part", 6, message(SearchRequest, endpoint)[:7], proto.More},
		{"unknown service", 17, []byte{6, 0x10, 9, 9, 0, 6}, proto.No},
		{"text", 6, []byte("GET / HTTP/1.1"), proto.No},
	} {
		s := proto.Sample{Conn: prototest.NewConn(tc.transport, Port)}
		s.Data[0] = tc.b
		if got := probe(&s); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestCodecRoundTrip(t *testing.T) {
	same := func(in Telegram) bool {
		in.Code = codeDataRequest
		in.Service &= 0x3ff
		in.Data = in.Data[:min(len(in.Data), 200)]
		if in.Control {
			in.Service, in.Data = 0, nil
		}
		b := message(RoutingIndication, AppendTelegram(nil, &in))
		var m Message
		n, err := Decode(&m, b)
		var got Telegram
		if err != nil || n != len(b) || !DecodeTelegram(&got, m.Body) {
			return false
		}
		return got.Group == in.Group && got.Source == in.Source && got.Destination == in.Destination && got.Control == in.Control &&
			got.Service == in.Service && bytes.Equal(got.Data, in.Data)
	}
	if err := quick.Check(same, nil); err != nil {
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
	rq := tunnel(0, &Telegram{Code: codeDataRequest, Destination: 1, Group: true, Service: 0x081})
	rsp := message(TunnellingAck, []byte{4, 1, 0, 0})
	n := shared.AllocsPerRun(100, func() {
		c.Env.Out.Reset()
		p.Data(c, event.ToServer, rq)
		p.Data(c, event.ToClient, rsp)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
