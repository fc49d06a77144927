package http

import (
	"sync"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// Protocol describes HTTP/1.x over TCP.
var Protocol = proto.Protocol{
	ID:    event.ProtoHTTP,
	TCP:   true,
	Ports: []uint16{80, 81, 591, 3128, 7547, 8000, 8008, 8080, 8081, 8088, 8888},
	Probe: probe,
	New:   func() proto.Parser { return newParser() },
}

// probe wants one whole start line of HTTP/1.x. Of a conversation that was
// joined in its middle, the line may come later.
func probe(s *proto.Sample) proto.Match {
	request := s.Dir == event.ToServer
	switch v := judge(s.Newest()); {
	case v == requestLine && request, v == statusLine && !request:
		return proto.Yes
	case v == tooShort:
		return proto.More
	}
	if s.Conn == nil || !s.Conn.Midstream {
		return proto.No
	}
	if findStart(s.Newest(), request) >= 0 {
		return proto.Yes
	}
	if s.Port {
		return proto.More
	}
	return proto.No
}

// The limits of one flow.
const (
	maxPipelined = 32      // requests waiting for their response
	maxAnomalies = 16      // anomaly facts
	maxIdentity  = 8       // identity facts
	stride       = 1 << 16 // body bytes skipped at a time
)

// state is where a direction stands.
type state uint8

const (
	inHead    state = iota
	inLength        // in a body of known length
	inClose         // in a body that ends with the connection
	inSize          // before a chunk's size
	inChunk         // in a chunk with its line end
	inTrailer       // before the trailer section's end
	lost            // somewhere: the next start line is to be found
	held            // bytes wait for the answer to an upgrade or CONNECT
)

// side is one direction of a connection.
type side struct {
	state   state
	scanned int    // bytes of the pending head that are known not to end it
	remain  uint64 // body or chunk bytes to come
}

// parser joins requests and responses of one connection.
type parser struct {
	begun     bool
	sides     [2]side
	waiting   []*request // oldest first
	free      []*request
	incoming  *request // whose body is being received, also in waiting unless answered early
	orphans   int      // requests that were given up for lack of room and will be answered yet
	resp      response // in progress when resp.active
	anomalies int
	said      memory
}

func newParser() *parser { return new(parser) }

// heads lends Head values to parsers, which need one only during a call.
var heads = sync.Pool{New: func() any { return new(Head) }}

// Data takes messages off the stream.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	s := &p.sides[dir]
	if !p.begun {
		p.begun = true
		if c.Midstream {
			p.sides[0].state, p.sides[1].state = lost, lost
		}
	}
	done := 0
	for done < len(b) {
		n, err := p.step(c, dir, s, b[done:])
		if err != nil {
			return done, err
		}
		if n == 0 {
			break
		}
		done += n
	}
	return done, nil
}

// step takes one piece: a head, a chunk's size, or what there is of a body. It
// gives 0 when the piece is not complete.
func (p *parser) step(c *proto.Conn, dir event.Dir, s *side, b []byte) (int, error) {
	switch s.state {
	case inHead:
		return p.head(c, dir, s, b)
	case inLength:
		return p.length(c, dir, s, b), nil
	case inClose:
		if dir == event.ToClient && len(p.waiting) > 1 && beginsAsStatus(b) {
			switch judge(b) {
			case statusLine:
				p.finish(c, dir, s)
				return p.head(c, dir, s, b)
			case tooShort:
				return 0, nil
			}
		}
		p.body(dir, b, uint64(len(b)))
		return len(b), nil
	case inSize:
		return p.chunkSize(c, dir, s, b)
	case inChunk:
		return p.chunk(dir, s, b), nil
	case inTrailer:
		return p.trailer(c, dir, s, b)
	case lost:
		return p.resync(c, dir, s, b)
	}
	if dir == event.ToServer && p.sides[event.ToClient].state != held && p.declined(b) {
		s.state = inHead
		return p.head(c, dir, s, b)
	}
	return 0, nil // held
}

// declined reports whether a client goes on with HTTP after it asked for
// another protocol. What follows CONNECT may be HTTP with the other host.
func (p *parser) declined(b []byte) bool {
	n := len(p.waiting)
	return n > 0 && !p.waiting[n-1].connect && judge(b) == requestLine
}

// head takes a message head.
func (p *parser) head(c *proto.Conn, dir event.Dir, s *side, b []byte) (int, error) {
	start := leadingLines(b)
	if start == len(b) {
		s.scanned = 0
		return start, nil
	}
	if headEnd(b, max(start, s.scanned)) == 0 {
		if len(b)-start > MaxHead {
			p.anomaly(c, dir, "head_too_long", "message head is longer than 32 KiB")
			s.state, s.scanned = lost, 0
			return len(b), nil
		}
		if v := judge(b); v == notHTTP && s.scanned == 0 {
			return p.strange(c, dir, s, b), nil
		}
		// The empty line may begin with the last bytes seen.
		s.scanned = max(0, len(b)-3)
		return 0, nil
	}
	s.scanned = 0
	h := heads.Get().(*Head)
	defer func() {
		h.Reset()
		heads.Put(h)
	}()
	n, err := Decode(h, b)
	if err != nil || h.IsRequest() != (dir == event.ToServer) || !isHTTP1(h.Version) && h.Flaws&FlawNoVersion == 0 {
		return p.strange(c, dir, s, b), nil
	}
	c.Message(dir)
	p.flaws(c, dir, h.Flaws)
	if dir == event.ToServer {
		p.request(c, s, h)
	} else {
		p.response(c, s, h)
	}
	return n, nil
}

// strange deals with bytes where a head should begin. A client may say GET to
// whatever it finds, so that a server on another port speaks HTTP at all is
// known only after its first response.
func (p *parser) strange(c *proto.Conn, dir event.Dir, s *side, b []byte) int {
	switch {
	case !c.Registered && c.Messages[dir] == 0:
	case dir == event.ToServer:
		p.anomaly(c, dir, "request_line_invalid", "no request line where a request should begin")
	default:
		p.anomaly(c, dir, "status_line_invalid", "no status line where a response should begin")
	}
	s.state, s.scanned = lost, 0
	return len(b)
}

// resync looks for the next start line after lost bytes.
func (p *parser) resync(c *proto.Conn, dir event.Dir, s *side, b []byte) (int, error) {
	switch judge(b) {
	case tooShort:
		return 0, nil
	case notHTTP:
		at := findStart(b, dir == event.ToServer)
		if at <= 0 {
			return len(b), nil
		}
		p.found(c, dir, s)
		return at, nil
	}
	p.found(c, dir, s)
	return p.head(c, dir, s, b)
}

// found goes on with a head. Responses may have been missed: of the requests
// that wait only the newest can be the one that this response answers, unless
// the client pipelines, which nearly none does.
func (p *parser) found(c *proto.Conn, dir event.Dir, s *side) {
	s.state = inHead
	if dir == event.ToServer {
		return
	}
	p.orphans = 0
	for len(p.waiting) > 1 {
		p.unanswered(c)
	}
}

// beginsAsStatus reports whether b may be a status line's beginning. Some
// servers keep connections open without saying how long their bodies are; a
// response is looked for in such a body only when another request waits.
func beginsAsStatus(b []byte) bool {
	const begin = "HTTP/1."
	n := min(len(b), len(begin))
	return string(b[:n]) == begin[:n]
}

// finish ends a message whose body is complete.
func (p *parser) finish(c *proto.Conn, dir event.Dir, s *side) {
	s.state, s.scanned, s.remain = inHead, 0, 0
	if dir == event.ToServer {
		p.requestDone()
	} else {
		p.responseDone(c, s)
	}
}

// End makes facts of what is not finished.
func (p *parser) End(c *proto.Conn) {
	if p.resp.active {
		p.responseDone(c, &p.sides[event.ToClient])
	}
	for len(p.waiting) > 0 {
		p.unanswered(c)
	}
}

// Reset makes the parser as new.
func (p *parser) Reset() {
	for _, r := range p.waiting {
		p.release(r)
	}
	waiting, free, resp := p.waiting[:0], p.free, p.resp
	resp.reset()
	*p = parser{waiting: waiting, free: free, resp: resp}
}

// flaws makes anomalies of what is wrong with a head.
func (p *parser) flaws(c *proto.Conn, dir event.Dir, f Flaw) {
	for i, name := range flawNames {
		if name != "" && f&(1<<i) != 0 {
			p.anomaly(c, dir, name, "in a message head")
		}
	}
}

func (p *parser) anomaly(c *proto.Conn, dir event.Dir, name, detail string) {
	if p.anomalies++; p.anomalies <= maxAnomalies {
		c.Anomaly(event.ProtoHTTP, dir, name, detail)
	}
}
