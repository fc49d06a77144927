package modbus

import (
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

func adu(id uint16, fn uint8, data ...byte) []byte {
	return Append(nil, &ADU{Transaction: id, Unit: 1, Function: fn, Data: data})
}

func TestTransactions(t *testing.T) {
	identity := []byte{14, 1, 0x81, 0, 0, 3, 0, 4, 'A', 'c', 'm', 'e', 1, 3, 'P', '-', '1', 2, 3, '1', '.', '2'}
	tests := []struct {
		name  string
		turns []dialogue.Turn
		want  []event.Modbus
	}{
		{"read", []dialogue.Turn{
			dialogue.C(adu(1, 3, 0, 107, 0, 2)), dialogue.S(adu(1, 3, 4, 1, 2, 3, 4)),
		}, []event.Modbus{{ID: 1, Unit: 1, Function: 3, Name: "read_holding_registers", Address: 107, Quantity: 2, Class: event.OpRead, Answered: true}}},
		{"exception", []dialogue.Turn{
			dialogue.C(adu(1, 6, 0, 1, 0, 9)), dialogue.S(adu(1, 0x86, 2)),
		}, []event.Modbus{{ID: 1, Unit: 1, Function: 6, Name: "write_single_register", Address: 1, Quantity: 1, Value: 9, Class: event.OpWrite, Exception: 2, Answered: true}}},
		{"pipelined and answered in another order", []dialogue.Turn{
			dialogue.C(append(adu(1, 1, 0, 0, 0, 8), adu(2, 5, 0, 3, 0xff, 0)...)),
			dialogue.S(append(adu(2, 5, 0, 3, 0xff, 0), adu(1, 1, 1, 0x55)...)),
		}, []event.Modbus{
			{ID: 2, Unit: 1, Function: 5, Name: "write_single_coil", Address: 3, Quantity: 1, Value: 0xff00, Class: event.OpWrite, Answered: true},
			{ID: 1, Unit: 1, Function: 1, Name: "read_coils", Quantity: 8, Class: event.OpRead, Answered: true},
		}},
		{"unanswered", []dialogue.Turn{
			dialogue.C(adu(1, 8, 0, 4, 0, 0)),
		}, []event.Modbus{{ID: 1, Unit: 1, Function: 8, Name: "diagnostics_force_listen_only", Sub: 4, Class: event.OpMode}}},
		{"restart communications", []dialogue.Turn{
			dialogue.C(adu(1, 8, 0, 1, 0xff, 0)), dialogue.S(adu(1, 8, 0, 1, 0xff, 0)),
		}, []event.Modbus{{ID: 1, Unit: 1, Function: 8, Name: "diagnostics_restart_communications", Sub: 1, Value: 0xff00, Class: event.OpRestart, Answered: true}}},
		{"answer alone", []dialogue.Turn{
			dialogue.S(adu(7, 16, 0, 5, 0, 2)),
		}, []event.Modbus{{ID: 7, Unit: 1, Function: 16, Name: "write_multiple_registers", Address: 5, Quantity: 2, Class: event.OpWrite, Answered: true}}},
		{"UMAS stop refused", []dialogue.Turn{
			dialogue.C(adu(1, 90, 1, 0x41, 0xff, 0)), dialogue.S(adu(1, 90, 1, 0xfd, 0x81)),
		}, []event.Modbus{{ID: 1, Unit: 1, Function: 90, Name: "umas", Sub: 0x41, Class: event.OpMode, UMAS: "STOP_PLC", Exception: 4, Answered: true}}},
		{"UMAS program transfer", []dialogue.Turn{
			dialogue.C(adu(1, 90, 1, 0x30, 0, 1)), dialogue.S(adu(1, 90, 1, 0xfe, 0)),
		}, []event.Modbus{{ID: 1, Unit: 1, Function: 90, Name: "umas", Sub: 0x30, Class: event.OpProgram, UMAS: "INITIALIZE_UPLOAD", Answered: true}}},
		{"device identification", []dialogue.Turn{
			dialogue.C(adu(1, 43, 14, 1, 0)), dialogue.S(adu(1, 43, identity...)),
			dialogue.C(adu(2, 43, 14, 1, 0)), dialogue.S(adu(2, 43, identity...)),
		}, []event.Modbus{
			{ID: 1, Unit: 1, Function: 43, Name: "read_device_identification", Sub: 14, Value: 1, Class: event.OpDiscover, Answered: true},
			{ID: 2, Unit: 1, Function: 43, Name: "read_device_identification", Sub: 14, Value: 1, Class: event.OpDiscover, Answered: true},
		}},
	}
	for _, tt := range tests {
		for _, play := range []func(testing.TB, proto.Protocol, *proto.Conn, ...dialogue.Turn){dialogue.Play, dialogue.PlayBytes} {
			c := prototest.NewConn(6, Port)
			play(t, Protocol, c, tt.turns...)
			got := dialogue.Facts[event.Modbus](c)
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
			if m := dialogue.Recognise(Protocol, prototest.NewConn(6, Port), tt.turns...); m == proto.No {
				t.Errorf("%s: not recognised", tt.name)
			}
		}
	}
}

func TestIdentityOnce(t *testing.T) {
	answer := []byte{14, 1, 0x81, 0, 0, 3, 0, 4, 'A', 'c', 'm', 'e', 1, 3, 'P', '-', '1', 2, 3, '1', '.', '2'}
	umas := append([]byte{0, 0xfe}, make([]byte, 22)...)
	umas = append(umas, 5, 'M', '3', '4', '0', '0')
	c := prototest.NewConn(6, Port)
	dialogue.Play(t, Protocol, c,
		dialogue.C(adu(1, 43, 14, 1, 0)), dialogue.S(adu(1, 43, answer...)),
		dialogue.C(adu(2, 43, 14, 1, 0)), dialogue.S(adu(2, 43, answer...)),
		dialogue.C(adu(3, 90, 0, 2)), dialogue.S(adu(3, 90, umas...)),
		dialogue.C(adu(4, 17)), dialogue.S(adu(4, 17, 7, 1, 0xff, 'R', 'T', 'U', '-', '9')),
	)
	ids := dialogue.Facts[event.Identity](c)
	if len(ids) != 3 {
		t.Fatalf("%d identities, want 3", len(ids))
	}
	if id := ids[0]; id.Vendor != "Acme" || id.Model != "P-1" || id.Firmware != "1.2" {
		t.Errorf("device identification: %+v", *id)
	}
	if id := ids[1]; id.Model != "M3400" || id.Vendor != "Schneider Electric" {
		t.Errorf("UMAS: %+v", *id)
	}
	if id := ids[2]; id.Banner != "RTU-9" {
		t.Errorf("server id: %+v", *id)
	}
	for _, f := range c.Env.Out.Facts() {
		if f.Kind() == event.KindIdentity && f.Src != c.Server {
			t.Errorf("identity is about %v, want the server", f.Src)
		}
	}
	if c.Messages != [2]uint32{4, 4} {
		t.Errorf("messages %v, want 4 and 4", c.Messages)
	}
}

func TestAnomalies(t *testing.T) {
	tests := []struct {
		name  string
		turns []dialogue.Turn
		want  string
	}{
		{"length", []dialogue.Turn{dialogue.C(adu(1, 3, 0, 0, 0, 1, 9))}, "invalid_request_length"},
		{"quantity", []dialogue.Turn{dialogue.C(adu(1, 3, 0, 0, 1, 0))}, "invalid_request_value"},
		{"header", []dialogue.Turn{dialogue.C([]byte{0, 1, 5, 5, 0, 6, 1, 3, 0, 0, 0, 1})}, "invalid_header"},
		{"answer length", []dialogue.Turn{dialogue.C(adu(1, 3, 0, 0, 0, 1)), dialogue.S(adu(1, 3, 9, 0))}, "invalid_response_length"},
		{"answer size", []dialogue.Turn{dialogue.C(adu(1, 3, 0, 0, 0, 1)), dialogue.S(adu(1, 3, 4, 0, 0, 0, 0))}, "response_size_mismatch"},
		{"function", []dialogue.Turn{dialogue.C(adu(1, 3, 0, 0, 0, 1)), dialogue.S(adu(1, 4, 2, 0, 0))}, "function_mismatch"},
		{"asked with exception bit", []dialogue.Turn{dialogue.C(adu(1, 0x83, 1))}, "exception_request"},
	}
	for _, tt := range tests {
		c := prototest.NewConn(6, Port)
		dialogue.Play(t, Protocol, c, tt.turns...)
		got := dialogue.Facts[event.Anomaly](c)
		if len(got) == 0 || got[0].Event != tt.want {
			t.Errorf("%s: anomalies %v, want %s", tt.name, got, tt.want)
		}
		if m := dialogue.Recognise(Protocol, prototest.NewConn(6, Port), tt.turns[:1]...); m != proto.No && m != proto.More && tt.want[:7] == "invalid" && len(tt.turns) == 1 {
			t.Errorf("%s: the probe claims what the parser calls malformed", tt.name)
		}
	}
}

func TestAnomaliesAreBounded(t *testing.T) {
	c := prototest.NewConn(6, Port)
	p := Protocol.New()
	for i := range 1000 {
		if _, err := p.Data(c, event.ToServer, adu(uint16(i), 3, 0)); err != nil {
			t.Fatal(err)
		}
	}
	p.End(c)
	if n := len(dialogue.Facts[event.Anomaly](c)); n != maxAnomalies {
		t.Errorf("%d anomalies, want %d", n, maxAnomalies)
	}
	if n := len(dialogue.Facts[event.Modbus](c)); n != 1000 {
		t.Errorf("%d facts, want one for each request", n)
	}
}

func TestRequestExpires(t *testing.T) {
	c := prototest.NewConn(6, Port)
	p := Protocol.New()
	_, _ = p.Data(c, event.ToServer, adu(1, 6, 0, 1, 0, 1))
	c.Time += int64(answerWithin) + 1
	_, _ = p.Data(c, event.ToServer, adu(2, 6, 0, 1, 0, 1))
	if got := dialogue.Facts[event.Modbus](c); len(got) != 1 || got[0].ID != 1 || got[0].Answered {
		t.Errorf("got %v, want the first request unanswered", got)
	}
}

func TestGapAndMidstream(t *testing.T) {
	c := prototest.NewConn(6, Port)
	c.Midstream = true
	p := Protocol.New()
	// The flow was picked up at an answer and the direction guessed wrongly.
	_, _ = p.Data(c, event.ToServer, adu(1, 3, 2, 0, 7))
	_, _ = p.Data(c, event.ToClient, adu(2, 3, 0, 0, 0, 1))
	if !p.Gap(c, event.ToClient, 100) {
		t.Fatal("a gap should not end the flow")
	}
	// The rest of a lost message, then a whole one.
	_, _ = p.Data(c, event.ToClient, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
	_, _ = p.Data(c, event.ToClient, adu(3, 6, 0, 1, 0, 1))
	_, _ = p.Data(c, event.ToServer, adu(3, 6, 0, 1, 0, 1))
	p.End(c)
	got := dialogue.Facts[event.Modbus](c)
	if len(got) != 3 || !got[1].Answered || got[1].Function != 6 {
		t.Fatalf("got %d facts: %+v", len(got), got)
	}
	for _, f := range c.Env.Out.Facts() {
		if f.Src != c.Server {
			t.Errorf("fact from %v, want the side that asks", f.Src)
		}
	}
	if len(dialogue.Facts[event.Anomaly](c)) != 0 {
		t.Error("bytes behind a gap are no anomaly")
	}
}

func TestAnswersFromTheRegisteredPort(t *testing.T) {
	c := prototest.NewConn(6, 4446)
	c.ClientPort, c.Registered = Port, false
	answer := adu(1, 0x81, 6)
	if m := dialogue.Recognise(Protocol, c, dialogue.C(adu(1, 0x81, 6, 0))); m != proto.Yes {
		t.Errorf("with a byte more: match %d, want Yes", m)
	}
	if m := dialogue.Recognise(Protocol, c, dialogue.C(answer)); m != proto.Yes {
		t.Fatalf("match %d, want Yes", m)
	}
	dialogue.Play(t, Protocol, c, dialogue.C(answer))
	got := dialogue.Facts[event.Modbus](c)
	if len(got) != 1 || got[0].Exception != 6 || len(dialogue.Facts[event.Anomaly](c)) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestProbeWaitsForTheAnswer(t *testing.T) {
	question := adu(9, 23, 0, 0, 0, 0, 1, 2, 3, 4, 9, 1)
	c := prototest.NewConn(6, Port)
	if m := dialogue.Recognise(Protocol, c, dialogue.C(question)); m != proto.More {
		t.Errorf("strange question alone: match %d, want More", m)
	}
	if m := dialogue.Recognise(Protocol, c, dialogue.C(question), dialogue.S(adu(9, 0x97, 10))); m != proto.Yes {
		t.Errorf("with its refusal: match %d, want Yes", m)
	}
}

func TestProbeElsewhere(t *testing.T) {
	request, answer := adu(1, 3, 0, 0, 0, 1), adu(1, 3, 2, 0, 7)
	tests := []struct {
		name  string
		turns []dialogue.Turn
		want  proto.Match
	}{
		{"request alone", []dialogue.Turn{dialogue.C(request)}, proto.Weak},
		{"request and its answer", []dialogue.Turn{dialogue.C(request), dialogue.S(answer)}, proto.Yes},
		{"request and text", []dialogue.Turn{dialogue.C(request), dialogue.S("HTTP/1.1 200 OK\r\n")}, proto.No},
		{"zeros", []dialogue.Turn{dialogue.C(make([]byte, 20)), dialogue.S(make([]byte, 20))}, proto.No},
		{"unknown function", []dialogue.Turn{dialogue.C(adu(1, 66, 1, 2))}, proto.No},
		{"strange request and its refusal", []dialogue.Turn{dialogue.C(adu(1, 3, 0, 0, 9, 9)), dialogue.S(adu(1, 0x83, 3))}, proto.No},
		{"a beginning", []dialogue.Turn{dialogue.C(request[:6])}, proto.More},
	}
	for _, tt := range tests {
		c := prototest.NewConn(6, 8000)
		c.Registered = false
		if m := dialogue.Recognise(Protocol, c, tt.turns...); m != tt.want {
			t.Errorf("%s: match %d, want %d", tt.name, m, tt.want)
		}
	}
}

func FuzzParser(f *testing.F) {
	dialogue.Fuzz(f, Protocol, 6, Port,
		dialogue.Seed(dialogue.C(adu(1, 3, 0, 107, 0, 2)), dialogue.S(adu(1, 3, 4, 1, 2, 3, 4))),
		dialogue.Seed(dialogue.C(adu(1, 90, 1, 0x41, 0xff, 0)), dialogue.S(adu(1, 90, 1, 0xfd, 0x81))),
		dialogue.Seed(dialogue.C(adu(1, 43, 14, 1, 0)), dialogue.S(adu(1, 43, 14, 1, 0x81, 0, 0, 1, 0, 2, 'A', 'B'))),
	)
}

func BenchmarkTransaction(b *testing.B) {
	c := prototest.NewConn(6, Port)
	p := Protocol.New()
	request, answer := adu(1, 3, 0, 107, 0, 2), adu(1, 3, 4, 1, 2, 3, 4)
	b.SetBytes(int64(len(request) + len(answer)))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = p.Data(c, event.ToServer, request)
		_, _ = p.Data(c, event.ToClient, answer)
		if c.Env.Out.Len() > 1024 {
			c.Env.Out.Reset()
		}
	}
}
