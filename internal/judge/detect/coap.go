package detect

import (
	"fmt"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	writeSpan    = 60 * second
	writeLimit   = 5 // distinct resources that one host writes within the span
	observeSpan  = 60 * second
	observeLimit = 20 // registrations of one host as observer within the span
	maxCoAP      = 4096
)

// coapChecks judges what hosts do to CoAP servers.
type coapChecks struct {
	e       *Engine
	clients *table[coapClient]
	broken  *table[brokenSender]
}

// coapClient is what is remembered of one client on one server.
type coapClient struct {
	pin
	writes   burst
	paths    wordSet
	done     uint64
	observes burst
	what     wordSet
}

func newCoAP(e *Engine) *coapChecks {
	return &coapChecks{e: e, clients: newTable[coapClient](maxCoAP), broken: newTable[brokenSender](maxCoAP)}
}

func (c *coapChecks) kinds() []event.Kind { return []event.Kind{event.KindCoAP, event.KindAnomaly} }

func (c *coapChecks) close() {}

func (c *coapChecks) fact(s *sight) {
	switch b := s.Body.(type) {
	case *event.CoAP:
		switch b.Method {
		case "PUT", "POST", "DELETE", "PATCH", "iPATCH":
			c.write(s, b)
		case "GET", "FETCH":
			if b.Observe == "register" {
				c.observe(s, b)
			}
		}
	case *event.Anomaly:
		if b.AppProto == event.ProtoCoAP && b.Type == "applayer" {
			c.e.malformed("coap.malformed", "CoAP", c.broken, s, b)
		}
	}
}

func (c *coapChecks) client(s *sight) *coapClient {
	return c.clients.make(mix(hostKey(s.Place, s.Src), addrKey(s.Dst)))
}

// write finds hosts that write to one resource after the other. A device that
// reports writes to the same few, and an LwM2M server has its own check.
func (c *coapChecks) write(s *sight, b *event.CoAP) {
	if b.LwM2M != "" || s.group || strings.HasPrefix(strings.TrimPrefix(b.Path, "/"), "rd/") {
		return
	}
	k := c.client(s)
	k.paths.add(b.Path)
	if b.Answered && strings.HasPrefix(b.Code, "2.") {
		k.done++
	}
	if k.writes.add(s, textKey(b.Path), writeSpan) < writeLimit {
		return
	}
	rec := c.e.report("coap.write-sweep", s, &s.src, "")
	n := uint64(1)
	if rec.isNew() {
		k.keep()
		n = uint64(len(k.writes.marks))
		rec.since(k.writes.marks, writeSpan)
		rec.trail(c.e, k.writes.marks, "write to a resource", false)
		if k.done == 0 {
			rec.rate(ident.Low, 0.75) // all were refused
		}
		at := endpoint(s.Dst, s.DstPort)
		rec.tell = func() string {
			return fmt.Sprintf("%s wrote to %s of %s (%s), %d with success, within %s.", rec.address, count(len(k.writes.marks), "different resource"), at, k.paths.String(), k.done, span(rec.last-rec.first))
		}
	}
	if k.done > 0 {
		rec.grade(ident.Medium, 0.8)
	}
	rec.peer(&s.dst)
	rec.add(&c.e.ledger, s.when, n)
}

func (c *coapChecks) observe(s *sight, b *event.CoAP) {
	k := c.client(s)
	k.what.add(b.Path)
	key := mix(mix(textKey(b.Token), textKey(b.Path)), uint64(b.MessageID)<<16|uint64(s.SrcPort))
	if k.observes.add(s, key, observeSpan) < observeLimit {
		return
	}
	rec := c.e.report("coap.observe-flood", s, &s.src, "")
	n := uint64(1)
	if rec.isNew() {
		k.keep()
		n = uint64(len(k.observes.marks))
		rec.since(k.observes.marks, observeSpan)
		rec.trail(c.e, k.observes.marks, "registration as observer", false)
		at := endpoint(s.Dst, s.DstPort)
		rec.tell = func() string {
			return fmt.Sprintf("%s registered %s as observer of %s on %s, within %s.", rec.address, count(rec.n, "time"), k.what.String(), at, span(rec.last-rec.first))
		}
	}
	rec.peer(&s.dst)
	rec.add(&c.e.ledger, s.when, n)
}
