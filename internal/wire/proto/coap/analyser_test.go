package coap

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/shared"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

// play gives the lines "C hex" and "S hex" to a parser, a datagram each, and
// ends it. "+90s" lets time pass.
func play(t testing.TB, c *proto.Conn, script string) []string {
	t.Helper()
	p := newParser()
	var rest [2][]byte
	for _, line := range strings.Split(strings.TrimSpace(script), "\n") {
		who, hex, _ := strings.Cut(strings.TrimSpace(line), " ")
		if who[0] == '+' {
			d, err := time.ParseDuration(who[1:])
			if err != nil {
				t.Fatal(err)
			}
			c.Time += int64(d)
			continue
		}
		dir := event.ToServer
		if who == "S" {
			dir = event.ToClient
		}
		c.Time += 1e6
		c.Packet++
		b := append(rest[dir], unhex(t, hex)...)
		n, err := p.Data(c, dir, b)
		if err != nil {
			t.Logf("given up: %v", err)
			break
		}
		rest[dir] = nil
		if c.Transport == 6 && n < len(b) {
			rest[dir] = b[n:]
		}
	}
	p.End(c)
	var out []string
	for _, f := range c.Env.Out.Facts() {
		out = append(out, fmt.Sprintf("%s {%s}", f.Kind(), f.Body.AppendEVE(nil)))
	}
	return out
}

// expect wants each fact to contain all words of its line.
func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d facts, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
		return
	}
	for i, w := range want {
		for _, word := range strings.Fields(w) {
			if !strings.Contains(got[i], word) {
				t.Errorf("fact %d lacks %s:\n%s", i, word, got[i])
			}
		}
	}
}

// build writes a message of text: type, code, id, token, then options as
// number=value and the payload behind a bar.
func build(t testing.TB, stream bool, typ Type, code Code, id uint16, token string, options ...string) string {
	t.Helper()
	m := &Message{Stream: stream, Type: typ, Code: code, ID: id, Token: []byte(token)}
	for _, o := range options {
		if payload, ok := strings.CutPrefix(o, "|"); ok {
			m.Payload, m.Size = []byte(payload), len(payload)
			continue
		}
		var n int
		name, value, _ := strings.Cut(o, "=")
		if _, err := fmt.Sscan(name, &n); err != nil {
			t.Fatal(err)
		}
		v := []byte(value)
		if hex, ok := strings.CutPrefix(value, "0x"); ok {
			v = unhex(t, hex)
		}
		m.Add(Number(n), v)
	}
	raw, err := Append(nil, m)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", raw)
}

func TestFacts(t *testing.T) {
	msg := func(typ Type, code Code, id uint16, token string, options ...string) string {
		return build(t, false, typ, code, id, token, options...)
	}
	get := msg(CON, GET, 1, "a", "11=temp")
	tests := []struct {
		name   string
		script []string
		want   []string
	}{
		{"piggybacked", []string{"C " + get, "S " + msg(ACK, Content, 1, "a", "12=", "|22.3")}, []string{
			`coap "type":"CON","response_type":"ACK","method":"GET","code":"2.05" "token":"61" "path":"/temp" "content_format":"text/plain" "request_len":10 "response_len":11 "answered":true`,
		}},
		{"separate", []string{"C " + get, "S " + msg(ACK, Empty, 1, ""), "S " + msg(CON, Content, 77, "a", "|1"), "C " + msg(ACK, Empty, 77, "")}, []string{
			`coap "response_type":"CON" "path":"/temp" "answered":true`,
		}},
		{"sent again and again", []string{"C " + get, "+2s", "C " + get, "+4s", "C " + get, "S " + msg(ACK, Content, 1, "a")}, []string{
			`coap "answered":true "retransmits":2`,
		}},
		{"answer sent again", []string{"C " + get, "S " + msg(CON, Content, 5, "a"), "S " + msg(CON, Content, 5, "a")}, []string{"coap"}},
		{"flood of one datagram", []string{"C " + get, "C " + get, "C " + get, "C " + get, "C " + get, "C " + get, "C " + get}, []string{
			`coap "retransmits":4`, `coap "retransmits":1`,
		}},
		{"refused", []string{"C " + get, "S " + msg(RST, Empty, 1, "")}, []string{`coap "response_type":"RST" "answered":true`}},
		{"unanswered", []string{"C " + get}, []string{`coap "method":"GET" "path":"/temp"`}},
		{"time is up", []string{"C " + get, "+146s", "S " + msg(ACK, Content, 1, "a")}, []string{`coap "method":"GET"`, `coap "type":"ACK","code":"2.05"`}},
		{"answer with another token", []string{"C " + get, "S " + msg(ACK, Content, 1, "b")}, []string{
			`anomaly "event":"token_mismatch"`, `coap "malformed":"token_mismatch"`, `coap "method":"GET"`,
		}},
		{"NON with empty token", []string{"C " + msg(NON, GET, 9, ""), "S " + msg(NON, Content, 8, "")}, []string{`coap "type":"NON","response_type":"NON" "answered":true`}},
		{"ping", []string{"C 4000abcd", "S 7000abcd"}, []string{`coap "type":"CON","response_type":"RST" "answered":true "signal":"Ping"`}},
		{"response alone", []string{"S " + msg(NON, Content, 8, "zz", "12=0x28", "|</a>;rt=\"x,y\",</b/c>")}, []string{`coap "code":"2.05" "links":["/a","/b/c"]`}},
		{"observation", []string{
			"C " + msg(CON, GET, 1, "o", "6=", "11=temp"), "S " + msg(ACK, Content, 1, "o", "6=0x02", "|1"),
			"S " + msg(CON, Content, 50, "o", "6=0x03", "|2"), "C " + msg(ACK, Empty, 50, ""),
			"S " + msg(NON, Content, 51, "o", "6=0x04", "|3"), "C " + msg(RST, Empty, 51, ""),
			"S " + msg(NON, Content, 52, "o", "6=0x05", "|4"),
		}, []string{
			`coap "observe":"register" "answered":true`, `coap "path":"/temp" "observe":"notify" "notification":true`,
			`coap "notification":true`, `coap "type":"RST" "path":"/temp" "observe":"deregister"`, `coap "code":"2.05"`,
		}},
		{"discovery", []string{
			"C " + msg(CON, GET, 1, "", "11=.well-known", "11=core"),
			"S " + msg(ACK, Content, 1, "", "12=0x28", `|</oic/res>;rt="oic.wk.res",</light>;rt="oic.d.light oic.r.switch",</cut`),
		}, []string{
			`coap "path":"/.well-known/core" "content_format":"application/link-format" "links":["/oic/res","/light"]`,
			`identity "source":"coap.links" "device_type":"bulb"`,
		}},
		{"block-wise", []string{"C " + msg(CON, PUT, 1, "", "11=fw", "27=0x0e", "|"+strings.Repeat("f", 1024)), "S " + msg(ACK, 2<<5|31, 1, "", "27=0x0e")}, []string{
			`coap "code":"2.31" "block1":"0/1/1024" "payload_len":1024`,
		}},
		{"secrets in the query", []string{"C " + msg(CON, POST, 1, "", "11=login", "15=user=bob", "15=Password=hunter2")}, []string{`coap "query":"user=bob\u0026password=***"`}},
		{"proxy", []string{"C " + msg(CON, GET, 1, "", "35=coap://10.0.0.1/x")}, []string{`coap "proxy_uri":"coap://10.0.0.1/x"`}},
		{"OSCORE", []string{"C " + msg(CON, POST, 1, "", "9=0x0920", "|xx")}, []string{`coap "oscore":true`}},
		{"malformed", []string{"C 4001abcdf0"}, []string{`anomaly "event":"option_delta","app_proto":"coap"`, `coap "malformed":"option_delta"`}},
		{"not CoAP", []string{"C 0001000000", "C 80"}, nil},
		{"CoAP behind something else", []string{"C 40", "C 4f010001"}, []string{"anomaly token_length", "coap"}},
		{"Shelly", []string{"C " + msg(NON, 30, 1, "", "11=cit", "11=s", "3332=SHPLG-S#A4CF12000001#2", "3412=0x0011", "3420=0x0200", "|{}")}, []string{
			`coap "method":"0.30" "path":"/cit/s"`, `identity "vendor":"Shelly","model":"SHPLG-S" "serial":"A4CF12000001"`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			expect(t, play(t, prototest.NewConn(17, 5683), strings.Join(tt.script, "\n")), tt.want...)
		})
	}
}

func TestLwM2M(t *testing.T) {
	msg := func(typ Type, code Code, id uint16, token string, options ...string) string {
		return build(t, false, typ, code, id, token, options...)
	}
	got := play(t, prototest.NewConn(17, 5683), strings.Join([]string{
		"C " + msg(CON, POST, 1, "r", "11=rd", "12=0x28", "15=ep=meter-7", "15=lt=300", "15=lwm2m=1.1", "|</1/0>,</3/0>"),
		"S " + msg(ACK, Created, 1, "r", "8=rd", "8=x1"),
		"S " + msg(CON, GET, 100, "g", "11=3", "11=0", "11=3"),
		"C " + msg(ACK, Content, 100, "g", "12=", "|2.4.1"),
		"S " + msg(CON, GET, 101, "h", "11=3", "11=0"),
		"C " + msg(ACK, Content, 101, "h", "12=0x2d16", "|\xc8\x00\x04Acme\xc2\x01M7\xc1\x02Z"),
		"S " + msg(CON, POST, 102, "e", "11=3", "11=0", "11=4"),
		"C " + msg(ACK, Changed, 102, "e"),
		"S " + msg(CON, PUT, 103, "w", "11=1", "11=0", "11=1", "|60"),
		"C " + msg(ACK, Changed, 103, "w"),
		"S " + msg(CON, GET, 104, "o", "6=", "11=3303", "11=0", "11=5700"),
		"C " + msg(ACK, Content, 104, "o", "6=0x01", "|21"),
		"C " + msg(NON, Content, 7, "o", "6=0x02", "|22"),
		"C " + msg(CON, POST, 2, "u", "11=rd", "11=x1"),
		"S " + msg(ACK, Changed, 2, "u"),
		"C " + msg(CON, DELETE, 3, "d", "11=rd", "11=x1"),
		"S " + msg(ACK, Deleted, 3, "d"),
	}, "\n"))
	expect(t, got,
		`coap "lwm2m":"register","lwm2m_endpoint":"meter-7" "links":["/1/0","/3/0"]`,
		`identity "source":"lwm2m.register","name":"meter-7"`,
		`coap "lwm2m":"read" "lwm2m_path":"/3/0/3" "answered":true`,
		`identity "source":"lwm2m.device" "firmware":"2.4.1"`,
		`coap "lwm2m":"read" "lwm2m_path":"/3/0"`,
		`identity "vendor":"Acme","model":"M7" "serial":"Z"`,
		`coap "lwm2m":"execute" "lwm2m_endpoint":"meter-7"`,
		`coap "lwm2m":"write" "lwm2m_path":"/1/0/1"`,
		`coap "lwm2m":"observe" "observe":"register"`,
		`coap "lwm2m":"notify" "lwm2m_path":"/3303/0/5700" "notification":true`,
		`coap "lwm2m":"update"`,
		`coap "lwm2m":"deregister"`,
	)
}

func TestLwM2MBootstrap(t *testing.T) {
	msg := func(typ Type, code Code, id uint16, token string, options ...string) string {
		return build(t, false, typ, code, id, token, options...)
	}
	expect(t, play(t, prototest.NewConn(17, 5683), strings.Join([]string{
		"C " + msg(CON, POST, 1, "a", "11=bs", "15=ep=new"), "S " + msg(ACK, Changed, 1, "a"),
		"S " + msg(CON, DELETE, 9, "b"), "C " + msg(ACK, Deleted, 9, "b"),
		"S " + msg(CON, PUT, 10, "c", "11=0", "11=1", "12=0x2d16", "|x"), "C " + msg(ACK, Changed, 10, "c"),
		"S " + msg(CON, POST, 11, "d", "11=bs"), "C " + msg(ACK, Changed, 11, "d"),
		"S " + msg(CON, POST, 12, "e", "11=3", "11=0", "|x"), "C " + msg(ACK, Changed, 12, "e"),
	}, "\n")), `"lwm2m":"bootstrap-request","lwm2m_endpoint":"new"`, `"lwm2m":"bootstrap-delete"`,
		`"lwm2m":"bootstrap-write" "lwm2m_path":"/0/1"`, `"lwm2m":"bootstrap-finish"`, `"lwm2m":"write-partial"`)
}

func TestStream(t *testing.T) {
	msg := func(code Code, token string, options ...string) string {
		return build(t, true, CON, code, 0, token, options...)
	}
	csm := msg(CSM, "", "2=0x0480", "4=")
	whole := csm + msg(GET, "a", "11=temp")
	tests := []struct {
		name   string
		script []string
		want   []string
	}{
		{"exchange", []string{"C " + whole, "S " + csm, "S " + msg(Content, "a", "|21")}, []string{
			`coap "signal":"CSM"`, `coap "signal":"CSM"`, `coap "type":"TCP","response_type":"TCP","method":"GET","code":"2.05" "path":"/temp"`,
		}},
		{"in pieces", []string{"C " + whole[:6], "C " + whole[6:18], "C " + whole[18:]}, []string{"coap", `coap "path":"/temp"`}},
		{"no CSM", []string{"C " + msg(GET, "a", "11=temp")}, nil},
		{"release", []string{"C " + csm + msg(Ping, "x"), "S " + csm + msg(Pong, "x") + msg(Release, "")}, []string{"coap", "coap", `coap "signal":"Release"`}},
		{"lost", []string{"C " + csm + "0f01"}, []string{"coap", `anomaly "event":"token_length"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			expect(t, play(t, prototest.NewConn(6, 5683), strings.Join(tt.script, "\n")), tt.want...)
		})
	}
}

func TestMulticastRequest(t *testing.T) {
	c := prototest.NewConn(17, 5683)
	c.Server = netip.MustParseAddr("224.0.1.187")
	expect(t, play(t, c, "C "+build(t, false, NON, GET, 1, "m", "11=.well-known", "11=core")), `coap "multicast":true`)
}

func TestWaitingIsBounded(t *testing.T) {
	c := prototest.NewConn(17, 5683)
	p := newParser()
	for i := range 5000 {
		if _, err := p.Data(c, event.ToServer, unhex(t, build(t, false, CON, GET, uint16(i), fmt.Sprint(i), "11=x"))); err != nil {
			t.Fatal(err)
		}
		if p.waiting.Len() > maxWaiting {
			t.Fatalf("%d requests wait", p.waiting.Len())
		}
	}
	p.End(c)
	if n := c.Env.Out.Len(); n != 5000 {
		t.Errorf("%d facts for 5000 requests", n)
	}
	for _, f := range c.Env.Out.Facts() {
		if f.Body.(*event.CoAP).Answered {
			t.Fatal("a request that nobody answered is answered")
		}
	}
}

func TestProbe(t *testing.T) {
	get := build(t, false, CON, GET, 1, "a", "11=temp")
	tests := []struct {
		name      string
		transport uint8
		home      bool
		old, now  string
		want      proto.Match
	}{
		{"request at home", 17, true, "", get, proto.Weak},
		{"request elsewhere", 17, false, "", get, proto.More},
		{"request and answer elsewhere", 17, false, get, build(t, false, ACK, Content, 1, "a", "|x"), proto.Yes},
		{"answer with another identifier", 17, false, get, build(t, false, ACK, Content, 2, "a", "|x"), proto.No},
		{"answer with another token", 17, false, get, build(t, false, ACK, Content, 1, "b", "|x"), proto.No},
		{"unassigned code", 17, true, "", "4018abcd", proto.No},
		{"unknown critical option", 17, true, "", build(t, false, CON, GET, 1, "", "33=x"), proto.No},
		{"unknown elective option", 17, true, "", build(t, false, CON, GET, 1, "", "34=x"), proto.Weak},
		{"text", 17, true, "", "48656c6c6f20776f726c64", proto.No},
		{"CSM at home", 6, true, "", "00e1", proto.Weak},
		{"CSM on both sides", 6, false, "00e1", "00e1", proto.Yes},
		{"half a CSM", 6, true, "", "40e1", proto.More},
		{"something else", 6, true, "", "474554202f", proto.No},
	}
	for _, tt := range tests {
		c := prototest.NewConn(tt.transport, 5683)
		s := &proto.Sample{Dir: event.ToClient, Port: tt.home, Conn: c}
		s.Data[event.ToServer], s.Data[event.ToClient] = unhex(t, tt.old), unhex(t, tt.now)
		if got := probe(s); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
		if n := shared.AllocsPerRun(10, func() { probe(s) }); n != 0 {
			t.Errorf("%s: the probe allocates", tt.name)
		}
	}
}

func FuzzParser(f *testing.F) {
	get := build(f, false, CON, GET, 1, "a", "6=", "11=3", "11=0")
	f.Add(unhex(f, get), unhex(f, build(f, false, ACK, Content, 1, "a", "6=0x02", "12=0x2d16", "|\xc8\x00\x04Acme")), unhex(f, build(f, false, NON, Content, 9, "a", "6=0x03")), false)
	f.Add(unhex(f, "00e1"+get), unhex(f, "00e1"), unhex(f, build(f, true, CON, GET, 0, "a", "11=x")), true)
	f.Add(unhex(f, build(f, false, CON, POST, 1, "a", "11=rd", "15=ep=x", "12=0x28", "|</a>;rt=\"oic.d.tv\"")), []byte{}, []byte{}, false)
	f.Fuzz(func(t *testing.T, a, b, d []byte, stream bool) {
		transport := uint8(17)
		if stream {
			transport = 6
		}
		c := prototest.NewConn(transport, 5683)
		p := newParser()
		for i, x := range [][]byte{a, b, d, a, d, b} {
			if len(x) == 0 {
				continue
			}
			if _, err := p.Data(c, event.Dir(i&1), x); err != nil {
				break
			}
		}
		p.End(c)
		for _, fact := range c.Env.Out.Facts() {
			fact.Body.AppendEVE(nil)
		}
	})
}

func BenchmarkParser(b *testing.B) {
	c := prototest.NewConn(17, 5683)
	p := newParser()
	req := unhex(b, build(b, false, CON, GET, 1, "tokn", "11=sensors", "11=temperature"))
	resp := unhex(b, build(b, false, ACK, Content, 1, "tokn", "12=", "|21.5"))
	b.SetBytes(int64(len(req) + len(resp)))
	b.ReportAllocs()
	id := uint16(0)
	for b.Loop() {
		id++
		req[2], req[3], resp[2], resp[3] = byte(id>>8), byte(id), byte(id>>8), byte(id)
		c.Env.Out.Reset()
		for dir, m := range [][]byte{req, resp} {
			if _, err := p.Data(c, event.Dir(dir), m); err != nil {
				b.Fatal(err)
			}
		}
	}
}
