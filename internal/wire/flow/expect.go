package flow

import (
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/decode"
)

// Limits of announced conversations.
const (
	maxExpected  = 4096            // announcements that are kept; the oldest goes first
	expectedFor  = 5 * time.Minute // of packet time in which the conversation must begin
	minAnnounced = 1024            // ports below belong to services (RFC 2577 section 3)
)

// pair is who an announced conversation is between.
type pair struct {
	server endpoint
	client [16]byte
}

// expectation is what a conversation told of one that is to come.
type expectation struct {
	proto event.Proto
	note  string // for its parser
	until int64  // packet time
	begun bool
}

// expected is what a table learned of an announced conversation: that it is to
// come, or that it has begun.
type expected struct {
	pair pair
	expectation
}

// expect takes in an announcement. One of the same pair replaces the earlier.
func (e *Endpoints) expect(x *expected) {
	if x.begun {
		if old, ok := e.expected[x.pair]; ok {
			old.begun = true
			e.expected[x.pair] = old
		}
		return
	}
	if _, ok := e.expected[x.pair]; !ok {
		if len(e.announced) < maxExpected {
			e.announced = append(e.announced, x.pair)
		} else {
			delete(e.expected, e.announced[e.nextExpected])
			e.announced[e.nextExpected] = x.pair
			e.nextExpected = (e.nextExpected + 1) % maxExpected
		}
	}
	e.expected[x.pair] = x.expectation
}

// announce is proto.Env's Announce.
func (t *Table) announce(client, server netipAddr, port uint16, p event.Proto, note string) {
	if port < minAnnounced {
		return
	}
	c := &t.conn
	t.learned = append(t.learned, Learned{expected: &expected{
		pair{endpoint{c.Place, server.As16(), port, c.Transport}, client.As16()},
		expectation{proto: p, note: note, until: c.Time + int64(expectedFor)},
	}})
}

// announcedBegun is proto.Env's Begun.
func (t *Table) announcedBegun(client, server netipAddr, port uint16) bool {
	c := &t.conn
	return t.cfg.Endpoints.expected[pair{endpoint{c.Place, server.As16(), port, c.Transport}, client.As16()}].begun
}

// announced gives a stream that another conversation announced its parser, and
// reports whether one did. An announcement counts for one stream.
func (t *Table) announced(f *flow) bool {
	if len(t.cfg.Endpoints.expected) == 0 {
		return false
	}
	client, _ := f.Client()
	server, port := f.Server()
	k := pair{endpoint{f.key.place(), server.As16(), port, f.Transport()}, client.As16()}
	x, ok := t.cfg.Endpoints.expected[k]
	if !ok || x.begun || f.last > x.until {
		return false
	}
	p := t.cfg.Protocols.byID[x.proto]
	if p == nil {
		return false
	}
	f.note = x.note
	t.attach(f, p)
	t.learned = append(t.learned, Learned{expected: &expected{pair: k, expectation: expectation{begun: true}}})
	return true
}

// Announces reports whether a packet may announce a conversation, or say that
// an announced one is over. What was learned is exchanged before and after it.
func (r *Registry) Announces(p *decode.Packet) bool {
	if p.Proto != protoTCP || len(p.Payload) == 0 {
		return false
	}
	for _, announces := range r.announces {
		if announces(p.Payload) {
			return true
		}
	}
	return false
}
