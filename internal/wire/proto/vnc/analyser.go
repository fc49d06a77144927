package vnc

import (
	"encoding/binary"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
)

// Protocol is RFB over TCP, on any port.
var Protocol = proto.Protocol{
	ID: event.ProtoVNC, TCP: true,
	Ports: []uint16{5900, 5901, 5902, 5903, 5800},
	Probe: probe,
	New:   func() proto.Parser { return new(parser) },
}

// probe takes a stream whose server begins with a version.
func probe(s *proto.Sample) proto.Match {
	b := s.Data[event.ToClient]
	if len(b) < VersionLen {
		if n := min(len(b), 4); string(b[:n]) != "RFB "[:n] {
			return proto.No
		}
		if c := s.Data[event.ToServer]; len(c) > 0 && c[0] != 'R' {
			return proto.No
		}
		return proto.More
	}
	if _, _, ok := DecodeVersion(b); !ok {
		return proto.No
	}
	return proto.Yes
}

// step is what comes next, from either side.
type step uint8

const (
	serverVersion step = iota
	clientVersion
	offer     // security types of the server
	choice    // of the client
	challenge // of the server
	response  // of the client
	result    // of the server
	reason    // why the server refuses
	clientInit
	serverInit
	done // the rest is not read
)

// maxText is how much of a name or reason is kept.
const maxText = 128

type parser struct {
	step     step
	minor    int
	security uint8
	outcome  string
	proved   bool // a password was proved, the result is awaited
	reported bool
	versions [2][VersionLen - 1]byte
	seen     [2]bool
}

// Reset makes the parser as new.
func (p *parser) Reset() { *p = parser{} }

// Data takes the messages of the opening, whose lengths are known one after
// the other. Bytes of the side that is not to speak wait.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	n := 0
	for p.step != done && dir == p.speaker() {
		k, err := p.message(c, b[n:])
		if err != nil {
			c.Anomaly(event.ProtoVNC, dir, "malformed_opening", "a version, security type or result is impossible")
			return n, err
		}
		if k == 0 {
			return n, nil
		}
		c.Message(dir)
		n += k
	}
	if p.step == done {
		return len(b), nil
	}
	return n, nil
}

// speaker tells whose turn it is.
func (p *parser) speaker() event.Dir {
	switch p.step {
	case clientVersion, choice, response, clientInit:
		return event.ToServer
	}
	return event.ToClient
}

// message takes the message that is due; 0 wants more bytes.
func (p *parser) message(c *proto.Conn, b []byte) (int, error) {
	switch p.step {
	case serverVersion, clientVersion:
		return p.version(c, b)
	case offer:
		return p.offered(c, b)
	case choice:
		if len(b) < 1 {
			return 0, nil
		}
		p.security = b[0]
		p.chosen(c)
		return 1, nil
	case challenge, response:
		if len(b) < 16 {
			return 0, nil
		}
		p.proved = p.step == response
		p.step++
		return 16, nil
	case result:
		return p.decided(c, b)
	case reason:
		return p.text(b, func([]byte) { p.step = done })
	case clientInit:
		if len(b) < 1 {
			return 0, nil
		}
		p.step = serverInit
		return 1, nil
	case serverInit: // width, height, pixel format, name
		if len(b) < 20 {
			return 0, nil
		}
		n, err := p.text(b[20:], func(name []byte) {
			identity.Tell(c, event.ToClient, &event.Identity{Source: "vnc.server_init", Name: identity.Text(c, name)})
			p.step = done
		})
		if n > 0 {
			n += 20
		}
		return n, err
	}
	return 0, nil
}

func (p *parser) version(c *proto.Conn, b []byte) (int, error) {
	if len(b) < VersionLen {
		return 0, nil
	}
	major, minor, ok := DecodeVersion(b)
	if !ok {
		return 0, ErrSyntax
	}
	dir := p.speaker()
	copy(p.versions[dir][:], b)
	p.seen[dir] = true
	if major > 3 {
		minor = 8
	}
	if p.step == clientVersion {
		minor = min(minor, p.minor)
	}
	p.minor = minor
	p.step++
	return VersionLen, nil
}

// offered takes the server's security types (RFC 6143 section 7.1.2), or the
// one that a server of version 3.3 decides on (appendix A).
func (p *parser) offered(c *proto.Conn, b []byte) (int, error) {
	if p.minor < 7 {
		if len(b) < 4 {
			return 0, nil
		}
		v := binary.BigEndian.Uint32(b)
		if v > 255 {
			return 0, ErrSyntax
		}
		p.security = uint8(v)
		p.chosen(c)
		return 4, nil
	}
	if len(b) < 1 || len(b) < 1+int(b[0]) {
		return 0, nil
	}
	if b[0] == 0 {
		p.outcome = "failure"
		p.report(c)
		p.step = reason
		return 1, nil
	}
	p.step = choice
	return 1 + int(b[0]), nil
}

// chosen goes on after the security type is known.
func (p *parser) chosen(c *proto.Conn) {
	switch {
	case p.security == SecurityInvalid:
		p.outcome = "failure"
		p.report(c)
		p.step = reason
	case p.security == SecurityVNC:
		p.step = challenge
	case p.security == SecurityNone && p.minor >= 8:
		p.step = result
	case p.security == SecurityNone:
		p.outcome = "success"
		p.report(c)
		p.step = clientInit
	default:
		p.report(c)
		p.step = done
	}
}

// decided takes the security result (RFC 6143 section 7.1.3).
func (p *parser) decided(c *proto.Conn, b []byte) (int, error) {
	if len(b) < 4 {
		return 0, nil
	}
	switch binary.BigEndian.Uint32(b) {
	case 0:
		p.outcome, p.step = "success", clientInit
	case 1, 2:
		p.outcome, p.step = "failure", done
		if p.minor >= 8 {
			p.step = reason
		}
	default:
		return 0, ErrSyntax
	}
	p.report(c)
	return 4, nil
}

// text takes a string with its length before it; what is longer than anybody
// reads is skipped.
func (p *parser) text(b []byte, use func([]byte)) (int, error) {
	if len(b) < 4 {
		return 0, nil
	}
	n := binary.BigEndian.Uint32(b)
	if n > 1<<16 {
		return 0, ErrSyntax
	}
	keep := min(int(n), maxText)
	if len(b) < 4+keep {
		return 0, nil
	}
	use(b[4 : 4+keep])
	return 4 + int(n), nil
}

// report makes the facts of the opening, once.
func (p *parser) report(c *proto.Conn) {
	if p.reported || !p.seen[event.ToClient] {
		return
	}
	p.reported = true
	f := proto.Emit[event.VNC](c, event.ToServer)
	f.ServerVersion, f.Result = c.String(p.versions[event.ToClient][4:]), p.outcome
	if p.seen[event.ToServer] {
		f.ClientVersion = c.String(p.versions[event.ToServer][4:])
	}
	if p.security != SecurityInvalid {
		f.Security = SecurityName(p.security)
	}
	if p.proved {
		l := proto.Emit[event.Login](c, event.ToServer)
		l.Service, l.Mechanism, l.Outcome = event.ProtoVNC, "vnc", p.outcome
		if p.outcome == "" {
			l.Outcome = "unknown"
		}
	}
}

// Gap gives up: only the opening tells anything.
func (p *parser) Gap(_ *proto.Conn, _ event.Dir, n int) bool { return n == 0 || p.step == done }

// End reports an opening that was not finished.
func (p *parser) End(c *proto.Conn) { p.report(c) }
