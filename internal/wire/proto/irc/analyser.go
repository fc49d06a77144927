package irc

import (
	"bytes"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/sasl"
	"edgeward/internal/wire/proto/textline"
)

// Protocol is IRC on any TCP port.
var Protocol = proto.Protocol{
	ID: event.ProtoIRC, TCP: true,
	Ports: []uint16{194, 6660, 6661, 6662, 6663, 6664, 6665, 6666, 6667, 6668, 6669, 7000},
	Probe: probe,
	New:   func() proto.Parser { return new(parser) },
}

const (
	maxText   = 256
	maxName   = 64
	maxSecret = 128
)

// probe takes a stream whose first lines are those of a registration, of the
// greeting, or of talk in a channel joined in the middle.
func probe(s *proto.Sample) proto.Match {
	client := look(s.Data[event.ToServer], event.ToServer)
	server := look(s.Data[event.ToClient], event.ToClient)
	switch {
	case client == foreign || server == foreign:
		return proto.No
	case client == certain || server == certain || client == likely && server == likely:
		return proto.Yes
	case client == likely || server == likely:
		return proto.Weak
	}
	return proto.More
}

// evidence is what one direction tells.
type evidence uint8

const (
	nothing evidence = iota
	foreign          // not IRC
	likely           // could be a word of others too
	certain
)

func look(b []byte, dir event.Dir) evidence {
	found := nothing
	nick := false
	for range 8 {
		line, n := textline.Cut(b)
		if n == 0 {
			if len(b) > 0 && !textline.Printable(b) || len(b) > MaxLine {
				return foreign
			}
			return found
		}
		b = b[n:]
		if len(line) == 0 {
			continue
		}
		var m Message
		if Decode(&m, line) != nil || !printable(line) {
			return foreign
		}
		if dir == event.ToServer {
			switch {
			case textline.Is(m.Command, "nick") && m.N >= 1 && m.N <= 2 && validNick(m.Params[0]):
				nick = true
				found = max(found, likely)
			case textline.Is(m.Command, "user") && m.N == 4:
				return certain
			case textline.Is(m.Command, "cap") && m.N >= 1 && (textline.Is(m.Params[0], "ls") || textline.Is(m.Params[0], "req")):
				return certain
			case textline.Is(m.Command, "join") && m.N >= 1 && isChannel(m.Params[0]):
				return certain
			case textline.Is(m.Command, "privmsg") && m.N == 2:
				return certain
			case textline.Is(m.Command, "pass") && m.N == 1, textline.Is(m.Command, "pong") && m.N >= 1, nick:
			default:
				return foreign
			}
			continue
		}
		switch {
		case len(m.Prefix) > 0 && isDigit(m.Command[0]) && m.N >= 2:
			return certain
		case len(m.Prefix) > 0 && m.N >= 1 && (textline.Is(m.Command, "privmsg") || textline.Is(m.Command, "join") || textline.Is(m.Command, "notice") || textline.Is(m.Command, "mode")):
			return certain
		case textline.Is(m.Command, "notice") && m.N == 2, textline.Is(m.Command, "ping") && m.N == 1, textline.Is(m.Command, "error") && m.N == 1:
			found = max(found, likely)
		default:
			return foreign
		}
	}
	return found
}

// printable allows the control characters by which chat is formatted (bold,
// colour, underline ...) and CTCP's delimiter.
func printable(b []byte) bool {
	for _, c := range b {
		if c == 0 || c == 0x7f {
			return false
		}
	}
	return true
}

func isChannel(b []byte) bool {
	return len(b) > 1 && (b[0] == '#' || b[0] == '&' || b[0] == '+' || b[0] == '!') || len(b) == 1 && b[0] == '0'
}

// attempt is a login that waits for the server's word.
type attempt struct {
	open      bool
	mechanism string
	user      []byte
	secret    []byte
}

type parser struct {
	nick  []byte
	login attempt
	sasl  bool // the next AUTHENTICATE carries the response of PLAIN
	seen  identity.Once
}

// Reset makes the parser as new.
func (p *parser) Reset() {
	*p = parser{nick: p.nick[:0], login: attempt{user: p.login.user[:0], secret: p.login.secret[:0]}}
}

// Data takes whole lines.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	done := 0
	for {
		line, n := textline.Cut(b[done:])
		if n == 0 {
			break
		}
		done += n
		if len(line) == 0 {
			continue
		}
		var m Message
		if Decode(&m, line) != nil {
			if c.Errors < 16 {
				c.Anomaly(event.ProtoIRC, dir, "malformed_message", "a line that is no message")
			}
			continue
		}
		c.Message(dir)
		if dir == event.ToServer {
			p.client(c, &m)
		} else {
			p.server(c, &m)
		}
	}
	if len(b)-done > MaxLine {
		done = len(b)
		if c.Errors < 16 {
			c.Anomaly(event.ProtoIRC, dir, "line_too_long", "no end of line within 8703 bytes")
		}
	}
	return done, nil
}

// client handles what the client says.
func (p *parser) client(c *proto.Conn, m *Message) {
	switch {
	case textline.Is(m.Command, "nick"):
		p.nick = append(p.nick[:0], m.Param(0)[:min(len(m.Param(0)), maxName)]...)
		p.fact(c, event.ToServer, "NICK", p.nick, nil, nil)
	case textline.Is(m.Command, "user"):
		p.fact(c, event.ToServer, "USER", p.nick, m.Param(0), m.Param(3))
	case textline.Is(m.Command, "join"):
		p.fact(c, event.ToServer, "JOIN", p.nick, m.Param(0), nil)
	case textline.Is(m.Command, "topic"):
		p.fact(c, event.ToServer, "TOPIC", p.nick, m.Param(0), m.Param(1))
	case textline.Is(m.Command, "privmsg"), textline.Is(m.Command, "notice"):
		p.said(c, m)
	case textline.Is(m.Command, "pass"):
		p.begin(c, "password", p.nick, m.Param(0))
	case textline.Is(m.Command, "oper"):
		p.begin(c, "oper", m.Param(0), m.Param(1))
	case textline.Is(m.Command, "nickserv"), textline.Is(m.Command, "ns"):
		p.identify(c, m.Params[:m.N])
	case textline.Is(m.Command, "authenticate"):
		p.authenticate(c, m.Param(0))
	}
}

// said handles a message of the client. A password told to the services that
// keep nicknames is a login, and is not shown.
func (p *parser) said(c *proto.Conn, m *Message) {
	target, text := m.Param(0), m.Param(1)
	if textline.HasPrefix(target, "nickserv") || textline.HasPrefix(target, "authserv") || textline.Is(target, "q@cserve.quakenet.org") || textline.Is(target, "x@channels.undernet.org") {
		var words [4][]byte
		n := 0
		for rest := text; n < len(words) && len(rest) > 0; n++ {
			words[n], rest = textline.Word(rest)
		}
		if p.identify(c, words[:n]) {
			return
		}
	}
	if version, ok := bytes.CutPrefix(text, []byte("\x01VERSION ")); ok && textline.Is(m.Command, "notice") {
		p.identity(c, event.ToServer, "irc.ctcp_version", bytes.TrimRight(version, "\x01"))
		return
	}
	if textline.Is(m.Command, "privmsg") {
		p.fact(c, event.ToServer, "PRIVMSG", p.nick, target, text)
	}
}

// identify handles IDENTIFY, LOGIN and AUTH with their arguments: [account] password.
func (p *parser) identify(c *proto.Conn, words [][]byte) bool {
	if len(words) < 2 || !textline.Is(words[0], "identify") && !textline.Is(words[0], "id") && !textline.Is(words[0], "login") && !textline.Is(words[0], "auth") {
		return false
	}
	user := p.nick
	if len(words) > 2 {
		user = words[1]
	}
	p.begin(c, "nickserv", user, words[min(len(words), 3)-1])
	return true
}

// authenticate follows SASL (IRCv3 sasl-3.1).
func (p *parser) authenticate(c *proto.Conn, arg []byte) {
	if !p.sasl {
		p.sasl = textline.Is(arg, "plain")
		return
	}
	p.sasl = false
	var buf [sasl.MaxText]byte
	if text, ok := sasl.Decode(&buf, arg); ok {
		if user, password, ok := sasl.Plain(text); ok {
			p.begin(c, "plain", user, password)
		}
	}
}

// server handles what the server says.
func (p *parser) server(c *proto.Conn, m *Message) {
	if isDigit(m.Command[0]) {
		p.numeric(c, m)
		return
	}
	switch {
	case textline.Is(m.Command, "privmsg"):
		p.fact(c, event.ToClient, "PRIVMSG", m.Nick(), m.Param(0), m.Param(1))
	case textline.Is(m.Command, "topic"):
		p.fact(c, event.ToClient, "TOPIC", m.Nick(), m.Param(0), m.Param(1))
	case textline.Is(m.Command, "notice"):
		if p.login.open && p.login.mechanism == "nickserv" && textline.HasPrefix(m.Nick(), "nickserv") {
			p.serviceReply(c, m.Param(1))
		}
	}
}

// serviceReply reads the answer of the nickname service, which is prose.
func (p *parser) serviceReply(c *proto.Conn, text []byte) {
	switch {
	case textline.Index(text, "now identified") >= 0, textline.Index(text, "password accepted") >= 0, textline.Index(text, "now logged in") >= 0:
		p.settle(c, "success")
	case textline.Index(text, "invalid") >= 0, textline.Index(text, "incorrect") >= 0, textline.Index(text, "not registered") >= 0:
		p.settle(c, "failure")
	}
}

// numeric handles the replies of RFC 2812 section 5 that tell something.
func (p *parser) numeric(c *proto.Conn, m *Message) {
	switch string(m.Command) {
	case "001": // RPL_WELCOME
		if len(p.nick) == 0 {
			p.nick = append(p.nick, m.Param(0)[:min(len(m.Param(0)), maxName)]...)
		}
		if p.login.mechanism == "password" {
			p.settle(c, "success")
		}
	case "004": // RPL_MYINFO: server name, version
		p.identity(c, event.ToClient, "irc.myinfo", m.Param(2))
	case "332": // RPL_TOPIC: bots take their first order from it
		p.fact(c, event.ToClient, "TOPIC", nil, m.Param(1), m.Param(2))
	case "381", "900", "903": // RPL_YOUREOPER, RPL_LOGGEDIN, RPL_SASLSUCCESS
		p.settle(c, "success")
	case "464", "465", "491", "902", "904", "905": // password wrong, banned, no operator, SASL failed
		p.settle(c, "failure")
	}
}

func (p *parser) fact(c *proto.Conn, dir event.Dir, command string, nick, target, text []byte) {
	f := proto.Emit[event.IRC](c, dir)
	f.Command, f.Nick, f.Target, f.Text = command, c.Head(nick, maxName), c.Head(target, maxText), c.Head(text, maxText)
}

func (p *parser) identity(c *proto.Conn, dir event.Dir, source string, text []byte) {
	p.seen.Tell(c, dir, &event.Identity{Source: source, Banner: identity.Text(c, text)})
}

// begin notes a login; one that nobody answered before is reported as such.
func (p *parser) begin(c *proto.Conn, mechanism string, user, secret []byte) {
	p.settle(c, "unknown")
	p.login = attempt{
		open: true, mechanism: mechanism,
		user:   append(p.login.user[:0], user[:min(len(user), maxName)]...),
		secret: append(p.login.secret[:0], secret[:min(len(secret), maxSecret)]...),
	}
}

func (p *parser) settle(c *proto.Conn, outcome string) {
	if !p.login.open {
		return
	}
	p.login.open = false
	f := proto.Emit[event.Login](c, event.ToServer)
	f.Service, f.Outcome, f.Mechanism, f.Clear = event.ProtoIRC, outcome, p.login.mechanism, true
	user := p.login.user
	if len(user) == 0 {
		user = p.nick // PASS comes before NICK
	}
	f.User = c.String(user)
	f.Secret = c.Secret(event.ProtoIRC, f.User, p.login.secret)
	clear(p.login.secret)
}

// Gap goes on at the next line.
func (p *parser) Gap(*proto.Conn, event.Dir, int) bool { return true }

// End reports a login that nobody answered.
func (p *parser) End(c *proto.Conn) { p.settle(c, "unknown") }
