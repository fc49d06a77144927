package stun

import (
	"encoding/binary"
	"errors"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/identity"
)

// Protocol counts messages and makes an identity fact of the software that a
// side names.
var Protocol = proto.Protocol{
	ID: event.ProtoSTUN, TCP: true, UDP: true, Ports: []uint16{3478, 3479, 5349},
	Probe: probe, New: func() proto.Parser { return new(parser) },
}

var errNotSTUN = errors.New("neither STUN nor TURN channel data")

func probe(s *proto.Sample) proto.Match {
	b := s.Newest()
	tcp := s.Conn.Transport == 6
	if tcp && len(b) < HeaderLen {
		if len(b) > 0 && b[0] > 3 {
			return proto.No
		}
		return proto.More
	}
	var m Msg
	n, err := Decode(&m, b)
	switch {
	case tcp && err == ErrShort && !m.Classic && m.Method < 0x100:
		return proto.More
	case err != nil || !tcp && n != len(b):
		return proto.No
	case !m.Classic:
		return proto.Yes
	case s.Port && !tcp && (m.Method == 1 || m.Method == 2) && m.Class != Indication:
		return proto.Weak // the forerunner has no other mark
	}
	return proto.No
}

type parser struct{ told identity.Once }

// Data takes datagrams, or messages and channel data on a stream. Datagrams
// that are no STUN are the media for which STUN has opened the way.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	if c.Transport != 6 {
		p.message(c, dir, b)
		return len(b), nil
	}
	done := 0
	for len(b)-done >= 4 {
		rest := b[done:]
		n := int(binary.BigEndian.Uint16(rest[2:]))
		switch rest[0] >> 6 {
		case 0:
			n += HeaderLen
			if len(rest) < n {
				if n > proto.MaxPending/2 {
					return done, errNotSTUN
				}
				return done, nil
			}
			if !p.message(c, dir, rest[:n]) {
				return done, errNotSTUN
			}
		case 1: // channel data (RFC 8656 section 12.5), padded to whole words
			n = 4 + (n+3)&^3
		default:
			return done, errNotSTUN
		}
		done += n
		if done > len(b) {
			break
		}
	}
	return done, nil
}

func (p *parser) message(c *proto.Conn, dir event.Dir, b []byte) bool {
	var m Msg
	_, err := Decode(&m, b)
	if m.Method == 0 || m.Classic && err != nil {
		return false
	}
	c.Message(dir)
	if err != nil {
		if c.Wire <= len(b) {
			exchange.Anomaly(c, event.ProtoSTUN, dir, "malformed_message", err.Error())
		}
		return true
	}
	_ = m.EachAttribute(func(typ uint16, value []byte) bool {
		if typ != AttrSoftware {
			return true
		}
		p.told.Tell(c, dir, &event.Identity{Source: "stun.software", Banner: identity.Text(c, value)})
		return false
	})
	return true
}

// Gap gives up: a message has no mark by which its beginning could be found.
func (p *parser) Gap(c *proto.Conn, _ event.Dir, _ int) bool { return c.Transport != 6 }

// End has nothing to do.
func (p *parser) End(*proto.Conn) {}

// Reset forgets the flow.
func (p *parser) Reset() { *p = parser{} }
