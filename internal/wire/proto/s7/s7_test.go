package s7

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"
)

func TestDecode(t *testing.T) {
	setup := []byte{0x32, 1, 0, 0, 0, 7, 0, 8, 0, 0, 0xf0, 0, 0, 1, 0, 1, 3, 0xc0}
	var p PDU
	if err := Decode(&p, setup); err != nil || p.ROSCTR != Job || p.Reference != 7 || len(p.Parameter) != 8 {
		t.Errorf("setup: %+v, %v", p, err)
	}
	if fn, ok := p.Function(); !ok || fn != FuncSetupCommunication {
		t.Errorf("function %#x, %v", fn, ok)
	}
	for i := range setup {
		if Decode(&p, setup[:i]) == nil {
			t.Errorf("cut to %d bytes: no error", i)
		}
	}
	if Decode(&p, append([]byte{0x72}, setup[1:]...)) != ErrProtocol {
		t.Error("other protocol id: no error")
	}
	setup[1] = 9
	if Decode(&p, setup) != ErrProtocol {
		t.Error("unknown ROSCTR: no error")
	}
}

func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 3000 {
		want := PDU{ROSCTR: []uint8{Job, Ack, AckData, Userdata}[r.IntN(4)], Reference: uint16(r.Uint32()), Parameter: make([]byte, r.IntN(30)), Data: make([]byte, r.IntN(300))}
		if want.ROSCTR == Ack || want.ROSCTR == AckData {
			want.Error = uint16(r.Uint32())
		}
		for i := range want.Data {
			want.Data[i] = byte(r.Uint32())
		}
		var got PDU
		if err := Decode(&got, Append(nil, &want)); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, %v; want %+v", got, err, want)
		}
	}
}

func TestItemNames(t *testing.T) {
	tests := []struct {
		item Item
		want string
	}{
		{Item{Area: AreaDB, Transport: 1, DB: 1, Count: 8}, "DB1.DBX0.0 x 8"},
		{Item{Area: AreaDB, Transport: 2, DB: 10, Address: 20 * 8, Count: 4}, "DB10.DBB20 x 4"},
		{Item{Area: AreaInstanceDB, Transport: 8, DB: 3, Address: 4 * 8, Count: 1}, "DI3.DID4"},
		{Item{Area: AreaFlags, Transport: 4, Address: 20 * 8, Count: 1}, "MW20"},
		{Item{Area: AreaOutputs, Transport: 1, Address: 13, Count: 1}, "Q1.5"},
		{Item{Area: AreaInputs, Transport: 2, Count: 16}, "IB0 x 16"},
		{Item{Area: AreaTimer, Transport: 29, Address: 5, Count: 1}, "T5"},
		{Item{Area: AreaCounter, Transport: 28, Address: 7, Count: 2}, "C7 x 2"},
		{Item{Area: 5, Transport: 4, Address: 8, Count: 1}, "area 0x5 W1"},
		{Item{Area: areaSymbolic, DB: 9, Count: 1}, "symbol of DB9"},
	}
	for _, tt := range tests {
		if got := string(tt.item.AppendName(nil)); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.item, got, tt.want)
		}
	}
}

func TestWalkItems(t *testing.T) {
	want := []Item{{Area: AreaDB, Transport: 2, DB: 1, Count: 4, Address: 80}, {Area: AreaFlags, Transport: 1, Count: 1, Address: 3}}
	b := []byte{FuncReadVar, 3}
	for i := range want {
		b = AppendItem(b, &want[i])
	}
	b = append(b, 0x12, 12, syntaxDBRead, 2, 4, 0, 7, 0, 2, 6, 0, 8, 0, 9)
	want = append(want, Item{Area: AreaDB, Transport: 2, DB: 7, Count: 4, Address: 16}, Item{Area: AreaDB, Transport: 2, DB: 8, Count: 6, Address: 72})
	w := WalkItems(b)
	var got []Item
	var it Item
	for w.Next(&it) {
		got = append(got, it)
	}
	if !reflect.DeepEqual(got, want) || w.Left() != 0 {
		t.Errorf("got %+v, %d left; want %+v", got, w.Left(), want)
	}
	w = WalkItems(b[:20])
	for w.Next(&it) {
	}
	if w.Left() != 2 {
		t.Errorf("cut: %d left, want 2", w.Left())
	}
}

func TestResultCode(t *testing.T) {
	tests := []struct {
		fn    uint8
		count int
		data  []byte
		want  uint8
	}{
		{FuncWriteVar, 2, []byte{0xff, 5}, 5},
		{FuncWriteVar, 2, []byte{0xff, 0xff}, 0},
		{FuncReadVar, 2, []byte{0xff, 4, 0, 8, 1, 0, 0x0a, 0, 0, 0}, 0x0a},
		{FuncReadVar, 2, []byte{0xff, 9, 0, 2, 1, 2, 0xff, 3, 0, 1, 1}, 0},
		{FuncReadVar, 1, []byte{0xff, 4}, 0},
		{FuncReadVar, 3, nil, 0},
	}
	for i, tt := range tests {
		if got := resultCode(tt.fn, tt.count, tt.data); got != tt.want {
			t.Errorf("%d: %#x, want %#x", i, got, tt.want)
		}
	}
}

func TestBlocks(t *testing.T) {
	for in, want := range map[string]string{"0A00001P": "DB1", "0800001A": "OB1", "0B00007P": "SDB7", "0E12345": "FB12345"} {
		if got, ok := appendBlock(nil, []byte(in)); !ok || string(got) != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
	for _, in := range []string{"", "0A0001P", "XX00001P", "0A0000xP"} {
		if _, ok := appendBlock(nil, []byte(in)); ok {
			t.Errorf("%q is no block", in)
		}
	}
	arg := append([]byte{2, 0}, "0A00001P0800035P"...)
	if got := string(appendBlocks(nil, arg)); got != "DB1,OB35" {
		t.Errorf("blocks %q", got)
	}
}

func TestUserdataRoundTrip(t *testing.T) {
	for _, want := range []UserdataHead{
		{Kind: KindRequest, Group: GroupCPU, Sub: 1, Sequence: 3},
		{Kind: KindRequest, Group: GroupCPU, Sub: 1, Sequence: 3, Unit: 9},
		{Kind: KindResponse, Group: GroupTime, Sub: 2, Sequence: 1, More: true, Unit: 4, Error: 0xd209},
	} {
		var got UserdataHead
		if err := DecodeUserdata(&got, AppendUserdata(nil, &want)); err != nil || got != want {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
	}
}

func TestPlainPassword(t *testing.T) {
	masked := func(s string) []byte {
		b := make([]byte, 8)
		for i := range b {
			b[i] = s[i] ^ 0x55
			if i >= 2 {
				b[i] ^= b[i-2]
			}
		}
		return b
	}
	if got, ok := plainPassword(masked("secret  ")); !ok || string(trimPassword(got[:])) != "secret" {
		t.Errorf("got %q", got)
	}
}

func TestPlusRoundTrip(t *testing.T) {
	for _, version := range []uint8{1, 2} {
		for _, opcode := range []uint8{PlusRequest, PlusResponse} {
			head := PlusHead{Opcode: opcode, Function: PlusExplore, Sequence: 9, Body: []byte{1, 2, 3, 4}}
			if opcode == PlusRequest {
				head.Session = 77
			}
			f := PlusFragment{Version: version, Data: AppendPlusHead(nil, &head), Last: true}
			var gotF PlusFragment
			if err := DecodePlus(&gotF, AppendPlus(nil, &f)); err != nil || !reflect.DeepEqual(gotF, f) {
				t.Fatalf("fragment %+v, %v; want %+v", gotF, err, f)
			}
			var got PlusHead
			if err := DecodePlusHead(&got, version, gotF.Data); err != nil || !reflect.DeepEqual(got, head) {
				t.Fatalf("head %+v, %v; want %+v", got, err, head)
			}
		}
	}
}

func TestPlusResult(t *testing.T) {
	tests := []struct {
		in   []byte
		want uint16
	}{
		{[]byte{0}, 0},
		{[]byte{0x11, 2}, 0},
		{[]byte{0xc0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x83, 0xff, 0xfe}, 0xfffe},
		{nil, 0},
		{[]byte{0xff, 0xff}, 0},
	}
	for _, tt := range tests {
		if got := plusResult(tt.in); got != tt.want {
			t.Errorf("%x: %#x, want %#x", tt.in, got, tt.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{0x32, 1, 0, 0, 0, 7, 0, 14, 0, 0, 4, 1, 0x12, 10, 0x10, 2, 0, 4, 0, 1, 0x84, 0, 0, 0})
	f.Add([]byte{0x32, 7, 0, 0, 0, 7, 0, 8, 0, 8, 0, 1, 0x12, 4, 0x11, 0x44, 1, 0, 0xff, 9, 0, 4, 0, 0x11, 0, 0})
	f.Add([]byte{0x72, 2, 0, 14, 0x31, 0, 0, 4, 0xbb, 0, 0, 0, 1, 0, 0, 0, 1, 0x34, 0x72, 2, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		var p PDU
		if Decode(&p, b) == nil {
			n := 10 + len(p.Parameter) + len(p.Data)
			if p.ROSCTR == Ack || p.ROSCTR == AckData {
				n += 2
			}
			if again := Append(nil, &p); !bytes.Equal(again[4:], b[4:n]) {
				t.Fatalf("decoded %x, encoded %x", b[:n], again)
			}
			w := WalkItems(p.Parameter)
			var it Item
			for w.Next(&it) {
				it.AppendName(nil)
			}
			var h UserdataHead
			_ = DecodeUserdata(&h, p.Parameter)
			piService(p.Parameter)
			fileName(p.Parameter)
			resultCode(FuncReadVar, 20, p.Data)
		}
		var pf PlusFragment
		if DecodePlus(&pf, b) == nil {
			var h PlusHead
			if DecodePlusHead(&h, pf.Version, pf.Data) == nil {
				plusResult(h.Body)
				plusOrder(h.Body)
			}
		}
	})
}
