package http

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

// crlf writes a message with the line ends that HTTP has.
func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

// talk plays a conversation in whole turns and in single bytes, and gives the
// connection of the former. Both must make the same facts.
func talk(t *testing.T, turns ...dialogue.Turn) *proto.Conn {
	t.Helper()
	whole, single := prototest.NewConn(6, 80), prototest.NewConn(6, 80)
	dialogue.Play(t, Protocol, whole, turns...)
	dialogue.PlayBytes(t, Protocol, single, turns...)
	if a, b := render(whole), render(single); a != b {
		t.Errorf("facts depend on segmentation:\n%s\n%s", a, b)
	}
	return whole
}

func render(c *proto.Conn) string {
	var b []byte
	for _, f := range c.Env.Out.Facts() {
		b = append(b, fmt.Sprint(f.Kind(), f.Src)...)
		b = f.Body.AppendEVE(b)
		b = append(b, '\n')
	}
	return fmt.Sprintf("%s%v %d", b, c.Messages, c.Errors)
}

func TestTransaction(t *testing.T) {
	c := talk(t,
		dialogue.C(crlf("POST /set?x=1 HTTP/1.1\nHost: cam.example:8080\nUser-Agent: ua/1\nReferer: http://r/\nContent-Type: application/json\nX-Forwarded-For: 192.0.2.9\nCookie: a=b\nContent-Length: 7\n\n")+`{"a":1}`),
		dialogue.S(crlf("HTTP/1.1 200 OK\nServer: srv/2\nX-Powered-By: php\nVia: 1.1 v\nContent-Type: text/html\nContent-Length: 46\n\n")+"<html><title> A &amp;\n B </title></html>......"),
	)
	facts := dialogue.Facts[event.HTTP](c)
	if len(facts) != 1 {
		t.Fatalf("%d facts, want 1", len(facts))
	}
	want := event.HTTP{
		Host: "cam.example", Port: 8080, URL: "/set?x=1", UserAgent: "ua/1", ContentType: "text/html", Referer: "http://r/",
		Method: "POST", Protocol: "HTTP/1.1", Status: 200, Length: 46, ReqLength: 7, ReqType: "application/json",
		Server: "srv/2", PoweredBy: "php", Via: "1.1 v", XForwarded: "192.0.2.9", Cookie: true,
		ReqBody: `{"a":1}`, RespBody: "<html><title> A &amp;\n B </title></html>......", Title: "A & B",
		RespMagic: "html", ReqMagic: "json",
		HeaderNames: "Host,User-Agent,Referer,Content-Type,X-Forwarded-For,Cookie,Content-Length",
	}
	if *facts[0] != want {
		t.Errorf("got  %+v\nwant %+v", *facts[0], want)
	}
	if c.Messages != [2]uint32{1, 1} {
		t.Errorf("messages %v", c.Messages)
	}
	files := dialogue.Facts[event.FileInfo](c)
	if len(files) != 1 || files[0].Magic != "html" || files[0].Size != 46 || files[0].Filename != "/set?x=1" || files[0].Dir != event.ToClient {
		t.Errorf("files %+v", files)
	}
	var said []string
	for _, f := range c.Env.Out.Facts() {
		if id, ok := f.Body.(*event.Identity); ok {
			said = append(said, fmt.Sprintf("%s %s %s", f.Src, id.Source, id.Banner))
		}
	}
	if got, want := strings.Join(said, "\n"), "192.0.2.2 http.server srv/2\n192.0.2.2 http.title A & B\n192.0.2.1 http.user_agent ua/1"; got != want {
		t.Errorf("identities %q, want %q", got, want)
	}
}

// summary is one line a transaction: method, URL, status, response length.
func summary(c *proto.Conn) string {
	var b strings.Builder
	for _, f := range dialogue.Facts[event.HTTP](c) {
		fmt.Fprintf(&b, "%s %s %d %d\n", f.Method, f.URL, f.Status, f.Length)
	}
	return b.String()
}

func TestFramingOfConversations(t *testing.T) {
	tests := []struct {
		name  string
		turns []dialogue.Turn
		want  string
		count [2]uint32
	}{
		{"pipelined", []dialogue.Turn{
			dialogue.C(crlf("GET /a HTTP/1.1\n\nHEAD /b HTTP/1.1\n\nGET /c HTTP/1.1\n\n")),
			dialogue.S(crlf("HTTP/1.1 200 OK\nContent-Length: 2\n\nxxHTTP/1.1 200 OK\nContent-Length: 9\n\nHTTP/1.1 404 No\nContent-Length: 3\n\nxxx")),
		}, "GET /a 200 2\nHEAD /b 200 0\nGET /c 404 3\n", [2]uint32{3, 3}},
		{"chunked", []dialogue.Turn{
			dialogue.C(crlf("GET /a HTTP/1.1\n\n")),
			dialogue.S(crlf("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nhello\n10;ext=1\n0123456789abcdef\n0\nTrailer: x\n\n")),
			dialogue.C(crlf("GET /b HTTP/1.1\n\n")),
			dialogue.S(crlf("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n0\n\nHTTP/1.1 200 OK\nContent-Length: 0\n\n")),
		}, "GET /a 200 21\nGET /b 200 0\n  200 0\n", [2]uint32{2, 3}},
		{"continue", []dialogue.Turn{
			dialogue.C(crlf("PUT /a HTTP/1.1\nExpect: 100-continue\nContent-Length: 3\n\n")),
			dialogue.S(crlf("HTTP/1.1 100 Continue\n\n")),
			dialogue.C("abc"),
			dialogue.S(crlf("HTTP/1.1 201 Created\nContent-Length: 0\n\n")),
		}, "PUT /a 201 0\n", [2]uint32{1, 2}},
		{"until close", []dialogue.Turn{
			dialogue.C(crlf("GET /a HTTP/1.0\n\n")),
			dialogue.S(crlf("HTTP/1.0 200 OK\n\nhello")), dialogue.S("world"),
		}, "GET /a 200 10\n", [2]uint32{1, 1}},
		{"no length on a kept connection", []dialogue.Turn{
			dialogue.C(crlf("GET /a HTTP/1.1\n\n")),
			dialogue.S(crlf("HTTP/1.1 200 OK\n\nhello")),
			dialogue.C(crlf("GET /b HTTP/1.1\n\n")),
			dialogue.S(crlf("HTTP/1.1 304 Not Modified\n\n")),
		}, "GET /a 200 5\nGET /b 304 0\n", [2]uint32{2, 2}},
		{"unanswered", []dialogue.Turn{
			dialogue.C(crlf("GET /a HTTP/1.1\n\nPOST /b HTTP/1.1\nContent-Length: 5\n\nxx")),
		}, "GET /a 0 0\nPOST /b 0 0\n", [2]uint32{2, 0}},
		{"response alone", []dialogue.Turn{
			dialogue.S(crlf("HTTP/1.1 200 OK\nContent-Length: 1\n\nx")),
		}, "  200 1\n", [2]uint32{0, 1}},
		{"answered before the body ends", []dialogue.Turn{
			dialogue.C(crlf("POST /a HTTP/1.1\nContent-Length: 5\n\nxx")),
			dialogue.S(crlf("HTTP/1.1 413 Too Large\nContent-Length: 0\n\n")),
			dialogue.C(crlf("xxxGET /b HTTP/1.1\n\n")),
			dialogue.S(crlf("HTTP/1.1 200 OK\nContent-Length: 0\n\n")),
		}, "POST /a 413 0\nGET /b 200 0\n", [2]uint32{2, 2}},
		{"more pipelined than is kept", []dialogue.Turn{
			dialogue.C(strings.Repeat(crlf("GET /a HTTP/1.1\n\n"), maxPipelined+2)),
			dialogue.S(strings.Repeat(crlf("HTTP/1.1 200 OK\nContent-Length: 0\n\n"), maxPipelined+2)),
		}, strings.Repeat("GET /a 0 0\n", 2) + strings.Repeat("  200 0\n", 2) + strings.Repeat("GET /a 200 0\n", maxPipelined), [2]uint32{maxPipelined + 2, maxPipelined + 2}},
		{"an upgrade that is declined", []dialogue.Turn{
			dialogue.C(crlf("GET /a HTTP/1.1\nUpgrade: h2c\n\n")),
			dialogue.S(crlf("HTTP/1.1 200 OK\nContent-Length: 0\n\n")),
			dialogue.C(crlf("GET /b HTTP/1.1\nUpgrade: h2c\n\nGET /c HTTP/1.1\n\n")),
		}, "GET /a 200 0\nGET /b 0 0\nGET /c 0 0\n", [2]uint32{3, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := talk(t, tt.turns...)
			if got := summary(c); got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
			if c.Messages != tt.count || c.Errors != 0 {
				t.Errorf("messages %v, want %v; %d errors", c.Messages, tt.count, c.Errors)
			}
		})
	}
}

func TestBodiesAreSkipped(t *testing.T) {
	p, c := Protocol.New(), prototest.NewConn(6, 80)
	prototest.Feed(p, c, event.ToServer, []byte(crlf("GET /big HTTP/1.1\n\n")), 0)
	head := crlf("HTTP/1.1 200 OK\nContent-Length: 1000000\n\n")
	n, err := p.Data(c, event.ToClient, append([]byte(head), make([]byte, 2000)...))
	if err != nil || n <= len(head)+2000 {
		t.Fatalf("took %d bytes, %v; want more than there are", n, err)
	}
	for n < len(head)+999_999 {
		m, err := p.Data(c, event.ToClient, []byte{0})
		if err != nil || m < 1 {
			t.Fatalf("at %d: took %d, %v", n, m, err)
		}
		n += m
	}
	if len(dialogue.Facts[event.HTTP](c)) != 0 {
		t.Fatal("the body ended early")
	}
	p.Data(c, event.ToClient, []byte{0})
	if got := summary(c); got != "GET /big 200 1000000\n" {
		t.Errorf("got %q", got)
	}
}

func TestGaps(t *testing.T) {
	p, c := Protocol.New(), prototest.NewConn(6, 80)
	say := func(dir event.Dir, s string) { prototest.Feed(p, c, dir, []byte(crlf(s)), 0) }
	say(event.ToServer, "GET /a HTTP/1.1\n\n")
	say(event.ToClient, "HTTP/1.1 200 OK\nContent-Length: 100\n\n0123456789")
	p.Gap(c, event.ToClient, 89)
	say(event.ToClient, "x")
	say(event.ToServer, "GET /b HTTP/1.1\n\n")
	say(event.ToClient, "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n14\n0123456789")
	p.Gap(c, event.ToClient, 10)
	say(event.ToClient, "\n0\n\n")
	say(event.ToServer, "GET /c HTTP/1.1\n\n")
	p.Gap(c, event.ToClient, 500)
	say(event.ToClient, "tail of a body that was not seen\n")
	say(event.ToServer, "GET /d HTTP/1.1\n\n")
	say(event.ToClient, "more of itHTTP/1.1 404 No\nContent-Length: 0\n\n")
	p.End(c)
	if got, want := summary(c), "GET /a 200 100\nGET /b 200 20\nGET /c 0 0\nGET /d 404 0\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if c.Errors != 0 {
		t.Errorf("%d errors", c.Errors)
	}
}

func TestMidstream(t *testing.T) {
	p, c := Protocol.New(), prototest.NewConn(6, 80)
	c.Midstream = true
	prototest.Feed(p, c, event.ToClient, []byte(crlf("</p></html>\nHTTP/1.1 200 OK\nContent-Length: 1\n\nx")), 0)
	prototest.Feed(p, c, event.ToServer, []byte(crlf("b=2&c=3\nGET /x HTTP/1.1\n\n")), 0)
	prototest.Feed(p, c, event.ToClient, []byte(crlf("HTTP/1.1 204 No Content\n\n")), 0)
	p.End(c)
	if got, want := summary(c), "  200 1\nGET /x 204 0\n"; got != want || c.Errors != 0 {
		t.Errorf("got\n%swant\n%s%d errors", got, want, c.Errors)
	}
}

func TestFaults(t *testing.T) {
	get := dialogue.C(crlf("GET / HTTP/1.1\n\n"))
	tests := []struct {
		name string
		turn dialogue.Turn
		want string
	}{
		{"no request line", dialogue.C(crlf("\x01\x02\x03\n\n")), "request_line_invalid"},
		{"no status line", dialogue.S(crlf("hello\n\n")), "status_line_invalid"},
		{"request from the server", dialogue.S(crlf("GET / HTTP/1.1\n\n")), "status_line_invalid"},
		{"two lengths", dialogue.C(crlf("POST / HTTP/1.1\nContent-Length: 1\nContent-Length: 2\n\n")), "content_length_invalid"},
		{"smuggling", dialogue.C(crlf("POST / HTTP/1.1\nContent-Length: 1\nTransfer-Encoding: chunked\n\n0\n\n")), "content_length_and_chunked"},
		{"chunk size", dialogue.C(crlf("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\nzz\n")), "chunk_size_invalid"},
		{"header without colon", dialogue.C(crlf("GET / HTTP/1.1\nnothing\n\n")), "field_no_colon"},
		{"space in target", dialogue.C(crlf("GET /a b HTTP/1.1\n\n")), "target_with_space"},
		{"endless head", dialogue.C(crlf("GET / HTTP/1.1\n") + strings.Repeat(crlf("A: b\n"), MaxHead/4)), "head_too_long"},
	}
	for _, tt := range tests {
		c := prototest.NewConn(6, 80)
		dialogue.Play(t, Protocol, c, get, tt.turn)
		facts := dialogue.Facts[event.Anomaly](c)
		if len(facts) != 1 || facts[0].Event != tt.want || facts[0].Dir != tt.turn.Dir {
			t.Errorf("%s: got %+v, want %s", tt.name, facts, tt.want)
		}
	}
	c := prototest.NewConn(6, 23)
	c.Registered = false
	dialogue.Play(t, Protocol, c, get, dialogue.S("login: "))
	if c.Errors != 0 {
		t.Error("a server that was asked for a page without speaking HTTP is no malformed HTTP server")
	}
	c = prototest.NewConn(6, 80)
	dialogue.Play(t, Protocol, c, dialogue.C(strings.Repeat(crlf("GET / HTTP/1.1\nx\n\n"), 100)))
	if n := len(dialogue.Facts[event.Anomaly](c)); n != maxAnomalies {
		t.Errorf("%d anomalies of one flow, want %d", n, maxAnomalies)
	}
}

func TestProbe(t *testing.T) {
	tests := []struct {
		name string
		turn dialogue.Turn
		want proto.Match
	}{
		{"request", dialogue.C("GET / HTTP/1.1\r\n"), proto.Yes},
		{"odd method", dialogue.C("PROPFIND /x HTTP/1.0\r\n"), proto.Yes},
		{"long request", dialogue.C("GET /" + strings.Repeat("a", 3000)), proto.More},
		{"response", dialogue.S("HTTP/1.1 200 OK\r\n"), proto.Yes},
		{"first letters", dialogue.C("GE"), proto.More},
		{"first letters of a response", dialogue.S("HTT"), proto.More},
		{"request from the server", dialogue.S("GET / HTTP/1.1\r\n"), proto.No},
		{"http/2", dialogue.C("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), proto.No},
		{"rtsp", dialogue.C("DESCRIBE rtsp://h/ RTSP/1.0\r\n"), proto.No},
		{"sip", dialogue.C("OPTIONS sip:h SIP/2.0\r\n"), proto.No},
		{"smtp", dialogue.C("EHLO there\r\n"), proto.No},
		{"ftp", dialogue.C("USER anonymous\r\n"), proto.No},
		{"tls", dialogue.C("\x16\x03\x01\x02\x00\x01"), proto.No},
		{"irc", dialogue.C("NICK a\r\n"), proto.No},
	}
	for _, tt := range tests {
		if got := dialogue.Recognise(Protocol, prototest.NewConn(6, 80), tt.turn); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
	c := prototest.NewConn(6, 80)
	c.Midstream = true
	if got := dialogue.Recognise(Protocol, c, dialogue.S("of a body\r\nHTTP/1.1 200 OK\r\n")); got != proto.Yes {
		t.Errorf("midstream: got %d", got)
	}
}

func TestContentCoding(t *testing.T) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write([]byte("<html><title>packed</title>" + strings.Repeat("<p>x</p>", 500)))
	w.Close()
	c := talk(t, dialogue.C(crlf("GET / HTTP/1.1\n\n")),
		dialogue.S(crlf(fmt.Sprintf("HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: %d\n\n", z.Len()))+z.String()))
	f := dialogue.Facts[event.HTTP](c)[0]
	if f.Title != "packed" || f.RespMagic != "html" || !f.Encoded || f.Length != uint64(z.Len()) || len(f.RespBody) != maxBody {
		t.Errorf("got %+v", f)
	}
}

func TestFiles(t *testing.T) {
	elf := "\x7fELF\x01\x02\x01" + strings.Repeat("\x00", 11) + "\x00\x08" + strings.Repeat("\x00", 3000)
	c := talk(t, dialogue.C(crlf("GET /bins/m.mips HTTP/1.1\nHost: 198.51.100.1\nUser-Agent: Wget\n\n")),
		dialogue.S(crlf(fmt.Sprintf("HTTP/1.1 200 OK\nContent-Length: %d\n\n", len(elf)))+elf),
		dialogue.C(crlf(fmt.Sprintf("POST /upload HTTP/1.1\nContent-Length: %d\n\n", len(elf)))+elf),
		dialogue.S(crlf("HTTP/1.1 404 No\nContent-Length: 4\n\ngone")),
		dialogue.C(crlf("GET /part HTTP/1.1\n\n")),
		dialogue.S(crlf("HTTP/1.1 206 Partial\nContent-Range: bytes 100-199/1000\nContent-Length: 4\n\nabcd")))
	got := ""
	for _, f := range dialogue.Facts[event.FileInfo](c) {
		got += fmt.Sprintf("%s %s %s %d %s %s\n", f.Filename, f.Host, f.Magic, f.Size, f.Dir, f.Agent)
	}
	want := fmt.Sprintf("/bins/m.mips 198.51.100.1 elf-mips %d to_client Wget\n/upload  elf-mips %d to_server \n", len(elf), len(elf))
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestReuseKeepsNothing(t *testing.T) {
	p, c := Protocol.New(), prototest.NewConn(6, 80)
	prototest.Feed(p, c, event.ToServer, []byte(crlf("GET /old HTTP/1.1\nHost: old\n"+basicAuth("old", "old")+"\n")), 0)
	prototest.Feed(p, c, event.ToClient, []byte(crlf("HTTP/1.1 200 OK\nContent-Length: 10\n\nold")), 0)
	p.Reset()
	c = prototest.NewConn(6, 80)
	prototest.Feed(p, c, event.ToServer, []byte(crlf("GET /new HTTP/1.1\n\n")), 0)
	p.End(c)
	if s := render(c); strings.Contains(s, "old") || !strings.Contains(s, "/new") {
		t.Errorf("got %s", s)
	}
}

func FuzzConversation(f *testing.F) {
	dialogue.Fuzz(f, Protocol, 6, 80,
		dialogue.Seed(dialogue.C(crlf("GET /a?user=x&pwd=y HTTP/1.1\nHost: h\n"+basicAuth("a", "b")+"\n")),
			dialogue.S(crlf("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nContent-Encoding: gzip\n\n5\nhello\n0\n\n"))),
		dialogue.Seed(dialogue.C(crlf("POST /l HTTP/1.1\nContent-Length: 13\n\n{\"user\":\"a\"}")),
			dialogue.S(crlf("HTTP/1.1 200 OK\nContent-Type: text/xml\n\n<root><device><deviceType>x</deviceType><modelName>m</modelName>"))),
		dialogue.Seed(dialogue.C(crlf("CONNECT h:1 HTTP/1.1\n\nGET http://a/ HTTP/1.1\nUpgrade: websocket\n\n")),
			dialogue.S(crlf("HTTP/1.1 100 Continue\n\nHTTP/1.1 101 Switching\nUpgrade: websocket\n\n"))))
}

func BenchmarkTransaction(b *testing.B) {
	request := []byte(crlf("GET /description.xml HTTP/1.1\nHost: 192.0.2.7:49152\nUser-Agent: Mozilla/5.0 (X11; Linux)\nAccept: text/html,application/xml;q=0.9\nAccept-Language: en\nAccept-Encoding: gzip, deflate\nConnection: keep-alive\n\n"))
	response := []byte(crlf("HTTP/1.1 200 OK\nServer: lighttpd/1.4.35\nContent-Type: text/html\nContent-Length: 200\nDate: Thu, 01 Jan 1970 00:00:00 GMT\n\n") + "<html>" + strings.Repeat(".", 194))
	p, c := Protocol.New(), prototest.NewConn(6, 80)
	b.SetBytes(int64(len(request) + len(response)))
	b.ReportAllocs()
	for b.Loop() {
		p.Data(c, event.ToServer, request)
		p.Data(c, event.ToClient, response)
		c.Env.Out.Reset()
	}
}

// TestMining wants a miner's request over HTTP told once, whatever its answer.
func TestMining(t *testing.T) {
	c := prototest.NewConn(6, 8080)
	p := Protocol.New()
	body := `{"id":1,"method":"getblocktemplate","params":[{"rules":["segwit"]}]}`
	ask := fmt.Sprintf("POST / HTTP/1.1\r\nHost: pool\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	for range 2 {
		prototest.Feed(p, c, event.ToServer, []byte(ask), 0)
		prototest.Feed(p, c, event.ToClient, []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), 0)
	}
	var got []*event.Mining
	for _, f := range c.Env.Out.Facts() {
		if m, ok := f.Body.(*event.Mining); ok {
			got = append(got, m)
		}
	}
	if len(got) != 1 || got[0].Transport != "http" || got[0].Method != "getblocktemplate" || !got[0].Accepted {
		t.Errorf("%d facts of mining: %+v", len(got), got)
	}
}
