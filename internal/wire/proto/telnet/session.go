package telnet

import (
	"bytes"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/textline"
)

// The limits of what a session remembers.
const (
	maxName   = 64
	maxSecret = 128
	maxOutput = 256
	maxBanner = 512
	maxQueue  = 32 // lines typed ahead of the prompts they answer
	maxAhead  = 4096
)

// session follows who logs in with what, whether it worked, and what is typed
// then. Lines of the client are matched to the prompts of the server, also
// when they were sent ahead of them, as bots do.
type session struct {
	prompt   []byte // what the server showed when the client began its line
	kind     prompt
	user     []byte
	secret   []byte
	named    bool // a user name was given, the password not yet
	attempt  bool // a password was given, the answer is awaited
	refused  bool // the answer looks like no
	welcomed bool // the answer looks like yes
	shell    bool // the client is in
	environ  bool
	consumed bool // the prompt at hand was answered by a line typed ahead
	bannered bool
	served   bool // the server has written something

	userText []byte // the prompts by which this server asked before
	passText []byte

	banner []byte // the server's lines before the first prompt, or after a login

	running bool // a command awaits its output
	command []byte
	shown   []byte // prompt of the command
	output  []byte

	queue []byte // lines typed ahead, each with a line feed behind it
	lines int
}

func (s *session) reset() {
	*s = session{
		prompt: s.prompt[:0], user: s.user[:0], secret: s.secret[:0], banner: s.banner[:0],
		userText: s.userText[:0], passText: s.passText[:0], command: s.command[:0], shown: s.shown[:0], output: s.output[:0], queue: s.queue[:0],
	}
}

// begin notes what the server shows when the client begins a line.
func (s *session) begin(screen []byte) {
	if s.kind = s.asks(screen); s.kind == noPrompt && !s.shell {
		s.kind = bareWord(screen)
	}
	s.prompt = append(s.prompt[:0], screen[:min(len(screen), maxPrompt)]...)
}

// asks classifies a prompt. Before there is a shell, the first unknown
// question is taken for that of the user name and the next for that of the
// password: firmware speaks many languages. In a shell, only a prompt as it was
// seen at login asks for a user name; other programs ask for names too.
func (s *session) asks(line []byte) prompt {
	k := classify(line)
	if k == noPrompt || k == shellPrompt {
		return k
	}
	text := textline.TrimSpace(line)
	switch {
	case len(text) == 0 || k == passwordPrompt:
		return k
	case bytes.Equal(text, s.userText):
		return userPrompt
	case bytes.Equal(text, s.passText):
		return passwordPrompt
	case k == userPrompt:
		if q, _ := cutMark(text); s.shell && !endsWithWord(q, "login", "username") {
			return otherPrompt
		}
		return userPrompt
	case s.shell || s.attempt || len(text) > 40:
		return otherPrompt
	case s.named:
		return passwordPrompt
	case len(s.userText) == 0:
		return userPrompt
	}
	return otherPrompt
}

// enter takes a line of the client.
func (s *session) enter(c *proto.Conn, line []byte) {
	switch {
	case s.kind == noPrompt && !s.shell && len(s.prompt) == 0:
		s.ahead(line)
	default:
		s.answer(c, s.kind, line)
	}
	s.prompt, s.kind = s.prompt[:0], noPrompt
}

// ahead keeps a line for a prompt to come.
func (s *session) ahead(line []byte) {
	if s.lines >= maxQueue || len(s.queue)+len(line) >= maxAhead {
		return
	}
	s.queue = append(append(s.queue, line...), '\n')
	s.lines++
}

// next takes the oldest line typed ahead.
func (s *session) next() (line []byte, ok bool) {
	if s.lines == 0 {
		return nil, false
	}
	i := bytes.IndexByte(s.queue, '\n')
	line = s.queue[:i]
	s.queue = s.queue[i+1:]
	s.lines--
	return line, true
}

// answer matches a line of the client with the prompt it answers.
func (s *session) answer(c *proto.Conn, k prompt, line []byte) {
	if s.kind != noPrompt || k != noPrompt {
		s.introduce(c, s.prompt)
	}
	switch k {
	case userPrompt:
		s.settle(c, "")
		if len(line) > 0 {
			s.user = append(s.user[:0], line[:min(len(line), maxName)]...)
			s.named = true
		}
		s.userText = append(s.userText[:0], textline.TrimSpace(s.prompt)...)
		return
	case passwordPrompt:
		s.settle(c, "")
		s.passText = append(s.passText[:0], textline.TrimSpace(s.prompt)...)
		s.secret = append(s.secret[:0], line[:min(len(line), maxSecret)]...)
		s.named, s.attempt, s.refused, s.welcomed = false, true, false, false
		s.banner = s.banner[:0]
		return
	}
	if s.attempt {
		s.settle(c, "success") // it may go on at something that is no login prompt
	}
	if k == shellPrompt {
		s.enterShell(c)
	}
	if !s.shell || len(line) == 0 {
		return
	}
	s.finish(c)
	s.running = true
	s.command = append(s.command[:0], line...)
	s.shown = append(s.shown[:0], textline.TrimSpace(s.prompt)...)
	s.output = s.output[:0]
}

// settle ends the attempt that is under way. An empty outcome means that
// nothing is known but what the server's words looked like.
func (s *session) settle(c *proto.Conn, outcome string) {
	if !s.attempt {
		return
	}
	s.attempt = false
	if len(s.user) == 0 && len(s.secret) == 0 && outcome != "success" {
		s.refused, s.welcomed = false, false
		return // somebody pressed return at both prompts
	}
	switch {
	case s.refused:
		outcome = "failure"
	case outcome == "" && s.welcomed:
		outcome = "success"
	case outcome == "":
		outcome = "unknown"
	}
	f := proto.Emit[event.Login](c, event.ToServer)
	f.Service, f.Outcome, f.Clear, f.Mechanism = event.ProtoTelnet, outcome, true, "password"
	f.User = c.String(s.user)
	f.Secret = c.Secret(event.ProtoTelnet, f.User, s.secret)
	clear(s.secret)
	s.secret = s.secret[:0]
	s.refused, s.welcomed = false, false
	if outcome == "success" {
		s.enterShell(c)
	}
}

// enterShell notes that the client is in, and what the server said about it.
func (s *session) enterShell(c *proto.Conn) {
	if s.shell {
		return
	}
	s.shell = true
	f := proto.Emit[event.Telnet](c, event.ToServer)
	f.Event, f.User = "login", c.String(s.user)
	if text := bytes.TrimSpace(s.banner); len(text) > 0 && s.bannered {
		id := proto.Emit[event.Identity](c, event.ToClient)
		id.Source, id.Banner = "telnet.motd", c.Head(text, maxOutput)
	}
	s.banner = s.banner[:0]
}

// introduce makes facts of what the server said before its first prompt.
func (s *session) introduce(c *proto.Conn, prompt []byte) {
	if s.bannered {
		return
	}
	s.bannered = true
	text := bytes.TrimSpace(append(s.banner, prompt...))
	if len(text) == 0 {
		return
	}
	banner := c.Head(text, maxBanner)
	f := proto.Emit[event.Telnet](c, event.ToClient)
	f.Event, f.Banner, f.Prompt = "banner", banner, c.String(textline.TrimSpace(prompt))
	id := proto.Emit[event.Identity](c, event.ToClient)
	id.Source, id.Banner, id.Name = "telnet.banner", banner, c.String(hostOf(prompt))
	s.banner = s.banner[:0]
}

// line takes a whole line of the server.
func (s *session) line(c *proto.Conn, line []byte) {
	s.served = true
	if s.attempt {
		switch verdict(line) {
		case -1:
			s.refused = true
		case 1:
			s.welcomed = true
		}
	}
	if s.running {
		s.write(line)
		return
	}
	if s.lines > 0 && !s.shell {
		s.matchAhead(c, line)
		return
	}
	if s.named && verdict(line) < 0 {
		s.refuseName(c)
	}
	if (!s.bannered || s.attempt) && len(s.banner)+len(line) < maxBanner {
		s.banner = append(append(s.banner, line...), '\n')
	}
}

// write keeps a line of a command's output, without the echo of the command.
func (s *session) write(line []byte) {
	if len(s.output) == 0 && (len(line) == 0 || bytes.HasSuffix(line, s.command)) {
		return
	}
	if len(s.output) >= maxOutput {
		return
	}
	line = line[:min(len(line), max(0, maxOutput-1-len(s.output)))]
	s.output = append(append(s.output, line...), '\n')
}

// refuseName notes that a user name was refused before a password was asked for.
func (s *session) refuseName(c *proto.Conn) {
	s.named = false
	f := proto.Emit[event.Login](c, event.ToServer)
	f.Service, f.Outcome, f.Clear, f.Mechanism = event.ProtoTelnet, "failure", true, "none"
	f.User = c.String(s.user)
}

// matchAhead takes a whole line of the server while lines typed ahead wait for
// their prompts: with or without an echo, "login: root" and "login: " ask for
// the oldest.
func (s *session) matchAhead(c *proto.Conn, line []byte) {
	i := bytes.IndexByte(s.queue, '\n')
	shown := bytes.TrimSuffix(line, s.queue[:max(i, 0)])
	if k := s.asks(shown); k == userPrompt || k == passwordPrompt {
		s.release(c, k, shown)
	}
}

// release answers a prompt with the oldest line typed ahead; what follows in
// a shell are commands, whether the prompts are seen or not.
func (s *session) release(c *proto.Conn, k prompt, shown []byte) {
	s.prompt = append(s.prompt[:0], shown[:min(len(shown), maxPrompt)]...)
	for {
		line, ok := s.next()
		if !ok {
			break
		}
		s.answer(c, k, line)
		s.prompt = s.prompt[:0]
		if !s.shell {
			break
		}
		k = noPrompt
	}
	s.prompt = s.prompt[:0]
}

// waiting looks at the unfinished line after which the server fell silent.
func (s *session) waiting(c *proto.Conn, line []byte) {
	if len(line) == 0 {
		if s.running && len(s.output) >= maxOutput {
			s.finish(c)
		}
		return
	}
	s.served = true
	k := s.asks(line)
	switch k {
	case noPrompt:
		return
	case shellPrompt:
		if s.running {
			s.finish(c)
		}
		if s.attempt {
			s.refused = s.refused && s.shell // "su: incorrect password" leads back to the shell
			s.introduce(c, line)
			s.settle(c, "success")
		} else if s.named {
			s.openDoor(c)
		}
	case userPrompt, passwordPrompt:
		s.introduce(c, line)
		if s.attempt {
			s.settle(c, "failure")
		}
		if s.shell && k == userPrompt {
			s.finish(c)
			s.shell = false // logged out, and asked anew
		}
	}
	if s.lines > 0 {
		s.release(c, k, line)
		s.consumed = true
	}
}

// openDoor notes a login for which no password was asked.
func (s *session) openDoor(c *proto.Conn) {
	s.named = false
	f := proto.Emit[event.Login](c, event.ToServer)
	f.Service, f.Outcome, f.Clear, f.Mechanism = event.ProtoTelnet, "success", true, "none"
	f.User = c.String(s.user)
	s.enterShell(c)
}

// finish makes a fact of the command whose output is done with.
func (s *session) finish(c *proto.Conn) {
	if !s.running {
		return
	}
	s.running = false
	f := proto.Emit[event.Telnet](c, event.ToServer)
	f.Event, f.User = "command", c.String(s.user)
	f.Command, f.Prompt = c.String(s.command), c.String(s.shown)
	f.Output = c.Head(bytes.TrimSpace(s.output), maxOutput)
}

// end makes facts of what is pending. Lines for which no prompt was ever seen
// are those of a session of which one direction is missing: name, password,
// then commands.
func (s *session) end(c *proto.Conn) {
	s.settle(c, "")
	if s.lines >= 2 && !s.served {
		s.release(c, userPrompt, nil)
		s.release(c, passwordPrompt, nil)
		s.settle(c, "unknown")
		s.shell = s.lines > 0
		s.release(c, noPrompt, nil)
	}
	s.finish(c)
}
