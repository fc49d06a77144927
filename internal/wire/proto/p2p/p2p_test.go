package p2p

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/shared"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

func handshake(client string) []byte {
	b := append([]byte("\x13BitTorrent protocol"), make([]byte, 28)...)
	return append(b, (client + strings.Repeat("z", 20))[:20]...)
}

func facts(c *proto.Conn) string {
	var out []string
	for _, f := range dialogue.Facts[event.P2P](c) {
		out = append(out, f.Protocol+":"+f.Detail)
	}
	return strings.Join(out, " ")
}

const nodeID = "abcdefghij0123456789"

func TestDecodeDHT(t *testing.T) {
	for in, want := range map[string]string{
		"d1:ad2:id20:" + nodeID + "e1:q4:ping1:t2:aa1:y1:qe":                              "q ping",
		"d1:ad2:id20:" + nodeID + "6:target20:" + nodeID + "e1:q9:find_node1:t1:x1:y1:qe": "q find_node",
		"d1:rd2:id20:" + nodeID + "5:nodes0:e1:t2:aa1:v4:UT011:y1:re":                     "r  UT01",
		"d1:eli201e7:Generice1:t2:aa1:y1:ee":                                              "e",
		"d1:ad2:id20:" + nodeID + "e1:q4:ping1:y1:qe":                                     "", // no transaction
		"d1:ad2:id3:abce1:q4:ping1:t2:aa1:y1:qe":                                          "", // a short id
		"d1:ad2:id20:" + nodeID + "e1:q4:ping1:t2:aa1:y1:qee":                             "", // more behind
		"d4:spam4:eggse":                   "",
		"ddddddddddddddddddddddddddddddde": "",
		"hello world, this is text e":      "",
		"d1:t99999:aae1:y1:qeeeeeeee":      "",
	} {
		var m DHT
		got := ""
		if DecodeDHT(&m, []byte(in)) == nil {
			got = strings.TrimSpace(string(m.Kind) + " " + string(m.Method) + " " + string(m.Version))
		}
		if got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func TestBitTorrent(t *testing.T) {
	C, S := dialogue.C[[]byte], dialogue.S[[]byte]
	c := prototest.NewConn(6, 6881)
	dialogue.PlayBytes(t, BitTorrent, c, C(handshake("-qB4250-")), S(handshake("-TR2940-")), S([]byte{0, 0, 0, 5, 4, 0, 0, 0, 1, 0, 0, 0, 0}))
	if got := facts(c); got != "bittorrent:qB4250" || c.Messages != [2]uint32{1, 3} {
		t.Errorf("%s, %v", got, c.Messages)
	}
	c = prototest.NewConn(17, 6881)
	dialogue.Play(t, BitTorrent, c, dialogue.C("d1:ad2:id20:88888888ij0123456789e1:q9:find_node1:t2:aa1:y1:qe"), dialogue.C("d1:ad2:id20:"+nodeID+"e1:q4:ping1:t2:ab1:y1:qe"))
	if got := facts(c); got != "bittorrent-dht:find_node node id 88888888" || c.Messages[0] != 2 {
		t.Errorf("%s, %v", got, c.Messages)
	}
}

func utp(kind byte, conn, seq, ack uint16) []byte {
	b := make([]byte, 20)
	b[0] = kind<<4 | 1
	binary.BigEndian.PutUint16(b[2:], conn)
	binary.BigEndian.PutUint16(b[16:], seq)
	binary.BigEndian.PutUint16(b[18:], ack)
	return b
}

func bitcoin(command string, payload []byte) []byte {
	b := append([]byte{0xf9, 0xbe, 0xb4, 0xd9}, (command + strings.Repeat("\x00", 12))[:12]...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	return append(append(b, 1, 2, 3, 4), payload...)
}

func levin(command uint32, payload string) []byte {
	b := append([]byte("\x01\x21\x01\x01\x01\x01\x01\x01"), byte(len(payload)), 0, 0, 0, 0, 0, 0, 0, 1)
	b = binary.LittleEndian.AppendUint32(b, command)
	b = append(b, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0)
	return append(b, payload...)
}

func TestCurrencies(t *testing.T) {
	version := append(make([]byte, 80), "\x0f/Satoshi:27.0/x\x00\x00\x00\x00\x01"...)
	c := prototest.NewConn(6, 8333)
	dialogue.PlayBytes(t, Bitcoin, c, dialogue.C(bitcoin("version", version)), dialogue.S(bitcoin("verack", nil)), dialogue.C(bitcoin("tx", make([]byte, 300))), dialogue.C(bitcoin("ping", make([]byte, 8))))
	if got := facts(c); got != "bitcoin:bitcoin /Satoshi:27.0/x" || c.Messages != [2]uint32{3, 1} {
		t.Errorf("%s, %v", got, c.Messages)
	}
	c = prototest.NewConn(6, 18080)
	dialogue.PlayBytes(t, Monero, c, dialogue.C(levin(1001, "payload")), dialogue.S(levin(1001, "")), dialogue.C(levin(1002, "x")))
	if got := facts(c); got != "monero:levin handshake" || c.Messages != [2]uint32{2, 1} {
		t.Errorf("%s, %v", got, c.Messages)
	}
}

func discovery(kind byte, list string) []byte {
	b := bytes.Repeat([]byte{7}, 96)
	return append(append(b, 1, kind), list...)
}

const ping = "\xdd\x04\xcb\x84\x7f\x00\x00\x01\x82\x76\x5f\x82\x76\x5f\xc9\x84\x4f\x16\xce\xbd\x82\xe9\xf7\x80\x84\x5e\x16\x20\x5e\x05"

func rlpx(n int) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(n))
	return append(append(b, 4), make([]byte, n-1)...)
}

func TestEthereum(t *testing.T) {
	c := prototest.NewConn(17, 30303)
	dialogue.Play(t, Ethereum, c, dialogue.C(discovery(1, ping)))
	if got := facts(c); got != "ethereum:ping" {
		t.Error(got)
	}
	for name, bad := range map[string][]byte{
		"type":      discovery(9, ping),
		"no list":   discovery(1, "\x84abcd"),
		"few items": discovery(1, "\xc2\x04\x05"),
		"cut":       discovery(1, ping[:20]),
		"no expiry": discovery(3, "\xc2\x01\x02"),
	} {
		var d Discovery
		if DecodeDiscovery(&d, bad) == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestProbes(t *testing.T) {
	C, S := dialogue.C[[]byte], dialogue.S[[]byte]
	for _, tt := range []struct {
		name      string
		p         proto.Protocol
		transport uint8
		port      bool
		turns     []dialogue.Turn
		want      proto.Match
	}{
		{"handshake", BitTorrent, 6, false, []dialogue.Turn{C(handshake("x"))}, proto.Yes},
		{"half a handshake", BitTorrent, 6, false, []dialogue.Turn{C(handshake("x")[:10])}, proto.More},
		{"http", BitTorrent, 6, true, []dialogue.Turn{C([]byte("GET /"))}, proto.No},
		{"tracker", BitTorrent, 17, false, []dialogue.Turn{C([]byte("\x00\x00\x04\x17\x27\x10\x19\x80\x00\x00\x00\x00abcd"))}, proto.Yes},
		{"local search", BitTorrent, 17, false, []dialogue.Turn{C([]byte("BT-SEARCH * HTTP/1.1\r\nHost: x\r\n"))}, proto.Yes},
		{"utp opening", BitTorrent, 17, false, []dialogue.Turn{C(utp(4, 7, 1, 0))}, proto.More},
		{"utp answered", BitTorrent, 17, false, []dialogue.Turn{C(utp(4, 7, 1, 0)), S(utp(2, 7, 900, 1))}, proto.Yes},
		{"utp answered by another", BitTorrent, 17, false, []dialogue.Turn{C(utp(4, 7, 1, 0)), S(utp(2, 8, 900, 1))}, proto.No},
		{"utp data alone", BitTorrent, 17, true, []dialogue.Turn{C(utp(0, 7, 1, 0))}, proto.No},
		{"dns", BitTorrent, 17, false, []dialogue.Turn{C([]byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01"))}, proto.No},
		{"bitcoin", Bitcoin, 6, false, []dialogue.Turn{C(bitcoin("version", nil))}, proto.Yes},
		{"bitcoin, other magic", Bitcoin, 6, true, []dialogue.Turn{C([]byte("\xf9\xbe\xb4\x00version\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))}, proto.No},
		{"bitcoin, no command", Bitcoin, 6, true, []dialogue.Turn{C([]byte("\xf9\xbe\xb4\xd9\x00\x01"))}, proto.No},
		{"monero", Monero, 6, false, []dialogue.Turn{C(levin(1001, "x"))}, proto.Yes},
		{"discovery", Ethereum, 17, false, []dialogue.Turn{C(discovery(1, ping))}, proto.Yes},
		{"session, one side", Ethereum, 6, false, []dialogue.Turn{C(rlpx(400))}, proto.More},
		{"session, one side, port", Ethereum, 6, true, []dialogue.Turn{C(rlpx(400))}, proto.Weak},
		{"session", Ethereum, 6, false, []dialogue.Turn{C(rlpx(400)), S(rlpx(380))}, proto.Yes},
		{"session, text answer", Ethereum, 6, true, []dialogue.Turn{C(rlpx(400)), S([]byte("HTTP/1.1 400"))}, proto.No},
	} {
		c := prototest.NewConn(tt.transport, 7)
		c.Registered = tt.port
		if got := dialogue.Recognise(tt.p, c, tt.turns...); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestNoiseIsNotClaimed(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 200)
	for range 50000 {
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		n := 20 + rng.IntN(180)
		for _, p := range []proto.Protocol{BitTorrent, Ethereum} {
			c := prototest.NewConn(17, 7)
			if m := p.Probe(&proto.Sample{Data: [2][]byte{b[:n]}, Conn: c}); m == proto.Yes {
				t.Fatalf("%s claims %x", p.ID, b[:n])
			}
		}
	}
}

func TestProbesDoNotAllocate(t *testing.T) {
	s := &proto.Sample{Conn: prototest.NewConn(17, 7)}
	s.Data[0] = []byte("d1:ad2:id20:" + nodeID + "e1:q4:ping1:t2:aa1:y1:qe")
	if n := shared.AllocsPerRun(100, func() { BitTorrent.Probe(s); Ethereum.Probe(s) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzBitTorrent(f *testing.F) {
	dialogue.Fuzz(f, BitTorrent, 6, 6881, dialogue.Seed(dialogue.C(handshake("-qB4250-")), dialogue.S(handshake("x")), dialogue.S([]byte{0, 0, 0, 1, 0})))
}

func FuzzDatagrams(f *testing.F) {
	dialogue.Fuzz(f, BitTorrent, 17, 6881,
		dialogue.Seed(dialogue.C("d1:ad2:id20:"+nodeID+"e1:q4:ping1:t2:aa1:y1:qe"), dialogue.S("d1:eli201e7:Generice1:t2:aa1:y1:ee"), dialogue.C(utp(4, 1, 1, 0))))
}

func FuzzDiscovery(f *testing.F) {
	dialogue.Fuzz(f, Ethereum, 17, 30303, dialogue.Seed(dialogue.C(discovery(1, ping)), dialogue.S(discovery(3, "\xc6\x01\x84abcd"))))
}

func FuzzCurrencies(f *testing.F) {
	dialogue.Fuzz(f, Bitcoin, 6, 8333, dialogue.Seed(dialogue.C(bitcoin("version", make([]byte, 90))), dialogue.S(bitcoin("verack", nil))))
}

func FuzzMonero(f *testing.F) {
	dialogue.Fuzz(f, Monero, 6, 18080, dialogue.Seed(dialogue.C(levin(1001, "abc")), dialogue.S(levin(1002, ""))))
}
