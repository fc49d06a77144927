package event

import (
	"slices"
	"unsafe"
)

// Batch is a run of facts with the memory they live in. A worker fills one,
// the judge and the outputs read it, then it is reset and filled again. It is
// not safe for concurrent use.
type Batch struct {
	facts []*Fact
	pool  []*Fact // every fact this batch ever made, in use up to used
	used  int
	slabs [kindCount]slab
	arena arena
}

// slab hands out bodies of one kind.
type slab struct {
	bodies []Body
	used   int
}

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
		s.bodies = append(s.bodies, P(new(T)))
	}
	body := s.bodies[s.used].(P)
	s.used++
	body.Reset()
	if b.used == len(b.pool) {
		chunk := make([]Fact, 64)
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
	b.facts = b.facts[:0]
	b.used = 0
	for i := range b.slabs {
		b.slabs[i].used = 0
	}
	b.arena.reset()
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

func (a *arena) reset() { a.cur, a.off, a.size = 0, 0, 0 }
