package detect

import (
	"fmt"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	dgaSpan   = 5 * minute
	dgaLimit  = 8 // distinct made-up domains that do not exist
	torLimit  = 3 // distinct made-up server names that nobody looked up
	maxLosers = 4096
)

// dga finds names that a generator made: many that do not exist, each under
// a domain of its own.
type dga struct {
	e     *Engine
	hosts *table[nameLoser]
}

// nameLoser is what is remembered of one host's failed names.
type nameLoser struct {
	pin
	madeUp burst // domains that look made up
	all    burst // all domains that do not exist
	sni    burst // made-up server names in TLS without a lookup
	shown  wordSet
	snis   wordSet
}

func newDGA(e *Engine) *dga { return &dga{e: e, hosts: newTable[nameLoser](maxLosers)} }

func (d *dga) kinds() []event.Kind { return []event.Kind{event.KindDNS, event.KindTLS} }

func (d *dga) close() {}

// asker gives who asked a DNS question and whom; an answer that nobody asked
// for comes from the server.
func (s *sight) asker() (client, server *actor) {
	if s.SrcPort == 53 && s.DstPort != 53 {
		return &s.dst, &s.src
	}
	return &s.src, &s.dst
}

func (d *dga) fact(s *sight) {
	switch b := s.Body.(type) {
	case *event.DNS:
		d.dns(s, b)
	case *event.TLS:
		d.tls(s, b)
	}
}

func (d *dga) dns(s *sight, b *event.DNS) {
	if b.RCodeNum != 3 || !b.Answered && !b.Unasked || !strings.Contains(b.RRName, ".") || localName(b.RRName) {
		return
	}
	client, _ := s.asker()
	domain := registered(b.RRName)
	label, _, _ := strings.Cut(domain, ".")
	if isUUID(label) {
		return // generated, but by the program that tests whether names are made up for it
	}
	h := d.hosts.make(hostKey(s.Place, client.addr))
	key := textKey(domain)
	all := h.all.add(s, key, dgaSpan)
	odd := gibberish(label)
	n := 0
	if odd >= 2 {
		n = h.madeUp.add(s, key, dgaSpan)
		h.shown.add(domain)
	}
	extreme := odd >= 4
	if n < dgaLimit && !extreme || n < all/2 {
		return
	}
	rec := d.e.report("c2.dga", s, client, "")
	if rec == nil {
		return
	}
	m := uint64(1)
	if rec.isNew() {
		h.keep()
		if n < dgaLimit {
			rec.rate(ident.Low, 0.35)
		}
		rec.since(h.madeUp.marks, dgaSpan)
		m = max(m, uint64(n))
		rec.tell = func() string {
			return fmt.Sprintf("%s asked for %s that do not exist and look made up by a generator, such as %s, within %s.", rec.address, count(rec.n, "name"), h.shown.String(), span(rec.last-rec.first))
		}
	}
	if n >= dgaLimit {
		rec.grade(ident.Medium, 0.8)
	}
	if n >= 3*dgaLimit {
		rec.grade(ident.High, 0.9)
	}
	_, server := s.asker()
	rec.peer(server)
	if rec.wants(s) {
		rec.show(d.e, s, "no such name: "+clip(b.RRName, 100))
	}
	rec.add(&d.e.ledger, s.when, m)
}

// tls finds the server names that Tor makes up for its connections.
// isUUID reports whether a label is a UUID (RFC 9562 section 4).
func isUUID(label string) bool {
	if len(label) != 36 {
		return false
	}
	for i := range len(label) {
		c := label[i] | 0x20
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (label[i] == '-') || !dash && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func (d *dga) tls(s *sight, b *event.TLS) {
	if !s.src.home || s.dst.home || b.SNI == "" || !strings.HasPrefix(b.SNI, "www.") {
		return
	}
	label := strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(b.SNI, "www."), ".com"), ".net")
	if strings.Contains(label, ".") || gibberish(label) < 1 || !d.e.names.is(s.Place, s.Dst, b.SNI) {
		return // looked up under another name before
	}
	h := d.hosts.make(hostKey(s.Place, s.Src))
	h.snis.add(b.SNI)
	if h.sni.add(s, textKey(label), hour) < torLimit {
		return
	}
	rec := d.e.report("c2.peer-to-peer", s, &s.src, "tor")
	if rec.isNew() {
		h.keep()
		rec.title = "Tor"
		rec.since(h.sni.marks, hour)
		rec.tell = func() string {
			return fmt.Sprintf("%s opened TLS connections to made-up server names (%s) at addresses that nobody looked up, as Tor does.", rec.address, h.snis.String())
		}
	}
	rec.peer(&s.dst)
	if rec.wants(s) {
		rec.show(d.e, s, "TLS handshake with "+clip(b.SNI, 80))
	}
	rec.add(&d.e.ledger, s.when, 1)
}

// localName reports whether a name belongs to no registry.
func localName(name string) bool {
	name = strings.TrimSuffix(name, ".")
	for _, end := range []string{".arpa", ".local", ".lan", ".home", ".internal", ".localdomain", ".corp", ".intranet", ".test", ".invalid", ".workgroup", ".fritz.box", ".example"} {
		if len(name) > len(end) && strings.EqualFold(name[len(name)-len(end):], end) {
			return true
		}
	}
	return false
}

// commonPairs are the pairs of letters that make up most of English, Romance,
// Germanic and Slavic words and of brand names.
var commonPairs = func() (t [26 * 26]bool) {
	const pairs = "th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri ro ic ne ea ra ce li ch ll be ma si om ur ca el ta la ns di fo ho pe ec pr no ct us ac ot il tr ly nc et ut ss so rs un lo wa ge ie wh ee wi em ad ol rt po we na ul ni ts mo ow pa im mi ai sh ir su id os iv ia am fi ci vi pl ig tu ev ld ry mp fe bl ab gh ty op wo sa ay ex ke fr oo av ag if ap gr od bo sp rd do uc bu ei ov by rm ep tt oc fa ef cu rn sc gi da yo cr cl du ga qu ue ff ba ey ls va um pp ua up lu go ht ru ug ds lt pi rc rr eg au ck ew mu br bi pt ak pu ui rg ib tl ny ki rk ys ob mm fu ph og ms ye ud mb ip ub oi rl gu dr hr cc tw ft wn nu af hu nn eo vo rv nf xp gn sm fl iz ok nl my gl aw ju oa eq sy sl ps jo lf nv je nk kn gs dy hy ze ks xt bs ik dd pm ot ja ko ka ku sk zi za az oz zo zu ke ji"
	for _, p := range strings.Fields(pairs) {
		t[int(p[0]-'a')*26+int(p[1]-'a')] = true
	}
	return t
}()

// gibberish scores how little a label looks like words: 0 and 1 are normal,
// from 2 on a generator is likely, from 4 on nothing else is.
func gibberish(label string) int {
	letters, vowels, digits, run, longest, rare, pairs, turns := 0, 0, 0, 0, 0, 0, 0, 0
	var last byte
	for i := 0; i < len(label); i++ {
		c := label[i] | 0x20
		switch {
		case c >= 'a' && c <= 'z':
			letters++
			if strings.IndexByte("aeiouy", c) >= 0 {
				vowels++
				run = 0
			} else {
				run++
				longest = max(longest, run)
			}
			if last >= 'a' && last <= 'z' {
				pairs++
				if !commonPairs[int(last-'a')*26+int(c-'a')] {
					rare++
				}
			}
			if last >= '0' && last <= '9' {
				turns++
			}
		case label[i] >= '0' && label[i] <= '9':
			c = label[i]
			digits++
			run = 0
			if last >= 'a' && last <= 'z' {
				turns++
			}
		default:
			run = 0
		}
		last = c
	}
	if letters+digits < 7 {
		return 0
	}
	score := 0
	if letters >= 7 && vowels*5 < letters {
		score++
	}
	if longest >= 5 {
		score++
	}
	if longest >= 8 {
		score++
	}
	if pairs >= 5 && rare*3 >= pairs {
		score++
	}
	if pairs >= 6 && rare*2 >= pairs {
		score++
	}
	if turns >= 3 {
		score++
	}
	if turns >= 5 {
		score++
	}
	return score
}
