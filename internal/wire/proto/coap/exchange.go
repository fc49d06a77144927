package coap

import (
	"bytes"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// request is a request that waits for its response. It is kept as a message,
// written anew with only the head of its payload.
type request struct {
	raw     []byte
	token   [8]byte
	tkl     uint8
	dir     event.Dir
	stream  bool
	code    Code
	id      uint16
	size    int // bytes of the datagram
	payload int // bytes of its payload
	resent  uint16
}

func (r *request) hasToken(t []byte) bool { return bytes.Equal(r.token[:r.tkl], t) }

// requestKey is that of a request in a datagram; those in streams have a key
// that is theirs alone, as only the token finds them.
func requestKey(dir event.Dir, id uint16) uint64 { return uint64(dir)<<16 | uint64(id) }

const streamKey = 1 << 32

// observation is a relation of RFC 7641: responses to its token keep coming.
type observation struct {
	token [8]byte
	tkl   uint8
	dir   event.Dir // of the one who observes
	last  uint16    // identifier of the last notification
	path  []byte
}

// datagram follows the exchanges by one message (RFC 7252 sections 4 and 5).
func (p *parser) datagram(c *proto.Conn, dir event.Dir, s *scratch, size int) {
	m := &s.message
	switch {
	case m.Code.Request(), m.Code == Empty && m.Type == CON:
		p.ask(c, dir, s, size)
	case m.Code == Empty && m.Type == ACK:
		// The response comes by itself later, or one has arrived.
	case m.Type == RST:
		if r := p.waiting.Take(requestKey(dir.Other(), m.ID)); r != nil {
			p.settle(c, s, r, m, size)
			return
		}
		p.reset(c, dir, s, size)
	case m.Type == ACK:
		r := p.waiting.Find(requestKey(dir.Other(), m.ID))
		if r != nil && r.hasToken(m.Token) {
			p.settle(c, s, p.waiting.Take(requestKey(dir.Other(), m.ID)), m, size)
			return
		}
		if r != nil {
			m.Faults = append(m.Faults, ErrTokenMismatch)
			p.anomaly(c, dir, ErrTokenMismatch.Name)
		}
		p.alone(c, dir, s, m, size)
	default:
		p.respond(c, dir, s, size)
	}
}

// framed follows the exchanges of a connection by one message.
func (p *parser) framed(c *proto.Conn, dir event.Dir, s *scratch, size int) {
	m := &s.message
	switch {
	case m.Code == Empty, m.Code == Ping, m.Code == Pong: // they say nothing
	case m.Code.Signal():
		p.alone(c, dir, s, m, size)
	case m.Code.Request():
		p.ask(c, dir, s, size)
	default:
		p.respond(c, dir, s, size)
	}
}

// respond matches a response that is no acknowledgement by its token: the
// answer to a request, or a notification.
func (p *parser) respond(c *proto.Conn, dir event.Dir, s *scratch, size int) {
	m := &s.message
	asked := dir.Other()
	r := p.waiting.TakeFunc(func(r *request) bool { return r.dir == asked && r.code != Empty && r.hasToken(m.Token) })
	if r != nil {
		p.settle(c, s, r, m, size)
		return
	}
	for i := range p.observed {
		o := &p.observed[i]
		if o.dir == asked && bytes.Equal(o.token[:o.tkl], m.Token) {
			o.last = m.ID
			f := p.alone(c, dir, s, m, size)
			f.Path, f.Notification, f.Observe = c.String(o.path), true, "notify"
			f.LwM2M, f.Object = notified(f.Path)
			f.Endpoint = c.String(p.endpoint)
			return
		}
	}
	p.alone(c, dir, s, m, size)
}

// reset handles a reset that answers no request: it ends an observation.
func (p *parser) reset(c *proto.Conn, dir event.Dir, s *scratch, size int) {
	for i := range p.observed {
		if o := &p.observed[i]; o.dir == dir && o.last == s.message.ID {
			f := p.alone(c, dir, s, &s.message, size)
			f.Path, f.Observe = c.String(o.path), "deregister"
			p.forget(i)
			return
		}
	}
	p.alone(c, dir, s, &s.message, size)
}

// ask keeps a request until it is answered. One that must make room, or whose
// identifier is used again, becomes a fact without a response.
func (p *parser) ask(c *proto.Conn, dir event.Dir, s *scratch, size int) {
	m := &s.message
	key := requestKey(dir, m.ID)
	if m.Stream {
		key = streamKey
	} else if old := p.waiting.Take(key); old != nil {
		p.settle(c, s, old, nil, 0)
	}
	for r := p.waiting.Expired(c.Time); r != nil; r = p.waiting.Expired(c.Time) {
		p.settle(c, s, r, nil, 0)
	}
	payload := m.Size
	m.Payload = head(m.Payload, headSize)
	m.Size = len(m.Payload)
	raw, err := Append(s.text[:0], m)
	s.text = raw
	if err != nil || len(raw) > maxKeptBytes {
		f := p.alone(c, dir, s, m, size) // too large to wait for anything
		f.PayloadLen = uint32(payload)
		return
	}
	r := p.waiting.Add(key, c.Time)
	*r = request{
		raw: append(r.raw[:0], raw...), tkl: uint8(len(m.Token)), dir: dir, stream: m.Stream,
		code: m.Code, id: m.ID, size: size, payload: payload,
	}
	copy(r.token[:], m.Token)
}

// settle makes the fact of a request with its response, which is nil when none
// came, and follows the observation that the two begin or end.
func (p *parser) settle(c *proto.Conn, s *scratch, r *request, resp *Message, size int) {
	d := Decoder{Stream: r.stream, Lenient: true}
	q := &s.kept
	if _, err := d.Decode(q, r.raw); err != nil {
		return
	}
	f := p.fact(c, r.dir, q, s)
	f.ReqLen, f.PayloadLen, f.Retransmits = uint32(r.size), uint32(r.payload), r.resent
	if q.Code == Empty {
		f.Signal = "Ping" // RFC 7252 section 4.3
	}
	if resp != nil {
		p.answer(c, f, r.dir.Other(), q, resp, size)
	}
	p.observe(c, r, q, resp)
}

// observe begins an observation when server and client agree on it, and ends
// it when the client says so (RFC 7641 sections 3.1, 3.6).
func (p *parser) observe(c *proto.Conn, r *request, q, resp *Message) {
	v, ok := q.Uint(Observe)
	if !ok || r.tkl > 8 {
		return
	}
	for i := range p.observed {
		if o := &p.observed[i]; o.dir == r.dir && r.hasToken(o.token[:o.tkl]) {
			p.forget(i)
			break
		}
	}
	if v != 0 || resp == nil || resp.Code.Class() != 2 {
		return
	}
	if _, ok := resp.Option(Observe); !ok {
		return
	}
	if len(p.observed) == maxObserved {
		p.forget(0)
	}
	n := len(p.observed)
	if n < cap(p.observed) {
		p.observed = p.observed[:n+1]
	} else {
		p.observed = append(p.observed, observation{})
	}
	o := &p.observed[n]
	o.token, o.tkl, o.dir, o.last = r.token, r.tkl, r.dir, resp.ID
	o.path = head(q.AppendPath(o.path[:0]), headSize)
}

// forget ends an observation and keeps its memory for another one.
func (p *parser) forget(i int) {
	last := len(p.observed) - 1
	gone := p.observed[i]
	copy(p.observed[i:], p.observed[i+1:])
	p.observed[last] = gone
	p.observed = p.observed[:last]
}

func head(b []byte, n int) []byte { return b[:min(n, len(b))] }
