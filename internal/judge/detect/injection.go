package detect

import (
	"fmt"
	"net/netip"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	callbackSpan = 10 * minute
	maxCallbacks = 1024
)

// injection finds attacks in the text of web requests, and sees whether the
// attacked host then does what it was told.
type injection struct {
	e         *Engine
	scratch   [maxAttackText]byte
	callbacks *table[callback] // by attacked host and the address it was told to contact
}

// callback is an attack that would make its victim contact an address.
type callback struct {
	rec  *record
	at   int64
	host netip.Addr
}

func newInjection(e *Engine) *injection {
	return &injection{e: e, callbacks: newTable[callback](maxCallbacks)}
}

func (i *injection) kinds() []event.Kind { return []event.Kind{event.KindHTTP, event.KindFlow} }

func (i *injection) close() {}

func (i *injection) fact(s *sight) {
	switch b := s.Body.(type) {
	case *event.HTTP:
		i.request(s, b)
	case *event.Flow:
		i.flow(s, b)
	}
}

func (i *injection) request(s *sight, b *event.HTTP) {
	if b.Method == "" {
		return
	}
	if unaskedShell(b) {
		i.report(s, b, attackText{what: "a shell command for a management service that asks for no password (OMI)", command: true}, "body", b.ReqBody)
		return
	}
	body := inBody
	if isForm(b) {
		body = inForm
	}
	for _, p := range [...]struct {
		text, name string
		part       requestPart
	}{
		{b.URL, "URL", inURL}, {b.ReqBody, "body", body}, {b.UserAgent, "User-Agent header", inAgent},
		{b.Referer, "Referer header", inAgent}, {b.SOAPAction, "SOAPAction header", inBody}, {b.XForwarded, "X-Forwarded-For header", inAgent},
	} {
		if a, ok := readAttack(&i.scratch, p.text, p.part); ok {
			i.report(s, b, a, p.name, p.text)
			if a.command {
				return
			}
		}
	}
}

// unaskedShell reports whether a request of WS-Management without credentials
// made the service run a command, as one of Open Management Infrastructure
// without the update of September 2021 does (CVE-2021-38647).
func unaskedShell(b *event.HTTP) bool {
	return b.Method == "POST" && b.Authenticate == "" && b.Status == 200 && strings.HasPrefix(b.URL, "/wsman") &&
		(strings.Contains(b.ReqBody, "ExecuteShellCommand") || strings.Contains(b.ReqBody, "ExecuteScript"))
}

// isForm reports whether the request's body is a form.
func isForm(b *event.HTTP) bool {
	if strings.Contains(b.ReqType, "x-www-form-urlencoded") {
		return true
	}
	head := b.ReqBody[:min(len(b.ReqBody), 64)]
	eq := strings.IndexByte(head, '=')
	return b.ReqType == "" && eq > 0 && !strings.ContainsAny(head[:eq], " <{[\"\n")
}

func (i *injection) report(s *sight, b *event.HTTP, a attackText, where, text string) {
	about, other := s.victim()
	check := "exploit.web-injection"
	if a.command {
		check = "exploit.command-injection"
	}
	rec := i.e.report(check, s, about, "")
	if rec == nil {
		return
	}
	if rec.isNew() {
		rec.acting = about == &s.src
		acting, st := rec.acting, &injected{}
		rec.tell = func() string { return st.tell(rec, acting) }
		rec.memory = st
		if b.Status >= 400 && b.Status != 500 && b.Status != 501 {
			rec.rate(ident.Medium, 0.8) // it was refused
		}
	}
	if b.Status == 0 || b.Status < 400 || b.Status >= 500 {
		rec.grade(rec.book.Severity, rec.book.Confidence)
	}
	if st, ok := rec.memory.(*injected); ok {
		st.kinds.add(a.what)
		st.where.add(where)
		st.targets.add(b.Host)
		if b.Status >= 200 && b.Status < 300 {
			st.answered++
		}
	}
	rec.peer(other)
	shown := text
	if where == "URL" {
		shown = redactQuery(text)
	}
	rec.show(i.e, s, fmt.Sprintf("%s in the %s: %s (status %d)", a.what, where, clip(shown, 120), b.Status))
	rec.add(&i.e.ledger, s.when, 1)
	if a.command && a.host.IsValid() && a.host != s.Dst {
		*i.callbacks.make(mix(hostKey(s.Place, s.Dst), addrKey(a.host))) = callback{rec: rec, at: s.when, host: a.host}
	}
}

// injected is what is told about attacks on or from one host.
type injected struct {
	kinds, where, targets wordSet
	answered              uint64
	called                string
}

func (st *injected) tell(rec *record, acting bool) string {
	attacks := "attack"
	if rec.n != 1 {
		attacks = "attacks"
	}
	var b strings.Builder
	if acting {
		fmt.Fprintf(&b, "%s sent %d %s (%s) in the %s of requests to %s.", rec.address, rec.n, attacks, st.kinds.String(), st.where.String(), strings.Join(rec.peers[:min(len(rec.peers), 3)], ", "))
	} else {
		fmt.Fprintf(&b, "%s received %d %s (%s) in the %s of requests from %s.", rec.address, rec.n, attacks, st.kinds.String(), st.where.String(), strings.Join(rec.peers[:min(len(rec.peers), 3)], ", "))
	}
	if st.answered > 0 {
		fmt.Fprintf(&b, " %d of them got an ordinary answer.", st.answered)
	}
	if st.called != "" {
		fmt.Fprintf(&b, " The attack worked: afterwards %s.", st.called)
	}
	return b.String()
}

// flow sees whether an attacked host contacts the address it was told to.
func (i *injection) flow(s *sight, f *event.Flow) {
	if len(i.callbacks.places) == 0 {
		return
	}
	c := i.callbacks.get(mix(hostKey(s.Place, s.Src), addrKey(s.Dst)))
	if c == nil || f.DataToServer == 0 || f.DataToClient == 0 || s.when < c.at-minute || s.when-c.at > callbackSpan {
		return
	}
	if st, ok := c.rec.memory.(*injected); ok && st.called == "" {
		st.called = fmt.Sprintf("%s contacted %s, which the attack named", s.Src, endpoint(s.Dst, s.DstPort))
	}
	c.rec.grade(ident.Critical, 0.97)
	c.rec.show(i.e, s, "connection of the attacked host to the address in the attack")
	if !c.rec.acting {
		c.rec.proven = true
		i.e.incidents.judgeAgain(c.rec)
	}
}
