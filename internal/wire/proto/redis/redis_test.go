package redis

import (
	"fmt"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

func array(args ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	return b.String()
}

func bulk(s string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(s), s) }

func TestDecode(t *testing.T) {
	var r Request
	in := array("SET", "k", "value")
	if n, err := Decode(&r, []byte(in)); err != nil || n != len(in) || r.Count != 3 || string(r.Args[1]) != "k" {
		t.Errorf("%d, %v, %+v", n, err, r)
	}
	if n, err := Decode(&r, []byte("PING hello\r\nx")); err != nil || n != 12 || r.Count != 2 || string(r.Args[0]) != "PING" {
		t.Errorf("%d, %v, %+v", n, err, r)
	}
	if n, err := Decode(&r, []byte("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000\r\nabc")); err != nil || n != 500000+31 {
		t.Errorf("a long value: %d, %v", n, err)
	}
	for _, bad := range []string{"*x\r\n", "*1\r\nabc\r\n", "*1\r\n$x\r\n", "*99999999\r\n", "a\x00b\r\n"} {
		if _, err := Decode(&r, []byte(bad)); err != ErrSyntax {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func summary(c *proto.Conn) string {
	var out []string
	for _, f := range c.Env.Out.Facts() {
		switch b := f.Body.(type) {
		case *event.Login:
			out = append(out, fmt.Sprintf("%s:%d:%s", b.User, b.Secret.Len, b.Outcome))
		case *event.Identity:
			out = append(out, b.Model+" "+b.Firmware+" on "+b.OS)
		case *event.Anomaly:
			out = append(out, "anomaly:"+b.Event)
		}
	}
	return strings.Join(out, " | ")
}

func TestConversations(t *testing.T) {
	C, S := dialogue.C[string], dialogue.S[string]
	for _, tt := range []struct {
		name  string
		turns []dialogue.Turn
		want  string
	}{
		{"guess, then look around", []dialogue.Turn{
			C(array("AUTH", "no")), S("-WRONGPASS x\r\n"), C(array("AUTH", "bob", "yes") + array("KEYS", "*") + array("INFO")),
			S("+OK\r\n*2\r\n" + bulk("a") + "*1\r\n:1\r\n" + bulk("# Server\r\nredis_version:7.0.5\r\nos:Linux 5 x86\r\n")),
		}, ":2:failure | bob:3:success | Redis 7.0.5 on Linux 5 x86"},
		{"inline", []dialogue.Turn{C("AUTH pw\r\n"), S("+OK\r\n")}, ":2:success"},
		{"never answered", []dialogue.Turn{C(array("AUTH", "x"))}, ":1:unknown"},
		{"a long reply", []dialogue.Turn{C(array("GET", "k") + array("AUTH", "pw")), S(bulk(strings.Repeat("v", 20000)) + "+OK\r\n")}, ":2:success"},
	} {
		for name, run := range map[string]func(testing.TB, proto.Protocol, *proto.Conn, ...dialogue.Turn){"": dialogue.Play, ", byte by byte": dialogue.PlayBytes} {
			t.Run(tt.name+name, func(t *testing.T) {
				c := prototest.NewConn(6, 6379)
				run(t, Protocol, c, tt.turns...)
				if got := summary(c); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
			})
		}
	}
}

func TestProbe(t *testing.T) {
	C, S := dialogue.C[string], dialogue.S[string]
	for _, tt := range []struct {
		turns []dialogue.Turn
		want  proto.Match
	}{
		{[]dialogue.Turn{C(array("PING"))}, proto.Yes},
		{[]dialogue.Turn{C(array("PING")), S("+PONG\r\n")}, proto.Yes},
		{[]dialogue.Turn{C("INFO\r\n")}, proto.Weak},
		{[]dialogue.Turn{C("INFO\r\n"), S("HTTP/1.1 400\r\n")}, proto.No},
		{[]dialogue.Turn{C("*1\r\n$4\r\nPI")}, proto.More},
		{[]dialogue.Turn{C("*1\r\n$4\r\nXYZW\r\n")}, proto.No},
		{[]dialogue.Turn{C("GET / HTTP/1.1\r\n"), S("HTTP/1.1 200 OK\r\n")}, proto.No},
		{[]dialogue.Turn{C("\x16\x03\x01")}, proto.No},
		{[]dialogue.Turn{S("220 ftp\r\n")}, proto.No},
	} {
		if got := dialogue.Recognise(Protocol, prototest.NewConn(6, 6379), tt.turns...); got != tt.want {
			t.Errorf("%q: %d, want %d", tt.turns[0].Data, got, tt.want)
		}
	}
}

func FuzzRedis(f *testing.F) {
	C, S := dialogue.C[string], dialogue.S[string]
	dialogue.Fuzz(f, Protocol, 6, 6379,
		dialogue.Seed(C(array("AUTH", "x")+array("INFO")), S("+OK\r\n"+bulk("redis_version:1\r\n"))),
		dialogue.Seed(C("PING\r\n"), S("*2\r\n%1\r\n:1\r\n:2\r\n$-1\r\n")))
}
