package kerberos

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/pending"
)

// Protocol is Kerberos over UDP and TCP.
var Protocol = proto.Protocol{
	ID: event.ProtoKerberos, TCP: true, UDP: true,
	Ports: []uint16{88},
	Probe: probe,
	New:   func() proto.Parser { p := new(parser); p.Reset(); return p },
}

const (
	maxName     = 128
	maxRequests = 8
	patience    = time.Minute
	maxMessage  = 60 << 10 // over TCP; with large tickets some ten kilobytes
	overTCP     = 6
)

// probe takes messages that are whole and right; over TCP also the beginning
// of one whose length agrees with its length before.
func probe(s *proto.Sample) proto.Match {
	var m Message
	if s.Conn.Transport != overTCP {
		if Decode(&m, s.Newest()) != nil || isRequest(m.Type) != (s.Dir == event.ToServer) {
			return proto.No
		}
		return proto.Yes
	}
	for dir, b := range s.Data {
		if len(b) == 0 {
			continue
		}
		if len(b) < 10 {
			if b[0] != 0 {
				return proto.No
			}
			continue
		}
		n := binary.BigEndian.Uint32(b)
		if n < 20 || n > maxMessage || b[4]&0xe0 != 0x60 {
			return proto.No
		}
		if uint64(len(b)-4) < uint64(n) {
			continue
		}
		if Decode(&m, b[4:4+n]) != nil || isRequest(m.Type) != (dir == int(event.ToServer)) {
			return proto.No
		}
		return proto.Yes
	}
	return proto.More
}

func isRequest(t int) bool { return t == ASReq || t == TGSReq }

// request waits for its reply.
type request struct {
	kind    int
	client  []byte
	realm   []byte
	service []byte
	preauth bool
	weak    bool // accepts weak encryption only
}

type parser struct {
	requests pending.Table[request]
	seen     identity.Once
}

// Reset makes the parser as new.
func (p *parser) Reset() {
	p.requests.Init(maxRequests, patience)
	p.seen = identity.Once{}
}

// Data takes a datagram, or whole messages with their lengths before them
// (RFC 4120 section 7.2.2).
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	if c.Transport != overTCP {
		p.message(c, dir, b)
		return len(b), nil
	}
	done := 0
	for len(b)-done >= 4 {
		n := binary.BigEndian.Uint32(b[done:])
		if n > maxMessage {
			c.Anomaly(event.ProtoKerberos, dir, "message_too_long", "over 60 kilobytes")
			return done, ErrSyntax
		}
		if uint64(len(b)-done-4) < uint64(n) {
			break
		}
		p.message(c, dir, b[done+4:done+4+int(n)])
		done += 4 + int(n)
	}
	return done, nil
}

func (p *parser) message(c *proto.Conn, dir event.Dir, b []byte) {
	var m Message
	if Decode(&m, b) != nil {
		if c.Errors < 16 {
			c.Anomaly(event.ProtoKerberos, dir, "malformed_message", "no KDC request, reply or error")
		}
		return
	}
	c.Message(dir)
	for r := p.requests.Expired(c.Time); r != nil; r = p.requests.Expired(c.Time) {
		p.unanswered(c, r)
	}
	if isRequest(m.Type) {
		p.request(c, dir, &m)
		return
	}
	p.reply(c, dir, &m)
}

func (p *parser) request(c *proto.Conn, dir event.Dir, m *Message) {
	r := p.requests.Add(0, c.Time)
	*r = request{
		kind: m.Type, preauth: m.Preauth, weak: m.WantsWeak(), client: AppendName(r.client[:0], m.Client, maxName),
		realm: append(r.realm[:0], m.Realm[:min(len(m.Realm), maxName)]...), service: AppendName(r.service[:0], m.Service, maxName),
	}
	if host := bytes.TrimRight(m.Host, " \x00"); len(host) > 0 {
		p.seen.Tell(c, dir, &event.Identity{Source: "krb5.addresses", Name: identity.Text(c, host)})
	}
}

// reply makes the fact of a request with its reply.
func (p *parser) reply(c *proto.Conn, dir event.Dir, m *Message) {
	r := p.requests.Take(0)
	if r == nil {
		r = new(request)
		if m.Type != Error {
			r.kind = m.Type - 1 // a reply's number follows that of its request
		}
	}
	f := proto.Emit[event.KRB5](c, dir.Other())
	f.MsgType, f.PreAuth = MessageName(m.Type), r.preauth
	f.Client, f.Realm, f.Service = c.String(r.client), c.String(r.realm), c.String(r.service)
	var buf [maxName]byte
	if f.Client == "" {
		f.Client = c.String(AppendName(buf[:0], m.Client, maxName))
	}
	if f.Realm == "" {
		f.Realm = c.Head(m.Realm, maxName)
	}
	if f.Service == "" {
		f.Service = c.String(AppendName(buf[:0], m.Service, maxName))
	}
	if m.Type == Error {
		f.FailedRequest = MessageName(r.kind)
		if f.ErrorCode = ErrorName(m.Code); f.ErrorCode == "" {
			f.ErrorCode = c.String(strconv.AppendInt(buf[:0], int64(m.Code), 10))
		}
	} else {
		f.Encryption, f.TicketEncryption = EtypeName(m.Encryption), EtypeName(m.TicketEtype)
		f.Weak = r.weak || Weak(m.Encryption) || Weak(m.TicketEtype)
	}
	if r.kind == ASReq {
		p.login(c, dir.Other(), f, m, r.preauth)
	}
}

// login reports an initial authentication. That pre-authentication is wanted
// is no refusal, only its absence was.
func (p *parser) login(c *proto.Conn, from event.Dir, f *event.KRB5, m *Message, preauth bool) {
	outcome := ""
	switch {
	case m.Type == ASRep:
		outcome = "success"
	case m.Code == ErrPreauthFailed, m.Code == ErrClientUnknown, m.Code == ErrClientRevoked, m.Code == ErrKeyExpired:
		outcome = "failure"
	default:
		return
	}
	var buf [2*maxName + 1]byte
	user := append(buf[:0], f.Client...)
	if len(f.Realm) > 0 {
		user = append(append(user, '@'), f.Realm...)
	}
	l := proto.Emit[event.Login](c, from)
	l.Service, l.Outcome, l.User, l.Mechanism = event.ProtoKerberos, outcome, c.String(user), "kerberos"
	if m.Type == ASRep && !preauth {
		l.Mechanism = "kerberos-without-preauthentication"
	}
}

func (p *parser) unanswered(c *proto.Conn, r *request) {
	f := proto.Emit[event.KRB5](c, event.ToServer)
	f.MsgType, f.PreAuth, f.Weak = MessageName(r.kind), r.preauth, r.weak
	f.Client, f.Realm, f.Service = c.String(r.client), c.String(r.realm), c.String(r.service)
}

// Gap gives up a stream: messages are only found one after the other.
func (p *parser) Gap(_ *proto.Conn, _ event.Dir, n int) bool { return n == 0 }

// End reports the requests that were never answered.
func (p *parser) End(c *proto.Conn) {
	for r := p.requests.Oldest(); r != nil; r = p.requests.Oldest() {
		p.unanswered(c, r)
	}
}
