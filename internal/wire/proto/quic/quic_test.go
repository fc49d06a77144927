package quic

import (
	"bytes"
	"crypto/aes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
	"edgeward/internal/wire/proto/tls"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestKeys uses the vectors of RFC 9001 appendix A.1 and RFC 9369 appendix A.1.
func TestKeys(t *testing.T) {
	dcid := unhex(t, "8394c8f03e515708")
	tests := []struct {
		version   uint32
		iv        string
		sample, m string // header protection of a sample
	}{
		{Version1, "fa044b2f42a3fd3b46fb255c", "d1b1c98dd7689fb8ec11d242b123dc9b", "437b9aec36"},
		{Version2, "91f73e2351d8fa91660e909f", "ffe67b6abcdb4298b485dd04de806071", "94a0c95e80"},
	}
	for _, tt := range tests {
		k, err := ClientKeys(tt.version, dcid)
		if err != nil {
			t.Fatal(err)
		}
		if hex.EncodeToString(k.iv[:]) != tt.iv {
			t.Errorf("version %x: iv %x", tt.version, k.iv)
		}
		var mask [16]byte
		k.mask.Encrypt(mask[:], unhex(t, tt.sample))
		if hex.EncodeToString(mask[:5]) != tt.m {
			t.Errorf("version %x: mask %x", tt.version, mask[:5])
		}
	}
	if _, err := ClientKeys(0x12345678, dcid); !errors.Is(err, ErrVersion) {
		t.Errorf("unknown version: %v", err)
	}
}

func varint(dst []byte, n int) []byte {
	switch {
	case n < 1<<6:
		return append(dst, byte(n))
	case n < 1<<14:
		return append(dst, byte(n>>8)|0x40, byte(n))
	}
	return binary.BigEndian.AppendUint32(dst, uint32(n)|0x80000000)
}

// initialPacket protects a payload as a client does in its Initial packets.
func initialPacket(t testing.TB, version uint32, keyID, dcid, token []byte, number uint32, payload []byte) []byte {
	t.Helper()
	first := byte(0xc1) // packet number of two bytes
	if version == Version2 || version == version2Draft {
		first = 0xd1
	}
	b := binary.BigEndian.AppendUint32([]byte{first}, version)
	b = append(append(b, byte(len(dcid))), dcid...)
	b = append(b, 0)
	b = append(varint(b, len(token)), token...)
	b = varint(b, 2+len(payload)+16)
	at := len(b)
	b = append(b, byte(number>>8), byte(number))
	k, err := ClientKeys(version, keyID)
	if err != nil {
		t.Fatal(err)
	}
	nonce := bytes.Clone(k.iv[:])
	nonce[10] ^= byte(number >> 8)
	nonce[11] ^= byte(number)
	b = k.aead.Seal(b, nonce, payload, bytes.Clone(b))
	var mask [aes.BlockSize]byte
	k.mask.Encrypt(mask[:], b[at+4:at+20])
	b[0] ^= mask[0] & 0x0f
	b[at] ^= mask[1]
	b[at+1] ^= mask[2]
	return b
}

func cryptoFrame(offset int, data []byte) []byte {
	return append(varint(varint([]byte{6}, offset), len(data)), data...)
}

// hello is a client hello with its handshake header.
func hello(name string, pad int) []byte {
	var ext []byte
	sni := append([]byte{0, byte(len(name) >> 8), byte(len(name))}, name...)
	ext = tls.AppendExtension(ext, 0, append([]byte{byte(len(sni) >> 8), byte(len(sni))}, sni...))
	ext = tls.AppendExtension(ext, 16, []byte("\x00\x03\x02h3"))
	ext = tls.AppendExtension(ext, 43, []byte{2, 3, 4})
	ua := append(varint(nil, 0x3129), append([]byte{10}, "Chrome/1.0"...)...)
	ext = tls.AppendExtension(ext, 57, append([]byte{0x01, 0x01, 0x05}, ua...))
	ext = tls.AppendExtension(ext, 51, make([]byte, pad))
	body := tls.AppendClientHello(nil, &tls.ClientHello{Version: tls.TLS12, Random: make([]byte, 32), CipherSuites: []byte{0x13, 1}, Compression: []byte{0}, Extensions: ext}, false)
	return append([]byte{1, 0, byte(len(body) >> 8), byte(len(body))}, body...)
}

// padded fills a payload up to the size that datagrams must have.
func padded(b []byte) []byte { return append(b, make([]byte, max(0, 1180-len(b)))...) }

func check(t *testing.T, c *proto.Conn, version, name string) {
	t.Helper()
	facts := dialogue.Facts[event.QUIC](c)
	if len(facts) != 1 {
		t.Fatalf("%d facts, want 1", len(facts))
	}
	f := facts[0]
	if f.Version != version || f.SNI != name || !slices.Equal(f.ALPN, []string{"h3"}) || f.UserAgent != "Chrome/1.0" || len(f.JA3) != 32 || !strings.HasPrefix(f.JA4, "q13d0105h3_") {
		t.Errorf("got %+v", f)
	}
}

func TestVersions(t *testing.T) {
	id := unhex(t, "8394c8f03e515708")
	for version, name := range map[uint32]string{
		Version1: "1", Version2: "2", version2Draft: "709a50c4", 0xff00001d: "draft-29", 0xff000018: "draft-24", 0xff000016: "draft-22",
		0xff000022: "draft-34", t051: "T051", 0xfaceb002: "faceb002",
	} {
		packet := initialPacket(t, version, id, id, nil, 0, padded(cryptoFrame(0, hello("site.example", 100))))
		c := prototest.NewConn(17, 443)
		if m := dialogue.Recognise(Protocol, c, dialogue.C(packet)); m != proto.Yes {
			t.Errorf("version %s: recognised %d", name, m)
		}
		dialogue.Play(t, Protocol, c, dialogue.C(packet))
		check(t, c, name, "site.example")
	}
}

func TestHelloInPieces(t *testing.T) {
	id, other := unhex(t, "8394c8f03e515708"), unhex(t, "0102030405060708")
	h := hello("long.example", 1800)
	shuffled := append(cryptoFrame(700, h[700:1000]), 1) // a PING between
	shuffled = append(shuffled, cryptoFrame(0, h[:300])...)
	shuffled = append(shuffled, cryptoFrame(250, h[250:700])...)
	ack := append([]byte{2, 0, 0, 1, 0, 0, 0}, cryptoFrame(1000, h[1000:])...)
	c := prototest.NewConn(17, 443)
	// The server's connection id takes the place of the client's choice; the keys stay.
	coalesced := append(initialPacket(t, Version1, id, other, nil, 1, ack), "\x40short header"...)
	dialogue.Play(t, Protocol, c,
		dialogue.C(initialPacket(t, Version1, id, id, nil, 0, padded(shuffled))),
		dialogue.S("\x40ack"),
		dialogue.C(coalesced))
	check(t, c, "1", "long.example")
	if c.Messages != [2]uint32{3, 1} {
		t.Errorf("messages %v", c.Messages)
	}
}

func TestRetry(t *testing.T) {
	id, fresh := unhex(t, "8394c8f03e515708"), unhex(t, "f067a5502a4262b5")
	h := hello("retry.example", 1500)
	retry := append(append([]byte{0xf0, 0, 0, 0, 1, 0, 8}, fresh...), make([]byte, 40)...)
	c := prototest.NewConn(17, 443)
	dialogue.Play(t, Protocol, c,
		dialogue.C(initialPacket(t, Version1, id, id, nil, 0, padded(cryptoFrame(0, h[:1000])))),
		dialogue.S(retry),
		dialogue.C(initialPacket(t, Version1, fresh, fresh, []byte("token"), 0, padded(cryptoFrame(0, h[:1000])))),
		dialogue.C(initialPacket(t, Version1, fresh, fresh, []byte("token"), 1, padded(cryptoFrame(1000, h[1000:])))))
	check(t, c, "1", "retry.example")
}

// chlo is a client hello of Google QUIC.
func chlo() []byte {
	b := append([]byte("CHLO"), 3, 0, 0, 0)
	end := uint32(0)
	values := ""
	for _, v := range []struct{ tag, value string }{{"PAD\x00", "--------"}, {"SNI\x00", "www.example"}, {"UAID", "Chrome/70"}} {
		end += uint32(len(v.value))
		values += v.value
		b = binary.LittleEndian.AppendUint32(append(b, v.tag...), end)
	}
	return append(b, values...)
}

func TestGoogle(t *testing.T) {
	id := "\x01\x02\x03\x04\x05\x06\x07\x08"
	q043 := "\x0d" + id + "Q043\x01" + strings.Repeat("h", 12) + "\xa0\x01\x00\x04" + string(chlo())
	q046 := "\xc3Q046\x50" + id + "\x00\x00\x00\x01" + strings.Repeat("h", 12) + "\xa0\x01\x00\x04" + string(chlo())
	frame := append(varint([]byte{8, 0}, len(chlo())), chlo()...)
	for version, packet := range map[string]string{
		"Q043": q043, "Q046": q046, "Q050": string(initialPacket(t, q050, []byte(id), []byte(id), nil, 0, padded(frame))),
	} {
		c := prototest.NewConn(17, 443)
		if m := dialogue.Recognise(Protocol, c, dialogue.C(packet)); m != proto.Yes {
			t.Errorf("%s: recognised %d", version, m)
		}
		dialogue.Play(t, Protocol, c, dialogue.C(packet), dialogue.S("\x08"+id+"answer"))
		facts := dialogue.Facts[event.QUIC](c)
		if len(facts) != 1 || facts[0].Version != version || facts[0].SNI != "www.example" || facts[0].UserAgent != "Chrome/70" {
			t.Errorf("%s: got %+v", version, facts)
		}
	}
}

func TestDamaged(t *testing.T) {
	id := unhex(t, "8394c8f03e515708")
	packet := initialPacket(t, Version1, id, id, nil, 0, padded(cryptoFrame(0, hello("damaged.example", 10))))
	packet[len(packet)-1] ^= 1
	c := prototest.NewConn(17, 443)
	dialogue.Play(t, Protocol, c, dialogue.C(packet))
	check(t, c, "1", "damaged.example")
}

func TestUnreadable(t *testing.T) {
	id := unhex(t, "8394c8f03e515708")
	packet := initialPacket(t, Version1, unhex(t, "0102030405060708"), id, nil, 0, padded(cryptoFrame(0, hello("x", 10))))
	c := prototest.NewConn(17, 443)
	dialogue.Play(t, Protocol, c, dialogue.C(packet))
	if facts := dialogue.Facts[event.QUIC](c); len(facts) != 1 || facts[0].Version != "1" || facts[0].SNI != "" {
		t.Errorf("got %+v", facts)
	}
}

func TestProbe(t *testing.T) {
	id := unhex(t, "8394c8f03e515708")
	packet := initialPacket(t, Version1, id, id, nil, 0, padded(nil))
	tests := []struct {
		name string
		turn dialogue.Turn
		want proto.Match
	}{
		{"initial", dialogue.C(packet), proto.Yes},
		{"too small a datagram", dialogue.C(initialPacket(t, Version1, id, id, nil, 0, make([]byte, 50))), proto.No},
		{"cut", dialogue.C(packet[:len(packet)-1]), proto.No},
		{"negotiation", dialogue.S("\x80\x00\x00\x00\x00\x00\x00\x1a\x2a\x3a\x4a\x00\x00\x00\x01"), proto.Yes},
		{"negotiation of nothing known", dialogue.S("\x80\x00\x00\x00\x00\x00\x00\x1a\x2a\x3a\x4a"), proto.No},
		{"unknown version", dialogue.C(append([]byte("\xc0\x12\x34\x56\x78"), packet[5:]...)), proto.No},
		{"short header", dialogue.C("\x40 what could be anything"), proto.No},
		{"dns", dialogue.C("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01"), proto.No},
		{"rtp", dialogue.C("\x80\x60\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01payload"), proto.No},
		{"empty", dialogue.C(""), proto.No},
	}
	for _, tt := range tests {
		if got := dialogue.Recognise(Protocol, prototest.NewConn(17, 443), tt.turn); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestCryptoStreamIsBounded(t *testing.T) {
	var s cryptoStream
	for i := range 10 * maxRanges {
		s.add(2*i+1, []byte{1})
	}
	s.add(maxCrypto, []byte{1})
	s.add(0, make([]byte, maxCrypto+1))
	if len(s.have) != maxRanges || len(s.buf) > maxCrypto {
		t.Errorf("%d ranges, %d bytes", len(s.have), len(s.buf))
	}
	s.add(0, make([]byte, 2*maxRanges+1))
	if len(s.ready()) != 2*maxRanges+1 {
		t.Errorf("%d bytes ready", len(s.ready()))
	}
}

func FuzzDecode(f *testing.F) {
	id := unhex(f, "8394c8f03e515708")
	f.Add(initialPacket(f, Version1, id, id, []byte("token"), 0, padded(nil)))
	f.Add([]byte("\x80\x00\x00\x00\x00\x00\x00\x1a\x2a\x3a\x4a\x00\x00\x00\x01"))
	f.Add(chlo())
	keys, err := ClientKeys(Version1, id)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var g GoogleHello
		DecodeGoogleHello(&g, b)
		googleHeader(b)
		var h Header
		if Decode(&h, b) != nil {
			return
		}
		if h.Length > len(b) || h.Length <= 0 || h.Number > h.Length {
			t.Fatalf("%+v of %d bytes", h, len(b))
		}
		if h.Type == Initial {
			keys.Open(nil, b, &h)
		}
	})
}

func FuzzFrames(f *testing.F) {
	f.Add(append([]byte{2, 0, 0, 1, 0, 0, 0}, cryptoFrame(3, []byte("abc"))...))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s, g cryptoStream
		s.frames(b)
		g.googleFrames(b)
		if len(s.ready()) > len(b) || len(s.buf) > maxCrypto || len(s.have) > maxRanges {
			t.Fatalf("%d bytes ready of %d", len(s.ready()), len(b))
		}
		userAgent(b)
	})
}

func FuzzConversation(f *testing.F) {
	id := unhex(f, "8394c8f03e515708")
	dialogue.Fuzz(f, Protocol, 17, 443,
		dialogue.Seed(dialogue.C(initialPacket(f, Version1, id, id, nil, 0, padded(cryptoFrame(0, hello("a.example", 10)))))),
		dialogue.Seed(dialogue.C("\x0d12345678Q043\x01"+strings.Repeat("h", 12)+"\xa0\x01\x00\x04"+string(chlo()))))
}

func BenchmarkInitial(b *testing.B) {
	id := unhex(b, "8394c8f03e515708")
	packet := initialPacket(b, Version1, id, id, nil, 0, padded(cryptoFrame(0, hello("a.example", 900))))
	p, c := Protocol.New(), prototest.NewConn(17, 443)
	b.ReportAllocs()
	for b.Loop() {
		p.Data(c, event.ToServer, packet)
		p.Reset()
		c.Env.Out.Reset()
	}
}
