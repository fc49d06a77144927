package wireguard

import (
	"testing"

	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

func message(kind byte, length int, words ...byte) []byte {
	b := make([]byte, length)
	for i := range b {
		b[i] = byte(i*7 + 1)
	}
	copy(b, []byte{kind, 0, 0, 0})
	copy(b[4:], words)
	return b
}

func withoutCookie(b []byte) []byte {
	clear(b[len(b)-16:])
	return b
}

func TestProbe(t *testing.T) {
	C, S := dialogue.C[[]byte], dialogue.S[[]byte]
	transport := func(counter byte) []byte {
		return message(Transport, 96, 1, 2, 3, 4, counter, 0, 0, 0, 0, 0, 0, 0)
	}
	for _, tt := range []struct {
		name  string
		turns []dialogue.Turn
		want  proto.Match
	}{
		{"initiation", []dialogue.Turn{C(withoutCookie(message(Initiation, 148, 9, 8, 7, 6)))}, proto.Yes},
		{"initiation under load", []dialogue.Turn{C(message(Initiation, 148, 9, 8, 7, 6))}, proto.Weak},
		{"its response", []dialogue.Turn{C(message(Initiation, 148, 9, 8, 7, 6)), S(message(Response, 92, 1, 1, 1, 1, 9, 8, 7, 6))}, proto.Yes},
		{"transport", []dialogue.Turn{C(transport(1)), S(transport(2))}, proto.Weak},
		{"transport, answered in text", []dialogue.Turn{C(transport(1)), S([]byte("hello, this is some text, not WireGuard"))}, proto.No},
		{"wild counter", []dialogue.Turn{C(message(Transport, 96))}, proto.No},
		{"wrong length", []dialogue.Turn{C(message(Initiation, 149))}, proto.No},
		{"reserved", []dialogue.Turn{C(append([]byte{4, 1, 0, 0}, make([]byte, 60)...))}, proto.No},
		{"short", []dialogue.Turn{C([]byte{4, 0, 0, 0})}, proto.No},
	} {
		if got := dialogue.Recognise(Protocol, prototest.NewConn(17, 7), tt.turns...); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestCounts(t *testing.T) {
	c := prototest.NewConn(17, 51820)
	dialogue.Play(t, Protocol, c, dialogue.C(message(Initiation, 148)), dialogue.S(message(Response, 92)), dialogue.C(message(Transport, 32)), dialogue.C([]byte("x")))
	if c.Messages != [2]uint32{2, 1} || c.Errors != 1 {
		t.Errorf("%v messages, %d errors", c.Messages, c.Errors)
	}
}

func FuzzWireGuard(f *testing.F) {
	dialogue.Fuzz(f, Protocol, 17, 51820, dialogue.Seed(dialogue.C(message(Initiation, 148)), dialogue.S(message(Response, 92)), dialogue.C(message(Transport, 64))))
}
