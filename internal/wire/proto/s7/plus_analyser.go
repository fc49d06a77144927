package s7

import (
	"bytes"
	"encoding/binary"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
)

// plus takes one S7comm-plus fragment. What is told of a message stands in
// its first fragment.
func (p *parser) plus(c *proto.Conn, dir event.Dir, b []byte) {
	var f PlusFragment
	if err := DecodePlus(&f, b); err != nil {
		p.anomaly(c, dir, "invalid_fragment", err.Error())
		return
	}
	further := p.inPlus[dir]
	p.inPlus[dir] = !f.Last
	if further {
		return
	}
	c.Message(dir)
	if f.Version > 3 { // keep-alives and system events
		return
	}
	var h PlusHead
	if err := DecodePlusHead(&h, f.Version, f.Data); err != nil {
		p.anomaly(c, dir, "invalid_message", err.Error())
		return
	}
	switch h.Opcode {
	case PlusRequest:
		r := p.open.Add(key(dir, true, h.Sequence), c.Time)
		*r = request{op: describePlus(h.Function), version: f.Version, from: dir}
		refinePlus(r, &h)
	case PlusResponse:
		p.plusResponse(c, dir, f.Version, &h)
	}
}

// refinePlus looks at the object that a request is about: sessions and
// subscriptions are created, set and deleted by every panel, blocks and the
// operating state only by who changes the program or stops it.
func refinePlus(r *request, h *PlusHead) {
	if len(h.Body) < 4 {
		return
	}
	object := binary.BigEndian.Uint32(h.Body)
	ofSession := object == h.Session || object >= plusDynamicMin && object <= plusDynamicMax
	switch h.Function {
	case PlusCreateObject:
		switch {
		case object == plusSessionContainer:
			r.op.sub, r.op.class = "session", event.OpNone
		case ofSession:
			r.op.sub, r.op.class = "subscription", event.OpRead
		case createsSubscription(h.Body[4:]):
			r.op.sub, r.op.class = "subscription", event.OpRead
		default:
			r.object = object
		}
	case PlusDeleteObject:
		if ofSession {
			r.op.sub, r.op.class = "session", event.OpNone
		} else {
			r.object = object
		}
	case PlusSetVariable, PlusSetMultiVars:
		switch {
		case object == plusExecUnit && bytes.Contains(h.Body[4:min(len(h.Body), 16)], operatingState):
			r.op.sub, r.op.class = "operating_state", event.OpMode
		case object != 0 && ofSession:
			r.op.sub, r.op.class = "session", event.OpNone
		case object != 0:
			r.object = object
		}
	case PlusExplore:
		r.object = object
	}
}

// operatingState is the attribute's number in its variable-length form.
var operatingState = []byte{plusOperatingState>>7 | 0x80, plusOperatingState & 0x7f}

// subscriptionClass is the class of subscriptions (1001) in its
// variable-length form.
var subscriptionClass = []byte{1001>>7 | 0x80, 1001 & 0x7f}

// createsSubscription reports whether the object to be created, which follows
// within a few bytes on the one it shall belong to, is a subscription: the
// mark of its beginning, four bytes of its number, and its class.
func createsSubscription(b []byte) bool {
	const objectBegins, numberLen = 0xa1, 4
	at := bytes.IndexByte(b[:min(len(b), 16)], objectBegins)
	return at >= 0 && len(b) > at+1+numberLen && bytes.HasPrefix(b[at+1+numberLen:], subscriptionClass)
}

func (p *parser) plusResponse(c *proto.Conn, dir event.Dir, version uint8, h *PlusHead) {
	r := p.open.Take(key(dir.Other(), true, h.Sequence))
	op := describePlus(h.Function)
	if r != nil && r.op.name != op.name {
		p.anomaly(c, dir, "function_mismatch", op.name)
		p.emit(c, r)
		r = nil
	}
	var orphan request
	if r == nil {
		r = &orphan
		*r = request{op: op, version: version, from: dir.Other()}
	}
	fact := p.emit(c, r)
	fact.Answered, fact.Error = true, plusResult(h.Body)
	if h.Function == PlusCreateObject {
		if order, firmware := plusOrder(h.Body); order != nil {
			p.said.Tell(c, dir, &event.Identity{
				Source: "s7plus.session", Vendor: "Siemens", Type: "plc",
				Model: identity.Text(c, order), Firmware: identity.Text(c, firmware),
			})
		}
	}
}
