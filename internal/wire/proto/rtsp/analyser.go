package rtsp

import (
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/httpauth"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/pending"
	"edgeward/internal/wire/proto/textline"
)

// Protocol is RTSP over TCP, on any port.
var Protocol = proto.Protocol{
	ID: event.ProtoRTSP, TCP: true,
	Ports: []uint16{554, 8554, 10554, 5554, 7070},
	Probe: probe,
	New:   func() proto.Parser { p := new(parser); p.Reset(); return p },
}

const (
	maxRequests = 16
	patience    = time.Minute
	maxURL      = 256
	maxText     = 128
	maxBody     = 8 << 10 // of a session description
)

// probe takes a stream whose first line, in either direction, is one of RTSP.
func probe(s *proto.Sample) proto.Match {
	best := proto.More
	for dir := event.ToServer; dir <= event.ToClient; dir++ {
		b := s.Data[dir]
		if len(b) == 0 {
			continue
		}
		line, n := textline.Cut(b)
		if n == 0 {
			if len(b) > 1024 || !textline.Printable(b) {
				return proto.No
			}
			continue
		}
		var m Message
		if !m.startLine(line) {
			return proto.No
		}
		if m.Request == (dir == event.ToServer) {
			best = proto.Yes
		} else if best != proto.Yes {
			best = proto.Weak // servers may ask too
		}
	}
	if best == proto.Yes && !s.Port && !s.Both() {
		return proto.More // scanners send requests to whatever listens
	}
	return best
}

// request waits for its response.
type request struct {
	dir       event.Dir
	method    []byte
	url       []byte
	agent     []byte
	transport []byte
	scheme    string // of the credentials, empty when there were none
	user      []byte
	password  []byte
}

type parser struct {
	requests pending.Table[request]
	seen     identity.Once
	pair     [httpauth.MaxPair]byte // room for decoded credentials
	granted  uint64                 // hash of the credentials that were accepted last
	lost     [2]bool
}

// Reset makes the parser as new.
func (p *parser) Reset() {
	p.requests.Init(maxRequests, patience)
	*p = parser{requests: p.requests}
}

// Data takes heads with the descriptions behind them; other bodies and media
// are skipped.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	done := 0
	for done < len(b) {
		rest := b[done:]
		if p.lost[dir] {
			skip := search(rest)
			done += skip
			if rest = b[done:]; len(rest) == 0 || !begins(rest) {
				return done, nil
			}
			p.lost[dir] = false
		}
		if rest[0] == '\r' || rest[0] == '\n' {
			done++
			continue
		}
		var m Message
		n, err := Decode(&m, rest)
		switch {
		case err == ErrShort:
			return done, nil
		case err != nil:
			if c.Errors < 16 {
				c.Anomaly(event.ProtoRTSP, dir, "malformed_message", "neither a request, a status line nor an interleaved frame")
			}
			p.lost[dir] = true
			done++
			continue
		case m.Media:
			done += n + m.BodyLen
			continue
		}
		var body []byte
		if m.BodyLen > 0 && m.BodyLen <= maxBody && textline.HasPrefix(m.ContentType, "application/sdp") {
			if len(rest) < n+m.BodyLen {
				return done, nil
			}
			body = rest[n : n+m.BodyLen]
		}
		c.Message(dir)
		p.message(c, dir, &m, body)
		done += n + m.BodyLen
	}
	return done, nil
}

// search gives the bytes before what looks like the beginning of a message.
func search(b []byte) int {
	for i := range b {
		if (i == 0 || b[i-1] == '\n') && begins(b[i:]) {
			return i
		}
	}
	return max(0, len(b)-16)
}

// begins reports whether b begins, as far as it is there, with a status line
// or a method.
func begins(b []byte) bool {
	if len(b) >= 8 && isVersion(b[:8]) {
		return true
	}
	w, rest := textline.Word(b[:min(len(b), 16)])
	return len(rest) > 0 && isMethod(w)
}

func (p *parser) message(c *proto.Conn, dir event.Dir, m *Message, body []byte) {
	for r := p.requests.Expired(c.Time); r != nil; r = p.requests.Expired(c.Time) {
		p.emit(c, r, nil, nil)
	}
	if m.Request {
		p.request(c, dir, m)
		return
	}
	if len(m.Server) > 0 {
		p.seen.Tell(c, dir, &event.Identity{Source: "rtsp.server", Banner: identity.Text(c, m.Server)})
	}
	if _, realm := httpauth.Challenge(m.Challenge); len(realm) > 0 {
		p.seen.Tell(c, dir, &event.Identity{Source: "rtsp.realm", Banner: identity.Text(c, realm)})
	}
	key := hash(m.CSeq, dir.Other())
	r := p.requests.Take(key)
	if r == nil {
		return
	}
	p.emit(c, r, m, body)
}

func (p *parser) request(c *proto.Conn, dir event.Dir, m *Message) {
	if len(m.UserAgent) > 0 {
		p.seen.Tell(c, dir, &event.Identity{Source: "rtsp.user_agent", Banner: identity.Text(c, m.UserAgent)})
	}
	var buf [2 * maxURL]byte
	a := clean(buf[:0], m.URL[:min(len(m.URL), maxURL)])
	r := p.requests.Add(hash(m.CSeq, dir), c.Time)
	*r = request{
		dir: dir, method: keep(r.method, m.Method), url: append(r.url[:0], a.shown...), agent: keep(r.agent, m.UserAgent),
		transport: keep(r.transport, m.Transport), user: r.user[:0], password: r.password[:0],
	}
	var cred httpauth.Credentials
	switch {
	case httpauth.Decode(&cred, &p.pair, m.Authorization):
		r.scheme, r.user, r.password = cred.Scheme, keep(r.user, cred.User), keep(r.password, cred.Password)
	case a.found:
		r.scheme, r.user, r.password = "url", keep(r.user, a.user), keep(r.password, a.password)
	}
}

func keep(dst, src []byte) []byte { return append(dst[:0], src[:min(len(src), maxText)]...) }

func hash(b []byte, dir event.Dir) uint64 {
	h := uint64(14695981039346656037) ^ uint64(dir)
	for _, c := range b[:min(len(b), 32)] {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

// emit makes the facts of a request and its response; m is nil when there was none.
func (p *parser) emit(c *proto.Conn, r *request, m *Message, body []byte) {
	f := proto.Emit[event.RTSP](c, r.dir)
	f.Method, f.URL, f.UserAgent, f.Transport = c.String(r.method), c.Head(r.url, maxURL), c.String(r.agent), c.String(r.transport)
	if m != nil {
		f.Status, f.Server = m.Status, c.Head(m.Server, maxText)
		_, realm := httpauth.Challenge(m.Challenge)
		f.Realm = c.Head(realm, maxText)
		if len(m.Transport) > 0 {
			f.Transport = c.Head(m.Transport, maxText)
		}
		var buf [maxText]byte
		f.Media = c.String(AppendMedia(buf[:0], body, len(buf)))
	}
	if r.scheme != "" && (m == nil || !httpauth.Stale(m.Challenge)) {
		p.login(c, r, f.Status)
	}
	clear(r.password)
}

// login reports the credentials of a request. A session repeats those that
// were accepted with every request, which is one login.
func (p *parser) login(c *proto.Conn, r *request, status uint16) {
	outcome := "unknown"
	switch {
	case status == 401 || status == 403:
		outcome = "failure"
	case status >= 200 && status < 300:
		outcome = "success"
	}
	h := hash(r.user, 0) ^ hash(r.password, 1)<<1 | 1
	if outcome == "success" {
		if p.granted == h {
			return
		}
		p.granted = h
	} else if outcome == "unknown" && p.granted == h {
		return
	}
	l := proto.Emit[event.Login](c, r.dir)
	l.Service, l.Outcome, l.Mechanism, l.User = event.ProtoRTSP, outcome, r.scheme, c.String(r.user)
	if r.scheme != "digest" {
		l.Clear = true
		l.Secret = c.Secret(event.ProtoRTSP, l.User, r.password)
	}
}

// Gap searches for the next message.
func (p *parser) Gap(_ *proto.Conn, dir event.Dir, _ int) bool {
	p.lost[dir] = true
	return true
}

// End reports the requests that were never answered.
func (p *parser) End(c *proto.Conn) {
	for r := p.requests.Oldest(); r != nil; r = p.requests.Oldest() {
		p.emit(c, r, nil, nil)
	}
}
