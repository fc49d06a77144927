package dnp3

import (
	"bytes"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// probe trusts the checksum of a link header: with start octets and length it
// leaves one chance in many millions. A flow that was picked up in the middle
// may begin inside a frame, so there the first header may come later.
func probe(s *proto.Sample) proto.Match {
	for _, dir := range [2]event.Dir{s.Dir, s.Dir.Other()} {
		b := s.Data[dir]
		if len(b) == 0 {
			continue
		}
		if s.Conn != nil && s.Conn.Midstream {
			b = midstream(b)
		}
		switch {
		case len(b) > 0 && b[0] != start1, len(b) > 1 && b[1] != start2:
			return proto.No
		case len(b) < HeaderLen:
			return proto.More
		case crc(b[:8]) != uint16(b[8])|uint16(b[9])<<8, b[2] < minLength:
			return proto.No
		}
		return proto.Yes
	}
	return proto.More
}

// midstream cuts b at the first whole header within one frame's length.
func midstream(b []byte) []byte {
	for at := 0; at < min(len(b), MaxFrameLen); at++ {
		i := bytes.Index(b[at:], []byte{start1, start2})
		if i < 0 {
			break
		}
		at += i
		if h := b[at:]; len(h) >= HeaderLen && h[2] >= minLength && crc(h[:8]) == uint16(h[8])|uint16(h[9])<<8 {
			return h
		}
	}
	return b
}
