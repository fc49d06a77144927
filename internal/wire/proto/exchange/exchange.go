// Package exchange makes one event.ICS fact of a request and its answer, for
// the industrial protocols that are read for function class and identity. It
// adds to package pending what those have in common: the text of a request
// kept without allocation, and the limit on reported anomalies.
//
// It is no protocol and parses nothing. The protocol folders beside it use it;
// nothing else needs it.
package exchange

import (
	"net/netip"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/pending"
)

const (
	// Waiting is how many requests of one flow may wait for an answer. The
	// protocols allow more, but no device keeps that many open.
	Waiting = 32
	// Patience is how long an answer is waited for, in packet time.
	Patience = 2 * time.Minute
	// anomalies is how many a flow may report; more tell nothing new.
	anomalies = 16
)

// Anomaly reports a message that breaks the standard, as c.Anomaly does, for
// the first ones of a flow; the others are counted only. detail is a constant
// or lives in the batch.
func Anomaly(c *proto.Conn, p event.Proto, dir event.Dir, name, detail string) {
	if c.Errors >= anomalies {
		c.Errors++
		return
	}
	c.Anomaly(p, dir, name, detail)
}

// Request is what is kept of a request until its answer comes. Verb must be a
// constant; everything that comes from the wire goes into Target and Name.
type Request struct {
	From   event.Dir // direction in which the request went
	Verb   string
	Code   uint32
	Class  event.OpClass
	Addr   netip.Addr
	Target Text
	Name   Text
	Mark   uint32 // the protocol's own note for the answer
}

// Requests makes event.ICS facts of requests and their answers. The zero value
// with Proto set is ready for use.
type Requests struct {
	Proto event.Proto
	table pending.Table[Request]
	ready bool
}

// Ask notes a request and gives it, cleared, to be filled in at once; it is
// valid until the next call. Requests that have waited too long, or are too
// many, become facts without an answer.
func (r *Requests) Ask(c *proto.Conn, key uint64, from event.Dir) *Request {
	if !r.ready {
		r.table.Init(Waiting, Patience)
		r.ready = true
	}
	for q := r.table.Expired(c.Time); q != nil; q = r.table.Expired(c.Time) {
		r.emit(c, q)
	}
	q := r.table.Add(key, c.Time)
	q.From, q.Verb, q.Code, q.Class, q.Addr, q.Mark = from, "", 0, event.OpNone, netip.Addr{}, 0
	q.Target.Reset()
	q.Name.Reset()
	return q
}

// Find gives the request under key whose answer comes from direction dir, nil
// when none waits. It stays in the table until Answer.
func (r *Requests) Find(key uint64, dir event.Dir) *Request {
	q := r.table.Find(key)
	if q == nil || q.From == dir {
		return nil
	}
	return q
}

// Answer makes the fact of the request under key, which an answer coming from
// direction dir ended, and gives it for the answer's fields; nil when no such
// request waits.
func (r *Requests) Answer(c *proto.Conn, key uint64, dir event.Dir) *event.ICS {
	if r.Find(key, dir) == nil {
		return nil
	}
	f := r.emit(c, r.table.Take(key))
	f.Answered = true
	return f
}

// Len gives the number of requests that wait.
func (r *Requests) Len() int { return r.table.Len() }

// End makes facts of all requests that were never answered.
func (r *Requests) End(c *proto.Conn) {
	for q := r.table.Oldest(); q != nil; q = r.table.Oldest() {
		r.emit(c, q)
	}
}

// Reset forgets all requests and keeps the memory.
func (r *Requests) Reset() { r.ready = false; r.table.Init(Waiting, Patience) }

func (r *Requests) emit(c *proto.Conn, q *Request) *event.ICS {
	f := proto.Emit[event.ICS](c, q.From)
	f.Protocol, f.Verb, f.Code, f.Class, f.Addr = r.Proto, q.Verb, q.Code, q.Class, q.Addr
	f.Target = c.String(q.Target.Bytes())
	f.Name = c.String(q.Name.Bytes())
	return f
}

// Hash gives the key of a request whose identifier is text (FNV-1a). A peer
// that makes two identifiers collide confuses only its own requests.
func Hash(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}
