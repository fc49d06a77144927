package smtp

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

func TestPath(t *testing.T) {
	for in, want := range map[string]string{
		"FROM:<a@b.test>": "a@b.test", "FROM: <a@b> SIZE=10": "a@b", "TO:a@b x": "a@b", "FROM:<>": "", "FROM:<a": "", "FROM": "",
	} {
		if got := string(Path([]byte(in))); got != want {
			t.Errorf("Path(%q) = %q, want %q", in, got, want)
		}
	}
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func summary(c *proto.Conn) string {
	var out []string
	for _, f := range c.Env.Out.Facts() {
		switch b := f.Body.(type) {
		case *event.SMTP:
			out = append(out, fmt.Sprintf("mail:%s:%s:%d:%d:%v", b.Helo, b.MailFrom, b.Recipients, b.Rejected, b.TLS))
		case *event.Login:
			out = append(out, fmt.Sprintf("login:%s:%s:%d:%s:%v", b.Mechanism, b.User, b.Secret.Len, b.Outcome, b.Clear))
		case *event.Identity:
			out = append(out, "id:"+b.Banner)
		case *event.Anomaly:
			out = append(out, "anomaly:"+b.Event)
		}
	}
	return strings.Join(out, "\n")
}

func TestConversations(t *testing.T) {
	C, S := dialogue.C[string], dialogue.S[string]
	for _, tt := range []struct {
		name  string
		turns []dialogue.Turn
		want  string
	}{
		{"two mails", []dialogue.Turn{
			S("220 mx ESMTP Postfix\r\n"), C("EHLO cam\r\n"), S("250-mx\r\n250 SIZE\r\n"),
			C("MAIL FROM:<a@b>\r\n"), S("250 ok\r\n"), C("RCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\n"), S("250 ok\r\n550 no\r\n"), C("DATA\r\n"), S("354 go\r\n"),
			C("Subject: x\r\n\r\nMAIL FROM:<not@me>\r\n..dot\r\n.\r\n"), S("250 queued\r\n"),
			C("MAIL FROM:<>\r\n"), S("550 no\r\n"), C("QUIT\r\n"), S("221 bye\r\n"),
		}, "id:mx ESMTP Postfix\nmail:cam:a@b:2:1:false\nmail:cam::0:1:false"},
		{"empty mail and BDAT", []dialogue.Turn{
			C("HELO x\r\n"), S("250 ok\r\n"), C("MAIL FROM:<a>\r\nRCPT TO:<b>\r\nDATA\r\n"), S("250 ok\r\n250 ok\r\n354 go\r\n"), C(".\r\n"), S("250 ok\r\n"),
			C("MAIL FROM:<c>\r\nRCPT TO:<d>\r\nBDAT 9 LAST\r\nQUIT\r\nRSETQUIT\r\n"), S("250 ok\r\n250 ok\r\n250 ok\r\n221 bye\r\n"),
		}, "mail:x:a:1:0:false\nanomaly:malformed_line\nmail:x:c:1:0:false"},
		{"AUTH PLAIN and LOGIN", []dialogue.Turn{
			C("EHLO x\r\n"), S("250 ok\r\n"), C("AUTH PLAIN " + b64("\x00bob\x00bad") + "\r\n"), S("535 no\r\n"),
			C("AUTH LOGIN\r\n"), S("334 VXNlcm5hbWU6\r\n"), C(b64("bob") + "\r\n"), S("334 UGFzc3dvcmQ6\r\n"), C(b64("good") + "\r\n"), S("235 ok\r\n"),
		}, "login:plain:bob:3:failure:true\nlogin:login:bob:4:success:true\nmail:x::0:0:false"},
		{"AUTH CRAM-MD5, not answered", []dialogue.Turn{C("EHLO x\r\nAUTH CRAM-MD5\r\n"), S("250 ok\r\n334 abcd\r\n"), C(b64("bob 0123") + "\r\n")}, "login:sasl::0:unknown:false\nmail:x::0:0:false"},
		{"a mail cut off", []dialogue.Turn{C("MAIL FROM:<a>\r\nRCPT TO:<b>\r\n")}, "mail::a:1:0:false"},
	} {
		for name, run := range map[string]func(testing.TB, proto.Protocol, *proto.Conn, ...dialogue.Turn){"": dialogue.Play, ", byte by byte": dialogue.PlayBytes} {
			if name != "" && strings.Contains(tt.name, "BDAT") {
				continue
			}
			t.Run(tt.name+name, func(t *testing.T) {
				c := prototest.NewConn(6, 25)
				run(t, Protocol, c, tt.turns...)
				if got := summary(c); got != tt.want {
					t.Errorf("got\n%s\nwant\n%s", got, tt.want)
				}
			})
		}
	}
}

func TestBodyEnd(t *testing.T) {
	for _, tt := range []struct {
		in    string
		empty bool
		n     int
		ended bool
	}{
		{".\r\nQUIT", true, 3, true},
		{".\r", true, 0, false},
		{".\r\nQUIT", false, 8 - 1, false},
		{"a\r\n.\r\nb", true, 6, true},
		{"a\r\n.\r", true, 1, false},
		{"a\r", true, 1, false},
		{"a\r\n.b", true, 1, false},
		{"abc", true, 3, false},
	} {
		if n, ended := bodyEnd([]byte(tt.in), tt.empty); n != tt.n || ended != tt.ended {
			t.Errorf("bodyEnd(%q, %v) = %d, %v", tt.in, tt.empty, n, ended)
		}
	}
}

func TestBecomesTLS(t *testing.T) {
	c := prototest.NewConn(6, 25)
	p := Protocol.New()
	p.Data(c, event.ToClient, []byte("220 mx\r\n"))
	p.Data(c, event.ToServer, []byte("EHLO a\r\nSTARTTLS\r\n"))
	p.Data(c, event.ToClient, []byte("250 ok\r\n220 go\r\n"))
	if next, ok := c.Becoming(); !ok || next != event.ProtoTLS {
		t.Errorf("becomes %v, %v", next, ok)
	}
	if f := dialogue.Facts[event.SMTP](c); len(f) != 1 || !f[0].TLS {
		t.Errorf("%+v", f)
	}
}

func TestProbe(t *testing.T) {
	C, S := dialogue.C[string], dialogue.S[string]
	for _, tt := range []struct {
		turns []dialogue.Turn
		want  proto.Match
	}{
		{[]dialogue.Turn{S("220 mx ESMTP\r\n")}, proto.Yes},
		{[]dialogue.Turn{S("220 mx\r\n"), C("EHLO x\r\n")}, proto.Yes},
		{[]dialogue.Turn{S("220 mx\r\n")}, proto.More},
		{[]dialogue.Turn{S("220 mx\r\n"), C("USER bob\r\n")}, proto.No},
		{[]dialogue.Turn{C("MAIL FROM:<a>\r\n")}, proto.Yes},
		{[]dialogue.Turn{C("GET / HTTP/1.0\r\n")}, proto.No},
		{[]dialogue.Turn{S("+OK pop\r\n")}, proto.No},
	} {
		c := prototest.NewConn(6, 8025)
		c.Registered = false
		if got := dialogue.Recognise(Protocol, c, tt.turns...); got != tt.want {
			t.Errorf("%q: %d, want %d", tt.turns[0].Data, got, tt.want)
		}
	}
}

func FuzzSMTP(f *testing.F) {
	C, S := dialogue.C[string], dialogue.S[string]
	dialogue.Fuzz(f, Protocol, 6, 25,
		dialogue.Seed(S("220 x\r\n"), C("EHLO a\r\nMAIL FROM:<a>\r\nRCPT TO:<b>\r\nDATA\r\n"), S("250 a\r\n250 b\r\n250 c\r\n354 d\r\n"), C("x\r\n.\r\nQUIT\r\n")),
		dialogue.Seed(C("AUTH LOGIN\r\n"), S("334 a\r\n"), C("Ym9i\r\n"), S("334 a\r\n"), C("Ym9i\r\n"), S("235 a\r\n"), C("BDAT 10\r\n")))
}
