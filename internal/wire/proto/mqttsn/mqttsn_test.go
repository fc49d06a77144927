package mqttsn

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecode(t *testing.T) {
	tests := []struct {
		name, bytes string
		want        Message
		err         error
	}{
		{"connect", "0a 04 04 01 003c 6e6f6465", Message{Type: CONNECT, Clean: true, Duration: 60, ClientID: []byte("node")}, nil},
		{"publish at QoS -1", "09 0c 62 6162 0000 3231", Message{Type: PUBLISH, QoS: 3, TopicKind: Short, TopicID: 0x6162, Topic: []byte("ab"), Payload: []byte("21")}, nil},
		{"subscribe", "08 12 20 0007 612f23", Message{Type: SUBSCRIBE, QoS: 1, MsgID: 7, Topic: []byte("a/#")}, nil},
		{"long form", "01 0008 08 61", Message{}, ErrLength},
		{"forwarded", "05 fe 01 aabb 02 17", Message{Type: FORWARD, Radius: 1, Address: []byte{0xaa, 0xbb}, Inner: []byte{2, 0x17}}, nil},
		{"wrong length", "05 05 00", Message{}, ErrLength},
		{"reserved type", "03 03 00", Message{}, ErrType},
		{"short publish", "06 0c 00 0001 00", Message{}, ErrField},
		{"protocol 2", "0a 04 04 02 003c 6e6f6465", Message{}, ErrProtocol},
		{"no client", "06 04 04 01 003c", Message{}, ErrClientID},
		{"return code 9", "03 05 09", Message{}, ErrCode},
		{"ping response with a body", "03 17 00", Message{}, ErrTrailing},
		{"topic type 3", "08 12 03 0007 612f23", Message{}, ErrFlags},
	}
	for _, tt := range tests {
		var m Message
		_, err := Decode(&m, unhex(t, tt.bytes))
		if err != tt.err {
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.err)
		} else if err == nil && !reflect.DeepEqual(m, tt.want) {
			t.Errorf("%s: %+v, want %+v", tt.name, m, tt.want)
		}
	}
}

func TestDecodeInvertsAppend(t *testing.T) {
	g := rand.New(rand.NewPCG(1, 1))
	word := func(n int) []byte { return bytes.Repeat([]byte{'a' + byte(g.IntN(26))}, n) }
	for typ := range typeNames {
		if typeNames[typ] == "" {
			continue
		}
		for range 200 {
			in := &Message{
				Type: Type(typ), Dup: g.IntN(2) == 0, QoS: uint8(g.IntN(4)), Retain: g.IntN(2) == 0, TopicID: uint16(g.IntN(65536)),
				MsgID: uint16(g.IntN(65536)), Code: uint8(g.IntN(4)), Gateway: 3, Duration: uint16(g.IntN(65536)), HasSleep: g.IntN(2) == 0,
				ClientID: word(1 + g.IntN(23)), Topic: word(g.IntN(400)), Payload: word(g.IntN(400)), Radius: 1, TopicKind: TopicKind(g.IntN(3)),
			}
			raw, err := Append(nil, in)
			if err != nil {
				t.Fatal(err)
			}
			var out Message
			if n, err := Decode(&out, raw); err != nil || n != len(raw) {
				t.Fatalf("%s % x: %d, %v", in.Type, raw, n, err)
			}
			again, err := Append(nil, &out)
			if err != nil || !bytes.Equal(again, raw) {
				t.Fatalf("%s came back as % x, was % x", in.Type, again, raw)
			}
		}
	}
	if b, err := Append([]byte("x"), &Message{Type: PUBLISH, Payload: make([]byte, 70000)}); err == nil || string(b) != "x" {
		t.Error("a message of 70,000 bytes was written")
	}
}

func TestFacts(t *testing.T) {
	c := prototest.NewConn(17, 1883)
	p := new(parser)
	for _, line := range strings.Split(`C 0a04 04 01 003c 6e6f6465
S 0305 00
C 090a 0000 0001 612f62
S 070b 0005 0001 00
C 080c 20 0005 0002 31
S 070d 0005 0002 00
C 0812 00 0003 612f23
S 0813 00 0009 0003 00
C 0216
S 0217
C 0303 00
C 0418 0e10`, "\n") {
		dir := event.ToServer
		if line[0] == 'S' {
			dir = event.ToClient
		}
		if _, err := p.Data(c, dir, unhex(t, line[2:])); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		`"type":"connect","client_id":"node"`, `"type":"connack"`, `"type":"register","client_id":"node","topic":"a/b"`,
		`"type":"regack","client_id":"node","topic":"a/b","topic_id":5`, `"type":"publish","client_id":"node","topic":"a/b"`,
		`"type":"puback","client_id":"node","topic":"a/b"`, `"type":"subscribe","client_id":"node","topic":"a/#"`,
		`"type":"suback","client_id":"node","topic":"a/#","topic_id":9`, `"event":"message_type"`, `"type":"disconnect"`,
	}
	facts := c.Env.Out.Facts()
	if len(facts) != len(want) {
		t.Fatalf("%d facts, want %d", len(facts), len(want))
	}
	for i, w := range want {
		if got := string(facts[i].Body.AppendEVE(nil)); !strings.Contains(got, w) {
			t.Errorf("fact %d is %s, want %s in it", i, got, w)
		}
	}
	if c.Messages != [2]uint32{7, 5} {
		t.Errorf("messages %v", c.Messages)
	}
}

func TestTopicsAreBounded(t *testing.T) {
	c := prototest.NewConn(17, 1883)
	p := new(parser)
	for i := range 1000 {
		raw, err := Append(nil, &Message{Type: REGISTER, TopicID: uint16(i + 1), Topic: []byte(fmt.Sprintf("t/%d", i))})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Data(c, event.ToClient, raw); err != nil {
			t.Fatal(err)
		}
	}
	if len(p.topics) != maxTopics {
		t.Errorf("%d topics are kept", len(p.topics))
	}
	if got := string(p.lookup(1000)); got != "t/999" {
		t.Errorf("the newest topic is %q", got)
	}
}

func TestProbe(t *testing.T) {
	connect, connack := "0a 04 04 01 003c 6e6f6465", "030500"
	tests := []struct {
		name     string
		old, now string
		home     bool
		want     proto.Match
	}{
		{"at home", "", connack, true, proto.Weak},
		{"wrong at home", "", "030509", true, proto.No},
		{"CONNECT and CONNACK elsewhere", connect, connack, false, proto.Yes},
		{"CONNACK elsewhere", "", connack, false, proto.No},
	}
	for _, tt := range tests {
		s := &proto.Sample{Dir: event.ToClient, Port: tt.home, Conn: prototest.NewConn(17, 1883)}
		s.Data[0], s.Data[1] = unhex(t, tt.old), unhex(t, tt.now)
		if got := probe(s); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func FuzzParser(f *testing.F) {
	for _, s := range []string{"0a040401003c6e6f6465", "090c6261620000 3231", "08122000 07612f23", "05fe01aabb0217", "090a00000001612f62"} {
		f.Add(unhex(f, s), unhex(f, "070b0005000100"))
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		var m Message
		if _, err := Decode(&m, a); err == nil {
			raw, err := Append(nil, &m)
			if err != nil {
				t.Fatal(err)
			}
			var again Message
			if _, err := Decode(&again, raw); err != nil {
				t.Fatalf("% x was read, written as % x and refused: %v", a, raw, err)
			}
		}
		c := prototest.NewConn(17, 1883)
		p := new(parser)
		for i, x := range [][]byte{a, b, a} {
			if _, err := p.Data(c, event.Dir(i&1), x); err != nil {
				break
			}
		}
		p.End(c)
	})
}

func BenchmarkParser(b *testing.B) {
	c := prototest.NewConn(17, 1883)
	p := new(parser)
	raw, err := Append(nil, &Message{Type: PUBLISH, TopicID: 1, MsgID: 2, Payload: bytes.Repeat([]byte{'x'}, 40)})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		c.Env.Out.Reset()
		if _, err := p.Data(c, event.ToServer, raw); err != nil {
			b.Fatal(err)
		}
	}
}
