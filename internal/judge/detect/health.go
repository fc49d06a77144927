package detect

import (
	"fmt"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	medicalOps  = 3           // operations after which a medical system has settled with its peers
	medicalSpan = 20 * second // and how long it must have had them
	titleSpan   = 60 * second
	titleLimit  = 5   // distinct pairs of application titles refused within the span
	manyResults = 200 // records or images that one request gives
	maxMedical  = 2048
	maxTitles   = 1024
)

// healthChecks judges what hosts do to medical systems (DICOM, HL7).
type healthChecks struct {
	e       *Engine
	systems *table[regulars]
	titles  *table[bool] // application titles in use, by place
	guesses *table[titleGuesser]
}

// titleGuesser is what is remembered of one host that was refused.
type titleGuesser struct {
	pin
	pairs burst
	names wordSet
}

func newHealth(e *Engine) *healthChecks {
	return &healthChecks{e: e, systems: newTable[regulars](maxMedical), titles: newTable[bool](maxTitles), guesses: newTable[titleGuesser](maxMedical)}
}

func (h *healthChecks) kinds() []event.Kind { return []event.Kind{event.KindDICOM, event.KindHL7} }

func (h *healthChecks) close() {}

func (h *healthChecks) fact(s *sight) {
	switch b := s.Body.(type) {
	case *event.DICOM:
		h.dicom(s, b)
	case *event.HL7:
		h.hl7(s, b)
	}
}

func (h *healthChecks) title(s *sight, name string) uint64 {
	return mix(textKey(strings.TrimSpace(name)), placeKey(s))
}

func (h *healthChecks) dicom(s *sight, b *event.DICOM) {
	peer := h.meet(s, "dicom", b.Class, b.Command+b.PDU)
	late := peer.late
	switch b.PDU {
	case "associate", "reject":
		if b.PDU == "reject" || b.Reject != "" {
			h.refused(s, b)
			return
		}
		if b.Accepted && !late {
			*h.titles.make(h.title(s, b.CalledAE)) = true
			*h.titles.make(h.title(s, b.CallingAE)) = true
		}
	}
	if late {
		what := b.Command
		if what == "" {
			what = "association as " + strings.TrimSpace(b.CallingAE)
		}
		class := b.Class
		for _, v := range b.Services {
			if v != "Verification" && class == event.OpNone {
				class = event.OpRead // it wants more than to know that the system is there
			}
		}
		h.rogue(s, peer, "DICOM", what, class, b.CallingAE)
	}
	switch b.Command {
	case "C-FIND", "C-GET", "C-MOVE":
		h.query(s, b, late)
	}
	if b.Command == "C-MOVE" && b.MoveTo != "" {
		h.move(s, b, late)
	}
}

// meet notes an operation and gives what is remembered of the host at the system.
func (h *healthChecks) meet(s *sight, protocol string, class event.OpClass, verb string) *regular {
	system := mix(placed(s.Place, s.dst.key)^addrKey(s.Dst), textKey(protocol))
	d := h.systems.make(system)
	if class == event.OpNone {
		class = event.OpOther
	}
	p, _, _ := d.meet(&h.e.acquainted, s.when, system, &s.src, class, textKey(verb), medicalOps, medicalSpan)
	return p
}

func (h *healthChecks) rogue(s *sight, peer *regular, protocol, what string, class event.OpClass, title string) {
	rec := h.e.reportAt("health.rogue-peer", s, &s.dst, byNewcomer(s, peer))
	if rec.isNew() {
		if class == event.OpDiscover || class == event.OpOther || class == event.OpNone {
			rec.rate(ident.Low, 0.6)
		}
		did := &operations{}
		rec.memory = did
		by := newcomer(s, peer)
		rec.tell = func() string {
			as := ""
			if len(did.targets.words) > 0 {
				as = " under the name " + did.targets.String()
			}
			return fmt.Sprintf("%s, never heard to speak to %s before, contacted it by %s%s: %s.", by, rec.address, protocol, as, did.verbs.String())
		}
	}
	if rec != nil {
		if did, ok := rec.memory.(*operations); ok {
			did.verbs.add(what)
			did.targets.add(strings.TrimSpace(title))
		}
	}
	if class == event.OpRead || class == event.OpWrite {
		rec.grade(ident.Medium, 0.75)
	}
	rec.peer(&s.src)
	if rec.wants(s) {
		rec.show(h.e, s, protocol+" "+what)
	}
	rec.add(&h.e.ledger, s.when, 1)
}

// query finds requests for the records of everybody. A modality that asks for
// its work list does so by design.
func (h *healthChecks) query(s *sight, b *event.DICOM, late bool) {
	many := b.Results >= manyResults || b.SubOps >= manyResults
	if !b.Wildcard && !many || strings.Contains(b.SOPClass, "Worklist") {
		return
	}
	rec := h.e.reportAt("health.bulk-query", s, &s.dst, by(&s.src))
	if rec.isNew() {
		switch {
		case late:
		case h.e.hosts.habit(s.Place, s.src.key):
			rec.rate(ident.Info, 0.6) // a host that has always been there
		default:
			rec.rate(ident.Medium, 0.65)
		}
		by, what := s.src.String(), b.Command
		did := &bulk{}
		rec.memory = did
		what = strings.Clone(what)
		rec.tell = func() string {
			t := fmt.Sprintf("%s sent %s %s for the records of everybody", by, rec.address, count(rec.n, what+" request"))
			if did.results > 0 {
				t += fmt.Sprintf(" and got %s", count(did.results, "record"))
			}
			if did.moved > 0 {
				t += fmt.Sprintf(" and %s", count(did.moved, "image"))
			}
			return t + "."
		}
	}
	if rec != nil {
		if did, ok := rec.memory.(*bulk); ok {
			did.results += uint64(b.Results)
			did.moved += uint64(b.SubOps)
		}
	}
	if late {
		rec.grade(ident.High, 0.85)
	}
	rec.peer(&s.src)
	if rec.wants(s) {
		rec.show(h.e, s, b.Command+" that matches everybody")
	}
	rec.add(&h.e.ledger, s.when, 1)
}

type bulk struct{ results, moved uint64 }

// move finds destinations that were never seen in use.
func (h *healthChecks) move(s *sight, b *event.DICOM, late bool) {
	if h.titles.get(h.title(s, b.MoveTo)) != nil {
		return
	}
	rec := h.e.report("health.move-to-unknown", s, &s.dst, b.MoveTo)
	if rec.isNew() {
		by, to := s.src.String(), clip(strings.TrimSpace(b.MoveTo), 20)
		if !late && !h.e.hosts.settled() {
			rec.rate(ident.Medium, 0.6) // little of the network is known yet
		}
		rec.tell = func() string {
			return fmt.Sprintf("%s told %s to send images to the application %q, which was not seen in use here.", by, rec.address, to)
		}
	}
	if late {
		rec.grade(ident.High, 0.85)
	}
	rec.peer(&s.src)
	rec.show(h.e, s, "C-MOVE to an unknown destination")
	rec.add(&h.e.ledger, s.when, 1)
}

// refused counts the pairs of application titles that a host tried in vain.
func (h *healthChecks) refused(s *sight, b *event.DICOM) {
	g := h.guesses.make(hostKey(s.Place, s.Src))
	g.names.add(strings.TrimSpace(b.CallingAE) + " to " + strings.TrimSpace(b.CalledAE))
	if g.pairs.add(s, mix(mix(textKey(b.CalledAE), textKey(b.CallingAE)), addrKey(s.Dst)), titleSpan) < titleLimit {
		return
	}
	rec := h.e.report("health.aetitle-guessing", s, &s.src, "")
	n := uint64(1)
	if rec.isNew() {
		g.keep()
		n = uint64(len(g.pairs.marks))
		rec.since(g.pairs.marks, titleSpan)
		rec.trail(h.e, g.pairs.marks, "association that was refused", false)
		rec.tell = func() string {
			return fmt.Sprintf("%s tried %s of application titles that were refused (%s), within %s.", rec.address, count(rec.n, "pair"), g.names.String(), span(rec.last-rec.first))
		}
	}
	rec.peer(&s.dst)
	rec.add(&h.e.ledger, s.when, n)
}

// orderTypes are the HL7 messages that make somebody do something to a
// patient: orders, prescriptions, their changes.
var orderTypes = []string{"ORM", "OMP", "OML", "OMG", "OMI", "OMN", "OMD", "OMS", "OMB", "RDE", "RDS", "RGV", "RAS", "ORP", "VXU"}

func (h *healthChecks) hl7(s *sight, b *event.HL7) {
	peer := h.meet(s, "hl7", b.Class, b.Type)
	if !peer.late {
		return
	}
	h.rogue(s, peer, "HL7", b.Type, event.OpWrite, strings.Trim(b.SendApp+"|"+b.SendFac, "|"))
	order := false
	for _, t := range orderTypes {
		order = order || strings.HasPrefix(b.Type, t)
	}
	if !order {
		return
	}
	rec := h.e.reportAt("health.order-injection", s, &s.dst, byNewcomer(s, peer))
	if rec.isNew() {
		by, kind, app := newcomer(s, peer), clip(b.Type, 20), clip(b.SendApp, 40)
		rec.tell = func() string {
			return fmt.Sprintf("%s, never heard to send anything to %s before, sent it %s of the type %s in the name of %q.", by, rec.address, count(rec.n, "order"), kind, app)
		}
	}
	rec.peer(&s.src)
	if rec.wants(s) {
		rec.show(h.e, s, "HL7 "+b.Type)
	}
	rec.add(&h.e.ledger, s.when, 1)
}
