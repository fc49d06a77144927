package stun

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/prototest"
)

func attribute(typ uint16, value string) []byte {
	b := binary.BigEndian.AppendUint16(nil, typ)
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	b = append(b, value...)
	return append(b, make([]byte, -len(value)&3)...)
}

func binding(class Class, attributes ...[]byte) []byte {
	m := Msg{Class: class, Method: 1, Attributes: slices.Concat(attributes...)}
	copy(m.Transaction[:], "\x21\x12\xa4\x42transaction!")
	return Append(nil, &m)
}

func classic() []byte {
	b := binding(Request)
	copy(b[4:], "old!")
	return b
}

func TestDecode(t *testing.T) {
	var m Msg
	b := binding(Success, attribute(0x20, "\x00\x01\xa1\x47\xe1\x12\xa6\x43"), attribute(AttrSoftware, "Acme 1"))
	n, err := Decode(&m, b)
	if err != nil || n != len(b) || m.Class != Success || m.Method != 1 || m.Classic {
		t.Fatalf("Decode = %d, %v: %+v", n, err, m)
	}
	var types []uint16
	m.EachAttribute(func(typ uint16, _ []byte) bool { types = append(types, typ); return true })
	if !slices.Equal(types, []uint16{0x20, AttrSoftware}) {
		t.Errorf("attributes %v", types)
	}
	for _, tt := range []struct {
		b    []byte
		want error
	}{
		{b[:19], ErrShort},
		{b[:30], ErrShort},
		{append([]byte{0xc0}, b[1:]...), ErrType},
		{binding(Request, []byte{0, 1, 0, 99}), ErrAttribute},
	} {
		if _, err := Decode(&m, tt.b); err != tt.want {
			t.Errorf("Decode(%x) = %v, want %v", tt.b, err, tt.want)
		}
	}
}

func TestUnpaddedAttributes(t *testing.T) {
	var m Msg
	b := binding(Indication, []byte("\x00\x13\x00\x01x\x00\x12\x00\x02yz"))
	n := 0
	if _, err := Decode(&m, b); err != nil || !m.Unpadded {
		t.Fatalf("%v, %+v", err, m)
	}
	if m.EachAttribute(func(uint16, []byte) bool { n++; return true }); n != 2 {
		t.Errorf("%d attributes", n)
	}
}

func TestFacts(t *testing.T) {
	named := binding(Success, attribute(AttrSoftware, "Acme relay 1"))
	c, p := prototest.NewConn(17, 3478), Protocol.New()
	p.Data(c, event.ToServer, binding(Request))
	p.Data(c, event.ToClient, named)
	p.Data(c, event.ToClient, named)
	p.Data(c, event.ToClient, []byte("\x80\x00media"))
	facts := c.Env.Out.Facts()
	if len(facts) != 1 || c.Messages != [2]uint32{1, 2} {
		t.Fatalf("%d facts, messages %v", len(facts), c.Messages)
	}
	if id := facts[0].Body.(*event.Identity); id.Banner != "Acme relay 1" || facts[0].Src != c.Server {
		t.Errorf("identity %+v about %v", id, facts[0].Src)
	}
}

func TestStream(t *testing.T) {
	b := slices.Concat(binding(Request), []byte("\x40\x00\x00\x05media\x00\x00\x00"), binding(Indication))
	for step := 1; step < len(b); step += 3 {
		c := prototest.NewConn(6, 3478)
		n, err := prototest.Feed(Protocol.New(), c, event.ToServer, b, step)
		if err != nil || n < len(b) || c.Messages[0] != 2 {
			t.Errorf("step %d: %d of %d bytes, %v, %d messages", step, n, len(b), err, c.Messages[0])
		}
	}
}

func TestProbe(t *testing.T) {
	for _, tt := range []struct {
		name string
		b    []byte
		tcp  bool
		port bool
		want proto.Match
	}{
		{"binding", binding(Request), false, false, proto.Yes},
		{"trailing bytes", append(binding(Request), 1), false, false, proto.No},
		{"classic at home", classic(), false, true, proto.Weak},
		{"classic elsewhere", classic(), false, false, proto.No},
		{"stream", binding(Request), true, false, proto.Yes},
		{"beginning of a stream", binding(Request)[:9], true, false, proto.More},
		{"text", []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), true, false, proto.No},
		{"zeros", make([]byte, 40), false, true, proto.No},
	} {
		transport := uint8(17)
		if tt.tcp {
			transport = 6
		}
		s := &proto.Sample{Port: tt.port, Conn: prototest.NewConn(transport, 3478)}
		s.Data[0] = tt.b
		if got := probe(s); got != tt.want {
			t.Errorf("%s: probe = %d, want %d", tt.name, got, tt.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(binding(Request, attribute(AttrSoftware, "x")))
	f.Add(classic())
	f.Fuzz(func(t *testing.T, b []byte) {
		var m Msg
		if n, err := Decode(&m, b); err == nil && !bytes.Equal(Append(nil, &m), b[:n]) {
			t.Errorf("encoding again gives %x, want %x", Append(nil, &m), b[:n])
		}
		for _, transport := range []uint8{6, 17} {
			c := prototest.NewConn(transport, 3478)
			s := &proto.Sample{Conn: c}
			s.Data[0] = b
			probe(s)
			prototest.Feed(Protocol.New(), c, event.ToServer, b, 5)
		}
	})
}
