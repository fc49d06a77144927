package ntp

import (
	"bytes"
	"math"
	"net/netip"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
)

// Protocol makes one fact of a request with all its answers; Src is who asked,
// or the sender of what nobody asked for.
var Protocol = proto.Protocol{
	ID: event.ProtoNTP, UDP: true, Ports: []uint16{Port}, Insist: true,
	Probe: probe, New: func() proto.Parser { return new(parser) },
}

func probe(s *proto.Sample) proto.Match {
	var m Msg
	if _, err := Decode(&m, s.Newest()); err != nil || !m.strict() {
		return proto.No
	}
	if s.Port {
		return proto.Yes
	}
	if m.Mode != Client && m.Mode != Server || m.Version < 3 || len(m.Rest) > 0 {
		return proto.No
	}
	if !s.Both() {
		return proto.Weak
	}
	// Elsewhere both sides must fit each other: the answer repeats the time
	// stamp of the question.
	var o Msg
	if _, err := Decode(&o, s.Data[s.Dir.Other()]); err != nil || o.Mode+m.Mode != Client+Server {
		return proto.No
	}
	if m.Mode == Server && m.Origin == o.Transmit || m.Mode == Client && o.Origin == m.Transmit {
		return proto.Yes
	}
	return proto.No
}

// maxAnswers is how many answers of modes 6 and 7 a fact sums up.
const maxAnswers = 256

// parser holds the last request.
type parser struct {
	open    bool
	from    event.Dir // who asked; the sender when nobody did
	fact    event.NTP // RefID is kept in ref
	ref     [15]byte
	refLen  uint8
	answers uint16
}

// Data takes one message.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	c.Message(dir)
	var m Msg
	if _, err := Decode(&m, b); err != nil {
		if c.Wire <= len(b) {
			name := "truncated_message"
			switch err {
			case ErrVersion:
				name = "invalid_version"
			case ErrMode:
				name = "invalid_mode"
			}
			exchange.Anomaly(c, event.ProtoNTP, dir, name, err.Error())
		}
		return len(b), nil
	}
	size := uint32(len(b))
	answer := m.Response
	if m.Mode < Control {
		answer = m.Mode == Server || m.Mode == SymmetricPassive && p.open && p.from != dir ||
			m.Mode == 0 && dir == event.ToClient
	}
	if !answer {
		p.ask(c, dir, &m, size)
		return len(b), nil
	}
	if !p.open || p.from == dir && p.fact.ReqLen > 0 || p.fact.Mode >= Control != (m.Mode >= Control) {
		p.give(c)
		p.begin(dir, &m)
	}
	p.reference(&m)
	p.fact.RespLen = uint32(min(uint64(p.fact.RespLen)+uint64(size), math.MaxUint32))
	if p.answers++; m.Mode < Control || p.answers == maxAnswers {
		p.give(c)
	}
	return len(b), nil
}

// ask opens a transaction; what nobody answers to is done at once.
func (p *parser) ask(c *proto.Conn, dir event.Dir, m *Msg, size uint32) {
	p.give(c)
	p.begin(dir, m)
	p.fact.ReqLen = size
	if m.Mode == Broadcast || m.Mode == SymmetricPassive {
		p.reference(m)
		p.give(c)
	}
}

func (p *parser) begin(dir event.Dir, m *Msg) {
	p.open, p.from, p.answers, p.refLen = true, dir, 0, 0
	p.fact = event.NTP{Version: m.Version, Mode: m.Mode, ReqCode: m.Code}
}

// reference keeps what the sender's clock follows: a name for strata 0 and 1,
// else an IPv4 address or what looks like one (RFC 5905 section 7.3).
func (p *parser) reference(m *Msg) {
	if m.Mode >= Control {
		return
	}
	p.fact.Stratum = m.Stratum
	ref := p.ref[:0]
	if m.Stratum > 1 {
		ref = netip.AddrFrom4(m.RefID).AppendTo(ref)
	} else {
		for _, ch := range bytes.TrimRight(m.RefID[:], " \x00") {
			if ch < ' ' || ch > '~' {
				ch = '.'
			}
			ref = append(ref, ch)
		}
	}
	p.refLen = uint8(len(ref))
}

// give makes the fact of the open transaction.
func (p *parser) give(c *proto.Conn) {
	if !p.open {
		return
	}
	p.open = false
	f := proto.Emit[event.NTP](c, p.from)
	*f = p.fact
	f.RefID = c.String(p.ref[:p.refLen])
}

// Gap does not happen to datagrams.
func (p *parser) Gap(*proto.Conn, event.Dir, int) bool { return true }

// End makes a fact of a request without an answer.
func (p *parser) End(c *proto.Conn) { p.give(c) }

// Reset forgets the flow.
func (p *parser) Reset() { *p = parser{} }
