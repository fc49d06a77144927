package detect

import (
	"fmt"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	clickSpan   = 60 * second
	clickLimit  = 30 // like requests within the span
	clickAgents = 4  // different browsers that one machine claims to be
	spamSpan    = 10 * minute
	spamServers = 5  // distinct outside mail servers
	spamMails   = 20 // mails
	maxAbusers  = 4096
)

// abuse finds devices that work for somebody else: mining, clicks, mail.
type abuse struct {
	e       *Engine
	clicks  *table[clicker]
	mailers *table[mailer]
}

// clicker is what is remembered of one host's requests that look like clicks.
type clicker struct {
	pin
	start    int64
	n        uint64
	clicks   uint64
	agents   distinct
	referers distinct
	pages    distinct
	sites    wordSet
	marks    []mark
}

// mailer is what is remembered of one host that delivers mail.
type mailer struct {
	pin
	servers crowd
	mails   meter
	to      uint64
	refused uint64
}

func newAbuse(e *Engine) *abuse {
	return &abuse{e: e, clicks: newTable[clicker](maxAbusers), mailers: newTable[mailer](maxAbusers)}
}

func (a *abuse) kinds() []event.Kind {
	return []event.Kind{event.KindMining, event.KindP2P, event.KindHTTP, event.KindSMTP, event.KindTLS, event.KindDNS, event.KindFlow}
}

func (a *abuse) close() {}

func (a *abuse) fact(s *sight) {
	switch b := s.Body.(type) {
	case *event.Mining:
		a.mining(s, b)
	case *event.P2P:
		for _, p := range []string{"bitcoin", "ethereum", "monero"} {
			if strings.HasPrefix(b.Protocol, p) {
				a.coin(s, p)
			}
		}
	case *event.TLS:
		a.pool(s, b.SNI, "opened a TLS connection to", 0.6)
	case *event.DNS:
		if b.Answered && b.RCodeNum == 0 {
			a.pool(s, b.RRName, "looked up", 0.4)
		}
	case *event.HTTP:
		a.pool(s, b.Host, "sent a request to", 0.6)
		a.click(s, b)
	case *event.SMTP:
		a.mail(s, uint64(max(b.Recipients, 1)), uint64(b.Rejected))
	case *event.Flow:
		if s.Transport == protoTCP && (s.DstPort == 25 || b.AppProto == event.ProtoSMTP) && !s.dst.home && s.src.home {
			a.deliver(s, uint64(b.Aggregated)+1)
		}
	}
}

func (a *abuse) mining(s *sight, b *event.Mining) {
	about, other := s.culprit()
	if s.SrcPort < s.DstPort && strings.HasPrefix(b.Method, "mining.notify") && s.dst.home {
		about, other = &s.dst, &s.src // told by the pool
	}
	rec := a.e.reportAt("abuse.mining", s, about, by(other))
	if rec.isNew() {
		to, proto := endpoint(s.Dst, s.DstPort), clip(b.Protocol, 30)
		if other == &s.src {
			to = endpoint(s.Src, s.SrcPort)
		}
		methods := &wordSet{}
		agent, algo := clip(b.Agent, 40), clip(b.Algorithm, 30)
		rec.memory = methods
		rec.tell = func() string {
			t := fmt.Sprintf("%s speaks the mining protocol %s with %s (%s)", rec.address, proto, to, methods.String())
			if agent != "" {
				t += ", by the program " + agent
			}
			if algo != "" {
				t += ", algorithm " + algo
			}
			return t + "."
		}
	}
	if rec != nil {
		if m, ok := rec.memory.(*wordSet); ok {
			m.add(b.Method)
		}
	}
	if strings.Contains(b.Method, "submit") || b.Accepted {
		rec.grade(ident.High, 0.97)
	} else {
		rec.grade(ident.Medium, 0.9)
	}
	rec.peer(other)
	if rec.wants(s) {
		rec.show(a.e, s, "mining message "+b.Method)
	}
	rec.add(&a.e.ledger, s.when, 1)
}

// coin notes that a device is a node of a cryptocurrency's network. That is
// not mining, but nobody set up a camera for it.
func (a *abuse) coin(s *sight, protocol string) {
	about, other := s.culprit()
	rec := a.e.report("abuse.mining", s, about, protocol)
	if rec.isNew() {
		rec.rate(ident.Low, 0.5)
		if singlePurpose(a.e.host(s.Place, about).Type) {
			rec.rate(ident.High, 0.85)
		}
		rec.title = "Node of a cryptocurrency network"
		p := strings.Clone(protocol)
		rec.tell = func() string {
			return fmt.Sprintf("%s takes part in the %s network with %s.", rec.address, p, count(max(rec.peerSet.count(), 1), "peer"))
		}
	}
	rec.peer(other)
	if rec.wants(s) {
		rec.show(a.e, s, protocol+" message")
	}
	rec.add(&a.e.ledger, s.when, 1)
}

// poolWords are parts of names under which mining pools and miners in web
// pages are reached, where the connection itself cannot be read.
var poolWords = words(
	"coinhive", "coin-hive", "authedmine", "cryptoloot", "crypto-loot", "minexmr", "nanopool", "supportxmr", "xmrpool", "moneropool", "monerohash", "moneroocean", "nicehash", "ethermine", "f2pool", "hashvault",
	"2miners", "bitminter", "slushpool", "antpool", "minergate", "dwarfpool", "herominers", "unmineable", "webmine", "jsecoin", "miningpool", "mining-pool", "stratum.", "xmr.", "viabtc", "flypool", "sparkpool",
)

func (a *abuse) pool(s *sight, name, did string, conf float64) {
	if len(name) < 5 || !poolWords.inFold(name) {
		return
	}
	about := &s.src
	if s.Kind() == event.KindDNS {
		about, _ = s.asker()
	}
	if !about.home {
		return
	}
	rec := a.e.report("abuse.mining", s, about, registered(name))
	if rec.isNew() {
		rec.rate(ident.Low, conf)
		n := clip(name, 80)
		rec.tell = func() string {
			return fmt.Sprintf("%s %s %s, whose name is that of a mining pool or of a miner in web pages.", rec.address, did, n)
		}
	}
	if conf > 0.5 {
		rec.grade(ident.Medium, conf)
	}
	rec.peer(&s.dst)
	if rec.wants(s) {
		rec.show(a.e, s, did+" "+name)
	}
	rec.add(&a.e.ledger, s.when, 1)
}

// click counts requests that pretend to be clicks: like pages with ever new
// parameters, from browsers that change too quickly for one person.
func (a *abuse) click(s *sight, b *event.HTTP) {
	if b.Method != "GET" || !s.src.home || s.group || b.XForwarded != "" || b.Via != "" {
		return
	}
	path, query, ok := strings.Cut(b.URL, "?")
	if !ok {
		return
	}
	c := a.clicks.make(hostKey(s.Place, s.Src))
	if c.n == 0 || !near(c.start, s.when, clickSpan) {
		*c = clicker{pin: c.pin, start: s.when}
	}
	c.n++
	c.agents.add(textKey(b.UserAgent))
	c.pages.add(mix(textKey(path), 1))
	if b.Referer != "" {
		c.referers.add(textKey(b.Referer))
	}
	if adWords.inFold(path) || adWords.inFold(query) {
		c.clicks++
		c.sites.add(b.Host)
	}
	if len(c.marks) < 8 {
		c.marks = append(c.marks, mark{time: s.when, packet: s.Packet, capture: s.Capture})
	}
	alike := uint64(c.pages.count())*10 <= c.n
	faces := c.agents.count() >= clickAgents
	if c.n < clickLimit || !alike || c.clicks*2 < c.n || !faces && c.n < 3*clickLimit {
		return
	}
	rec := a.e.report("abuse.click-fraud", s, &s.src, "")
	n := uint64(1)
	if rec.isNew() {
		c.keep()
		n = c.n
		rec.since(c.marks, clickSpan)
		rec.trail(a.e, c.marks, "request that looks like a click", false)
		rec.tell = func() string {
			return fmt.Sprintf("%s sent %s with parameters that always differ for %s, claiming to be %s and to come from %s, to %s, within %s.",
				rec.address, count(rec.n, "request"), count(c.pages.count(), "page"), count(c.agents.count(), "different browser"), count(c.referers.count(), "different page"), c.sites.String(), span(rec.last-rec.first))
		}
		if faces && c.referers.count() >= clickAgents {
			rec.rate(ident.High, 0.85)
		}
	}
	rec.peer(&s.dst)
	rec.add(&a.e.ledger, s.when, n)
}

// adWords are what paths and parameters of advertisements are called.
var adWords = words("click", "adid", "ad=", "ads", "advert", "banner", "campaign", "affiliate", "aff_", "pub=", "pubid", "creative", "impression", "track", "redirect", "cpc", "utm_", "clk", "bid=")

// mail counts mails, deliver counts connections to outside mail servers.
func (a *abuse) mail(s *sight, recipients, refused uint64) {
	if !s.src.home || s.dst.home {
		return
	}
	m := a.mailers.make(hostKey(s.Place, s.Src))
	m.to += recipients
	m.refused += refused
	servers := m.servers.meet(s, s.Dst, spamSpan, s.DstPort)
	mails := m.mails.add(s.when, spamSpan, 1, 0)
	if servers >= spamServers || mails >= spamMails || m.refused >= 10 && mails >= 5 {
		a.spam(s, m, 1)
	}
}

func (a *abuse) deliver(s *sight, n uint64) {
	m := a.mailers.make(hostKey(s.Place, s.Src))
	if m.servers.meet(s, s.Dst, spamSpan, s.DstPort) >= 2*spamServers {
		a.spam(s, m, n)
	}
}

func (a *abuse) spam(s *sight, m *mailer, n uint64) {
	rec := a.e.report("abuse.spam", s, &s.src, "")
	if rec.isNew() {
		m.keep()
		rec.since(m.servers.marks, spamSpan)
		m.servers.join(rec)
		rec.tell = func() string {
			return fmt.Sprintf("%s delivered mail to %s directly, %s with %s, %d of which were refused, within %s.",
				rec.address, count(max(rec.peerSet.count(), 1), "mail server"), count(rec.n, "time"), count(m.to, "recipient"), m.refused, span(rec.last-rec.first))
		}
	}
	rec.peer(&s.dst)
	rec.show(a.e, s, "mail delivery")
	rec.add(&a.e.ledger, s.when, n)
}
