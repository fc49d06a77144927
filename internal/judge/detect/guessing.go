package detect

import (
	"fmt"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	guessSpan    = 60 * second
	guessLimit   = 8 // failed logins of one source within the span
	slowSpan     = 10 * minute
	slowLimit    = 24 // the same for a source that takes its time
	crowdedLimit = 40 // failed logins on one server from anywhere within the span
	guessedAfter = 3  // failures of the same source on the same server before a success
	guessedSpan  = 30 * minute
	offerSpan    = 200 * second / 1000
	maxGuessers  = 4096
)

// guessing finds password guessing in whatever protocol, and its success.
type guessing struct {
	e       *Engine
	sources [2]*table[guesser]
	pairs   *table[guessPair]
	servers *table[guessServer]
	flows   *table[guessedAt]
	told    [2]uint64     // flow and packet of the last refusal that a status told
	offers  *table[int64] // when an SSH connection was last refused something, by flow
	sealed  *table[bool]  // SSH connections whose outcome their packets' lengths do not tell, by flow
}

// guesser is what is remembered of one host that fails to log in.
type guesser struct {
	pin
	recent  burst
	slow    meter
	tried   distinct // different pairs of user and secret
	users   wordSet
	nUsers  distinct
	servers wordSet
	total   uint64
	unknown uint64 // of these, attempts whose outcome could not be seen
}

// guessPair is what is remembered of one source and one server.
type guessPair struct {
	failed  uint64
	secrets distinct // those that could be told apart
	last    int64
	first   int64
	service event.Proto
	marks   []mark
}

// guessServer is what is remembered of one server.
type guessServer struct {
	pin
	failed  meter
	sources distinct
}

func newGuessing(e *Engine) *guessing {
	g := &guessing{e: e, pairs: newTable[guessPair](maxGuessers), servers: newTable[guessServer](maxHosts), flows: newTable[guessedAt](maxGuessers),
		offers: newTable[int64](maxGuessers), sealed: newTable[bool](maxGuessers)}
	for i := range g.sources {
		g.sources[i] = newTable[guesser](maxGuessers)
	}
	return g
}

func (g *guessing) kinds() []event.Kind {
	return []event.Kind{event.KindLogin, event.KindSMB, event.KindKRB5, event.KindVNC, event.KindSSH, event.KindFlow}
}

func (g *guessing) close() {}

// status takes a login that the status of an answer refused. Packets tell of
// it by a login as well, which then counts no more; logs do not.
func (g *guessing) status(s *sight, service event.Proto, user string) {
	g.told = [2]uint64{s.Flow, s.Packet}
	g.attempt(s, attempt{service: service, user: user, outcome: "failure", count: 1})
}

// offered reports whether a refusal follows another in the same SSH connection
// so quickly that no password can have been checked in between: a client
// offers the keys that it has.
func (g *guessing) offered(s *sight, b *event.Login) bool {
	if b.Outcome != "failure" || s.Flow == 0 {
		return false
	}
	last := g.offers.make(s.Flow)
	again := *last != 0 && near(*last, s.when, offerSpan)
	*last = s.when
	return again
}

// attempt is one login, whatever protocol it came by.
type attempt struct {
	service event.Proto
	user    string
	secret  uint64 // hash of the secret, 0 when it was not seen
	outcome string
	count   uint64
}

func (g *guessing) fact(s *sight) {
	switch b := s.Body.(type) {
	case *event.Flow:
		g.flow(s, b)
	case *event.SSH:
		if b.Auth == "unknown" {
			*g.sealed.make(s.Flow) = true
		}
	case *event.Login:
		if b.Service == event.ProtoDICOM || b.Service == event.ProtoDHCP || b.Service == event.ProtoSSH && g.offered(s, b) {
			return
		}
		if b.Outcome != "success" && (b.Mechanism == "anonymous" || g.told == [2]uint64{s.Flow, s.Packet} && s.Flow != 0) {
			return // nobody's password, or what the answer's status told already
		}
		a := attempt{service: b.Service, user: b.User, outcome: b.Outcome, count: max(1, uint64(b.Count))}
		if b.Secret.Seen && !strings.EqualFold(b.Mechanism, "digest") {
			a.secret = b.Secret.Hash | 1 // what a digest shows differs each time
		}
		g.attempt(s, a)
	case *event.SMB:
		if b.StatusNum == 0xc000006d || b.StatusNum == 0xc000006a || b.StatusNum == 0xc0000064 {
			g.status(s, event.ProtoSMB, b.User)
		}
	case *event.KRB5:
		// Only wrong secrets and unknown names: other errors are how Kerberos works.
		if b.ErrorCode == "KDC_ERR_PREAUTH_FAILED" || b.ErrorCode == "KDC_ERR_C_PRINCIPAL_UNKNOWN" {
			g.status(s, event.ProtoKerberos, b.Client)
		}
	case *event.VNC:
		if b.Result == "failed" || b.Result == "failure" {
			g.attempt(s, attempt{service: event.ProtoVNC, outcome: "failure", count: 1})
		}
	}
}

func (g *guessing) attempt(s *sight, a attempt) {
	pairKey := mix(mix(hostKey(s.Place, s.Src), addrKey(s.Dst)), uint64(a.service))
	if a.outcome == "success" {
		g.success(s, a, g.pairs.get(mix(hostKey(s.Place, s.Src), addrKey(s.Dst))), g.pairs.get(pairKey))
		return
	}
	gs := g.sources[side(s.src.home)].make(hostKey(s.Place, s.Src))
	// A client that merely keeps a wrong password asks with the same one.
	tried := mix(textKey(a.user), a.secret)
	if a.secret == 0 {
		tried = mix(textKey(a.user), uint64(s.when))
		for i := range min(a.count, guessLimit) - 1 {
			gs.tried.add(mix(tried, i))
		}
	}
	gs.tried.add(tried)
	gs.users.add(a.user)
	gs.nUsers.add(textKey(a.user))
	gs.servers.add(s.Dst.String())
	gs.total += a.count
	if a.outcome != "failure" {
		gs.unknown += a.count
	}
	n := 0
	for i := range min(a.count, guessLimit) {
		n = gs.recent.add(s, mix(mix(s.Packet, s.Flow), mix(uint64(s.when), i)), guessSpan)
	}
	slow := gs.slow.add(s.when, slowSpan, a.count, 0)

	for _, k := range []uint64{pairKey, mix(hostKey(s.Place, s.Src), addrKey(s.Dst))} {
		p := g.pairs.make(k)
		if !near(p.last, s.when, guessedSpan) {
			*p = guessPair{first: s.when}
		}
		p.failed += a.count
		if a.secret != 0 {
			p.secrets.add(tried)
		}
		p.last, p.service = max(p.last, s.when), a.service
		if len(p.marks) == guessLimit {
			p.marks = append(p.marks[:0], p.marks[1:]...)
		}
		p.marks = append(p.marks, mark{time: s.when, packet: s.Packet, capture: s.Capture})
	}

	sv := g.servers.make(mix(hostKey(s.Place, s.Dst), uint64(a.service)))
	sv.sources.add(addrKey(s.Src))
	crowded := sv.failed.add(s.when, guessSpan, a.count, 0) >= crowdedLimit && sv.sources.count() >= 5
	switch {
	case n >= guessLimit || slow >= slowLimit:
		g.report(s, a, gs)
	case crowded:
		g.reportServer(s, a, sv)
	}
}

func (g *guessing) report(s *sight, a attempt, gs *guesser) {
	about, other := s.culprit()
	rec := g.e.report("credential.guessing", s, about, a.service.String())
	if rec == nil {
		return
	}
	n := a.count
	if rec.isNew() {
		gs.keep()
		rec.acting = about == &s.src
		rec.since(gs.recent.marks, guessSpan)
		rec.trail(g.e, gs.recent.marks, "login that failed", false)
		n = max(n, uint64(len(gs.recent.marks)))
		about, service, src := about.String(), a.service, s.Src
		acting := rec.acting
		rec.tell = func() string {
			whose := ""
			if k := gs.nUsers.count(); k > 0 && len(gs.users.words) > 0 {
				whose = fmt.Sprintf(" for %s (%s)", count(k, "user name"), gs.users.String())
			}
			outcome := "failed"
			if gs.unknown*2 > gs.total {
				outcome = "were tried, with no sign of success"
			}
			if acting {
				return fmt.Sprintf("%d logins by %s from %s to %s%s %s within %s.", rec.n, service, about, gs.servers.String(), whose, outcome, span(rec.last-rec.first))
			}
			return fmt.Sprintf("%d logins by %s on %s%s %s within %s; %s made the last.", rec.n, service, about, whose, outcome, span(rec.last-rec.first), src)
		}
	}
	switch distinctTries := gs.tried.count(); {
	case distinctTries < 2:
		if rec.isNew() {
			rec.rate(ident.Low, 0.4)
			rec.title = "The same wrong password again and again"
		}
	case gs.unknown*2 > gs.total:
		rec.title = ""
		rec.rate(ident.Medium, 0.6)
	default:
		rec.title = ""
		rec.grade(ident.Medium, 0.9)
	}
	rec.peer(other)
	rec.add(&g.e.ledger, s.when, n)
}

// reportServer reports guessing that comes from many sources.
func (g *guessing) reportServer(s *sight, a attempt, sv *guessServer) {
	rec := g.e.report("credential.guessing", s, &s.dst, a.service.String())
	if rec.isNew() {
		sv.keep()
		service := a.service
		rec.tell = func() string {
			return fmt.Sprintf("%d logins by %s on %s failed within %s, from %s.", rec.n, service, rec.address, span(rec.last-rec.first), count(sv.sources.count(), "source"))
		}
	}
	rec.peer(&s.src)
	rec.show(g.e, s, "login that failed")
	rec.add(&g.e.ledger, s.when, a.count)
}

// guessed reports whether the failures before a success at time t came as
// quickly as guessing does: several different secrets within two minutes, or
// very many within ten.
func (p *guessPair) guessed(t int64) bool {
	if p == nil {
		return false
	}
	n := len(p.marks)
	return n >= guessedAfter && p.secrets.count() >= 2 && near(p.marks[n-guessedAfter].time, t, 2*guessSpan) ||
		n >= guessLimit && near(p.marks[n-guessLimit].time, t, slowSpan) || p.failed >= crowdedLimit && near(p.last, t, slowSpan)
}

// success judges a login that worked by what went before it.
func (g *guessing) success(s *sight, a attempt, any, same *guessPair) {
	p := same
	if p == nil || p.failed < guessedAfter {
		p = any // a worm may fail on one port of the device and get in by another
	}
	guessed := p.guessed(s.when)
	if !guessed {
		// Who guesses elsewhere and gets in here at once has guessed, too.
		if g.e.has("credential.guessing", s, &s.src) == nil || !interactive(a.service) && (p == nil || p.failed == 0) {
			if p != nil {
				*p = guessPair{} // somebody who mistyped
			}
			return
		}
	}
	rec := g.e.report("credential.guessed", s, &s.dst, a.service.String())
	if rec.isNew() {
		if p != nil {
			rec.trail(g.e, p.marks[:min(len(p.marks), 5)], "login that failed", false)
		}
		failed := uint64(0)
		if p != nil {
			failed = p.failed
		}
		user, src, service := a.user, s.Src, a.service
		if user != "" {
			user = " as " + clip(user, 40)
		}
		sure := failed >= guessLimit || g.e.has("credential.guessing", s, &s.src) != nil
		if !sure {
			rec.rate(ident.High, 0.65)
		}
		rec.tell = func() string {
			before := "after guessing on other hosts"
			if failed > 0 {
				before = "after " + count(failed, "failed attempt")
			}
			return fmt.Sprintf("%s logged in to %s by %s%s at %s, %s.", src, rec.address, service, user, clock(rec.first), before)
		}
	}
	rec.peer(&s.src)
	rec.show(g.e, s, "login that succeeded")
	rec.add(&g.e.ledger, s.when, 1)
}
