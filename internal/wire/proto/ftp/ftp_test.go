package ftp

import (
	"fmt"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

func TestPorts(t *testing.T) {
	for in, want := range map[string]uint16{
		"192,0,2,1,4,1": 1025, "Entering Passive Mode (10,0,0,2,195,80).": 50000, "=10,0,0,2,0,21": 21,
		"1,2,3": 0, "": 0, "256,0,0,1,1,1": 0, "(1,2,3,4,5,": 0, "none": 0,
	} {
		if got, _ := Port([]byte(in)); got != want {
			t.Errorf("Port(%q) = %d, want %d", in, got, want)
		}
	}
	for in, want := range map[string]uint16{
		"|1|192.0.2.1|6275|": 6275, "|2|::1|21|": 21, "Entering (|||6446|)": 6446, "|||": 0, "|||99999|": 0, "": 0,
	} {
		if got, _ := ExtendedPort([]byte(in)); got != want {
			t.Errorf("ExtendedPort(%q) = %d, want %d", in, got, want)
		}
	}
}

func summary(c *proto.Conn) string {
	var out []string
	for _, f := range c.Env.Out.Facts() {
		switch b := f.Body.(type) {
		case *event.FTP:
			out = append(out, fmt.Sprintf("%s:%s:%s:%d", b.Command, b.Arg, b.Code, b.Port))
		case *event.Login:
			out = append(out, fmt.Sprintf("login:%s:%s:%d:%s", b.Mechanism, b.User, b.Secret.Len, b.Outcome))
		case *event.FileInfo:
			out = append(out, fmt.Sprintf("file:%s:%d:%s", b.Filename, b.Size, b.Dir))
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
		{"guess, then fetch and store", []dialogue.Turn{
			S("220-------\r\n220 Welcome to X FTP\r\n"), C("USER bob\r\n"), S("331 Password\r\n"), C("PASS no\r\n"), S("530 Login incorrect.\r\n"),
			C("USER bob\r\n"), S("331 Password\r\n"), C("PASS yes!\r\n"), S("230-Hello\r\n230 OK\r\n"),
			C("PASV\r\n"), S("227 Entering Passive Mode (192,0,2,2,200,10).\r\n"), C("RETR a/b.bin\r\n"), S("150 Opening (1234 bytes).\r\n"), S("226 Done\r\n"),
			C("EPSV\r\nSTOR c d\r\n"), S("229 Extended (|||6000|)\r\n150 ok\r\n226 ok\r\n"), C("DELE x\r\n"),
		}, "id:Welcome to X FTP\nUSER:bob:331:0\nlogin:password:bob:2:failure\nPASS::530:0\nUSER:bob:331:0\nlogin:password:bob:4:success\nPASS::230:0\nPASV::227:51210\nRETR:a/b.bin:226:0\nfile:a/b.bin:1234:to_client\nEPSV::229:6000\nSTOR:c d:226:0\nfile:c d:0:to_server\nDELE:x::0"},
		{"no password wanted", []dialogue.Turn{C("USER ftp\r\n"), S("230 in\r\n")}, "login:none:ftp:0:success\nUSER:ftp:230:0"},
		{"closed at once", []dialogue.Turn{C("USER a\r\n"), S("331 p\r\n"), C("PASS b\r\n")}, "USER:a:331:0\nlogin:password:a:1:unknown\nPASS:::0"},
		{"failed transfer", []dialogue.Turn{C("RETR x\r\n"), S("550 no\r\n")}, "RETR:x:550:0"},
		{"rubbish", []dialogue.Turn{C("BLAH\r\n"), S("hello\r\n"), C("\xff\xf4ABOR\r\n"), S("226 ok\r\n")}, "anomaly:malformed_line\nanomaly:malformed_line\nABOR::226:0"},
	} {
		for name, run := range map[string]func(testing.TB, proto.Protocol, *proto.Conn, ...dialogue.Turn){"": dialogue.Play, ", byte by byte": dialogue.PlayBytes} {
			t.Run(tt.name+name, func(t *testing.T) {
				c := prototest.NewConn(6, 21)
				run(t, Protocol, c, tt.turns...)
				if got := summary(c); got != tt.want {
					t.Errorf("got\n%s\nwant\n%s", got, tt.want)
				}
			})
		}
	}
}

func TestBecomesTLS(t *testing.T) {
	c := prototest.NewConn(6, 21)
	p := Protocol.New()
	p.Data(c, event.ToServer, []byte("AUTH TLS\r\n"))
	p.Data(c, event.ToClient, []byte("234 go\r\n"))
	if next, ok := c.Becoming(); !ok || next != event.ProtoTLS {
		t.Errorf("becomes %v, %v", next, ok)
	}
}

func TestProbe(t *testing.T) {
	C, S := dialogue.C[string], dialogue.S[string]
	for _, tt := range []struct {
		port  bool
		turns []dialogue.Turn
		want  proto.Match
	}{
		{false, []dialogue.Turn{S("220 ProFTPD 1.3\r\n")}, proto.Yes},
		{true, []dialogue.Turn{S("220 hello\r\n")}, proto.Weak},
		{false, []dialogue.Turn{S("220 hello\r\n")}, proto.More},
		{false, []dialogue.Turn{S("220 hello\r\n"), C("USER x\r\n")}, proto.Yes},
		{false, []dialogue.Turn{S("220 mx ESMTP\r\n")}, proto.No},
		{false, []dialogue.Turn{S("220 mx\r\n"), C("EHLO a\r\n")}, proto.No},
		{false, []dialogue.Turn{C("USER x y z :w\r\n")}, proto.More},
		{false, []dialogue.Turn{C("GET / HTTP/1.0\r\n")}, proto.No},
		{false, []dialogue.Turn{S("SSH-2.0-x\r\n")}, proto.No},
	} {
		c := prototest.NewConn(6, 21)
		c.Registered = tt.port
		if got := dialogue.Recognise(Protocol, c, tt.turns...); got != tt.want {
			t.Errorf("%q: %d, want %d", tt.turns[0].Data, got, tt.want)
		}
	}
}

func FuzzFTP(f *testing.F) {
	C, S := dialogue.C[string], dialogue.S[string]
	dialogue.Fuzz(f, Protocol, 6, 21,
		dialogue.Seed(S("220-a\r\n220 b\r\n"), C("USER a\r\nPASS b\r\nPASV\r\nPORT 1,2,3,4,5,6\r\nEPRT |1|a|2|\r\n"), S("331 x\r\n230 y\r\n227 (1,2,3,4,5,6)\r\n")),
		dialogue.Seed(C("RETR x\r\nAUTH TLS\r\n"), S("150 (12 bytes)\r\n226 a\r\n234 b\r\n")))
}
