package smtp

import (
	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/sasl"
	"edgeward/internal/wire/proto/textline"
)

// login is the authentication under way.
type login struct {
	open      bool
	mechanism string // plain, login, or empty for those that hide the password
	user      []byte
	password  []byte
	steps     int
}

// authenticate begins a login (RFC 4954 section 4).
func (p *parser) authenticate(c *proto.Conn, arg []byte) {
	p.settle(c, "unknown")
	mechanism, initial := textline.Word(arg)
	p.login = login{open: true, user: p.login.user[:0], password: p.login.password[:0]}
	switch {
	case textline.Is(mechanism, "plain"):
		p.login.mechanism = "plain"
	case textline.Is(mechanism, "login"):
		p.login.mechanism = "login"
	}
	if len(initial) > 0 {
		p.step(initial)
	}
}

// step takes a response of the client within AUTH.
func (p *parser) step(b64 []byte) {
	var buf [sasl.MaxText]byte
	text, ok := sasl.Decode(&buf, b64)
	if !ok {
		return
	}
	l := &p.login
	switch {
	case l.mechanism == "plain":
		if user, password, ok := sasl.Plain(text); ok {
			l.user, l.password = append(l.user[:0], user[:min(len(user), maxName)]...), append(l.password[:0], password[:min(len(password), maxName)]...)
		}
	case l.mechanism == "login" && l.steps == 0:
		l.user = append(l.user[:0], text[:min(len(text), maxName)]...)
	case l.mechanism == "login" && l.steps == 1:
		l.password = append(l.password[:0], text[:min(len(text), maxName)]...)
	}
	l.steps++
}

// settle reports the login under way.
func (p *parser) settle(c *proto.Conn, outcome string) {
	if !p.login.open {
		return
	}
	p.login.open = false
	f := proto.Emit[event.Login](c, event.ToServer)
	f.Service, f.Outcome, f.User, f.Mechanism = event.ProtoSMTP, outcome, c.String(p.login.user), "sasl"
	if p.login.mechanism != "" {
		f.Mechanism, f.Clear = p.login.mechanism, true
		f.Secret = c.Secret(event.ProtoSMTP, f.User, p.login.password)
	}
	clear(p.login.password)
}
