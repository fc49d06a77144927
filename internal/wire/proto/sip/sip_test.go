package sip

import (
	"fmt"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

const fields = "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1@h\r\n"

func ask(method string, seq int, more string) string {
	return fmt.Sprintf("%s sip:pbx SIP/2.0\r\n%sCSeq: %d %s\r\n%sContent-Length: 0\r\n\r\n", method, fields, seq, method, more)
}

func reply(code int, method string, seq int, more string) string {
	return fmt.Sprintf("SIP/2.0 %d x\r\n%sCSeq: %d %s\r\n%sContent-Length: 0\r\n\r\n", code, fields, seq, method, more)
}

func TestDecode(t *testing.T) {
	var m Message
	in := "INVITE sip:a SIP/2.0\r\nv: SIP/2.0/TCP h\r\ni: 5\r\nCSeq: 1 INVITE\r\nl: 3\r\n\r\nabc"
	n, err := Decode(&m, []byte(in))
	if err != nil || n != len(in)-3 || m.BodyLen != 3 || string(m.CallID) != "5" {
		t.Errorf("compact: %d, %v, %+v", n, err, m)
	}
	for _, bad := range []string{
		"OPTIONS rtsp://a RTSP/1.0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "INVITE sip:a SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n", "SIP/2.0 999 x\r\n\r\n", "SIP/2.0 abc\r\n\r\n", "\x00\x01\x02\x03",
	} {
		if _, err := Decode(&m, []byte(bad)); err != ErrSyntax {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func summary(c *proto.Conn) string {
	var out []string
	for _, f := range c.Env.Out.Facts() {
		switch b := f.Body.(type) {
		case *event.SIP:
			out = append(out, fmt.Sprintf("%s:%s:%d", b.Method, b.URI, b.Code))
		case *event.Login:
			out = append(out, fmt.Sprintf("login:%s:%s:%s", b.Mechanism, b.User, b.Outcome))
		case *event.Identity:
			out = append(out, "id:"+b.Banner)
		case *event.Anomaly:
			out = append(out, "anomaly:"+b.Event)
		}
	}
	return strings.Join(out, "\n")
}

func TestTransactions(t *testing.T) {
	C, S := dialogue.C[string], dialogue.S[string]
	digest := "Authorization: Digest username=\"100\", realm=\"pbx\", response=\"x\"\r\n"
	turns := []dialogue.Turn{
		C(ask("REGISTER", 1, "User-Agent: Phone/1\r\n")), S(reply(100, "REGISTER", 1, "")), S(reply(401, "REGISTER", 1, "Server: PBX/2\r\nWWW-Authenticate: Digest realm=\"pbx\"\r\n")),
		C(ask("REGISTER", 2, digest)), C(ask("REGISTER", 2, digest)), S(reply(403, "REGISTER", 2, "")), C(ask("REGISTER", 3, digest)), S(reply(200, "REGISTER", 3, "")),
		C("\r\n\r\n"), C(ask("INVITE", 4, "")), S(reply(180, "INVITE", 4, "")), S(reply(200, "INVITE", 4, "")), C(ask("ACK", 4, "")), S(ask("OPTIONS", 9, "")), C(reply(200, "OPTIONS", 9, "")),
		C(ask("BYE", 5, "")),
	}
	want := "id:Phone/1\nid:PBX/2\nREGISTER:sip:pbx:401\nREGISTER:sip:pbx:403\nlogin:digest:100:failure\nREGISTER:sip:pbx:200\nlogin:digest:100:success\nINVITE:sip:pbx:200\nOPTIONS:sip:pbx:200\nBYE:sip:pbx:0"
	for name, transport := range map[string]uint8{"UDP": 17, "TCP": 6} {
		c := prototest.NewConn(transport, 5060)
		dialogue.PlayBytes(t, Protocol, c, turns...)
		if got := summary(c); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
	c := prototest.NewConn(17, 5060)
	dialogue.Play(t, Protocol, c, C("INVITE x SIP/2.0\r\n\r\n"), C("hello"))
	if got := summary(c); got != "anomaly:malformed_message\nanomaly:malformed_message" {
		t.Error(got)
	}
}

func TestProbe(t *testing.T) {
	udp, tcp, elsewhere := prototest.NewConn(17, 5060), prototest.NewConn(6, 5060), prototest.NewConn(6, 23)
	elsewhere.Registered = false
	for _, tt := range []struct {
		c    *proto.Conn
		in   string
		want proto.Match
	}{
		{udp, ask("OPTIONS", 1, ""), proto.Yes},
		{udp, "\r\n\r\n", proto.More},
		{udp, "OPTIONS sip:a SIP/2.0\r\n", proto.No},
		{udp, "M-SEARCH * HTTP/1.1\r\n\r\n", proto.No},
		{tcp, ask("OPTIONS", 1, "")[:40], proto.Yes},
		{tcp, "OPTIONS si", proto.More},
		{elsewhere, ask("OPTIONS", 1, ""), proto.More},
		{tcp, "OPTIONS / HTTP/1.1\r\n", proto.No},
	} {
		if got := dialogue.Recognise(Protocol, tt.c, dialogue.C(tt.in)); got != tt.want {
			t.Errorf("%q: %d, want %d", tt.in, got, tt.want)
		}
	}
}

func FuzzSIP(f *testing.F) {
	dialogue.Fuzz(f, Protocol, 17, 5060,
		dialogue.Seed(dialogue.C(ask("REGISTER", 1, "Authorization: Basic YTpi\r\n")), dialogue.S(reply(200, "REGISTER", 1, "Server: x\r\n"))))
}

func FuzzSIPStream(f *testing.F) {
	dialogue.Fuzz(f, Protocol, 6, 5060,
		dialogue.Seed(dialogue.C(ask("REGISTER", 1, "Content-Length: 4\r\n")), dialogue.S(reply(200, "REGISTER", 1, "Server: x\r\n"))))
}
