package http2

import (
	"bytes"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
	"edgeward/internal/wire/proto/prototest/dialogue"
)

func frame(t uint8, stream uint32, payload int) string {
	return string(Append(nil, &FrameHeader{Length: payload, Type: t, Stream: stream})) + string(make([]byte, payload))
}

func TestConversation(t *testing.T) {
	turns := []dialogue.Turn{
		dialogue.C(Preface + frame(Settings, 0, 18)), dialogue.S(frame(Settings, 0, 6) + frame(Settings, 0, 0)),
		dialogue.C(frame(1, 1, 40)), dialogue.S(frame(1, 1, 20) + frame(0, 1, 20000)),
	}
	for _, play := range []func(testing.TB, proto.Protocol, *proto.Conn, ...dialogue.Turn){dialogue.Play, dialogue.PlayBytes} {
		c := prototest.NewConn(6, 80)
		play(t, Protocol, c, turns...)
		if c.Messages != [2]uint32{2, 4} || c.Errors != 0 {
			t.Errorf("messages %v, %d errors", c.Messages, c.Errors)
		}
	}
}

func TestFaults(t *testing.T) {
	for _, turn := range []dialogue.Turn{dialogue.C("GET / HTTP/1.1\r\n\r\n"), dialogue.S(frame(1, 1, 3)), dialogue.C(Preface + frame(Settings, 5, 0))} {
		c := prototest.NewConn(6, 80)
		dialogue.Play(t, Protocol, c, turn)
		if facts := dialogue.Facts[event.Anomaly](c); len(facts) != 1 || facts[0].Event != "frame_invalid" {
			t.Errorf("%q: got %+v", turn.Data, facts)
		}
	}
}

func TestProbe(t *testing.T) {
	for _, tt := range []struct {
		turn dialogue.Turn
		want proto.Match
	}{
		{dialogue.C(Preface), proto.Yes}, {dialogue.C(Preface[:5]), proto.More}, {dialogue.C("PRINT"), proto.No},
		{dialogue.C("GET / HTTP/1.1\r\n"), proto.No},
	} {
		if got := dialogue.Recognise(Protocol, prototest.NewConn(6, 80), tt.turn); got != tt.want {
			t.Errorf("%q: got %d, want %d", tt.turn.Data, got, tt.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(frame(Settings, 0, 6)))
	f.Fuzz(func(t *testing.T, b []byte) {
		var h FrameHeader
		if _, err := Decode(&h, b); err != nil {
			return
		}
		want := bytes.Clone(b[:FrameHeaderLen])
		want[5] &= 0x7f
		if got := Append(nil, &h); !bytes.Equal(got, want) {
			t.Fatalf("%x became %x", want, got)
		}
	})
}

func FuzzConversation(f *testing.F) {
	dialogue.Fuzz(f, Protocol, 6, 80, dialogue.Seed(dialogue.C(Preface+frame(Settings, 0, 6)), dialogue.S(frame(Settings, 0, 0))))
}
