package socks

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
		case *event.SOCKS:
			out = append(out, fmt.Sprintf("%d:%s:%s:%v:%s", b.Version, b.Command, b.Target, b.Granted, b.Auth))
		case *event.Login:
			out = append(out, fmt.Sprintf("login:%s:%d:%s", b.User, b.Secret.Len, b.Outcome))
		case *event.Anomaly:
			out = append(out, "anomaly:"+b.Event)
		}
	}
	return strings.Join(out, " ")
}

func TestOpenings(t *testing.T) {
	C, S := dialogue.C[string], dialogue.S[string]
	const ok5 = "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"
	for _, tt := range []struct {
		name  string
		turns []dialogue.Turn
		want  string
	}{
		{"5, name", []dialogue.Turn{C("\x05\x01\x00"), S("\x05\x00"), C("\x05\x01\x00\x03\x06a.test\x01\xbb"), S(ok5)}, "5:connect:a.test:443:true:none"},
		{"5, IPv6", []dialogue.Turn{C("\x05\x02\x00\x02"), S("\x05\x00"), C("\x05\x01\x00\x04" + strings.Repeat("\x00", 15) + "\x01\x00\x50"), S("\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00")}, "5:connect:[::1]:80:false:none"},
		{"5, password", []dialogue.Turn{C("\x05\x01\x02"), S("\x05\x02"), C("\x01\x03bob\x02pw"), S("\x01\x00"), C("\x05\x03\x00\x01\x01\x02\x03\x04\x00\x35"), S(ok5)}, "login:bob:2:success 5:udp-associate:1.2.3.4:53:true:password"},
		{"5, wrong password", []dialogue.Turn{C("\x05\x01\x02"), S("\x05\x02"), C("\x01\x03bob\x02pw"), S("\x01\x01")}, "login:bob:2:failure"},
		{"5, refused", []dialogue.Turn{C("\x05\x01\x00"), S("\x05\xff")}, "5:::false:refused"},
		{"5, no answer", []dialogue.Turn{C("\x05\x01\x00"), S("\x05\x00"), C("\x05\x01\x00\x01\x01\x02\x03\x04\x00\x19")}, "5:connect:1.2.3.4:25:false:none"},
		{"4", []dialogue.Turn{C("\x04\x01\x00\x50\x01\x02\x03\x04me\x00"), S("\x00\x5a\x00\x00\x00\x00\x00\x00")}, "4:connect:1.2.3.4:80:true:"},
		{"4a", []dialogue.Turn{C("\x04\x01\x00\x50\x00\x00\x00\x01\x00b.test\x00"), S("\x00\x5b\x00\x00\x00\x00\x00\x00")}, "4:connect:b.test:80:false:"},
		{"malformed", []dialogue.Turn{C("\x05\x01\x00"), S("\x05\x00")}, ""},
	} {
		for name, run := range map[string]func(testing.TB, proto.Protocol, *proto.Conn, ...dialogue.Turn){"": dialogue.Play, ", byte by byte": dialogue.PlayBytes} {
			t.Run(tt.name+name, func(t *testing.T) {
				c := prototest.NewConn(6, 1080)
				run(t, Protocol, c, tt.turns...)
				if got := summary(c); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
			})
		}
	}
}

func TestBecomesWhatFollows(t *testing.T) {
	c := prototest.NewConn(6, 1080)
	p := Protocol.New()
	p.Data(c, event.ToServer, []byte("\x04\x01\x00\x50\x01\x02\x03\x04\x00"))
	n, _ := p.Data(c, event.ToClient, []byte("\x00\x5a\x00\x00\x00\x00\x00\x00HTTP"))
	if next, ok := c.Becoming(); !ok || next != event.ProtoUnknown || n != 8 {
		t.Errorf("becomes %v, %v behind %d bytes", next, ok, n)
	}
}

func TestProbe(t *testing.T) {
	C, S := dialogue.C[string], dialogue.S[string]
	for _, tt := range []struct {
		turns []dialogue.Turn
		want  proto.Match
	}{
		{[]dialogue.Turn{C("\x05\x01\x00")}, proto.Weak},
		{[]dialogue.Turn{C("\x05\x01\x00"), S("\x05\x00")}, proto.Yes},
		{[]dialogue.Turn{C("\x05\x01\x00"), S("\x05\x02")}, proto.No},
		{[]dialogue.Turn{C("\x05\x00\x0b\x03\x10\x00\x00\x00\x48\x00")}, proto.No}, // DCE/RPC
		{[]dialogue.Turn{C("\x05\x64\x14\xc4")}, proto.More},                       // half a greeting, or DNP3
		{[]dialogue.Turn{C("\x04\x01\x00\x50\x01\x02\x03\x04\x00")}, proto.Weak},
		{[]dialogue.Turn{C("\x04\x01\x00\x50\x01\x02\x03\x04\x00"), S("\x00\x5a\x00\x00\x00\x00\x00\x00")}, proto.Yes},
		{[]dialogue.Turn{C("\x04\x01\x00\x50\x01\x02\x03\x04\x00"), S("HTTP/1.1")}, proto.No},
		{[]dialogue.Turn{S("\x05\x00")}, proto.No},
	} {
		c := prototest.NewConn(6, 7)
		c.Registered = false
		if got := dialogue.Recognise(Protocol, c, tt.turns...); got != tt.want {
			t.Errorf("%x: %d, want %d", tt.turns[0].Data, got, tt.want)
		}
	}
}

func FuzzSOCKS(f *testing.F) {
	C, S := dialogue.C[string], dialogue.S[string]
	dialogue.Fuzz(f, Protocol, 6, 1080,
		dialogue.Seed(C("\x05\x01\x02"), S("\x05\x02"), C("\x01\x03bob\x02pw"), S("\x01\x00"), C("\x05\x01\x00\x03\x01a\x00\x35"), S("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")),
		dialogue.Seed(C("\x04\x01\x00\x50\x00\x00\x00\x01\x00b.test\x00"), S("\x00\x5b\x00\x00\x00\x00\x00\x00")))
}
