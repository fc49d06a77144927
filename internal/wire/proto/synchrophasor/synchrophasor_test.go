package synchrophasor

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"testing/quick"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

func frame(typ Type, body []byte) []byte {
	return Append(nil, &Frame{Type: typ, Version: 1, ID: 7, Second: 1e9, Body: body})
}

func command(code uint16) []byte { return frame(Command, binary.BigEndian.AppendUint16(nil, code)) }

// config2 makes a configuration of stations with two phasors, one analog and
// one digital word each.
func config2(names ...string) []byte {
	b := []byte{0, 15, 0x42, 0x40, 0, byte(len(names))}
	for i, n := range names {
		b = append(b, n+strings.Repeat(" ", 16-len(n))...)
		b = append(b, 0, byte(i+1), 0, 6, 0, 2, 0, 1, 0, 1)
		b = append(b, bytes.Repeat([]byte("CHANNEL         "), 2+1+16)...)
		b = append(b, make([]byte, 4*(2+1+1)+4)...)
	}
	return frame(Config2, append(b, 0, 30))
}

func config3(names ...string) []byte {
	b := []byte{0, 0, 0, 15, 0x42, 0x40, 0, byte(len(names))}
	for i, n := range names {
		b = append(append(b, byte(len(n))), n...)
		b = append(b, 0, byte(i+1))
		b = append(b, make([]byte, 16)...)
		b = append(b, 0, 6, 0, 1, 0, 0, 0, 0)
		b = append(b, "\x02VA"...)
		b = append(b, make([]byte, 12+12+1+4+4+2+2)...)
	}
	return frame(Config3, append(b, 0, 30))
}

type turn struct {
	dir event.Dir
	b   []byte
}

func up(b []byte) turn   { return turn{event.ToServer, b} }
func down(b []byte) turn { return turn{event.ToClient, b} }

func talk(t testing.TB, step int, turns ...turn) (*proto.Conn, []event.ICS, []event.Identity) {
	c := prototest.NewConn(6, Port)
	p := Protocol.New()
	for _, u := range turns {
		if n, err := prototest.Feed(p, c, u.dir, u.b, step); err != nil || n != len(u.b) {
			t.Fatalf("parser took %d of %d: %v", n, len(u.b), err)
		}
	}
	p.End(c)
	var facts []event.ICS
	var ids []event.Identity
	for _, f := range c.Env.Out.Facts() {
		switch x := f.Body.(type) {
		case *event.ICS:
			facts = append(facts, *x)
		case *event.Identity:
			ids = append(ids, *x)
		}
	}
	return c, facts, ids
}

func TestConversation(t *testing.T) {
	turns := []turn{
		up(command(5)), down(config2("NORTH SUBSTATION")), up(command(2)),
		down(bytes.Repeat(frame(Data, make([]byte, 50)), 30)),
		up(command(3)), down(frame(Header, []byte("text"))), up(command(1)), up(command(6)),
		down(config2("NORTH SUBSTATION", "SOUTH")),
	}
	want := []event.ICS{
		{Verb: "send configuration 2", Code: 5, Class: event.OpDiscover, Target: "id 7", Name: "NORTH SUBSTATION", Answered: true},
		{Verb: "turn on transmission", Code: 2, Class: event.OpMode, Target: "id 7", Answered: true},
		{Verb: "send header", Code: 3, Class: event.OpRead, Target: "id 7", Answered: true},
		{Verb: "turn off transmission", Code: 1, Class: event.OpMode, Target: "id 7"},
		{Verb: "configuration", Target: "id 7", Name: "NORTH SUBSTATION, SOUTH"},
		{Verb: "send configuration 3", Code: 6, Class: event.OpDiscover, Target: "id 7"},
	}
	for _, step := range []int{0, 1, 33} {
		c, got, ids := talk(t, step, turns...)
		if len(got) != len(want) || c.Errors != 0 || c.Messages != [2]uint32{5, 33} {
			t.Fatalf("step %d: %d facts, %d errors, messages %v", step, len(got), c.Errors, c.Messages)
		}
		for i, w := range want {
			w.Protocol = event.ProtoSynchrophasor
			if got[i] != w {
				t.Errorf("fact %d:\n got %+v\nwant %+v", i, got[i], w)
			}
		}
		if len(ids) != 2 || ids[0].Name != "NORTH SUBSTATION" || ids[1].Banner != "NORTH SUBSTATION, SOUTH" {
			t.Errorf("identities %+v", ids)
		}
	}
}

func TestConfiguration3(t *testing.T) {
	_, got, _ := talk(t, 0, up(command(6)), down(config3("Umspannwerk", "B")))
	if len(got) != 1 || got[0].Name != "Umspannwerk, B" || !got[0].Answered {
		t.Errorf("%+v", got)
	}
}

func TestMalformed(t *testing.T) {
	bad := config2("X")
	bad[30]++ // checksum
	c, got, _ := talk(t, 10, down(append(bad, config2("Y")...)))
	if c.Errors != 1 || len(got) != 1 || got[0].Name != "Y" {
		t.Errorf("%d errors, %+v", c.Errors, got)
	}
	c, got, _ = talk(t, 0, down(append([]byte("junk\xaa\x7f"), command(1)...)))
	if c.Errors != 1 || len(got) != 1 {
		t.Errorf("%d errors, %+v", c.Errors, got)
	}
}

func TestProbe(t *testing.T) {
	for _, tc := range []struct {
		name string
		b    []byte
		want proto.Match
	}{
		{"data", frame(Data, make([]byte, 20)), proto.Yes},
		{"part", config2("A")[:20], proto.More},
		{"wrong checksum", append(frame(Data, nil)[:14], 0, 0), proto.No},
		{"text", []byte("GET / HTTP/1.1\r\n"), proto.No},
	} {
		s := proto.Sample{Conn: prototest.NewConn(6, Port)}
		s.Data[1] = tc.b
		if got := probe(&s); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestChecksum(t *testing.T) {
	// The check value of CRC-16/CCITT-FALSE.
	if got := checksum([]byte("123456789")); got != 0x29b1 {
		t.Errorf("%#04x", got)
	}
}

func TestCodecRoundTrip(t *testing.T) {
	same := func(in Frame) bool {
		in.Type, in.Version = in.Type%(Config3+1), 1+in.Version&1
		in.Body = append(in.Body, 0, 0)
		b := Append(nil, &in)
		var got Frame
		n, err := Decode(&got, b)
		return err == nil && n == len(b) && got.Type == in.Type && got.Version == in.Version && got.ID == in.ID &&
			got.Second == in.Second && got.Fraction == in.Fraction && bytes.Equal(got.Body, in.Body)
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
}

func FuzzParser(f *testing.F) {
	f.Add(command(5), config2("A", "B"), uint8(0), false)
	f.Add(command(6), config3("A"), uint8(7), false)
	f.Add(command(2), frame(Data, make([]byte, 9)), uint8(0), true)
	f.Fuzz(func(t *testing.T, a, b []byte, step uint8, udp bool) {
		transport := uint8(6)
		if udp {
			transport = 17
		}
		c := prototest.NewConn(transport, Port)
		s := proto.Sample{Conn: c}
		s.Data[0], s.Data[1] = a, b
		probe(&s)
		for _, typ := range []Type{Config2, Config3} {
			Stations(typ, b, func([]byte, uint16) bool { return true })
		}
		p := Protocol.New()
		if udp {
			p.Data(c, event.ToServer, a)
			p.Data(c, event.ToClient, b)
		} else {
			prototest.Feed(p, c, event.ToServer, a, int(step))
			p.Gap(c, event.ToClient, 1)
			prototest.Feed(p, c, event.ToClient, b, int(step))
		}
		p.End(c)
	})
}
