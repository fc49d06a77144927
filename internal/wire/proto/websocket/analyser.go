package websocket

import (
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// Protocol describes WebSocket. It has no ports: only an upgrade leads here.
var Protocol = proto.Protocol{
	ID:    event.ProtoWebSocket,
	TCP:   true,
	Probe: func(*proto.Sample) proto.Match { return proto.No },
	New:   func() proto.Parser { return new(parser) },
}

// side is one direction of a connection.
type side struct {
	frame   Header
	offset  uint64 // payload bytes of the frame that are done with
	inFrame bool
	message Opcode // of the message whose fragments come, Continuation between messages
	opaque  bool   // the message is compressed
	last    byte   // last payload byte handed on
	code    uint16 // of a close frame
	frames  uint32
	payload uint64
}

type parser struct {
	begun     bool
	lost      bool // the framing is lost, the rest is not read
	note      Handover
	sides     [2]side
	inner     proto.Stream
	innerID   event.Proto
	closeCode uint16
	anomalies int
	scratch   []byte
}

// scratchSize is how much payload is unmasked at a time.
const scratchSize = 2048

var newline = []byte{'\n'}

// maxAnomalies bounds the anomaly facts of one flow.
const maxAnomalies = 16

func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	c.Within = event.ProtoWebSocket
	if !p.begun {
		p.begun = true
		h := ParseHandover(c.Note)
		p.note = Handover{strings.Clone(h.Host), strings.Clone(h.URL), strings.Clone(h.Subprotocol)}
	}
	if p.lost {
		return len(b), nil
	}
	s := &p.sides[dir]
	done := 0
	for done < len(b) {
		if !s.inFrame {
			n, err := Decode(&s.frame, b[done:])
			if err == ErrShort {
				return done, nil
			}
			if err != nil {
				p.anomaly(c, dir, "frame_invalid", err.Error())
				p.lost = true
				return len(b), nil
			}
			done += n
			p.open(c, dir, s)
		}
		n := int(min(uint64(len(b)-done), s.frame.Length-s.offset))
		p.take(c, dir, s, b[done:done+n])
		done += n
		if s.offset < s.frame.Length {
			return done, nil
		}
		p.shut(c, dir, s)
	}
	return done, nil
}

// open takes note of a frame whose header has been read.
func (p *parser) open(c *proto.Conn, dir event.Dir, s *side) {
	c.Message(dir)
	s.frames++
	s.payload += s.frame.Length
	s.inFrame, s.offset = true, 0
	if s.frame.Masked != (dir == event.ToServer) { // section 5.1
		p.anomaly(c, dir, "masking_wrong", "clients mask their frames, servers do not")
	}
	switch {
	case s.frame.Opcode.Control():
	case s.frame.Opcode == Continuation:
		if s.message == Continuation {
			p.anomaly(c, dir, "continuation_unexpected", "no message is being continued")
		}
	default:
		if s.message != Continuation {
			p.anomaly(c, dir, "message_unfinished", "a message begins before the last one ended")
		}
		s.message, s.opaque = s.frame.Opcode, s.frame.Compressed()
	}
}

// take hands payload bytes on to the protocol inside.
func (p *parser) take(c *proto.Conn, dir event.Dir, s *side, b []byte) {
	offset := s.offset
	s.offset += uint64(len(b))
	if s.frame.Opcode.Control() {
		if s.frame.Opcode == Close {
			p.closing(s, b, offset)
		}
		return
	}
	if len(b) == 0 || s.opaque || s.message == Continuation {
		return
	}
	if p.inner == nil {
		if c.Env.Nest == nil {
			return
		}
		p.inner = c.Env.Nest()
	}
	s.last = b[len(b)-1]
	if !s.frame.Masked {
		p.inner.Data(c, dir, b)
		return
	}
	s.last ^= s.frame.Mask[(s.offset-1)&3]
	if p.scratch == nil {
		p.scratch = make([]byte, scratchSize)
	}
	for len(b) > 0 {
		part := p.scratch[:min(len(b), scratchSize)]
		Unmask(part, b[:len(part)], s.frame.Mask, offset)
		p.inner.Data(c, dir, part)
		offset += uint64(len(part))
		b = b[len(part):]
	}
}

// closing reads the status code at the beginning of a close frame's payload
// (section 5.5.1). The first one on the connection counts.
func (p *parser) closing(s *side, b []byte, offset uint64) {
	for i := uint64(0); i < uint64(len(b)) && offset+i < 2; i++ {
		c := b[i]
		if s.frame.Masked {
			c ^= s.frame.Mask[offset+i]
		}
		s.code = s.code<<8 | uint16(c)
		if offset+i == 1 && p.closeCode == 0 {
			p.closeCode = s.code
		}
	}
}

// shut ends a frame. Protocols of lines leave the line end away when WebSocket
// delimits their messages, so a text message is given one.
func (p *parser) shut(c *proto.Conn, dir event.Dir, s *side) {
	s.inFrame = false
	if s.frame.Opcode.Control() || !s.frame.Fin {
		return
	}
	if s.message == Text && !s.opaque && p.inner != nil && s.last != '\n' {
		p.inner.Data(c, dir, newline)
	}
	s.message = Continuation
}

// Gap goes on when the missing bytes lie within one frame.
func (p *parser) Gap(c *proto.Conn, dir event.Dir, n int) bool {
	s := &p.sides[dir]
	if n > 0 && s.inFrame && uint64(n) <= s.frame.Length-s.offset {
		s.offset += uint64(n)
		s.opaque = true // what is inside has a hole
		if s.offset == s.frame.Length {
			p.shut(c, dir, s)
		}
		return true
	}
	p.lost = true
	return true
}

// End makes the fact of the connection.
func (p *parser) End(c *proto.Conn) {
	c.Within = event.ProtoWebSocket
	if p.inner != nil {
		p.innerID = p.inner.Proto()
		p.inner.End(c)
		p.inner = nil
	}
	if !p.begun {
		return
	}
	ts, tc := &p.sides[event.ToServer], &p.sides[event.ToClient]
	f := proto.Emit[event.WebSocket](c, event.ToServer)
	f.Host, f.URL, f.Protocol = c.String([]byte(p.note.Host)), c.String([]byte(p.note.URL)), c.String([]byte(p.note.Subprotocol))
	f.Inner = p.innerID
	f.FramesTS, f.FramesTC = ts.frames, tc.frames
	f.PayloadTS, f.PayloadTC = ts.payload, tc.payload
	f.CloseCode = p.closeCode
}

func (p *parser) Reset() { *p = parser{scratch: p.scratch} }

func (p *parser) anomaly(c *proto.Conn, dir event.Dir, name, detail string) {
	if p.anomalies++; p.anomalies <= maxAnomalies {
		c.Anomaly(event.ProtoWebSocket, dir, name, detail)
	}
}
