package dnp3

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func TestDecode(t *testing.T) {
	// A link status request from station 1 to station 1024, as in the
	// standard's description of the frame.
	status := []byte{0x05, 0x64, 0x05, 0xc9, 0x00, 0x04, 0x01, 0x00}
	sum := crc(status)
	status = append(status, byte(sum), byte(sum>>8))
	data := Append(nil, &Frame{Control: 0xc4, Dst: 3, Src: 4, Data: bytes.Repeat([]byte{7}, 20)})
	damaged := bytes.Clone(data)
	damaged[12] ^= 1
	header := bytes.Clone(status)
	header[3] ^= 1
	small := []byte{0x05, 0x64, 0x04, 0xc9, 0x00, 0x04, 0x01, 0x00}
	sum = crc(small)
	small = append(small, byte(sum), byte(sum>>8))
	tests := []struct {
		name string
		in   []byte
		n    int
		err  error
	}{
		{"status request", status, 10, nil},
		{"data in two blocks", data, 34, nil},
		{"data and more", append(bytes.Clone(data), 1), 34, nil},
		{"cut header", status[:9], 0, ErrShort},
		{"cut data", data[:33], 0, ErrShort},
		{"empty", nil, 0, ErrShort},
		{"other start", []byte{5, 5}, 0, ErrStart},
		{"header checksum", header, 0, ErrHeaderCRC},
		{"data checksum", damaged, 34, ErrDataCRC},
		{"length", small, 0, ErrLength},
	}
	for _, tt := range tests {
		var f Frame
		if n, err := Decode(&f, tt.in); n != tt.n || err != tt.err {
			t.Errorf("%s: Decode = %d, %v, want %d, %v", tt.name, n, err, tt.n, tt.err)
		}
	}
}

func TestCRC(t *testing.T) {
	// The check value of CRC-16/DNP.
	if got := crc([]byte("123456789")); got != 0xea82 {
		t.Errorf("crc = %#x, want 0xea82", got)
	}
}

func TestFrameRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		want := Frame{Control: uint8(r.Uint32()), Dst: uint16(r.Uint32()), Src: uint16(r.Uint32()), Data: make([]byte, r.IntN(MaxUserData+1))}
		for i := range want.Data {
			want.Data[i] = byte(r.Uint32())
		}
		wire := Append(nil, &want)
		var got Frame
		n, err := Decode(&got, wire)
		if err != nil || n != len(wire) || got.Control != want.Control || got.Dst != want.Dst || got.Src != want.Src || !bytes.Equal(got.Data, want.Data) {
			t.Fatalf("Decode(Append(%+v)) = %+v, %d, %v", want, got, n, err)
		}
		i := r.IntN(len(wire))
		wire[i] ^= 1 << r.IntN(8)
		if _, err := Decode(&got, wire); err == nil {
			t.Fatalf("a flipped bit at %d of %x went unseen", i, wire)
		}
	}
}

// TestFragmentRoundTrip cuts random fragments into segments and joins them.
func TestFragmentRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var join Reassembler
	for range 500 {
		want := Fragment{Control: uint8(r.Uint32()), Function: uint8(r.IntN(132)), Objects: make([]byte, r.IntN(2000))}
		if want.IsResponse() {
			want.IIN = uint16(r.Uint32())
		}
		for i := range want.Objects {
			want.Objects[i] = byte(r.Uint32())
		}
		rest := AppendFragment(nil, &want)
		seq := uint8(r.Uint32()) & transportSeq
		var out []byte
		for first := true; len(rest) > 0; first = false {
			n := min(len(rest), MaxUserData-1)
			segment := AppendSegment(nil, first, n == len(rest), seq, rest[:n])
			rest, seq = rest[n:], (seq+1)&transportSeq
			var err error
			if out, err = join.Add(segment); err != nil {
				t.Fatal(err)
			}
			if (out != nil) != (len(rest) == 0) {
				t.Fatal("the fragment should be whole with its last segment")
			}
		}
		var got Fragment
		if err := DecodeFragment(&got, out); err != nil || got.Control != want.Control || got.Function != want.Function || got.IIN != want.IIN || !bytes.Equal(got.Objects, want.Objects) {
			t.Fatalf("got %+v, %v; want %+v", got, err, want)
		}
	}
}

func TestReassemblerDropsWhatDoesNotFit(t *testing.T) {
	var r Reassembler
	if _, err := r.Add(AppendSegment(nil, false, true, 1, []byte{1})); err != ErrSequence {
		t.Errorf("no first segment: %v", err)
	}
	if _, err := r.Add(nil); err != ErrSequence {
		t.Errorf("empty segment: %v", err)
	}
	_, _ = r.Add(AppendSegment(nil, true, false, 1, []byte{1}))
	if _, err := r.Add(AppendSegment(nil, false, true, 3, []byte{1})); err != ErrSequence {
		t.Errorf("missing segment: %v", err)
	}
	_, _ = r.Add(AppendSegment(nil, true, false, 0, make([]byte, 249)))
	var err error
	for i := uint8(1); err == nil; i++ {
		_, err = r.Add(AppendSegment(nil, false, false, i, make([]byte, 249)))
	}
	if err != ErrTooLong {
		t.Errorf("endless fragment: %v", err)
	}
}

func TestWalk(t *testing.T) {
	type header struct {
		group, variation uint8
		start, count     uint32
		data             int
	}
	tests := []struct {
		name string
		fn   uint8
		in   []byte
		want []header
		err  error
	}{
		{"class poll", FuncRead, []byte{60, 2, 6, 60, 3, 6, 60, 1, 6}, []header{{60, 2, 0, 0, 0}, {60, 3, 0, 0, 0}, {60, 1, 0, 0, 0}}, nil},
		{"range without data", FuncRead, []byte{30, 1, 1, 5, 0, 9, 0}, []header{{30, 1, 5, 5, 0}}, nil},
		{"packed bits", FuncResponse, []byte{1, 1, 0, 2, 10, 0xff, 1, 20, 6, 0, 0, 1, 1, 0, 2, 0}, []header{{1, 1, 2, 9, 2}, {20, 6, 0, 2, 4}}, nil},
		{"control with index", FuncSelect, []byte{12, 1, 0x28, 1, 0, 7, 0, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}, []header{{12, 1, 7, 1, 13}}, nil},
		{"file command", FuncOpenFile, []byte{70, 3, 0x5b, 1, 2, 0, 1, 2}, []header{{70, 3, 0, 1, 4}}, nil},
		{"octet string", FuncResponse, []byte{110, 4, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8}, []header{{110, 4, 0, 2, 8}}, nil},
		{"attributes", FuncResponse, []byte{0, 252, 0, 0, 0, 1, 3, 'A', 'B', 'C', 0, 250, 0, 0, 0, 1, 1, 'D'}, []header{{0, 252, 0, 1, 5}, {0, 250, 0, 1, 3}}, nil},
		{"data cut", FuncResponse, []byte{30, 1, 0, 0, 1, 1, 2, 3}, nil, ErrTruncated},
		{"huge count", FuncResponse, []byte{30, 1, 9, 0xff, 0xff, 0xff, 0xff, 1}, nil, ErrTruncated},
		{"huge count without data", FuncRead, []byte{30, 1, 9, 0xff, 0xff, 0xff, 0xff}, []header{{30, 1, 0, 0xffffffff, 0}}, nil},
		{"stop before start", FuncRead, []byte{30, 1, 0, 9, 1}, nil, ErrTruncated},
		{"unknown object", FuncResponse, []byte{99, 1, 0, 0, 0, 1, 2, 3}, []header{{99, 1, 0, 1, 3}}, ErrUnknown},
		{"header cut", FuncRead, []byte{60, 2}, nil, ErrTruncated},
		{"undefined range", FuncRead, []byte{60, 2, 0x0d}, nil, ErrTruncated},
	}
	for _, tt := range tests {
		w := Walk(&Fragment{Function: tt.fn, Objects: tt.in})
		var o Object
		var got []header
		for w.Next(&o) {
			got = append(got, header{o.Group, o.Variation, o.Start, o.Count, len(o.Data)})
		}
		if w.Err() != tt.err || len(got) != len(tt.want) {
			t.Errorf("%s: got %v, %v; want %v, %v", tt.name, got, w.Err(), tt.want, tt.err)
			continue
		}
		for i := range got {
			if got[i] != tt.want[i] {
				t.Errorf("%s: header %d: got %v, want %v", tt.name, i, got[i], tt.want[i])
			}
		}
	}
}

func TestIINNames(t *testing.T) {
	tests := []struct {
		iin  uint16
		want string
	}{
		{0, ""},
		{0x8000, "device_restart"},
		{0x9001, "need_time,device_restart,no_function_code_support"},
		{0x0010, "already_executing"},
	}
	for _, tt := range tests {
		if got := string(appendIIN(nil, tt.iin)); got != tt.want {
			t.Errorf("%#x: %q, want %q", tt.iin, got, tt.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(Append(nil, &Frame{Control: 0xc4, Dst: 3, Src: 4, Data: []byte{0xc0, 0xc0, 1, 60, 2, 6}}))
	f.Add(Append(nil, &Frame{Control: 0x44, Dst: 3, Src: 4, Data: []byte{0xc0, 0xc0, 129, 0, 0, 1, 1, 0, 2, 10, 0xff, 1}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		var fr Frame
		n, err := Decode(&fr, b)
		if err == nil {
			if again := Append(nil, &fr); !bytes.Equal(again, b[:n]) {
				t.Fatalf("decoded %x, encoded %x", b[:n], again)
			}
		}
		// The checksums stop the fuzzer; the layers above are fuzzed directly.
		var m Fragment
		if DecodeFragment(&m, b) != nil {
			return
		}
		w := Walk(&m)
		var o Object
		for w.Next(&o) {
			var cmd FileCommand
			var auth FileAuth
			_ = DecodeFileCommand(&cmd, o.First())
			_ = DecodeFileAuth(&auth, o.First())
			_ = attributeText(o.First())
			controlStatus(&o)
		}
	})
}
