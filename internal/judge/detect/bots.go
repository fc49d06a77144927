package detect

import (
	"fmt"
	"slices"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	botScore     = 3
	maxBots      = 2048
	keptSessions = 8
)

// bots finds the sessions by which bots are steered: chat channels with
// commands, controllers that show the certificate of their kind, and bare connections with tiny keep-alives of a host that attacks.
type bots struct {
	e     *Engine
	chats *table[chat]
	bare  *table[bareSessions]
}

// chat is an IRC session.
type chat struct {
	pin
	score    int
	nick     string
	commands wordSet
	odd      bool
}

// bareSessions are a device's connections that may be a bot's.
type bareSessions struct {
	kept []bareSession
	next int
}

type bareSession struct {
	s     sight
	fact  event.Fact
	tempo event.Tempo
	data  uint64
	age   int64
	done  bool
}

func newBots(e *Engine) *bots {
	return &bots{e: e, chats: newTable[chat](maxBots), bare: newTable[bareSessions](maxBots)}
}

func (b *bots) kinds() []event.Kind {
	return []event.Kind{event.KindIRC, event.KindTLS, event.KindFlow}
}

func (b *bots) fact(s *sight) {
	switch body := s.Body.(type) {
	case *event.IRC:
		b.irc(s, body)
	case *event.TLS:
		b.certificate(s, body)
	case *event.Flow:
		b.flow(s, body)
	}
}

// controllerNames are the common names in the certificates that programs for
// the remote control of other people's machines make for their controllers,
// as long as nobody changes them.
var controllerNames = []string{
	"AsyncRAT Server", "DcRat", "DcRat Server", "Quasar Server CA", "VenomRAT Server", "Venom Server", "Orcus Server", "BitRAT", "Major Cobalt Strike", "MetasploitSelfSignedCA",
}

// certificate finds controllers by the certificate that came with the program.
func (b *bots) certificate(s *sight, t *event.TLS) {
	if !t.SelfSigned && t.Issuer != t.Subject {
		return
	}
	_, name, ok := strings.Cut(t.Subject, "CN=")
	if name, _, _ = strings.Cut(name, ","); !ok || !slices.Contains(controllerNames, name) {
		return
	}
	client, server := &s.src, &s.dst
	if !client.home && server.home {
		client, server = server, client
	}
	rec := b.e.reportAt("c2.bot-session", s, client, at(s.Dst, s.DstPort))
	if rec.isNew() {
		from, to, named := s.Src, endpoint(s.Dst, s.DstPort), strings.Clone(name)
		rec.tell = func() string {
			return fmt.Sprintf("%s connected to %s, whose certificate is the one that the controller of a remote access trojan makes for itself (%s).", from, to, named)
		}
	}
	rec.grade(ident.High, 0.95)
	rec.peer(server)
	rec.show(b.e, s, "certificate of a controller")
	rec.add(&b.e.ledger, s.when, 1)
}

// close decides on sessions that ended before their host was known to attack.
func (b *bots) close() {
	b.bare.each(func(_ uint64, k *bareSessions) { b.decide(k) })
}

func (b *bots) irc(s *sight, m *event.IRC) {
	client, server := s.src, s.dst
	if !client.home && server.home {
		client, server = server, client
	}
	c := b.chats.make(mix(mix(hostKey(s.Place, client.addr), addrKey(server.addr)), 6667))
	switch m.Command {
	case "NICK", "USER":
		if m.Nick != "" && c.nick == "" {
			c.nick = clip(m.Nick, 40)
		}
		if !c.odd && botNick(m.Nick) {
			c.odd = true
			c.score += 2
		}
	case "PRIVMSG", "TOPIC", "NOTICE", "332":
		if w := botCommand(m.Text); w != "" {
			c.score += 3
			c.commands.add(w)
		}
	}
	if c.score < botScore {
		return
	}
	rec := b.e.reportAt("c2.bot-session", s, &client, by(&server))
	if rec.isNew() {
		c.keep()
		to := server.String()
		rec.tell = func() string {
			t := fmt.Sprintf("%s takes part in an IRC chat on %s", rec.address, to)
			if c.nick != "" {
				t += fmt.Sprintf(" under the name %q", c.nick)
			}
			if len(c.commands.words) > 0 {
				t += " where commands for bots are given (" + c.commands.String() + ")"
			}
			return t + "."
		}
	}
	rec.peer(&server)
	rec.show(b.e, s, m.Command+" in an IRC session")
	rec.add(&b.e.ledger, s.when, 1)
}

// botNick finds names that a program made: a tag in brackets or parted by
// bars, and a number.
func botNick(nick string) bool {
	if len(nick) < 6 {
		return false
	}
	digits, marks := 0, 0
	for i := 0; i < len(nick); i++ {
		switch c := nick[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '[' || c == ']' || c == '|' || c == '{' || c == '}':
			marks++
		}
	}
	return marks >= 2 && digits >= 3 || digits >= 6 && digits*2 >= len(nick)
}

// botVerbs are what bots of many families are told to do.
var botVerbs = map[string]bool{
	"scan": true, "scanner": true, "udp": true, "udpflood": true, "tcp": true, "tcpflood": true, "syn": true, "synflood": true, "ack": true, "std": true, "junk": true, "hold": true, "http": true, "httpflood": true,
	"flood": true, "ddos": true, "spoofs": true, "pan": true, "killattk": true, "killall": true, "lolnogtfo": true, "getspoofs": true, "getlocalip": true, "download": true, "update": true, "exec": true, "sh": true,
	"visit": true, "spread": true, "login": true, "die": true, "disable": true, "enable": true, "server": true, "nick": true, "randnick": true, "cback": true, "tsunami": true, "unknown": true, "cmd": true, "clone": true,
	"advscan": true, "asc": true, "ntscan": true, "wipe": true, "reboot": true, "uninstall": true, "upgrade": true, "install": true, "telnet": true, "ssh": true, "stop": true, "vision": true, "xmas": true, "cnc": true,
}

// botCommand gives the verb of a chat line that is a command for bots: a mark
// such as ! or . or *, a verb, and mostly arguments.
func botCommand(text string) string {
	text = strings.TrimSpace(text)
	if len(text) < 3 {
		return ""
	}
	switch text[0] {
	case '!', '.', '@', '*', '~', '-', '$', '>':
	default:
		return ""
	}
	f := strings.Fields(strings.TrimLeft(text, "!.@*~-$> "))
	if len(f) == 0 {
		return ""
	}
	if botVerbs[strings.ToLower(strings.TrimLeft(f[0], "!.@*"))] {
		return f[0]
	}
	if len(f) > 1 && text[0] == '!' && f[0] == "*" && botVerbs[strings.ToLower(f[1])] { // Gafgyt: "!* SCANNER ON"
		return f[1]
	}
	return ""
}

// flow keeps connections that look like a bot's: long enough, nearly silent,
// with tiny messages in both directions, in no known protocol, to an outside
// address that nobody looked up.
func (b *bots) flow(s *sight, f *event.Flow) {
	if s.Transport != protoTCP || !s.src.home || s.dst.home || s.group || f.DataToServer == 0 || f.DataToServer+f.DataToClient > 64<<10 {
		return
	}
	switch f.AppProto {
	case event.ProtoUnknown, event.ProtoTelnet, event.ProtoIRC:
	default:
		return
	}
	age := f.End - f.Start
	tempo := f.Tempo
	if tempo.Bursts == 0 && f.Origin != "" && age >= 10*minute { // logs do not tell the rhythm, but how much was said in how many packets
		half := f.PktsToServer / 2 // the others acknowledge what comes
		tempo.Bursts, tempo.Bytes = uint32(min(half, 1<<31)), uint32(min(f.DataToServer/max(half, 1), 1<<31))
	}
	if age < 10*second || tempo.Bursts < 2 || tempo.Bytes > 128 || f.DataToServer/uint64(tempo.Bursts) > 128 {
		return
	}
	k := b.bare.make(hostKey(s.Place, s.Src))
	kept := bareSession{s: *s, fact: *s.Fact, tempo: tempo, data: f.DataToServer + f.DataToClient, age: age}
	kept.fact.Body = (*event.Flow)(nil)
	if len(k.kept) < keptSessions {
		k.kept = append(k.kept, kept)
	} else {
		k.kept[k.next] = kept
		k.next = (k.next + 1) % keptSessions
	}
	b.decide(k)
}

// attacks are the findings about a host that make a silent connection of it
// suspicious.
var attacks = []string{
	"recon.stateless-scan", "infection.self-propagation", "dos.flood-out", "infection.loader", "credential.guessed", "recon.horizontal-scan", "credential.guessing", "infection.payload-download",
}

func (b *bots) decide(k *bareSessions) {
	for i := range k.kept {
		c := &k.kept[i]
		if c.done {
			continue
		}
		c.s.Fact = &c.fact
		why := ""
		for _, check := range attacks {
			if r := b.e.hadWithin(check, &c.s, &c.s.src, c.age); r != nil {
				why = r.book.Title
				break
			}
		}
		if why == "" {
			continue
		}
		c.done = true
		named := b.e.names.known(c.s.Place, c.s.Dst)
		rec := b.e.reportAt("c2.bot-session", &c.s, &c.s.src, at(c.s.Dst, c.s.DstPort))
		if rec.isNew() {
			if named {
				rec.rate(ident.Medium, 0.6)
			}
			to := b.e.named(c.s.Place, c.s.Dst)
			kept := *c
			rec.tell = func() string {
				return fmt.Sprintf("%s, about which there is the finding %q, kept a connection to %s port %d open for %s and sent %s of about %s each, in no known protocol that devices use.",
					rec.address, why, to, kept.fact.DstPort, span(kept.age), count(kept.tempo.Bursts, "message"), count(kept.tempo.Bytes, "byte"))
			}
		}
		rec.peer(&c.s.dst)
		rec.show(b.e, &c.s, "connection with tiny keep-alives")
		rec.add(&b.e.ledger, c.s.when, uint64(c.tempo.Bursts))
		rec.until(c.s.when + c.age)
	}
}
