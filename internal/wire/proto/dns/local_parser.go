package dns

import (
	"net/netip"
	"slices"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
)

// unicastReply is the bit of a question's class that asks for a unicast answer,
// and of a record's class that flushes caches (RFC 6762 sections 5.4 and 10.2).
const unicastReply = 0x8000

// Limits of the lists in facts about link-local messages.
const (
	maxQueries = 32
	maxTXT     = 64
	maxNames   = 32
)

// localParser makes one fact of each message of a link-local protocol.
type localParser struct {
	proto event.Proto
	told  identity.Once
	good  bool
	bad   uint8
}

// Data takes one message.
func (p *localParser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	c.Message(dir)
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	n, err := Decode(&s.msg, b)
	if err != nil && c.Wire <= len(b) {
		s.malformed(c, p.proto, dir, n, err)
		if p.bad++; !p.good && p.bad > 8 {
			return 0, errNotDNS
		}
	}
	if len(b) < HeaderLen || err != nil && n == HeaderLen {
		return len(b), nil
	}
	p.good = true
	switch p.proto {
	case event.ProtoMDNS:
		p.mdns(c, s, dir)
	case event.ProtoLLMNR:
		p.llmnr(c, s, dir)
	default:
		p.nbns(c, s, dir)
	}
	return len(b), nil
}

// Gap does not happen to datagrams.
func (p *localParser) Gap(*proto.Conn, event.Dir, int) bool { return true }

// End has nothing to do: no message waits for another.
func (p *localParser) End(*proto.Conn) {}

// Reset forgets the flow.
func (p *localParser) Reset() { *p = localParser{proto: p.proto} }

// sender gives the address of the side that sends in direction dir.
func sender(c *proto.Conn, dir event.Dir) netip.Addr {
	if dir == event.ToServer {
		return c.Client
	}
	return c.Server
}

func (p *localParser) mdns(c *proto.Conn, s *scratch, dir event.Dir) {
	m := &s.msg
	f := proto.Emit[event.MDNS](c, dir)
	f.Type = "request"
	f.Queries = slices.Grow(f.Queries, min(len(m.Questions), maxQueries))
	for i := range min(len(m.Questions), maxQueries) {
		f.Queries = append(f.Queries, s.name(c, m.Questions[i].Name))
	}
	// A question may carry records too: what the asker knows already (RFC 6762
	// section 7.1), which says nothing about the asker itself.
	if !m.Flags.Response() {
		return
	}
	f.Type = "response"
	f.Answers = s.answers(c, f.Answers, m.Answers, "")
	f.Answers = s.answers(c, f.Answers, m.Additional, "")
	for _, section := range [][]Record{m.Answers, m.Additional} {
		for i := range section {
			f.TXT = s.txt(c, f.TXT, &section[i])
		}
	}
	var id event.Identity
	describeService(c, s, sender(c, dir), &id)
	id.Source = "mdns.response"
	p.told.Tell(c, dir, &id)
}

// txt appends the strings of a TXT record behind the name of its instance.
func (s *scratch) txt(c *proto.Conn, dst []string, r *Record) []string {
	if r.Type != TypeTXT {
		return dst
	}
	dst = slices.Grow(dst, 4)
	r.Strings(func(text []byte) bool {
		if len(text) == 0 {
			return true
		}
		s.text = append(r.Name.AppendText(s.text[:0]), ": "...)
		s.text = AppendPrintable(s.text, text)
		dst = append(dst, c.Head(s.text, maxData))
		return len(dst) < maxTXT
	})
	return dst
}

func (p *localParser) llmnr(c *proto.Conn, s *scratch, dir event.Dir) {
	m := &s.msg
	f := proto.Emit[event.LLMNR](c, dir)
	f.Type = "request"
	if m.Flags.Response() {
		f.Type = "response"
	}
	if len(m.Questions) > 0 {
		f.RRName, f.RRType = s.name(c, m.Questions[0].Name), s.typ(c, m.Questions[0].Type)
	}
	f.Answers = s.answers(c, f.Answers, m.Answers, f.RRName)
	// Only who answers with its own address speaks of itself.
	if !m.Flags.Response() {
		return
	}
	self := sender(c, dir)
	for i := range m.Answers {
		if a, ok := m.Answers[i].Addr(); ok && a == self.WithZone("") {
			p.told.Tell(c, dir, &event.Identity{Source: "llmnr.response", Name: s.name(c, m.Answers[i].Name)})
			return
		}
	}
}

// nbnsOps are the operations of RFC 1002 section 4.2.1.1.
var nbnsOps = map[uint8]string{
	0: "query", 5: "registration", 6: "release", 7: "wack", 8: "refresh", 9: "refresh", 15: "registration",
}

func (p *localParser) nbns(c *proto.Conn, s *scratch, dir event.Dir) {
	m := &s.msg
	f := proto.Emit[event.NBNS](c, dir)
	f.Op = nbnsOps[m.Flags.Opcode()]
	if m.Flags.Response() {
		if f.Op != "wack" {
			f.Op = "response"
		}
		f.RCode = m.Flags.RCode()
	}
	var name NetBIOS
	switch {
	case len(m.Questions) > 0:
		name, _ = DecodeNetBIOS(m.Questions[0].Name)
	case len(m.Answers) > 0:
		name, _ = DecodeNetBIOS(m.Answers[0].Name)
	}
	s.text = name.AppendText(s.text[:0])
	f.Name, f.Suffix = c.String(s.text), name.Suffix
	claims := m.Additional // of a registration; answers of a response
	if m.Flags.Response() {
		claims = m.Answers
	}
	for i := range claims {
		r := &claims[i]
		switch {
		case r.Type == TypeNB && len(r.Data) >= 6:
			p.claim(c, dir, f, r)
		case r.Type == TypeNBSTAT && m.Flags.Response():
			p.status(c, s, dir, f, r)
		}
	}
}

// claim reads an NB record: flags and address (RFC 1002 section 4.2.2).
func (p *localParser) claim(c *proto.Conn, dir event.Dir, f *event.NBNS, r *Record) {
	if f.Addr.IsValid() {
		return
	}
	f.Addr, _ = netip.AddrFromSlice(r.Data[2:6])
	group := r.Data[0]&0x80 != 0
	own := f.Op == "registration" || f.Op == "refresh" || f.Addr == sender(c, dir)
	if own && !group && (f.Suffix == 0x00 || f.Suffix == 0x20) && f.Name != "" {
		p.told.Tell(c, dir, &event.Identity{Source: "nbns.claim", Name: f.Name})
	}
}

// status reads a node status answer, which names everything its sender is.
func (p *localParser) status(c *proto.Conn, s *scratch, dir event.Dir, f *event.NBNS, r *Record) {
	const digits = "0123456789abcdef"
	host := ""
	NodeNames(r.Data, func(n NodeName) bool {
		s.text = n.AppendText(s.text[:0])
		end := len(s.text)
		s.text = append(s.text, '<', digits[n.Suffix>>4], digits[n.Suffix&15], '>')
		if n.Group {
			s.text = append(s.text, " group"...)
		}
		text := c.String(s.text)
		if host == "" && !n.Group && n.Suffix == 0x00 {
			host = text[:end]
		}
		f.Names = append(f.Names, text)
		return len(f.Names) < maxNames
	})
	if host != "" {
		p.told.Tell(c, dir, &event.Identity{Source: "nbns.status", Name: host})
	}
}
