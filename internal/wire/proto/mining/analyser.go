package mining

import (
	"bytes"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/pending"
)

// Protocol is mining over TCP, or inside whatever carries a stream.
var Protocol = proto.Protocol{
	ID: event.ProtoStratum, TCP: true,
	Ports: []uint16{3333, 3334, 3335, 3336, 4444, 5555, 7777, 8008, 9332, 9999, 14433, 14444, 45560, 45700},
	Probe: probe,
	New:   func() proto.Parser { p := new(parser); p.Reset(); return p },
}

const (
	maxMessage = 32 << 10 // of a message; jobs with their branches are a few kilobytes
	maxPending = 16
	patience   = 5 * time.Minute
	maxShares  = 64 // share facts of one flow; more tell nothing new
	maxText    = 64
)

// probe takes a stream that begins, in either direction, with a JSON object
// whose method is one of mining.
func probe(s *proto.Sample) proto.Match {
	more := false
	for _, b := range s.Data {
		b = trimSpace(b)
		if len(b) == 0 {
			continue
		}
		if b[0] != '{' {
			return proto.No
		}
		var m Message
		_, err := Decode(&m, b)
		switch {
		case err == ErrBad:
			return proto.No
		case m.Dialect() != "":
			return proto.Yes
		}
		// An answer or another object may come before the one that tells.
		more = more || err == ErrShort || m.Answer
	}
	if more || !s.Both() {
		return proto.More
	}
	return proto.No
}

func trimSpace(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t' || b[0] == '\r' || b[0] == '\n' || b[0] == 0) {
		b = b[1:]
	}
	return b
}

// request waits for its answer.
type request struct {
	dialect  string
	method   []byte
	worker   []byte
	agent    []byte
	algo     []byte
	password []byte
	login    bool
	secret   bool // a password was sent
	share    bool
}

type parser struct {
	requests pending.Table[request]
	notices  [8]uint64 // methods of notices that were reported
	agents   identity.Once
	shares   int
	dialect  string // of the requests so far
	algo     []byte
}

// Reset makes the parser as new.
func (p *parser) Reset() {
	requests, algo := p.requests, p.algo[:0]
	*p = parser{requests: requests, algo: algo}
	p.requests.Init(maxPending, patience)
}

// Data takes whole JSON objects, and skips lines that hold none.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	done := 0
	for done < len(b) {
		rest := trimSpace(b[done:])
		done = len(b) - len(rest)
		if len(rest) == 0 {
			break
		}
		var m Message
		n, err := Decode(&m, rest)
		if err == ErrShort && len(rest) < maxMessage {
			break
		}
		if err != nil {
			if c.Errors < 16 {
				c.Anomaly(event.ProtoStratum, dir, "malformed_json", "a line that is no JSON object")
			}
			if n = bytes.IndexByte(rest, '\n') + 1; n == 0 {
				n = len(rest)
			}
			done += n
			continue
		}
		done += n
		c.Message(dir)
		p.message(c, dir, &m)
	}
	return done, nil
}

func (p *parser) message(c *proto.Conn, dir event.Dir, m *Message) {
	for r := p.requests.Expired(c.Time); r != nil; r = p.requests.Expired(c.Time) {
		p.emit(c, r, false, false)
	}
	switch {
	case m.Web:
		p.web(c, dir, m)
	case dir == event.ToClient && m.Answer && len(m.Method) == 0:
		if m.Job && len(m.Algorithm) > 0 {
			p.algo = append(p.algo[:0], m.Algorithm[:min(len(m.Algorithm), maxText)]...)
		}
		if r := p.requests.Take(key(m.ID)); r != nil {
			p.emit(c, r, true, m.Accepted)
		}
	case dir == event.ToServer:
		p.request(c, m)
	default:
		p.notice(c, m)
	}
}

// request keeps a request of the miner until it is answered.
func (p *parser) request(c *proto.Conn, m *Message) {
	d := m.Dialect()
	if d == "" {
		return
	}
	p.dialect = d
	if m.Share {
		if p.shares++; p.shares > maxShares {
			return
		}
	}
	r := p.requests.Add(key(m.ID), c.Time)
	*r = request{
		dialect: d, login: m.Login || m.SiteKey, secret: m.Password != nil, share: m.Share,
		method: keep(r.method, m.Method), worker: keep(r.worker, m.Worker), agent: keep(r.agent, m.Agent),
		algo: keep(r.algo, m.Algorithm), password: keep(r.password, m.Password),
	}
	if len(m.Agent) > 0 {
		p.agents.Tell(c, event.ToServer, &event.Identity{Source: "mining.agent", Banner: identity.Text(c, m.Agent[:min(len(m.Agent), 2*maxText)])})
	}
}

func keep(dst, src []byte) []byte { return append(dst[:0], src[:min(len(src), 2*maxText)]...) }

// key makes a table key of a JSON-RPC id.
func key(id []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range id[:min(len(id), 128)] {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

// web handles a message of a miner in a web page. They carry no id: an answer
// is known by its type.
func (p *parser) web(c *proto.Conn, dir event.Dir, m *Message) {
	if dir == event.ToServer {
		m.ID = webKey(m)
		p.request(c, m)
		return
	}
	switch string(m.Method) {
	case "authed":
		p.answerWeb(c, authKey, true)
	case "hash_accepted":
		p.answerWeb(c, shareKey, true)
	case "error", "banned":
		p.answerWeb(c, authKey, false)
		p.answerWeb(c, shareKey, false)
	default:
		p.notice(c, m)
	}
}

var authKey, shareKey = []byte(`"auth"`), []byte(`"submit"`)

func webKey(m *Message) []byte {
	if m.Share {
		return shareKey
	}
	return authKey
}

func (p *parser) answerWeb(c *proto.Conn, k []byte, accepted bool) {
	if r := p.requests.Take(key(k)); r != nil {
		p.emit(c, r, true, accepted)
	}
}

// notice reports what the pool sends unasked, once for each method.
func (p *parser) notice(c *proto.Conn, m *Message) {
	d := m.Dialect()
	if d == "" || !p.firstOf(m.Method) {
		return
	}
	f := proto.Emit[event.Mining](c, event.ToClient)
	f.Protocol, f.Method, f.Transport = d, c.Head(m.Method, maxText), transport(c, d)
	f.Algorithm = c.Head(m.Algorithm, maxText)
}

// firstOf reports whether no notice of this method was reported before, and not too
// many different ones were.
func (p *parser) firstOf(method []byte) bool {
	k := key(method) | 1
	for i, seen := range p.notices {
		switch seen {
		case k:
			return false
		case 0:
			p.notices[i] = k
			return true
		}
	}
	return false
}

// emit makes the facts of a request: what was asked, and for a login who did.
func (p *parser) emit(c *proto.Conn, r *request, answered, accepted bool) {
	f := proto.Emit[event.Mining](c, event.ToServer)
	f.Protocol, f.Method, f.Transport, f.Accepted = r.dialect, c.Head(r.method, maxText), transport(c, r.dialect), accepted
	f.Worker, f.Agent, f.Algorithm = shorten(c, r.worker), c.Head(r.agent, maxText), c.Head(r.algo, maxText)
	if f.Algorithm == "" {
		f.Algorithm = c.String(p.algo)
	}
	if !r.login {
		return
	}
	l := proto.Emit[event.Login](c, event.ToServer)
	l.Service, l.User, l.Clear, l.Mechanism = event.ProtoStratum, f.Worker, true, "plain"
	if r.secret {
		l.Secret = c.Secret(event.ProtoStratum, l.User, r.password)
	}
	switch {
	case !answered:
		l.Outcome = "unknown"
	case accepted:
		l.Outcome = "success"
	default:
		l.Outcome = "failure"
	}
	clear(r.password)
}

func transport(c *proto.Conn, dialect string) string {
	if dialect == WebMiner || c.Within == event.ProtoWebSocket {
		return "websocket"
	}
	return "tcp"
}

// shorten keeps both ends of a wallet address, which is enough to know it again.
func shorten(c *proto.Conn, w []byte) string {
	if len(w) <= maxText/2 {
		return c.String(w)
	}
	var b [maxText / 2]byte
	n := copy(b[:], w[:16])
	n += copy(b[n:], "...")
	n += copy(b[n:], w[len(w)-8:])
	return c.String(b[:n])
}

// Gap goes on at the next object.
func (p *parser) Gap(*proto.Conn, event.Dir, int) bool { return true }

// End reports what was never answered.
func (p *parser) End(c *proto.Conn) {
	for r := p.requests.Oldest(); r != nil; r = p.requests.Oldest() {
		p.emit(c, r, false, false)
	}
}
