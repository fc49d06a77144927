package pndcp

import (
	"encoding/binary"
	"net/netip"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
)

// Protocol describes DCP to the packet path. Its frames are facts one by one,
// since nothing is kept between them: requests and answers are not joined.
var Protocol = proto.Protocol{
	ID:         event.ProtoPNDCP,
	EtherTypes: []uint16{EtherType},
	Frame:      frame,
}

// station is what the blocks of one message say.
type station struct {
	name   []byte
	vendor []byte // type of station, the vendor's name for the product
	id     uint16 // vendor id
	role   uint8
	addr   netip.Addr
	gravest
	failed string // why a set request failed, constant
}

// gravest is the weightiest thing a set request asks for.
type gravest struct {
	verb   string
	class  event.OpClass
	weight int
}

func (g *gravest) consider(verb string, class event.OpClass, weight int) {
	if weight > g.weight {
		g.verb, g.class, g.weight = verb, class, weight
	}
}

func frame(c *proto.Conn, b []byte) {
	var m Message
	if _, err := Decode(&m, b); err != nil {
		if err != ErrFrame {
			c.Anomaly(event.ProtoPNDCP, event.ToServer, "pndcp_malformed", err.Error())
		}
		return
	}
	var s station
	var x Block
	for rest := m.Blocks; ; {
		ok, err := m.Next(&x, &rest)
		if err != nil {
			c.Anomaly(event.ProtoPNDCP, event.ToServer, "pndcp_malformed", err.Error())
		}
		if !ok {
			break
		}
		s.read(&x)
	}
	c.Message(event.ToServer)
	f := proto.Emit[event.ICS](c, event.ToServer)
	f.Protocol, f.Code = event.ProtoPNDCP, uint32(m.Service)
	f.Name, f.Addr = identity.Text(c, s.name), s.addr
	f.Verb, f.Class = s.verbOf(&m)
	if m.Type != TypeRequest {
		f.Answered, f.Error = true, s.failed
		if m.Type == TypeUnsupported {
			f.Error = "request not supported"
		}
	}
	if m.Frame == FrameHello || m.Type == TypeSuccess {
		s.tell(c, &m)
	}
}

// verbOf names the message and says what it does to its receiver.
func (s *station) verbOf(m *Message) (string, event.OpClass) {
	request := m.Type == TypeRequest
	switch {
	case m.Service == ServiceHello:
		return "hello", event.OpNone
	case m.Service == ServiceIdentify && request:
		return "identify", event.OpDiscover
	case m.Service == ServiceIdentify:
		return "identify response", event.OpNone
	case m.Service == ServiceGet && request:
		return "get", event.OpRead
	case m.Service == ServiceGet:
		return "get response", event.OpNone
	case !request:
		return "set response", event.OpNone
	case s.verb == "":
		return "set", event.OpWrite
	}
	return s.verb, s.class
}

// read takes a block's value.
func (s *station) read(x *Block) {
	switch x.ID {
	case BlockStationName:
		s.name = x.Value
		s.consider("set station name", event.OpWrite, 4)
	case BlockIP, BlockFullIP:
		if len(x.Value) >= 12 {
			s.addr = netip.AddrFrom4([4]byte(x.Value[:4]))
		}
		s.consider("set ip", event.OpWrite, 3)
	case BlockVendorName:
		s.vendor = x.Value
	case BlockDeviceID:
		if len(x.Value) >= 4 {
			s.id = binary.BigEndian.Uint16(x.Value)
		}
	case BlockDeviceRole:
		if len(x.Value) >= 1 {
			s.role = x.Value[0]
		}
	case BlockSignal:
		s.consider("signal", event.OpOther, 2)
	case BlockFactoryReset:
		s.consider("factory reset", event.OpRestart, 6)
	case BlockResetToFactory:
		s.consider("reset to factory", event.OpRestart, 5)
	case BlockResponse:
		if len(x.Value) >= 3 {
			s.failed = setError(x.Value[2])
		}
	}
}

// setError words the result of a set request; success is empty.
func setError(code byte) string {
	switch code {
	case 0:
		return ""
	case 1:
		return "option not supported"
	case 2:
		return "suboption not supported"
	case 3:
		return "suboption not set"
	case 4:
		return "resource error"
	case 5:
		return "set not possible by local reasons"
	case 6:
		return "set not possible in operation"
	}
	return "failed"
}

// tell makes an identity of what a station says of itself.
func (s *station) tell(c *proto.Conn, m *Message) {
	const controller = 2
	id := event.Identity{
		Source: "pndcp.identify", Name: identity.Text(c, s.name), Model: identity.Text(c, s.vendor), Vendor: VendorName(s.id),
	}
	if m.Frame == FrameHello {
		id.Source = "pndcp.hello"
	}
	if s.role&controller != 0 {
		id.Type = "plc"
	}
	identity.Tell(c, event.ToServer, &id)
}
