package logs

import (
	"bytes"
	"strconv"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto/dns"
)

// Suricata writes a DNS question and its answer as two events, and in the
// oldest shape every record of an answer as one. A fact is both together.

const (
	maxLookups    = 1024
	lookupWindow  = 30 * second // how long a question waits for its answer
	maxHeldAnswer = maxAnswers
)

// nameLookups holds the questions whose answer has not come.
type nameLookups struct {
	waiting map[lookupKey]*lookup
	order   []*lookup // oldest first; those that were answered are skipped
	open    *lookup   // an answer of the oldest shape, of which more may come
}

type lookupKey struct {
	flow uint64
	id   uint16
	name string
}

// lookup is a transaction. It owns its memory.
type lookup struct {
	key    lookupKey
	header event.Header
	fact   event.DNS
	done   bool
}

// line reads one event.
func (l *nameLookups) line(r *Reader, h *event.Header, body int32) error {
	d := &r.doc
	kind := string(d.scalar(body, "type"))
	version := count(d.scalar(body, "version"))
	answer := kind == "answer" || kind == "response"
	if !answer && kind != "query" && kind != "request" {
		return bad("a DNS event of type %q", clip(d.scalar(body, "type")))
	}
	if dnsOf(h) == event.ProtoMDNS || dnsOf(h) == event.ProtoLLMNR {
		r.eveMDNS(body, h, answer)
		return nil
	}
	if h.SrcPort == 53 && h.DstPort != 53 {
		turn(h)
	}
	q := &lookup{header: *h}
	l.fill(r, q, body, answer)
	if own := d.find(0, "edgeward_eve") >= 0; own {
		l.give(r, q) // ours are whole transactions already
		return nil
	}
	if !answer {
		l.expire(r, h.Time)
		l.keep(r, q)
		return nil
	}
	if l.open != nil {
		if l.open.key == q.key && version < 2 && len(l.open.fact.Answers) < maxHeldAnswer {
			l.open.fact.Answers = append(l.open.fact.Answers, q.fact.Answers...)
			return nil
		}
		l.close(r)
	}
	if asked := l.waiting[q.key]; asked != nil {
		delete(l.waiting, q.key)
		asked.done = true
		q.fact.RTT = uint32(min(max(h.Time-asked.header.Time, 0)/1000, 1<<32-1))
		if q.fact.RRType == "" || version < 2 {
			q.fact.RRType, q.fact.QType = asked.fact.RRType, asked.fact.QType
		}
	}
	if version < 2 {
		l.open = q
		return nil
	}
	l.give(r, q)
	return nil
}

// fill reads the event.
func (l *nameLookups) fill(r *Reader, q *lookup, body int32, answer bool) {
	d, f := &r.doc, &q.fact
	name, typ := d.scalar(body, "rrname"), d.scalar(body, "rrtype")
	if list := d.find(body, "queries"); list >= 0 && d.nodes[list].first > 0 {
		first := d.nodes[list].first
		name, typ = d.scalar(first, "rrname"), d.scalar(first, "rrtype")
	}
	f.Type, f.ID = "request", count16(d.scalar(body, "id"))
	f.RRName, f.RRType = own(name), own(typ)
	f.QType, f.QuestionsN, f.TCP = typeNumber(f.RRType), 1, q.header.Transport == protoTCP
	if answer {
		f.Type, f.Answered = "response", true
		f.RCodeNum = rcodeOf(d.scalar(body, "rcode"))
		f.RCode = dns.RCodeString(f.RCodeNum)
	}
	f.AA, f.TC, f.RD, f.RA = truth(d.scalar(body, "aa")), truth(d.scalar(body, "tc")), truth(d.scalar(body, "rd")), truth(d.scalar(body, "ra"))
	f.Unasked = truth(d.scalar(body, "unsolicited"))
	if list := d.find(body, "answers"); list >= 0 {
		f.Answers = appendAnswers(d, list, f.Answers, own)
	} else if v := d.scalar(body, "rdata"); answer && v != nil {
		f.Answers = append(f.Answers, oneAnswer(d, body, own))
	}
	q.key = lookupKey{q.header.Flow, f.ID, strings.ToLower(f.RRName)}
	if v := count(d.scalar(body, "version")); answer && v < 2 && d.find(body, "answers") < 0 {
		q.key.name = "" // records of the oldest shape have names of their own
	}
	if !answer && count(d.scalar(body, "version")) < 2 {
		q.key.name = ""
	}
}

func own(b []byte) string { return string(b[:min(len(b), maxText)]) }

func appendAnswers(d *document, list int32, dst []event.DNSAnswer, text func([]byte) string) []event.DNSAnswer {
	d.each(list, func(n int32) {
		if len(dst) < maxAnswers {
			dst = append(dst, oneAnswer(d, n, text))
		}
	})
	return dst
}

func oneAnswer(d *document, n int32, text func([]byte) string) event.DNSAnswer {
	a := event.DNSAnswer{Name: text(d.scalar(n, "rrname")), Type: text(d.scalar(n, "rrtype")), TTL: count32(d.scalar(n, "ttl"))}
	data := d.scalar(n, "rdata")
	a.Data = text(data)
	if a.Type == "A" || a.Type == "AAAA" {
		a.Addr = addr(data)
	}
	return a
}

// keep makes a question wait, in place of the oldest when there are too many.
func (l *nameLookups) keep(r *Reader, q *lookup) {
	if l.waiting == nil {
		l.waiting = map[lookupKey]*lookup{}
	}
	if old := l.waiting[q.key]; old != nil { // asked again
		old.done = true
		l.give(r, old)
	}
	l.waiting[q.key] = q
	l.order = append(l.order, q)
	if len(l.order) > maxLookups {
		l.pop(r)
	}
}

// expire gives the first question that has waited too long; each line gives at
// most one, so that a line makes few facts.
func (l *nameLookups) expire(r *Reader, now int64) {
	for len(l.order) > 0 && l.order[0].done {
		l.order = l.order[1:]
	}
	if len(l.order) > 0 && now-l.order[0].header.Time > lookupWindow {
		l.pop(r)
	}
}

// pop gives the oldest question.
func (l *nameLookups) pop(r *Reader) {
	q := l.order[0]
	l.order[0] = nil
	l.order = l.order[1:]
	if !q.done {
		q.done = true
		delete(l.waiting, q.key)
		l.give(r, q)
	}
}

// close gives the answer of the oldest shape that is being gathered.
func (l *nameLookups) close(r *Reader) {
	if l.open != nil {
		l.give(r, l.open)
		l.open = nil
	}
}

// drain gives what is left, at most n.
func (l *nameLookups) drain(r *Reader, n int) bool {
	if l.open != nil && n > 0 {
		l.close(r)
		n--
	}
	for ; n > 0 && len(l.order) > 0; n-- {
		l.pop(r)
	}
	return len(l.order) == 0 && l.open == nil
}

// give makes the fact of a transaction.
func (l *nameLookups) give(r *Reader, q *lookup) {
	f := emit[event.DNS](r, &q.header)
	answers := f.Answers[:0]
	for _, a := range q.fact.Answers {
		a.Name, a.Type, a.Data = r.out.String([]byte(a.Name)), r.out.String([]byte(a.Type)), r.out.String([]byte(a.Data))
		answers = append(answers, a)
	}
	*f = q.fact
	f.Answers = answers
	f.RRName, f.RRType = r.out.String([]byte(f.RRName)), r.out.String([]byte(f.RRType))
}

// eveMDNS makes the fact of a multicast message, which has no transaction.
func (r *Reader) eveMDNS(body int32, h *event.Header, answer bool) {
	d := &r.doc
	kind, name, typ := "request", r.text(d.scalar(body, "rrname")), r.text(d.scalar(body, "rrtype"))
	if answer {
		kind = "response"
	}
	if dnsOf(h) == event.ProtoLLMNR {
		f := emit[event.LLMNR](r, h)
		f.Type, f.RRName, f.RRType = kind, name, typ
		f.Answers = appendAnswers(d, d.find(body, "answers"), f.Answers, r.text)
		return
	}
	f := emit[event.MDNS](r, h)
	f.Type = kind
	if name != "" && !answer {
		f.Queries = append(f.Queries, name)
	}
	d.each(d.find(body, "queries"), func(n int32) {
		if v := d.scalar(n, "rrname"); v != nil && len(f.Queries) < maxList {
			f.Queries = append(f.Queries, r.text(v))
		}
	})
	f.Answers = appendAnswers(d, d.find(body, "answers"), f.Answers, r.text)
}

// typeNumber gives the number of a record type, 0 for a name that has none.
func typeNumber(name string) uint16 {
	if n, ok := typeNumbers[name]; ok {
		return n
	}
	if rest, ok := strings.CutPrefix(name, "TYPE"); ok {
		n, _ := strconv.ParseUint(rest, 10, 16)
		return uint16(n)
	}
	return 0
}

var typeNumbers = func() map[string]uint16 {
	m := map[string]uint16{}
	for n := uint16(1); n < 300; n++ {
		if name := dns.TypeString(n); !bytes.HasPrefix([]byte(name), []byte("TYPE")) {
			m[name] = n
		}
	}
	return m
}()
