package bacnet

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"

	"edgeward/internal/event"
)

func TestDecode(t *testing.T) {
	whois := []byte{0x81, 0x0b, 0, 8, 1, 0, 0x10, 8}
	tests := []struct {
		name string
		in   []byte
		n    int
		err  error
	}{
		{"who-is", whois, 8, nil},
		{"padded", append(bytes.Clone(whois), 0, 0), 8, nil},
		{"cut", whois[:7], 0, ErrLength},
		{"other type", []byte{0x82, 0x0b, 0, 8, 1, 0, 0x10, 8}, 0, ErrHeader},
		{"unknown function", []byte{0x81, 0x20, 0, 4}, 0, ErrHeader},
		{"length below the header", []byte{0x81, 0, 0, 3}, 0, ErrLength},
		{"forwarded without origin", []byte{0x81, 4, 0, 8, 1, 2, 3, 4}, 0, ErrLength},
		{"empty", nil, 0, ErrHeader},
	}
	for _, tt := range tests {
		var m BVLC
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
	for range 5000 {
		a := APDU{Type: uint8(r.IntN(8)), Data: text(r.IntN(30))}
		switch a.Type {
		case ConfirmedRequest, ComplexAck:
			a.InvokeID, a.Service = uint8(r.Uint32()), uint8(r.Uint32())
			if a.Type == ConfirmedRequest {
				a.Limits, a.Accepted = uint8(r.Uint32()), r.IntN(2) == 1
			}
			if a.Segmented = r.IntN(2) == 1; a.Segmented {
				a.More, a.Sequence, a.Window = r.IntN(2) == 1, uint8(r.Uint32()), uint8(r.Uint32())
			}
		case UnconfirmedRequest:
			a.Service = uint8(r.Uint32())
		case SimpleAck, ErrorPDU:
			a.InvokeID, a.Service = uint8(r.Uint32()), uint8(r.Uint32())
		case SegmentAck:
			a.InvokeID, a.Sequence, a.Window, a.Server = uint8(r.Uint32()), uint8(r.Uint32()), uint8(r.Uint32()), r.IntN(2) == 1
		default:
			a.InvokeID, a.Reason = uint8(r.Uint32()), uint8(r.Uint32())
			a.Server = a.Type == AbortPDU && r.IntN(2) == 1
		}
		var gotA APDU
		if err := DecodeAPDU(&gotA, AppendAPDU(nil, &a)); err != nil || !reflect.DeepEqual(gotA, a) {
			t.Fatalf("APDU %+v, %v; want %+v", gotA, err, a)
		}
		n := NPDU{Expecting: r.IntN(2) == 1, Priority: uint8(r.IntN(4)), Data: text(r.IntN(30))}
		if r.IntN(2) == 1 {
			n.Destination, n.DNet, n.DAddress, n.Hops = true, uint16(r.Uint32()), text(r.IntN(7)), uint8(r.Uint32())
		}
		if r.IntN(2) == 1 {
			n.Source, n.SNet, n.SAddress = true, uint16(r.IntN(65000)), text(1+r.IntN(7))
		}
		if r.IntN(2) == 1 {
			n.Network, n.Message = true, uint8(r.Uint32())
			if n.Message >= vendorMessages {
				n.Vendor = uint16(r.Uint32())
			}
		}
		var gotN NPDU
		if err := DecodeNPDU(&gotN, AppendNPDU(nil, &n)); err != nil || !reflect.DeepEqual(gotN, n) {
			t.Fatalf("NPDU %+v, %v; want %+v", gotN, err, n)
		}
		m := BVLC{Function: uint8(r.IntN(13)), Data: text(r.IntN(40))}
		if m.Function == BVLCForwardedNPDU {
			m.Origin = text(6)
		}
		var gotM BVLC
		if _, err := Decode(&gotM, Append(nil, &m)); err != nil || !reflect.DeepEqual(gotM, m) {
			t.Fatalf("BVLC %+v, %v; want %+v", gotM, err, m)
		}
		tag := Tag{Number: uint8(r.IntN(255)), Context: true, Value: text(r.IntN(300))}
		switch r.IntN(4) {
		case 0:
			tag.Open, tag.Value = true, nil
		case 1:
			tag.Close, tag.Value = true, nil
		}
		var gotT Tag
		wire := AppendTag(nil, &tag)
		k, err := DecodeTag(&gotT, wire)
		if err != nil || k != len(wire) || gotT.Number != tag.Number || gotT.Open != tag.Open || gotT.Close != tag.Close || !bytes.Equal(gotT.Value, tag.Value) {
			t.Fatalf("tag %+v, %v; want %+v", gotT, err, tag)
		}
	}
}

func TestDecodeTagErrors(t *testing.T) {
	for _, in := range [][]byte{nil, {0xf9}, {0xf9, 255}, {0x2c, 1}, {0x25}, {0x25, 9, 1}, {0x25, 254, 1}, {0x25, 255, 0xff, 0xff, 0xff, 0xff}, {0x12}, {0x26}} {
		var tag Tag
		if _, err := DecodeTag(&tag, in); err != ErrTag {
			t.Errorf("%x: %+v, %v; want an error", in, tag, err)
		}
	}
}

func TestStrings(t *testing.T) {
	for _, tt := range []struct {
		in   []byte
		want string
	}{
		{append([]byte{0}, "Zähler"...), "Zähler"},
		{[]byte{4, 0, 'A', 0, 0xe4}, "Aä"},
		{[]byte{5, 0xe4, 'b'}, "äb"},
		{[]byte{3, 1, 2}, ""},
		{nil, ""},
	} {
		var buf [16]byte
		if got := string((&Tag{Value: tt.in}).text(buf[:0])); got != tt.want {
			t.Errorf("%x: %q, want %q", tt.in, got, tt.want)
		}
	}
	var buf [16]byte
	if got := (&Tag{Value: append([]byte{5}, bytes.Repeat([]byte{0xe4}, 100)...)}).text(buf[:0]); len(got) > len(buf) {
		t.Errorf("%d bytes in a buffer of %d", len(got), len(buf))
	}
}

func TestNames(t *testing.T) {
	if got := string(appendObject(nil, NewObjectID(8, 1234))); got != "device 1234" {
		t.Errorf("object %q", got)
	}
	if got := string(appendObject(nil, NewObjectID(200, 7))); got != "object-type-200 7" {
		t.Errorf("object %q", got)
	}
	for id, want := range map[uint32]string{85: "present-value", 77: "object-name", 121: "vendor-name", 70: "model-name", 44: "firmware-revision", 372: "serial-number", 18: "", 1 << 20: ""} {
		if got := propertyName(id); got != want {
			t.Errorf("property %d: %q, want %q", id, got, want)
		}
	}
	if got := string(appendCode(nil, errorCodes[:], 26)); got != "password-failure" {
		t.Errorf("error code %q", got)
	}
	if got := VendorName(5); got != "Johnson Controls" {
		t.Errorf("vendor %q", got)
	}
}

func TestWriteClass(t *testing.T) {
	for _, tt := range []struct {
		object   ObjectID
		property uint32
		want     event.OpClass
	}{
		{NewObjectID(1, 1), 85, event.OpWrite},
		{NewObjectID(0, 1), propEventEnable, event.OpAlarm},
		{NewObjectID(objectProgram, 1), propProgramChange, event.OpMode},
		{NewObjectID(objectDevice, 1), propConfigurationFiles, event.OpProgram},
	} {
		if got := writeClass(tt.object, tt.property); got != tt.want {
			t.Errorf("%d of %d: %s, want %s", tt.property, tt.object.Type(), got, tt.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{0x81, 0x0b, 0, 8, 1, 0, 0x10, 8})
	f.Add([]byte{0x81, 0x0a, 0, 17, 1, 4, 0, 5, 1, 12, 0x0c, 2, 0, 0, 1, 0x19, 77})
	f.Add([]byte{0x81, 4, 0, 18, 10, 0, 0, 1, 0xba, 0xc0, 1, 0x20, 0xff, 0xff, 0, 255, 0x10, 8})
	f.Fuzz(func(t *testing.T, b []byte) {
		var m BVLC
		n, err := Decode(&m, b)
		if err != nil {
			return
		}
		if again := Append(nil, &m); !bytes.Equal(again, b[:n]) {
			t.Fatalf("decoded %x, encoded %x", b[:n], again)
		}
		var np NPDU
		if DecodeNPDU(&np, m.Data) != nil {
			return
		}
		if again := AppendNPDU(nil, &np); !bytes.Equal(again, m.Data) {
			t.Fatalf("decoded %x, encoded %x", m.Data, again)
		}
		var a APDU
		if DecodeAPDU(&a, np.Data) != nil {
			return
		}
		var v parameters
		readConfirmed(&v, a.Service, a.Data)
		readUnconfirmed(&v, a.Service, a.Data)
		readError(a.Data)
		for _, s := range []uint8{SvcReadProperty, SvcReadPropertyMultiple} {
			values(s, a.Data, func(ObjectID, uint32, Tag) {})
		}
	})
}
