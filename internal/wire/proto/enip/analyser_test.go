package enip

import (
	"encoding/binary"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

const session = 0x1234

func rr(context uint64, cip []byte) []byte {
	return Append(nil, &Message{Command: CmdSendRRData, Session: session, Context: context, Data: AppendPayload(nil, &Payload{CIP: cip})})
}

func unit(seq uint16, cip []byte) []byte {
	return Append(nil, &Message{Command: CmdSendUnitData, Session: session, Data: AppendPayload(nil, &Payload{Connected: true, Connection: 9, Sequence: seq, CIP: cip})})
}

func ask(service uint8, path []byte, data ...byte) []byte {
	return AppendRequest(nil, &Request{Service: service, Path: path, Data: data})
}

func answer(service, status uint8, data ...byte) []byte {
	return AppendResponse(nil, &Response{Service: service, Status: status, Data: data})
}

func tag(name string) []byte {
	b := append([]byte{0x91, byte(len(name))}, name...)
	if len(b)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

// through wraps a request into an unconnected send with that route.
func through(route []byte, cip []byte) []byte {
	data := binary.LittleEndian.AppendUint16([]byte{7, 0xf9}, uint16(len(cip)))
	data = append(data, cip...)
	if len(cip)%2 == 1 {
		data = append(data, 0)
	}
	data = append(append(data, byte(len(route)/2), 0), route...)
	return ask(svcUnconnectedSend, []byte{0x20, 6, 0x24, 1}, data...)
}

var (
	router    = []byte{0x20, 2, 0x24, 1}
	itself    = []byte{0x20, 1, 0x24, 1}
	execution = []byte{0x20, 0x8e, 0x24, 1}
	pcccPath  = []byte{0x20, 0x67, 0x24, 1}
	backplane = []byte{1, 0}
	beyond    = []byte{1, 3, 2, 5}
)

var device = DeviceIdentity{Vendor: 1, DeviceType: 0x0e, Product: 55, Major: 20, Minor: 11, Status: 0x60, Serial: 0x00c0ffee, Name: []byte("1756-LXX LOGIX")}

func TestTransactions(t *testing.T) {
	tests := []struct {
		name  string
		turns []dialogue.Turn
		want  []event.ENIP
	}{
		{"session", []dialogue.Turn{
			dialogue.C(Append(nil, &Message{Command: CmdRegisterSession, Data: []byte{1, 0, 0, 0}})),
			dialogue.S(Append(nil, &Message{Command: CmdRegisterSession, Session: session, Data: []byte{1, 0, 0, 0}})),
			dialogue.C(Append(nil, &Message{Command: CmdUnregisterSession, Session: session})),
		}, []event.ENIP{
			{Command: "register_session", CommandNum: 0x65, Session: session, Answered: true},
			{Command: "unregister_session", CommandNum: 0x66, Session: session},
		}},
		{"tag written", []dialogue.Turn{
			dialogue.C(rr(1, ask(svcWriteTag, tag("Valve"), 0xc1, 0, 1, 0, 1))), dialogue.S(rr(1, answer(svcWriteTag, 0))),
		}, []event.ENIP{{Command: "send_rr_data", CommandNum: 0x6f, Session: session, Service: "write_tag", ServiceNum: 0x4d, Tag: "Valve", Class: event.OpWrite, Answered: true}}},
		{"refused", []dialogue.Turn{
			dialogue.C(rr(1, ask(0x10, []byte{0x20, 0xf5, 0x24, 1, 0x30, 5}, 1))), dialogue.S(rr(1, answer(0x10, 0x0f))),
		}, []event.ENIP{{Command: "send_rr_data", CommandNum: 0x6f, Session: session, Service: "set_attribute_single", ServiceNum: 0x10, ClassID: 0xf5, Instance: 1, Attribute: 5, Class: event.OpWrite, CIPStatus: 0x0f, Answered: true}}},
		{"stop over a connection", []dialogue.Turn{
			dialogue.C(unit(5, ask(SvcStop, execution))), dialogue.S(unit(5, answer(SvcStop, 0))),
		}, []event.ENIP{{Command: "send_unit_data", CommandNum: 0x70, Session: session, Connection: 9, Service: "stop", ServiceNum: 7, ClassID: 0x8e, Instance: 1, Class: event.OpMode, Answered: true}}},
		{"reset in another module", []dialogue.Turn{
			dialogue.C(rr(3, through(backplane, ask(SvcReset, itself)))), dialogue.S(rr(3, answer(SvcReset, 0))),
		}, []event.ENIP{{Command: "send_rr_data", CommandNum: 0x6f, Session: session, Service: "reset", ServiceNum: 5, ClassID: 1, Instance: 1, Class: event.OpRestart, Answered: true}}},
		{"route refused", []dialogue.Turn{
			dialogue.C(rr(3, through(beyond, ask(SvcReset, itself)))), dialogue.S(rr(3, answer(svcUnconnectedSend, 1))),
		}, []event.ENIP{{Command: "send_rr_data", CommandNum: 0x6f, Session: session, Service: "reset", ServiceNum: 5, ClassID: 1, Instance: 1, Class: event.OpRestart, CIPStatus: 1, Answered: true}}},
		{"several at once", []dialogue.Turn{
			dialogue.C(unit(6, ask(SvcMultiple, router, AppendInner(nil, ask(svcReadTag, tag("A"), 1, 0), ask(svcWriteTag, tag("Bee"), 0xc3, 0, 1, 0, 5, 0))...))),
			dialogue.S(unit(6, answer(SvcMultiple, 0x1e, AppendInner(nil, answer(svcReadTag, 0, 0xc3, 0, 1, 0), answer(svcWriteTag, 4))...))),
		}, []event.ENIP{
			{Command: "send_unit_data", CommandNum: 0x70, Session: session, Connection: 9, Service: "read_tag", ServiceNum: 0x4c, Tag: "A", Class: event.OpRead, Answered: true},
			{Command: "send_unit_data", CommandNum: 0x70, Session: session, Connection: 9, Service: "write_tag", ServiceNum: 0x4d, Tag: "Bee", Class: event.OpWrite, CIPStatus: 4, Answered: true},
		}},
		{"several refused at once", []dialogue.Turn{
			dialogue.C(rr(6, ask(SvcMultiple, router, AppendInner(nil, ask(svcReadTag, tag("A"), 1, 0), ask(svcReadTag, tag("B"), 1, 0))...))),
			dialogue.S(rr(6, answer(SvcMultiple, 8))),
		}, []event.ENIP{
			{Command: "send_rr_data", CommandNum: 0x6f, Session: session, Service: "read_tag", ServiceNum: 0x4c, Tag: "A", Class: event.OpRead, CIPStatus: 8, Answered: true},
			{Command: "send_rr_data", CommandNum: 0x6f, Session: session, Service: "read_tag", ServiceNum: 0x4c, Tag: "B", Class: event.OpRead, CIPStatus: 8, Answered: true},
		}},
		{"mode of an old controller", []dialogue.Turn{
			dialogue.C(rr(8, ask(svcExecutePCCC, pcccPath, AppendPCCC(nil, 1, 2, &PCCC{Command: 0x0f, Function: 0x80, HasFunction: true, Data: []byte{6}})...))),
			dialogue.S(rr(8, answer(svcExecutePCCC, 0, AppendPCCC(nil, 1, 2, &PCCC{Command: 0x4f, Status: 0x10})...))),
		}, []event.ENIP{{Command: "send_rr_data", CommandNum: 0x6f, Session: session, Service: "pccc_change_cpu_mode", ServiceNum: 0x4b, ClassID: 0x67, Instance: 1, Class: event.OpMode, CIPStatus: 0x10, Answered: true}}},
		{"session unknown", []dialogue.Turn{
			dialogue.C(rr(8, ask(SvcReset, itself))), dialogue.S(Append(nil, &Message{Command: CmdSendRRData, Session: session, Context: 8, Status: 0x64})),
		}, []event.ENIP{{Command: "send_rr_data", CommandNum: 0x6f, Session: session, Service: "reset", ServiceNum: 5, ClassID: 1, Instance: 1, Class: event.OpRestart, Status: 0x64, Answered: true}}},
		{"unanswered", []dialogue.Turn{dialogue.C(rr(1, ask(SvcCreate, []byte{0x20, 0x6b, 0x24, 0})))},
			[]event.ENIP{{Command: "send_rr_data", CommandNum: 0x6f, Session: session, Service: "create", ServiceNum: 8, ClassID: 0x6b, Class: event.OpProgram}}},
		{"answer alone", []dialogue.Turn{dialogue.S(unit(1, answer(SvcStop, 0)))},
			[]event.ENIP{{Command: "send_unit_data", CommandNum: 0x70, Session: session, Connection: 9, Service: "stop", ServiceNum: 7, Class: event.OpMode, Answered: true}}},
	}
	for _, tt := range tests {
		for _, play := range []func(testing.TB, proto.Protocol, *proto.Conn, ...dialogue.Turn){dialogue.Play, dialogue.PlayBytes} {
			c := prototest.NewConn(6, Port)
			play(t, Protocol, c, tt.turns...)
			got := dialogue.Facts[event.ENIP](c)
			if len(got) != len(tt.want) {
				t.Fatalf("%s: %d facts, want %d", tt.name, len(got), len(tt.want))
			}
			for i := range got {
				if *got[i] != tt.want[i] {
					t.Errorf("%s: fact %d\n got %+v\nwant %+v", tt.name, i, *got[i], tt.want[i])
				}
			}
			if a := dialogue.Facts[event.Anomaly](c); len(a) != 0 {
				t.Errorf("%s: anomaly %+v", tt.name, *a[0])
			}
			for _, f := range c.Env.Out.Facts() {
				if f.Src != c.Client {
					t.Errorf("%s: from %v, want the client", tt.name, f.Src)
				}
			}
		}
		c := prototest.NewConn(6, 4000)
		c.Registered = false
		if m := dialogue.Recognise(Protocol, c, tt.turns...); m != proto.Yes {
			t.Errorf("%s: match %d, want Yes", tt.name, m)
		}
	}
}

func TestListIdentity(t *testing.T) {
	item := AppendIdentity(append([]byte{1, 0}, make([]byte, 16)...), &device)
	question := Append(nil, &Message{Command: CmdListIdentity})
	reply := Append(nil, &Message{Command: CmdListIdentity, Data: AppendItems(nil, Item{Type: ItemIdentity, Data: append(item, 3)})})
	for _, transport := range []uint8{6, 17} {
		c := prototest.NewConn(transport, Port)
		dialogue.Play(t, Protocol, c, dialogue.C(question), dialogue.S(reply), dialogue.C(question), dialogue.S(reply))
		got := dialogue.Facts[event.Identity](c)
		if len(got) != 1 {
			t.Fatalf("%d identities, want one", len(got))
		}
		if id := got[0]; id.Vendor != "Rockwell Automation" || id.Type != "plc" || id.Model != "1756-LXX LOGIX" || id.Firmware != "20.011" || id.Serial != "00c0ffee" {
			t.Errorf("identity %+v", *id)
		}
		facts := dialogue.Facts[event.ENIP](c)
		if len(facts) != 2 || facts[0].Class != event.OpDiscover || !facts[0].Answered {
			t.Errorf("facts %+v", facts)
		}
	}
	// An answer to a broadcast comes in a flow of its own.
	c := prototest.NewConn(17, Port)
	dialogue.Play(t, Protocol, c, dialogue.C(reply))
	for _, f := range c.Env.Out.Facts() {
		switch f.Kind() {
		case event.KindIdentity:
			if f.Src != c.Client {
				t.Error("the identity is about whoever sends it")
			}
		case event.KindENIP:
			if f.Src != c.Server {
				t.Error("the request came from the other side")
			}
		}
	}
}

func TestIdentityObject(t *testing.T) {
	all := AppendIdentity(nil, &device)
	tests := []struct {
		name  string
		turns []dialogue.Turn
		want  string
	}{
		{"of the host", []dialogue.Turn{dialogue.C(rr(1, ask(1, itself))), dialogue.S(rr(1, answer(1, 0, all...)))}, "enip.identity_object"},
		{"of a module beside it", []dialogue.Turn{dialogue.C(rr(1, through(backplane, ask(1, itself)))), dialogue.S(rr(1, answer(1, 0, all...)))}, "enip.chassis"},
		{"of a device behind it", []dialogue.Turn{dialogue.C(rr(1, through(beyond, ask(1, itself)))), dialogue.S(rr(1, answer(1, 0, all...)))}, ""},
		{"refused", []dialogue.Turn{dialogue.C(rr(1, ask(1, itself))), dialogue.S(rr(1, answer(1, 8)))}, ""},
	}
	for _, tt := range tests {
		c := prototest.NewConn(6, Port)
		dialogue.Play(t, Protocol, c, tt.turns...)
		got := dialogue.Facts[event.Identity](c)
		source := ""
		if len(got) > 0 {
			source = got[0].Source
		}
		if source != tt.want {
			t.Errorf("%s: source %q, want %q", tt.name, source, tt.want)
		}
	}
}

func TestImplicitMessages(t *testing.T) {
	c := prototest.NewConn(17, PortIO)
	var turns []dialogue.Turn
	for i := range uint32(50) {
		turns = append(turns, dialogue.C(AppendIO(nil, &IO{Connection: 7, Sequence: i, Data: []byte{1, 2}})))
	}
	turns = append(turns, dialogue.S(AppendIO(nil, &IO{Connection: 8, Data: make([]byte, 20)})))
	dialogue.Play(t, Protocol, c, turns...)
	got := dialogue.Facts[event.ENIP](c)
	if len(got) != 2 || !got[0].IO || got[0].Connection != 7 || got[1].Connection != 8 {
		t.Errorf("facts %+v", got)
	}
	if c.Messages != [2]uint32{50, 1} {
		t.Errorf("messages %v", c.Messages)
	}
	if m := dialogue.Recognise(Protocol, prototest.NewConn(17, 5000), turns[0]); m != proto.Yes {
		t.Errorf("match %d, want Yes", m)
	}
}

func TestAnomalies(t *testing.T) {
	good := rr(1, ask(1, itself))
	tests := []struct {
		name string
		in   []byte
		want string
	}{
		{"header", []byte("garbage, and a lot of it so that the header is whole"), "invalid_header"},
		{"items", Append(nil, &Message{Command: CmdSendRRData, Data: []byte{0, 0, 0, 0, 0, 0, 9, 0, 1}}), "invalid_items"},
		{"request", rr(1, []byte{1, 90, 1}), "invalid_cip_request"},
		{"path", rr(1, ask(1, []byte{0xe0, 1})), "invalid_path"},
		{"response", rr(1, []byte{0x81, 0, 0}), "invalid_cip_response"},
		{"packet of several", rr(1, ask(SvcMultiple, router, 9, 0, 1, 0)), "invalid_multiple_service"},
		{"embedded", rr(1, ask(svcUnconnectedSend, []byte{0x20, 6, 0x24, 1}, 1, 2, 90, 0)), "invalid_unconnected_send"},
	}
	for _, tt := range tests {
		c := prototest.NewConn(6, Port)
		dialogue.Play(t, Protocol, c, dialogue.C(tt.in), dialogue.C(good))
		a := dialogue.Facts[event.Anomaly](c)
		if len(a) != 1 || a[0].Event != tt.want {
			t.Errorf("%s: anomalies %+v, want %s", tt.name, a, tt.want)
		}
		if got := dialogue.Facts[event.ENIP](c); len(got) == 0 || got[len(got)-1].Service != "get_attributes_all" {
			t.Errorf("%s: the message behind it was lost", tt.name)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	c := prototest.NewConn(6, Port)
	p := Protocol.New()
	var inner [][]byte
	for range 300 {
		inner = append(inner, ask(svcReadTag, tag("A"), 1, 0))
	}
	for i := range 100 {
		if _, err := p.Data(c, event.ToServer, unit(uint16(i), ask(SvcMultiple, router, AppendInner(nil, inner...)...))); err != nil {
			t.Fatal(err)
		}
	}
	if n := p.(*parser).open.Len(); n > maxPending {
		t.Errorf("%d requests wait, want at most %d", n, maxPending)
	}
	p.End(c)
	if n := len(dialogue.Facts[event.ENIP](c)); n != 100*maxInner {
		t.Errorf("%d facts, want %d", n, 100*maxInner)
	}
}

func TestProbeElsewhere(t *testing.T) {
	tests := []struct {
		name string
		in   []byte
		want proto.Match
	}{
		{"zeros", make([]byte, 64), proto.No},
		{"bare identity request", Append(nil, &Message{Command: CmdListIdentity}), proto.Weak},
		{"text", []byte("GET / HTTP/1.1\r\n\r\n"), proto.No},
		{"a beginning", Append(nil, &Message{Command: CmdListIdentity})[:10], proto.More},
	}
	for _, tt := range tests {
		c := prototest.NewConn(6, 8000)
		c.Registered = false
		if m := dialogue.Recognise(Protocol, c, dialogue.C(tt.in)); m != tt.want {
			t.Errorf("%s: match %d, want %d", tt.name, m, tt.want)
		}
	}
}

func FuzzParser(f *testing.F) {
	dialogue.Fuzz(f, Protocol, 6, Port,
		dialogue.Seed(dialogue.C(rr(1, ask(svcWriteTag, tag("Valve"), 0xc1, 0, 1, 0, 1))), dialogue.S(rr(1, answer(svcWriteTag, 0)))),
		dialogue.Seed(dialogue.C(unit(6, ask(SvcMultiple, router, AppendInner(nil, ask(svcReadTag, tag("A"), 1, 0))...))),
			dialogue.S(unit(6, answer(SvcMultiple, 0, AppendInner(nil, answer(svcReadTag, 0, 0xc3, 0, 1, 0))...)))),
		dialogue.Seed(dialogue.C(rr(3, through(backplane, ask(1, itself)))), dialogue.S(rr(3, answer(1, 0, AppendIdentity(nil, &device)...)))),
	)
}

func FuzzDatagrams(f *testing.F) {
	dialogue.Fuzz(f, Protocol, 17, Port,
		dialogue.Seed(dialogue.C(Append(nil, &Message{Command: CmdListIdentity})), dialogue.S(AppendIO(nil, &IO{Connection: 1, Data: []byte{1}}))),
	)
}

func BenchmarkTransaction(b *testing.B) {
	c := prototest.NewConn(6, Port)
	p := Protocol.New()
	var asks, answers [][]byte
	for range 8 {
		asks = append(asks, ask(svcReadTag, tag("Program:MainProgram"), 1, 0))
		answers = append(answers, answer(svcReadTag, 0, 0xc3, 0, 1, 0))
	}
	question := unit(6, ask(SvcMultiple, router, AppendInner(nil, asks...)...))
	reply := unit(6, answer(SvcMultiple, 0, AppendInner(nil, answers...)...))
	b.SetBytes(int64(len(question) + len(reply)))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = p.Data(c, event.ToServer, question)
		_, _ = p.Data(c, event.ToClient, reply)
		if c.Env.Out.Len() > 1024 {
			c.Env.Out.Reset()
		}
	}
}
