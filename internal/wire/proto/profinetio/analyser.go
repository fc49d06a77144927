package profinetio

import (
	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/pndcp"
)

// Protocol describes the context management to the packet path.
var Protocol = proto.Protocol{
	ID:    event.ProtoProfinetIO,
	UDP:   true,
	Ports: []uint16{Port},
	Probe: probe,
	New:   func() proto.Parser { return new(analyser) },
}

// probe knows a datagram by the interface's UUID in it.
func probe(s *proto.Sample) proto.Match {
	var c Call
	if Decode(&c, s.Newest()) == nil {
		return proto.Yes
	}
	return proto.No
}

// analyser makes facts of calls. Answers come from a port other than the one
// that was asked, so that request and answer are two flows: a request is a
// fact at once, an answer when it failed.
type analyser struct {
	told     identity.Once
	sequence [2]uint32 // of the last request by direction, plus one: repetitions are no new calls
}

func (a *analyser) Reset() { *a = analyser{} }

// Gap is for streams only.
func (a *analyser) Gap(*proto.Conn, event.Dir, int) bool { return false }

// End has nothing to do: no call waits.
func (a *analyser) End(*proto.Conn) {}

func (a *analyser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	var m Call
	if err := Decode(&m, b); err != nil {
		exchange.Anomaly(c, event.ProtoProfinetIO, dir, "profinetio_malformed", err.Error())
		return len(b), nil
	}
	c.Message(dir)
	switch m.Type {
	case TypeRequest:
		if m.Blocks != nil && a.sequence[dir] != m.Sequence+1 {
			a.sequence[dir] = m.Sequence + 1
			a.request(c, dir, &m)
		}
	case TypeResponse:
		a.response(c, dir, &m)
	}
	return len(b), nil
}

func (a *analyser) request(c *proto.Conn, dir event.Dir, m *Call) {
	f := proto.Emit[event.ICS](c, dir)
	f.Protocol, f.Code = event.ProtoProfinetIO, uint32(m.Op)
	f.Verb, f.Class = operation(m.Op)
	var r Record
	var t exchange.Text
	switch m.Op {
	case OpRead, OpWrite, OpReadImplicit:
		if !DecodeRecord(&r, m) {
			return
		}
		if r.Index == indexIdentification && m.Op != OpWrite {
			f.Class = event.OpDiscover
		}
		t.Str("slot ").Uint(uint64(r.Slot)).Str(" subslot ").Uint(uint64(r.Subslot)).Str(" index 0x").Hex(uint64(r.Index), 4)
		f.Target = c.String(t.Bytes())
	case OpConnect:
		relation, name := Initiator(m)
		f.Name = identity.Text(c, name)
		id := event.Identity{Source: "profinetio.connect", Name: f.Name}
		const controller = 1
		if relation == controller {
			id.Type = "plc"
		}
		a.told.Tell(c, dir, &id)
	}
}

// operation names an operation and says what it does. Connections are made by
// controllers all the time and change nothing by themselves.
func operation(op uint16) (string, event.OpClass) {
	switch op {
	case OpConnect:
		return "connect", event.OpNone
	case OpRelease:
		return "release", event.OpNone
	case OpRead:
		return "read", event.OpRead
	case OpWrite:
		return "write", event.OpWrite
	case OpControl:
		return "control", event.OpNone
	case OpReadImplicit:
		return "read implicit", event.OpRead
	}
	return "unknown operation", event.OpOther
}

func (a *analyser) response(c *proto.Conn, dir event.Dir, m *Call) {
	if m.Status != 0 {
		f := proto.Emit[event.ICS](c, dir.Other())
		f.Protocol, f.Code, f.Answered = event.ProtoProfinetIO, uint32(m.Op), true
		f.Verb, f.Class = operation(m.Op)
		var t exchange.Text
		f.Error = c.String(t.Str("0x").Hex(uint64(m.Status), 8).Bytes())
		return
	}
	var r Record
	var im Identification
	if m.Op != OpRead && m.Op != OpReadImplicit || !DecodeRecord(&r, m) || !DecodeIdentification(&im, r.Data) {
		return
	}
	var t exchange.Text
	id := event.Identity{
		Source: "profinetio.identification", Vendor: pndcp.VendorName(im.Vendor),
		Model: identity.Text(c, im.Order), Serial: identity.Text(c, im.Serial),
		Hardware: c.String(t.Uint(uint64(im.Hardware)).Bytes()),
	}
	t.Reset()
	t.Printable(im.Software[:1]).Uint(uint64(im.Software[1])).Str(".").Uint(uint64(im.Software[2])).Str(".").Uint(uint64(im.Software[3]))
	id.Firmware = c.String(t.Bytes())
	a.told.Tell(c, dir, &id)
}
