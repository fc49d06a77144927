package tls

import (
	"bytes"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

// datagram makes one record of a handshake message in pieces of that size, all
// in one datagram each.
func pieces(version uint16, m MessageType, seq uint16, body []byte, size int) (out [][]byte) {
	for off := 0; off == 0 || off < len(body); off += size {
		part := body[off:min(off+size, len(body))]
		b := AppendFragment(nil, &Fragment{m, len(body), seq, off, len(part)})
		b = append(b, part...)
		out = append(out, append(AppendDTLSRecord(nil, &DTLSRecord{Type: Handshake, Version: version, Sequence: uint64(seq), Length: len(b)}), b...))
	}
	return out
}

func protectedRecord(t ContentType, payload int) []byte {
	return append(AppendDTLSRecord(nil, &DTLSRecord{Type: t, Version: DTLS12, Epoch: 1, Sequence: 7, Length: payload}), make([]byte, payload)...)
}

// conversation is a DTLS 1.2 handshake with a cookie exchange and messages in
// pieces of size bytes.
func conversation(t testing.TB, size int) (turns []dialogue.Turn) {
	say := func(dir event.Dir, datagrams ...[]byte) {
		for _, d := range datagrams {
			turns = append(turns, dialogue.Turn{Dir: dir, Data: d})
		}
	}
	client := sample()
	client.Version = DTLS12
	client.Extensions = AppendExtension(nil, extServerName, list16(append([]byte{0}, list16([]byte("lwm2m.example"))...)))
	client.Random = bytes.Repeat([]byte{byte(size)}, 32)
	say(event.ToServer, pieces(DTLS10, ClientHelloType, 0, AppendClientHello(nil, &client, true), 4000)...)
	say(event.ToClient, pieces(DTLS10, HelloVerifyRequest, 0, []byte{0xfe, 0xff, 3, 'a', 'b', 'c'}, 4000)...)
	client.Cookie = []byte("abc")
	say(event.ToServer, pieces(DTLS12, ClientHelloType, 1, AppendClientHello(nil, &client, true), size)...)
	server := append(append(numbers(DTLS12), make([]byte, 32)...), 0, 0xc0, 0x2b, 0)
	say(event.ToClient, pieces(DTLS12, ServerHelloType, 1, server, size)...)
	der := issue(t, ecKey(t), nil)
	chain := append([]byte{0, byte(len(der) >> 8), byte(len(der))}, der...)
	chain = append([]byte{0, byte(len(chain) >> 8), byte(len(chain))}, chain...)
	say(event.ToClient, pieces(DTLS12, CertificateType, 2, chain, size)...)
	say(event.ToClient, pieces(DTLS12, ServerHelloDone, 3, nil, size)...)
	ccs := append(AppendDTLSRecord(nil, &DTLSRecord{Type: ChangeCipherSpec, Version: DTLS12, Length: 1}), 1)
	say(event.ToServer, append(ccs, protectedRecord(Handshake, 40)...))
	say(event.ToClient, append(ccs, protectedRecord(Handshake, 40)...))
	say(event.ToServer, protectedRecord(ApplicationData, 30))
	return turns
}

func TestDTLS(t *testing.T) {
	for _, size := range []int{4000, 100, 17} {
		turns := conversation(t, size)
		again := conversation(t, size+1)
		// A second handshake follows, and the first hello comes once more.
		turns = append(append(turns, turns[0]), again...)
		c := prototest.NewConn(17, 5684)
		dialogue.Play(t, DTLS, c, turns...)
		facts := dialogue.Facts[event.TLS](c)
		if len(facts) != 2 {
			t.Fatalf("pieces of %d: %d facts, want 2", size, len(facts))
		}
		for _, f := range facts {
			if !f.DTLS || !f.Established || f.Version != "DTLS 1.2" || f.SNI != "lwm2m.example" || f.Cipher != "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" ||
				!strings.Contains(f.Subject, "CN=cam-17") || !strings.HasPrefix(f.JA4, "dd2d0301") || len(f.Weak) != 0 {
				t.Errorf("pieces of %d: %+v", size, f)
			}
		}
		records := uint32(0)
		for _, turn := range turns {
			for b := turn.Data; len(b) > 0; records++ {
				var h DTLSRecord
				n, err := DecodeDTLSRecord(&h, b)
				if err != nil {
					t.Fatal(err)
				}
				b = b[n+h.Length:]
			}
		}
		if got := c.Messages[0] + c.Messages[1]; got != records || c.Errors != 0 {
			t.Errorf("pieces of %d: %d records, want %d; %d errors", size, got, records, c.Errors)
		}
	}
}

func TestDTLSPiecesOutOfOrder(t *testing.T) {
	turns := conversation(t, 100)
	// One piece twice, and all of the client's pieces again after a loss.
	c := prototest.NewConn(17, 5684)
	client := turns[2:4]
	dialogue.Play(t, DTLS, c, client[1], client[0], client[0], client[1])
	if facts := dialogue.Facts[event.TLS](c); len(facts) != 1 || facts[0].SNI != "lwm2m.example" || facts[0].Established {
		t.Errorf("got %+v", facts)
	}
}

func TestDTLS13(t *testing.T) {
	client := sample()
	client.Version = DTLS12
	client.Extensions = AppendExtension(nil, extSupportedVersion, list8(numbers(DTLS13, DTLS12)))
	server := append(append(numbers(DTLS12), make([]byte, 32)...), 0, 0x13, 1, 0)
	server = append(server, list16(AppendExtension(nil, extSupportedVersion, numbers(DTLS13)))...)
	c := prototest.NewConn(17, 5684)
	dialogue.Play(t, DTLS, c,
		dialogue.C(pieces(DTLS12, ClientHelloType, 0, AppendClientHello(nil, &client, true), 4000)[0]),
		dialogue.S(append(pieces(DTLS12, ServerHelloType, 0, server, 4000)[0], "\x2e\x00\x01 protected"...)),
		dialogue.C("\x2e\x00\x01 protected"))
	facts := dialogue.Facts[event.TLS](c)
	if len(facts) != 1 || facts[0].Version != "DTLS 1.3" || !facts[0].Established || facts[0].Offered != DTLS13 || facts[0].JA4[:3] != "dd3" {
		t.Errorf("got %+v", facts)
	}
}

func TestDTLSRefusal(t *testing.T) {
	turns := conversation(t, 4000)[:3]
	alert := append(AppendDTLSRecord(nil, &DTLSRecord{Type: Alert, Version: DTLS12, Length: 2}), 2, 40)
	c := prototest.NewConn(17, 5684)
	dialogue.Play(t, DTLS, c, append(turns, dialogue.S(alert))...)
	if facts := dialogue.Facts[event.TLS](c); len(facts) != 1 || facts[0].Alert != "handshake_failure" || facts[0].Established {
		t.Errorf("got %+v", facts)
	}
}

func TestProbeDTLS(t *testing.T) {
	hello := conversation(t, 4000)[0].Data
	tests := []struct {
		name string
		turn dialogue.Turn
		want proto.Match
	}{
		{"client hello", dialogue.C(hello), proto.Yes},
		{"client hello from the server", dialogue.S(hello), proto.No},
		{"cut", dialogue.C(hello[:len(hello)-1]), proto.No},
		{"more than it says", dialogue.C(append(bytes.Clone(hello), 1)), proto.No},
		{"application data", dialogue.S(protectedRecord(ApplicationData, 40)), proto.Yes},
		{"application data unprotected", dialogue.C("\x17\xfe\xfd\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01x"), proto.No},
		{"coap", dialogue.C("\x40\x01\x00\x01\xb4test"), proto.No},
		{"quic", dialogue.C("\xc0\x00\x00\x00\x01\x08abcdefgh"), proto.No},
		{"empty", dialogue.C(""), proto.No},
	}
	for _, tt := range tests {
		if got := dialogue.Recognise(DTLS, prototest.NewConn(17, 5684), tt.turn); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestDTLSFaults(t *testing.T) {
	c := prototest.NewConn(17, 5684)
	dialogue.Play(t, DTLS, c, dialogue.C("\x16\xfe\xfd\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03abc"), dialogue.S("junk"))
	facts := dialogue.Facts[event.Anomaly](c)
	if len(facts) != 2 || facts[0].Event != "handshake_fragment_invalid" || facts[1].Event != "record_header_invalid" {
		t.Errorf("got %+v", facts)
	}
}

func FuzzDTLSCodec(f *testing.F) {
	f.Add(conversation(f, 4000)[0].Data)
	f.Fuzz(func(t *testing.T, b []byte) {
		var h DTLSRecord
		n, err := DecodeDTLSRecord(&h, b)
		if err != nil {
			return
		}
		if again := AppendDTLSRecord(nil, &h); !bytes.Equal(again, b[:n]) {
			t.Fatalf("%x became %x", b[:n], again)
		}
		var fr Fragment
		if m, err := DecodeFragment(&fr, b[n:]); err == nil {
			if again := AppendFragment(nil, &fr); !bytes.Equal(again, b[n:n+m]) {
				t.Fatalf("%x became %x", b[n:n+m], again)
			}
		}
	})
}

func FuzzDTLSConversation(f *testing.F) {
	dialogue.Fuzz(f, DTLS, 17, 5684, dialogue.Seed(conversation(f, 300)...), dialogue.Seed(conversation(f, 4000)...))
}
