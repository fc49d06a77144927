package mqtt

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

func TestStrictFaults(t *testing.T) {
	// One row for each breach; what comes before is right. The attack classes
	// are those of brokers' and clients' published vulnerabilities.
	tests := []struct {
		name    string
		version Version
		from    Side
		packet  string
		want    error
	}{
		{"topic of bad UTF-8", V311, Client, "3006 0002 c328 4142", ErrUTF8},
		{"topic with a surrogate", V311, Client, "3005 0003 eda080", ErrUTF8},
		{"topic with an overlong NUL", V311, Client, "3004 0002 c080", ErrUTF8},
		{"topic with NUL", V311, Client, "3003 0001 00", ErrNUL},
		{"empty topic", V311, Client, "3002 0000", ErrTopicEmpty},
		{"empty topic without alias", V5, Client, "3003 0000 00", ErrTopicEmpty},
		{"empty topic with alias", V5, Client, "3006 0000 03 230001", nil},
		{"topic length beyond the packet", V311, Client, "3004 ffff 6161", ErrTruncated},
		{"remaining length without end", V311, Client, "30ffffffff01", ErrLength},
		{"remaining length longer than needed", V5, Client, "c08000", ErrNotMinimal},
		{"SUBSCRIBE without options byte", V5, Client, "8206 0001 00 0001 23", ErrTruncated},
		{"PUBLISH of QoS 1 without identifier", V311, Client, "3203 0001 61", ErrTruncated},
		{"PUBLISH of QoS 1 with identifier 0", V311, Client, "3205 0001 61 0000", ErrPacketID},
		{"will with a property of CONNECT", V5, Client, "101a 0004 4d515454 05 06 003c 00 0001 61 05 1100000001 0001 74 0001 6d", ErrPropertyPlace},
		{"property twice", V5, Client, "1018 0004 4d515454 05 02 003c 0a 1100000001 1100000001 0001 61", ErrPropertyTwice},
		{"properties longer than the packet", V5, Client, "1010 0004 4d515454 05 02 003c 7f 1100 0001 61", ErrPropertySize},
		{"authentication data without method", V5, Client, "1012 0004 4d515454 05 02 003c 04 160001 78 0001 61", ErrAuthData},
		{"receive maximum 0", V5, Client, "1011 0004 4d515454 05 02 003c 03 210000 0001 61", ErrPropertyValue},
		{"CONNACK from a client", V311, Client, "2002 0000", ErrDirection},
		{"DISCONNECT from a 3.1.1 server", V311, Server, "e000", ErrDirection},
		{"AUTH in 3.1.1", V311, Client, "f000", ErrType},
		{"filter with # inside", V311, Client, "8208 0001 0003 232f61 00", ErrFilter},
		{"filter with + beside a letter", V311, Client, "8207 0001 0002 612b 00", ErrFilter},
		{"share name with a wildcard", V5, Client, "8210 0001 00 000a 2473686172652f2b2f61 00", ErrShared},
		{"SUBACK without codes", V311, Server, "9002 0001", ErrNoCodes},
		{"SUBACK with an unknown code", V311, Server, "9003 0001 03", ErrReason},
		{"CONNACK with session present and a refusal", V311, Server, "2002 0105", ErrSession},
		{"CONNACK with an unknown code", V311, Server, "2002 0006", ErrReason},
		{"DISCONNECT with a code of servers", V5, Client, "e001 8e", ErrReason},
		{"session taken over", V5, Server, "e001 8e", nil},
		{"DISCONNECT of a server with session expiry", V5, Server, "e007 82 05 1100000001", ErrPropertyPlace},
		{"PINGREQ with a body", V311, Client, "c001 00", ErrTrailing},
		{"PUBREL with wrong flags", V311, Client, "6002 0001", ErrFlags},
		{"PUBREL with DUP in 3.1", V31, Client, "6a02 0001", nil},
		{"wrong name", V311, Client, "100d 0004 4d515455 04 02 000a 0001 70", ErrProtocol},
		{"version 6", V311, Client, "100d 0004 4d515454 06 02 000a 0001 70", ErrVersion},
		{"bridge bit", V311, Client, "100d 0004 4d515454 84 02 000a 0001 70", nil},
		{"empty identifier in 3.1", V31, Client, "100e 0006 4d5149736470 03 02 000a 0000", ErrClientID},
	}
	for _, tt := range tests {
		var p Packet
		d := Decoder{Version: tt.version, From: tt.from}
		if _, err := d.Decode(&p, unhex(t, tt.packet)); err != tt.want {
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestLenientListsFaults(t *testing.T) {
	var p Packet
	d := Decoder{Version: V5, From: Client, Lenient: true}
	n, err := d.Decode(&p, unhex(t, "3a0a 0003 612f23 0000 00 4142c000"))
	if n != 12 || err != nil {
		t.Fatalf("Decode = %d, %v", n, err)
	}
	if want := []*Fault{ErrTopicWildcard, ErrPacketID}; !reflect.DeepEqual(p.Faults, want) {
		t.Errorf("faults %v, want %v", p.Faults, want)
	}
	if string(p.Topic) != "a/#" || string(p.Payload) != "AB" {
		t.Errorf("topic %q, payload %q", p.Topic, p.Payload)
	}
}

func TestStreamingPublish(t *testing.T) {
	whole, err := Append(nil, &Packet{Type: PUBLISH, Version: V5, QoS: 1, ID: 7, Topic: []byte("a/b"), Payload: bytes.Repeat([]byte{'x'}, 100_000), Size: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	var p Packet
	d := Decoder{Version: V5, From: Client, Streaming: true}
	for i := range 300 {
		n, err := d.Decode(&p, whole[:i])
		head := len(whole) - 100_000
		if i < head+HeadSize {
			if !errors.Is(err, ErrShort) || n != 0 {
				t.Fatalf("%d bytes: %d, %v, want ErrShort", i, n, err)
			}
			continue
		}
		if n != len(whole) || err != nil || p.Size != 100_000 || len(p.Payload) != i-head {
			t.Fatalf("%d bytes: %d, %v, payload %d of %d", i, n, err, len(p.Payload), p.Size)
		}
	}
	again, err := Append(nil, &p)
	if err != nil || !bytes.HasPrefix(whole, again) {
		t.Errorf("a packet whose payload is still to come is not written as it was: %v", err)
	}
}

func TestMaxSizeRefusesBeforeReading(t *testing.T) {
	var p Packet
	d := Decoder{MaxSize: 64 << 10}
	if _, err := d.Decode(&p, unhex(t, "30 80808074")); err != ErrTooLarge {
		t.Errorf("error %v, want %v", err, ErrTooLarge)
	}
}

func TestConnackCode(t *testing.T) {
	for _, tt := range []struct {
		f    *Fault
		v    Version
		code Reason
		ok   bool
	}{
		{ErrVersion, V311, RefusedVersion, true},
		{ErrClientID, V31, RefusedIdentifier, true},
		{ErrWillFlags, V311, 0, false},
		{ErrWillFlags, V5, MalformedPacket, true},
		{ErrVersion, V5, UnsupportedVersion, true},
	} {
		if code, ok := tt.f.ConnackCode(tt.v); code != tt.code || ok != tt.ok {
			t.Errorf("%s in version %d: %#x %v, want %#x %v", tt.f.Name, tt.v, code, ok, tt.code, tt.ok)
		}
	}
}

// same compares what two packets say.
func same(a, b *Packet) bool {
	x, y := *a, *b
	for _, p := range []*Packet{&x, &y} {
		p.Remaining, p.Flags, p.bodyless, p.Faults = 0, 0, false, nil
		for _, props := range []*Properties{&p.Props, &p.Connect.Will.Props} {
			for id := Property(0); id < propertyEnd; id++ {
				if info := &propertyTable[id]; !props.Has(id) && info.enc != encPair && info.enc != encVarint {
					if info.enc >= encString {
						props.bytes[info.slot] = nil
					} else if info.enc != encNone {
						props.nums[info.slot] = 0
					}
				}
			}
			if len(props.IDs) == 0 {
				props.IDs = nil
			}
			if len(props.Users) == 0 {
				props.Users = nil
			}
		}
		if len(p.Filters) == 0 {
			p.Filters = nil
		}
	}
	return reflect.DeepEqual(x, y)
}

func TestDecodeInvertsAppend(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(1, 2))}
	seen := map[Type]int{}
	for range 20000 {
		p, from := g.packet()
		raw, err := Append(nil, p)
		if err != nil {
			t.Fatalf("Append(%s): %v", p.Type, err)
		}
		var q Packet
		d := Decoder{Version: p.Version, From: from}
		n, err := d.Decode(&q, raw)
		if err != nil || n != len(raw) {
			t.Fatalf("%s of version %d, % x: Decode = %d, %v", p.Type, p.Version, raw, n, err)
		}
		if p.Type == CONNECT {
			p.Version = p.Connect.Version
		}
		if !same(p, &q) {
			t.Fatalf("%s of version %d came back as\n%+v, was\n%+v", p.Type, p.Version, q, *p)
		}
		seen[p.Type]++
		for i := range raw {
			if _, err := d.Decode(&q, raw[:i]); err != ErrShort {
				t.Fatalf("%s cut to %d of %d bytes: %v, want ErrShort", p.Type, i, len(raw), err)
			}
		}
	}
	for typ := CONNECT; typ <= AUTH; typ++ {
		if seen[typ] == 0 {
			t.Errorf("no %s was generated", typ)
		}
	}
}

func TestAppendRefusesWhatCannotBeWritten(t *testing.T) {
	long := bytes.Repeat([]byte{'a'}, maxString+1)
	for _, p := range []*Packet{
		{Type: PUBLISH, Topic: long},
		{Type: CONNECT, Connect: Connect{ClientID: long}},
		{Type: SUBSCRIBE, Filters: []Filter{{Topic: long}}},
		{Type: PUBLISH, Topic: []byte("a"), Size: maxVarint},
		{Type: Reserved},
	} {
		if b, err := Append([]byte("kept"), p); err == nil || string(b) != "kept" {
			t.Errorf("Append of an impossible %s = %q, %v", p.Type, b, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		"101a 0004 4d515454 05 06 003c 00 0001 61 05 1100000001 0001 74 0001 6d", "100f 0006 4d5149736470 03 02 000a 0001 70",
		"3205 0001 61 0001", "8206 0001 0001 23 00", "8209 0001 02 0b01 0001 70 00", "2009 0000 06 22000a 210014",
		"9004 0001 00 80", "f005 18 03 150000", "e007 00 05 1100000000", "6202 0001", "30ffffff7f", "d000",
	} {
		f.Add(unhex(f, s), uint8(5), uint8(1))
		f.Add(unhex(f, s), uint8(4), uint8(2))
	}
	f.Fuzz(func(t *testing.T, b []byte, version, from uint8) {
		var p, q Packet
		strict := Decoder{Version: Version(version % 6), From: Side(from % 3)}
		n, err := strict.Decode(&p, b)
		if n > len(b) && err == nil {
			t.Fatalf("a decoder that does not stream gave %d of %d bytes", n, len(b))
		}
		lenient := strict
		lenient.Lenient, lenient.Streaming = true, true
		if _, lerr := lenient.Decode(&q, b); err == nil && (lerr != nil || len(q.Faults) > 0) {
			t.Fatalf("strict took what lenient found wrong: %v %v", lerr, q.Faults)
		}
		lenient.DecodePrefix(&q, b)
		if err != nil {
			return
		}
		// What was read is written in its shortest form and read back alike.
		raw, err := Append(nil, &p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := strict.Decode(&q, raw); err != nil {
			t.Fatalf("% x was read, written as % x and refused: %v", b, raw, err)
		}
		if p.Version != V31 && !same(&p, &q) {
			t.Fatalf("% x came back as\n%+v, was\n%+v", raw, q, p)
		}
	})
}

func BenchmarkDecodePublish(b *testing.B) {
	raw, err := Append(nil, &Packet{Type: PUBLISH, Version: V5, QoS: 1, ID: 1, Topic: []byte("site/line-4/press/temperature"), Payload: []byte(strings.Repeat("21.5 ", 20)), Size: 100})
	if err != nil {
		b.Fatal(err)
	}
	var p Packet
	d := Decoder{Version: V5, From: Client}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Decode(&p, raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeConnect(b *testing.B) {
	g := generator{rand.New(rand.NewPCG(5, 6))}
	p := &Packet{Type: CONNECT, Version: V5}
	g.props(&p.Props, CONNECT, Client)
	g.connect(&p.Connect, V5)
	raw, err := Append(nil, p)
	if err != nil {
		b.Fatal(err)
	}
	var q Packet
	d := Decoder{From: Client}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Decode(&q, raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendPublish(b *testing.B) {
	p := &Packet{Type: PUBLISH, Version: V5, QoS: 1, ID: 1, Topic: []byte("site/line-4/press/temperature"), Payload: []byte(strings.Repeat("21.5 ", 20)), Size: 100}
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buf, err = Append(buf[:0], p); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(buf)))
	}
}
