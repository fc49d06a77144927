package coap

import (
	"bytes"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// probe recognises CoAP. Almost anything looks like a CoAP message, so a
// single one counts on the registered port only and must be right in
// everything; elsewhere a response must fit its request in identifier and
// token. A connection must begin with a CSM on both sides.
func probe(s *proto.Sample) proto.Match {
	scratch := scratches.Get().(*scratch)
	defer scratches.Put(scratch)
	if s.Conn.Transport == 6 {
		return probeStream(s, &scratch.message)
	}
	m := &scratch.message
	if !right(m, s.Newest(), s.Port) {
		return proto.No
	}
	other := s.Data[s.Dir.Other()]
	if len(other) > 0 && right(&scratch.kept, other, s.Port) && fits(m, &scratch.kept) {
		return proto.Yes
	}
	switch {
	case s.Port:
		return proto.Weak
	case len(other) > 0:
		return proto.No
	}
	return proto.More
}

// right reports whether b is a message that anybody would send: no fault, a
// registered code, and only registered options. At home unknown elective
// options are allowed, and CoIoT's method.
func right(m *Message, b []byte, home bool) bool {
	var d Decoder
	if _, err := d.Decode(m, b); err != nil {
		return false
	}
	if !m.Code.Assigned() {
		_, coiot := m.Option(shellyDevice)
		return home && coiot && m.Code == 30
	}
	for _, o := range m.Options {
		if limitsOf(m.Code, o.Number) == nil && (!home || o.Number.Critical()) {
			return false
		}
	}
	return true
}

// fits reports whether one of two messages answers the other.
func fits(a, b *Message) bool {
	if b.Code.Request() {
		a, b = b, a
	}
	if !a.Code.Request() || !b.Code.Response() || !bytes.Equal(a.Token, b.Token) {
		return false
	}
	if b.Type == ACK {
		return a.Type == CON && a.ID == b.ID && (len(a.Token) > 0 || len(a.Options) > 0)
	}
	return len(a.Token) > 1
}

// probeStream looks at the first message of each side.
func probeStream(s *proto.Sample, m *Message) proto.Match {
	if s.Conn.Midstream {
		return proto.No
	}
	seen := 0
	for dir := event.ToServer; dir <= event.ToClient; dir++ {
		b := s.Data[dir]
		if len(b) == 0 {
			continue
		}
		f, err := DecodeFrame(b, false)
		if err == nil && (Code(b[f.Head-1]) != CSM || f.Token > 0) {
			return proto.No
		}
		d := Decoder{Stream: true, MaxSize: 256}
		_, err = d.Decode(m, b)
		switch {
		case err == ErrShort && len(b) < 256:
			return proto.More
		case err != nil:
			return proto.No
		}
		seen++
	}
	switch {
	case seen == 2:
		return proto.Yes
	case s.Port:
		return proto.Weak
	}
	return proto.More
}
