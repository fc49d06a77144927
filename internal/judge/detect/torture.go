package detect

import (
	"fmt"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	tortureSpan  = 60 * second
	missingLimit = 20  // distinct names below one parent that do not exist
	silentLimit  = 100 // distinct names below one parent that nobody answers
	maxParents   = 4096
)

// torture finds floods of questions for made-up names below one domain.
type torture struct {
	e       *Engine
	parents *table[parent]
}

// parent is what is remembered of one host's failed questions below one name.
type parent struct {
	pin
	missing burst
	start   int64
	silent  distinct // names that were not answered in this span
	shown   wordSet
	total   uint64
}

func newTorture(e *Engine) *torture { return &torture{e: e, parents: newTable[parent](maxParents)} }

func (t *torture) kinds() []event.Kind { return []event.Kind{event.KindDNS} }

func (t *torture) close() {}

func (t *torture) fact(s *sight) {
	b := s.Body.(*event.DNS)
	missing := b.RCodeNum == 3 && (b.Answered || b.Unasked)
	silent := !b.Answered && !b.Unasked || b.RCodeNum == 2 || b.RCodeNum == 5
	name := strings.TrimSuffix(b.RRName, ".")
	if !missing && !silent || strings.HasSuffix(name, ".arpa") || addressLabels(name) {
		return
	}
	below := registered(name)
	if below == name || !strings.Contains(below, ".") || strings.HasSuffix(below, ".local") {
		return // the domains themselves differ: see dga
	}
	client, server := s.asker()
	p := t.parents.make(mix(hostKey(s.Place, client.addr), textKey(below)))
	n, what := 0, ""
	if missing {
		n, what = p.missing.add(s, textKey(name), tortureSpan), "do not exist"
		if n < missingLimit {
			return
		}
	} else {
		if p.total == 0 || !near(p.start, s.when, tortureSpan) {
			p.start, p.silent = s.when, distinct{}
		}
		p.silent.add(textKey(name))
		p.total++
		if n, what = p.silent.count(), "nobody answered"; n < silentLimit {
			return
		}
	}
	p.shown.add(name)
	rec := t.e.report("dos.dns-water-torture", s, client, below)
	m := uint64(1)
	if rec.isNew() {
		p.keep()
		if missing && n < silentLimit {
			rec.rate(ident.Medium, 0.75)
		}
		rec.since(p.missing.marks, tortureSpan)
		rec.trail(t.e, p.missing.marks, "name that does not exist", true)
		if !missing {
			rec.show(t.e, s, "question about a made-up name that nobody answered")
		}
		m = uint64(n)
		domain, to := clip(below, 60), server.String()
		rec.tell = func() string {
			return fmt.Sprintf("%s asked %s for %s or more below %s that %s, such as %s, within %s.", rec.address, to, count(rec.n, "name"), domain, what, p.shown.String(), span(rec.last-rec.first))
		}
	}
	if rec != nil && rec.n >= silentLimit {
		rec.grade(ident.High, 0.9)
	}
	rec.peer(server)
	rec.add(&t.e.ledger, s.when, m)
}
