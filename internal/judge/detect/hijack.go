package detect

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	hijackSpan   = 10 * minute
	sameAddress  = 5 // unrelated domains that lead to one home address
	maxResolved  = 8192
	maxResolvers = 2048
)

// hijack finds DNS answers that contradict each other or cannot be true.
type hijack struct {
	e        *Engine
	answered *table[answeredName]
	targets  *table[hijackTarget]
}

// answeredName is the last answer for one name by one resolver.
type answeredName struct {
	addr netip.Addr
	time int64
}

// hijackTarget is an address to which names lead.
type hijackTarget struct {
	domains burst
	shown   wordSet
}

func newHijack(e *Engine) *hijack {
	return &hijack{e: e, answered: newTable[answeredName](maxResolved), targets: newTable[hijackTarget](maxResolvers)}
}

func (h *hijack) kinds() []event.Kind { return []event.Kind{event.KindDNS} }

func (h *hijack) close() {}

func (h *hijack) fact(s *sight) {
	b := s.Body.(*event.DNS)
	if b.RCodeNum != 0 || len(b.Answers) == 0 || localName(b.RRName) || !strings.Contains(b.RRName, ".") {
		return
	}
	client, server := s.asker()
	var first netip.Addr
	for i := range b.Answers {
		if a := b.Answers[i].Addr; a.IsValid() {
			first = a
			break
		}
	}
	if !first.IsValid() {
		return
	}
	if b.Conflict {
		h.conflict(s, b, client, server, first)
		return
	}
	key := mix(mix(hostKey(s.Place, server.addr), textKey(b.RRName)), uint64(b.QType))
	last := h.answered.make(key)
	was, when := last.addr, last.time
	last.addr, last.time = first, s.when
	inside := inward(first)
	if was.IsValid() && near(when, s.when, hijackSpan) && !inward(was) && inside && !first.IsLoopback() {
		h.report(s, client, server, "rebind", ident.High, 0.75, fmt.Sprintf("The name %s led to %s and shortly after to %s, which is inside this network.", clip(b.RRName, 80), was, first))
	}
	if !inside || first.IsLoopback() || first.IsUnspecified() {
		return // block lists answer with these
	}
	t := h.targets.make(mix(hostKey(s.Place, client.addr), addrKey(first)))
	t.shown.add(registered(b.RRName))
	if t.domains.add(s, textKey(registered(b.RRName)), hijackSpan) >= sameAddress {
		h.report(s, client, server, first.String(), ident.Medium, 0.7, fmt.Sprintf("Names of unrelated domains (%s) all lead %s to %s, which is inside this network.", t.shown.String(), client, first))
	}
}

// conflict judges two answers to one question: the one that came first wins,
// which is what an attacker on the path counts on.
func (h *hijack) conflict(s *sight, b *event.DNS, client, server *actor, other netip.Addr) {
	key := mix(mix(hostKey(s.Place, server.addr), textKey(b.RRName)), uint64(b.QType))
	last := h.answered.get(key)
	if last == nil || !last.addr.IsValid() || !near(last.time, s.when, 30*second) {
		return
	}
	for i := range b.Answers {
		if b.Answers[i].Addr == last.addr {
			return // the same set in another order
		}
	}
	if sameNetwork(last.addr, other) {
		return // a name server that balances load
	}
	h.report(s, client, server, "conflict", ident.High, 0.75, fmt.Sprintf("One question of %s for %s got two answers that contradict each other, %s and %s.", client, clip(b.RRName, 80), last.addr, other))
}

// sameNetwork reports whether two addresses are near each other.
func sameNetwork(a, b netip.Addr) bool {
	if a.Is4() != b.Is4() {
		return false
	}
	x, y := a.AsSlice(), b.AsSlice()
	return slices.Equal(x[:2], y[:2])
}

// inward reports whether an address cannot be reached from the internet.
func inward(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsLoopback() || a.IsUnspecified()
}

func (h *hijack) report(s *sight, client, server *actor, group string, sev ident.Severity, conf float64, said string) {
	about := client
	if !client.home && server.home {
		about = server
	}
	rec := h.e.report("spoof.dns-hijack", s, about, group)
	if rec.isNew() {
		rec.rate(sev, conf)
		text := said
		rec.tell = func() string { return text }
	}
	rec.peer(server)
	rec.show(h.e, s, "DNS answer")
	rec.add(&h.e.ledger, s.when, 1)
}
