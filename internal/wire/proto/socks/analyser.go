package socks

import (
	"bytes"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// Protocol is SOCKS over TCP, on any port.
var Protocol = proto.Protocol{
	ID: event.ProtoSOCKS, TCP: true,
	Ports: []uint16{1080, 1081, 4145, 9050, 9150, 10808},
	Probe: probe,
	New:   func() proto.Parser { return new(parser) },
}

// probe takes a stream whose client begins with exactly a greeting or a
// request of version 4, and whose server answers that. The client alone counts
// on a customary port: its few bytes could be something else's.
func probe(s *proto.Sample) proto.Match {
	client, server := s.Data[event.ToServer], s.Data[event.ToClient]
	if len(client) == 0 || client[0] != 4 && client[0] != 5 || len(client) > 600 {
		if len(client) == 0 && len(server) == 0 {
			return proto.More
		}
		return proto.No
	}
	if client[0] == 5 {
		return probe5(client, server)
	}
	var r Request
	n, err := Decode(&r, client)
	switch {
	case err == ErrShort && len(server) == 0:
		return proto.More
	case err != nil, n != len(client), r.Port == 0:
		return proto.No
	case len(server) == 0:
		return proto.Weak
	case len(server) < 8 && server[0] == 0 && (len(server) == 1 || isCode4(server[1])):
		return proto.More
	case len(server) >= 8 && server[0] == 0 && isCode4(server[1]):
		return proto.Yes
	}
	return proto.No
}

func isCode4(c byte) bool { return c >= 90 && c <= 93 }

func probe5(client, server []byte) proto.Match {
	var g Greeting
	n, err := DecodeGreeting(&g, client)
	switch {
	case err == ErrShort && len(server) == 0:
		return proto.More
	case err != nil, len(g) > 10:
		return proto.No
	}
	for _, m := range g {
		if m > 9 && m < 0x80 || m == MethodRefused {
			return proto.No
		}
	}
	switch {
	case len(server) == 0 && n == len(client):
		return proto.Weak
	case len(server) == 0:
		return proto.No
	case server[0] != 5:
		return proto.No
	case len(server) == 1:
		return proto.More
	case server[1] == MethodRefused, bytes.IndexByte(g, server[1]) >= 0:
		return proto.Yes
	}
	return proto.No
}

type step uint8

const (
	greeting step = iota
	method
	password
	verdict
	request
	reply
	done
)

const maxText = 128

type parser struct {
	step     step
	version  uint8
	command  uint8
	auth     string
	target   []byte
	user     []byte
	password []byte
	attempt  bool
}

// Reset makes the parser as new.
func (p *parser) Reset() {
	*p = parser{target: p.target[:0], user: p.user[:0], password: p.password[:0]}
}

// Data takes the messages of the opening one after the other. Bytes of the
// side that is not to speak wait.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	n := 0
	for p.step != done && dir == p.speaker() && n < len(b) {
		k, err := p.message(c, b[n:])
		if err == ErrShort {
			return n, nil
		}
		if err != nil {
			c.Anomaly(event.ProtoSOCKS, dir, "malformed_opening", "a message of the opening is impossible")
			return n, err
		}
		c.Message(dir)
		n += k
	}
	return n, nil
}

func (p *parser) speaker() event.Dir {
	switch p.step {
	case method, verdict, reply:
		return event.ToClient
	}
	return event.ToServer
}

// message takes the message that is due.
func (p *parser) message(c *proto.Conn, b []byte) (int, error) {
	switch p.step {
	case greeting:
		if b[0] == 4 {
			return p.asked(b)
		}
		var g Greeting
		n, err := DecodeGreeting(&g, b)
		if err == nil {
			p.version, p.step = 5, method
		}
		return n, err
	case method:
		return p.method(c, b)
	case password:
		var m Password
		n, err := DecodePassword(&m, b)
		if err == nil {
			p.attempt, p.step = true, verdict
			p.user, p.password = keep(p.user, m.User), keep(p.password, m.Password)
		}
		return n, err
	case verdict:
		if len(b) < 2 {
			return 0, ErrShort
		}
		p.step = request
		if b[1] == 0 {
			p.settle(c, "success")
		} else {
			p.settle(c, "failure")
			p.step = done
		}
		return 2, nil
	case request:
		return p.asked(b)
	}
	return p.answered(c, b)
}

func keep(dst, src []byte) []byte { return append(dst[:0], src[:min(len(src), maxText)]...) }

// method takes the server's choice.
func (p *parser) method(c *proto.Conn, b []byte) (int, error) {
	if len(b) < 2 {
		return 0, ErrShort
	}
	if b[0] != 5 {
		return 0, ErrSyntax
	}
	switch b[1] {
	case MethodNone:
		p.auth, p.step = "none", request
	case MethodPassword:
		p.auth, p.step = "password", password
	case MethodRefused:
		p.auth, p.step = "refused", done
		p.emit(c, false)
	case MethodGSSAPI:
		p.auth, p.step = "gssapi", done
		p.emit(c, false)
	default:
		p.auth, p.step = "other", done
		p.emit(c, false)
	}
	return 2, nil
}

// asked takes the request of either version.
func (p *parser) asked(b []byte) (int, error) {
	var r Request
	n, err := Decode(&r, b)
	if err != nil {
		return 0, err
	}
	if p.version != 0 && p.version != r.Version {
		return 0, ErrSyntax
	}
	p.version, p.command, p.step = r.Version, r.Command, reply
	p.target = r.AppendTarget(p.target[:0])
	if len(r.User) > 0 {
		p.user = keep(p.user, r.User)
	}
	return n, nil
}

// answered takes the server's reply; behind a good one another protocol begins.
func (p *parser) answered(c *proto.Conn, b []byte) (int, error) {
	n, granted := 8, false
	if p.version == 4 {
		if len(b) < 8 {
			return 0, ErrShort
		}
		if b[0] != 0 || !isCode4(b[1]) {
			return 0, ErrSyntax
		}
		granted = b[1] == 90
	} else {
		var r Request
		var err error
		if n, err = Decode(&r, b); err != nil {
			return 0, err
		}
		granted = r.Version == 5 && r.Command == 0
	}
	p.step = done
	p.emit(c, granted)
	if granted && p.command == Connect {
		c.Become(event.ProtoUnknown, "")
	}
	return n, nil
}

func (p *parser) emit(c *proto.Conn, granted bool) {
	f := proto.Emit[event.SOCKS](c, event.ToServer)
	f.Version, f.Target, f.Granted, f.Auth = p.version, c.Head(p.target, 2*maxText), granted, p.auth
	if p.command != 0 {
		f.Command = CommandName(p.command)
	}
}

func (p *parser) settle(c *proto.Conn, outcome string) {
	if !p.attempt {
		return
	}
	p.attempt = false
	f := proto.Emit[event.Login](c, event.ToServer)
	f.Service, f.Outcome, f.Mechanism, f.Clear = event.ProtoSOCKS, outcome, "password", true
	f.User = c.String(p.user)
	f.Secret = c.Secret(event.ProtoSOCKS, f.User, p.password)
	clear(p.password)
}

// Gap gives up: only the opening tells anything.
func (p *parser) Gap(_ *proto.Conn, _ event.Dir, n int) bool { return n == 0 }

// End reports an opening that was not finished.
func (p *parser) End(c *proto.Conn) {
	p.settle(c, "unknown")
	if p.step == reply {
		p.emit(c, false)
	}
}
