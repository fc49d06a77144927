package websocket

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

func TestDecode(t *testing.T) {
	tests := []struct {
		name string
		in   string
		want Header
		n    int
		err  error
	}{
		{"text", "\x81\x05Hello", Header{Fin: true, Opcode: Text, Length: 5}, 2, nil},
		{"masked", "\x81\x85\x37\xfa\x21\x3d", Header{Fin: true, Opcode: Text, Masked: true, Mask: [4]byte{0x37, 0xfa, 0x21, 0x3d}, Length: 5}, 6, nil},
		{"fragment", "\x01\x03", Header{Opcode: Text, Length: 3}, 2, nil},
		{"16 bits", "\x82\x7e\x01\x00", Header{Fin: true, Opcode: Binary, Length: 256}, 4, nil},
		{"64 bits", "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", Header{Fin: true, Opcode: Binary, Length: 65536}, 10, nil},
		{"compressed", "\xc1\x01", Header{Fin: true, RSV: 4, Opcode: Text, Length: 1}, 2, nil},
		{"empty", "", Header{}, 0, ErrShort},
		{"cut length", "\x82\x7e\x01", Header{}, 0, ErrShort},
		{"cut mask", "\x81\x85\x37\xfa\x21", Header{}, 0, ErrShort},
		{"length too long a form", "\x82\x7e\x00\x05", Header{}, 0, ErrLength},
		{"length over 63 bits", "\x82\x7f\x80\x00\x00\x00\x00\x01\x00\x00", Header{}, 0, ErrLength},
		{"reserved opcode", "\x83\x00", Header{}, 0, ErrReserved},
		{"long ping", "\x89\x7e\x01\x00", Header{}, 0, ErrControl},
		{"fragmented close", "\x08\x00", Header{}, 0, ErrControl},
	}
	for _, tt := range tests {
		var h Header
		n, err := Decode(&h, []byte(tt.in))
		if n != tt.n || !errors.Is(err, tt.err) || err == nil && h != tt.want {
			t.Errorf("%s: got %+v, %d, %v", tt.name, h, n, err)
		}
	}
}

func TestHandover(t *testing.T) {
	for _, h := range []Handover{{}, {"broker.example", "/mqtt", "mqtt"}, {URL: "/"}} {
		if got := ParseHandover(h.String()); got != h {
			t.Errorf("got %+v, want %+v", got, h)
		}
	}
}

// frame makes a frame; clients mask theirs.
func frame(h Header, payload string) string {
	h.Length = uint64(len(payload))
	body := []byte(payload)
	if h.Masked {
		h.Mask = [4]byte{1, 2, 3, 4}
		Unmask(body, body, h.Mask, 0)
	}
	return string(Append(nil, &h)) + string(body)
}

// recorder is an inner conversation that remembers what it was told.
type recorder struct {
	got   [2]bytes.Buffer
	ended bool
}

func (r *recorder) Data(_ *proto.Conn, dir event.Dir, b []byte) { r.got[dir].Write(b) }
func (r *recorder) Proto() event.Proto                          { return event.ProtoMQTT }
func (r *recorder) End(*proto.Conn)                             { r.ended = true }

func newConn(inner *recorder) *proto.Conn {
	c := prototest.NewConn(6, 80)
	c.Note = Handover{"broker.example", "/mqtt", "mqtt"}.String()
	c.Env.Nest = func() proto.Stream { return inner }
	return c
}

func TestConversation(t *testing.T) {
	turns := []dialogue.Turn{
		dialogue.C(frame(Header{Fin: true, Opcode: Binary, Masked: true}, "connect")),
		dialogue.S(frame(Header{Fin: true, Opcode: Binary}, "connack")),
		dialogue.C(frame(Header{Opcode: Text, Masked: true}, `{"a":`) +
			frame(Header{Fin: true, Opcode: Ping, Masked: true}, "are you there") +
			frame(Header{Fin: true, Opcode: Continuation, Masked: true}, `1}`)),
		dialogue.S(frame(Header{Fin: true, Opcode: Text}, "line\n")),
		dialogue.S(frame(Header{Fin: true, RSV: 4, Opcode: Text}, "\x01\x02\x03")),
		dialogue.S(frame(Header{Fin: true, Opcode: Binary}, strings.Repeat("x", 5000))),
		dialogue.C(frame(Header{Fin: true, Opcode: Close, Masked: true}, "\x03\xe9bye")),
		dialogue.S(frame(Header{Fin: true, Opcode: Close}, "\x03\xe8")),
	}
	for _, play := range []func(testing.TB, proto.Protocol, *proto.Conn, ...dialogue.Turn){dialogue.Play, dialogue.PlayBytes} {
		inner := new(recorder)
		c := newConn(inner)
		play(t, Protocol, c, turns...)
		if got, want := inner.got[event.ToServer].String(), "connect{\"a\":1}\n"; got != want {
			t.Errorf("client said %q inside, want %q", got, want)
		}
		if got, want := inner.got[event.ToClient].String(), "connackline\n"+strings.Repeat("x", 5000); got != want {
			t.Errorf("server said %d bytes inside, want %d", len(got), len(want))
		}
		if !inner.ended {
			t.Error("the inner conversation was not ended")
		}
		facts := dialogue.Facts[event.WebSocket](c)
		if len(facts) != 1 {
			t.Fatalf("%d facts, want 1", len(facts))
		}
		want := event.WebSocket{
			Host: "broker.example", URL: "/mqtt", Protocol: "mqtt", Inner: event.ProtoMQTT,
			FramesTS: 5, FramesTC: 5, PayloadTS: 7 + 5 + 13 + 2 + 5, PayloadTC: 7 + 5 + 3 + 5000 + 2, CloseCode: 1001,
		}
		if *facts[0] != want {
			t.Errorf("got  %+v\nwant %+v", *facts[0], want)
		}
		if c.Messages != [2]uint32{5, 5} || c.Errors != 0 {
			t.Errorf("messages %v, errors %d", c.Messages, c.Errors)
		}
	}
}

func TestFaults(t *testing.T) {
	tests := []struct {
		name string
		turn dialogue.Turn
		want string
	}{
		{"unmasked client", dialogue.C(frame(Header{Fin: true, Opcode: Text}, "x")), "masking_wrong"},
		{"masked server", dialogue.S(frame(Header{Fin: true, Opcode: Text, Masked: true}, "x")), "masking_wrong"},
		{"continuation of nothing", dialogue.S(frame(Header{Fin: true, Opcode: Continuation}, "x")), "continuation_unexpected"},
		{"message within message", dialogue.S(frame(Header{Opcode: Text}, "x") + frame(Header{Fin: true, Opcode: Text}, "y")), "message_unfinished"},
		{"reserved opcode", dialogue.S("\x83\x00"), "frame_invalid"},
		{"a hundred faults", dialogue.S(strings.Repeat(frame(Header{Fin: true, Opcode: Continuation}, "x"), 100)), "continuation_unexpected"},
	}
	for _, tt := range tests {
		c := newConn(new(recorder))
		dialogue.Play(t, Protocol, c, tt.turn)
		facts := dialogue.Facts[event.Anomaly](c)
		if len(facts) == 0 || facts[0].Event != tt.want {
			t.Errorf("%s: got %+v, want %s", tt.name, facts, tt.want)
		}
		if len(facts) > maxAnomalies {
			t.Errorf("%s: %d anomalies", tt.name, len(facts))
		}
	}
}

func TestGap(t *testing.T) {
	inner := new(recorder)
	c := newConn(inner)
	p := Protocol.New()
	long := frame(Header{Fin: true, Opcode: Binary}, strings.Repeat("x", 1000))
	if _, err := prototest.Feed(p, c, event.ToClient, []byte(long[:104]), 0); err != nil {
		t.Fatal(err)
	}
	if !p.Gap(c, event.ToClient, 800) {
		t.Fatal("a gap within a payload ended the parser")
	}
	if _, err := prototest.Feed(p, c, event.ToClient, []byte(long[904:]+frame(Header{Fin: true, Opcode: Text}, "next")), 0); err != nil {
		t.Fatal(err)
	}
	if got, want := inner.got[event.ToClient].String(), strings.Repeat("x", 100)+"next\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	p.Gap(c, event.ToClient, 5)
	if n, err := p.Data(c, event.ToClient, []byte("\x83\x00")); n != 2 || err != nil || c.Errors != 0 {
		t.Errorf("after losing the framing: %d, %v, %d errors", n, err, c.Errors)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"))
	f.Add([]byte("\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var h, again Header
		n, err := Decode(&h, b)
		if err != nil {
			return
		}
		out := Append(nil, &h)
		if !bytes.Equal(out, b[:n]) {
			t.Fatalf("%x became %x", b[:n], out)
		}
		if m, err := Decode(&again, out); err != nil || m != n || again != h {
			t.Fatalf("%+v became %+v, %v", h, again, err)
		}
	})
}

func FuzzConversation(f *testing.F) {
	dialogue.Fuzz(f, Protocol, 6, 80,
		dialogue.Seed(dialogue.C(frame(Header{Fin: true, Opcode: Text, Masked: true}, "hello")),
			dialogue.S(frame(Header{Opcode: Binary}, "a")+frame(Header{Fin: true}, "b"))))
}

func BenchmarkUnmask(b *testing.B) {
	src := make([]byte, scratchSize)
	dst := make([]byte, scratchSize)
	b.SetBytes(scratchSize)
	for b.Loop() {
		Unmask(dst, src, [4]byte{1, 2, 3, 4}, 0)
	}
}
