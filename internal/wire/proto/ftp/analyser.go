package ftp

import (
	"bytes"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/pending"
	"edgeward/internal/wire/proto/textline"
)

// Protocol is FTP over TCP, on any port.
var Protocol = proto.Protocol{
	ID: event.ProtoFTP, TCP: true,
	Ports: []uint16{21, 2121},
	Probe: probe, Announces: announces,
	New: func() proto.Parser { p := new(parser); p.Reset(); return p },
}

const (
	maxCommands = 16
	patience    = time.Hour // a transfer lasts as long as it lasts
	maxArg      = 256
	maxName     = 64
	maxReply    = 128
)

// announces reports whether a payload begins with a command that names a
// transfer, or with the reply that ends one.
func announces(b []byte) bool {
	if len(b) < 6 {
		return false
	}
	switch b[0] {
	case '2':
		return b[1] == '2' && b[2] == '6' && (b[3] == ' ' || b[3] == '-')
	case 'R', 'r', 'S', 's', 'A', 'a', 'L', 'l', 'N', 'n', 'M', 'm':
		if b[4] != ' ' && b[4] != '\r' && b[4] != '\n' {
			return false
		}
		for _, v := range [...]string{"retr", "stor", "appe", "stou", "list", "nlst", "mlsd"} {
			if textline.HasPrefix(b, v) {
				return true
			}
		}
	}
	return false
}

// probe takes a stream whose server greets as one of FTP does and whose client
// answers with a command that only FTP has; a greeting that names FTP is enough.
func probe(s *proto.Sample) proto.Match {
	server, client := s.Data[event.ToClient], s.Data[event.ToServer]
	greeted := proto.More
	if len(server) > 0 {
		line, n := textline.Cut(server)
		var r textline.Reply
		switch _, err := textline.DecodeReply(&r, server); {
		case err == textline.ErrReply:
			return proto.No
		case n == 0:
			greeted = proto.More
		case textline.Index(line, "smtp") >= 0, textline.Index(line, "mail") >= 0 && !s.Port:
			return proto.No
		case textline.HasPrefix(line, "220") && textline.Index(line, "ftp") >= 0:
			greeted = proto.Yes
		default:
			greeted = proto.Weak
		}
	}
	line, n := textline.Cut(client)
	if n == 0 {
		if len(client) > MaxLine || !textline.Printable(client) {
			return proto.No
		}
		if greeted == proto.Weak && !s.Port {
			return proto.More
		}
		return greeted
	}
	var c Command
	if !Decode(&c, line) {
		return proto.No
	}
	if greeted == proto.More {
		return proto.More
	}
	switch c.Verb {
	case "HELP", "NOOP", "QUIT", "STAT": // SMTP and others have them too
		return greeted
	}
	return proto.Yes
}

// command waits for its reply.
type command struct {
	verb string
	arg  []byte
	port uint16
	size uint64 // of a file, when a preliminary reply told it
}

type parser struct {
	commands pending.Table[command]
	seen     identity.Once
	user     []byte
	password []byte
	asked    bool // a user name was given
	proved   bool // a password was given, its reply is awaited
	data     dataEndpoint
}

// Reset makes the parser as new.
func (p *parser) Reset() {
	p.commands.Init(maxCommands, patience)
	*p = parser{commands: p.commands, user: p.user[:0], password: p.password[:0]}
}

// Data takes whole command lines and whole replies.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	done := 0
	for done < len(b) {
		rest := b[done:]
		if dir == event.ToServer {
			line, n := textline.Cut(rest)
			if n == 0 {
				if len(rest) > MaxLine {
					p.malformed(c, dir)
					done = len(b)
				}
				break
			}
			done += n
			p.ask(c, telnetFree(line))
			continue
		}
		var r textline.Reply
		n, err := textline.DecodeReply(&r, rest)
		if err == textline.ErrShort {
			break
		}
		if err != nil {
			if _, n = textline.Cut(rest); n == 0 {
				if len(rest) <= MaxLine {
					break
				}
				n = len(rest)
			}
			p.malformed(c, dir)
			done += n
			continue
		}
		done += n
		c.Message(dir)
		if p.reply(c, &r) {
			return done, nil
		}
	}
	return done, nil
}

func (p *parser) malformed(c *proto.Conn, dir event.Dir) {
	if c.Errors < 16 {
		c.Anomaly(event.ProtoFTP, dir, "malformed_line", "neither a command nor a reply")
	}
}

// telnetFree drops the Telnet commands that may stand before ABOR (RFC 959
// section 4.1.3).
func telnetFree(line []byte) []byte {
	for len(line) >= 2 && line[0] == 0xff {
		line = line[2:]
	}
	return line
}

// ask notes a command. What must not be kept stays out of its argument.
func (p *parser) ask(c *proto.Conn, line []byte) {
	var cmd Command
	if !Decode(&cmd, line) {
		if len(line) > 0 {
			p.malformed(c, event.ToServer)
		}
		return
	}
	c.Message(event.ToServer)
	if r := p.commands.Expired(c.Time); r != nil {
		p.emit(c, r, nil)
	}
	r := p.commands.Add(0, c.Time)
	*r = command{verb: cmd.Verb, arg: append(r.arg[:0], cmd.Arg[:min(len(cmd.Arg), maxArg)]...)}
	switch cmd.Verb {
	case "USER":
		p.settle(c, "unknown")
		p.user, p.asked = append(p.user[:0], cmd.Arg[:min(len(cmd.Arg), maxName)]...), true
	case "PASS":
		p.settle(c, "unknown")
		p.password, p.proved = append(p.password[:0], cmd.Arg[:min(len(cmd.Arg), maxName)]...), true
		r.arg = r.arg[:0]
	case "ACCT":
		r.arg = r.arg[:0]
	case "PORT":
		r.port, _ = Port(cmd.Arg)
		p.data.set(r.port, true)
	case "EPRT":
		r.port, _ = ExtendedPort(cmd.Arg)
		p.data.set(r.port, true)
	case "RETR", "STOR", "APPE", "STOU", "LIST", "NLST", "MLSD":
		p.data.announce(c, cmd.Verb, r.arg)
	}
}

// reply matches a reply with the oldest command. It reports whether the flow
// is TLS from here on.
func (p *parser) reply(c *proto.Conn, r *textline.Reply) (secure bool) {
	if r.Code < 200 {
		if cmd := p.commands.Find(0); cmd != nil && (r.Code == 150 || r.Code == 125) {
			cmd.size = announced(r.Text)
		}
		return false
	}
	cmd := p.commands.Take(0)
	if cmd == nil {
		if r.Code == 220 {
			p.seen.Tell(c, event.ToClient, &event.Identity{Source: "ftp.banner", Banner: identity.Text(c, banner(r))})
		}
		return false
	}
	switch cmd.verb {
	case "USER":
		if r.Code == 230 || r.Code == 232 {
			p.openDoor(c)
		}
	case "PASS", "ACCT":
		switch {
		case r.Code == 230 || r.Code == 202 || r.Code == 232:
			p.settle(c, "success")
		case r.Code >= 400:
			p.settle(c, "failure")
		}
	case "PASV":
		cmd.port, _ = Port(r.Text)
		p.data.set(cmd.port, false)
	case "EPSV":
		cmd.port, _ = ExtendedPort(r.Text)
		p.data.set(cmd.port, false)
	case "SYST":
		if r.Code == 215 {
			p.seen.Tell(c, event.ToClient, &event.Identity{Source: "ftp.syst", Banner: identity.Text(c, r.Text)})
		}
	case "AUTH":
		secure = r.Code == 234
	}
	p.emit(c, cmd, r)
	if secure {
		c.Become(event.ProtoTLS, "")
	}
	return secure
}

// banner gives the text of a greeting; some put what tells something into its
// last line.
func banner(r *textline.Reply) []byte {
	if len(r.Text) < 4 || !bytes.ContainsAny(r.Text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		return r.Last
	}
	return r.Text
}

// announced gives the size in the text of a preliminary reply: "... (1234 bytes)".
func announced(text []byte) uint64 {
	i := textline.Index(text, " bytes")
	if i < 0 {
		return 0
	}
	start := i
	for start > 0 && text[start-1] >= '0' && text[start-1] <= '9' {
		start--
	}
	n := uint64(0)
	for _, d := range text[start:min(i, start+18)] {
		n = n*10 + uint64(d-'0')
	}
	return n
}

// emit makes the facts of a command; r is nil when it was not answered.
func (p *parser) emit(c *proto.Conn, cmd *command, r *textline.Reply) {
	f := proto.Emit[event.FTP](c, event.ToServer)
	f.Command, f.Arg, f.Port = cmd.verb, c.String(cmd.arg), cmd.port
	if r == nil {
		return
	}
	f.Code, f.Reply = c.Head(r.All, 3), c.Head(r.Text, maxReply)
	dir := event.ToServer
	switch cmd.verb {
	case "RETR":
		dir = event.ToClient
	case "STOR", "APPE", "STOU":
	default:
		return
	}
	if r.Code != 226 && r.Code != 250 || p.data.begun(c) {
		return // the data connection tells of the file
	}
	info := proto.Emit[event.FileInfo](c, event.ToServer)
	info.AppProto, info.Filename, info.Size, info.Dir = event.ProtoFTP, f.Arg, cmd.size, dir
}

// openDoor notes a login for which no password was asked.
func (p *parser) openDoor(c *proto.Conn) {
	if !p.asked {
		return
	}
	p.asked = false
	f := proto.Emit[event.Login](c, event.ToServer)
	f.Service, f.Outcome, f.Mechanism, f.Clear = event.ProtoFTP, "success", "none", true
	f.User = c.String(p.user)
}

// settle reports the login whose reply is awaited.
func (p *parser) settle(c *proto.Conn, outcome string) {
	if !p.proved {
		return
	}
	p.proved, p.asked = false, false
	f := proto.Emit[event.Login](c, event.ToServer)
	f.Service, f.Outcome, f.Mechanism, f.Clear = event.ProtoFTP, outcome, "password", true
	f.User = c.String(p.user)
	f.Secret = c.Secret(event.ProtoFTP, f.User, p.password)
	clear(p.password)
}

// Gap goes on at the next line. Replies no longer belong to the commands that
// wait.
func (p *parser) Gap(c *proto.Conn, _ event.Dir, n int) bool {
	if n > 0 {
		p.End(c)
	}
	return true
}

// End reports what was never answered.
func (p *parser) End(c *proto.Conn) {
	p.settle(c, "unknown")
	for cmd := p.commands.Oldest(); cmd != nil; cmd = p.commands.Oldest() {
		p.emit(c, cmd, nil)
	}
}
