package modbus

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"
)

func TestDecode(t *testing.T) {
	read := []byte{0, 1, 0, 0, 0, 6, 17, 3, 0, 107, 0, 3}
	tests := []struct {
		name string
		in   []byte
		n    int
		err  error
	}{
		{"request", read, 12, nil},
		{"request and more", append(bytes.Clone(read), read...), 12, nil},
		{"cut in the header", read[:5], 0, ErrShort},
		{"cut in the data", read[:11], 0, ErrShort},
		{"empty", nil, 0, ErrShort},
		{"other protocol", []byte{0, 1, 0, 7, 0, 6, 17, 3, 0, 107, 0, 3}, 0, ErrHeader},
		{"other protocol, cut", []byte{0, 1, 1}, 0, ErrHeader},
		{"length without a function", []byte{0, 1, 0, 0, 0, 1, 17, 3}, 0, ErrHeader},
		{"length above the limit", []byte{0, 1, 0, 0, 1, 0, 17, 3}, 0, ErrHeader},
		{"UMAS may be longer", []byte{0, 1, 0, 0, 4, 0, 0, 90}, 0, ErrShort},
		{"function 0", []byte{0, 1, 0, 0, 0, 2, 17, 0}, 0, ErrHeader},
		{"function 0 as an exception", []byte{0, 1, 0, 0, 0, 2, 17, 0x80}, 0, ErrHeader},
	}
	for _, tt := range tests {
		var a ADU
		n, err := Decode(&a, tt.in)
		if n != tt.n || err != tt.err {
			t.Errorf("%s: Decode = %d, %v, want %d, %v", tt.name, n, err, tt.n, tt.err)
		}
	}
	var a ADU
	if _, err := Decode(&a, read); err != nil || a.Transaction != 1 || a.Unit != 17 || a.Function != 3 || len(a.Data) != 4 {
		t.Errorf("Decode gave %+v, %v", a, err)
	}
}

func TestDecodeRequest(t *testing.T) {
	tests := []struct {
		name string
		fn   uint8
		data []byte
		want Request
		err  error
	}{
		{"read coils", 1, []byte{0, 19, 0, 37}, Request{Address: 19, Quantity: 37}, nil},
		{"no coils", 1, []byte{0, 19, 0, 0}, Request{Address: 19}, ErrValue},
		{"too many coils", 1, []byte{0, 0, 0x07, 0xd1}, Request{Quantity: 2001}, ErrValue},
		{"beyond the last register", 3, []byte{0xff, 0xff, 0, 2}, Request{Address: 0xffff, Quantity: 2}, ErrValue},
		{"too long", 3, []byte{0, 0, 0, 1, 0}, Request{}, ErrLength},
		{"coil on", 5, []byte{0, 172, 0xff, 0}, Request{Address: 172, Quantity: 1, Value: 0xff00, Data: []byte{0xff, 0}}, nil},
		{"coil half on", 5, []byte{0, 172, 0, 1}, Request{Address: 172, Quantity: 1, Value: 1, Data: []byte{0, 1}}, ErrValue},
		{"register", 6, []byte{0, 1, 0, 3}, Request{Address: 1, Quantity: 1, Value: 3, Data: []byte{0, 3}}, nil},
		{"force listen only", 8, []byte{0, 4, 0, 0}, Request{Sub: 4, Data: []byte{0, 0}}, nil},
		{"long loopback", 8, []byte{0, 0, 1, 2, 3, 4}, Request{Value: 0x102, Data: []byte{1, 2, 3, 4}}, nil},
		{"long restart", 8, []byte{0, 1, 0, 0, 0, 0}, Request{}, ErrLength},
		{"write registers", 16, []byte{0, 1, 0, 2, 4, 0, 10, 1, 2}, Request{Address: 1, Quantity: 2, Data: []byte{0, 10, 1, 2}}, nil},
		{"write registers, wrong count", 16, []byte{0, 1, 0, 2, 2, 0, 10}, Request{Address: 1, Quantity: 2, Data: []byte{0, 10}}, ErrValue},
		{"read file record", 20, []byte{7, 6, 0, 4, 0, 1, 0, 2}, Request{File: 4, Address: 1, Quantity: 2, Data: []byte{6, 0, 4, 0, 1, 0, 2}}, nil},
		{"mask write", 22, []byte{0, 4, 0, 0xf2, 0, 0x25}, Request{Address: 4, Quantity: 1, And: 0xf2, Or: 0x25}, nil},
		{"read and write", 23, []byte{0, 3, 0, 6, 0, 14, 0, 1, 2, 0, 255},
			Request{ReadAddress: 3, ReadQuantity: 6, Address: 14, Quantity: 1, Data: []byte{0, 255}}, nil},
		{"device identification", 43, []byte{14, 1, 0}, Request{Sub: 14, Value: 1, Data: []byte{1, 0}}, nil},
		{"device identification, wrong code", 43, []byte{14, 9, 0}, Request{Sub: 14, Value: 9, Data: []byte{9, 0}}, ErrValue},
		{"UMAS stop", 90, []byte{1, 0x41, 0xff, 0}, Request{Session: 1, Sub: 0x41, Data: []byte{0xff, 0}}, nil},
		{"UMAS without a function", 90, []byte{1}, Request{}, ErrLength},
		{"unknown", 70, []byte{1, 2, 3}, Request{Data: []byte{1, 2, 3}}, nil},
	}
	for _, tt := range tests {
		var r Request
		err := DecodeRequest(&r, tt.fn, tt.data)
		if err != tt.err {
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.err)
			continue
		}
		if tt.err == ErrLength {
			continue
		}
		tt.want.Function = tt.fn
		if tt.fn == FuncDiagnostics {
			tt.want.Value = r.Value
		}
		if !reflect.DeepEqual(r, tt.want) {
			t.Errorf("%s: got %+v, want %+v", tt.name, r, tt.want)
		}
	}
}

func TestSignedUMASShowsTheProtectedFunction(t *testing.T) {
	b := append([]byte{7, umasSigned, 1}, make([]byte, 32)...)
	b = append(b, FuncUMAS, 7, 0x41, 0xff, 0)
	var r Request
	if err := DecodeRequest(&r, FuncUMAS, b); err != nil || r.Sub != 0x41 || !bytes.Equal(r.Data, []byte{0xff, 0}) {
		t.Errorf("got %+v, %v; want function 0x41", r, err)
	}
}

func TestDeviceIdentity(t *testing.T) {
	b := []byte{14, 1, 0x81, 0, 0, 3, 0, 4, 'A', 'c', 'm', 'e', 1, 2, 'P', '1', 2, 3, '1', '.', '2'}
	var d DeviceIdentity
	if err := DecodeDeviceIdentity(&d, b); err != nil {
		t.Fatal(err)
	}
	if string(d.Objects[ObjectVendorName]) != "Acme" || string(d.Objects[ObjectProductCode]) != "P1" || string(d.Objects[ObjectRevision]) != "1.2" {
		t.Errorf("objects %q", d.Objects)
	}
	for i := range b {
		if DecodeDeviceIdentity(&d, b[:i]) == nil {
			t.Errorf("cut to %d bytes: no error", i)
		}
	}
}

// TestRoundTrip holds the codec to decode(encode(x)) = x for random valid
// requests of every function.
func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		want := randomRequest(r)
		adu := ADU{Transaction: uint16(r.Uint32()), Unit: uint8(r.Uint32()), Function: want.Function, Data: AppendRequest(nil, &want)}
		wire := Append([]byte{9}, &adu)[1:]
		var got ADU
		n, err := Decode(&got, wire)
		if err != nil || n != len(wire) || got.Transaction != adu.Transaction || got.Unit != adu.Unit || !bytes.Equal(got.Data, adu.Data) {
			t.Fatalf("function %d: Decode = %+v, %d, %v of %d", want.Function, got, n, err, len(wire))
		}
		var back Request
		if err := DecodeRequest(&back, got.Function, got.Data); err != nil {
			t.Fatalf("%+v: %v", want, err)
		}
		if again := AppendRequest(nil, &back); !bytes.Equal(again, adu.Data) {
			t.Fatalf("function %d: encoded %x, decoded and encoded %x", want.Function, adu.Data, again)
		}
		if back.Address != want.Address || back.Quantity != want.Quantity || back.Value != want.Value || back.Sub != want.Sub || back.File != want.File {
			t.Fatalf("got %+v, want %+v", back, want)
		}
	}
}

func randomRequest(r *rand.Rand) Request {
	known := []uint8{1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 15, 16, 17, 20, 21, 22, 23, 24, 43, 90, 66}
	q := Request{Function: known[r.IntN(len(known))]}
	random := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	q.Address = uint16(r.IntN(60000))
	switch q.Function {
	case 1, 2:
		q.Quantity = uint16(1 + r.IntN(maxReadBits))
	case 3, 4:
		q.Quantity = uint16(1 + r.IntN(maxReadRegisters))
	case 5:
		q.Quantity, q.Value = 1, uint16(r.IntN(2))*0xff00
	case 6:
		q.Quantity, q.Value = 1, uint16(r.Uint32())
	case 15:
		q.Quantity = uint16(1 + r.IntN(maxWriteBits))
		q.Data = random((int(q.Quantity) + 7) / 8)
	case 16:
		q.Quantity = uint16(1 + r.IntN(maxWriteRegisters))
		q.Data = random(2 * int(q.Quantity))
	case 20:
		q.File, q.Address, q.Quantity = uint16(r.Uint32()), uint16(r.IntN(10000)), uint16(1+r.IntN(50))
		q.Data = []byte{6, byte(q.File >> 8), byte(q.File), byte(q.Address >> 8), byte(q.Address), 0, byte(q.Quantity)}
		q.Data = append(q.Data, 6, 0, 1, 0, 2, 0, 3)
	case 21:
		q.File, q.Address, q.Quantity = uint16(r.Uint32()), uint16(r.IntN(10000)), uint16(1+r.IntN(50))
		q.Data = []byte{6, byte(q.File >> 8), byte(q.File), byte(q.Address >> 8), byte(q.Address), 0, byte(q.Quantity)}
		q.Data = append(q.Data, random(2*int(q.Quantity))...)
	case 22:
		q.Quantity, q.And, q.Or = 1, uint16(r.Uint32()), uint16(r.Uint32())
	case 23:
		q.Quantity = uint16(1 + r.IntN(maxWrite23))
		q.ReadAddress, q.ReadQuantity = uint16(r.IntN(60000)), uint16(1+r.IntN(maxReadRegisters))
		q.Data = random(2 * int(q.Quantity))
	case 24:
	case 43:
		q.Address, q.Sub, q.Value = 0, MEIDeviceIdentity, uint16(1+r.IntN(4))
		q.Data = []byte{byte(q.Value), byte(r.Uint32())}
	case 8:
		q.Address, q.Sub, q.Data = 0, uint16(1+r.IntN(20)), random(2)
		q.Value = uint16(q.Data[0])<<8 | uint16(q.Data[1])
	case 90:
		q.Address, q.Session, q.Sub, q.Data = 0, uint8(r.Uint32()), uint16(r.IntN(0x30)), random(r.IntN(900))
	default:
		q.Address = 0
		if q.Function == 66 {
			q.Data = random(r.IntN(200))
		}
	}
	return q
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 0, 6, 17, 3, 0, 107, 0, 3})
	f.Add([]byte{0, 1, 0, 0, 0, 11, 17, 16, 0, 1, 0, 2, 4, 0, 10, 1, 2})
	f.Add([]byte{0, 1, 0, 0, 0, 5, 1, 43, 14, 1, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		var a ADU
		n, err := Decode(&a, b)
		if err != nil {
			return
		}
		if again := Append(nil, &a); !bytes.Equal(again, b[:n]) {
			t.Fatalf("decoded %x, encoded %x", b[:n], again)
		}
		var r Request
		if DecodeRequest(&r, a.Function, a.Data) == nil && a.Function != FuncUMAS {
			if again := AppendRequest(nil, &r); !bytes.Equal(again, a.Data) {
				t.Fatalf("function %d: decoded %x, encoded %x", a.Function, a.Data, again)
			}
		}
		_ = CheckResponse(a.Function, a.Data)
		var d DeviceIdentity
		_ = DecodeDeviceIdentity(&d, a.Data)
	})
}
