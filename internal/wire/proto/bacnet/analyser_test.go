package bacnet

import (
	"encoding/binary"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

func unicast(a APDU) []byte { return routed(NPDU{}, a) }

func routed(n NPDU, a APDU) []byte {
	n.Data = AppendAPDU(nil, &a)
	return Append(nil, &BVLC{Function: BVLCOriginalUnicast, Data: AppendNPDU(nil, &n)})
}

func ask(invoke, service uint8, data ...[]byte) APDU {
	return APDU{Type: ConfirmedRequest, Limits: 5, InvokeID: invoke, Service: service, Data: join(data)}
}

func tell(service uint8, data ...[]byte) APDU {
	return APDU{Type: UnconfirmedRequest, Service: service, Data: join(data)}
}

func reply(kind, invoke, service uint8, data ...[]byte) APDU {
	return APDU{Type: kind, InvokeID: invoke, Service: service, Data: join(data)}
}

func join(data [][]byte) []byte {
	out := []byte{}
	for _, d := range data {
		out = append(out, d...)
	}
	return out
}

func ctx(number uint8, value ...byte) []byte {
	return AppendTag(nil, &Tag{Number: number, Context: true, Value: value})
}

func app(number uint8, value ...byte) []byte {
	return AppendTag(nil, &Tag{Number: number, Value: value})
}

func open(number uint8) []byte {
	return AppendTag(nil, &Tag{Number: number, Context: true, Open: true})
}

func end(number uint8) []byte {
	return AppendTag(nil, &Tag{Number: number, Context: true, Close: true})
}

func id(kind uint16, instance uint32) []byte {
	return binary.BigEndian.AppendUint32(nil, uint32(NewObjectID(kind, instance)))
}

func str(s string) []byte { return append([]byte{0}, s...) }

func TestTransactions(t *testing.T) {
	const unicastName = "original-unicast-npdu"
	write := ask(1, SvcWriteProperty, ctx(0, id(2, 7)...), ctx(1, 85), open(3), app(4, 0x42, 0, 0, 0), end(3), ctx(4, 8))
	tests := []struct {
		name  string
		turns []dialogue.Turn
		want  event.BACnet
	}{
		{"read", []dialogue.Turn{dialogue.C(unicast(ask(9, SvcReadProperty, ctx(0, id(0, 3)...), ctx(1, 85)))),
			dialogue.S(unicast(reply(ComplexAck, 9, SvcReadProperty, ctx(0, id(0, 3)...), ctx(1, 85), open(3), app(4, 0, 0, 0, 0), end(3))))},
			event.BACnet{BVLC: unicastName, PDU: "confirmed-request", Service: "read-property", Object: "analog-input 3", Property: "present-value", InvokeID: 9, Class: event.OpRead, Answered: true}},
		{"write", []dialogue.Turn{dialogue.C(unicast(write)), dialogue.S(unicast(reply(SimpleAck, 1, SvcWriteProperty)))},
			event.BACnet{BVLC: unicastName, PDU: "confirmed-request", Service: "write-property", Object: "analog-value 7", Property: "present-value", InvokeID: 1, Priority: 8, Class: event.OpWrite, Answered: true}},
		{"write refused", []dialogue.Turn{dialogue.C(unicast(write)), dialogue.S(unicast(reply(ErrorPDU, 1, SvcWriteProperty, app(9, 2), app(9, 40))))},
			event.BACnet{BVLC: unicastName, PDU: "confirmed-request", Service: "write-property", Object: "analog-value 7", Property: "present-value", InvokeID: 1, Priority: 8, Class: event.OpWrite, Error: "property write-access-denied", Answered: true}},
		{"rejected", []dialogue.Turn{dialogue.C(unicast(write)), dialogue.S(unicast(APDU{Type: RejectPDU, InvokeID: 1, Reason: 9}))},
			event.BACnet{BVLC: unicastName, PDU: "confirmed-request", Service: "write-property", Object: "analog-value 7", Property: "present-value", InvokeID: 1, Priority: 8, Class: event.OpWrite, Error: "reject unrecognized-service", Answered: true}},
		{"aborted by whoever asked", []dialogue.Turn{dialogue.C(unicast(write)), dialogue.C(unicast(APDU{Type: AbortPDU, InvokeID: 1, Reason: 10}))},
			event.BACnet{BVLC: unicastName, PDU: "confirmed-request", Service: "write-property", Object: "analog-value 7", Property: "present-value", InvokeID: 1, Priority: 8, Class: event.OpWrite, Error: "abort tsm-timeout", Answered: true}},
		{"alarms switched off", []dialogue.Turn{dialogue.C(unicast(ask(1, SvcWriteProperty, ctx(0, id(0, 7)...), ctx(1, 35), open(3), app(8, 5, 0), end(3))))},
			event.BACnet{BVLC: unicastName, PDU: "confirmed-request", Service: "write-property", Object: "analog-input 7", Property: "event-enable", InvokeID: 1, Class: event.OpAlarm}},
		{"recipient removed", []dialogue.Turn{dialogue.C(unicast(ask(1, SvcRemoveListElement, ctx(0, id(15, 7)...), ctx(1, 102), open(3), end(3))))},
			event.BACnet{BVLC: unicastName, PDU: "confirmed-request", Service: "remove-list-element", Object: "notification-class 7", Property: "recipient-list", InvokeID: 1, Class: event.OpAlarm}},
		{"several properties", []dialogue.Turn{dialogue.C(unicast(ask(2, SvcReadPropertyMultiple, ctx(0, id(8, 5)...), open(1), ctx(0, 70), ctx(0, 77), end(1), ctx(0, id(0, 1)...), open(1), ctx(0, 85), end(1))))},
			event.BACnet{BVLC: unicastName, PDU: "confirmed-request", Service: "read-property-multiple", Object: "device 5", Property: "model-name", InvokeID: 2, Class: event.OpRead, Count: 3}},
		{"several written", []dialogue.Turn{dialogue.C(unicast(ask(2, SvcWritePropertyMultiple, ctx(0, id(1, 5)...), open(1), ctx(0, 85), open(2), app(4, 0, 0, 0, 0), end(2), ctx(3, 10), end(1), ctx(0, id(1, 6)...), open(1), ctx(0, 35), open(2), app(8, 5, 0), end(2), end(1))))},
			event.BACnet{BVLC: unicastName, PDU: "confirmed-request", Service: "write-property-multiple", Object: "analog-output 5", Property: "present-value", InvokeID: 2, Priority: 10, Class: event.OpAlarm, Count: 2}},
		{"cold start", []dialogue.Turn{dialogue.C(unicast(ask(3, SvcReinitializeDevice, ctx(0, 0)))), dialogue.S(unicast(reply(SimpleAck, 3, SvcReinitializeDevice)))},
			event.BACnet{BVLC: unicastName, PDU: "confirmed-request", Service: "reinitialize-device", InvokeID: 3, Class: event.OpRestart, State: "coldstart", Answered: true}},
		{"restore", []dialogue.Turn{dialogue.C(unicast(ask(3, SvcReinitializeDevice, ctx(0, 4))))},
			event.BACnet{BVLC: unicastName, PDU: "confirmed-request", Service: "reinitialize-device", InvokeID: 3, Class: event.OpProgram, State: "start-restore"}},
		{"silenced", []dialogue.Turn{dialogue.C(unicast(ask(3, SvcDeviceCommunicationControl, ctx(0, 5), ctx(1, 1))))},
			event.BACnet{BVLC: unicastName, PDU: "confirmed-request", Service: "device-communication-control", InvokeID: 3, Class: event.OpMode, State: "disable"}},
		{"file written", []dialogue.Turn{dialogue.C(unicast(ask(3, SvcAtomicWriteFile, app(12, id(10, 2)...), open(0), end(0))))},
			event.BACnet{BVLC: unicastName, PDU: "confirmed-request", Service: "atomic-write-file", Object: "file 2", InvokeID: 3, Class: event.OpProgram}},
		{"file read", []dialogue.Turn{dialogue.C(unicast(ask(3, SvcAtomicReadFile, app(12, id(10, 2)...))))},
			event.BACnet{BVLC: unicastName, PDU: "confirmed-request", Service: "atomic-read-file", Object: "file 2", InvokeID: 3, Class: event.OpUpload}},
		{"alarm acknowledged", []dialogue.Turn{dialogue.C(unicast(ask(3, SvcAcknowledgeAlarm, ctx(0, 1), ctx(1, id(0, 9)...))))},
			event.BACnet{BVLC: unicastName, PDU: "confirmed-request", Service: "acknowledge-alarm", Object: "analog-input 9", InvokeID: 3, Class: event.OpAlarm}},
		{"siren silenced", []dialogue.Turn{dialogue.C(unicast(ask(3, SvcLifeSafetyOperation, ctx(0, 1), ctx(1, str("me")...), ctx(2, 1), ctx(3, id(21, 4)...))))},
			event.BACnet{BVLC: unicastName, PDU: "confirmed-request", Service: "life-safety-operation", Object: "life-safety-point 4", InvokeID: 3, Class: event.OpAlarm, State: "silence"}},
		{"object made", []dialogue.Turn{dialogue.C(unicast(ask(3, SvcCreateObject, open(0), ctx(1, id(15, 4)...), end(0))))},
			event.BACnet{BVLC: unicastName, PDU: "confirmed-request", Service: "create-object", Object: "notification-class 4", InvokeID: 3, Class: event.OpProgram}},
		{"who is there", []dialogue.Turn{dialogue.C(unicast(tell(SvcWhoIs)))},
			event.BACnet{BVLC: unicastName, PDU: "unconfirmed-request", Service: "who-is", Class: event.OpDiscover}},
		{"time set", []dialogue.Turn{dialogue.C(unicast(tell(SvcTimeSync, app(10, 1, 2, 3, 4), app(11, 1, 2, 3, 4))))},
			event.BACnet{BVLC: unicastName, PDU: "unconfirmed-request", Service: "time-synchronization", Class: event.OpWrite}},
		{"behind a router", []dialogue.Turn{dialogue.C(routed(NPDU{Destination: true, DNet: 2001, DAddress: []byte{5}, Hops: 255}, ask(4, SvcReadProperty, ctx(0, id(8, 3)...), ctx(1, 70)))),
			dialogue.S(routed(NPDU{Source: true, SNet: 2001, SAddress: []byte{5}}, reply(ComplexAck, 4, SvcReadProperty, ctx(0, id(8, 3)...), ctx(1, 70), open(3), app(7, str("X")...), end(3))))},
			event.BACnet{BVLC: unicastName, PDU: "confirmed-request", Service: "read-property", Object: "device 3", Property: "model-name", InvokeID: 4, Class: event.OpRead, Network: 2001, Answered: true}},
		{"routers", []dialogue.Turn{dialogue.C(Append(nil, &BVLC{Function: BVLCOriginalBroadcast, Data: AppendNPDU(nil, &NPDU{Network: true, Message: netWhoIsRouter, Data: []byte{0, 9}})}))},
			event.BACnet{BVLC: "original-broadcast-npdu", PDU: "network", Service: "who-is-router-to-network", Class: event.OpDiscover, Network: 9}},
		{"foreign device", []dialogue.Turn{dialogue.C(Append(nil, &BVLC{Function: BVLCRegisterForeign, Data: []byte{0, 60}})), dialogue.S(Append(nil, &BVLC{Function: BVLCResult, Data: []byte{0, 0x30}}))},
			event.BACnet{BVLC: "register-foreign-device", PDU: "bvlc", Service: "register-foreign-device", Class: event.OpOther, Error: "result 0x30", Answered: true}},
		{"table of broadcasts", []dialogue.Turn{dialogue.C(Append(nil, &BVLC{Function: BVLCReadBDT})), dialogue.S(Append(nil, &BVLC{Function: BVLCReadBDTAck, Data: make([]byte, 10)}))},
			event.BACnet{BVLC: "read-broadcast-distribution-table", PDU: "bvlc", Service: "read-broadcast-distribution-table", Class: event.OpDiscover, Answered: true}},
		{"answer alone", []dialogue.Turn{dialogue.S(unicast(reply(SimpleAck, 3, SvcReinitializeDevice)))},
			event.BACnet{BVLC: unicastName, PDU: "simple-ack", Service: "reinitialize-device", InvokeID: 3, Class: event.OpRestart, Answered: true}},
	}
	for _, tt := range tests {
		c := prototest.NewConn(17, Port)
		dialogue.Play(t, Protocol, c, tt.turns...)
		got := dialogue.Facts[event.BACnet](c)
		if len(got) != 1 {
			t.Fatalf("%s: %d facts, want one", tt.name, len(got))
		}
		if *got[0] != tt.want {
			t.Errorf("%s:\n got %+v\nwant %+v", tt.name, *got[0], tt.want)
		}
		if a := dialogue.Facts[event.Anomaly](c); len(a) != 0 {
			t.Errorf("%s: anomaly %+v", tt.name, *a[0])
		}
		for _, f := range c.Env.Out.Facts() {
			if f.Kind() == event.KindBACnet && f.Src != c.Client {
				t.Errorf("%s: from %v, want the client", tt.name, f.Src)
			}
		}
		if n := c.Messages[0] + c.Messages[1]; n != uint32(len(tt.turns)) {
			t.Errorf("%s: %d messages, want %d", tt.name, n, len(tt.turns))
		}
		for _, turn := range tt.turns {
			if m := dialogue.Recognise(Protocol, prototest.NewConn(17, Port), turn); m != proto.Yes {
				t.Errorf("%s: match %d, want Yes", tt.name, m)
			}
		}
	}
}

func property(invoke uint8, kind uint16, prop byte, text string) []dialogue.Turn {
	return []dialogue.Turn{
		dialogue.C(unicast(ask(invoke, SvcReadProperty, ctx(0, id(kind, 5)...), ctx(1, prop)))),
		dialogue.S(unicast(reply(ComplexAck, invoke, SvcReadProperty, ctx(0, id(kind, 5)...), ctx(1, prop), open(3), app(7, str(text)...), end(3)))),
	}
}

func TestIdentity(t *testing.T) {
	c := prototest.NewConn(17, Port)
	turns := property(1, objectDevice, propModel, "AHU-7")
	turns = append(turns, property(2, objectDevice, propModel, "AHU-7")...)
	turns = append(turns, property(3, 0, propObjectName, "Room temperature")...)
	turns = append(turns, dialogue.S(unicast(tell(SvcIAm, app(12, id(8, 5)...), app(2, 5, 0xc4), app(9, 3), app(2, 5)))))
	dialogue.Play(t, Protocol, c, turns...)
	got := dialogue.Facts[event.Identity](c)
	if len(got) != 2 || got[0].Model != "AHU-7" || got[1].Vendor != "Johnson Controls" {
		t.Fatalf("identities %+v", got)
	}
	facts := dialogue.Facts[event.BACnet](c)
	if last := facts[len(facts)-1]; last.Service != "i-am" || last.Instance != 5 || last.VendorID != 5 || last.Object != "device 5" {
		t.Errorf("i-am: %+v", *last)
	}
}

func TestSegmentedAnswer(t *testing.T) {
	all := join([][]byte{ctx(0, id(8, 5)...), open(1),
		ctx(2, propVendorName), open(4), app(7, str("Acme")...), end(4),
		ctx(2, propModel), open(4), app(7, str("X1")...), end(4),
		ctx(2, 28), open(5), app(9, 2), app(9, 32), end(5),
		ctx(2, propFirmware), open(4), app(7, str("2.1")...), end(4), end(1)})
	segment := func(seq uint8, more bool, b []byte) dialogue.Turn {
		return dialogue.S(unicast(APDU{Type: ComplexAck, Segmented: true, More: more, InvokeID: 1, Sequence: seq, Window: 4, Service: SvcReadPropertyMultiple, Data: b}))
	}
	c := prototest.NewConn(17, Port)
	dialogue.Play(t, Protocol, c,
		dialogue.C(unicast(ask(1, SvcReadPropertyMultiple, ctx(0, id(8, 5)...), open(1), ctx(0, 8), end(1)))),
		segment(0, true, all[:10]),
		dialogue.C(unicast(APDU{Type: SegmentAck, InvokeID: 1, Window: 4})),
		segment(1, true, all[10:30]), segment(1, true, all[10:30]), segment(2, false, all[30:]))
	got := dialogue.Facts[event.Identity](c)
	if len(got) != 1 || got[0].Vendor != "Acme" || got[0].Model != "X1" || got[0].Firmware != "2.1" {
		t.Errorf("identities %+v", got)
	}
	if facts := dialogue.Facts[event.BACnet](c); len(facts) != 1 || !facts[0].Answered {
		t.Errorf("facts %+v", facts)
	}
}

func TestWhoIsBehindSomebodyElse(t *testing.T) {
	iam := tell(SvcIAm, app(12, id(8, 5)...), app(2, 5, 0xc4), app(9, 3), app(2, 5))
	forwarded := func(origin ...byte) []byte {
		n := NPDU{Data: AppendAPDU(nil, &iam)}
		return Append(nil, &BVLC{Function: BVLCForwardedNPDU, Origin: origin, Data: AppendNPDU(nil, &n)})
	}
	tests := []struct {
		name string
		in   []byte
		want int
	}{
		{"itself", unicast(iam), 1},
		{"behind a router", routed(NPDU{Source: true, SNet: 7, SAddress: []byte{1}}, iam), 0},
		{"forwarded for another", forwarded(10, 0, 0, 9, 0xba, 0xc0), 0},
		{"forwarded for itself", forwarded(192, 0, 2, 2, 0xba, 0xc0), 1},
	}
	for _, tt := range tests {
		c := prototest.NewConn(17, Port)
		dialogue.Play(t, Protocol, c, dialogue.S(tt.in))
		if n := len(dialogue.Facts[event.Identity](c)); n != tt.want {
			t.Errorf("%s: %d identities, want %d", tt.name, n, tt.want)
		}
	}
}

func TestPassword(t *testing.T) {
	question := unicast(ask(3, SvcReinitializeDevice, ctx(0, 1), ctx(1, str("filister")...)))
	tests := []struct {
		name  string
		reply APDU
		want  string
	}{
		{"accepted", reply(SimpleAck, 3, SvcReinitializeDevice), "success"},
		{"wrong", reply(ErrorPDU, 3, SvcReinitializeDevice, app(9, 4), app(9, passwordFailure)), "failure"},
		{"other trouble", reply(ErrorPDU, 3, SvcReinitializeDevice, app(9, 5), app(9, 29)), "unknown"},
	}
	for _, tt := range tests {
		c := prototest.NewConn(17, Port)
		dialogue.Play(t, Protocol, c, dialogue.C(question), dialogue.S(unicast(tt.reply)))
		got := dialogue.Facts[event.Login](c)
		if len(got) != 1 || got[0].Outcome != tt.want || got[0].Secret.Len != 8 || !got[0].Clear {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

func TestAnomalies(t *testing.T) {
	tests := []struct {
		name string
		in   []byte
		want string
	}{
		{"header", []byte{0x81, 0x0a, 0}, "invalid_bvlc"},
		{"function", []byte{0x81, 0x40, 0, 6, 1, 0}, "invalid_bvlc"},
		{"network layer", Append(nil, &BVLC{Function: BVLCOriginalUnicast, Data: []byte{1, 0x20, 0}}), "invalid_npdu"},
		{"application", Append(nil, &BVLC{Function: BVLCOriginalUnicast, Data: []byte{1, 0, 0, 5}}), "invalid_apdu"},
		{"parameters", unicast(ask(1, SvcReadProperty, []byte{0x0c, 1})), "invalid_parameters"},
		{"i-am", unicast(tell(SvcIAm, app(12, id(8, 1)...))), "invalid_parameters"},
	}
	for _, tt := range tests {
		c := prototest.NewConn(17, Port)
		dialogue.Play(t, Protocol, c, dialogue.C(tt.in))
		if a := dialogue.Facts[event.Anomaly](c); len(a) != 1 || a[0].Event != tt.want {
			t.Errorf("%s: anomalies %+v, want %s", tt.name, a, tt.want)
		}
		if m := dialogue.Recognise(Protocol, prototest.NewConn(17, Port), dialogue.C(tt.in)); m != proto.No {
			t.Errorf("%s: the probe claims what the parser calls malformed", tt.name)
		}
	}
}

func FuzzParser(f *testing.F) {
	seed := property(1, objectDevice, propModel, "AHU-7")
	dialogue.Fuzz(f, Protocol, 17, Port,
		dialogue.Seed(seed...),
		dialogue.Seed(dialogue.C(unicast(ask(3, SvcReinitializeDevice, ctx(0, 1), ctx(1, str("x")...)))), dialogue.S(unicast(reply(SimpleAck, 3, SvcReinitializeDevice)))),
		dialogue.Seed(dialogue.S(unicast(tell(SvcIAm, app(12, id(8, 5)...), app(2, 5, 0xc4), app(9, 3), app(2, 5))))),
		dialogue.Seed(dialogue.C(Append(nil, &BVLC{Function: BVLCReadBDT})), dialogue.S(Append(nil, &BVLC{Function: BVLCReadBDTAck, Data: make([]byte, 10)}))),
	)
}

func BenchmarkTransaction(b *testing.B) {
	c := prototest.NewConn(17, Port)
	p := Protocol.New()
	question := unicast(ask(9, SvcReadProperty, ctx(0, id(0, 3)...), ctx(1, 85)))
	answer := unicast(reply(ComplexAck, 9, SvcReadProperty, ctx(0, id(0, 3)...), ctx(1, 85), open(3), app(4, 0, 0, 0, 0), end(3)))
	b.SetBytes(int64(len(question) + len(answer)))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = p.Data(c, event.ToServer, question)
		_, _ = p.Data(c, event.ToClient, answer)
		if c.Env.Out.Len() > 1024 {
			c.Env.Out.Reset()
		}
	}
}

func TestLengthOtherThanTheDatagram(t *testing.T) {
	b := unicast(ask(3, SvcReinitializeDevice, ctx(0, 1), ctx(1, str("filister")...)))
	ack := unicast(reply(SimpleAck, 3, SvcReinitializeDevice))
	b[3] -= 8
	ack[3] += 8
	c := prototest.NewConn(17, Port)
	if m := dialogue.Recognise(Protocol, c, dialogue.C(b)); m != proto.Weak {
		t.Errorf("match %d, want Weak", m)
	}
	dialogue.Play(t, Protocol, c, dialogue.C(b), dialogue.S(ack))
	if got := dialogue.Facts[event.Login](c); len(got) != 1 || got[0].Secret.Len != 8 || got[0].Outcome != "success" {
		t.Errorf("password behind the length: %+v", got)
	}
	if a := dialogue.Facts[event.Anomaly](c); len(a) != 2 || a[0].Event != "bvlc_length" {
		t.Errorf("anomalies %+v", a)
	}
	c = prototest.NewConn(17, 5000)
	c.Registered = false
	if m := dialogue.Recognise(Protocol, c, dialogue.C(b)); m != proto.No {
		t.Errorf("elsewhere: match %d, want No", m)
	}
}
