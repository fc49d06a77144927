package dns

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// wire joins pieces of a message: strings stand for themselves.
func wire(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch v := p.(type) {
		case string:
			b = append(b, v...)
		case int:
			b = append(b, byte(v))
		case []byte:
			b = append(b, v...)
		}
	}
	return b
}

// header makes a header with the given counts.
func header(id byte, flags Flags, qd, an, ns, ar byte) []byte {
	return []byte{0, id, byte(flags >> 8), byte(flags), 0, qd, 0, an, 0, ns, 0, ar}
}

func mustName(t testing.TB, s string) Name {
	t.Helper()
	n, err := NewName(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// question makes a query for name.
func question(t testing.TB, id byte, name string, typ uint16) []byte {
	return Append(nil, &Msg{ID: uint16(id), Flags: RD, Questions: []Question{{mustName(t, name), typ, ClassIN}}})
}

// response answers name with records whose owner points to the question.
func response(t testing.TB, id byte, flags Flags, name string, typ uint16, records ...[]byte) []byte {
	b := question(t, id, name, typ)
	b[2], b[3] = byte((flags|QR|RD)>>8), byte(flags)
	b[7] = byte(len(records))
	for _, r := range records {
		b = append(b, r...)
	}
	return b
}

// record makes a record whose owner is the question's name.
func record(typ uint16, data []byte) []byte {
	return wire(0xc0, 12, int(typ>>8), int(typ&255), 0, 1, 0, 0, 0, 60, len(data)>>8, len(data)&255, data)
}

func TestNames(t *testing.T) {
	msg := wire(make([]byte, HeaderLen), // 12:
		7, "example", 3, "com", 0, // 25:
		3, "www", 0xc0, 12, // 31:
		0xc0, 31, // a pointer to itself, 33:
		0xc0, 40, // forwards, 35:
		0x41, "x", 0, // 38:
		5, "ab", // 41: cut
	)
	for _, tt := range []struct {
		off  int
		want string
		end  int
		err  error
	}{
		{12, "example.com", 25, nil},
		{25, "www.example.com", 31, nil},
		{20, "com", 25, nil},
		{24, "<Root>", 25, nil},
		{31, "", 0, ErrPointer},
		{33, "", 0, ErrPointer},
		{35, "", 0, ErrLabel},
		{38, "", 0, ErrShort},
		{100, "", 0, ErrShort},
	} {
		end, err := skipName(msg, tt.off)
		if err != tt.err || end != tt.end {
			t.Errorf("skipName(%d) = %d, %v; want %d, %v", tt.off, end, err, tt.end, tt.err)
		}
		if err == nil {
			if got := (Name{msg, tt.off}).String(); got != tt.want {
				t.Errorf("name at %d = %q, want %q", tt.off, got, tt.want)
			}
		}
	}
}

func TestNameText(t *testing.T) {
	for _, tt := range []struct{ label, want string }{
		{"plain-label", "plain-label"},
		{"with space", "with space"},
		{"caf\xc3\xa9", "café"},
		{"\x00\x07\xff", `\000\007\255`},
		{"del\x7f", `del\127`},
		{"\xe2\x80\xae", `\226\128\174`}, // right-to-left override
	} {
		n := Name{msg: wire(len(tt.label), tt.label, 0)}
		if got := n.String(); got != tt.want {
			t.Errorf("name %q = %q, want %q", tt.label, got, tt.want)
		}
	}
	if _, err := NewName(strings.Repeat("abcdefg.", 40)); !errors.Is(err, ErrLong) {
		t.Errorf("a name of 320 bytes gives %v, want ErrLong", err)
	}
	if _, err := NewName("a..b"); err == nil {
		t.Error("an empty label is accepted")
	}
}

func TestNameHashIgnoresCase(t *testing.T) {
	a, b := mustName(t, "WwW.ExAmPle.com"), mustName(t, "www.example.COM")
	if a.Hash() != b.Hash() {
		t.Error("names that differ in case only have different hashes")
	}
	if a.Hash() == mustName(t, "www.example.org").Hash() {
		t.Error("different names have the same hash")
	}
}

func TestLongNameIsRefused(t *testing.T) {
	label := wire(63, strings.Repeat("a", 63))
	msg := wire(label, label, label, label, 0)
	if _, err := skipName(msg, 0); err != ErrLong {
		t.Errorf("a name of 257 bytes gives %v, want ErrLong", err)
	}
}

func TestRecordData(t *testing.T) {
	name := wire(3, "ns1", 0xc0, 12)
	for _, tt := range []struct {
		typ  uint16
		data []byte
		want string
	}{
		{TypeA, []byte{192, 0, 2, 7}, "192.0.2.7"},
		{TypeAAAA, wire(0x20, 1, 0xd, 0xb8, make([]byte, 11), 1), "2001:db8::1"},
		{TypeCNAME, name, "ns1.example.com"},
		{TypeNS, wire(0), "."},
		{TypeMX, wire(0, 10, name), "10 ns1.example.com"},
		{TypeSRV, wire(0, 1, 0, 2, 0x1f, 0x90, name), "1 2 8080 ns1.example.com"},
		{TypeTXT, wire(3, "a=1", 2, "b\n"), `a=1 b\010`},
		{TypeSOA, wire(name, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5), "ns1.example.com . 1 2 3 4 5"},
		{TypeNAPTR, wire(0, 1, 0, 2, 1, "S", 7, "SIP+D2U", 0, name), "1 2 S SIP+D2U  ns1.example.com"},
		{TypeHTTPS, wire(0, 1, 0, 0, 1, 0, 6, 2, "h2", 2, "h3", 0, 4, 0, 4, 192, 0, 2, 1), "1 . alpn=h2,h3 ipv4hint=192.0.2.1"},
		{TypeSVCB, wire(0, 0, 3, "ns1", 0), "0 ns1 "},
		{257, wire(0, 5, "issue", "ca.example"), "0 issue ca.example"},
		{43, wire(0, 7, 8, 2, 0xab), "7 8 2 ab"},
		{47, wire(name, 0, 1, 0x40), "ns1.example.com A"},
		{TypeNULL, wire(1, 2, 3), `\# 3 010203`},
		{999, wire(0xff), `\# 1 ff`},
		// What does not fit its type is shown as unknown.
		{TypeA, []byte{1, 2, 3}, `\# 3 010203`},
		{TypeTXT, wire(9, "short"), `\# 6 0973686f7274`},
		{TypeMX, wire(0, 10, 0xc0, 0xff), `\# 4 000ac0ff`},
	} {
		b := response(t, 1, 0, "example.com", tt.typ, record(tt.typ, tt.data))
		var m Msg
		if _, err := Decode(&m, b); err != nil || len(m.Answers) != 1 {
			t.Fatalf("%s: %v", TypeString(tt.typ), err)
		}
		got, ok := m.Answers[0].AppendData(nil)
		if string(got) != tt.want {
			t.Errorf("%s record = %q, want %q", TypeString(tt.typ), got, tt.want)
		}
		if wantOK := !strings.HasPrefix(tt.want, `\#`) || typeName(tt.typ) == "" || tt.typ == TypeNULL; ok != wantOK {
			t.Errorf("%s record: sound = %t", TypeString(tt.typ), ok)
		}
	}
}

func TestDecodeKeepsWhatComesBeforeAFault(t *testing.T) {
	b := response(t, 1, 0, "example.com", TypeA, record(TypeA, []byte{192, 0, 2, 1}))
	b[7] = 2 // one record more than there is
	var m Msg
	n, err := Decode(&m, b)
	if err != ErrShort || n != len(b) || len(m.Answers) != 1 || len(m.Questions) != 1 {
		t.Errorf("Decode = %d, %v with %d answers", n, err, len(m.Answers))
	}
}

func TestDecodeBoundsRecords(t *testing.T) {
	b := header(1, QR, 0, 0, 0, 0)
	for range 1000 {
		b = append(b, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0)
	}
	b[6], b[7] = 1000>>8, 1000&255
	var m Msg
	if n, err := Decode(&m, b); err != nil || n != len(b) || len(m.Answers) != MaxRecords {
		t.Errorf("Decode = %d, %v with %d answers kept", n, err, len(m.Answers))
	}
}

// sound reports whether the RDATA of all records is what their types want.
func sound(m *Msg) bool {
	for _, section := range [][]Record{m.Answers, m.Authority, m.Additional} {
		for i := range section {
			if _, ok := section[i].AppendData(nil); !ok {
				return false
			}
		}
	}
	return true
}

func seeds(f *testing.F) {
	f.Add(question(f, 1, "www.example.com", TypeA))
	f.Add(response(f, 1, RA, "example.com", TypeMX, record(TypeMX, wire(0, 10, 4, "mail", 0xc0, 12))))
	f.Add(response(f, 2, RA, "example.com", TypeHTTPS, record(TypeHTTPS, wire(0, 1, 0, 0, 1, 0, 3, 2, "h2"))))
	f.Add(response(f, 3, 3, "nothing.example", TypeAAAA))
	f.Add(header(4, QR, 9, 9, 9, 9))
	f.Add(wire(header(5, 0, 1, 0, 0, 0), AppendNetBIOS(nil, "HOST", 0x20), 0, 32, 0, 1))
	f.Add(wire(header(6, QR|AA, 0, 1, 0, 0), 5, "_http", 4, "_tcp", 5, "local", 0, 0, 16, 0x80, 1, 0, 0, 0, 9, 0, 4, 3, "a=b"))
}

// FuzzDecode checks that encoding what was decoded and decoding it again
// changes nothing.
func FuzzDecode(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		var m Msg
		n, err := Decode(&m, b)
		if n > len(b) {
			t.Fatalf("Decode took %d of %d bytes", n, len(b))
		}
		if err != nil || !sound(&m) || m.Counts[1] > MaxRecords || m.Counts[0] > MaxRecords {
			return
		}
		once := Append(nil, &m)
		var again Msg
		if n, err := Decode(&again, once); len(once) < 1<<16 && (err != nil || n != len(once)) {
			t.Fatalf("decoding %x again: %d, %v", once, n, err)
		}
		if twice := Append(nil, &again); !bytes.Equal(once, twice) {
			t.Fatalf("encoding again gives %x, want %x", twice, once)
		}
	})
}
