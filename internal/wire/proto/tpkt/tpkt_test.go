package tpkt

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"
)

func TestDecode(t *testing.T) {
	whole := Append(nil, []byte{2, DT, 0x80, 'x'})
	tests := []struct {
		name string
		in   []byte
		n    int
		err  error
	}{
		{"whole", whole, 8, nil},
		{"and more", append(bytes.Clone(whole), 3), 8, nil},
		{"cut", whole[:7], 0, ErrShort},
		{"cut header", whole[:2], 0, ErrShort},
		{"empty", nil, 0, ErrShort},
		{"version", []byte{4}, 0, ErrVersion},
		{"reserved", []byte{3, 1}, 0, ErrVersion},
		{"length", []byte{3, 0, 0, 6}, 0, ErrLength},
	}
	for _, tt := range tests {
		if _, n, err := Decode(tt.in); n != tt.n || err != tt.err {
			t.Errorf("%s: Decode = %d, %v, want %d, %v", tt.name, n, err, tt.n, tt.err)
		}
	}
}

func TestDecodeTPDU(t *testing.T) {
	tests := []struct {
		name string
		in   []byte
		want TPDU
	}{
		{"connection request", []byte{17, 0xe0, 0, 0, 0, 1, 0, 0xc0, 1, 10, 0xc1, 2, 1, 0, 0xc2, 2, 1, 2},
			TPDU{Type: CR, Src: 1, SizeCode: 10, Calling: []byte{1, 0}, Called: []byte{1, 2}, Variable: []byte{0xc0, 1, 10, 0xc1, 2, 1, 0, 0xc2, 2, 1, 2}, Data: []byte{}}},
		{"remote desktop request", append([]byte{22, 0xe0, 0, 0, 0, 0, 0}, "Cookie: mstsha\r\n"...),
			TPDU{Type: CR, Variable: []byte("Cookie: mstsha\r\n"), Data: []byte{}}},
		{"data", []byte{2, 0xf0, 0x80, 1, 2, 3}, TPDU{Type: DT, EOT: true, Data: []byte{1, 2, 3}}},
		{"piece of data", []byte{2, 0xf0, 0x03, 1}, TPDU{Type: DT, Number: 3, Data: []byte{1}}},
		{"data of class 2", []byte{4, 0xf0, 0, 9, 0x81, 7}, TPDU{Type: DT, Dst: 9, EOT: true, Number: 1, Data: []byte{7}}},
		{"disconnect", []byte{6, 0x80, 0, 1, 0, 2, 3}, TPDU{Type: DR, Dst: 1, Src: 2, Reason: 3, Data: []byte{}}},
	}
	for _, tt := range tests {
		var got TPDU
		if err := DecodeTPDU(&got, tt.in); err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", tt.name, got, err, tt.want)
		}
	}
	for _, in := range [][]byte{nil, {1}, {0, 0}, {9, 0xe0}, {2, 0xe0, 0}, {255, 0xf0, 0x80}, {1, 0xf0}, {2, 0x30, 0}} {
		var got TPDU
		if DecodeTPDU(&got, in) != ErrTPDU {
			t.Errorf("%x: no error", in)
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
	for range 5000 {
		want := TPDU{Type: []uint8{CR, CC, DT, DR}[r.IntN(4)], Data: text(r.IntN(50))}
		switch want.Type {
		case CR, CC:
			want.Dst, want.Src, want.SizeCode = uint16(r.Uint32()), uint16(r.Uint32()), uint8(7+r.IntN(7))
			want.Calling, want.Called = text(r.IntN(17)), text(r.IntN(17))
		case DR:
			want.Dst, want.Src, want.Reason = uint16(r.Uint32()), uint16(r.Uint32()), uint8(r.IntN(4))
		case DT:
			want.EOT, want.Number = r.IntN(2) == 1, uint8(r.IntN(128))
		}
		payload, n, err := Decode(Append(nil, AppendTPDU(nil, &want)))
		if err != nil || n != HeaderLen+len(payload) {
			t.Fatal(n, err)
		}
		var got TPDU
		if err := DecodeTPDU(&got, payload); err != nil {
			t.Fatal(err)
		}
		got.Variable = nil
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("\n got %+v\nwant %+v", got, want)
		}
	}
}

func TestJoiner(t *testing.T) {
	j := Joiner{Limit: 8}
	add := func(s string, last bool) (string, error) {
		out, err := j.Add(&TPDU{Type: DT, EOT: last, Data: []byte(s)})
		return string(out), err
	}
	if out, err := add("one", true); out != "one" || err != nil {
		t.Errorf("one piece: %q, %v", out, err)
	}
	_, _ = add("two", false)
	if out, err := add("more", true); out != "twomore" || err != nil {
		t.Errorf("two pieces: %q, %v", out, err)
	}
	_, _ = add("12345678", false)
	if _, err := add("9", false); err != ErrTooLong {
		t.Errorf("too long: %v", err)
	}
	if out, err := add("end", true); out != "" || err != nil {
		t.Errorf("rest of what was too long: %q, %v", out, err)
	}
	if out, _ := add("next", true); out != "next" {
		t.Errorf("after it: %q", out)
	}
	_, _ = add("lost", false)
	j.Reset()
	if out, _ := add("new", true); out != "new" {
		t.Errorf("after Reset: %q", out)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{3, 0, 0, 22, 17, 0xe0, 0, 0, 0, 1, 0, 0xc0, 1, 10, 0xc1, 2, 1, 0, 0xc2, 2, 1, 2})
	f.Add([]byte{3, 0, 0, 8, 2, 0xf0, 0x80, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		var j Joiner
		for {
			payload, n, err := Decode(b)
			if err != nil {
				return
			}
			var u TPDU
			if DecodeTPDU(&u, payload) == nil && u.Type == DT {
				_, _ = j.Add(&u)
			}
			b = b[n:]
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	wire := Append(nil, AppendTPDU(nil, &TPDU{Type: DT, EOT: true, Data: make([]byte, 200)}))
	b.SetBytes(int64(len(wire)))
	b.ReportAllocs()
	for b.Loop() {
		payload, _, _ := Decode(wire)
		var u TPDU
		_ = DecodeTPDU(&u, payload)
	}
}
