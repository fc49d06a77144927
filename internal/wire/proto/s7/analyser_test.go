package s7

import (
	"encoding/binary"
	"slices"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
	"edgeward/internal/wire/proto/tpkt"
)

func packet(t *tpkt.TPDU) []byte { return tpkt.Append(nil, tpkt.AppendTPDU(nil, t)) }

func data(b []byte) []byte { return packet(&tpkt.TPDU{Type: tpkt.DT, EOT: true, Data: b}) }

func pdu(p PDU) []byte { return data(Append(nil, &p)) }

func job(ref uint16, parameter ...byte) []byte {
	return pdu(PDU{ROSCTR: Job, Reference: ref, Parameter: parameter})
}

func ack(ref, err uint16, parameter []byte, value ...byte) []byte {
	return pdu(PDU{ROSCTR: AckData, Reference: ref, Error: err, Parameter: parameter, Data: value})
}

func userRequest(ref uint16, group, sub uint8, value ...byte) []byte {
	h := UserdataHead{Kind: KindRequest, Group: group, Sub: sub}
	return userdata(ref, &h, value)
}

func userResponse(ref uint16, h UserdataHead, value ...byte) []byte {
	h.Kind = KindResponse
	return userdata(ref, &h, value)
}

func userdata(ref uint16, h *UserdataHead, value []byte) []byte {
	b := []byte{0xff, 9}
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	return pdu(PDU{ROSCTR: Userdata, Reference: ref, Parameter: AppendUserdata(nil, h), Data: append(b, value...)})
}

// file writes the parameters of the transfer functions.
func file(function byte, name string) []byte {
	return append([]byte{function, 0, 0, 0, 0, 0, 0, 0, byte(len(name))}, name...)
}

func invoke(argument, service string) []byte {
	b := []byte{FuncPIService, 0, 0, 0, 0, 0, 0, 0xfd, 0, byte(len(argument))}
	b = append(append(b, argument...), byte(len(service)))
	return append(b, service...)
}

var (
	connect = packet(&tpkt.TPDU{Type: tpkt.CR, Src: 1, SizeCode: 10, Calling: []byte{1, 0}, Called: []byte{2, 0x22}})
	confirm = packet(&tpkt.TPDU{Type: tpkt.CC, Dst: 1, Src: 2, SizeCode: 10, Calling: []byte{1, 0}, Called: []byte{2, 0x22}})
)

func TestTransactions(t *testing.T) {
	read := Item{Area: AreaDB, Transport: 1, DB: 1, Count: 8}
	readJob := AppendItem([]byte{FuncReadVar, 1}, &read)
	writeJob := AppendItem([]byte{FuncWriteVar, 1}, &Item{Area: AreaFlags, Transport: 2, Address: 8, Count: 1})
	tests := []struct {
		name  string
		turns []dialogue.Turn
		want  event.S7
	}{
		{"setup", []dialogue.Turn{dialogue.C(job(1, 0xf0, 0, 0, 1, 0, 1, 3, 0xc0)), dialogue.S(ack(1, 0, []byte{0xf0, 0, 0, 1, 0, 1, 0, 0xf0}))},
			event.S7{ROSCTR: "job", Function: "setup_communication", Code: 0xf0, Answered: true}},
		{"read", []dialogue.Turn{dialogue.C(job(1, readJob...)), dialogue.S(ack(1, 0, []byte{4, 1}, 0xff, 4, 0, 8, 1))},
			event.S7{ROSCTR: "job", Function: "read_var", Code: 4, Items: []string{"DB1.DBX0.0 x 8"}, Class: event.OpRead, Answered: true}},
		{"write refused", []dialogue.Turn{dialogue.C(job(1, writeJob...)), dialogue.S(ack(1, 0, []byte{5, 1}, 3))},
			event.S7{ROSCTR: "job", Function: "write_var", Code: 5, Items: []string{"MB1"}, Class: event.OpWrite, Answered: true, Error: 3}},
		{"stop", []dialogue.Turn{dialogue.C(job(2, append([]byte{FuncPLCStop, 0, 0, 0, 0, 0, 9}, piProgram...)...)), dialogue.S(ack(2, 0, []byte{FuncPLCStop}))},
			event.S7{ROSCTR: "job", Function: "plc_stop", Code: 0x29, Class: event.OpMode, Answered: true}},
		{"start", []dialogue.Turn{dialogue.C(job(2, invoke("", piProgram)...)), dialogue.S(ack(2, 0, []byte{FuncPIService}))},
			event.S7{ROSCTR: "job", Function: "pi_service", Sub: "P_PROGRAM", Code: 0x28, Class: event.OpMode, Answered: true}},
		{"cold start", []dialogue.Turn{dialogue.C(job(2, invoke("C ", piProgram)...))},
			event.S7{ROSCTR: "job", Function: "pi_service", Sub: "P_PROGRAM cold", Code: 0x28, Class: event.OpMode}},
		{"delete block", []dialogue.Turn{dialogue.C(job(2, invoke("\x01\x000A00012P", piDelete)...))},
			event.S7{ROSCTR: "job", Function: "pi_service", Sub: "_DELE", Block: "DB12", Code: 0x28, Class: event.OpProgram}},
		{"copy RAM to ROM", []dialogue.Turn{dialogue.C(job(2, invoke("EP", piCopyToROM)...))},
			event.S7{ROSCTR: "job", Function: "pi_service", Sub: "_MODU", Code: 0x28, Class: event.OpProgram}},
		{"download", []dialogue.Turn{dialogue.C(job(3, append(file(FuncRequestDownload, "_0A00001P"), 13)...)), dialogue.S(ack(3, 0, []byte{FuncRequestDownload}))},
			event.S7{ROSCTR: "job", Function: "request_download", Block: "DB1", Code: 0x1a, Class: event.OpProgram, Answered: true}},
		{"controller fetches a block", []dialogue.Turn{dialogue.S(job(3, file(FuncDownloadBlock, "_0A00001P")...)), dialogue.C(ack(3, 0, []byte{FuncDownloadBlock, 0}, 0, 4))},
			event.S7{ROSCTR: "job", Function: "download_block", Block: "DB1", Code: 0x1b, Class: event.OpProgram, Answered: true}},
		{"upload refused", []dialogue.Turn{dialogue.C(job(4, file(FuncStartUpload, "_0800001A")...)), dialogue.S(pdu(PDU{ROSCTR: Ack, Reference: 4, Error: 0xd241}))},
			event.S7{ROSCTR: "job", Function: "start_upload", Block: "OB1", Code: 0x1d, Class: event.OpUpload, Answered: true, Error: 0xd241}},
		{"identification", []dialogue.Turn{dialogue.C(userRequest(5, GroupCPU, 1, 0, 0x11, 0, 0)), dialogue.S(userResponse(5, UserdataHead{Group: GroupCPU, Sub: 1}, 0, 0x11, 0, 0, 0, 28, 0, 0))},
			event.S7{ROSCTR: "userdata", Function: "cpu_functions", Sub: "read_szl", Code: 1, Items: []string{"SZL 0x0011 index 0x0000"}, Class: event.OpDiscover, Answered: true}},
		{"status", []dialogue.Turn{dialogue.C(userRequest(5, GroupCPU, 1, 4, 0x24, 0, 0)), dialogue.S(userResponse(5, UserdataHead{Group: GroupCPU, Sub: 1, Error: 0xd401}))},
			event.S7{ROSCTR: "userdata", Function: "cpu_functions", Sub: "read_szl", Code: 1, Items: []string{"SZL 0x0424 index 0x0000"}, Class: event.OpRead, Answered: true, Error: 0xd401}},
		{"blocks", []dialogue.Turn{dialogue.C(userRequest(5, GroupBlock, 2, '0', 'A'))},
			event.S7{ROSCTR: "userdata", Function: "block_functions", Sub: "list_blocks_of_type", Block: "DB", Code: 2, Class: event.OpDiscover}},
		{"set clock", []dialogue.Turn{dialogue.C(userRequest(5, GroupTime, 2))},
			event.S7{ROSCTR: "userdata", Function: "time_functions", Sub: "set_clock", Code: 2, Class: event.OpWrite}},
		{"acknowledge alarm", []dialogue.Turn{dialogue.C(userRequest(5, GroupCPU, 11))},
			event.S7{ROSCTR: "userdata", Function: "cpu_functions", Sub: "alarm_ack", Code: 11, Class: event.OpAlarm}},
		{"answer alone", []dialogue.Turn{dialogue.S(ack(1, 0, []byte{5, 1}, 0xff))},
			event.S7{ROSCTR: "job", Function: "write_var", Code: 5, Class: event.OpWrite, Answered: true}},
	}
	for _, tt := range tests {
		for _, play := range []func(testing.TB, proto.Protocol, *proto.Conn, ...dialogue.Turn){dialogue.Play, dialogue.PlayBytes} {
			c := prototest.NewConn(6, Port)
			play(t, Protocol, c, append([]dialogue.Turn{dialogue.C(connect), dialogue.S(confirm)}, tt.turns...)...)
			got := dialogue.Facts[event.S7](c)
			if len(got) != 2 {
				t.Fatalf("%s: %d facts, want the connection and one more", tt.name, len(got))
			}
			if got[0].Function != "connect" || got[0].Sub != "op" || !got[0].Answered {
				t.Errorf("%s: connection %+v", tt.name, *got[0])
			}
			tt.want.Rack, tt.want.Slot = 1, 2
			if !same(got[1], &tt.want) {
				t.Errorf("%s:\n got %+v\nwant %+v", tt.name, *got[1], tt.want)
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
		if m := dialogue.Recognise(Protocol, c, append([]dialogue.Turn{dialogue.C(connect), dialogue.S(confirm)}, tt.turns...)...); m != proto.Yes {
			t.Errorf("%s: match %d, want Yes", tt.name, m)
		}
	}
}

func same(a, b *event.S7) bool { return string(a.AppendEVE(nil)) == string(b.AppendEVE(nil)) }

func TestModeTransitionIsTold(t *testing.T) {
	c := prototest.NewConn(6, Port)
	push := userdata(1, &UserdataHead{Kind: kindPush, Group: GroupModeTransition, Sub: 0, Unit: 1}, nil)
	cyclic := userdata(1, &UserdataHead{Kind: kindPush, Group: GroupCyclic, Sub: 1, Unit: 1}, nil)
	own := pdu(PDU{ROSCTR: Userdata, Parameter: []byte{1, 0, 0x10, 0x10, 0, 0, 2, 0}})
	dialogue.Play(t, Protocol, c, dialogue.S(push), dialogue.S(cyclic), dialogue.S(own))
	got := dialogue.Facts[event.S7](c)
	if len(got) != 2 || got[1].Sub != "run" || got[0].Function != "mode_transition" || got[0].Sub != "stop" || got[0].Class != event.OpNone {
		t.Fatalf("got %+v", got)
	}
	if f := c.Env.Out.Facts()[0]; f.Src != c.Server {
		t.Errorf("from %v, want the controller", f.Src)
	}
	if c.Messages[1] != 3 {
		t.Errorf("%d messages, want 3", c.Messages[1])
	}
}

func TestIdentity(t *testing.T) {
	pad := func(s string, n int) string { return s + string(make([]byte, n-len(s))) }
	module := "\x00\x11\x00\x00\x00\x1c\x00\x02" +
		"\x00\x01" + "6ES7 315-2XX00-0AB0 " + "\x00\xc0\x00\x01\x00\x01" +
		"\x00\x07" + pad("", 20) + "\x00\xc0V\x03\x02\x09"
	component := "\x00\x1c\x00\x00\x00\x22\x00\x03" +
		"\x00\x01" + pad("Line 4", 32) + "\x00\x05" + pad("S C-X4U4", 32) + "\x00\x07" + pad("CPU 315-2", 32)
	half := len(component) / 2
	more := UserdataHead{Group: GroupCPU, Sub: 1, More: true}
	last := UserdataHead{Group: GroupCPU, Sub: 1}
	c := prototest.NewConn(6, Port)
	dialogue.Play(t, Protocol, c,
		dialogue.C(userRequest(1, GroupCPU, 1, 0, 0x11, 0, 0)), dialogue.S(userResponse(1, last, []byte(module)...)),
		dialogue.C(userRequest(2, GroupCPU, 1, 0, 0x1c, 0, 0)), dialogue.S(userResponse(2, more, []byte(component[:half])...)),
		dialogue.C(userRequest(3, GroupCPU, 1)), dialogue.S(userResponse(3, last, []byte(component[half:])...)),
		dialogue.C(userRequest(4, GroupCPU, 1, 0, 0x11, 0, 0)), dialogue.S(userResponse(4, last, []byte(module)...)),
	)
	got := dialogue.Facts[event.Identity](c)
	if len(got) != 2 {
		t.Fatalf("%d identities, want 2", len(got))
	}
	if id := got[0]; id.Vendor != "Siemens" || id.Model != "6ES7 315-2XX00-0AB0" || id.Firmware != "V3.2.9" {
		t.Errorf("module: %+v", *id)
	}
	if id := got[1]; id.Name != "Line 4" || id.Serial != "S C-X4U4" || id.Banner != "CPU 315-2" {
		t.Errorf("component: %+v", *id)
	}
}

func TestPassword(t *testing.T) {
	masked := []byte{'s' ^ 0x55, 'e' ^ 0x55, 0, 0, 0, 0, 0, 0}
	for i, ch := range []byte("seCRet  ") {
		if i >= 2 {
			masked[i] = ch ^ 0x55 ^ masked[i-2]
		}
	}
	for _, tt := range []struct {
		err  uint16
		want string
	}{{0, "success"}, {0xd602, "failure"}} {
		c := prototest.NewConn(6, Port)
		dialogue.Play(t, Protocol, c, dialogue.C(userRequest(1, GroupSecurity, 1, masked...)), dialogue.S(userResponse(1, UserdataHead{Group: GroupSecurity, Sub: 1, Error: tt.err})))
		got := dialogue.Facts[event.Login](c)
		if len(got) != 1 || got[0].Outcome != tt.want || got[0].Secret.Len != 6 {
			t.Errorf("error %#x: %+v", tt.err, got)
		}
	}
}

func TestHandsOver(t *testing.T) {
	tests := []struct {
		name string
		from proto.Protocol
		data []byte
		want event.Proto
	}{
		{"plus", Protocol, plusMessage(2, PlusHead{Opcode: PlusRequest, Function: PlusExplore}), event.ProtoS7Plus},
		{"classic", Plus, job(1, 0xf0, 0, 0, 1, 0, 1, 3, 0xc0), event.ProtoS7},
		{"something else", Protocol, data([]byte{0x0d, 1, 2, 3}), event.ProtoUnknown},
	}
	for _, tt := range tests {
		c := prototest.NewConn(6, Port)
		p := tt.from.New()
		if _, err := p.Data(c, event.ToServer, connect); err != nil {
			t.Fatal(err)
		}
		n, err := p.Data(c, event.ToServer, tt.data)
		id, becomes := c.Becoming()
		if n != 0 || err != nil || !becomes || id != tt.want {
			t.Errorf("%s: took %d, %v, becomes %v %v; want %v", tt.name, n, err, becomes, id, tt.want)
		}
	}
}

func TestProbeLeavesOthersAlone(t *testing.T) {
	mms := packet(&tpkt.TPDU{Type: tpkt.CR, Src: 1, Calling: []byte{0, 1}, Called: []byte{0, 1}})
	tests := []struct {
		name  string
		turns []dialogue.Turn
		want  proto.Match
	}{
		{"selectors of MMS", []dialogue.Turn{dialogue.C(mms)}, proto.More},
		{"MMS", []dialogue.Turn{dialogue.C(mms), dialogue.C(data([]byte{0x0d, 1, 2}))}, proto.No},
		{"remote desktop", []dialogue.Turn{dialogue.C(packet(&tpkt.TPDU{Type: tpkt.CR, Variable: []byte("Cookie: mstshash=a\r\n")}))}, proto.More},
		{"selectors of S7", []dialogue.Turn{dialogue.C(connect)}, proto.Weak},
		{"text", []dialogue.Turn{dialogue.C("GET / HTTP/1.1\r\n")}, proto.No},
	}
	for _, tt := range tests {
		if m := dialogue.Recognise(Protocol, prototest.NewConn(6, Port), tt.turns...); m != tt.want {
			t.Errorf("%s: match %d, want %d", tt.name, m, tt.want)
		}
	}
}

func TestRefusedConnection(t *testing.T) {
	c := prototest.NewConn(6, Port)
	dialogue.Play(t, Protocol, c, dialogue.C(connect), dialogue.S(packet(&tpkt.TPDU{Type: tpkt.DR, Dst: 1, Reason: 3})))
	got := dialogue.Facts[event.S7](c)
	if len(got) != 1 || got[0].Function != "connect" || got[0].Error != 0x8003 || !got[0].Answered {
		t.Errorf("got %+v", got)
	}
}

func TestAnomaliesAndGap(t *testing.T) {
	read := job(1, AppendItem([]byte{FuncReadVar, 1}, &Item{Area: AreaDB, Transport: 2, DB: 1, Count: 1})...)
	bad := job(1, FuncReadVar, 1, 0x12, 10, 0x10)
	tests := []struct {
		name string
		in   []byte
		want string
	}{
		{"packet", []byte{3, 0, 0, 1, 9}, "invalid_packet"},
		{"unit", tpkt.Append(nil, []byte{9, 0xf0, 0x80}), "invalid_packet"},
		{"lengths", data([]byte{0x32, 1, 0, 0, 0, 1, 0, 9, 0, 0, 4}), "invalid_pdu"},
		{"item", bad, "invalid_item"},
		{"protocol", data([]byte{0x99, 1}), "unknown_protocol_id"},
	}
	for _, tt := range tests {
		c := prototest.NewConn(6, Port)
		dialogue.Play(t, Protocol, c, dialogue.C(read), dialogue.C(tt.in))
		if a := dialogue.Facts[event.Anomaly](c); len(a) != 1 || a[0].Event != tt.want {
			t.Errorf("%s: anomalies %+v, want %s", tt.name, a, tt.want)
		}
	}
	c := prototest.NewConn(6, Port)
	p := Protocol.New()
	_, _ = p.Data(c, event.ToServer, read)
	if !p.Gap(c, event.ToServer, 7) {
		t.Fatal("a gap should not end the flow")
	}
	_, _ = p.Data(c, event.ToServer, []byte{1, 2, 3, 4, 5, 6, 7, 8})
	_, _ = p.Data(c, event.ToServer, read)
	p.End(c)
	if n := len(dialogue.Facts[event.S7](c)); n != 2 || len(dialogue.Facts[event.Anomaly](c)) != 0 {
		t.Errorf("%d facts and %v behind a gap", n, dialogue.Facts[event.Anomaly](c))
	}
}

func TestManyItems(t *testing.T) {
	parameter := []byte{FuncReadVar, 25}
	for i := range 25 {
		parameter = AppendItem(parameter, &Item{Area: AreaFlags, Transport: 2, Address: uint32(i) * 8, Count: 1})
	}
	c := prototest.NewConn(6, Port)
	dialogue.Play(t, Protocol, c, dialogue.C(job(1, parameter...)))
	got := dialogue.Facts[event.S7](c)
	if len(got) != 1 || len(got[0].Items) != maxItems+1 || !slices.Contains(got[0].Items, "and 5 more") {
		t.Errorf("items %v", got[0].Items)
	}
}

func FuzzParser(f *testing.F) {
	read := job(1, AppendItem([]byte{FuncReadVar, 1}, &Item{Area: AreaDB, Transport: 2, DB: 1, Count: 1})...)
	dialogue.Fuzz(f, Protocol, 6, Port,
		dialogue.Seed(dialogue.C(connect), dialogue.S(confirm), dialogue.C(read), dialogue.S(ack(1, 0, []byte{4, 1}, 0xff, 4, 0, 8, 1))),
		dialogue.Seed(dialogue.C(userRequest(5, GroupCPU, 1, 0, 0x11, 0, 0)), dialogue.S(userResponse(5, UserdataHead{Group: GroupCPU, Sub: 1}, 0, 0x11, 0, 0, 0, 28, 0, 0))),
		dialogue.Seed(dialogue.C(job(2, invoke("\x01\x000A00012P", piDelete)...))),
	)
}

func BenchmarkTransaction(b *testing.B) {
	c := prototest.NewConn(6, Port)
	p := Protocol.New()
	ask := job(1, AppendItem([]byte{FuncReadVar, 1}, &Item{Area: AreaDB, Transport: 2, DB: 1, Count: 64})...)
	answer := ack(1, 0, []byte{4, 1}, append([]byte{0xff, 4, 2, 0}, make([]byte, 64)...)...)
	b.SetBytes(int64(len(ask) + len(answer)))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = p.Data(c, event.ToServer, ask)
		_, _ = p.Data(c, event.ToClient, answer)
		if c.Env.Out.Len() > 1024 {
			c.Env.Out.Reset()
		}
	}
}
