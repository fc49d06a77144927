package bacnet

import (
	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
)

// passwordFailure is the error code of a wrong password.
const passwordFailure = 26

// reply takes an answer to a confirmed request, or its first segment.
func (p *parser) reply(c *proto.Conn, dir event.Dir, m *BVLC, n *NPDU, a *APDU) {
	first := a.Type != ComplexAck || !a.Segmented || a.Sequence == 0
	if first {
		p.finish(c, dir, m, n, a)
	}
	if a.Type == ComplexAck && tellsValues(a.Service) && p.speaksForItself(c, dir, m, n) {
		if whole := p.join(dir, a); whole != nil {
			p.identity(c, dir, a.Service, whole)
		}
	}
}

func tellsValues(service uint8) bool {
	return service == SvcReadProperty || service == SvcReadPropertyMultiple
}

// finish makes the fact of a request with its answer.
func (p *parser) finish(c *proto.Conn, dir event.Dir, m *BVLC, n *NPDU, a *APDU) {
	if a.Type == AbortPDU && !a.Server {
		dir = dir.Other() // whoever asked gives up
	}
	var network uint16
	if n.Source {
		network = n.SNet
	}
	k := key(dir.Other(), a.InvokeID, network)
	r := p.open.Take(k)
	if r == nil {
		// A request to a network behind a router may be answered by the router,
		// and one to all networks by any.
		r = p.open.TakeFunc(func(r *request) bool {
			return r.pdu == "confirmed-request" && r.dir != dir && r.invoke == a.InvokeID
		})
	}
	hasService := a.Type != RejectPDU && a.Type != AbortPDU
	if r != nil && hasService && r.service != a.Service {
		p.anomaly(c, dir, "service_mismatch", lookup(confirmed[:], a.Service).name)
		p.emit(c, r)
		r = nil
	}
	if r == nil {
		if !hasService {
			return
		}
		orphan := request{dir: dir.Other(), bvlc: m.Function, pdu: pduName(a.Type), invoke: a.InvokeID, service: a.Service, op: lookup(confirmed[:], a.Service), network: network}
		r = &orphan
	}
	fact := p.emit(c, r)
	fact.Answered = true
	outcome := p.judge(c, fact, a)
	if p.login.waits && p.login.dir == dir.Other() && uint8(p.login.key) == a.InvokeID {
		p.endLogin(c, outcome)
	}
}

func pduName(kind uint8) string {
	switch kind {
	case SimpleAck:
		return "simple-ack"
	case ComplexAck:
		return "complex-ack"
	case ErrorPDU:
		return "error"
	}
	return ""
}

// judge writes what a negative answer says into the fact and gives what the
// answer means for a password.
func (p *parser) judge(c *proto.Conn, fact *event.BACnet, a *APDU) (outcome string) {
	var buf [96]byte
	b := buf[:0]
	switch a.Type {
	case SimpleAck, ComplexAck:
		return "success"
	case ErrorPDU:
		class, code, ok := readError(a.Data)
		if !ok {
			fact.Error = "error"
			return "unknown"
		}
		b = appendCode(b, errorClasses[:], class)
		b = appendCode(append(b, ' '), errorCodes[:], code)
		fact.Error = c.String(b)
		if code == passwordFailure {
			return "failure"
		}
	case RejectPDU:
		b = appendCode(append(b, "reject "...), rejectReasons[:], uint32(a.Reason))
		fact.Error = c.String(b)
	case AbortPDU:
		b = appendCode(append(b, "abort "...), abortReasons[:], uint32(a.Reason))
		fact.Error = c.String(b)
	}
	return "unknown"
}

// endLogin reports the password that waits for its answer, if any.
func (p *parser) endLogin(c *proto.Conn, outcome string) {
	l := &p.login
	if !l.waits {
		return
	}
	l.waits = false
	m := proto.Emit[event.Login](c, l.dir)
	m.Service, m.Outcome, m.Mechanism, m.Clear = event.ProtoBACnet, outcome, "plain", true
	m.Secret = c.Secret(event.ProtoBACnet, "", l.password[:l.n])
	clear(l.password[:])
}

// join puts the segments of an answer together and gives its parameters when
// they are whole. One answer is joined at a time, in order.
func (p *parser) join(dir event.Dir, a *APDU) []byte {
	j := &p.answer
	if !a.Segmented {
		return a.Data
	}
	if a.Sequence == 0 {
		*j = answer{active: true, dir: dir, invoke: a.InvokeID, service: a.Service, buf: j.buf[:0]}
	}
	if !j.active || j.dir != dir || j.invoke != a.InvokeID || j.service != a.Service {
		return nil
	}
	if a.Sequence != j.next {
		// A segment that was seen already is repeated; anything else is lost.
		j.active = a.Sequence == j.next-1
		return nil
	}
	j.next++
	if len(j.buf)+len(a.Data) > maxAnswer {
		j.active = false
		return nil
	}
	j.buf = append(j.buf, a.Data...)
	if a.More {
		return nil
	}
	j.active = false
	return j.buf
}

// identity takes from an answer what a device says about itself.
func (p *parser) identity(c *proto.Conn, dir event.Dir, service uint8, b []byte) {
	id := event.Identity{Source: "bacnet.device_object"}
	values(service, b, func(o ObjectID, property uint32, value Tag) {
		if o.Type() != objectDevice || value.Context || value.Number != TagString {
			return
		}
		var buf [identity.MaxText]byte
		text := value.text(buf[:])
		switch property {
		case propVendorName:
			id.Vendor = identity.Text(c, text)
		case propModel:
			id.Model = identity.Text(c, text)
		case propFirmware:
			id.Firmware = identity.Text(c, text)
		case propApplicationVersion:
			id.Banner = identity.Text(c, text)
		case propObjectName:
			id.Name = identity.Text(c, text)
		case propSerial:
			id.Serial = identity.Text(c, text)
		}
	})
	p.said.Tell(c, dir, &id)
}
