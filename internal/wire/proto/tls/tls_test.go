package tls

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"testing"
)

// numbers writes a list of two-byte numbers.
func numbers(v ...uint16) (b []byte) {
	for _, n := range v {
		b = binary.BigEndian.AppendUint16(b, n)
	}
	return b
}

// list16 and list8 put a length before a list.
func list16(b []byte) []byte { return appendVector16(nil, b) }
func list8(b []byte) []byte  { return appendVector8(nil, b) }

// sample is a hello message with everything in it that fingerprints look at.
func sample() ClientHello {
	var ext []byte
	ext = AppendExtension(ext, 0x2a2a, nil)
	name := append([]byte{0}, list16([]byte("device.example"))...)
	ext = AppendExtension(ext, extServerName, list16(name))
	ext = AppendExtension(ext, extSupportedGroups, list16(numbers(0x3a3a, 29, 23)))
	ext = AppendExtension(ext, extPointFormats, list8([]byte{0, 1}))
	ext = AppendExtension(ext, extALPN, list16(append(list8([]byte("h2")), list8([]byte("http/1.1"))...)))
	ext = AppendExtension(ext, extSignatureAlgs, list16(numbers(0x0403, 0x0804)))
	ext = AppendExtension(ext, extSupportedVersion, list8(numbers(0x4a4a, TLS13, TLS12)))
	return ClientHello{
		Version: TLS12, Random: bytes.Repeat([]byte{7}, 32), SessionID: []byte{1, 2, 3}, CipherSuites: numbers(0x1a1a, 0x1301, 0xc02b, 0x002f),
		Compression: []byte{0}, Extensions: ext,
	}
}

func TestDecodeClientHello(t *testing.T) {
	in := sample()
	for _, dtls := range []bool{false, true} {
		in.Cookie = nil
		if dtls {
			in.Cookie = []byte("cookie")
		}
		wire := AppendClientHello(nil, &in, dtls)
		var h ClientHello
		if err := DecodeClientHello(&h, wire, dtls); err != nil {
			t.Fatal(err)
		}
		if string(h.ServerName) != "device.example" || !h.HasServerName || h.Offered() != TLS13 || string(h.Cookie) != string(in.Cookie) {
			t.Errorf("got %+v", h)
		}
		name, rest := NextALPN(h.ALPN)
		second, _ := NextALPN(rest)
		if string(name) != "h2" || string(second) != "http/1.1" {
			t.Errorf("protocols %q, %q", name, second)
		}
		if again := AppendClientHello(nil, &h, dtls); !bytes.Equal(again, wire) {
			t.Errorf("written again it differs")
		}
		for cut := range wire {
			if cut == len(wire)-len(in.Extensions)-2 { // without extensions it is whole
				continue
			}
			if err := DecodeClientHello(&h, wire[:cut], dtls); err == nil {
				t.Fatalf("cut to %d of %d bytes it is still a hello", cut, len(wire))
			}
		}
	}
}

func TestFingerprints(t *testing.T) {
	h := sample()
	var full ClientHello
	if err := DecodeClientHello(&full, AppendClientHello(nil, &h, false), false); err != nil {
		t.Fatal(err)
	}
	const text = "771,4865-49195-47,0-10-11-16-13-43,29-23,0-1"
	if got := string(full.AppendJA3(nil)); got != text {
		t.Errorf("JA3 text %q, want %q", got, text)
	}
	if got := full.JA3(); got != md5.Sum([]byte(text)) {
		t.Errorf("JA3 %x", got)
	}
	part := func(s string) string { sum := shortSum([]byte(s)); return string(sum[:]) }
	want := "t13d0306h2_" + part("002f,1301,c02b") + "_" + part("000a,000b,000d,002b_0403,0804")
	if got := string(full.AppendJA4(nil, OverTCP)); got != want {
		t.Errorf("JA4 %q, want %q", got, want)
	}
	if got := full.AppendJA4(nil, OverQUIC); got[0] != 'q' || len(got) != JA4Len {
		t.Errorf("JA4 over QUIC %q", got)
	}
	server := ServerHello{Legacy: TLS12, Cipher: 0x1301, Extensions: AppendExtension(AppendExtension(nil, extSupportedVersion, numbers(TLS13)), 51, nil)}
	if got := server.JA3S(); got != md5.Sum([]byte("771,4865,43-51")) {
		t.Errorf("JA3S %x", got)
	}
}

// TestPublishedJA4 uses the example in FoxIO's technical description.
func TestPublishedJA4(t *testing.T) {
	h := ClientHello{
		Version: TLS12, HasServerName: true,
		CipherSuites: numbers(0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035),
		ALPN:         list8([]byte("h2")), Versions: numbers(TLS13, TLS12),
		SignatureSchemes: numbers(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601),
	}
	for _, id := range []uint16{0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015} {
		h.Extensions = AppendExtension(h.Extensions, id, nil)
	}
	if got, want := string(h.AppendJA4(nil, OverTCP)), "t13d1516h2_8daaf6152771_e5627efa2ab1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestJA4Edges(t *testing.T) {
	tests := []struct {
		name string
		h    ClientHello
		want string
	}{
		{"nothing", ClientHello{Version: SSL30}, "ts3i000000_000000000000_000000000000"},
		{"one letter", ClientHello{Version: TLS10, ALPN: list8([]byte("h"))}, "t10i0000hh_000000000000_000000000000"},
		{"no letter at the end", ClientHello{Version: TLS10, ALPN: list8([]byte("0\xab"))}, "t10i00003b_000000000000_000000000000"},
		{"no letters", ClientHello{Version: TLS10, ALPN: list8([]byte("\xab"))}, "t10i0000ab_000000000000_000000000000"},
		{"dtls", ClientHello{Version: DTLS12, Versions: numbers(DTLS12, DTLS13)}, "dd3i000000_000000000000_000000000000"},
		{"server name alone", ClientHello{Version: TLS11, HasServerName: true, Extensions: AppendExtension(nil, 0, nil), SignatureSchemes: numbers(0x0403)}, "t11d000100_000000000000_000000000000"},
	}
	for _, tt := range tests {
		over := OverTCP
		if tt.h.Version == DTLS12 {
			over = OverDTLS
		}
		if got := string(tt.h.AppendJA4(nil, over)); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
	many := ClientHello{Version: TLS12}
	for i := range uint16(120) {
		many.CipherSuites = append(many.CipherSuites, numbers(i)...)
		many.Extensions = AppendExtension(many.Extensions, 100+i, nil)
	}
	if got := string(many.AppendJA4(nil, OverTCP)[:10]); got != "t12i999900" {
		t.Errorf("counts above 99: %s", got)
	}
}

func TestDecodeServerHello(t *testing.T) {
	hello := func(version uint16, random string, ext []byte) []byte {
		b := numbers(version)
		b = append(b, random...)
		b = append(b, list8([]byte{9})...)
		b = append(b, 0x13, 0x01, 0)
		if ext != nil {
			b = append(b, list16(ext)...)
		}
		return b
	}
	random := string(bytes.Repeat([]byte{1}, 32))
	var h ServerHello
	if err := DecodeServerHello(&h, hello(TLS12, random, nil)); err != nil || h.Version != TLS12 || h.Cipher != 0x1301 || h.Retry {
		t.Errorf("plain: %+v, %v", h, err)
	}
	ext := AppendExtension(AppendExtension(nil, extSupportedVersion, numbers(TLS13)), extPreSharedKey, numbers(0))
	if err := DecodeServerHello(&h, hello(TLS12, random, ext)); err != nil || h.Version != TLS13 || h.Legacy != TLS12 || !h.Resumes {
		t.Errorf("1.3: %+v, %v", h, err)
	}
	if err := DecodeServerHello(&h, hello(TLS12, retryRandom, nil)); err != nil || !h.Retry {
		t.Errorf("retry: %+v, %v", h, err)
	}
	if err := DecodeServerHello(&h, hello(0x0505, random, nil)); !errors.Is(err, ErrVersion) {
		t.Errorf("unknown version: %v", err)
	}
	if err := DecodeServerHello(&h, hello(TLS12, random, nil)[:36]); !errors.Is(err, ErrLength) {
		t.Errorf("cut: %v", err)
	}
}

func TestDecodeRecord(t *testing.T) {
	var h RecordHeader
	want := RecordHeader{Handshake, TLS10, 300}
	wire := AppendRecord(nil, &want)
	if n, err := DecodeRecord(&h, wire); n != RecordHeaderLen || err != nil || h != want {
		t.Errorf("got %+v, %d, %v", h, n, err)
	}
	for in, want := range map[string]error{
		"\x16\x03\x01\x01": ErrShort, "\x13\x03\x01\x00\x01": ErrRecord, "\x16\x02\x01\x00\x01": ErrRecord,
		"\x16\x03\x05\x00\x01": ErrRecord, "\x16\x03\x01\xff\xff": ErrRecord,
	} {
		if _, err := DecodeRecord(&h, []byte(in)); !errors.Is(err, want) {
			t.Errorf("%x: %v, want %v", in, err, want)
		}
	}
}

// sslv2Hello makes a client hello in SSL 2.0's format.
func sslv2Hello(version uint16) []byte {
	ciphers := []byte{1, 0, 0x80, 0, 0, 0x2f, 0, 0, 0x0a}
	b := append([]byte{0x80, byte(9 + len(ciphers) + 16), 1}, numbers(version, uint16(len(ciphers)), 0, 16)...)
	b = append(b, ciphers...)
	return append(b, make([]byte, 16)...)
}

func TestDecodeSSLv2Hello(t *testing.T) {
	wire := sslv2Hello(TLS10)
	var h SSLv2Hello
	n, err := DecodeSSLv2Hello(&h, append(wire, "rest"...))
	if n != len(wire) || err != nil || h.Version != TLS10 || len(h.Challenge) != 16 || len(h.Ciphers) != 9 {
		t.Errorf("got %+v, %d, %v", h, n, err)
	}
	if _, err := DecodeSSLv2Hello(&h, wire[:20]); !errors.Is(err, ErrShort) {
		t.Errorf("cut: %v", err)
	}
	wire[1]++
	if _, err := DecodeSSLv2Hello(&h, wire); !errors.Is(err, ErrRecord) {
		t.Errorf("lengths that do not add up: %v", err)
	}
}

func TestWeakCipher(t *testing.T) {
	for id, want := range map[uint16]bool{
		0x0001: true, 0x0003: true, 0x0005: true, 0x0009: true, 0x000a: true, 0x0018: true, 0xc012: true, 0xc018: true,
		0x1301: false, 0xc02f: false, 0x002f: false, 0x00ff: false, 0xcca8: false,
	} {
		if got := WeakCipher(id); got != want {
			t.Errorf("%s: %v", CipherName(id), got)
		}
	}
}

func FuzzClientHello(f *testing.F) {
	h := sample()
	f.Add(AppendClientHello(nil, &h, false), false)
	f.Add(AppendClientHello(nil, &h, true), true)
	f.Fuzz(func(t *testing.T, b []byte, dtls bool) {
		var h, again ClientHello
		if DecodeClientHello(&h, b, dtls) != nil {
			return
		}
		if n := len(h.AppendJA4(nil, OverTCP)); n != JA4Len {
			t.Fatalf("JA4 of %d characters", n)
		}
		h.JA3()
		wire := AppendClientHello(nil, &h, dtls)
		if !bytes.HasPrefix(b, wire) {
			t.Fatalf("%x became %x", b, wire)
		}
		if err := DecodeClientHello(&again, wire, dtls); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzServerHello(f *testing.F) {
	f.Add(append(append(numbers(TLS12), make([]byte, 32)...), 0, 0x13, 1, 0, 0, 4, 0, 41, 0, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		var h ServerHello
		if DecodeServerHello(&h, b) == nil {
			h.JA3S()
		}
	})
}

func BenchmarkFingerprints(b *testing.B) {
	h := sample()
	wire := AppendClientHello(nil, &h, false)
	var ja4 [JA4Len]byte
	b.ReportAllocs()
	for b.Loop() {
		if err := DecodeClientHello(&h, wire, false); err != nil {
			b.Fatal(err)
		}
		h.JA3()
		h.AppendJA4(ja4[:0], OverTCP)
	}
}
