package tls

import (
	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// DTLS describes DTLS over UDP, as CoAP, LwM2M, WebRTC and VPNs use it. It is
// recognised by content on any port.
var DTLS = proto.Protocol{
	ID:    event.ProtoDTLS,
	UDP:   true,
	Ports: []uint16{4433, 5684, 5061, 5349, 5868, 2221, 4755, 10161},
	Probe: probeDTLS,
	New:   func() proto.Parser { return new(datagrams) },
}

// probeDTLS wants records that fill a datagram exactly, the first of which
// makes sense.
func probeDTLS(s *proto.Sample) proto.Match {
	b := s.Newest()
	var first DTLSRecord
	if _, err := DecodeDTLSRecord(&first, b); err != nil || first.Length == 0 {
		return proto.No
	}
	if first.Epoch == 0 && !opensDTLS(s.Dir, &first, b[DTLSRecordLen:]) {
		return proto.No
	}
	for len(b) > 0 {
		var h DTLSRecord
		n, err := DecodeDTLSRecord(&h, b)
		if err != nil || h.Version != first.Version {
			return proto.No
		}
		b = b[n+h.Length:]
	}
	return proto.Yes
}

// opensDTLS reports whether an unprotected record can be one of a handshake.
func opensDTLS(dir event.Dir, h *DTLSRecord, b []byte) bool {
	switch h.Type {
	case Handshake:
		var f Fragment
		if _, err := DecodeFragment(&f, b[:h.Length]); err != nil || !f.Type.known() {
			return false
		}
		return f.Type != ClientHelloType || dir == event.ToServer
	case Alert:
		return h.Length == 2 && (b[0] == 1 || b[0] == 2)
	case ChangeCipherSpec:
		return h.Length == 1 && b[0] == 1
	}
	return false
}

// fragments is a handshake message of which pieces are yet to come.
type fragments struct {
	sequence uint16
	kind     MessageType
	length   int
	active   bool
}

// datagrams follows the records of one DTLS association after the other
// between two ports.
type datagrams struct {
	hs        *handshake // nil before the first message and after each report
	pieces    [2]fragments
	sealed    [2]bool
	last      [32]byte // random of the client hello that was reported last
	anomalies int
}

// Data takes the records of one datagram.
func (p *datagrams) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		if unified(rest[0]) || ContentType(rest[0]) == TLS12CID {
			// The length of the connection id is not on the wire, so the
			// header cannot be read; what follows is protected.
			c.Message(dir)
			p.protected(c, dir)
			break
		}
		var h DTLSRecord
		n, err := DecodeDTLSRecord(&h, rest)
		if err != nil {
			p.anomaly(c, dir, "record_header_invalid", err.Error())
			break
		}
		c.Message(dir)
		payload := rest[n : n+h.Length]
		rest = rest[n+h.Length:]
		switch {
		case h.Epoch > 0:
			if h.Type == Handshake || h.Type == ApplicationData {
				p.protected(c, dir)
			}
		case h.Type == Handshake:
			p.messages(c, dir, payload)
		case h.Type == Alert:
			p.alert(c, dir, payload)
		}
	}
	return len(b), nil
}

// protected notes a record that only keys could have made.
func (p *datagrams) protected(c *proto.Conn, dir event.Dir) {
	p.sealed[dir] = true
	if p.hs != nil && p.sealed[0] && p.sealed[1] {
		p.report(c, true)
	}
}

// messages takes the pieces of handshake messages in a record.
func (p *datagrams) messages(c *proto.Conn, dir event.Dir, b []byte) {
	for len(b) > 0 {
		var f Fragment
		n, err := DecodeFragment(&f, b)
		if err != nil || !f.Type.known() {
			p.anomaly(c, dir, "handshake_fragment_invalid", "no piece of a handshake message where one should be")
			return
		}
		body := b[n : n+f.FragmentLength]
		b = b[n+f.FragmentLength:]
		if f.FragmentLength == f.Length {
			p.message(c, dir, f.Type, body)
		} else {
			p.piece(c, dir, &f, body)
		}
	}
}

// piece joins the pieces of a message as they come in order; one that comes
// again is read over, one that is missing will be sent again.
func (p *datagrams) piece(c *proto.Conn, dir event.Dir, f *Fragment, body []byte) {
	if p.hs == nil {
		if f.Type != ClientHelloType && f.Type != ServerHelloType {
			return
		}
		p.begin()
	}
	part, buf := &p.pieces[dir], &p.hs.partial[dir].buf
	if f.Offset == 0 && (!part.active || part.sequence != f.Sequence) {
		*part = fragments{f.Sequence, f.Type, f.Length, true}
		*buf = (*buf)[:0]
	}
	have := len(*buf)
	if !part.active || part.sequence != f.Sequence || part.length != f.Length || f.Offset > have || f.Offset+len(body) <= have {
		return
	}
	body = body[have-f.Offset:]
	*buf = append(*buf, body[:min(len(body), max(0, maxMessage-have))]...)
	if len(*buf) == min(part.length, maxMessage) {
		part.active = false
		p.message(c, dir, part.kind, *buf)
	}
}

func (p *datagrams) begin() {
	p.hs = newHandshake()
	p.sealed = [2]bool{}
}

// message takes a whole handshake message, or the beginning of a very long one.
func (p *datagrams) message(c *proto.Conn, dir event.Dir, m MessageType, body []byte) {
	if m == ClientHelloType && len(body) >= 34 {
		if p.hs == nil && string(p.last[:]) == string(body[2:34]) {
			return // of the handshake before, once more
		}
		copy(p.last[:], body[2:34])
	}
	if p.hs == nil {
		p.begin()
	}
	if err := p.hs.take(dir, m, body, OverDTLS); err != nil {
		p.anomaly(c, dir, messageFault(m), err.Error())
	}
}

// alert notes an alert in the clear. A fatal one ends the handshake.
func (p *datagrams) alert(c *proto.Conn, dir event.Dir, b []byte) {
	if len(b) != 2 || b[0] != 1 && b[0] != 2 {
		p.anomaly(c, dir, "alert_invalid", "an alert has a level and a description")
		return
	}
	if p.hs == nil {
		return
	}
	p.hs.alert = AlertName(b[1])
	if b[0] == 2 {
		p.report(c, false)
	}
}

// report makes the fact of a handshake.
func (p *datagrams) report(c *proto.Conn, established bool) {
	if p.hs.seen() {
		p.hs.report(c, OverDTLS, established)
	}
	p.hs.release()
	p.hs = nil
	p.pieces = [2]fragments{}
}

// Gap never comes for datagrams.
func (p *datagrams) Gap(*proto.Conn, event.Dir, int) bool { return true }

// End makes a fact of a handshake that did not come to its end.
func (p *datagrams) End(c *proto.Conn) {
	if p.hs != nil {
		p.report(c, false)
	}
}

// Reset makes the parser as new.
func (p *datagrams) Reset() {
	if p.hs != nil {
		p.hs.release()
	}
	*p = datagrams{}
}

func (p *datagrams) anomaly(c *proto.Conn, dir event.Dir, name, detail string) {
	if p.anomalies++; p.anomalies <= maxAnomalies {
		c.Anomaly(event.ProtoDTLS, dir, name, detail)
	}
}
