package ldap

import (
	"bytes"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/dcerpc"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/ntlm"
	"edgeward/internal/wire/proto/pending"
	"edgeward/internal/wire/proto/sasl"
	"edgeward/internal/wire/proto/textline"
	"edgeward/internal/wire/proto/utf16le"
)

// Protocol is LDAP over TCP.
var Protocol = proto.Protocol{
	ID: event.ProtoLDAP, TCP: true,
	Ports: []uint16{389, 3268},
	Probe: probe,
	New:   func() proto.Parser { p := new(parser); p.Reset(); return p },
}

const (
	maxName   = 128
	maxSecret = 128
	maxBinds  = 8
	patience  = time.Minute
	window    = 16 << 10 // of a bind; other operations are skipped by their length
)

// probe takes a stream that begins with a bind; other operations fit weakly.
func probe(s *proto.Sample) proto.Match {
	best := proto.More
	for dir := event.ToServer; dir <= event.ToClient; dir++ {
		b := s.Data[dir]
		if len(b) == 0 {
			continue
		}
		var m Message
		n, err := Decode(&m, b)
		switch {
		case err == ErrSyntax, err == nil && fromClient(m.Operation) != (dir == event.ToServer):
			return proto.No
		case err == ErrShort && n > 1<<20:
			return proto.No
		case err == nil && m.Operation == BindRequest && (m.Version == 2 || m.Version == 3):
			return proto.Yes
		case err == nil:
			best = proto.Weak
		}
	}
	return best
}

// fromClient reports whether clients send an operation.
func fromClient(op int) bool {
	switch op {
	case BindRequest, UnbindRequest, SearchRequest, 6, 8, 10, 12, 14, 16, ExtendedRequest:
		return true
	}
	return false
}

// bind waits for its answer.
type bind struct {
	name      []byte
	password  []byte
	mechanism string
	clear     bool
	tls       bool // is no bind but the wish to begin TLS
}

type parser struct {
	binds pending.Table[bind]
	seen  identity.Once
}

// Reset makes the parser as new.
func (p *parser) Reset() {
	p.binds.Init(maxBinds, patience)
	p.seen = identity.Once{}
}

// Data takes whole messages; those that are no binds are skipped by their length.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	done := 0
	for done < len(b) {
		var m Message
		n, err := Decode(&m, b[done:])
		switch {
		case err == ErrSyntax:
			// After SASL with protection, the rest is not readable.
			if c.Messages[0]+c.Messages[1] == 0 {
				c.Anomaly(event.ProtoLDAP, dir, "malformed_message", "no LDAP message at the beginning")
			}
			return done, ErrSyntax
		case err == ErrShort && (n == 0 || interesting(m.Operation) && n <= window):
			return done, nil
		case err == ErrShort:
			c.Message(dir)
			return done + n, nil
		}
		c.Message(dir)
		done += n
		p.message(c, dir, &m)
		if m.Operation == ExtendedResponse && m.Result == Success {
			if r := p.binds.Take(uint64(m.ID)); r != nil && r.tls {
				c.Become(event.ProtoTLS, "")
				return done, nil
			}
		}
	}
	return done, nil
}

func interesting(op int) bool {
	return op == BindRequest || op == BindResponse || op == ExtendedRequest || op == ExtendedResponse
}

func (p *parser) message(c *proto.Conn, dir event.Dir, m *Message) {
	for r := p.binds.Expired(c.Time); r != nil; r = p.binds.Expired(c.Time) {
		p.settle(c, r, "unknown")
	}
	switch {
	case m.Operation == BindRequest && dir == event.ToServer:
		p.bind(c, m)
	case m.Operation == ExtendedRequest && dir == event.ToServer && string(m.Name) == startTLS:
		r := p.binds.Add(uint64(m.ID), c.Time)
		*r = bind{name: r.name[:0], password: r.password[:0], tls: true}
	case m.Operation == BindResponse && dir == event.ToClient:
		p.challenge(c, m.Token)
		r := p.binds.Take(uint64(m.ID))
		if r == nil || m.Result == SASLBindInProgress {
			return
		}
		if m.Result == Success {
			p.settle(c, r, "success")
		} else {
			p.settle(c, r, "failure")
		}
	}
}

// bind notes a bind. An anonymous one is no attempt to log in.
func (p *parser) bind(c *proto.Conn, m *Message) {
	if m.Simple && len(m.Name) == 0 && len(m.Password) == 0 {
		return
	}
	r := p.binds.Add(uint64(m.ID), c.Time)
	*r = bind{name: append(r.name[:0], m.Name[:min(len(m.Name), maxName)]...), password: r.password[:0]}
	if m.Simple {
		r.mechanism, r.clear = "simple", true
		r.password = append(r.password, m.Password[:min(len(m.Password), maxSecret)]...)
		return
	}
	r.mechanism = "sasl"
	switch {
	case textline.Is(m.Mechanism, "plain"):
		if user, password, ok := sasl.Plain(m.Token); ok {
			r.mechanism, r.clear = "plain", true
			r.name = append(r.name[:0], user[:min(len(user), maxName)]...)
			r.password = append(r.password, password[:min(len(password), maxSecret)]...)
		}
	case textline.Is(m.Mechanism, "digest-md5"):
		r.mechanism = "digest-md5"
		if user := digestUser(m.Token); len(user) > 0 {
			r.name = append(r.name[:0], user[:min(len(user), maxName)]...)
		}
	default:
		p.token(c, r, m)
	}
}

// token reads a token of GSS-API or SPNEGO.
func (p *parser) token(c *proto.Conn, r *bind, m *Message) {
	var t ntlm.Message
	if b := ntlm.Find(m.Token); b != nil && ntlm.Decode(&t, b) == nil {
		r.mechanism = "ntlm"
		if t.Type == ntlm.Authenticate {
			var user, domain [maxName / 2]byte
			r.mechanism = dcerpc.Mechanism(&t)
			name := dcerpc.User(c, t.AppendText(domain[:0], t.Domain, len(domain)), t.AppendText(user[:0], t.User, len(user)))
			r.name = append(r.name[:0], name...)
			dcerpc.IntroduceClient(c, "ldap.ntlmssp", &t)
		}
		return
	}
	if textline.Is(m.Mechanism, "gss-spnego") || textline.Is(m.Mechanism, "gssapi") {
		r.mechanism = "kerberos"
	}
}

// challenge tells what a server says about itself in an NTLM Challenge.
func (p *parser) challenge(c *proto.Conn, token []byte) {
	var t ntlm.Message
	b := ntlm.Find(token)
	if b == nil || ntlm.Decode(&t, b) != nil || t.Type != ntlm.Challenge {
		return
	}
	var buf [maxName]byte
	name := utf16le.Append(buf[:0], t.NbComputer, len(buf))
	p.seen.Tell(c, event.ToClient, &event.Identity{Source: "ldap.ntlmssp", Name: identity.Text(c, name), OS: t.System()})
}

// digestUser gives the user name in a response of DIGEST-MD5 (RFC 2831
// section 2.1.2).
func digestUser(b []byte) []byte {
	_, rest, ok := bytes.Cut(b, []byte(`username="`))
	if !ok {
		return nil
	}
	user, _, ok := bytes.Cut(rest, []byte{'"'})
	if !ok {
		return nil
	}
	return user
}

// settle reports a login.
func (p *parser) settle(c *proto.Conn, r *bind, outcome string) {
	if r.tls {
		return
	}
	f := proto.Emit[event.Login](c, event.ToServer)
	f.Service, f.Outcome, f.Mechanism, f.Clear = event.ProtoLDAP, outcome, r.mechanism, r.clear
	f.User = c.String(r.name)
	if r.clear {
		f.Secret = c.Secret(event.ProtoLDAP, f.User, r.password)
		clear(r.password)
	}
}

// Gap gives up: messages are only found one after the other.
func (p *parser) Gap(_ *proto.Conn, _ event.Dir, n int) bool { return n == 0 }

// End reports the binds that were never answered.
func (p *parser) End(c *proto.Conn) {
	for r := p.binds.Oldest(); r != nil; r = p.binds.Oldest() {
		p.settle(c, r, "unknown")
	}
}
