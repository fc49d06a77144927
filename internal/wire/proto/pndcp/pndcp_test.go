package pndcp

import (
	"bytes"
	"testing"
	"testing/quick"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto/prototest"
)

// message makes a frame with blocks, padded as Ethernet pads it.
func message(frameID uint16, service, typ uint8, blocks ...Block) []byte {
	m := Message{Frame: frameID, Service: service, Type: typ, Xid: 5}
	for i := range blocks {
		m.Blocks = m.AppendBlock(m.Blocks, &blocks[i])
	}
	return append(Append(nil, &m), make([]byte, 20)...)
}

func name(s string) Block { return Block{ID: BlockStationName, Value: []byte(s)} }

func ip(b ...byte) Block {
	return Block{ID: BlockIP, Value: append(b, 255, 255, 255, 0, 0, 0, 0, 0)}
}

func TestMessages(t *testing.T) {
	for _, tc := range []struct {
		b    []byte
		want event.ICS
		addr string
	}{
		{message(FrameIdentifyRequest, ServiceIdentify, TypeRequest, name("press-1")),
			event.ICS{Verb: "identify", Code: 5, Class: event.OpDiscover, Name: "press-1"}, ""},
		{message(FrameIdentifyRequest, ServiceIdentify, TypeRequest, Block{ID: BlockAll}),
			event.ICS{Verb: "identify", Code: 5, Class: event.OpDiscover}, ""},
		{message(FrameGetSet, ServiceGet, TypeRequest, Block{ID: BlockIP}, Block{ID: BlockStationName}),
			event.ICS{Verb: "get", Code: 3, Class: event.OpRead}, ""},
		{message(FrameGetSet, ServiceSet, TypeRequest, ip(10, 1, 2, 3), name("press-2")),
			event.ICS{Verb: "set station name", Code: 4, Class: event.OpWrite, Name: "press-2"}, "10.1.2.3"},
		{message(FrameGetSet, ServiceSet, TypeRequest, ip(10, 1, 2, 3)),
			event.ICS{Verb: "set ip", Code: 4, Class: event.OpWrite}, "10.1.2.3"},
		{message(FrameGetSet, ServiceSet, TypeRequest, Block{ID: BlockFactoryReset}, name("x")),
			event.ICS{Verb: "factory reset", Code: 4, Class: event.OpRestart, Name: "x"}, ""},
		{message(FrameGetSet, ServiceSet, TypeSuccess, Block{ID: BlockResponse, Value: []byte{2, 2, 6}}),
			event.ICS{Verb: "set response", Code: 4, Answered: true, Error: "set not possible in operation"}, ""},
		{message(FrameGetSet, ServiceGet, TypeUnsupported), event.ICS{Verb: "get response", Code: 3, Answered: true, Error: "request not supported"}, ""},
	} {
		c := prototest.NewConn(0, 0)
		frame(c, tc.b)
		facts := c.Env.Out.Facts()
		if len(facts) != 1 || c.Messages[0] != 1 {
			t.Fatalf("%s: %d facts, %d messages", tc.want.Verb, len(facts), c.Messages[0])
		}
		got := *facts[0].Body.(*event.ICS)
		if addr := got.Addr; addr.IsValid() != (tc.addr != "") || tc.addr != "" && addr.String() != tc.addr {
			t.Errorf("%s: address %v", tc.want.Verb, addr)
		}
		got.Addr = tc.want.Addr
		tc.want.Protocol = event.ProtoPNDCP
		if got != tc.want {
			t.Errorf("got  %+v\nwant %+v", got, tc.want)
		}
	}
}

func TestIdentity(t *testing.T) {
	c := prototest.NewConn(0, 0)
	frame(c, message(FrameIdentifyResponse, ServiceIdentify, TypeSuccess,
		name("press-1"), Block{ID: BlockVendorName, Value: []byte("S7-1500")}, Block{ID: BlockDeviceID, Value: []byte{0, 0x2a, 1, 1}},
		Block{ID: BlockDeviceRole, Value: []byte{2, 0}}, ip(10, 0, 0, 9)))
	facts := c.Env.Out.Facts()
	if len(facts) != 2 {
		t.Fatalf("%d facts", len(facts))
	}
	got := *facts[1].Body.(*event.Identity)
	if want := (event.Identity{Source: "pndcp.identify", Vendor: "Siemens", Model: "S7-1500", Name: "press-1", Type: "plc"}); got != want {
		t.Errorf("%+v", got)
	}
}

func TestMalformedAndForeignFrames(t *testing.T) {
	for _, tc := range []struct {
		b      []byte
		errors uint32
	}{
		{[]byte{0x80, 0x00, 1, 2, 3}, 0}, // cyclic data
		{[]byte{0xff, 0x00, 1, 2, 3}, 0}, // clock synchronisation
		{[]byte{0xfe, 0xfe, 5, 0}, 1},
		{message(FrameIdentifyRequest, ServiceSet, TypeRequest), 1},
		{Append(nil, &Message{Frame: FrameGetSet, Service: ServiceSet, Blocks: []byte{2, 2, 0, 99, 'x'}}), 1},
	} {
		c := prototest.NewConn(0, 0)
		frame(c, tc.b)
		if c.Errors != tc.errors {
			t.Errorf("%x: %d anomalies, want %d", tc.b, c.Errors, tc.errors)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	kinds := []Message{
		{Frame: FrameHello, Service: ServiceHello}, {Frame: FrameGetSet, Service: ServiceSet},
		{Frame: FrameIdentifyRequest, Service: ServiceIdentify}, {Frame: FrameIdentifyResponse, Service: ServiceIdentify, Type: TypeSuccess},
	}
	same := func(kind uint8, xid uint32, blocks []Block) bool {
		in := kinds[int(kind)%len(kinds)]
		in.Xid = xid
		for i := range blocks {
			in.Blocks = in.AppendBlock(in.Blocks, &blocks[i])
		}
		var got Message
		if n, err := Decode(&got, Append(nil, &in)); err != nil || n != HeaderLen+len(in.Blocks) || got.Xid != xid {
			return false
		}
		rest := got.Blocks
		for i := range blocks {
			var b Block
			if ok, err := got.Next(&b, &rest); !ok || err != nil || b.ID != blocks[i].ID || got.hasInfo() && b.Info != blocks[i].Info {
				return false
			}
			if !bytes.Equal(b.Value, blocks[i].Value) {
				return false
			}
		}
		return len(rest) == 0
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
}

func FuzzFrame(f *testing.F) {
	f.Add(message(FrameIdentifyRequest, ServiceIdentify, TypeRequest, name("press-1")))
	f.Add(message(FrameGetSet, ServiceSet, TypeRequest, ip(10, 1, 2, 3)))
	f.Add(message(FrameGetSet, ServiceGet, TypeRequest, Block{ID: BlockIP}))
	f.Fuzz(func(t *testing.T, b []byte) {
		frame(prototest.NewConn(0, 0), b)
	})
}
