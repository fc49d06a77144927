package dnp3

import (
	"encoding/binary"
	"slices"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

const (
	master     = 100
	outstation = 4
)

// ask and reply write one whole fragment in one frame.
func ask(seq, fn uint8, objects ...byte) []byte {
	return wrap(0xc4, outstation, master, &Fragment{Control: AppFirst | AppFinal | seq, Function: fn, Objects: objects})
}

func reply(seq uint8, iin uint16, objects ...byte) []byte {
	return wrap(0x44, master, outstation, &Fragment{Control: AppFirst | AppFinal | seq, Function: FuncResponse, IIN: iin, Objects: objects})
}

func wrap(control uint8, dst, src uint16, m *Fragment) []byte {
	return Append(nil, &Frame{Control: control, Dst: dst, Src: src, Data: AppendSegment(nil, true, true, 0, AppendFragment(nil, m))})
}

func crob(code, status uint8, index uint16) []byte {
	b := []byte{12, 1, 0x28, 1, 0, byte(index), byte(index >> 8), code, 1}
	b = append(b, make([]byte, 8)...)
	return append(b, status)
}

func sized(group, variation uint8, object []byte) []byte {
	b := []byte{group, variation, 0x5b, 1, byte(len(object)), byte(len(object) >> 8)}
	return append(b, object...)
}

func fileOpen(name string, mode uint16) []byte {
	b := binary.LittleEndian.AppendUint16(nil, 26)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(name)))
	b = append(b, make([]byte, 12)...)
	b = append(b, 0, 1, 0, 0)
	b = binary.LittleEndian.AppendUint16(b, mode)
	b = append(b, 0, 4, 1, 0)
	return sized(70, 3, append(b, name...))
}

func TestTransactions(t *testing.T) {
	poll := []byte{60, 2, 6, 60, 3, 6}
	tests := []struct {
		name  string
		turns []dialogue.Turn
		want  event.DNP3
	}{
		{"poll", []dialogue.Turn{dialogue.C(ask(1, FuncRead, poll...)), dialogue.S(reply(1, 0x1000))},
			event.DNP3{Function: "read", FunctionNum: 1, Seq: 1, IIN: "need_time", Objects: []string{"g60v2", "g60v3"}, Class: event.OpRead, Answered: true}},
		{"trip", []dialogue.Turn{dialogue.C(ask(2, FuncDirectOperate, crob(0x81, 0, 9)...)), dialogue.S(reply(2, 0, crob(0x81, 0, 9)...))},
			event.DNP3{Function: "direct_operate", FunctionNum: 5, Seq: 2, Objects: []string{"g12v1"}, Class: event.OpWrite, Answered: true, Control: "trip", Point: 9}},
		{"select refused", []dialogue.Turn{dialogue.C(ask(2, FuncSelect, crob(3, 0, 9)...)), dialogue.S(reply(2, 0, crob(3, 4, 9)...))},
			event.DNP3{Function: "select", FunctionNum: 3, Seq: 2, Objects: []string{"g12v1"}, Class: event.OpWrite, Answered: true, Denied: true, Control: "latch_on", Point: 9, Status: 4}},
		{"set point", []dialogue.Turn{dialogue.C(ask(2, FuncOperate, 41, 2, 0x17, 1, 6, 1, 0, 0))},
			event.DNP3{Function: "operate", FunctionNum: 4, Seq: 2, Objects: []string{"g41v2"}, Class: event.OpWrite, Control: "analog_output", Point: 6}},
		{"operate without answer", []dialogue.Turn{dialogue.C(ask(2, FuncDirectOperateNoAck, crob(0x41, 0, 1)...))},
			event.DNP3{Function: "direct_operate_no_ack", FunctionNum: 6, Seq: 2, Objects: []string{"g12v1"}, Class: event.OpWrite, Control: "close", Point: 1}},
		{"restart", []dialogue.Turn{dialogue.C(ask(3, FuncColdRestart)), dialogue.S(reply(3, 0x8000, 52, 2, 7, 1, 0, 4))},
			event.DNP3{Function: "cold_restart", FunctionNum: 13, Seq: 3, IIN: "device_restart", Objects: []string{"g52v2"}, Class: event.OpRestart, Answered: true}},
		{"stop application", []dialogue.Turn{dialogue.C(ask(4, FuncStopApp)), dialogue.S(reply(4, 1))},
			event.DNP3{Function: "stop_application", FunctionNum: 18, Seq: 4, IIN: "no_function_code_support", Class: event.OpMode, Answered: true, Denied: true}},
		{"disable unsolicited", []dialogue.Turn{dialogue.C(ask(4, FuncDisableUnsolicited, 60, 2, 6)), dialogue.S(reply(4, 0))},
			event.DNP3{Function: "disable_unsolicited", FunctionNum: 21, Seq: 4, Objects: []string{"g60v2"}, Class: event.OpAlarm, Answered: true}},
		{"file written", []dialogue.Turn{dialogue.C(ask(5, FuncOpenFile, fileOpen("config.bin", FileModeWrite)...)), dialogue.S(reply(5, 0))},
			event.DNP3{Function: "open_file", FunctionNum: 25, Seq: 5, Objects: []string{"g70v3"}, Class: event.OpProgram, Answered: true, File: "config.bin"}},
		{"file read", []dialogue.Turn{dialogue.C(ask(5, FuncOpenFile, fileOpen("log", FileModeRead)...)), dialogue.S(reply(5, 0))},
			event.DNP3{Function: "open_file", FunctionNum: 25, Seq: 5, Objects: []string{"g70v3"}, Class: event.OpUpload, Answered: true, File: "log"}},
		{"block written", []dialogue.Turn{dialogue.C(ask(6, FuncWrite, sized(70, 5, make([]byte, 20))...))},
			event.DNP3{Function: "write", FunctionNum: 2, Seq: 6, Objects: []string{"g70v5"}, Class: event.OpProgram}},
		{"attributes", []dialogue.Turn{dialogue.C(ask(7, FuncRead, 0, 252, 0, 0, 0)), dialogue.S(reply(7, 0, 0, 252, 0, 0, 0, 1, 4, 'A', 'c', 'm', 'e'))},
			event.DNP3{Function: "read", FunctionNum: 1, Seq: 7, Objects: []string{"g0v252"}, Class: event.OpDiscover, Answered: true}},
		{"answer alone", []dialogue.Turn{dialogue.S(reply(7, 0, 1, 2, 0, 0, 0, 1))},
			event.DNP3{Function: "response", FunctionNum: 129, Seq: 7, Objects: []string{"g1v2"}, Answered: true}},
		{"link reset", []dialogue.Turn{dialogue.C(Append(nil, &Frame{Control: 0xc1, Dst: outstation, Src: master}))},
			event.DNP3{Function: "link_reset_user_process", Class: event.OpRestart}},
	}
	for _, tt := range tests {
		for _, play := range []func(testing.TB, proto.Protocol, *proto.Conn, ...dialogue.Turn){dialogue.Play, dialogue.PlayBytes} {
			c := prototest.NewConn(6, Port)
			play(t, Protocol, c, tt.turns...)
			got := dialogue.Facts[event.DNP3](c)
			if len(got) != 1 {
				t.Fatalf("%s: %d facts, want one", tt.name, len(got))
			}
			tt.want.Src, tt.want.Dst = master, outstation
			if !slices.Equal(got[0].Objects, tt.want.Objects) {
				t.Errorf("%s: objects %v, want %v", tt.name, got[0].Objects, tt.want.Objects)
			}
			g, w := *got[0], tt.want
			g.Objects, w.Objects = nil, nil
			if !equal(&g, &w) {
				t.Errorf("%s:\n got %+v\nwant %+v", tt.name, g, w)
			}
			if a := dialogue.Facts[event.Anomaly](c); len(a) != 0 {
				t.Errorf("%s: anomaly %+v", tt.name, *a[0])
			}
			for _, f := range c.Env.Out.Facts() {
				if f.Kind() == event.KindDNP3 && f.Src != c.Client {
					t.Errorf("%s: from %v, want the master", tt.name, f.Src)
				}
			}
		}
		if m := dialogue.Recognise(Protocol, prototest.NewConn(6, 1234), tt.turns...); m != proto.Yes {
			t.Errorf("%s: match %d, want Yes", tt.name, m)
		}
	}
}

func equal(a, b *event.DNP3) bool {
	return string(a.AppendEVE(nil)) == string(b.AppendEVE(nil))
}

func TestUnsolicited(t *testing.T) {
	c := prototest.NewConn(6, Port)
	u := wrap(0x44, master, outstation, &Fragment{Control: AppFirst | AppFinal | AppConfirm | AppUnsolicited | 3, Function: FuncUnsolicitedResponse, IIN: 0x8000, Objects: []byte{2, 1, 0x17, 1, 5, 0x81}})
	dialogue.Play(t, Protocol, c, dialogue.S(u), dialogue.C(ask(3, FuncConfirm)))
	got := dialogue.Facts[event.DNP3](c)
	if len(got) != 1 || !got[0].Unsolicited || got[0].Class != event.OpNone || got[0].Src != outstation || got[0].IIN != "device_restart" {
		t.Fatalf("got %+v", got)
	}
	if f := c.Env.Out.Facts()[0]; f.Src != c.Server {
		t.Errorf("from %v, want the outstation", f.Src)
	}
	if c.Messages != [2]uint32{1, 1} {
		t.Errorf("messages %v, want one in each direction", c.Messages)
	}
}

func TestLongAnswerIsJoined(t *testing.T) {
	objects := []byte{30, 1, 0, 0, 99}
	objects = append(objects, make([]byte, 500)...)
	f := AppendFragment(nil, &Fragment{Control: AppFirst | AppFinal | 1, Function: FuncResponse, Objects: objects})
	var wire []byte
	for seq, first := uint8(9), true; len(f) > 0; seq, first = seq+1, false {
		n := min(len(f), MaxUserData-1)
		wire = Append(wire, &Frame{Control: 0x44, Dst: master, Src: outstation, Data: AppendSegment(nil, first, n == len(f), seq, f[:n])})
		f = f[n:]
	}
	c := prototest.NewConn(6, Port)
	dialogue.PlayBytes(t, Protocol, c, dialogue.C(ask(1, FuncRead, 30, 1, 6)), dialogue.S(wire))
	got := dialogue.Facts[event.DNP3](c)
	if len(got) != 1 || !got[0].Answered || c.Messages[1] != 3 {
		t.Errorf("%d facts, %d frames; want an answered one and 3 frames", len(got), c.Messages[1])
	}
}

func TestIdentity(t *testing.T) {
	answer := reply(1, 0,
		0, 252, 0, 0, 0, 1, 4, 'A', 'c', 'm', 'e',
		0, 250, 0, 0, 0, 1, 3, 'R', '-', '1',
		0, 242, 0, 0, 0, 1, 3, '1', '.', '2',
		0, 248, 0, 0, 0, 1, 2, '4', '2')
	c := prototest.NewConn(6, Port)
	dialogue.Play(t, Protocol, c,
		dialogue.C(ask(1, FuncRead, 0, 254, 0, 0, 0)), dialogue.S(answer),
		dialogue.C(ask(1, FuncRead, 0, 254, 0, 0, 0)), dialogue.S(answer))
	got := dialogue.Facts[event.Identity](c)
	if len(got) != 1 || got[0].Vendor != "Acme" || got[0].Model != "R-1" || got[0].Firmware != "1.2" || got[0].Serial != "42" {
		t.Fatalf("got %+v", got)
	}
}

func TestFileLogin(t *testing.T) {
	auth := func(user, password string, key byte) []byte {
		b := []byte{12, 0, byte(len(user)), 0, 12 + byte(len(user)), 0, byte(len(password)), 0, key, 0, 0, 0}
		return sized(70, 2, append(append(b, user...), password...))
	}
	for _, tt := range []struct {
		key  byte
		want string
	}{{7, "success"}, {0, "failure"}} {
		c := prototest.NewConn(6, Port)
		dialogue.Play(t, Protocol, c, dialogue.C(ask(1, FuncAuthenticateFile, auth("admin", "secret", 0)...)), dialogue.S(reply(1, 0, auth("", "", tt.key)...)))
		got := dialogue.Facts[event.Login](c)
		if len(got) != 1 || got[0].User != "admin" || got[0].Secret.Len != 6 || got[0].Outcome != tt.want || !got[0].Clear {
			t.Errorf("key %d: got %+v", tt.key, got)
		}
	}
	c := prototest.NewConn(6, Port)
	dialogue.Play(t, Protocol, c, dialogue.C(ask(1, FuncAuthenticateFile, auth("admin", "secret", 0)...)))
	if got := dialogue.Facts[event.Login](c); len(got) != 1 || got[0].Outcome != "unknown" {
		t.Errorf("unanswered: %+v", got)
	}
}

func TestFileInfo(t *testing.T) {
	c := prototest.NewConn(6, Port)
	dialogue.Play(t, Protocol, c, dialogue.C(ask(5, FuncOpenFile, fileOpen("fw.bin", FileModeWrite)...)))
	got := dialogue.Facts[event.FileInfo](c)
	if len(got) != 1 || got[0].Filename != "fw.bin" || got[0].Size != 256 || got[0].Dir != event.ToServer {
		t.Errorf("got %+v", got)
	}
}

func TestAnomaliesAndResynchronisation(t *testing.T) {
	good := ask(1, FuncRead, 60, 1, 6)
	badHeader := ask(1, FuncRead, 60, 1, 6)
	badHeader[4] ^= 0xff
	badData := ask(1, FuncRead, 60, 1, 6)
	badData[11] ^= 0xff
	tests := []struct {
		name string
		bad  []byte
		want string
	}{
		{"header checksum", badHeader, "invalid_header"},
		{"data checksum", badData, "data_crc"},
		{"noise", []byte("noise\x05"), "invalid_header"},
		{"objects", ask(2, FuncWrite, 30, 1, 0, 0, 9, 1), "truncated_objects"},
		{"function", ask(2, 77), "unknown_function"},
		{"segment", Append(nil, &Frame{Control: 0xc4, Dst: outstation, Src: master, Data: []byte{0x05, 1, 2}}), "transport_sequence"},
		{"fragment", Append(nil, &Frame{Control: 0xc4, Dst: outstation, Src: master, Data: []byte{0xc0, 1}}), "truncated_fragment"},
	}
	for _, tt := range tests {
		c := prototest.NewConn(6, Port)
		dialogue.PlayBytes(t, Protocol, c, dialogue.C(tt.bad), dialogue.C(good))
		a := dialogue.Facts[event.Anomaly](c)
		if len(a) != 1 || a[0].Event != tt.want {
			t.Errorf("%s: anomalies %+v, want one %s", tt.name, a, tt.want)
		}
		facts := dialogue.Facts[event.DNP3](c)
		if len(facts) == 0 || facts[len(facts)-1].Function != "read" {
			t.Errorf("%s: the message behind it was lost", tt.name)
		}
	}
	c := prototest.NewConn(6, Port)
	p := Protocol.New()
	var err error
	for i := 0; err == nil && i < 1000; i++ {
		_, err = p.Data(c, event.ToServer, badHeader)
	}
	if err == nil {
		t.Error("endless broken headers should end the flow")
	}
}

func TestMidstream(t *testing.T) {
	good := reply(1, 0)
	c := prototest.NewConn(6, 9999)
	c.Midstream, c.Registered = true, false
	cut := append([]byte{1, 2, 3}, good...)
	if m := dialogue.Recognise(Protocol, c, dialogue.S(cut)); m != proto.Yes {
		t.Fatalf("match %d, want Yes", m)
	}
	dialogue.Play(t, Protocol, c, dialogue.S(cut))
	if n := len(dialogue.Facts[event.Anomaly](c)); n != 0 || c.Messages[1] != 1 {
		t.Errorf("%d anomalies, %d messages; want none and one", n, c.Messages[1])
	}
}

func TestDatagrams(t *testing.T) {
	c := prototest.NewConn(17, Port)
	good := ask(1, FuncRead, 60, 1, 6)
	dialogue.Play(t, Protocol, c, dialogue.C(append(good, good...)), dialogue.S(reply(1, 0)), dialogue.C(good[:12]))
	if c.Messages != [2]uint32{2, 1} {
		t.Errorf("messages %v, want 2 and 1", c.Messages)
	}
	if a := dialogue.Facts[event.Anomaly](c); len(a) != 1 || a[0].Event != "truncated_frame" {
		t.Errorf("anomalies %+v", a)
	}
}

func FuzzParser(f *testing.F) {
	dialogue.Fuzz(f, Protocol, 6, Port,
		dialogue.Seed(dialogue.C(ask(1, FuncRead, 60, 2, 6)), dialogue.S(reply(1, 0, 1, 2, 0, 0, 0, 1))),
		dialogue.Seed(dialogue.C(ask(2, FuncSelect, crob(3, 0, 9)...)), dialogue.S(reply(2, 0, crob(3, 4, 9)...))),
		dialogue.Seed(dialogue.C(ask(5, FuncOpenFile, fileOpen("x", 1)...)), dialogue.S(reply(5, 0))),
	)
}

// FuzzFragments puts the fuzzer's bytes behind good checksums.
func FuzzFragments(f *testing.F) {
	f.Add([]byte{0xc1, FuncSelect, 12, 1, 0x17, 1, 3, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}, []byte{0xc1, 129, 0, 0})
	f.Add([]byte{0xc1, FuncRead, 0, 254, 0, 0, 0}, []byte{0xc1, 129, 0, 0, 0, 252, 0, 0, 0, 1, 1, 'A'})
	f.Add(append([]byte{0xc1, FuncOpenFile}, fileOpen("x", 1)...), []byte{0xc1, 130, 0, 0})
	f.Fuzz(func(t *testing.T, question, answer []byte) {
		c := prototest.NewConn(6, Port)
		p := Protocol.New()
		q := Append(nil, &Frame{Control: 0xc4, Dst: outstation, Src: master, Data: AppendSegment(nil, true, true, 0, question)})
		a := Append(nil, &Frame{Control: 0x44, Dst: master, Src: outstation, Data: AppendSegment(nil, true, true, 0, answer)})
		for range 2 {
			_, _ = p.Data(c, event.ToServer, q)
			_, _ = p.Data(c, event.ToClient, a)
		}
		p.End(c)
	})
}

func BenchmarkTransaction(b *testing.B) {
	c := prototest.NewConn(6, Port)
	p := Protocol.New()
	request := ask(1, FuncRead, 60, 2, 6, 60, 3, 6, 60, 4, 6)
	answer := reply(1, 0, append([]byte{30, 2, 0, 0, 19}, make([]byte, 60)...)...)
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
