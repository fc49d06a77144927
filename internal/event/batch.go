package event

import (
	"slices"
	"unsafe"
)

// Batch is a run of facts with the memory they live in. A worker fills one,
// the judge and the outputs read it, then it is reset and filled again. It is
// not safe for concurrent use.
//
// It keeps as much memory as its fullest fill of late needed, so that filling
// it rarely allocates and a burst is not paid for ever after.
type Batch struct {
	facts  []*Fact
	pool   []*Fact // facts this batch made, in use up to used
	used   int
	peak   int // of used since the last trim
	resets int // since the last trim
	slabs  [kindCount]slab
	arena  arena
}

// slab hands out bodies of one kind.
type slab struct {
	bodies []Body
	used   int
	peak   int // of used since the last trim
}

const (
	factChunk  = 64  // facts made at once
	bodyChunk  = 32  // bodies made at once, at most
	trimPeriod = 256 // resets after which memory that was not needed goes
	trimSlack  = 128 // elements that are not worth a trim
	maxSpare   = 2048
)

// Order is the place of a fact in the output: the number of the packet that
// caused it, then Seq. It does not depend on which worker made the fact.
type Order struct{ Packet, Seq uint64 }

// Add appends a fact with the given envelope and gives its cleared body to
// fill in.
func Add[T any, P interface {
	*T
	Body
}](b *Batch, h *Header, o Order) P {
	s := &b.slabs[P(nil).Kind()]
	if s.used == len(s.bodies) {
		chunk := make([]T, min(max(len(s.bodies)/2, 1), bodyChunk))
		for i := range chunk {
			s.bodies = append(s.bodies, P(&chunk[i]))
		}
	}
	return b.add(s, h, o).(P)
}

// add appends a fact with the next body of a slab. It is apart from Add, of
// which the program has one for every kind.
func (b *Batch) add(s *slab, h *Header, o Order) Body {
	body := s.bodies[s.used]
	s.used++
	body.Reset()
	if b.used == len(b.pool) {
		chunk := make([]Fact, factChunk)
		for i := range chunk {
			b.pool = append(b.pool, &chunk[i])
		}
	}
	f := b.pool[b.used]
	b.used++
	*f = Fact{Header: *h, Body: body, order: o}
	b.facts = append(b.facts, f)
	return body
}

// Facts gives the facts in their order.
func (b *Batch) Facts() []*Fact { return b.facts }

// Last gives the fact added last.
func (b *Batch) Last() *Fact { return b.facts[len(b.facts)-1] }

// Len gives the number of facts.
func (b *Batch) Len() int { return len(b.facts) }

// Merge appends the facts of other, which must outlive b's use, and sorts.
func (b *Batch) Merge(others ...*Batch) {
	for _, o := range others {
		b.facts = append(b.facts, o.facts...)
	}
	b.Sort()
}

// Sort puts the facts into the order that does not depend on which worker
// made them; facts of one Order keep theirs.
func (b *Batch) Sort() {
	slices.SortStableFunc(b.facts, func(x, y *Fact) int {
		switch {
		case x.order.Packet != y.order.Packet:
			if x.order.Packet < y.order.Packet {
				return -1
			}
			return 1
		case x.order.Seq < y.order.Seq:
			return -1
		case x.order.Seq > y.order.Seq:
			return 1
		}
		return 0
	})
}

// Reset empties the batch and keeps its memory. Facts, bodies and strings
// handed out before are invalid from here on.
func (b *Batch) Reset() {
	b.peak = max(b.peak, b.used)
	b.resets++
	trim := b.resets == trimPeriod
	for i := range b.slabs {
		s := &b.slabs[i]
		s.peak = max(s.peak, s.used)
		s.used = 0
		switch {
		case trim:
			s.bodies = shorten(s.bodies, s.peak)
			s.peak = 0
		case len(s.bodies) > maxSpare+trimSlack: // a burst
			s.bodies = shorten(s.bodies, maxSpare)
		}
	}
	b.arena.reset(trim)
	b.facts, b.used = b.facts[:0], 0
	if trim {
		b.pool = shorten(b.pool, b.peak)
		b.facts = slices.Grow([]*Fact(nil), min(b.peak, maxSpare))
		b.peak, b.resets = 0, 0
	} else if len(b.pool) > 2*maxSpare {
		b.pool = shorten(b.pool, maxSpare)
	}
}

// shorten gives the first n elements, at most maxSpare, in memory that fits.
func shorten[E any](list []E, n int) []E {
	n = min(n, maxSpare)
	if len(list) <= n+trimSlack {
		return list
	}
	return slices.Clone(list[:n])
}

// Size gives the bytes of text the batch holds.
func (b *Batch) Size() int { return b.arena.size }

// String copies p into the batch and gives it as a string that lives as long
// as the batch's content.
func (b *Batch) String(p []byte) string {
	if len(p) == 0 {
		return ""
	}
	q := b.arena.alloc(len(p))
	copy(q, p)
	return unsafe.String(&q[0], len(q))
}

// Hex gives p in lower-case hexadecimal as String does.
func (b *Batch) Hex(p []byte) string {
	if len(p) == 0 {
		return ""
	}
	const digits = "0123456789abcdef"
	q := b.arena.alloc(2 * len(p))
	for i, c := range p {
		q[2*i], q[2*i+1] = digits[c>>4], digits[c&15]
	}
	return unsafe.String(&q[0], len(q))
}

// arena is a bump allocator for text.
type arena struct {
	chunks [][]byte
	cur    int
	off    int
	size   int
	peak   int // of chunks used since the last trim
}

const arenaChunk = 64 << 10

func (a *arena) alloc(n int) []byte {
	a.size += n
	if n > arenaChunk/4 {
		return make([]byte, n)
	}
	if len(a.chunks) == 0 || a.off+n > arenaChunk {
		if len(a.chunks) > 0 {
			a.cur++
		}
		if a.cur == len(a.chunks) {
			a.chunks = append(a.chunks, make([]byte, arenaChunk))
		}
		a.off = 0
	}
	p := a.chunks[a.cur][a.off : a.off+n : a.off+n]
	a.off += n
	return p
}

func (a *arena) reset(trim bool) {
	a.peak = max(a.peak, a.cur+1)
	a.cur, a.off, a.size = 0, 0, 0
	if trim {
		if len(a.chunks) > a.peak {
			a.chunks = slices.Clone(a.chunks[:a.peak])
		}
		a.peak = 0
	}
}
