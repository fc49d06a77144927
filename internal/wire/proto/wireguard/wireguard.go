// Package wireguard recognises WireGuard (Donenfeld, "WireGuard: Next Generation
// Kernel Network Tunnel", section 5.4): a codec for the headers of its four
// messages, and an analyser that counts them. All else is encrypted.
//
// The codec may be used by every part of the program.
package wireguard

import (
	"encoding/binary"
	"errors"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// The message types.
const (
	Initiation = 1
	Response   = 2
	Cookie     = 3
	Transport  = 4
)

// The lengths of the messages; Transport has at least that.
const (
	initiationLen   = 148
	responseLen     = 92
	cookieLen       = 64
	minTransportLen = 32
	unpaddedLen     = 500 // payloads are padded to 16 bytes, but not beyond the path's limit
)

// ErrSyntax says that a datagram is no message of WireGuard.
var ErrSyntax = errors.New("wireguard: no message")

// Message is the header of a message.
type Message struct {
	Type     uint8
	Sender   uint32 // Initiation, Response
	Receiver uint32 // Response, Cookie, Transport
	Counter  uint64 // Transport
	NoCookie bool   // Initiation, Response: the second code is zero, as it is without load
}

// Decode reads the message that fills b.
func Decode(dst *Message, b []byte) error {
	*dst = Message{}
	if len(b) < minTransportLen || b[1] != 0 || b[2] != 0 || b[3] != 0 {
		return ErrSyntax
	}
	dst.Type = b[0]
	word := binary.LittleEndian.Uint32(b[4:])
	switch {
	case b[0] == Initiation && len(b) == initiationLen:
		dst.Sender, dst.NoCookie = word, zero(b[132:])
	case b[0] == Response && len(b) == responseLen:
		dst.Sender, dst.Receiver, dst.NoCookie = word, binary.LittleEndian.Uint32(b[8:]), zero(b[76:])
	case b[0] == Cookie && len(b) == cookieLen:
		dst.Receiver = word
	case b[0] == Transport && (len(b)%16 == 0 || len(b) >= unpaddedLen):
		dst.Receiver, dst.Counter = word, binary.LittleEndian.Uint64(b[8:])
	default:
		return ErrSyntax
	}
	return nil
}

func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// Protocol is WireGuard over UDP, on any port.
var Protocol = proto.Protocol{
	ID: event.ProtoWireGuard, UDP: true,
	Ports: []uint16{51820},
	Probe: probe,
	New:   func() proto.Parser { return new(parser) },
}

// maxCounter bounds the counter of a message by which a session is recognised
// in its middle: keys are changed every few minutes.
const maxCounter = 1 << 36

// probe takes handshakes, whose lengths and zeros are fixed, and a response
// that answers one. Transport alone counts on the registered port, or when
// both sides send it.
func probe(s *proto.Sample) proto.Match {
	var m, o Message
	if Decode(&m, s.Newest()) != nil {
		return proto.No
	}
	other := s.Data[s.Dir.Other()]
	known := len(other) > 0 && Decode(&o, other) == nil
	if len(other) > 0 && !known {
		return proto.No
	}
	switch m.Type {
	case Initiation, Response:
		if m.NoCookie || known && o.Type == Initiation && m.Receiver == o.Sender {
			return proto.Yes
		}
		return proto.Weak
	case Transport:
		if m.Counter < maxCounter && (!known || o.Type != Transport || o.Counter < maxCounter) {
			return proto.Weak
		}
	case Cookie:
		return proto.Weak
	}
	return proto.No
}

type parser struct{}

// Reset has nothing to clear.
func (p *parser) Reset() {}

// Data counts a datagram.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	var m Message
	if Decode(&m, b) == nil {
		c.Message(dir)
	} else if c.Errors < 16 {
		c.Anomaly(event.ProtoWireGuard, dir, "malformed_message", "type, reserved bytes or length do not fit")
	}
	return len(b), nil
}

// Gap cannot happen to datagrams.
func (p *parser) Gap(*proto.Conn, event.Dir, int) bool { return true }

// End has nothing to report.
func (p *parser) End(*proto.Conn) {}
