package redis

import (
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/pending"
	"edgeward/internal/wire/proto/textline"
)

// Protocol is Redis over TCP.
var Protocol = proto.Protocol{
	ID: event.ProtoRedis, TCP: true,
	Ports: []uint16{6379, 26379},
	Probe: probe,
	New:   func() proto.Parser { p := new(parser); p.Reset(); return p },
}

const (
	maxName  = 128
	maxWait  = 64
	patience = time.Minute
	maxInfo  = 8 << 10
)

// probe takes a stream whose client sends a command as an array of strings.
// Inline commands are words that others have too: they count on the registered
// port, or with an answer in Redis's form.
func probe(s *proto.Sample) proto.Match {
	client, server := s.Data[event.ToServer], s.Data[event.ToClient]
	if len(server) > 0 && !isReply(server) {
		return proto.No
	}
	if len(client) > 0 && client[0] != '*' {
		// What is no command leaves early: every unknown stream comes by here.
		if word, rest := textline.Word(client[:min(len(client), 16)]); len(rest) > 0 && !known(word, true) {
			return proto.No
		}
	}
	if len(client) == 0 {
		if len(server) > 0 {
			return proto.No
		}
		return proto.More
	}
	var r Request
	_, err := Decode(&r, client)
	switch {
	case err == ErrShort:
		return proto.More
	case err != nil, !known(r.Args[0], client[0] != '*'):
		return proto.No
	case client[0] == '*':
		return proto.Yes
	}
	return proto.Weak
}

// isReply reports whether b begins as a reply does.
func isReply(b []byte) bool {
	switch b[0] {
	case '+', '-', ':', '$', '*', '_', '#', ',', '%', '~', '>', '=':
		return true
	}
	return false
}

// request waits for its reply.
type request struct {
	auth   bool
	info   bool
	user   []byte
	secret []byte
}

type parser struct {
	requests pending.Table[request]
	seen     identity.Once
	left     int  // elements of aggregates that are still to come
	blind    bool // replies cannot be told from requests any more
}

// Reset makes the parser as new.
func (p *parser) Reset() {
	p.requests.Init(maxWait, patience)
	*p = parser{requests: p.requests}
}

// Data takes whole requests, and replies by their first lines.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	if dir == event.ToClient {
		return p.replies(c, b), nil
	}
	done := 0
	for done < len(b) {
		var r Request
		n, err := Decode(&r, b[done:])
		if err == ErrShort {
			break
		}
		if err != nil {
			if c.Errors < 16 {
				c.Anomaly(event.ProtoRedis, dir, "malformed_request", "neither an array of strings nor a line")
			}
			return done, err
		}
		done += n
		if r.Count == 0 {
			continue
		}
		c.Message(dir)
		p.request(c, &r)
	}
	return done, nil
}

func (p *parser) request(c *proto.Conn, r *Request) {
	if old := p.requests.Expired(c.Time); old != nil {
		p.settle(c, old, "unknown")
	}
	q := p.requests.Add(0, c.Time)
	*q = request{user: q.user[:0], secret: q.secret[:0]}
	switch {
	case textline.Is(r.Args[0], "auth") && r.Count == 2:
		q.auth, q.secret = true, keep(q.secret, r.Args[1])
	case textline.Is(r.Args[0], "auth") && r.Count == 3:
		q.auth, q.user, q.secret = true, keep(q.user, r.Args[1]), keep(q.secret, r.Args[2])
	case textline.Is(r.Args[0], "info"):
		q.info = true
	}
}

func keep(dst, src []byte) []byte { return append(dst[:0], src[:min(len(src), maxName)]...) }

// replies takes replies one after the other. It gives the bytes done with.
func (p *parser) replies(c *proto.Conn, b []byte) int {
	done := 0
	for done < len(b) && !p.blind {
		line, n := textline.Cut(b[done:])
		if n == 0 {
			p.blind = len(b)-done > maxInline
			break
		}
		if len(line) == 0 || !isReply(line) {
			p.blind = true
			break
		}
		body, k, ok := p.body(line, b[done+n:])
		if !ok {
			return done
		}
		done += n + k
		top := p.left == 0
		if !top {
			p.left--
		}
		p.left = min(p.left+elements(line), maxCount)
		if top {
			c.Message(event.ToClient)
			p.reply(c, line, body)
		}
	}
	if p.blind {
		return len(b)
	}
	return done
}

// body gives what follows the first line of a reply, and its length. ok is
// false when it has to be waited for.
func (p *parser) body(line, rest []byte) (body []byte, n int, ok bool) {
	if line[0] != '$' && line[0] != '=' {
		return nil, 0, true
	}
	size, ok := textline.Number(line[1:])
	if !ok { // -1: no value
		return nil, 0, true
	}
	if size <= maxInfo && len(rest) < size+2 {
		return nil, 0, false
	}
	return rest[:min(size, maxInfo, len(rest))], size + 2, true
}

// elements gives how many elements follow the first line of an aggregate.
func elements(line []byte) int {
	n, ok := textline.Number(line[1:])
	if !ok || n > maxCount {
		return 0
	}
	switch line[0] {
	case '*', '~', '>':
		return n
	case '%':
		return 2 * n
	}
	return 0
}

func (p *parser) reply(c *proto.Conn, line, body []byte) {
	q := p.requests.Take(0)
	if q == nil {
		return
	}
	switch {
	case q.auth && line[0] == '+':
		p.settle(c, q, "success")
	case q.auth && line[0] == '-':
		p.settle(c, q, "failure")
	case q.info && len(body) > 0:
		p.seen.Tell(c, event.ToClient, &event.Identity{
			Source: "redis.info", Model: "Redis", Firmware: identity.Text(c, property(body, "redis_version:")), OS: identity.Text(c, property(body, "os:")),
		})
	}
}

func (p *parser) settle(c *proto.Conn, q *request, outcome string) {
	if !q.auth {
		return
	}
	f := proto.Emit[event.Login](c, event.ToServer)
	f.Service, f.Outcome, f.Mechanism, f.Clear = event.ProtoRedis, outcome, "password", true
	f.User = c.String(q.user)
	f.Secret = c.Secret(event.ProtoRedis, f.User, q.secret)
	clear(q.secret)
}

// Gap gives up: replies are only found one after the other.
func (p *parser) Gap(_ *proto.Conn, _ event.Dir, n int) bool { return n == 0 }

// End reports a login that was never answered.
func (p *parser) End(c *proto.Conn) {
	for q := p.requests.Oldest(); q != nil; q = p.requests.Oldest() {
		p.settle(c, q, "unknown")
	}
}
