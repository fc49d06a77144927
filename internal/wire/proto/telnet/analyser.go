package telnet

import (
	"bytes"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/textline"
)

// Protocol is Telnet on any TCP port.
var Protocol = proto.Protocol{
	ID: event.ProtoTelnet, TCP: true,
	Ports: []uint16{23, 2323, 26, 2223, 4719},
	Probe: probe,
	New:   func() proto.Parser { return new(parser) },
}

// foreign are the first words of protocols whose servers speak text first.
var foreign = []string{"ssh-", "http/", "220", "421", "rfb ", "* ok", "+ok", "get ", "post ", "head ", "options ", "connect ", ":", "{", "nick ", "user ", "rtsp", "sip/", "<?xml", "ehlo ", "helo "}

// probe takes a stream for Telnet when it begins with option negotiation, or
// when a server asks for a user name or a password and the client answers.
// Text on a registered port is taken weakly.
func probe(s *proto.Sample) proto.Match {
	for _, b := range s.Data {
		if len(b) > 0 && b[0] == IAC {
			return negotiates(b, s.Port)
		}
	}
	client, server := visible(s.Data[event.ToServer]), visible(s.Data[event.ToClient])
	for _, w := range foreign {
		if textline.HasPrefix(client, w) || textline.HasPrefix(server, w) {
			return proto.No
		}
	}
	if !textline.Printable(client) || !isText(server) {
		return proto.No
	}
	if len(server) == 0 {
		if s.Conn.Midstream && s.Port && isCommandLine(client) {
			return proto.Weak
		}
		return undecided(client)
	}
	switch classify(lastLine(server)) {
	case userPrompt, passwordPrompt:
		if s.Port || len(client) > 0 {
			return proto.Yes
		}
		return proto.More
	case shellPrompt:
		// A shell that nobody had to log in to, or one joined in the middle.
		if s.Port && (len(client) > 0 || len(server) >= 2) {
			return proto.Weak
		}
	case otherPrompt, noPrompt:
		if s.Port && len(client) > 0 && len(server) >= 4 {
			return proto.Weak
		}
	}
	return undecided(server)
}

func undecided(b []byte) proto.Match {
	if len(b) > 2048 {
		return proto.No
	}
	return proto.More
}

// negotiates looks for option negotiation at the beginning of a direction.
// One option could be chance elsewhere; two in a row are not.
func negotiates(b []byte, port bool) proto.Match {
	var t Token
	found := 0
	for range 3 {
		n, err := Decode(&t, b)
		if err == ErrShort {
			break
		}
		if err != nil || t.Kind == Command && t.Verb < SE || t.Kind >= Negotiation && !knownOption(t.Option) {
			return proto.No
		}
		if t.Kind >= Negotiation {
			found++
		}
		b = b[n:]
		if t.Kind == Text && found == 0 {
			return proto.No
		}
	}
	switch {
	case found >= 2 || found == 1 && port:
		return proto.Yes
	case found == 1:
		return proto.Weak
	}
	return proto.More
}

// knownOption reports whether the number is registered with IANA.
func knownOption(o byte) bool { return o <= 49 || o >= 138 && o <= 141 || o == 255 }

// visible skips option negotiation at the beginning of a direction.
func visible(b []byte) []byte {
	var t Token
	for len(b) > 0 && b[0] == IAC {
		n, err := Decode(&t, b)
		if err != nil || n == 0 {
			return nil
		}
		b = b[n:]
	}
	return b
}

// isText reports whether a server's output is what goes to a terminal.
func isText(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' && c != '\r' && c != '\n' && c != 0x1b && c != 0 && c != 7 && c != 8 && c != 12 {
			return false
		}
	}
	return len(b) == 0 || b[0] != 0
}

func lastLine(b []byte) []byte {
	if i := bytes.LastIndexAny(b, "\r\n"); i >= 0 {
		return b[i+1:]
	}
	return b
}

// isCommandLine reports whether the client's bytes are whole typed lines.
func isCommandLine(b []byte) bool {
	return len(b) > 2 && bytes.IndexByte(b, '\n') > 0 && textline.Printable(b)
}

// parser splits both directions into lines for the session.
type parser struct {
	session session
	in      typed
	out     screen
}

// Reset makes the parser as new.
func (p *parser) Reset() {
	p.session.reset()
	p.in.reset()
	p.out.reset()
}

// Data takes everything but an unfinished command.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	var t Token
	done, text := 0, false
	for done < len(b) {
		n, err := Decode(&t, b[done:])
		if err == ErrShort {
			break
		}
		if err == ErrLong {
			c.Anomaly(event.ProtoTelnet, dir, "subnegotiation_too_long", "no IAC SE within 4096 bytes")
		}
		done += n
		switch t.Kind {
		case Text:
			text = true
			if dir == event.ToServer {
				p.typed(c, t.Data)
			} else {
				p.shown(c, t.Data)
			}
		case Command:
			if t.Verb < SE && c.Errors < 16 {
				c.Anomaly(event.ProtoTelnet, dir, "undefined_command", "a command byte below 240")
			}
		case Subnegotiation:
			p.environ(c, dir, &t)
		}
	}
	if done > 0 {
		c.Message(dir)
	}
	if text && dir == event.ToClient {
		p.session.waiting(c, p.out.line)
		if p.session.consumed {
			p.session.consumed = false
			p.out.line = p.out.line[:0]
		}
	}
	return done, nil
}

// typed handles what the client sent.
func (p *parser) typed(c *proto.Conn, b []byte) {
	for _, ch := range b {
		if p.in.empty() {
			p.session.begin(p.out.line)
		}
		if p.in.put(ch) {
			p.out.line = p.out.line[:0]
			p.session.enter(c, p.in.line)
			p.in.next()
		}
	}
}

// shown handles what the server sent.
func (p *parser) shown(c *proto.Conn, b []byte) {
	for _, ch := range b {
		if p.out.put(ch) {
			p.session.line(c, p.out.line)
			p.out.line = p.out.line[:0]
		}
	}
}

// environ looks at the environment that a client hands to the login program.
// A user name that is an option to it is an attack on the server
// (CVE-2007-0882, CVE-2026-24061).
func (p *parser) environ(c *proto.Conn, dir event.Dir, t *Token) {
	if dir != event.ToServer || t.Option != OptNewEnviron && t.Option != OptOldEnviron {
		return
	}
	user := EnvironUser(t.Data)
	if len(user) == 0 || p.session.environ {
		return
	}
	p.session.environ = true
	f := proto.Emit[event.Telnet](c, dir)
	f.Event, f.User = "environ", c.Head(user, maxName)
	if user[0] == '-' {
		c.Anomaly(event.ProtoTelnet, dir, "environ_user_is_option", "the USER variable begins with a dash")
	}
}

// Gap forgets the unfinished lines and goes on.
func (p *parser) Gap(_ *proto.Conn, dir event.Dir, _ int) bool {
	if dir == event.ToServer {
		p.in.reset()
	} else {
		p.out.reset()
	}
	return true
}

// End makes facts of what is pending.
func (p *parser) End(c *proto.Conn) { p.session.end(c) }
