package mqtt

import (
	"fmt"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/shared"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

// talk plays a script of lines "C hex" and "S hex" and gives the facts as
// lines "kind {members}", without the members that every MQTT fact has.
func talk(t testing.TB, c *proto.Conn, script string, end bool) []string {
	t.Helper()
	p := newParser()
	c.Env.Vault = event.VaultFunc(func(_ *event.Batch, _, _ string, value []byte) event.Secret {
		return event.Secret{Seen: true, Len: uint16(len(value))}
	})
	if c.Midstream {
		p.Gap(c, event.ToServer, 0)
		p.Gap(c, event.ToClient, 0)
	}
	for _, line := range strings.Split(strings.TrimSpace(script), "\n") {
		who, hex, _ := strings.Cut(strings.TrimSpace(line), " ")
		dir := event.ToServer
		if who[0] == 'S' {
			dir = event.ToClient
		}
		if len(who) > 1 { // "C?" has a hole before it
			p.Gap(c, dir, 10)
		}
		c.Time += 1e6
		c.Packet++
		if _, err := prototest.Feed(p, c, dir, unhex(t, hex), 0); err != nil {
			t.Logf("given up: %v", err)
			break
		}
	}
	if end {
		p.End(c)
	}
	return facts(c.Env.Out)
}

func facts(b *event.Batch) []string {
	var out []string
	for _, f := range b.Facts() {
		out = append(out, fmt.Sprintf("%s {%s}", f.Kind(), f.Body.AppendEVE(nil)))
	}
	return out
}

// expect holds facts against patterns: each must contain all words of its line.
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

const (
	connect311 = "101a 0004 4d515454 04 c2 003c 0001 61 0004 75736572 0005 7061737373"
	anonymous  = "100d 0004 4d515454 04 02 003c 0001 61"
	connect5   = "100e 0004 4d515454 05 02 003c 00 0001 61"
	connack5   = "2003 00 00 00"
	connackOK  = "2002 0000"
)

func TestFacts(t *testing.T) {
	tests := []struct {
		name, script string
		want         []string
	}{
		{"login", "C " + connect311 + "\nS " + connackOK, []string{
			`mqtt "connect":{ "client_id":"a" "username":"user" 5 bytes "connack":{"return_code":0,"reason":"connection`,
			`login "service":"mqtt" "user":"user" "outcome":"success" "mechanism":"plain" "cleartext":true`,
		}},
		{"refused", "C " + connect311 + "\nS 2002 0005", []string{`mqtt "return_code":5`, `login "outcome":"failure"`}},
		{"server away", "C " + connect311 + "\nS 2002 0003", []string{`mqtt "return_code":3`, `login "outcome":"unknown"`}},
		{"no answer", "C " + connect311, []string{`mqtt "connect":{`, `login "outcome":"unknown"`}},
		{"anonymous", "C " + anonymous + "\nS " + connackOK, []string{`mqtt "connect":{ "connack":{"return_code":0,"reason":"connection`}},
		{"enhanced authentication", "C 101c 0004 4d515454 05 02 003c 0e 15000653434f4c504a 16000278 79 0001 61\nS f00b 18 09 15000653434f4c504a", []string{
			`mqtt "auth":{"reason_code":24`, `mqtt "authentication_method":"SCOLPJ"`, `login "mechanism":"SCOLPJ" "outcome":"unknown"`,
		}},
		{"QoS 0", "C " + anonymous + "\nS " + connackOK + "\nC 3006 0003 612f62 78", []string{
			"mqtt", `mqtt "publish":{"topic":"a/b" "message_len":1 "client_id":"a"`,
		}},
		{"QoS 1", "C " + connect5 + "\nS " + connack5 + "\nC 3208 0003 612f62 0001 00\nS 4003 0001 87", []string{
			"mqtt", `mqtt "qos":1 "message_id":1 "state":"acked" "ack_reason_code":135`,
		}},
		{"QoS 2 both ways", "C " + anonymous + "\nS " + connackOK + `
			S 3407 0003 612f62 0005
			C 5002 0005
			S 6202 0005
			C 7002 0005
			C 3407 0003 612f63 0005
			S 5002 0005`, []string{
			"mqtt", `mqtt "topic":"a/b" "state":"completed"`, `mqtt "topic":"a/c" "state":"received"`,
		}},
		{"never acknowledged", "C " + anonymous + "\nS " + connackOK + "\nC 3207 0003 612f62 0001", []string{"mqtt", `mqtt "state":"pending"`}},
		{"acknowledgement of nothing", "C " + anonymous + "\nS " + connackOK + "\nS 4002 0009", []string{
			"mqtt", `anomaly "event":"missing_publish"`, `mqtt "ack":{"type":"puback","message_id":9`,
		}},
		{"subscription refused in part", "C " + anonymous + "\nS " + connackOK + "\nC 820a 0002 0001 23 00 0001 2b 01\nS 9004 0002 80 01", []string{
			"mqtt", `mqtt "subscribe":{ "topic":"#" "reason_code":128 "topic":"+" "reason_code":1 "acked":true`,
		}},
		{"too many codes", "C " + anonymous + "\nS " + connackOK + "\nC 8206 0002 0001 23 00\nS 9004 0002 00 00", []string{
			"mqtt", "anomaly reason_code_count", `mqtt "malformed":"reason_code_count"`,
		}},
		{"unsubscription", "C " + anonymous + "\nS " + connackOK + "\nC a205 0003 0001 23\nS b002 0003", []string{
			"mqtt", `mqtt "unsubscribe":{ "#" "acked":true`,
		}},
		{"topic alias", "C " + connect5 + "\nS " + connack5 + "\nC 3009 0003 612f62 03 230007\nC 3006 0000 03 230007\nC 3006 0000 03 230008", []string{
			"mqtt", `mqtt "topic":"a/b" "topic_alias":7`, `mqtt "topic":"a/b" "topic_alias":7`,
			"anomaly topic_alias_unknown", `mqtt "topic_alias":8 "malformed":"topic_alias_unknown"`,
		}},
		{"taken over", "C " + connect5 + "\nS " + connack5 + "\nS e001 8e", []string{
			"mqtt", `mqtt "disconnect":{"reason_code":142,"reason":"session`,
		}},
		{"pings make no facts", "C " + anonymous + "\nS " + connackOK + "\nC c000\nS d000", []string{"mqtt"}},
		{"reserved type", "C " + anonymous + "\nS " + connackOK + "\nC 0002 4142\nC e000", []string{
			"mqtt", `anomaly "event":"unassigned_msg_type"`, `mqtt "malformed":"packet_type"`, `mqtt "disconnect"`,
		}},
		{"QoS 3", "C " + anonymous + "\nS " + connackOK + "\nC 3605 0001 61 0001", []string{
			"mqtt", `anomaly "event":"invalid_qos_level"`, `mqtt "publish" "malformed":"qos"`,
		}},
		{"endless length", "C " + anonymous + "\nS " + connackOK + "\nC 30ffffffff01", []string{
			"mqtt", `anomaly "event":"malformed_traffic" remaining_length`, `mqtt "malformed":"remaining_length"`,
		}},
		{"first packet with an endless length", "C 10ffffffff01", []string{"anomaly remaining_length", `mqtt "malformed":"remaining_length"`}},
		{"second CONNECT", "C " + anonymous + "\nS " + connackOK + "\nC " + anonymous, []string{
			"mqtt", `anomaly "event":"double_connect"`, "mqtt",
		}},
		{"PUBLISH without CONNECT", "C 3003 0001 61", []string{`anomaly "event":"unintroduced_message"`, "mqtt"}},
		{"client sends ahead of the CONNACK", "C " + anonymous + "\nC 3003 0001 61\nS " + connackOK, []string{`mqtt "publish"`, `mqtt "connect"`}},
		{"CONNACK never comes", "C " + anonymous + "\nC 3003 0001 61", []string{
			`mqtt "publish"`, `mqtt "connect"`, `anomaly "event":"unintroduced_message"`,
		}},
		{"CONNACK without CONNECT", "S " + connackOK, []string{`anomaly "event":"missing_connect"`, `mqtt "connack":{`}},
		{"a hole, then a packet", "C " + anonymous + "\nS " + connackOK + "\nC? 3003 0001 61", []string{"mqtt", `mqtt "publish"`}},
		{"a hole, then the middle of one", "C " + anonymous + "\nS " + connackOK + "\nC? 616161\nC 3003 0001 61", []string{"mqtt", `mqtt "publish"`}},
		{"broker's version", "C " + anonymous + "\nS " + connackOK + "\nS 3118 0013 245359532f62726f6b65722f76657273696f6e 582031", []string{
			"mqtt", `identity "source":"mqtt.sys" "device_type":"broker" "banner":"X`, "mqtt",
		}},
		{"server reference", "C " + connect5 + "\nS 200a 00 9c 07 1c0004 62723a31", []string{`mqtt "return_code":156 "server_reference":"br:1"`}},
		{"faulty SUBSCRIBE without CONNECT", "C 8203 0001 00", []string{"anomaly truncated_field", "anomaly", `mqtt "malformed":"truncated_field"`}},
		{"HTTP", "C 474554202f20485454502f312e300d0a0d0a", nil},
		{"LDAP", "C 300c02010160070201030400 8000", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			expect(t, talk(t, prototest.NewConn(6, 1883), tt.script, true), tt.want...)
		})
	}
}

// TestAbruptEnd wants a connection that ends without a DISCONNECT told apart
// from one that the client took its leave of, or that the server refused.
func TestAbruptEnd(t *testing.T) {
	for _, tt := range []struct {
		name, script string
		closed       bool
		want         []string
	}{
		{"broken off", "C " + anonymous + "\nS " + connackOK, true, []string{"mqtt", `mqtt "disconnect":{ "abrupt":true`}},
		{"idle", "C " + anonymous + "\nS " + connackOK, false, []string{"mqtt"}},
		{"taken leave", "C " + anonymous + "\nS " + connackOK + "\nC e000", true, []string{"mqtt", `mqtt "disconnect":{"reason":"normal`}},
		{"refused", "C " + anonymous + "\nS 20020005", true, []string{"mqtt"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := prototest.NewConn(6, 1883)
			c.Closed = tt.closed
			expect(t, talk(t, c, tt.script, true), tt.want...)
		})
	}
}

func TestMidstream(t *testing.T) {
	tests := []struct{ name, script, want string }{
		{"3.1.1", "C 3006 0003 612f62 78", `"topic":"a/b" "message_len":1`},
		{"5.0 by the look of the payload", "C 3009 0003 612f62 00 7b7d0a", `"message_len":3`},
		{"5.0 by properties", "C 3009 0003 612f62 02 0100 78", `"message_len":1`},
		{"5.0 by CONNACK", "S 2003 00 00 00", `"connack":{`},
	}
	for _, tt := range tests {
		c := prototest.NewConn(6, 1883)
		c.Midstream = true
		expect(t, talk(t, c, tt.script, true), "mqtt "+tt.want)
	}
}

func TestInsideWebSocket(t *testing.T) {
	c := prototest.NewConn(6, 80)
	c.Note = "broker.example\n/mqtt\nmqtt" // as websocket.Handover writes it
	expect(t, talk(t, c, "C "+anonymous+"\nS "+connackOK, true), `mqtt "websocket":true`)
}

func TestReset(t *testing.T) {
	p := newParser()
	c := prototest.NewConn(6, 1883)
	for _, s := range []string{connect5, "3208 0003 612f62 0001 00", "3009 0003 612f62 03 230007"} {
		if _, err := p.Data(c, event.ToServer, unhex(t, s)); err != nil {
			t.Fatal(err)
		}
	}
	p.Reset()
	c = prototest.NewConn(6, 1883)
	p.End(c)
	if n := c.Env.Out.Len(); n != 0 {
		t.Errorf("%d facts of the connection before", n)
	}
	if _, err := p.Data(c, event.ToServer, unhex(t, anonymous)); err != nil {
		t.Fatal(err)
	}
	p.End(c)
	if got := facts(c.Env.Out); len(got) != 1 || !strings.Contains(got[0], `"protocol_version":4`) {
		t.Errorf("facts after Reset: %v", got)
	}
}

func TestManyFiltersMakeManyFacts(t *testing.T) {
	pk := &Packet{Type: SUBSCRIBE, Version: V311, ID: 1}
	for range 2000 {
		pk.Filters = append(pk.Filters, Filter{Topic: []byte("a")})
	}
	pk.Filters = append(pk.Filters, Filter{Topic: []byte("#")})
	raw, err := Append(nil, pk)
	if err != nil {
		t.Fatal(err)
	}
	got := talk(t, prototest.NewConn(6, 1883), fmt.Sprintf("C %s\nS %s\nC %x", anonymous, connackOK, raw), true)
	if len(got) != 17 || !strings.Contains(got[16], `"topic":"#"`) {
		t.Errorf("%d facts for 2001 filters, the last is %s", len(got), got[len(got)-1])
	}
}

func TestLargePacketsAreSkipped(t *testing.T) {
	c := prototest.NewConn(6, 1883)
	p := newParser()
	feed := func(dir event.Dir, b []byte) int {
		n, err := p.Data(c, dir, b)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	feed(event.ToServer, unhex(t, anonymous))
	feed(event.ToClient, unhex(t, connackOK))
	body, err := Append(nil, &Packet{Type: PUBLISH, Topic: []byte("big"), Payload: make([]byte, HeadSize), Size: 50 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if n := feed(event.ToServer, body); n <= 50<<20 {
		t.Errorf("PUBLISH of 50 MiB: %d bytes done, want all of it", n)
	}
	// A SUBSCRIBE beyond what is buffered is read as far as it is there.
	sub := append(unhex(t, "82 80808002 0001 0001 23 00 ffff"), make([]byte, maxBuffered)...)
	if n := feed(event.ToServer, sub); n != 5+(2<<21) {
		t.Errorf("SUBSCRIBE of 4 MiB: %d bytes done", n)
	}
	p.End(c)
	expect(t, facts(c.Env.Out), "mqtt", `mqtt "message_len":52428800`, `mqtt "topic":"#" "length":4194304`)
}

func TestMemoryOfWaitingIsBounded(t *testing.T) {
	c := prototest.NewConn(6, 1883)
	p := newParser()
	for i := range 5000 {
		raw, err := Append(nil, &Packet{Type: PUBLISH, QoS: 1, ID: uint16(i + 1), Topic: []byte(strings.Repeat("t", 500)), Payload: []byte("x"), Size: 1})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Data(c, event.ToServer, raw); err != nil {
			t.Fatal(err)
		}
		if p.waiting.held > maxHeld || p.waiting.table.Len() > maxWaiting {
			t.Fatalf("%d requests with %d bytes wait", p.waiting.table.Len(), p.waiting.held)
		}
	}
	p.End(c)
	if n := len(facts(c.Env.Out)); n != 5001 { // and one anomaly
		t.Errorf("%d facts for 5000 PUBLISHes", n)
	}
	if p.waiting.held != 0 {
		t.Errorf("%d bytes held after the end", p.waiting.held)
	}
}

func TestProbe(t *testing.T) {
	http := "474554202f20485454502f312e310d0a"
	tests := []struct {
		name           string
		client, server string
		port, mid      bool
		want           proto.Match
	}{
		{"CONNECT anywhere", connect311, "", false, false, proto.Yes},
		{"MQIsdp", "100f 0006 4d5149736470 03 02 000a 0001 70", "", false, false, proto.Yes},
		{"wrong properties behind the name", "1010 0004 4d515454 05 02 003c 7f 1100 0001 61", "", false, false, proto.Yes},
		{"beginning of CONNECT", "100d 0004 4d51", "", false, false, proto.More},
		{"HTTP", http, "", true, false, proto.No},
		{"ping at home", "c000", "", true, false, proto.Weak},
		{"ping elsewhere", "c000", "d000", false, false, proto.No},
		{"CONNACK of a lost CONNECT", "", connackOK, true, false, proto.Weak},
		{"half a CONNACK", "", "20", true, false, proto.More},
		{"packets of 5.0", "3208 0003 612f62 0001 00 c000", "", true, false, proto.Weak},
		{"a wrong packet", "c100", "", true, false, proto.No},
		{"the middle of a packet at home", "616161", "", true, true, proto.More},
		{"LDAP", "300c02010160070201030400 8000", "", true, false, proto.No},
	}
	for _, tt := range tests {
		c := prototest.NewConn(6, 1883)
		c.Midstream = tt.mid
		s := &proto.Sample{Data: [2][]byte{unhex(t, tt.client), unhex(t, tt.server)}, Port: tt.port, Conn: c}
		if tt.client == "" {
			s.Dir = event.ToClient
		}
		if got := probe(s); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
		if n := shared.AllocsPerRun(10, func() { probe(s) }); n != 0 {
			t.Errorf("%s: the probe allocates", tt.name)
		}
	}
}

func FuzzParser(f *testing.F) {
	f.Add(unhex(f, connect311+connackOK+"3207 0003 612f62 0001"), []byte{26, 4, 9}, false)
	f.Add(unhex(f, connect5+connack5+"3009 0003 612f62 03 230007 8207 0001 00 0001 23 00 9004 0001 00 00"), []byte{16, 5, 20, 6}, true)
	f.Fuzz(func(t *testing.T, b []byte, cuts []byte, mid bool) {
		c := prototest.NewConn(6, 1883)
		c.Midstream = mid
		p := newParser()
		if mid {
			p.Gap(c, 0, 0)
			p.Gap(c, 1, 0)
		}
		var rest [2][]byte
		for i := 0; len(b) > 0; i++ {
			n := len(b)
			if i < len(cuts) {
				n = min(n, int(cuts[i]))
			}
			dir := event.Dir(i & 1)
			rest[dir] = append(rest[dir], b[:n]...)
			b = b[n:]
			done, err := p.Data(c, dir, rest[dir])
			if err != nil {
				break
			}
			rest[dir] = rest[dir][min(done, len(rest[dir])):]
			if n == 0 && i >= len(cuts) {
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
	g := make([]byte, 0, 64<<10)
	for i := range 400 {
		var err error
		pk := &Packet{Type: PUBLISH, Topic: []byte("site/line-4/press/temperature"), Payload: []byte(strings.Repeat("21.5 ", 20)), Size: 100}
		if g, err = Append(g, pk); err != nil {
			b.Fatal(err, i)
		}
	}
	c := prototest.NewConn(6, 1883)
	p := newParser()
	if _, err := p.Data(c, event.ToServer, unhex(b, anonymous)); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(g)))
	b.ReportAllocs()
	for b.Loop() {
		c.Env.Out.Reset()
		if _, err := p.Data(c, event.ToServer, g); err != nil {
			b.Fatal(err)
		}
	}
}
