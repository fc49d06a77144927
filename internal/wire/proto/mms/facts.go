package mms

import (
	"bytes"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/ber"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/identity"
)

// pdu handles an MMS unit.
func (a *analyser) pdu(c *proto.Conn, dir event.Dir, unit ber.Element) error {
	var p PDU
	if err := DecodePDU(&p, unit); err != nil {
		return err
	}
	c.Message(dir)
	switch p.Type {
	case confirmedRequest:
		number := p.Service.Number()
		s := findService(number)
		q := a.requests.Ask(c, uint64(p.Invoke), dir)
		q.Verb, q.Class, q.Code = s.name, s.class, number
		objects(&q.Target, &p)
		q.Mark = uint32(attributeOf(q.Target.Bytes()))
	case confirmedResponse:
		a.response(c, dir, &p)
	case confirmedError:
		if f := a.requests.Answer(c, uint64(p.Invoke), dir); f != nil {
			f.Error = serviceError(p.Body)
		}
	case reject:
		if f := a.requests.Answer(c, uint64(p.Invoke), dir); f != nil {
			f.Error = "reject"
		}
	case initiateRequest:
		a.requests.Ask(c, initiateKey, dir).Verb = "initiate"
	case initiateResponse:
		a.requests.Answer(c, initiateKey, dir)
	case initiateError:
		if f := a.requests.Answer(c, initiateKey, dir); f != nil {
			f.Error = "initiate"
		}
	}
	return nil // reports, cancellation and conclusion are counted only
}

// response makes the fact of a request and reads what the server says of
// itself.
func (a *analyser) response(c *proto.Conn, dir event.Dir, p *PDU) {
	q := a.requests.Find(uint64(p.Invoke), dir)
	if q == nil || q.Code != p.Service.Number() {
		if p.Service.Number() == serviceIdentify {
			a.identify(c, dir, p.Body)
		}
		return
	}
	mark := attribute(q.Mark)
	f := a.requests.Answer(c, uint64(p.Invoke), dir)
	switch p.Service.Number() {
	case serviceIdentify:
		a.identify(c, dir, p.Body)
	case serviceRead:
		results := find(p.Body, ber.Context|ber.Constructed|1)
		first, ok := head(results.Value)
		if ok && first.Tag == ber.Context|0 {
			f.Error = accessError(ber.Int(first.Value))
		} else if ok && mark != 0 {
			a.nameplate(c, dir, mark, first)
		}
	case serviceWrite:
		for b := p.Body; ; {
			e, ok := ber.Next(&b)
			if !ok {
				break
			}
			if e.Tag == ber.Context|0 {
				f.Error = accessError(ber.Int(e.Value))
				break
			}
		}
	}
}

// identify reads the answer to an identify request.
func (a *analyser) identify(c *proto.Conn, dir event.Dir, b []byte) {
	a.told.Tell(c, dir, &event.Identity{
		Source: "mms.identify",
		Vendor: identity.Text(c, ber.Find(b, ber.Context|0)),
		Model:  identity.Text(c, ber.Find(b, ber.Context|1)), Firmware: identity.Text(c, ber.Find(b, ber.Context|2)),
	})
}

// attribute is a name plate attribute of IEC 61850-7-3 (DPL, LPL).
type attribute uint32

const (
	attrVendor attribute = 1 + iota
	attrModel
	attrSerial
	attrSoftware
	attrHardware
)

// attributeOf tells whether an object is an attribute of a device's name
// plate, as "LD0/LPHD1$DC$PhyNam$vendor". A read of the whole plate gives its
// first attribute, which always is the vendor.
func attributeOf(object []byte) attribute {
	_, rest, ok := bytes.Cut(object, []byte("$DC$PhyNam"))
	if !ok {
		return 0
	}
	switch string(rest) {
	case "", "$vendor":
		return attrVendor
	case "$model":
		return attrModel
	case "$serNum":
		return attrSerial
	case "$swRev":
		return attrSoftware
	case "$hwRev":
		return attrHardware
	}
	return 0
}

// nameplate tells a name plate attribute that was read.
func (a *analyser) nameplate(c *proto.Conn, dir event.Dir, mark attribute, e ber.Element) {
	const structure, visible = ber.Context | ber.Constructed | 2, ber.Context | 10
	if e.Tag == structure {
		e, _ = head(e.Value)
	}
	if e.Tag != visible {
		return
	}
	id := event.Identity{Source: "mms.name_plate"}
	text := identity.Text(c, e.Value)
	switch mark {
	case attrVendor:
		id.Vendor = text
	case attrModel:
		id.Model = text
	case attrSerial:
		id.Serial = text
	case attrSoftware:
		id.Firmware = text
	case attrHardware:
		id.Hardware = text
	}
	a.told.Tell(c, dir, &id)
}

// serviceError words the class of a confirmed error (ISO 9506-2 section 7.4).
func serviceError(b []byte) string {
	e := find(b, ber.Context|ber.Constructed|2)
	class, _ := head(find(e.Value, ber.Context|ber.Constructed|0).Value)
	if n := class.Tag.Number(); class.Tag != 0 && n < uint32(len(errorClasses)) {
		return errorClasses[n]
	}
	return "error"
}

// objects words the first object that a request is about: "domain/item" of
// variables and lists, the name of files, domains and programs.
func objects(t *exchange.Text, p *PDU) {
	if !p.Service.IsConstructed() {
		name(t, p.Body) // an identifier alone
		return
	}
	b := p.Body
	if n := p.Service.Number(); n == serviceWrite {
		first, _ := head(b) // what is written follows
		b = first.Value
	}
	if names(t, b, 0); t.Len() == 0 {
		first, _ := head(b)
		for depth := 0; first.Tag.IsConstructed() && depth < 8; depth++ {
			first, _ = head(first.Value)
		}
		name(t, first.Value)
	}
}

// names appends the first two visible or graphic strings in b.
func names(t *exchange.Text, b []byte, depth int) (found int) {
	for depth < 10 && found < 2 {
		e, ok := head(b)
		if !ok {
			break
		}
		switch {
		case e.Tag == ber.VisibleString || e.Tag == ber.GraphicString:
			if t.Len() > 0 {
				t.Str("/")
			}
			t.Printable(e.Value)
			found++
		case e.Tag.IsConstructed():
			if n := names(t, e.Value, depth+1); n > 0 {
				return found + n
			}
		}
		if _, ok := ber.Next(&b); !ok {
			break
		}
	}
	return found
}

// name appends b when it can be a name.
func name(t *exchange.Text, b []byte) {
	if len(b) < 2 {
		return
	}
	for _, c := range b {
		if c < 0x20 || c > 0x7e {
			return
		}
	}
	t.Put(b)
}
