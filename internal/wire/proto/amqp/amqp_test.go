package amqp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

// table writes a table of long strings.
func table(pairs ...string) []byte {
	var b []byte
	for i := 0; i < len(pairs); i += 2 {
		b = AppendLong(append(AppendShort(b, []byte(pairs[i])), 'S'), []byte(pairs[i+1]))
	}
	return b
}

// method writes a frame with a method and its arguments, each of which is a
// short string, a long one (as []byte), or a number.
func method(m Method, args ...any) []byte {
	p := binary.BigEndian.AppendUint32(nil, uint32(m))
	for _, a := range args {
		switch a := a.(type) {
		case string:
			p = AppendShort(p, []byte(a))
		case []byte:
			p = AppendLong(p, a)
		case uint8:
			p = append(p, a)
		case uint16:
			p = binary.BigEndian.AppendUint16(p, a)
		case uint32:
			p = binary.BigEndian.AppendUint32(p, a)
		case uint64:
			p = binary.BigEndian.AppendUint64(p, a)
		}
	}
	return AppendFrame(nil, FrameMethod, 0, p)
}

// list writes a described list of 1.0 of values that are written already.
func list(descriptor byte, fields ...string) string {
	body := strings.Join(fields, "")
	return fmt.Sprintf("\x00\x53%c\xc0%c%c%s", descriptor, len(body)+1, len(fields), body)
}

func str(s string) string { return fmt.Sprintf("\xa1%c%s", len(s), s) }
func sym(s string) string { return fmt.Sprintf("\xa3%c%s", len(s), s) }

type step struct {
	dir event.Dir
	b   []byte
}

func play(t testing.TB, c *proto.Conn, steps []step, size int) []string {
	t.Helper()
	p := new(parser)
	if c.Midstream {
		p.Gap(c, 0, 0)
		p.Gap(c, 1, 0)
	}
	for _, s := range steps {
		if _, err := prototest.Feed(p, c, s.dir, s.b, size); err != nil {
			t.Logf("given up: %v", err)
			break
		}
	}
	p.End(c)
	var out []string
	for _, f := range c.Env.Out.Facts() {
		out = append(out, fmt.Sprintf("%s {%s}", f.Kind(), f.Body.AppendEVE(nil)))
	}
	return out
}

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

// opening is a connection to a broker until the SASL response, then more.
func opening(mechanism string, response []byte, more ...step) []step {
	return append([]step{
		{0, AppendHeader(nil, Header091)},
		{1, method(ConnectionStart, uint8(0), uint8(9), table("product", "RabbitMQ", "version", "3.12.1", "platform", "Erlang"), []byte("PLAIN AMQPLAIN"), []byte("en_US"))},
		{0, method(ConnectionStartOK, table("product", "Pika", "version", "1.3"), mechanism, response, "en_US")},
	}, more...)
}

func TestOpening091(t *testing.T) {
	body := make([]byte, 100000)
	steps := opening("PLAIN", []byte("\x00guest\x00guest"),
		step{1, method(ConnectionTune, uint16(0), uint32(131072), uint16(60))},
		step{0, method(ConnectionOpen, "/plant", "", uint8(0))},
		step{1, method(ConnectionOpenOK, "")},
		step{0, method(QueueDeclare, uint16(0), "orders", uint8(0), []byte{})},
		step{0, method(BasicPublish, uint16(0), "logs", "key", uint8(0))},
		step{0, AppendFrame(nil, FrameHeader, 1, append([]byte{0, 60, 0, 0}, make([]byte, 10)...))},
		step{0, AppendFrame(nil, FrameBody, 1, body)},
		step{0, method(BasicPublish, uint16(0), "logs", "key", uint8(0))},
		step{1, method(BasicDeliver, "tag", uint64(1), uint8(0), "logs", "key")},
		step{0, AppendFrame(nil, FrameHeartbeat, 0, nil)},
		step{0, method(ConnectionClose, uint16(200), "bye", uint16(0), uint16(0))},
	)
	want := []string{
		`amqp "version":"0-9-1","method":"connection.start","product":"RabbitMQ","product_version":"3.12.1","platform":"Erlang" "mechanisms":["PLAIN","AMQPLAIN"]`,
		`identity "device_type":"broker" "model":"RabbitMQ" "firmware":"3.12.1"`,
		`amqp "method":"connection.start-ok","product":"Pika" "mechanism":"PLAIN" "username":"guest"`,
		`identity "banner":"Pika`,
		`login "service":"amqp","user":"guest" "outcome":"success","mechanism":"plain","cleartext":true`,
		`amqp "method":"connection.open","vhost":"/plant"`,
		`amqp "method":"queue.declare","queue":"orders"`,
		`amqp "method":"basic.publish","exchange":"logs"`,
		`amqp "method":"basic.deliver","exchange":"logs"`,
		`amqp "method":"connection.close","reply_code":200,"reply_text":"bye"`,
	}
	for _, size := range []int{0, 1, 7, 1000} {
		got := play(t, prototest.NewConn(6, 5672), steps, size)
		expect(t, got, want...)
	}
}

func TestLogins(t *testing.T) {
	refused := step{1, method(ConnectionClose, uint16(403), "ACCESS_REFUSED", uint16(0), uint16(0))}
	tests := []struct {
		name  string
		steps []step
		want  string
	}{
		{"refused", opening("PLAIN", []byte("\x00guest\x00x"), refused), `"user":"guest" "outcome":"failure"`},
		{"no outcome", opening("PLAIN", []byte("\x00guest\x00x")), `"outcome":"unknown"`},
		{"AMQPLAIN", opening("AMQPLAIN", table("LOGIN", "bob", "PASSWORD", "pw")), `"user":"bob" "mechanism":"amqplain"`},
		{"EXTERNAL", opening("EXTERNAL", nil), `"outcome":"unknown","mechanism":"external"`},
		{"ANONYMOUS", opening("ANONYMOUS", nil), ""},
	}
	for _, tt := range tests {
		var logins []string
		for _, f := range play(t, prototest.NewConn(6, 5672), tt.steps, 0) {
			if strings.HasPrefix(f, "login") {
				logins = append(logins, f)
			}
		}
		if tt.want == "" {
			expect(t, logins)
		} else {
			expect(t, logins, tt.want)
		}
	}
}

func TestOpening10(t *testing.T) {
	frame := func(sasl bool, body string) []byte { return AppendFrame10(nil, sasl, 0, []byte(body)) }
	init := "\xa0" + string(rune(11)) + "\x00user\x00passw"
	steps := []step{
		{0, AppendHeader(nil, HeaderSASL)},
		{1, AppendHeader(nil, HeaderSASL)},
		{1, frame(true, list(saslMechanisms, "\xf0\x00\x00\x00\x15\x00\x00\x00\x02\xa3\x05PLAIN\x09ANONYMOUS"))},
		{0, frame(true, list(saslInit, sym("PLAIN"), init, str("hub")))},
		{1, frame(true, list(saslOutcome, "\x50\x00"))},
		{0, AppendHeader(nil, Header10)},
		{1, AppendHeader(nil, Header10)},
		{0, frame(false, list(openFrame, str("client-1"), str("hub.example")))},
		{0, frame(false, list(attachFrame, str("link"), "\x43", "\x41", "\x40", "\x40", list(sourceList, str("in")), list(targetList, str("telemetry"))))},
		{0, frame(false, "\x00\x53\x14\xc0\x02\x01\x43 this is a transfer")},
		{0, frame(false, "")},
		{1, frame(false, list(closeFrame, list(errorList, sym("amqp:connection:forced"))))},
	}
	want := []string{
		`amqp "version":"1.0","method":"sasl-mechanisms","mechanisms":["PLAIN","ANONYMOUS"]`,
		`amqp "method":"sasl-init","mechanism":"PLAIN","username":"user","hostname":"hub"`,
		`login "user":"user" "outcome":"success"`,
		`amqp "method":"sasl-outcome"`,
		`amqp "method":"open","container_id":"client-1","hostname":"hub.example"`,
		`amqp "method":"attach","queue":"telemetry"`,
		`amqp "method":"close","reply_text":"amqp:connection:forced"`,
	}
	for _, size := range []int{0, 1, 5} {
		c := prototest.NewConn(6, 5672)
		expect(t, play(t, c, steps, size), want...)
		if c.Messages != [2]uint32{7, 5} {
			t.Errorf("messages %v", c.Messages)
		}
	}
}

func TestMidstreamAndGarbage(t *testing.T) {
	publish := method(BasicPublish, uint16(0), "logs", "key", uint8(0))
	c := prototest.NewConn(6, 5672)
	c.Midstream = true
	expect(t, play(t, c, []step{{0, []byte("middle of a body")}, {0, publish}}, 0), `amqp "version":"0-9-1","method":"basic.publish"`)
	expect(t, play(t, prototest.NewConn(6, 5672), []step{{0, []byte("GET / HTTP/1.0\r\n\r\n")}}, 0))
	expect(t, play(t, prototest.NewConn(6, 5672), []step{{0, AppendHeader(nil, Header091)}, {0, []byte("garbage that is long enough")}}, 0), `anomaly "event":"frame"`)
	short := AppendFrame(nil, FrameMethod, 0, []byte{0, 60, 0, 40, 0, 0, 200})
	expect(t, play(t, prototest.NewConn(6, 5672), []step{{0, AppendHeader(nil, Header091)}, {0, short}}, 0), `anomaly "event":"method_arguments"`)
	expect(t, play(t, prototest.NewConn(6, 5672), []step{{0, []byte("AMQP\x07\x07\x07\x07")}}, 0), `anomaly "event":"protocol_version"`)
}

func TestProbe(t *testing.T) {
	publish := method(BasicPublish, uint16(0), "logs", "key", uint8(0))
	tests := []struct {
		name string
		b    []byte
		home bool
		want proto.Match
	}{
		{"header", AppendHeader(nil, Header10), false, proto.Yes},
		{"half a header", []byte("AMQ"), false, proto.More},
		{"unknown version", []byte("AMQP\x07\x07\x07\x07"), true, proto.No},
		{"frame at home", publish, true, proto.Weak},
		{"frame elsewhere", publish, false, proto.No},
		{"frame without end", publish[:len(publish)-1], true, proto.No},
	}
	for _, tt := range tests {
		s := &proto.Sample{Port: tt.home, Conn: prototest.NewConn(6, 5672)}
		s.Data[0] = tt.b
		if got := probe(s); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func FuzzParser(f *testing.F) {
	var a, b []byte
	for _, s := range opening("PLAIN", []byte("\x00guest\x00guest"), step{1, method(ConnectionTune, uint16(0), uint32(1), uint16(6))}, step{0, method(QueueBind, uint16(0), "q", "x", "k", uint8(0), []byte{})}) {
		if s.dir == 0 {
			a = append(a, s.b...)
		} else {
			b = append(b, s.b...)
		}
	}
	f.Add(a, b, false)
	ten := AppendHeader(nil, HeaderSASL)
	ten = AppendFrame10(ten, true, 0, []byte(list(saslInit, sym("PLAIN"), "\xa0\x0b\x00user\x00passw", str("hub"))))
	ten = AppendFrame10(ten, false, 0, []byte(list(attachFrame, str("link"), "\x43", "\x41", "\x40", "\x40", list(sourceList, str("in")))))
	f.Add(ten, AppendFrame10(nil, true, 0, []byte(list(saslOutcome, "\x50\x01"))), true)
	f.Fuzz(func(t *testing.T, a, b []byte, mid bool) {
		c := prototest.NewConn(6, 5672)
		c.Midstream = mid
		p := new(parser)
		if mid {
			p.Gap(c, 0, 0)
		}
		probe(&proto.Sample{Data: [2][]byte{a, b}, Port: true, Conn: c})
		for dir, x := range [][]byte{a, b} {
			if _, err := prototest.Feed(p, c, event.Dir(dir), x, 9); err != nil {
				break
			}
		}
		p.End(c)
		if n, err := DecodeFrame10(a); err == nil && len(a) > n.Body {
			if v, _, err := ReadValue(a[n.Body:]); err == nil {
				v.Lookup("x")
				v.Symbols(func([]byte) {})
			}
		}
	})
}

func BenchmarkParser(b *testing.B) {
	c := prototest.NewConn(6, 5672)
	p := new(parser)
	if _, err := p.Data(c, 0, AppendHeader(nil, Header091)); err != nil {
		b.Fatal(err)
	}
	var raw []byte
	for range 100 {
		raw = append(raw, method(BasicPublish, uint16(0), "logs", "sensor.temperature", uint8(0))...)
		raw = AppendFrame(raw, FrameHeader, 1, append([]byte{0, 60, 0, 0}, make([]byte, 10)...))
		raw = AppendFrame(raw, FrameBody, 1, bytes.Repeat([]byte{'x'}, 200))
	}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		c.Env.Out.Reset()
		if _, err := p.Data(c, 0, raw); err != nil {
			b.Fatal(err)
		}
	}
}
