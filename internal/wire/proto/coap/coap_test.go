package coap

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMessagesOfTheStandards(t *testing.T) {
	tests := []struct {
		name, bytes string
		want        Message
	}{
		{"RFC 7252 figure 16, request", "40017d34bb74656d7065726174757265", Message{
			Type: CON, Code: GET, ID: 0x7d34, Options: []Option{{URIPath, []byte("temperature")}}}},
		{"RFC 7252 figure 16, response", "60457d34ff32322e332043", Message{
			Type: ACK, Code: Content, ID: 0x7d34, Payload: []byte("22.3 C"), Size: 6}},
		{"RFC 7252 figure 17, request", "41017d3520bb74656d7065726174757265", Message{
			Type: CON, Code: GET, ID: 0x7d35, Token: []byte{0x20}, Options: []Option{{URIPath, []byte("temperature")}}}},
		{"empty acknowledgement", "60007d38", Message{Type: ACK, ID: 0x7d38}},
		{"RFC 7641 register", "44 01 1234 4a4b4c4d 60 53 74656d", Message{
			Type: CON, Code: GET, ID: 0x1234, Token: []byte("JKLM"), Options: []Option{{Observe, nil}, {URIPath, []byte("tem")}}}},
		{"RFC 7959 block 2/1/64", "40020001 d1 0e 2a ff 78", Message{
			Type: CON, Code: POST, ID: 1, Options: []Option{{Block1, []byte{0x2a}}}, Payload: []byte("x"), Size: 1}},
		{"RFC 9175 echo", "40010001 d2 ef aabb d1 1b 78", Message{
			Type: CON, Code: GET, ID: 1, Options: []Option{{Echo, []byte{0xaa, 0xbb}}, {RequestTag, []byte("x")}}}},
	}
	for _, tt := range tests {
		raw := unhex(t, tt.bytes)
		var m Message
		d := Decoder{}
		if n, err := d.Decode(&m, raw); err != nil || n != len(raw) {
			t.Errorf("%s: Decode = %d, %v", tt.name, n, err)
			continue
		}
		if !same(&m, &tt.want) {
			t.Errorf("%s: %+v, want %+v", tt.name, m, tt.want)
		}
		if again, err := Append(nil, &m); err != nil || !bytes.Equal(again, raw) {
			t.Errorf("%s: written as % x, %v", tt.name, again, err)
		}
	}
	b := Block{Num: 2, More: true, SZX: 2}
	if o := (Option{Block1, []byte{byte(b.Uint())}}); o.Block() != b || b.Size() != 64 {
		t.Errorf("block %+v, %d bytes", o.Block(), b.Size())
	}
}

func TestFaults(t *testing.T) {
	tests := []struct {
		name, bytes string
		stream      bool
		want        error
	}{
		{"three bytes", "400100", false, ErrHeader},
		{"version 0", "0001abcd", false, ErrVersion},
		{"version 2", "8001abcd", false, ErrVersion},
		{"token length 9", "4901abcd 000102030405060708", false, ErrTokenLength},
		{"token length 13 in four bytes", "4d010001", false, ErrTokenLength},
		{"token beyond the end", "4401abcd 0102", false, ErrToken},
		{"ping with a token", "4100abcd 01", false, ErrEmpty},
		{"empty NON", "5000abcd", false, ErrTypeCode},
		{"reset with a code", "7001abcd", false, ErrTypeCode},
		{"request as acknowledgement", "6001abcd", false, ErrTypeCode},
		{"code class 1", "4020abcd", false, ErrClass},
		{"code class 7 in a datagram", "40e1abcd", false, ErrClass},
		{"delta 15", "4001abcd f0", false, ErrDelta},
		{"length 15", "4001abcd bf", false, ErrLength},
		{"option beyond the end", "4001abcd b474657374 15 61", false, ErrOption},
		{"extension beyond the end", "4001abcd d1", false, ErrOption},
		{"number above 65,535", "4001abcd e0ff00 e0ff00", false, ErrNumber},
		{"marker without payload", "4001abcd ff", false, ErrMarker},
		{"Uri-Query of 256 bytes", "4001abcd de 02 00f3" + strings.Repeat("61", 512), false, ErrOptionLength},
		{"If-None-Match with a value", "4003abcd 51 00", false, ErrOptionLength},
		{"two Uri-Hosts", "4001abcd 3161 0161", false, ErrOptionTwice},
		{"Uri-Path of bad UTF-8", "4001abcd b2 c328", false, ErrOptionUTF8},
		{"dot segment", "4001abcd b2 2e2e", false, ErrDotSegment},
		{"hop limit 0", "4001abcd d1 03 00", false, ErrHopLimit},
		{"block size 7", "4001abcd d1 0a 07", false, ErrBlockSize},
		{"block size 7 in a stream", "30 01 d1 0a 07", true, nil},
		{"CSM", "40 e1 22 0480 20", true, nil},
		{"token length 9 in a stream", "09 01 000102030405060708", true, ErrTokenLength},
		{"code class 6", "00 c0", true, ErrClass},
		{"not all there", "40 e1 22", true, ErrShort},
		{"ping with custody", "10 e2 20", true, nil},
		{"custody with a value", "20 e2 21 00", true, ErrOptionLength},
	}
	for _, tt := range tests {
		var m Message
		d := Decoder{Stream: tt.stream}
		if _, err := d.Decode(&m, unhex(t, tt.bytes)); err != tt.want {
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestExtendedTokens(t *testing.T) {
	for _, n := range []int{9, 12, 13, 14, 300, 65804} {
		for _, stream := range []bool{false, true} {
			m := &Message{Stream: stream, Code: GET, Token: bytes.Repeat([]byte{1}, n), Options: []Option{{URIPath, []byte("a")}}}
			raw, err := Append(nil, m)
			if err != nil {
				t.Fatal(err)
			}
			var got Message
			d := Decoder{Stream: stream, ExtendedTokens: true}
			if k, err := d.Decode(&got, raw); err != nil || k != len(raw) || !same(&got, m) {
				t.Errorf("token of %d bytes, stream %v: %d of %d, %v", n, stream, k, len(raw), err)
			}
			d.ExtendedTokens = false
			if _, err := d.Decode(&got, raw); err != ErrTokenLength {
				t.Errorf("token of %d bytes was taken although RFC 8974 is off: %v", n, err)
			}
		}
	}
}

// generator makes random messages that are right.
type generator struct{ *rand.Rand }

func (g generator) bytes(n int, alphabet string) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[g.IntN(len(alphabet))]
	}
	return b
}

func (g generator) message() *Message {
	m := &Message{Stream: g.IntN(2) == 0}
	codes := []Code{GET, POST, PUT, DELETE, FETCH, PATCH, IPATCH, Created, Content, BadOption, 2<<5 | 31, 5<<5 | 3}
	if m.Stream {
		codes = append(codes, CSM, Ping, Pong, Release, Abort)
	}
	m.Code = codes[g.IntN(len(codes))]
	if !m.Stream {
		m.ID = uint16(g.IntN(65536))
		if m.Type = Type(g.IntN(2)); m.Code.Response() {
			m.Type = Type(g.IntN(3))
		}
	}
	m.Token = g.bytes(g.IntN(9), "\x00\x01tok\xff")
	list := registered[:]
	if m.Code.Signal() {
		list = signalOptions[m.Code.Detail()]
	}
	for _, l := range list {
		for g.IntN(4) == 0 {
			n := int(l.min) + g.IntN(int(min(l.max, 300)-l.min)+1)
			o := Option{l.number, g.bytes(n, "abc")}
			if l.format == uinteger && n > 0 {
				o.Value[n-1] &^= 7
				o.Value[n-1] |= 1
			}
			m.Options = append(m.Options, o)
			if !l.repeats {
				break
			}
		}
	}
	for g.IntN(8) == 0 { // options that nobody knows
		m.Options = append(m.Options, Option{Number(3000 + g.IntN(60000)), g.bytes(g.IntN(900), "xyz")})
	}
	m.Payload = g.bytes(g.IntN(3)*g.IntN(40), "\x00\xffpay")
	m.Size = len(m.Payload)
	return m
}

// same compares what two messages say.
func same(a, b *Message) bool {
	if len(a.Options) != len(b.Options) {
		return false
	}
	for i := range a.Options {
		if a.Options[i].Number != b.Options[i].Number || !bytes.Equal(a.Options[i].Value, b.Options[i].Value) {
			return false
		}
	}
	x, y := *a, *b
	for _, m := range []*Message{&x, &y} {
		m.Options, m.Faults = nil, nil
		m.Token, m.Payload = append([]byte{}, m.Token...), append([]byte{}, m.Payload...)
	}
	return reflect.DeepEqual(x, y)
}

func TestDecodeInvertsAppend(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(3, 4))}
	for range 20000 {
		m := g.message()
		raw, err := Append(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		var got Message
		d := Decoder{Stream: m.Stream}
		n, err := d.Decode(&got, raw)
		if err != nil || n != len(raw) {
			t.Fatalf("% x: Decode = %d, %v\n%+v", raw, n, err, *m)
		}
		if !same(&got, m) {
			t.Fatalf("came back as\n%+v, was\n%+v", got, *m)
		}
		if m.Stream {
			for i := range raw[:min(len(raw), 64)] {
				if _, err := d.Decode(&got, raw[:i]); err != ErrShort {
					t.Fatalf("cut to %d of %d bytes: %v, want ErrShort", i, len(raw), err)
				}
			}
		}
	}
}

func TestLongStreamMessages(t *testing.T) {
	for _, n := range []int{11, 12, 13, 267, 268, 269, 65803, 65804, 65805, 100000} {
		m := &Message{Stream: true, Code: Content, Payload: bytes.Repeat([]byte{'x'}, n), Size: n}
		raw, err := Append(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		var got Message
		d := Decoder{Stream: true}
		if k, err := d.Decode(&got, raw); err != nil || k != len(raw) || !same(&got, m) {
			t.Errorf("payload of %d bytes: %d of %d, %v", n, k, len(raw), err)
		}
		if n < 300 {
			continue
		}
		if !d.DecodePrefix(&got, raw[:300]) || got.Size != n {
			t.Errorf("prefix of a payload of %d bytes: size %d", n, got.Size)
		}
		d.MaxSize = 1152
		if _, err := d.Decode(&got, raw[:6]); n > 1152 && err != ErrTooLarge {
			t.Errorf("payload of %d bytes: %v, want %v", n, err, ErrTooLarge)
		}
	}
}

func TestPathAndQuery(t *testing.T) {
	m := &Message{Code: GET}
	for _, s := range []string{"a", "", "b/c", "d e", "ü%"} {
		m.Add(URIPath, []byte(s))
	}
	for _, q := range []string{"x=1", "y=a&b"} {
		m.Add(URIQuery, []byte(q))
	}
	if got, want := string(m.AppendPath(nil)), "/a//b%2Fc/d%20e/ü%25"; got != want {
		t.Errorf("path %s, want %s", got, want)
	}
	if got, want := string(m.AppendQuery(nil)), "x=1&y=a%26b"; got != want {
		t.Errorf("query %s, want %s", got, want)
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		"41017d3520bb74656d7065726174757265", "60457d34ff32322e332043", "40e122048020", "4d010001",
		"64fff5063106fd400606fa29", "63ff00ff00dd8000fffa6201", "4402e6e2e2e68167b2726411", "40010759b474657374",
	} {
		f.Add(unhex(f, s), false, false)
		f.Add(unhex(f, s), true, true)
	}
	f.Fuzz(func(t *testing.T, b []byte, stream, extended bool) {
		var m, q Message
		d := Decoder{Stream: stream, ExtendedTokens: extended}
		n, err := d.Decode(&m, b)
		if err == nil && n > len(b) {
			t.Fatalf("%d of %d bytes", n, len(b))
		}
		l := d
		l.Lenient = true
		if _, lerr := l.Decode(&q, b); err == nil && (lerr != nil || len(q.Faults) > 0) {
			t.Fatalf("strict took what lenient found wrong: %v %v", lerr, q.Faults)
		}
		q.AppendPath(nil)
		if stream {
			l.DecodePrefix(&q, b)
		}
		if err != nil || m.Stream && m.Code == Empty {
			return
		}
		raw, err := Append(nil, &m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Decode(&q, raw); err != nil || !same(&m, &q) {
			t.Fatalf("% x was read, written as % x and came back as %+v, %v", b, raw, q, err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	m := &Message{Type: CON, Code: PUT, ID: 1, Token: []byte("tokn"), Payload: bytes.Repeat([]byte{'x'}, 100), Size: 100}
	m.Add(URIHost, []byte("gateway.example"))
	m.Add(URIPath, []byte("sensors"))
	m.Add(URIPath, []byte("temperature"))
	m.AddUint(ContentFormat, 60)
	raw, err := Append(nil, m)
	if err != nil {
		b.Fatal(err)
	}
	var got Message
	d := Decoder{}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Decode(&got, raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	m := &Message{Type: CON, Code: PUT, ID: 1, Token: []byte("tokn"), Payload: bytes.Repeat([]byte{'x'}, 100), Size: 100}
	m.Add(URIPath, []byte("sensors"))
	m.Add(URIPath, []byte("temperature"))
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buf, err = Append(buf[:0], m); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(buf)))
	}
}
