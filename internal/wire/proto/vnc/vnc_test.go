package vnc

import (
	"fmt"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

func summary(c *proto.Conn) string {
	var out []string
	for _, f := range c.Env.Out.Facts() {
		switch b := f.Body.(type) {
		case *event.VNC:
			out = append(out, fmt.Sprintf("%s:%s:%s:%s", b.ServerVersion, b.ClientVersion, b.Security, b.Result))
		case *event.Login:
			out = append(out, "login:"+b.Outcome)
		case *event.Identity:
			out = append(out, "id:"+b.Name)
		case *event.Anomaly:
			out = append(out, "anomaly:"+b.Event)
		}
	}
	return strings.Join(out, " ")
}

func TestOpenings(t *testing.T) {
	C, S := dialogue.C[string], dialogue.S[string]
	v := func(minor int) string { return fmt.Sprintf("RFB 003.%03d\n", minor) }
	proof := strings.Repeat("x", 16)
	pixels := strings.Repeat("\x00", 20)
	for _, tt := range []struct {
		name  string
		turns []dialogue.Turn
		want  string
	}{
		{"password, wrong", []dialogue.Turn{S(v(8)), C(v(8)), S("\x02\x02\x10"), C("\x02"), S(proof), C(proof), S("\x00\x00\x00\x01\x00\x00\x00\x02no")},
			"003.008:003.008:vnc:failure login:failure"},
		{"password, right", []dialogue.Turn{S(v(8)), C(v(8)), S("\x01\x02"), C("\x02"), S(proof), C(proof), S("\x00\x00\x00\x00"), C("\x01"), S(pixels + "\x00\x00\x00\x05panel" + "pictures")},
			"003.008:003.008:vnc:success login:success id:panel"},
		{"no password", []dialogue.Turn{S(v(8)), C(v(8)), S("\x01\x01"), C("\x01"), S("\x00\x00\x00\x00"), C("\x00"), S(pixels + "\x00\x00\x00\x01x")}, "003.008:003.008:none:success id:x"},
		{"version 3.7", []dialogue.Turn{S(v(8)), C(v(7)), S("\x01\x01"), C("\x01"), C("\x01"), S(pixels + "\x00\x00\x00\x01x")}, "003.008:003.007:none:success id:x"},
		{"version 3.3", []dialogue.Turn{S(v(3)), C(v(3)), S("\x00\x00\x00\x02" + proof), C(proof), S("\x00\x00\x00\x01")}, "003.003:003.003:vnc:failure login:failure"},
		{"refused", []dialogue.Turn{S(v(8)), C(v(8)), S("\x00\x00\x00\x00\x01x")}, "003.008:003.008::failure"},
		{"TLS", []dialogue.Turn{S(v(8)), C(v(8)), S("\x01\x13"), C("\x13"), S("\x00\x02rest")}, "003.008:003.008:vencrypt:"},
		{"broken off", []dialogue.Turn{S(v(8)), C(v(8)), S("\x01\x02"), C("\x02"), S(proof), C(proof)}, "003.008:003.008:vnc: login:unknown"},
		{"only a banner", []dialogue.Turn{S(v(8))}, "003.008:::"},
	} {
		for name, run := range map[string]func(testing.TB, proto.Protocol, *proto.Conn, ...dialogue.Turn){"": dialogue.Play, ", byte by byte": dialogue.PlayBytes} {
			t.Run(tt.name+name, func(t *testing.T) {
				c := prototest.NewConn(6, 5900)
				run(t, Protocol, c, tt.turns...)
				if got := summary(c); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
			})
		}
	}
	c := prototest.NewConn(6, 5900)
	p := Protocol.New()
	p.Data(c, event.ToClient, []byte(v(8)))
	if _, err := p.Data(c, event.ToServer, []byte("GET / HTTP/1.1\r\n")); err == nil {
		t.Error("a client that speaks HTTP was taken")
	}
}

func TestProbe(t *testing.T) {
	C, S := dialogue.C[string], dialogue.S[string]
	for _, tt := range []struct {
		turns []dialogue.Turn
		want  proto.Match
	}{
		{[]dialogue.Turn{S("RFB 003.889\n")}, proto.Yes},
		{[]dialogue.Turn{S("RFB 00")}, proto.More},
		{[]dialogue.Turn{S("RFB 00a.008\n")}, proto.No},
		{[]dialogue.Turn{S("220 x\r\n")}, proto.No},
		{[]dialogue.Turn{C("GET /")}, proto.No},
	} {
		if got := dialogue.Recognise(Protocol, prototest.NewConn(6, 7), tt.turns...); got != tt.want {
			t.Errorf("%q: %d, want %d", tt.turns[0].Data, got, tt.want)
		}
	}
}

func FuzzVNC(f *testing.F) {
	C, S := dialogue.C[string], dialogue.S[string]
	dialogue.Fuzz(f, Protocol, 6, 5900,
		dialogue.Seed(S("RFB 003.008\n"), C("RFB 003.008\n"), S("\x01\x02"), C("\x02"), S(strings.Repeat("a", 16)), C(strings.Repeat("b", 16)), S("\x00\x00\x00\x00"), C("\x01"), S(strings.Repeat("\x00", 23)+"\x01x")))
}
