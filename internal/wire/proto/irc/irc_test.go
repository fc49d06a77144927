package irc

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

func TestDecode(t *testing.T) {
	for line, want := range map[string]string{
		"NICK bob":                               "||NICK|bob",
		":a!b@c PRIVMSG #x :hi there":            "|a!b@c|PRIVMSG|#x|hi there",
		"@t=1;u=2 :s 001 me :Welcome":            "t=1;u=2|s|001|me|Welcome",
		"USER a b  c :Real Name":                 "||USER|a|b|c|Real Name",
		"PING :":                                 "||PING|",
		"X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 a b": "",
		"":                                       "",
		": PING":                                 "",
		"12 x":                                   "",
		"GET / HTTP/1.1":                         "||GET|/|HTTP/1.1",
		"P@SS x":                                 "",
	} {
		var m Message
		err := Decode(&m, []byte(line))
		got := ""
		if err == nil {
			got = fmt.Sprintf("%s|%s|%s", m.Tags, m.Prefix, m.Command)
			for _, p := range m.Params[:m.N] {
				got += "|" + string(p)
			}
		}
		if got != want {
			t.Errorf("%q became %q, want %q", line, got, want)
		}
	}
	var m Message
	if err := Decode(&m, []byte("CMD 1 2 3 4 5 6 7 8 9 10 11 12 13 14 a b")); err != nil || m.N != 15 || string(m.Params[14]) != "a b" {
		t.Errorf("15 parameters: %d, %q, %v", m.N, m.Params[14], err)
	}
}

func TestAppendIsInverse(t *testing.T) {
	for _, line := range []string{"NICK bob\r\n", "@a=b :srv 332 me #c :a topic\r\n", "PRIVMSG #x ::-)\r\n", "TOPIC #x :\r\n"} {
		var m Message
		if err := Decode(&m, []byte(strings.TrimSuffix(line, "\r\n"))); err != nil {
			t.Fatal(err)
		}
		if got := string(Append(nil, &m)); got != line {
			t.Errorf("%q became %q", line, got)
		}
	}
}

func summary(c *proto.Conn) string {
	var out []string
	for _, f := range c.Env.Out.Facts() {
		switch b := f.Body.(type) {
		case *event.IRC:
			out = append(out, fmt.Sprintf("%s:%s:%s:%s", b.Command, b.Nick, b.Target, b.Text))
		case *event.Login:
			out = append(out, fmt.Sprintf("login:%s:%s:%d:%s", b.Mechanism, b.User, b.Secret.Len, b.Outcome))
		case *event.Identity:
			out = append(out, "id:"+b.Banner)
		case *event.Anomaly:
			out = append(out, "anomaly:"+b.Event)
		}
	}
	return strings.Join(out, " ")
}

func TestConversations(t *testing.T) {
	C, S := dialogue.C[string], dialogue.S[string]
	plain := base64.StdEncoding.EncodeToString([]byte("\x00bob\x00sesame"))
	for _, tt := range []struct {
		name  string
		turns []dialogue.Turn
		want  string
	}{
		{"a bot", []dialogue.Turn{
			C("NICK arm|77\nUSER u localhost localhost :worm\n"), S("PING :abc\r\n"), C("PONG :abc\n"), S(":srv 001 arm|77 :hi\r\n:srv 004 arm|77 srv unreal3 x y\r\n"),
			C("JOIN #c2 key\n"), S(":srv 332 arm|77 #c2 :.flood 1.2.3.4\r\n:boss!b@h PRIVMSG #c2 :.scan on\r\n"), C("PRIVMSG #c2 :done\n"),
		}, "NICK:arm|77:: USER:arm|77:u:worm id:unreal3 JOIN:arm|77:#c2: TOPIC::#c2:.flood 1.2.3.4 PRIVMSG:boss:#c2:.scan on PRIVMSG:arm|77:#c2:done"},
		{"server password", []dialogue.Turn{
			C("PASS wrong\r\nNICK a\r\nUSER a 0 * :A\r\n"), S(":s 464 a :Password incorrect\r\n"),
		}, "NICK:a:: USER:a:a:A login:password:a:5:failure"},
		{"SASL", []dialogue.Turn{
			C("CAP LS 302\r\nNICK bob\r\n"), C("AUTHENTICATE PLAIN\r\n"), S("AUTHENTICATE +\r\n"), C("AUTHENTICATE " + plain + "\r\n"), S(":s 903 bob :ok\r\n"),
		}, "NICK:bob:: login:plain:bob:6:success"},
		{"nickserv", []dialogue.Turn{
			C("NICK bob\r\nPRIVMSG NickServ :IDENTIFY hunter2\r\n"), S(":NickServ!s@s NOTICE bob :You are now identified for bob.\r\n"),
		}, "NICK:bob:: login:nickserv:bob:7:success"},
		{"never answered", []dialogue.Turn{C("NICK a\r\nOPER root pw\r\n")}, "NICK:a:: login:oper:root:2:unknown"},
		{"version", []dialogue.Turn{C("NOTICE x :\x01VERSION mIRC 7\x01\r\n")}, "id:mIRC 7"},
		{"rubbish", []dialogue.Turn{S("\x00\x01\r\n:s PRIVMSG a :b\r\n")}, "anomaly:malformed_message PRIVMSG:s:a:b"},
	} {
		for name, run := range map[string]func(testing.TB, proto.Protocol, *proto.Conn, ...dialogue.Turn){"": dialogue.Play, ", byte by byte": dialogue.PlayBytes} {
			t.Run(tt.name+name, func(t *testing.T) {
				c := prototest.NewConn(6, 6667)
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
		{[]dialogue.Turn{C("NICK x\nUSER x y z :w\n")}, proto.Yes},
		{[]dialogue.Turn{C("NICK x\n")}, proto.Weak},
		{[]dialogue.Turn{C("NICK x\r\n"), S("PING :1\r\n")}, proto.Yes},
		{[]dialogue.Turn{C("CAP LS 302\r\n")}, proto.Yes},
		{[]dialogue.Turn{S(":srv NOTICE * :*** Looking up\r\n")}, proto.Yes},
		{[]dialogue.Turn{S(":n!u@h PRIVMSG #c :x\r\n")}, proto.Yes},
		{[]dialogue.Turn{S("220 ftp\r\n"), C("USER bob\r\n")}, proto.No},
		{[]dialogue.Turn{C("USER bob\r\n")}, proto.No},
		{[]dialogue.Turn{C("GET / HTTP/1.0\r\n")}, proto.No},
		{[]dialogue.Turn{C("EHLO x\r\n")}, proto.No},
		{[]dialogue.Turn{C("\x16\x03\x01\x00\x05")}, proto.No},
		{[]dialogue.Turn{C("PASS x\r\n")}, proto.More},
	} {
		c := prototest.NewConn(6, 8080)
		c.Registered = false
		if got := dialogue.Recognise(Protocol, c, tt.turns...); got != tt.want {
			t.Errorf("%q: %d, want %d", tt.turns[0].Data, got, tt.want)
		}
	}
}

func FuzzIRC(f *testing.F) {
	C, S := dialogue.C[string], dialogue.S[string]
	dialogue.Fuzz(f, Protocol, 6, 6667,
		dialogue.Seed(C("PASS a\r\nNICK b\r\nUSER a b c :d\r\nOPER a b\r\n"), S(":s 001 b :x\r\n:s 332 b #c :t\r\n:a!b@c PRIVMSG #c :x\r\n")),
		dialogue.Seed(C("AUTHENTICATE PLAIN\r\nAUTHENTICATE AGEAYg==\r\nPRIVMSG NickServ :IDENTIFY x y\r\n"), S(":s 904 b :x\r\n")),
	)
}
