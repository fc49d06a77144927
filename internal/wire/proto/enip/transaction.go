package enip

import (
	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
)

// sendData takes the commands that carry CIP.
func (p *parser) sendData(c *proto.Conn, dir event.Dir, m *Message) {
	var load Payload
	if len(m.Data) == 0 && m.Status != 0 {
		p.failed(c, dir, messageKey(m), m.Status)
		return
	}
	if DecodePayload(&load, m.Data) != nil {
		p.anomaly(c, dir, "invalid_items", CommandName(m.Command))
		return
	}
	if len(load.CIP) == 0 {
		return
	}
	from := origin{key: messageKey(m), command: m.Command, session: m.Session, conn: load.Connection, dir: dir}
	if load.Connected {
		from.key, from.chassis = 1<<63|uint64(load.Sequence), true
	}
	if load.CIP[0]&replyBit != 0 {
		p.reply(c, dir, m, from, load.CIP)
		return
	}
	p.request(c, from, load.CIP, maxNested)
}

// failed ends all requests of an exchange that the encapsulation refused.
func (p *parser) failed(c *proto.Conn, dir event.Dir, k uint64, status uint32) {
	for {
		r := p.open.TakeFunc(func(r *request) bool { return r.key == k && r.dir != dir })
		if r == nil {
			return
		}
		fact := p.emit(c, r)
		fact.Answered, fact.Status = true, status
	}
}

// request takes a CIP request, or those that it holds.
func (p *parser) request(c *proto.Conn, from origin, b []byte, depth int) {
	var q Request
	if DecodeRequest(&q, b) != nil {
		p.anomaly(c, from.dir, "invalid_cip_request", CommandName(from.command))
		return
	}
	if DecodePath(&p.path, q.Path) != nil {
		p.anomaly(c, from.dir, "invalid_path", CommandName(from.command))
	}
	if depth > 0 {
		switch {
		case q.Service == SvcMultiple && !from.multiple:
			if p.multiple(c, from, q.Data, depth-1) {
				return
			}
		case q.Service == svcUnconnectedSend && p.path.Class == classConnectionManager:
			if inner, chassis := embedded(q.Data); len(inner) > 0 {
				from.chassis, from.routed = chassis, !chassis
				p.request(c, from, inner, depth-1)
				return
			}
			p.anomaly(c, from.dir, "invalid_unconnected_send", "length of the message in it")
		}
	}
	for r := p.open.Expired(c.Time); r != nil; r = p.open.Expired(c.Time) {
		p.emit(c, r)
	}
	r := p.open.Add(from.key, c.Time)
	*r = request{origin: from, cip: true}
	r.service, r.op = q.Service, describe(q.Service, &p.path)
	r.class, r.instance, r.attribute = uint16(min(p.path.Class, 0xffff)), p.path.Instance, uint16(p.path.Attribute)
	r.tag.set(p.path.Tag)
	if p.path.Class == classPCCC && q.Service == svcExecutePCCC {
		var command PCCC
		if DecodePCCC(&command, q.Data) == nil {
			r.op, r.pccc = describePCCC(&command), true
		}
	}
}

// multiple takes the requests of a multiple service packet. It reports false
// when they cannot be read, so that the packet counts as one request.
func (p *parser) multiple(c *proto.Conn, from origin, b []byte, depth int) bool {
	w, err := WalkInner(b)
	if err != nil {
		p.anomaly(c, from.dir, "invalid_multiple_service", "count and offsets")
		return false
	}
	for i := range min(w.Len(), maxInner) {
		inner, _ := w.Next()
		if inner == nil {
			p.anomaly(c, from.dir, "invalid_multiple_service", "offset")
			continue
		}
		from.multiple, from.index = true, uint16(i)
		p.request(c, from, inner, depth)
	}
	return true
}

// reply takes a CIP response, or those that it holds.
func (p *parser) reply(c *proto.Conn, dir event.Dir, m *Message, from origin, b []byte) {
	var a Response
	if DecodeResponse(&a, b) != nil {
		p.anomaly(c, dir, "invalid_cip_response", CommandName(from.command))
		return
	}
	if a.Service == SvcMultiple {
		p.multipleReply(c, dir, m, from.key, &a)
		return
	}
	r := p.open.TakeFunc(func(r *request) bool {
		return r.key == from.key && r.dir != dir && r.cip && !r.multiple && r.service == a.Service
	})
	if r == nil && a.Service == svcUnconnectedSend {
		// The router itself refused what was to be passed on.
		if p.refused(c, dir, from.key, &a) {
			return
		}
	}
	var orphan request
	if r == nil {
		r = &orphan
		*r = request{origin: from, cip: true, service: a.Service}
		r.dir = dir.Other()
		p.path.Class, p.path.HasClass, p.path.Tag = 0, false, p.path.Tag[:0]
		r.op = describe(a.Service, &p.path)
		r.routed = true
	}
	p.finish(c, dir, m, r, &a)
}

// refused ends all requests of an exchange with the status of an answer.
func (p *parser) refused(c *proto.Conn, dir event.Dir, k uint64, a *Response) bool {
	found := false
	for {
		r := p.open.TakeFunc(func(r *request) bool { return r.key == k && r.dir != dir && r.cip })
		if r == nil {
			return found
		}
		found = true
		fact := p.emit(c, r)
		fact.Answered, fact.CIPStatus = true, a.Status
	}
}

// multipleReply hands the answers of a multiple service packet to their
// requests; those without one get the status of the packet.
func (p *parser) multipleReply(c *proto.Conn, dir event.Dir, m *Message, k uint64, a *Response) {
	w, err := WalkInner(a.Data)
	if err == nil {
		for i := range min(w.Len(), maxInner) {
			b, _ := w.Next()
			r := p.open.TakeFunc(func(r *request) bool {
				return r.key == k && r.dir != dir && r.multiple && int(r.index) == i
			})
			var inner Response
			if r == nil {
				continue
			}
			if DecodeResponse(&inner, b) != nil {
				p.anomaly(c, dir, "invalid_cip_response", "multiple_service_packet")
				inner = Response{Service: r.service, Status: a.Status}
			}
			p.finish(c, dir, m, r, &inner)
		}
	}
	for {
		r := p.open.TakeFunc(func(r *request) bool { return r.key == k && r.dir != dir && r.multiple })
		if r == nil {
			return
		}
		fact := p.emit(c, r)
		fact.Answered, fact.CIPStatus = true, a.Status
	}
}

// finish makes the fact of a request with its answer.
func (p *parser) finish(c *proto.Conn, dir event.Dir, m *Message, r *request, a *Response) {
	fact := p.emit(c, r)
	fact.Answered, fact.Status, fact.CIPStatus = true, m.Status, a.Status
	switch {
	case r.pccc:
		var answer PCCC
		if DecodePCCC(&answer, a.Data) != nil {
			return
		}
		if fact.CIPStatus == 0 {
			fact.CIPStatus = answer.Status
		}
		if name := pcccName(answer.Data); r.op.name == pcccDiagnosticStatus && name != nil && !r.routed {
			p.said.Tell(c, dir, &event.Identity{Source: "enip.pccc", Vendor: vendors[1], Type: "plc", Model: identity.Text(c, name)})
		}
	case r.class == classIdentity && r.service == SvcGetAttributesAll && a.Status == 0 && !r.routed:
		var d DeviceIdentity
		if DecodeIdentity(&d, a.Data) != nil {
			return
		}
		source := "enip.identity_object"
		if r.chassis {
			source = "enip.chassis"
		}
		id := d.fact(c, source)
		p.said.Tell(c, dir, &id)
	}
}
