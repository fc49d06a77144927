package detect

import (
	"fmt"
	"math"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	tunnelSpan   = 10 * minute
	maxDomains   = 8192
	tunnelNames  = 12  // distinct names that carry data
	tunnelBytes  = 500 // bytes of data in names
	longName     = 25  // bytes below the domain that a name which carries data has at least
	pollLimit    = 15  // questions for text or raw records
	singleLength = 60  // bytes of data in one name that are reported by themselves
	singleLabel  = 50  // of these in one label
)

// tunnel finds DNS that carries data: names that are never asked for twice
// and look encoded, or the same domain polled for text records.
type tunnel struct {
	e       *Engine
	domains *table[tunnelDomain]
}

// tunnelDomain is what is remembered of one host's questions below one domain.
type tunnelDomain struct {
	pin
	start    int64
	queries  uint64
	names    distinct
	carrying uint64 // questions whose name looks like data
	bytes    uint64 // of data in these
	typed    uint64 // questions for records that carry data: TXT, NULL and the like
	raw      uint64 // of these, for records that nothing else uses
	back     uint64 // bytes of answers to these
	types    wordSet
	marks    []mark
}

func newTunnel(e *Engine) *tunnel {
	return &tunnel{e: e, domains: newTable[tunnelDomain](maxDomains)}
}

func (t *tunnel) kinds() []event.Kind { return []event.Kind{event.KindDNS} }

func (t *tunnel) close() {}

func (t *tunnel) fact(s *sight) {
	b := s.Body.(*event.DNS)
	name := strings.TrimSuffix(b.RRName, ".")
	if len(name) < 4 || strings.HasSuffix(name, ".arpa") || strings.HasSuffix(name, ".local") || strings.HasPrefix(name, "_") || resolverKeys(name) {
		return
	}
	domain := registered(name)
	data := len(name) - len(domain) - 1
	if data < 0 {
		data = 0
	}
	sub := name[:data]
	if !strings.Contains(name, ".") || len(domain) > 60 {
		sub, domain, data = name, "", len(name) // no registry has such names
	}
	raw, typed := dataType(b.RRType, b.QType)
	if data < longName && !typed {
		return
	}
	client, server := s.asker()
	d := t.domains.make(mix(hostKey(s.Place, client.addr), textKey(domain)))
	if d.queries == 0 || !near(d.start, s.when, tunnelSpan) {
		*d = tunnelDomain{pin: d.pin, start: s.when}
	}
	d.queries++
	isNew := d.names.add(textKey(name))
	if data >= longName && encoded(sub) {
		d.carrying++
		if isNew {
			d.bytes += uint64(data)
		}
	}
	if typed {
		d.typed++
		d.back += uint64(b.RespLen)
		d.types.add(b.RRType)
	}
	if raw {
		d.raw++
	}
	if len(d.marks) < 8 {
		d.marks = append(d.marks, mark{time: s.when, packet: s.Packet, capture: s.Capture})
	}
	sev, conf, ok := t.weigh(d, sub, domain)
	if !ok {
		return
	}
	rec := t.e.report("c2.dns-tunnel", s, client, domain)
	n := uint64(1)
	if rec.isNew() {
		d.keep()
		rec.severity, rec.confidence = sev, conf
		rec.since(d.marks, tunnelSpan)
		rec.trail(t.e, d.marks, "question that carries data", true)
		n = max(n, d.queries)
		below := "below " + clip(domain, 60)
		if domain == "" {
			below = "without any registered domain"
		}
		to := server.String()
		rec.tell = func() string {
			what := fmt.Sprintf("%s with %s of data in %s", count(rec.n, "question"), volume(d.bytes), count(d.names.count(), "name"))
			if d.typed > 0 {
				what += fmt.Sprintf(", %s for records that carry data (%s), with %s of answers", count(d.typed, "question"), d.types.String(), volume(d.back))
			}
			return fmt.Sprintf("%s sent %s %s to %s, within %s.", rec.address, what, below, to, span(rec.last-rec.first))
		}
	}
	rec.grade(sev, conf)
	rec.peer(server)
	rec.add(&t.e.ledger, s.when, n)
}

// resolverKeys reports whether a name is that of a DNSCrypt resolver's keys,
// which its clients ask for again and again: the version, and a fixed word
// before the provider's name.
func resolverKeys(name string) bool {
	return len(name) > 2 && name[0] >= '1' && name[0] <= '9' && strings.HasPrefix(name[1:], ".dnscrypt-cert.")
}

// weigh judges a domain by what was asked below it.
func (t *tunnel) weigh(d *tunnelDomain, sub, domain string) (ident.Severity, float64, bool) {
	switch {
	// A cache would answer what is asked twice; tunnels never ask twice.
	case d.carrying >= tunnelNames && d.bytes >= tunnelBytes && uint64(d.names.count())*3 >= d.queries*2:
		return ident.High, 0.9, true
	case d.raw >= 5:
		return ident.High, 0.9, true
	case d.typed >= pollLimit && (d.carrying >= 5 || d.typed*2 >= d.queries && polling(sub)):
		return ident.High, 0.8, true
	case len(sub) >= singleLength && encoded(sub) && longestLabel(sub) >= singleLabel && entropy(sub) >= 4.5:
		return ident.Low, 0.4, true
	}
	return ident.Info, 0, false
}

func longestLabel(name string) int {
	longest, run := 0, 0
	for i := 0; i < len(name); i++ {
		if run++; name[i] == '.' {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

// dataType reports whether a record type can carry data at will, and whether
// nothing else uses it.
func dataType(name string, q uint16) (raw, typed bool) {
	switch {
	case q == 10 || name == "NULL" || q == 65399 || q >= 65280 && q < 65535 || name == "PRIVATE":
		return true, true
	case q == 16 || name == "TXT":
		return false, true
	}
	return false, false
}

// polling reports whether the part of a name below its domain looks like a
// counter or code rather than the name of a host or of a mail record.
func polling(sub string) bool {
	if strings.Contains(sub, "_") || sub == "" {
		return false
	}
	digits := 0
	for i := 0; i < len(sub); i++ {
		if sub[i] >= '0' && sub[i] <= '9' {
			digits++
		}
	}
	return digits >= 2 && !addressLabels(sub)
}

// addressLabels reports whether a name begins with the four numbers of an IP
// address, as questions to block lists do.
func addressLabels(name string) bool {
	labels, digits := 0, 0
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c >= '0' && c <= '9' && digits < 3:
			digits++
		case c == '.' && digits > 0:
			labels++
			if digits = 0; labels == 4 {
				return true
			}
		default:
			return false
		}
	}
	return labels == 3 && digits > 0
}

// encoded reports whether text looks like encoded data: hexadecimal, base 32
// or base 64, or raw bytes. Words parted by dots and dashes do not.
func encoded(sub string) bool {
	if addressLabels(sub) {
		return false
	}
	letters, digits, odd, upper, hex, seps := 0, 0, 0, 0, 0, 0
	longest, run := 0, 0
	for i := 0; i < len(sub); i++ {
		c := sub[i]
		run++
		switch {
		case c >= '0' && c <= '9':
			digits++
			hex++
		case c >= 'a' && c <= 'z':
			letters++
			if c <= 'f' {
				hex++
			}
		case c >= 'A' && c <= 'Z':
			letters++
			upper++
			if c <= 'F' {
				hex++
			}
		case c == '.' || c == '-':
			seps++
			run = 0
		default:
			odd++
		}
		longest = max(longest, run)
	}
	body := letters + digits + odd
	if body < 16 || longest < 14 {
		return false
	}
	switch {
	case odd > 1 && odd*20 >= body, hex*20 >= body*19 && digits*8 >= body && body >= 20:
		return true
	case upper > 2 && letters-upper > 2 && digits > 0:
		return true
	case digits*12 >= body && digits*2 <= body && entropy(sub) >= 3.4 && longest >= 20:
		return true
	}
	return entropy(sub) >= 4.0 && longest >= 24
}

// entropy gives the bits that a byte of the text carries (Shannon).
func entropy(text string) float64 {
	if text == "" {
		return 0
	}
	var seen [256]int
	for i := 0; i < len(text); i++ {
		seen[text[i]]++
	}
	h := 0.0
	for _, n := range seen {
		if n > 0 {
			q := float64(n) / float64(len(text))
			h -= q * math.Log2(q)
		}
	}
	return h
}
