package profinetio

import (
	"bytes"
	"encoding/binary"
	"testing"
	"testing/quick"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

func connect(name string) []byte {
	b := make([]byte, 58, 100)
	binary.BigEndian.PutUint16(b, blockConnect)
	binary.BigEndian.PutUint16(b[2:], uint16(54+len(name)))
	b[4], b[7] = 1, 1
	binary.BigEndian.PutUint16(b[56:], uint16(len(name)))
	return append(b, name...)
}

func identification() []byte {
	b := make([]byte, 60)
	binary.BigEndian.PutUint16(b, blockIdentification)
	b[3], b[4], b[7] = 56, 1, 0x2a
	copy(b[8:], "6ES7 510-1DJ01-0AB0 S C-H9876543210 ")
	b[45] = 3
	copy(b[46:], "V\x02\x08\x01")
	return b
}

func call(typ uint8, sequence uint32, op uint16, status uint32, blocks []byte) []byte {
	return Append(nil, &Call{Type: typ, Interface: 1, Sequence: sequence, Op: op, Status: status, Blocks: blocks})
}

// answered turns a request's header into a response's.
func answered(b []byte) []byte {
	b[0] |= 0x80
	return b
}

func TestCalls(t *testing.T) {
	c := prototest.NewConn(17, Port)
	p := Protocol.New()
	im := Record{Slot: 0, Subslot: 1, Index: indexIdentification}
	write := call(TypeRequest, 2, OpWrite, 0, AppendRecord(nil, OpWrite, &Record{Slot: 2, Subslot: 1, Index: 3, Data: []byte("values")}))
	im.Data = identification()
	for _, u := range []struct {
		dir event.Dir
		b   []byte
	}{
		{event.ToServer, call(TypeRequest, 1, OpConnect, 0, connect("line-controller"))},
		{event.ToClient, call(TypeResponse, 1, OpConnect, 0, nil)},
		{event.ToServer, write}, {event.ToServer, write}, // repeated
		{event.ToClient, call(TypeResponse, 2, OpWrite, 0xdf80b000, nil)},
		{event.ToServer, call(TypeRequest, 3, OpRead, 0, AppendRecord(nil, OpRead, &Record{Index: indexIdentification, Subslot: 1}))},
		{event.ToClient, call(TypeResponse, 3, OpRead, 0, answered(AppendRecord(nil, OpRead, &im)))},
	} {
		p.Data(c, u.dir, u.b)
	}
	p.End(c)
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
	want := []event.ICS{
		{Verb: "connect", Name: "line-controller"},
		{Verb: "write", Code: OpWrite, Class: event.OpWrite, Target: "slot 2 subslot 1 index 0x0003"},
		{Verb: "write", Code: OpWrite, Class: event.OpWrite, Error: "0xdf80b000", Answered: true},
		{Verb: "read", Code: OpRead, Class: event.OpDiscover, Target: "slot 0 subslot 1 index 0xaff0"},
	}
	if len(got) != len(want) || c.Errors != 0 {
		t.Fatalf("%d facts, %d errors: %+v", len(got), c.Errors, got)
	}
	for i, w := range want {
		w.Protocol = event.ProtoProfinetIO
		if got[i] != w {
			t.Errorf("fact %d:\n got %+v\nwant %+v", i, got[i], w)
		}
	}
	if len(ids) != 2 || ids[0].Name != "line-controller" || ids[0].Type != "plc" {
		t.Fatalf("identities %+v", ids)
	}
	if want := (event.Identity{Source: "profinetio.identification", Vendor: "Siemens", Model: "6ES7 510-1DJ01-0AB0", Serial: "S C-H9876543210",
		Hardware: "3", Firmware: "V2.8.1"}); ids[1] != want {
		t.Errorf("identity %+v", ids[1])
	}
}

func TestProbe(t *testing.T) {
	foreign := call(TypeRequest, 1, OpConnect, 0, nil)
	foreign[30]++ // another interface
	for _, tc := range []struct {
		name string
		b    []byte
		want proto.Match
	}{
		{"connect", call(TypeRequest, 1, OpConnect, 0, connect("x")), proto.Yes},
		{"other interface", foreign, proto.No},
		{"short", make([]byte, 40), proto.No},
	} {
		var s proto.Sample
		s.Data[0] = tc.b
		if got := probe(&s); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestCodecRoundTrip(t *testing.T) {
	same := func(in Call) bool {
		in.Type, in.Interface = []uint8{TypeRequest, TypeResponse}[in.Type&1], 1+in.Interface&3
		if in.Type == TypeRequest {
			in.Status = 0
		}
		var got Call
		err := Decode(&got, Append(nil, &in))
		equal := bytes.Equal(got.Blocks, in.Blocks)
		got.Blocks, in.Blocks = nil, nil
		return err == nil && equal && got.Type == in.Type && got.Interface == in.Interface && got.Sequence == in.Sequence &&
			got.Op == in.Op && got.Status == in.Status
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
	record := func(api uint32, slot, subslot, index uint16) bool {
		in := Record{API: api, Slot: slot, Subslot: subslot, Index: index}
		c := Call{Op: OpRead, Blocks: AppendRecord(nil, OpRead, &in)}
		var got Record
		return DecodeRecord(&got, &c) && got.API == api && got.Slot == slot && got.Subslot == subslot && got.Index == index && len(got.Data) == 0
	}
	if err := quick.Check(record, nil); err != nil {
		t.Error(err)
	}
}

func FuzzDatagram(f *testing.F) {
	im := Record{Index: indexIdentification, Data: identification()}
	f.Add(call(TypeRequest, 1, OpConnect, 0, connect("x")))
	f.Add(call(TypeResponse, 1, OpRead, 0, answered(AppendRecord(nil, OpRead, &im))))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s proto.Sample
		s.Data[0] = b
		probe(&s)
		c := prototest.NewConn(17, Port)
		p := Protocol.New()
		p.Data(c, event.ToServer, b)
		p.Data(c, event.ToClient, b)
		p.End(c)
	})
}
