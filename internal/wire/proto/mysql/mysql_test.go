package mysql

import (
	"fmt"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

func packet(seq byte, payload string) string {
	return string([]byte{byte(len(payload)), byte(len(payload) >> 8), 0, seq}) + payload
}

func hello(version string) string {
	return packet(0, "\x0a"+version+"\x00"+"\x01\x00\x00\x00"+"12345678"+"\x00"+"\xff\xf7\x08\x02\x00\xff\x81\x15"+strings.Repeat("\x00", 10)+"123456789012\x00")
}

func login(user string) string {
	return packet(1, "\x05\xa6\x0f\x00"+"\x00\x00\x00\x01"+"\x08"+strings.Repeat("\x00", 23)+user+"\x00\x14"+strings.Repeat("p", 20))
}

func summary(c *proto.Conn) string {
	var out []string
	for _, f := range c.Env.Out.Facts() {
		switch b := f.Body.(type) {
		case *event.Login:
			out = append(out, fmt.Sprintf("%s:%s", b.User, b.Outcome))
		case *event.Identity:
			out = append(out, b.Banner)
		case *event.Anomaly:
			out = append(out, "anomaly:"+b.Event)
		}
	}
	return strings.Join(out, " ")
}

func TestOpenings(t *testing.T) {
	C, S := dialogue.C[string], dialogue.S[string]
	for _, tt := range []struct {
		name  string
		turns []dialogue.Turn
		want  string
	}{
		{"right", []dialogue.Turn{S(hello("5.7.33")), C(login("bob")), S(packet(2, "\x00\x00\x00\x02\x00\x00\x00")), C(packet(0, "\x03select 1"))}, "5.7.33 bob:success"},
		{"wrong", []dialogue.Turn{S(hello("8.0.1")), C(login("root")), S(packet(2, "\xff\x15\x04#28000Access denied"))}, "8.0.1 root:failure"},
		{"more wanted", []dialogue.Turn{S(hello("8.0.1")), C(login("a")), S(packet(2, "\x01\x04")), C(packet(3, "\x02")), S(packet(4, "\x00\x00\x00"))}, "8.0.1 a:success"},
		{"broken off", []dialogue.Turn{S(hello("8.0.1")), C(login("a"))}, "8.0.1 a:unknown"},
		{"rubbish", []dialogue.Turn{S(hello("8.0.1")), C(packet(1, "\x01\x02"))}, "8.0.1 anomaly:malformed_login"},
	} {
		c := prototest.NewConn(6, 3306)
		dialogue.PlayBytes(t, Protocol, c, tt.turns...)
		if got := summary(c); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
	c := prototest.NewConn(6, 3306)
	p := Protocol.New()
	p.Data(c, event.ToClient, []byte(hello("8.0.1")))
	p.Data(c, event.ToServer, []byte(packet(1, "\x05\xae\x0f\x00"+strings.Repeat("\x00", 28))))
	if next, ok := c.Becoming(); !ok || next != event.ProtoTLS {
		t.Errorf("becomes %v, %v", next, ok)
	}
}

func TestProbe(t *testing.T) {
	C, S := dialogue.C[string], dialogue.S[string]
	for _, tt := range []struct {
		turn dialogue.Turn
		want proto.Match
	}{
		{S(hello("5.5.5-10.3.39-MariaDB")), proto.Yes},
		{S(hello("5.7")[:20]), proto.More},
		{S(hello("x.y.z")), proto.No},
		{S("220 hello\r\n"), proto.No},
		{S("\x4a\x00\x00\x00\x0b"), proto.No},
		{C("GET /"), proto.No},
	} {
		if got := dialogue.Recognise(Protocol, prototest.NewConn(6, 3306), tt.turn); got != tt.want {
			t.Errorf("%q: %d, want %d", tt.turn.Data, got, tt.want)
		}
	}
}

func FuzzMySQL(f *testing.F) {
	C, S := dialogue.C[string], dialogue.S[string]
	dialogue.Fuzz(f, Protocol, 6, 3306, dialogue.Seed(S(hello("5.7.33")), C(login("bob")), S(packet(2, "\x00\x00"))), dialogue.Seed(S(hello("8")), C(packet(1, "\x01\x02\x03\x04\x05root\x00"))))
}
