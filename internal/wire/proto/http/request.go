package http

import (
	"bytes"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/textline"
)

// The longest texts that are kept of a message.
const (
	maxMethod = 32
	maxTarget = 2048
	maxHost   = 255
	maxText   = 1024 // user agent, referer, header names
	maxShort  = 256  // other values
	maxUser   = 256
	maxSecret = 512
	maxBody   = 1024     // first bytes of a body
	maxXML    = 16 << 10 // first bytes of a body that is UPnP XML
	maxSOAP   = 4 << 10  // first bytes of a SOAP request
	maxKept   = 4 << 10  // memory that a parser keeps for the next message
)

// text is a piece of a message's memory.
type text struct{ off, n uint16 }

// record is what requests and responses have in common: text that outlives
// the packets it came in, and the first bytes of the body behind it.
type record struct {
	buf   []byte
	body  int    // where the body begins in buf
	have  int    // body bytes kept
	want  int    // body bytes to keep in all
	total uint64 // body bytes so far
}

// keep copies at most n bytes of b.
func (r *record) keep(b []byte, n int) text {
	b = b[:min(len(b), n)]
	t := text{uint16(len(r.buf)), uint16(len(b))}
	r.buf = append(r.buf, b...)
	return t
}

func (r *record) get(t text) []byte { return r.buf[t.off : int(t.off)+int(t.n)] }

// begin says that the head is done and want bytes of the body are to be kept.
func (r *record) begin(want int) { r.body, r.have, r.want = len(r.buf), 0, want }

// add takes n body bytes, of which b are at hand.
func (r *record) add(b []byte, n uint64) {
	r.total = saturate(r.total, n)
	if room := r.want - r.have; room > 0 {
		if uint64(len(b)) < n {
			r.want = 0 // what follows does not join on
		}
		b = b[:min(len(b), room)]
		r.buf = append(r.buf, b...)
		r.have += len(b)
	}
}

// wants reports whether body bytes beyond the next n are to be kept.
func (r *record) wants(n int) bool { return r.want-r.have > n }

// first gives the kept bytes of the body.
func (r *record) first() []byte { return r.buf[r.body : r.body+r.have] }

func (r *record) reset() {
	clear(r.buf) // it may hold a password
	*r = record{buf: r.buf[:0]}
	if cap(r.buf) > maxKept {
		r.buf = nil
	}
}

// request is a request that waits for its response.
type request struct {
	record
	method, target, version   text
	host, agent, referer      text
	ctype, soap, xff, names   text
	upgrade, subprotocol      text
	proxied                   text // host and port of a request to a proxy
	auth                      text // scheme of Authorization
	port                      uint16
	cookie, absolute, connect bool
	done                      bool // the body is complete
	header, form              credential
}

// request takes a request's head.
func (p *parser) request(c *proto.Conn, s *side, h *Head) {
	if p.incoming != nil { // its body ended without being noticed
		p.requestDone()
	}
	if len(p.waiting) == maxPipelined {
		p.unanswered(c)
		p.orphans++
	}
	r := p.acquire()
	r.read(h)
	p.waiting = append(p.waiting, r)
	framing, length, err := RequestFraming(h)
	p.framed(c, event.ToServer, s, framing, length, err)
	r.begin(maxBody)
	if r.soap.n > 0 || bytes.Contains(r.get(r.ctype), []byte("soap")) {
		r.want = maxSOAP
	}
	p.incoming = r
	if framing == NoBody {
		p.requestDone()
	}
	if r.connect || r.upgrade.n > 0 && framing == NoBody {
		s.state = held
	}
}

// framed sets the state that a body's framing asks for.
func (p *parser) framed(c *proto.Conn, dir event.Dir, s *side, f Framing, length uint64, err error) {
	switch err {
	case ErrLength:
		p.anomaly(c, dir, "content_length_invalid", "no number, or two different ones")
	case ErrBoth:
		p.anomaly(c, dir, "content_length_and_chunked", "content-length and transfer-encoding: chunked in one message")
	}
	s.remain = 0
	switch f {
	case NoBody:
		s.state = inHead
	case Length:
		s.state, s.remain = inLength, length
	case Chunked:
		s.state = inSize
	case UntilClose:
		s.state = inClose
	}
}

// read keeps what the head says.
func (r *request) read(h *Head) {
	r.method = r.keep(h.Method, maxMethod)
	r.version = r.keep(h.Version, 8)
	for i := range h.Fields {
		r.field(h.Fields[i].Name, h.Fields[i].Value)
	}
	r.names = r.fieldNames(h)
	r.readTarget(h)
}

// field keeps one header field when it is of interest. The first of a name counts.
func (r *request) field(name, value []byte) {
	switch len(name) {
	case 4:
		if textline.Is(name, "host") && r.host.n == 0 {
			host, port := splitHost(value)
			r.host, r.port = r.keep(host, maxHost), port
		}
	case 6:
		if textline.Is(name, "cookie") {
			r.cookie = true
		}
	case 7:
		switch {
		case textline.Is(name, "referer") && r.referer.n == 0:
			r.referer = r.keepURL(value, maxText)
		case textline.Is(name, "upgrade") && r.upgrade.n == 0:
			r.upgrade = r.keep(value, maxShort)
		}
	case 10:
		switch {
		case textline.Is(name, "user-agent") && r.agent.n == 0:
			r.agent = r.keep(value, maxText)
		case textline.Is(name, "soapaction") && r.soap.n == 0:
			r.soap = r.keep(bytes.Trim(value, `"`), maxShort)
		}
	case 12:
		if textline.Is(name, "content-type") && r.ctype.n == 0 {
			r.ctype = r.keep(value, maxShort)
		}
	case 13:
		if textline.Is(name, "authorization") {
			r.authorization(value, false)
		}
	case 15:
		if textline.Is(name, "x-forwarded-for") && r.xff.n == 0 {
			r.xff = r.keep(value, maxShort)
		}
	case 19:
		if textline.Is(name, "proxy-authorization") {
			r.authorization(value, true)
		}
	case 22:
		if textline.Is(name, "sec-websocket-protocol") && r.subprotocol.n == 0 {
			r.subprotocol = r.keep(value, maxShort)
		}
	}
}

// fieldNames keeps the names of the fields, in order, with commas.
func (r *request) fieldNames(h *Head) text {
	off := len(r.buf)
	for i := range h.Fields {
		if len(r.buf)-off+len(h.Fields[i].Name) >= maxText {
			break
		}
		if i > 0 {
			r.buf = append(r.buf, ',')
		}
		r.buf = append(r.buf, h.Fields[i].Name...)
	}
	return text{uint16(off), uint16(len(r.buf) - off)}
}

// splitHost takes a port off a host (RFC 9110 section 7.2); brackets of IPv6
// addresses stay off too.
func splitHost(b []byte) (host []byte, port uint16) {
	if len(b) > 0 && b[0] == '[' {
		end := bytes.IndexByte(b, ']')
		if end < 0 {
			return b, 0
		}
		if rest := b[end+1:]; len(rest) > 1 && rest[0] == ':' {
			port = portNumber(rest[1:])
		}
		return b[1:end], port
	}
	i := bytes.LastIndexByte(b, ':')
	if i < 0 || bytes.IndexByte(b, ':') != i {
		return b, 0
	}
	return b[:i], portNumber(b[i+1:])
}

func portNumber(b []byte) uint16 {
	n, ok := textline.Number(b)
	if !ok || n > 65535 {
		return 0
	}
	return uint16(n)
}

// acquire gives an empty request.
func (p *parser) acquire() *request {
	if n := len(p.free); n > 0 {
		r := p.free[n-1]
		p.free = p.free[:n-1]
		return r
	}
	return new(request)
}

// release takes a request back.
func (p *parser) release(r *request) {
	rec := r.record
	rec.reset()
	*r = request{record: rec}
	p.free = append(p.free, r)
}

// body takes body bytes of a direction: b at hand, n in all.
func (p *parser) body(dir event.Dir, b []byte, n uint64) {
	switch {
	case dir == event.ToClient:
		p.resp.add(b, n)
	case p.incoming != nil:
		p.incoming.add(b, n)
	}
}

// wantsBody reports whether bytes of the body beyond the next n are of interest.
func (p *parser) wantsBody(dir event.Dir, n int) bool {
	if dir == event.ToClient {
		return p.resp.wants(n)
	}
	return p.incoming != nil && p.incoming.wants(n)
}

// requestDone ends the request that is being received.
func (p *parser) requestDone() {
	if p.incoming != nil {
		p.incoming.done = true
		p.incoming = nil
	}
}

// unanswered gives up the oldest request.
func (p *parser) unanswered(c *proto.Conn) {
	r := p.waiting[0]
	p.take()
	p.report(c, r, nil)
	p.release(r)
}

// take removes the oldest request from those that wait.
func (p *parser) take() {
	if p.waiting[0] == p.incoming {
		p.incoming = nil
	}
	copy(p.waiting, p.waiting[1:])
	p.waiting = p.waiting[:len(p.waiting)-1]
}
