// Package http2 recognises HTTP/2 in the clear (RFC 9113): connections that
// begin with its preface, or that package http handed over after an upgrade.
// It counts frames and skips what is in them; headers are not decompressed,
// so it makes no facts of its own.
package http2

import (
	"encoding/binary"
	"errors"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// Preface is what a client begins with (section 3.4).
const Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// FrameHeaderLen is the length of a frame header (section 4.1).
const FrameHeaderLen = 9

// FrameHeader is what a frame begins with. Length bytes follow.
type FrameHeader struct {
	Length int
	Type   uint8
	Flags  uint8
	Stream uint32 // 31 bits
}

// The frame types that recognition looks at (section 6).
const (
	Settings = 4
)

// ErrShort says that a frame header is not complete.
var ErrShort = errors.New("http2: frame header is not complete")

// Decode reads a frame header and gives its length.
func Decode(dst *FrameHeader, b []byte) (n int, err error) {
	if len(b) < FrameHeaderLen {
		return 0, ErrShort
	}
	*dst = FrameHeader{
		Length: int(b[0])<<16 | int(b[1])<<8 | int(b[2]), Type: b[3], Flags: b[4],
		Stream: binary.BigEndian.Uint32(b[5:]) & 0x7fffffff,
	}
	return FrameHeaderLen, nil
}

// Append writes a frame header.
func Append(dst []byte, h *FrameHeader) []byte {
	dst = append(dst, byte(h.Length>>16), byte(h.Length>>8), byte(h.Length), h.Type, h.Flags)
	return binary.BigEndian.AppendUint32(dst, h.Stream&0x7fffffff)
}

// Protocol describes HTTP/2 over TCP without TLS.
var Protocol = proto.Protocol{
	ID:    event.ProtoHTTP2,
	TCP:   true,
	Ports: []uint16{80, 8080, 50051},
	Probe: probe,
	New:   func() proto.Parser { return new(parser) },
}

// probe wants the client's preface, or the server's settings after it.
func probe(s *proto.Sample) proto.Match {
	if s.Dir == event.ToClient && !beginsPreface(s.Data[event.ToServer]) {
		return proto.No
	}
	b := s.Data[event.ToServer]
	switch {
	case !beginsPreface(b):
		return proto.No
	case len(b) < len(Preface):
		return proto.More
	}
	return proto.Yes
}

func beginsPreface(b []byte) bool {
	n := min(len(b), len(Preface))
	return string(b[:n]) == Preface[:n]
}

// parser counts frames.
type parser struct {
	begun, lost [2]bool
	anomalous   bool
}

// Data takes frames off the stream and skips their payloads.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	if p.lost[dir] {
		return len(b), nil
	}
	done := 0
	if dir == event.ToServer && !p.begun[dir] {
		if !beginsPreface(b) {
			return p.lose(c, dir, b), nil
		}
		if len(b) < len(Preface) {
			return 0, nil
		}
		done = len(Preface)
		p.begun[dir] = true
	}
	for done < len(b) {
		var h FrameHeader
		n, err := Decode(&h, b[done:])
		if err != nil {
			break
		}
		// Settings come first (section 3.4); unknown types are allowed later.
		if dir == event.ToClient && !p.begun[dir] && h.Type != Settings || h.Type == Settings && h.Stream != 0 {
			return p.lose(c, dir, b), nil
		}
		p.begun[dir] = true
		c.Message(dir)
		done += n + h.Length
	}
	return done, nil
}

// lose gives up the framing of a direction.
func (p *parser) lose(c *proto.Conn, dir event.Dir, b []byte) int {
	p.lost[dir] = true
	if !p.anomalous {
		p.anomalous = true
		c.Anomaly(event.ProtoHTTP2, dir, "frame_invalid", "no frame that may stand here")
	}
	return len(b)
}

// Gap ends the framing.
func (p *parser) Gap(_ *proto.Conn, dir event.Dir, _ int) bool {
	p.lost[dir] = true
	return true
}

// End has nothing to tell.
func (p *parser) End(*proto.Conn) {}

// Reset makes the parser as new.
func (p *parser) Reset() { *p = parser{} }
