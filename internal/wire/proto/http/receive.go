package http

import (
	"math"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// length takes a body of known length. The last byte is never skipped, so that
// the end of the body is noticed when it comes.
func (p *parser) length(c *proto.Conn, dir event.Dir, s *side, b []byte) int {
	n := uint64(len(b))
	if n >= s.remain {
		n = s.remain
		p.body(dir, b[:n], n)
		s.remain = 0
		p.finish(c, dir, s)
		return int(n)
	}
	if !p.wantsBody(dir, len(b)) {
		n += min(s.remain-n-1, stride)
	}
	p.body(dir, b, n)
	s.remain -= n
	return int(n)
}

// chunkSize takes the line that begins a chunk.
func (p *parser) chunkSize(c *proto.Conn, dir event.Dir, s *side, b []byte) (int, error) {
	size, n, err := DecodeChunkSize(b)
	switch {
	case err == ErrShort:
		return 0, nil
	case err != nil:
		p.anomaly(c, dir, "chunk_size_invalid", "a chunk does not begin with its size in hexadecimal")
		p.finish(c, dir, s)
		s.state = lost
		return len(b), nil
	case size == 0:
		s.state = inTrailer
	default:
		s.state, s.remain = inChunk, size+2
	}
	return n, nil
}

// chunk takes the data of a chunk and its line end.
func (p *parser) chunk(dir event.Dir, s *side, b []byte) int {
	n := min(uint64(len(b)), s.remain)
	data := uint64(0)
	if s.remain > 2 {
		data = min(n, s.remain-2)
	}
	if n < s.remain && !p.wantsBody(dir, int(data)) {
		skip := min(s.remain-n, stride)
		n += skip
		if s.remain > 2 {
			data = min(n, s.remain-2)
		}
	}
	p.body(dir, b[:min(data, uint64(len(b)))], data)
	if s.remain -= n; s.remain == 0 {
		s.state = inSize
	}
	return int(n)
}

// trailer takes the trailer section, nearly always an empty line.
func (p *parser) trailer(c *proto.Conn, dir event.Dir, s *side, b []byte) (int, error) {
	h := heads.Get().(*Head)
	n, err := DecodeFields(h, b)
	h.Reset()
	heads.Put(h)
	if err == ErrShort {
		return 0, nil
	}
	if err != nil {
		p.anomaly(c, dir, "trailer_too_long", "trailer section is longer than 32 KiB")
		n = len(b)
	}
	p.finish(c, dir, s)
	return n, nil
}

// Gap goes on when the missing bytes lie within one body; else the next start
// line is looked for.
func (p *parser) Gap(c *proto.Conn, dir event.Dir, n int) bool {
	s := &p.sides[dir]
	s.scanned = 0
	switch {
	case n <= 0:
	case s.state == inLength && uint64(n) < s.remain:
		p.body(dir, nil, uint64(n))
		s.remain -= uint64(n)
		return true
	case s.state == inLength && uint64(n) == s.remain:
		p.body(dir, nil, uint64(n))
		p.finish(c, dir, s)
		return true
	case s.state == inChunk && uint64(n) <= s.remain:
		p.body(dir, nil, min(uint64(n), s.remain-min(s.remain, 2)))
		if s.remain -= uint64(n); s.remain == 0 {
			s.state = inSize
		}
		return true
	case s.state == inClose:
		p.body(dir, nil, uint64(n))
		return true
	}
	if s.state != inHead && s.state != lost && s.state != held {
		p.finish(c, dir, s)
	}
	s.state, s.remain = lost, 0
	return true
}

// saturate adds without overflow; bodies are counted, however long they claim
// to be.
func saturate(a, b uint64) uint64 {
	if a > math.MaxUint64-b {
		return math.MaxUint64
	}
	return a + b
}
