package sip

import (
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/httpauth"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/pending"
	"edgeward/internal/wire/proto/textline"
)

// Protocol is SIP over UDP and TCP.
var Protocol = proto.Protocol{
	ID: event.ProtoSIP, TCP: true, UDP: true,
	Ports: []uint16{5060, 5061, 5062},
	Probe: probe,
	New:   func() proto.Parser { p := new(parser); p.Reset(); return p },
}

const (
	maxRequests = 32
	patience    = 3 * time.Minute // a call may ring that long
	maxText     = 128
	overTCP     = 6
)

// probe takes a datagram that is a whole message, or a stream that begins with
// a start line. The blank datagrams that keep bindings alive tell nothing.
func probe(s *proto.Sample) proto.Match {
	var m Message
	if s.Conn.Transport != overTCP {
		b := s.Newest()
		if isKeepAlive(b) {
			return proto.More
		}
		if _, err := Decode(&m, b); err != nil {
			return proto.No
		}
		return proto.Yes
	}
	found := proto.More
	for _, b := range s.Data {
		if len(b) == 0 {
			continue
		}
		line, n := textline.Cut(b)
		switch {
		case n == 0 && (len(b) > 1024 || !textline.Printable(b)):
			return proto.No
		case n == 0, len(line) == 0:
			continue
		case !m.startLine(line):
			return proto.No
		}
		found = proto.Yes
	}
	if !s.Port && !s.Both() {
		return proto.More // scanners send requests to whatever listens
	}
	return found
}

// isKeepAlive reports whether b is nothing but line ends or zeros (RFC 5626
// section 4.4.1, and what phones do).
func isKeepAlive(b []byte) bool {
	for _, c := range b {
		if c != '\r' && c != '\n' && c != 0 && c != ' ' {
			return false
		}
	}
	return len(b) <= 8
}

// request waits for its final response.
type request struct {
	dir    event.Dir
	method []byte
	uri    []byte
	agent  []byte
	user   []byte
	scheme string // of credentials, empty when there were none
	secret []byte
}

type parser struct {
	requests pending.Table[request]
	seen     identity.Once
	pair     [httpauth.MaxPair]byte // room for decoded credentials
}

// Reset makes the parser as new.
func (p *parser) Reset() {
	p.requests.Init(maxRequests, patience)
	p.seen = identity.Once{}
}

// Data takes a datagram, or whole heads; bodies are skipped.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	var m Message
	if c.Transport != overTCP {
		if isKeepAlive(b) {
			return len(b), nil
		}
		if _, err := Decode(&m, b); err != nil {
			p.malformed(c, dir)
			return len(b), nil
		}
		p.message(c, dir, &m)
		return len(b), nil
	}
	done := 0
	for done < len(b) {
		rest := b[done:]
		if rest[0] == '\r' || rest[0] == '\n' || rest[0] == 0 {
			done++
			continue
		}
		n, err := Decode(&m, rest)
		if err == ErrShort {
			break
		}
		if err != nil {
			p.malformed(c, dir)
			return done, err
		}
		p.message(c, dir, &m)
		done += n + max(0, m.BodyLen)
	}
	return done, nil
}

func (p *parser) malformed(c *proto.Conn, dir event.Dir) {
	if c.Errors < 16 {
		c.Anomaly(event.ProtoSIP, dir, "malformed_message", "no start line, or Via, Call-ID or CSeq is missing")
	}
}

func (p *parser) message(c *proto.Conn, dir event.Dir, m *Message) {
	c.Message(dir)
	for r := p.requests.Expired(c.Time); r != nil; r = p.requests.Expired(c.Time) {
		p.emit(c, r, nil)
	}
	if len(m.UserAgent) > 0 {
		p.seen.Tell(c, dir, &event.Identity{Source: "sip.user_agent", Banner: identity.Text(c, m.UserAgent)})
	}
	if len(m.Server) > 0 {
		p.seen.Tell(c, dir, &event.Identity{Source: "sip.server", Banner: identity.Text(c, m.Server)})
	}
	if m.Request {
		p.request(c, dir, m)
		return
	}
	if m.Status < 200 {
		return
	}
	if r := p.requests.Take(hash(m, dir.Other())); r != nil {
		p.emit(c, r, m)
	}
}

// request notes a request. An ACK has no response; a repeated request is the
// same one.
func (p *parser) request(c *proto.Conn, dir event.Dir, m *Message) {
	if string(m.Method) == "ACK" {
		return
	}
	key := hash(m, dir)
	if p.requests.Find(key) != nil {
		return
	}
	r := p.requests.Add(key, c.Time)
	*r = request{
		dir: dir, method: keep(r.method, m.Method), uri: keep(r.uri, m.URI), agent: keep(r.agent, m.UserAgent),
		user: r.user[:0], secret: r.secret[:0],
	}
	var cred httpauth.Credentials
	if httpauth.Decode(&cred, &p.pair, m.Authorization) {
		r.scheme, r.user, r.secret = cred.Scheme, keep(r.user, cred.User), keep(r.secret, cred.Password)
	}
}

func keep(dst, src []byte) []byte { return append(dst[:0], src[:min(len(src), maxText)]...) }

// hash makes a table key of what names a transaction within a flow.
func hash(m *Message, dir event.Dir) uint64 {
	h := uint64(14695981039346656037) ^ uint64(dir)
	for _, b := range [...][]byte{m.CallID, m.CSeq} {
		for _, c := range b[:min(len(b), 256)] {
			if c != ' ' && c != '\t' {
				h = (h ^ uint64(c)) * 1099511628211
			}
		}
		h = (h ^ 0x100) * 1099511628211
	}
	return h
}

// emit makes the facts of a request; m is nil when no final response was seen.
func (p *parser) emit(c *proto.Conn, r *request, m *Message) {
	f := proto.Emit[event.SIP](c, r.dir)
	f.Method, f.URI, f.UserAgent = c.String(r.method), c.String(r.uri), c.String(r.agent)
	if m != nil {
		f.Code, f.Server = m.Status, c.Head(m.Server, maxText)
		if f.Server == "" {
			f.Server = c.Head(m.UserAgent, maxText)
		}
	}
	if r.scheme == "" || m != nil && httpauth.Stale(m.Challenge) {
		return
	}
	l := proto.Emit[event.Login](c, r.dir)
	l.Service, l.User, l.Mechanism, l.Outcome = event.ProtoSIP, c.String(r.user), r.scheme, "unknown"
	switch {
	case f.Code == 401, f.Code == 407, f.Code == 403 && f.Method == "REGISTER": // other requests are forbidden for other reasons
		l.Outcome = "failure"
	case f.Code >= 200 && f.Code < 300:
		l.Outcome = "success"
	}
	if r.scheme == "basic" {
		l.Clear = true
		l.Secret = c.Secret(event.ProtoSIP, l.User, r.secret)
	}
	clear(r.secret)
}

// Gap gives up a stream: a message in the middle cannot be told from a body.
func (p *parser) Gap(_ *proto.Conn, _ event.Dir, n int) bool { return n == 0 }

// End reports the requests without a final response.
func (p *parser) End(c *proto.Conn) {
	for r := p.requests.Oldest(); r != nil; r = p.requests.Oldest() {
		p.emit(c, r, nil)
	}
}
