package opcua

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/quick"

	"edgeward/internal/event"
	"edgeward/internal/shared"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/prototest"
)

// enc builds message bodies.
type enc []byte

func (e enc) u8(v ...byte) enc { return append(e, v...) }
func (e enc) u32(v ...uint32) enc {
	for _, x := range v {
		e = binary.LittleEndian.AppendUint32(e, x)
	}
	return e
}
func (e enc) zero(n int) enc      { return append(e, make([]byte, n)...) }
func (e enc) str(v ...string) enc { return e.strs(v) }
func (e enc) strs(v []string) enc {
	for _, s := range v {
		e = AppendBytes(e, []byte(s))
	}
	return e
}
func (e enc) node(ns byte, id uint16) enc { return append(e, 1, ns, byte(id), byte(id>>8)) }
func (e enc) name(ns uint16, s string) enc {
	return append(e.u8(3, byte(ns), byte(ns>>8)), AppendBytes(nil, []byte(s))...)
}
func (e enc) text(s string) enc { return e.u8(2).str(s) }
func (e enc) app(uri, product, name string, kind uint32) enc {
	return e.str(uri, product).text(name).u32(kind, 0xffffffff, 0xffffffff, 0)
}
func (e enc) endpoint(url, policy string, mode uint32) enc {
	e = e.str(url).app("urn:plc", "urn:plc:product", "Plant PLC", 0).str("certificate").u32(mode).str(policyPrefix + policy)
	e = e.u32(2).str("a").u32(0, 0xffffffff, 0xffffffff, 0xffffffff).str("u").u32(1, 0xffffffff, 0xffffffff, 0xffffffff)
	return e.str("transport").u8(7)
}

func ask(id uint16) enc { return appendRequest(nil, id) }

func reply(id uint16, result uint32) enc {
	return enc{1, 0, byte(id), byte(id >> 8)}.zero(12).u32(result).u8(0).u32(0).zero(3)
}

func msg(request uint32, body []byte) []byte { return part(request, 'F', body) }

func part(request uint32, final byte, body []byte) []byte {
	return Append(nil, &Chunk{Type: Message, Final: final, Body: AppendChannel(nil, Message, &Channel{ID: 5, Request: request, Body: body})})
}

func opn(policy string, request uint32, body []byte) []byte {
	c := Channel{Policy: []byte(policyPrefix + policy), Request: request, Body: body}
	return Append(nil, &Chunk{Type: Open, Final: 'F', Body: AppendChannel(nil, Open, &c)})
}

type turn struct {
	dir event.Dir
	b   []byte
}

func up(b []byte) turn   { return turn{event.ToServer, b} }
func down(b []byte) turn { return turn{event.ToClient, b} }

func talk(t testing.TB, step int, turns ...turn) (*proto.Conn, []*event.Fact) {
	c := prototest.NewConn(6, 4840)
	p := Protocol.New()
	for _, u := range turns {
		if n, err := prototest.Feed(p, c, u.dir, u.b, step); err != nil || n != len(u.b) {
			t.Fatalf("parser took %d of %d: %v", n, len(u.b), err)
		}
	}
	p.End(c)
	return c, c.Env.Out.Facts()
}

func calls(facts []*event.Fact) (out []*event.OPCUA) {
	for _, f := range facts {
		if x, ok := f.Body.(*event.OPCUA); ok {
			out = append(out, x)
		}
	}
	return out
}

// opening is a connection with a channel without security.
func opening() []turn {
	url := []byte("opc.tcp://plc:4840")
	return []turn{
		up(AppendConnection(nil, Hello, &Connection{Receive: 65536, Send: 65536, Endpoint: url})),
		down(AppendConnection(nil, Acknowledge, &Connection{Receive: 65536, Send: 65536})),
		up(AppendOpenNone(nil, 1, 1)),
		down(opn("None", 1, reply(idOpenSecureChannel+3, 0).zero(28))),
	}
}

func session(password, algorithm string) []turn {
	token := enc{}.str("policy", "operator", password)
	if algorithm == "" {
		token = token.u32(0xffffffff)
	} else {
		token = token.str(algorithm)
	}
	activate := ask(idActivateSession).u32(0xffffffff, 0xffffffff, 0, 0).node(0, 324).u8(1).str(string(token)).u32(0xffffffff, 0xffffffff)
	return []turn{
		up(msg(3, ask(idCreateSession).app("urn:hmi", "urn:hmi:product", "HMI", 1).str("", "opc.tcp://plc:4840", "shift A"))),
		down(msg(3, reply(idCreateSession+3, 0).node(1, 9).node(1, 8).zero(8).str("", "").u32(1).endpoint("opc.tcp://plc", "None", 1))),
		up(msg(4, activate)),
	}
}

func TestConversation(t *testing.T) {
	write := ask(idWrite).u32(2)
	write = write.name(2, "Pump.Speed").u32(13, 0xffffffff).u8(1, 6).u32(99)
	write = write.node(2, 7).u32(13, 0xffffffff).u8(5, 0x86).u32(2, 1, 2).zero(8)
	turns := append(opening(),
		up(AppendGetEndpoints(nil, Channel{ID: 5, Request: 2}, "opc.tcp://plc:4840")),
		down(msg(2, reply(idGetEndpoints+3, 0).u32(2).endpoint("opc.tcp://plc", "None", 1).endpoint("opc.tcp://plc", "Basic256Sha256", 3))),
	)
	turns = append(turns, session("letmein", "")...)
	turns = append(turns,
		down(msg(4, reply(idActivateSession+3, 0))),
		up(msg(5, write)), down(msg(5, reply(idWrite+3, 0).u32(2, 0, 0x803b0000))),
		up(msg(6, ask(idCall).u32(1).node(2, 1).node(2, 2).u32(1).u8(12).str("argument"))),
		down(msg(6, reply(idCall+3, 0).u32(1, 0))),
		up(msg(7, ask(idRead).zero(12).u32(2).node(0, nodeManufacturer).u32(13, 0xffffffff).zero(2).u32(0xffffffff).
			node(0, nodeBuildInfo).u32(13, 0xffffffff).zero(2).u32(0xffffffff))),
		down(msg(7, reply(idRead+3, 0).u32(2).u8(1, 12).str("Acme").u8(1, 22).node(0, 340).u8(1).
			str(string(enc{}.str("urn:x", "Acme", "PLC 9", "3.1", "77").zero(8))))),
		up(msg(8, ask(idBrowse))), down(msg(8, reply(idServiceFault, 0x800b0000))),
		up(part(9, 'C', ask(idHistoryRead))), up(part(9, 'C', []byte("more of it"))), up(part(9, 'F', []byte("the end"))),
		down(part(9, 'A', enc{}.u32(0x80800000).str("too large"))),
	)
	for _, step := range []int{0, 1, 50} {
		c, facts := talk(t, step, turns...)
		got := calls(facts)
		if len(got) != 10 || c.Errors != 0 || c.Messages != [2]uint32{12, 10} {
			t.Fatalf("step %d: %d facts, %d errors, messages %v", step, len(got), c.Errors, c.Messages)
		}
		verbs := []string{"", "OpenSecureChannel", "GetEndpoints", "CreateSession", "ActivateSession", "Write", "Call", "Read", "Browse", "HistoryRead"}
		for i, f := range got {
			if f.Service != verbs[i] || !f.Answered {
				t.Errorf("fact %d: %+v", i, f)
			}
		}
		if f := got[2]; f.SecurityPolicy != "None" || f.SecurityMode != "None" || f.Class != event.OpDiscover || f.Product != "urn:plc:product" ||
			!slices.Equal(f.Endpoints, []string{"opc.tcp://plc None None anonymous,username", "opc.tcp://plc Basic256Sha256 SignAndEncrypt anonymous,username"}) {
			t.Errorf("GetEndpoints %+v", f)
		}
		if f := got[3]; f.Session != "shift A" || f.Application != "urn:hmi" || f.Endpoint != "opc.tcp://plc:4840" {
			t.Errorf("CreateSession %+v", f)
		}
		if f := got[4]; f.IdentityToken != "username" || f.User != "operator" {
			t.Errorf("ActivateSession %+v", f)
		}
		if f := got[5]; f.Status != "BadNotWritable" || f.Class != event.OpWrite || !slices.Equal(f.Nodes, []string{"ns=2;s=Pump.Speed", "ns=2;i=7"}) {
			t.Errorf("Write %+v", f)
		}
		if f := got[6]; !slices.Equal(f.Nodes, []string{"ns=2;i=2", "ns=2;i=1"}) {
			t.Errorf("Call %+v", f)
		}
		if got[8].Status != "BadServiceUnsupported" || got[9].Status != "BadTcpMessageTooLarge" {
			t.Errorf("failed calls: %q, %q", got[8].Status, got[9].Status)
		}
	}
	_, facts := talk(t, 0, turns...)
	var ids []event.Identity
	var eve []byte
	for _, f := range facts {
		if x, ok := f.Body.(*event.Identity); ok {
			ids = append(ids, *x)
		}
		eve = f.Body.AppendEVE(append(eve, '{'))
	}
	want := []event.Identity{
		{Source: "opcua.endpoints", Name: "Plant PLC", Banner: "urn:plc urn:plc:product"},
		{Source: "opcua.client", Name: "HMI", Banner: "urn:hmi urn:hmi:product"},
		{Source: "opcua.build_info", Vendor: "Acme", Model: "PLC 9", Firmware: "3.1", Banner: "urn:x"},
	}
	if !reflect.DeepEqual(ids, want) {
		t.Errorf("identities %+v", ids)
	}
	if bytes.Contains(eve, []byte("letmein")) {
		t.Error("a password is in a fact")
	}
}

func TestLogin(t *testing.T) {
	for _, tc := range []struct {
		algorithm string
		answer    []byte
		outcome   string
	}{
		{"", reply(idActivateSession+3, 0), "success"},
		{"", reply(idActivateSession+3, 0x80210000), "failure"},
		{"", reply(idServiceFault, 0x801f0000), "failure"},
		{"http://www.w3.org/2001/04/xmlenc#rsa-oaep", reply(idActivateSession+3, 0), "success"},
		{"", nil, "unknown"},
	} {
		turns := append(opening(), session("letmein", tc.algorithm)...)
		if tc.answer != nil {
			turns = append(turns, down(msg(4, tc.answer)))
		}
		_, facts := talk(t, 0, turns...)
		var l *event.Login
		for _, f := range facts {
			if x, ok := f.Body.(*event.Login); ok {
				l = x
			}
		}
		if l == nil || l.User != "operator" || l.Outcome != tc.outcome || l.Clear != (tc.algorithm == "") || l.Secret.Seen != l.Clear {
			t.Errorf("%q %s: %+v", tc.algorithm, tc.outcome, l)
		}
	}
}

func TestEncryptedChannel(t *testing.T) {
	noise := bytes.Repeat([]byte{0xee, 0x91, 0x07}, 100)
	c, facts := talk(t, 0, opening()[0], opening()[1],
		up(opn("Basic256Sha256", 1, noise)), down(opn("Basic256Sha256", 1, noise)),
		up(msg(0x12345678, noise)), down(msg(0x87654321, noise)), up(msg(0x11111111, noise)))
	got := calls(facts)
	if len(got) != 3 || c.Errors != 0 || c.Messages != [2]uint32{4, 3} {
		t.Fatalf("%d facts, %d errors, messages %v", len(got), c.Errors, c.Messages)
	}
	if f := got[1]; f.Message != "OPN" || f.SecurityPolicy != "Basic256Sha256" || !f.Answered || !f.Encrypted {
		t.Errorf("opening %+v", f)
	}
	if f := got[2]; !f.Encrypted || f.SecurityMode != "SignAndEncrypt" {
		t.Errorf("message %+v", f)
	}
}

func TestErrorsAndMalformedChunks(t *testing.T) {
	hello := opening()[0]
	_, facts := talk(t, 0, hello, down(Append(nil, &Chunk{Type: Error, Final: 'F', Body: enc{}.u32(0x80830000).str("no such endpoint")})))
	if got := calls(facts); len(got) != 1 || got[0].Status != "BadTcpEndpointUrlInvalid" {
		t.Errorf("%+v", got)
	}
	bad := append([]byte("MSGX\x40\x00\x00\x00"), hello.b...)
	c, facts := talk(t, 0, up(bad))
	if c.Errors != 1 || len(calls(facts)) != 1 {
		t.Errorf("%d anomalies, %d calls", c.Errors, len(calls(facts)))
	}
}

func TestLargeChunksAreSkipped(t *testing.T) {
	big := append(ask(idWrite), make([]byte, 300<<10)...)
	_, facts := talk(t, 1460, append(opening(), up(msg(2, big)), down(msg(2, reply(idWrite+3, 0))))...)
	if got := calls(facts); len(got) != 3 || got[2].Service != "Write" || !got[2].Answered {
		t.Errorf("%+v", got)
	}
}

func TestProbe(t *testing.T) {
	for _, tc := range []struct {
		b    []byte
		want proto.Match
	}{
		{opening()[0].b, proto.Yes},
		{opening()[3].b, proto.Yes},
		{[]byte("MSG"), proto.More},
		{[]byte("MSGF\x08\x00\x00\x00"), proto.No},
		{[]byte("HELP ME PLEASE"), proto.No},
		{[]byte("HELO example.org\r\n"), proto.No},
		{[]byte("ERROR something"), proto.No},
	} {
		var s proto.Sample
		s.Data[0] = tc.b
		if got := probe(&s); got != tc.want {
			t.Errorf("%.20q: %d, want %d", tc.b, got, tc.want)
		}
	}
}

func TestNodeIDs(t *testing.T) {
	for _, tc := range []struct {
		b    []byte
		want string
	}{
		{enc{0, 85}, "i=85"},
		{enc{2, 3, 0, 1, 2, 3, 0}, "ns=3;i=197121"},
		{enc{}.name(4, "a"), "ns=4;s=a"},
		{append(enc{4, 1, 0}, make([]byte, 16)...), "ns=1;g=" + strings.Repeat("0", 32)},
		{append(enc{0x83, 0, 0}.str("b"), enc{}.str("urn:x")...), "s=b"},
	} {
		r := NewReader(tc.b)
		id := r.NodeID()
		var x exchange.Text
		id.AppendTo(&x)
		if string(x.Bytes()) != tc.want || r.Err() != nil || len(r.Rest()) != 0 {
			t.Errorf("%x: %s, %v, %d left", tc.b, x.Bytes(), r.Err(), len(r.Rest()))
		}
	}
}

func TestCodecRoundTrip(t *testing.T) {
	types := []Type{Open, Close, Message}
	same := func(kind uint8, c Channel) bool {
		typ := types[kind%3]
		if typ == Open {
			c.Token = 0
		} else {
			c.Policy, c.Certificate = nil, nil
		}
		c.Body = append(c.Body, make([]byte, 16)...)
		b := Append(nil, &Chunk{Type: typ, Final: 'F', Body: AppendChannel(nil, typ, &c)})
		var k Chunk
		n, err := Decode(&k, b)
		var got Channel
		if err != nil || n != len(b) || DecodeChannel(&got, typ, k.Body) != nil {
			return false
		}
		return got.ID == c.ID && got.Token == c.Token && got.Sequence == c.Sequence && got.Request == c.Request &&
			bytes.Equal(got.Policy, c.Policy) && bytes.Equal(got.Certificate, c.Certificate) && bytes.Equal(got.Body, c.Body)
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
}

func FuzzParser(f *testing.F) {
	f.Add(opening()[0].b, opening()[1].b, uint8(0))
	f.Add(session("x", "")[0].b, session("x", "")[1].b, uint8(9))
	f.Add(msg(7, ask(idWrite).u32(1).node(2, 7).u32(13, 0xffffffff).u8(5, 0x86).u32(2, 1, 2).zero(8)), msg(7, reply(idWrite+3, 0).u32(1, 0)), uint8(0))
	f.Add(opn("Basic256", 3, []byte("........")), msg(4, reply(idServiceFault, 0x80010000)), uint8(5))
	f.Fuzz(func(t *testing.T, a, b []byte, step uint8) {
		var s proto.Sample
		s.Data[0], s.Data[1] = a, b
		probe(&s)
		c := prototest.NewConn(6, 4840)
		p := Protocol.New()
		prototest.Feed(p, c, event.ToServer, a, int(step))
		prototest.Feed(p, c, event.ToClient, b, int(step))
		p.Gap(c, event.ToServer, 1)
		prototest.Feed(p, c, event.ToServer, a, int(step))
		p.End(c)
	})
}

func TestNoAllocationPerMessage(t *testing.T) {
	c := prototest.NewConn(6, 4840)
	p := Protocol.New()
	rq := msg(7, ask(idWrite).u32(1).name(2, "Pump.Speed").u32(13, 0xffffffff).u8(1, 6).u32(99))
	rsp := msg(7, reply(idWrite+3, 0).u32(1, 0))
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
	c := prototest.NewConn(6, 4840)
	p := Protocol.New()
	rq := msg(7, ask(idWrite).u32(1).name(2, "Pump.Speed").u32(13, 0xffffffff).u8(1, 6).u32(99))
	rsp := msg(7, reply(idWrite+3, 0).u32(1, 0))
	b.SetBytes(int64(len(rq) + len(rsp)))
	b.ReportAllocs()
	for b.Loop() {
		c.Env.Out.Reset()
		p.Data(c, event.ToServer, rq)
		p.Data(c, event.ToClient, rsp)
	}
}
