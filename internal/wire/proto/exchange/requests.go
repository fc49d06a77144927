package exchange

import (
	"net/netip"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

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
	table Table[Request]
}

// Ask notes a request and gives it, cleared, to be filled in at once. When too
// many wait, the oldest becomes a fact without an answer.
func (r *Requests) Ask(c *proto.Conn, key uint64, from event.Dir) *Request {
	if r.table.Full() {
		r.emit(c, r.table.Oldest())
	}
	q := r.table.Add(key)
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
	q := r.Find(key, dir)
	if q == nil {
		return nil
	}
	f := r.emit(c, q)
	f.Answered = true
	r.table.Remove(key)
	return f
}

// Waiting gives the number of requests that wait.
func (r *Requests) Waiting() int { return r.table.Len() }

// End makes facts of all requests that were never answered.
func (r *Requests) End(c *proto.Conn) {
	for q := r.table.Oldest(); q != nil; q = r.table.Oldest() {
		r.emit(c, q)
		r.table.RemoveOldest()
	}
}

// Reset forgets all requests and keeps the memory.
func (r *Requests) Reset() { r.table.Reset() }

func (r *Requests) emit(c *proto.Conn, q *Request) *event.ICS {
	f := proto.Emit[event.ICS](c, q.From)
	f.Protocol, f.Verb, f.Code, f.Class, f.Addr = r.Proto, q.Verb, q.Code, q.Class, q.Addr
	f.Target = c.String(q.Target.Bytes())
	f.Name = c.String(q.Name.Bytes())
	return f
}
