package enip

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"

	"edgeward/internal/event"
)

func TestDecode(t *testing.T) {
	register := Append(nil, &Message{Command: CmdRegisterSession, Context: 5, Data: []byte{1, 0, 0, 0}})
	tests := []struct {
		name string
		in   []byte
		n    int
		err  error
	}{
		{"register", register, 28, nil},
		{"and more", append(bytes.Clone(register), 1), 28, nil},
		{"cut header", register[:20], 0, ErrShort},
		{"cut data", register[:27], 0, ErrShort},
		{"empty", nil, 0, ErrShort},
		{"unknown command", []byte{0x50, 0x4b}, 0, ErrHeader},
		{"options", Append(nil, &Message{Command: CmdListIdentity, Options: 1}), 0, ErrHeader},
		{"unknown status", Append(nil, &Message{Command: CmdListIdentity, Status: 77}), 0, ErrHeader},
	}
	for _, tt := range tests {
		var m Message
		if n, err := Decode(&m, tt.in); n != tt.n || err != tt.err {
			t.Errorf("%s: Decode = %d, %v, want %d, %v", tt.name, n, err, tt.n, tt.err)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	text := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	for range 3000 {
		load := Payload{CIP: text(1 + r.IntN(100))}
		if r.IntN(2) == 1 {
			load.Connected, load.Connection, load.Sequence = true, r.Uint32(), uint16(r.Uint32())
		}
		want := Message{Command: CmdSendRRData, Session: r.Uint32(), Status: uint32(r.IntN(3)), Context: r.Uint64(), Data: AppendPayload(nil, &load)}
		var got Message
		if _, err := Decode(&got, Append(nil, &want)); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("message %+v, %v; want %+v", got, err, want)
		}
		var gotLoad Payload
		if err := DecodePayload(&gotLoad, got.Data); err != nil || !reflect.DeepEqual(gotLoad, load) {
			t.Fatalf("payload %+v, %v; want %+v", gotLoad, err, load)
		}
		q := Request{Service: uint8(r.IntN(128)), Path: text(2 * r.IntN(10)), Data: text(r.IntN(20))}
		var gotQ Request
		if err := DecodeRequest(&gotQ, AppendRequest(nil, &q)); err != nil || !reflect.DeepEqual(gotQ, q) {
			t.Fatalf("request %+v, %v; want %+v", gotQ, err, q)
		}
		a := Response{Service: uint8(r.IntN(128)), Status: uint8(r.Uint32()), Extended: text(2 * r.IntN(3)), Data: text(r.IntN(20))}
		var gotA Response
		if err := DecodeResponse(&gotA, AppendResponse(nil, &a)); err != nil || !reflect.DeepEqual(gotA, a) {
			t.Fatalf("response %+v, %v; want %+v", gotA, err, a)
		}
		io := IO{Connection: r.Uint32(), Sequence: r.Uint32(), Data: text(r.IntN(500))}
		var gotIO IO
		if err := DecodeIO(&gotIO, AppendIO(nil, &io)); err != nil || !reflect.DeepEqual(gotIO, io) {
			t.Fatalf("implicit %+v, %v; want %+v", gotIO, err, io)
		}
	}
}

func TestDecodePath(t *testing.T) {
	tests := []struct {
		name string
		in   []byte
		want Path
		err  error
	}{
		{"identity", []byte{0x20, 1, 0x24, 1}, Path{Class: 1, HasClass: true, Instance: 1}, nil},
		{"wide", []byte{0x21, 0, 0x34, 0x12, 0x25, 0, 0x78, 0x56, 0x30, 7}, Path{Class: 0x1234, HasClass: true, Instance: 0x5678, Attribute: 7}, nil},
		{"wider instance", []byte{0x20, 4, 0x26, 0, 1, 0, 0, 1}, Path{Class: 4, HasClass: true, Instance: 0x1000001}, nil},
		{"tag", append([]byte{0x91, 5}, "Motor\x00"...), Path{Tag: []byte("Motor")}, nil},
		{"tag of a program", append(append([]byte{0x91, 12}, "Program:Main"...), "\x91\x04Temp\x28\x03\x91\x02Hi"...), Path{Tag: []byte("Program:Main.Temp[3].Hi"), Member: 3}, nil},
		{"short symbol", []byte{0x63, 'a', 'b', 'c'}, Path{Tag: []byte("abc")}, nil},
		{"object in an object", []byte{0x20, 0x68, 0x24, 9, 0x20, 0x6b, 0x24, 3}, Path{Class: 0x6b, HasClass: true, Instance: 3}, nil},
		{"through a port and a key", []byte{1, 0, 0x34, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0x20, 2, 0x24, 1}, Path{Class: 2, HasClass: true, Instance: 1}, nil},
		{"through a named port", []byte{0x12, 4, '1', '.', '2', '3', 0x20, 2}, Path{Class: 2, HasClass: true}, nil},
		{"empty", nil, Path{}, nil},
		{"cut class", []byte{0x20}, Path{}, ErrLength},
		{"cut name", []byte{0x91, 9, 'a', 'b'}, Path{}, ErrLength},
		{"constructed type", []byte{0xa0, 0}, Path{}, ErrLength},
	}
	for _, tt := range tests {
		var p Path
		err := DecodePath(&p, tt.in)
		if err != tt.err {
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.err)
			continue
		}
		if len(p.Tag) == 0 {
			p.Tag = nil
		}
		if err == nil && !reflect.DeepEqual(p, tt.want) {
			t.Errorf("%s: got %+v (%s), want %+v", tt.name, p, p.Tag, tt.want)
		}
	}
	var p Path
	long := append([]byte{0x91, 200}, bytes.Repeat([]byte{'a'}, 200)...)
	for range 3 {
		long = append(long, long...)
	}
	if err := DecodePath(&p, long); err != nil || len(p.Tag) > 2*maxTag {
		t.Errorf("long tag: %v, %d letters", err, len(p.Tag))
	}
}

func TestInner(t *testing.T) {
	b := AppendInner(nil, []byte{1, 2}, []byte{3}, []byte{4, 5, 6})
	w, err := WalkInner(b)
	if err != nil {
		t.Fatal(err)
	}
	var got [][]byte
	for {
		m, ok := w.Next()
		if !ok {
			break
		}
		got = append(got, m)
	}
	if !reflect.DeepEqual(got, [][]byte{{1, 2}, {3}, {4, 5, 6}}) {
		t.Errorf("got %v", got)
	}
	for _, in := range [][]byte{nil, {0}, {0, 0}, {9, 0, 1, 0}} {
		if _, err := WalkInner(in); err == nil {
			t.Errorf("%v: no error", in)
		}
	}
	b[2], b[3] = 0xff, 0xff
	w, _ = WalkInner(b)
	if m, ok := w.Next(); m != nil || !ok {
		t.Errorf("offset beyond the end gave %v", m)
	}
}

func TestDescribe(t *testing.T) {
	object := func(class uint32) *Path { return &Path{Class: class, HasClass: true} }
	tests := []struct {
		service uint8
		path    *Path
		name    string
		class   event.OpClass
	}{
		{0x01, object(1), "get_attributes_all", event.OpDiscover},
		{0x0e, object(4), "get_attribute_single", event.OpRead},
		{0x10, object(4), "set_attribute_single", event.OpWrite},
		{0x05, object(1), "reset", event.OpRestart},
		{0x05, object(5), "reset", event.OpOther},
		{0x05, object(0x72), "reset", event.OpOther},
		{0x08, object(0x72), "create", event.OpOther},
		{0x05, object(0x8e), "reset", event.OpRestart},
		{0x07, object(0x8e), "stop", event.OpMode},
		{0x08, object(0x68), "create", event.OpProgram},
		{0x09, object(0x6d), "delete", event.OpProgram},
		{0x4c, &Path{Tag: []byte("T")}, "read_tag", event.OpRead},
		{0x53, &Path{Tag: []byte("T")}, "write_tag_fragmented", event.OpWrite},
		{0x55, object(0x6b), "get_instance_attribute_list", event.OpDiscover},
		{0x54, object(6), "forward_open", event.OpOther},
		{0x4e, object(6), "forward_close", event.OpOther},
		{0x50, object(0x37), "download_transfer", event.OpFirmware},
		{0x4f, object(0x37), "upload_transfer", event.OpUpload},
		{0x4b, object(0xa1), "nvs_update", event.OpFirmware},
		{0x4d, object(0x12), "object_specific", event.OpOther},
		{0x33, object(0x12), "vendor_specific", event.OpOther},
		{0x50, object(0x44), "write_holding_registers", event.OpWrite},
		{0x70, object(1), "reserved", event.OpOther},
	}
	for _, tt := range tests {
		if op := describe(tt.service, tt.path); op.name != tt.name || op.class != tt.class {
			t.Errorf("%#x on %#x: %s, %s; want %s, %s", tt.service, tt.path.Class, op.name, op.class, tt.name, tt.class)
		}
	}
}

func TestPCCC(t *testing.T) {
	for _, tt := range []struct {
		command, function uint8
		has               bool
		class             event.OpClass
	}{
		{0x0f, 0x80, true, event.OpMode},
		{0x0f, 0xaa, true, event.OpWrite},
		{0x0f, 0xa2, true, event.OpRead},
		{0x0f, 0x50, true, event.OpProgram},
		{0x0f, 0x53, true, event.OpUpload},
		{0x06, 0x03, true, event.OpDiscover},
		{0x07, 0x00, true, event.OpMode},
		{0x08, 0, false, event.OpWrite},
		{0x0f, 0xee, true, event.OpOther},
	} {
		want := PCCC{Command: tt.command, Transaction: 7, Function: tt.function, HasFunction: tt.has, Data: []byte{1, 2}}
		var got PCCC
		if err := DecodePCCC(&got, AppendPCCC(nil, 1, 2, &want)); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, %v; want %+v", got, err, want)
		}
		if op := describePCCC(&got); op.class != tt.class {
			t.Errorf("%#x %#x: %+v, want %s", tt.command, tt.function, op, tt.class)
		}
	}
	if got := string(pcccName([]byte("\x00\xee\x31\x9c\x231766-L32BWA\x00"))); got != "1766-L32BWA" {
		t.Errorf("name %q", got)
	}
	var p PCCC
	for _, in := range [][]byte{nil, {0}, {7, 1, 2}, {1, 0x0f, 0, 0, 0}} {
		if DecodePCCC(&p, in) == nil {
			t.Errorf("%x: no error", in)
		}
	}
}

func FuzzDecode(f *testing.F) {
	load := Payload{Connected: true, CIP: AppendRequest(nil, &Request{Service: SvcMultiple, Path: []byte{0x20, 2, 0x24, 1}, Data: AppendInner(nil, []byte{0x4c, 0})})}
	f.Add(Append(nil, &Message{Command: CmdSendUnitData, Data: AppendPayload(nil, &load)}))
	f.Add(AppendIO(nil, &IO{Connection: 1, Data: []byte{1, 2}}))
	f.Add(append([]byte{0x91, 5}, "Motor\x00"...))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m Message
		if n, err := Decode(&m, b); err == nil {
			if again := Append(nil, &m); !bytes.Equal(again, b[:n]) {
				t.Fatalf("decoded %x, encoded %x", b[:n], again)
			}
			var load Payload
			_ = DecodePayload(&load, m.Data)
		}
		var io IO
		if DecodeIO(&io, b) == nil && len(b) == 18+len(io.Data) {
			if again := AppendIO(nil, &io); !bytes.Equal(again, b) {
				t.Fatalf("decoded %x, encoded %x", b, again)
			}
		}
		var p Path
		_ = DecodePath(&p, b)
		var d DeviceIdentity
		if DecodeIdentity(&d, b) == nil && !bytes.HasPrefix(b, AppendIdentity(nil, &d)) {
			t.Fatalf("identity of %x changed", b)
		}
		_ = DecodeIdentityItem(&d, b)
		var pc PCCC
		_ = DecodePCCC(&pc, b)
		embedded(b)
	})
}
