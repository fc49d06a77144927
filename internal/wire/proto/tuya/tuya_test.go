package tuya

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

const announce = `{"ip":"192.0.2.9","gwId":"bf00000000000000aa","active":2,"encrypt":true,"productKey":"keyproduct000001","version":"3.3"}`

func TestDecodeInvertsAppend(t *testing.T) {
	for _, in := range []Frame{
		{Command: 9},
		{Sequence: 7, Command: 10, Data: []byte("3.3data")},
		{Command: 8, HasCode: true, Code: 1, Data: []byte("answer")},
		{Command: 0x13, HasCode: true, Data: SealBroadcast([]byte(announce))},
	} {
		raw := Append(nil, &in)
		var f Frame
		n, err := Decode(&f, raw)
		if err != nil || n != len(raw) || f.Command != in.Command || f.Code != in.Code || f.HasCode != in.HasCode || !bytes.Equal(f.Data, in.Data) {
			t.Errorf("%+v came back as %+v, %d of %d, %v", in, f, n, len(raw), err)
		}
		for i := range raw {
			if _, err := Decode(&f, raw[:i]); err != ErrShort {
				t.Fatalf("cut to %d bytes: %v", i, err)
			}
		}
		raw[5] ^= 1
		if _, err := Decode(&f, raw); err == nil && !f.HMAC {
			t.Error("a wrong checksum was taken")
		}
	}
}

// gcm writes a broadcast of protocol 3.5.
func gcm(text string) []byte {
	b := binary.BigEndian.AppendUint32(nil, prefix66)
	b = append(b, 0, 0, 0, 0, 0, 1)
	b = binary.BigEndian.AppendUint32(b, 0x13)
	b = binary.BigEndian.AppendUint32(b, uint32(nonce66+len(text)+16))
	nonce := []byte("123456789012")
	b = append(b, broadcastGCM().Seal(nonce, nonce, []byte(text), b[4:head66])...)
	return binary.BigEndian.AppendUint32(b, suffix66)
}

func TestOpenBroadcast(t *testing.T) {
	tests := []struct {
		name          string
		raw           []byte
		encrypted, ok bool
	}{
		{"clear", Append(nil, &Frame{HasCode: true, Data: []byte(announce)}), false, true},
		{"encrypted", Append(nil, &Frame{Command: 0x13, HasCode: true, Data: SealBroadcast([]byte(announce))}), true, true},
		{"3.5", gcm(announce), true, true},
		{"3.5 with a return code", gcm("\x00\x00\x00\x00" + announce), true, true},
		{"another key", Append(nil, &Frame{HasCode: true, Data: bytes.Repeat([]byte{7}, 32)}), true, false},
		{"no blocks", Append(nil, &Frame{HasCode: true, Data: []byte("abc")}), true, false},
	}
	for _, tt := range tests {
		var f Frame
		if _, err := Decode(&f, tt.raw); err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		text, encrypted, ok := f.OpenBroadcast(nil)
		if encrypted != tt.encrypted || ok != tt.ok || ok && string(text) != announce {
			t.Errorf("%s: %s, encrypted %v, ok %v", tt.name, text, encrypted, ok)
		}
	}
}

func facts(c *proto.Conn) string {
	var out strings.Builder
	for _, f := range c.Env.Out.Facts() {
		fmt.Fprintf(&out, "%s %v {%s}\n", f.Kind(), f.Src, f.Body.AppendEVE(nil))
	}
	return out.String()
}

func TestBroadcasts(t *testing.T) {
	for _, raw := range [][]byte{
		Append(nil, &Frame{Command: 0x13, HasCode: true, Data: SealBroadcast([]byte(announce))}), gcm(announce),
	} {
		c := prototest.NewConn(17, 6667)
		p := new(parser)
		for range 5 {
			if _, err := p.Data(c, event.ToServer, raw); err != nil {
				t.Fatal(err)
			}
		}
		want := `tuya 192.0.2.1 {"command":19,"name":"udp-new","gw_id":"bf00000000000000aa","product_key":"keyproduct000001","version":"3.3","encrypted":true}
identity 192.0.2.1 {"source":"tuya.announce","vendor":"Tuya","serial":"bf00000000000000aa"}
`
		if got := facts(c); got != want || c.Messages[0] != 5 {
			t.Errorf("%d messages, facts\n%s", c.Messages[0], got)
		}
	}
}

func TestStream(t *testing.T) {
	c := prototest.NewConn(6, 6668)
	p := new(parser)
	var raw []byte
	raw = Append(raw, &Frame{Sequence: 1, Command: 7, Data: append([]byte("3.3\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), make([]byte, 32)...)})
	raw = Append(raw, &Frame{Sequence: 2, Command: 9})
	raw = Append(raw, &Frame{Sequence: 3, Command: 10, Data: []byte(`{"gwId":"bf00000000000000aa"}`)})
	if _, err := prototest.Feed(p, c, event.ToServer, raw, 11); err != nil {
		t.Fatal(err)
	}
	got := facts(c)
	for _, want := range []string{`"name":"control","version":"3.3","encrypted":true`, `"name":"query","gw_id":"bf00000000000000aa"`, "identity"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if c.Messages[0] != 3 {
		t.Errorf("%d messages", c.Messages[0])
	}
	if _, err := p.Data(c, event.ToServer, []byte("garbage")); err == nil {
		t.Error("garbage in the stream was taken")
	}
}

func TestProbe(t *testing.T) {
	raw := Append(nil, &Frame{Command: 7, Data: []byte("x")})
	tests := []struct {
		name      string
		transport uint8
		b         []byte
		want      proto.Match
	}{
		{"datagram", 17, raw, proto.Yes},
		{"bytes behind a datagram", 17, append(bytes.Clone(raw), 0), proto.No},
		{"stream", 6, append(bytes.Clone(raw), 0), proto.Yes},
		{"beginning", 6, raw[:10], proto.More},
		{"other", 6, []byte("GET / HTTP/1.1"), proto.No},
	}
	for _, tt := range tests {
		s := &proto.Sample{Conn: prototest.NewConn(tt.transport, 6668)}
		s.Data[0] = tt.b
		if got := probe(s); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func FuzzParser(f *testing.F) {
	f.Add(Append(nil, &Frame{Command: 0x13, HasCode: true, Data: SealBroadcast([]byte(announce))}), false)
	f.Add(gcm(announce), false)
	f.Add(append(Append(nil, &Frame{Command: 7, Data: []byte("3.3")}), Append(nil, &Frame{Command: 9})...), true)
	f.Fuzz(func(t *testing.T, b []byte, stream bool) {
		transport := uint8(17)
		if stream {
			transport = 6
		}
		c := prototest.NewConn(transport, 6668)
		p := new(parser)
		probe(&proto.Sample{Data: [2][]byte{b, b}, Conn: c})
		if _, err := p.Data(c, event.ToServer, b); err != nil {
			return
		}
		p.End(c)
	})
}

func BenchmarkBroadcast(b *testing.B) {
	raw := Append(nil, &Frame{Command: 0x13, HasCode: true, Data: SealBroadcast([]byte(announce))})
	c := prototest.NewConn(17, 6667)
	p := new(parser)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		c.Env.Out.Reset()
		if _, err := p.Data(c, event.ToServer, raw); err != nil {
			b.Fatal(err)
		}
	}
}
