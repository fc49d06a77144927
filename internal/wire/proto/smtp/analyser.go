package smtp

import (
	"bytes"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/textline"
)

// Protocol is SMTP over TCP, on any port.
var Protocol = proto.Protocol{
	ID: event.ProtoSMTP, TCP: true,
	Ports: []uint16{25, 587, 2525},
	Probe: probe,
	New:   func() proto.Parser { return new(parser) },
}

const (
	maxName  = 128
	maxQueue = 64 // commands sent ahead of their replies (RFC 2920)
)

// probe takes a stream whose server greets and whose client says who it is.
func probe(s *proto.Sample) proto.Match {
	server, client := s.Data[event.ToClient], s.Data[event.ToServer]
	greeted := false
	if len(server) > 0 {
		var r textline.Reply
		line, n := textline.Cut(server)
		if _, err := textline.DecodeReply(&r, server); err == textline.ErrReply || n > 0 && !textline.HasPrefix(line, "220") && !textline.HasPrefix(line, "554") && !textline.HasPrefix(line, "421") && !s.Conn.Midstream {
			return proto.No
		}
		greeted = n > 0
		if greeted && len(client) == 0 && textline.Index(line, "smtp") >= 0 {
			return proto.Yes
		}
	}
	line, n := textline.Cut(client)
	if n == 0 {
		if len(client) > MaxLine || !textline.Printable(client) {
			return proto.No
		}
		if greeted && s.Port {
			return proto.Weak
		}
		return proto.More
	}
	var c Command
	if !Decode(&c, line) {
		return proto.No
	}
	switch c.Verb {
	case "HELO", "EHLO", "LHLO":
		if greeted || s.Port {
			return proto.Yes
		}
		return proto.Weak
	case "MAIL", "RCPT":
		if textline.HasPrefix(c.Arg, "from:") || textline.HasPrefix(c.Arg, "to:") {
			return proto.Yes
		}
		return proto.No
	}
	if greeted {
		return proto.Weak
	}
	return proto.More
}

// verb is a command that waits for its reply.
type verb uint8

const (
	other verb = iota
	greeting
	hello
	mail
	recipient
	data
	content // the mail itself, behind its final dot
	auth
	tls
)

// state is what the client's bytes are.
type state uint8

const (
	commands state = iota
	body           // a mail, up to a line with a dot
	answer         // one line that answers a challenge of AUTH
)

// transaction is what is known of the mail under way.
type transaction struct {
	from       []byte
	recipients uint32
	rejected   uint32
	open       bool
}

type parser struct {
	state    state
	queue    [maxQueue]verb
	queued   int
	helo     []byte
	banner   []byte
	mail     transaction
	login    login
	secured  bool
	greeted  bool
	empty    bool // nothing of the mail has come yet
	reported bool
	seen     identity.Once
}

// Reset makes the parser as new.
func (p *parser) Reset() {
	*p = parser{
		helo: p.helo[:0], banner: p.banner[:0], mail: transaction{from: p.mail.from[:0]},
		login: login{user: p.login.user[:0], password: p.login.password[:0]},
	}
}

// Data takes whole lines and whole replies; mails are skipped.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	if dir == event.ToClient {
		return p.replies(c, b)
	}
	done := 0
	for done < len(b) {
		rest := b[done:]
		if p.state == body {
			n, ended := bodyEnd(rest, p.empty)
			p.empty = p.empty && n == 0
			done += n
			if !ended {
				break
			}
			p.state = commands
			p.push(content)
			continue
		}
		line, n := textline.Cut(rest)
		if n == 0 {
			if len(rest) > MaxLine {
				p.malformed(c, event.ToServer)
				done = len(b)
			}
			break
		}
		done += n
		if p.state == answer {
			p.state = commands
			p.step(line)
			continue
		}
		done += p.command(c, line)
	}
	return done, nil
}

// bodyEnd gives the bytes of a mail that are done with and whether its final
// dot was among them (RFC 5321 section 4.1.1.4). The last bytes are kept when
// they may be the beginning of that. empty says that b is the mail's beginning.
func bodyEnd(b []byte, empty bool) (n int, ended bool) {
	if empty {
		if bytes.HasPrefix(b, []byte(".\r\n")) {
			return 3, true
		}
		if bytes.HasPrefix([]byte(".\r\n"), b) {
			return 0, false
		}
	}
	if i := bytes.Index(b, []byte("\r\n.\r\n")); i >= 0 {
		return i + 5, true
	}
	// Keep the last line ending and what follows: the dot may come next.
	if i := bytes.LastIndex(b, []byte("\r\n")); i >= 0 && len(b)-i < 5 {
		return i, false
	}
	if b[len(b)-1] == '\r' {
		return len(b) - 1, false
	}
	return len(b), false
}

func (p *parser) malformed(c *proto.Conn, dir event.Dir) {
	if c.Errors < 16 {
		c.Anomaly(event.ProtoSMTP, dir, "malformed_line", "neither a command nor a reply")
	}
}

func (p *parser) push(v verb) {
	if p.queued < maxQueue {
		p.queue[p.queued] = v
		p.queued++
	}
}

// command handles a command line. It gives the bytes to skip behind it.
func (p *parser) command(c *proto.Conn, line []byte) (skip int) {
	var cmd Command
	if !Decode(&cmd, line) {
		if len(line) > 0 {
			p.malformed(c, event.ToServer)
			p.push(other)
		}
		return 0
	}
	c.Message(event.ToServer)
	v := other
	switch cmd.Verb {
	case "HELO", "EHLO", "LHLO":
		p.helo = append(p.helo[:0], cmd.Arg[:min(len(cmd.Arg), maxName)]...)
		v = hello
	case "MAIL":
		if p.mail.open {
			p.report(c)
		}
		from := Path(cmd.Arg)
		p.mail = transaction{from: append(p.mail.from[:0], from[:min(len(from), maxName)]...), open: true}
		v = mail
	case "RCPT":
		p.mail.recipients++
		p.mail.open = true
		v = recipient
	case "DATA":
		v = data
	case "BDAT":
		if size, last, ok := ChunkSize(cmd.Arg); ok {
			skip = size
			if last {
				v = content
			}
		}
	case "STARTTLS":
		v = tls
	case "AUTH":
		p.authenticate(c, cmd.Arg)
		v = auth
	case "RSET":
		if p.mail.open {
			p.report(c)
		}
	}
	p.push(v)
	return skip
}

// replies handles what the server says.
func (p *parser) replies(c *proto.Conn, b []byte) (int, error) {
	done := 0
	for done < len(b) {
		var r textline.Reply
		n, err := textline.DecodeReply(&r, b[done:])
		if err == textline.ErrShort {
			break
		}
		if err != nil {
			if _, n = textline.Cut(b[done:]); n == 0 {
				if len(b)-done <= MaxLine {
					break
				}
				n = len(b) - done
			}
			p.malformed(c, event.ToClient)
			done += n
			continue
		}
		done += n
		c.Message(event.ToClient)
		if p.reply(c, &r) {
			return done, nil
		}
	}
	return done, nil
}

// reply matches a reply with the oldest command. It reports whether the flow
// is TLS from here on.
func (p *parser) reply(c *proto.Conn, r *textline.Reply) (secure bool) {
	v := other
	if r.Code != 334 { // a challenge leaves AUTH open
		if p.queued > 0 {
			v = p.queue[0]
			copy(p.queue[:p.queued], p.queue[1:p.queued])
			p.queued--
		} else if !p.greeted && r.Code == 220 {
			v = greeting
		}
	}
	switch {
	case r.Code == 334:
		p.state = answer
	case v == greeting:
		p.greeted = true
		p.banner = append(p.banner[:0], r.Text[:min(len(r.Text), maxName)]...)
		p.seen.Tell(c, event.ToClient, &event.Identity{Source: "smtp.banner", Banner: identity.Text(c, r.Text)})
	case v == auth:
		switch {
		case r.Code == 235:
			p.settle(c, "success")
		case r.Code >= 400:
			p.settle(c, "failure")
		}
	case v == tls && r.Code == 220:
		p.secured = true
		p.report(c)
		c.Become(event.ProtoTLS, "")
		return true
	case v == data && r.Code == 354:
		p.state, p.empty = body, true
	case v == content:
		if r.Code >= 400 {
			p.mail.rejected++
		}
		p.report(c)
	case (v == mail || v == recipient) && r.Code >= 400:
		p.mail.rejected++
	}
	return false
}

// report makes the fact of a mail, or of a session without one.
func (p *parser) report(c *proto.Conn) {
	if !p.mail.open && (p.reported || len(p.helo) == 0) {
		return
	}
	f := proto.Emit[event.SMTP](c, event.ToServer)
	f.Helo, f.Banner, f.MailFrom, f.TLS = c.String(p.helo), c.String(p.banner), c.String(p.mail.from), p.secured
	f.Recipients, f.Rejected = p.mail.recipients, p.mail.rejected
	p.reported = true
	p.mail = transaction{from: p.mail.from[:0]}
}

// Gap goes on at the next line. Replies no longer belong to the commands that
// wait.
func (p *parser) Gap(_ *proto.Conn, _ event.Dir, n int) bool {
	if n > 0 {
		p.queued = 0
	}
	return true
}

// End reports what is under way.
func (p *parser) End(c *proto.Conn) {
	p.settle(c, "unknown")
	if p.mail.open || !p.reported {
		p.report(c)
	}
}
