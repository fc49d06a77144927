package rtsp

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
	var m Message
	in := "DESCRIBE rtsp://h/a RTSP/1.0\r\nCSeq: 2\r\nUser-Agent: x\r\nContent-Length: 5\r\n\r\nhello"
	n, err := Decode(&m, []byte(in))
	if err != nil || n != len(in)-5 || !m.Request || string(m.Method) != "DESCRIBE" || string(m.CSeq) != "2" || m.BodyLen != 5 {
		t.Errorf("%d, %v, %+v", n, err, m)
	}
	for i := range len(in) - 5 {
		if _, err := Decode(&m, []byte(in[:i])); err != ErrShort {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	if n, err := Decode(&m, []byte("$\x01\x02\x00xx")); err != nil || n != 4 || !m.Media || m.Channel != 1 || m.BodyLen != 512 {
		t.Errorf("%d, %v, %+v", n, err, m)
	}
	if n, err := Decode(&m, []byte("RTSP/1.0 401 Unauthorized\nWWW-Authenticate: Basic realm=\"a\"\nWWW-Authenticate: Digest realm=\"b\"\n\n")); err != nil || n == 0 || m.Status != 401 || !strings.HasPrefix(string(m.Challenge), "Digest") {
		t.Errorf("%d, %v, %+v", n, err, m)
	}
	for _, bad := range []string{"GET / HTTP/1.1\r\n", "OPTIONS sip:a SIP/2.0\r\n", "RTSP/1.0 abc\r\n", "RTSP/9.0 200 OK\r\n", "\x00\x01", "PLAY\r\n"} {
		if _, err := Decode(&m, []byte(bad)); err != ErrSyntax {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"rtsp://h:554/live":                        "rtsp://h:554/live",
		"rtsp://bob:pw@h/live":                     "rtsp://h/live bob/pw",
		"rtsp://bob@h":                             "rtsp://h bob/",
		"rtsp://h/a@b":                             "rtsp://h/a@b",
		"rtsp://h/user=root_password=xx_channel=1": "rtsp://h/user=root_password=***_channel=1 root/xx",
		"rtsp://h/?user=a&password=b&x=1":          "rtsp://h/?user=a&password=***&x=1 a/b",
		"*":                                        "*",
		"rtsp://h/s?PASSWORD=1":                    "rtsp://h/s?PASSWORD=*** /1",
		"rtsp://u:p:q@[::1]:554/x?password=hidden&ok": "rtsp://[::1]:554/x?password=***&ok u/p:q",
	} {
		a := clean(nil, []byte(in))
		got := string(a.shown)
		if a.found {
			got += fmt.Sprintf(" %s/%s", a.user, a.password)
		}
		if got != want {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
	}
}

func TestAppendMedia(t *testing.T) {
	sdp := "v=0\r\ns=Camera\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=rtpmap:97 X/1\r\nm=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
	if got := string(AppendMedia(nil, []byte(sdp), 100)); got != "video H264/90000, audio PCMA/8000" {
		t.Error(got)
	}
	if got := AppendMedia(nil, []byte(sdp), 9); len(got) > 9 {
		t.Errorf("%q", got)
	}
}

func summary(c *proto.Conn) string {
	var out []string
	for _, f := range c.Env.Out.Facts() {
		switch b := f.Body.(type) {
		case *event.RTSP:
			out = append(out, fmt.Sprintf("%s:%s:%d:%s", b.Method, b.URL, b.Status, b.Media))
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
	basic := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("root:1234")) + "\r\n"
	sdp := "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\n"
	for _, tt := range []struct {
		name  string
		turns []dialogue.Turn
		want  string
	}{
		{"guess, then right", []dialogue.Turn{
			C("DESCRIBE rtsp://h/a RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: VLC\r\n\r\n"), S("RTSP/1.0 401 No\r\nCSeq: 1\r\nServer: Cam/2\r\nWWW-Authenticate: Digest realm=\"IPC\", nonce=\"1\"\r\n\r\n"),
			C("DESCRIBE rtsp://h/a RTSP/1.0\r\nCSeq: 2\r\nAuthorization: Digest username=\"bob\", realm=\"IPC\"\r\n\r\n"), S("RTSP/1.0 401 No\r\nCSeq: 2\r\n\r\n"),
			C("DESCRIBE rtsp://h/a RTSP/1.0\r\nCSeq: 3\r\n" + basic + "\r\n"),
			S(fmt.Sprintf("RTSP/1.0 200 OK\r\nCSeq: 3\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", len(sdp), sdp)),
			C("SETUP rtsp://h/a/t RTSP/1.0\r\nCSeq: 4\r\n" + basic + "Transport: RTP/AVP/TCP\r\n\r\n"), S("RTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n"),
			S("$\x00\x00\x05RTSP/$\x01\x00\x02xx"), C("TEARDOWN rtsp://h/a RTSP/1.0\r\nCSeq: 5\r\n\r\n"),
		}, "id:VLC\nid:Cam/2\nid:IPC\nDESCRIBE:rtsp://h/a:401:\nDESCRIBE:rtsp://h/a:401:\nlogin:digest:bob:0:failure:false\nDESCRIBE:rtsp://h/a:200:video H265/90000\nlogin:basic:root:4:success:true\nSETUP:rtsp://h/a/t:200:\nTEARDOWN:rtsp://h/a:0:"},
		{"credentials in the URL", []dialogue.Turn{C("OPTIONS rtsp://a:b@h/ RTSP/1.0\r\nCSeq: 1\r\n\r\n"), S("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")},
			"OPTIONS:rtsp://h/:200:\nlogin:url:a:1:success:true"},
		{"server asks", []dialogue.Turn{S("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"), C("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")}, "OPTIONS:*:200:"},
		{"rubbish", []dialogue.Turn{C("xyz\r\nmore\r\nOPTIONS rtsp://h RTSP/1.0\r\nCSeq: 1\r\n\r\n"), S("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")}, "anomaly:malformed_message\nOPTIONS:rtsp://h:200:"},
	} {
		for name, run := range map[string]func(testing.TB, proto.Protocol, *proto.Conn, ...dialogue.Turn){"": dialogue.Play, ", byte by byte": dialogue.PlayBytes} {
			t.Run(tt.name+name, func(t *testing.T) {
				c := prototest.NewConn(6, 554)
				run(t, Protocol, c, tt.turns...)
				if got := summary(c); got != tt.want {
					t.Errorf("got\n%s\nwant\n%s", got, tt.want)
				}
			})
		}
	}
}

func TestJoinsInTheMiddleOfMedia(t *testing.T) {
	c := prototest.NewConn(6, 554)
	p := Protocol.New()
	p.Gap(c, event.ToClient, 0)
	n, _ := p.Data(c, event.ToClient, []byte("\x80\x60media bytes\nRTSP/1.0 200 OK\r\nServer: Found\r\nCSeq: 9\r\n\r\n"))
	if got := summary(c); got != "id:Found" || n == 0 {
		t.Errorf("%d, %s", n, got)
	}
}

func TestProbe(t *testing.T) {
	C, S := dialogue.C[string], dialogue.S[string]
	ask := "OPTIONS rtsp://a RTSP/1.0\r\nCSeq: 1\r"
	for _, tt := range []struct {
		port  bool
		turns []dialogue.Turn
		want  proto.Match
	}{
		{true, []dialogue.Turn{C(ask)}, proto.Yes},
		{false, []dialogue.Turn{C(ask)}, proto.More},
		{false, []dialogue.Turn{C(ask), S("RTSP/1.0 200 OK\r\n")}, proto.Yes},
		{false, []dialogue.Turn{C(ask), S("login: \r\n")}, proto.No},
		{true, []dialogue.Turn{C("OPTIONS rtsp://a RT")}, proto.More},
		{true, []dialogue.Turn{C("OPTIONS sip:a SIP/2.0\r\n")}, proto.No},
		{true, []dialogue.Turn{C("GET / HTTP/1.1\r\n")}, proto.No},
		{true, []dialogue.Turn{C("\x16\x03\x01")}, proto.No},
	} {
		c := prototest.NewConn(6, 9000)
		c.Registered = tt.port
		if got := dialogue.Recognise(Protocol, c, tt.turns...); got != tt.want {
			t.Errorf("%q: %d, want %d", tt.turns[len(tt.turns)-1].Data, got, tt.want)
		}
	}
}

func FuzzRTSP(f *testing.F) {
	dialogue.Fuzz(f, Protocol, 6, 554,
		dialogue.Seed(dialogue.C("DESCRIBE rtsp://a:b@h/?password=c RTSP/1.0\r\nCSeq: 1\r\nAuthorization: Basic YTpi\r\n\r\n"),
			dialogue.S("RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Type: application/sdp\r\nContent-Length: 10\r\n\r\nm=video 0 ")),
		dialogue.Seed(dialogue.S("$\x00\x00\x02xxRTSP/1.0 401 x\r\nWWW-Authenticate: Digest realm=\"a\"\r\n\r\n")))
}
