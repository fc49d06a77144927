package detect

import "net/netip"

// table remembers a bounded number of things by key and forgets the one that
// was used least recently. The place of a forgotten value is used again for
// the next, unless somebody keeps a pointer to it (see pin), so that a table
// that is full allocates nothing.
//
// There is a table for nearly every kind of value in this package. What does
// not depend on the value is recency's, which is in the program only once.
type table[V any] struct {
	recency
	values []*V // by place
	chunk  []V  // values that nobody has yet
}

const valueChunk = 32 // values that are allocated at once

// pin is embedded in values that findings refer to when they are told.
type pin struct{ kept bool }

// keep says that the value must not be used for another key.
func (p *pin) keep() { p.kept = true }

func (p *pin) isKept() bool { return p.kept }

// cleaner is implemented by values that keep their memory when they are used
// for another key.
type cleaner interface{ clean() }

func newTable[V any](size int) *table[V] {
	return &table[V]{recency: newRecency(size)}
}

// get gives the value of a key, nil when it is not known.
func (t *table[V]) get(k uint64) *V {
	if at := t.use(k); at != none {
		return t.values[at]
	}
	return nil
}

// peek gives the value of a key as get does, which counts as no use.
func (t *table[V]) peek(k uint64) *V {
	if at := t.find(k); at != none {
		return t.values[at]
	}
	return nil
}

// make gives the value of a key, a zero one when it was not known.
func (t *table[V]) make(k uint64) *V {
	if at := t.use(k); at != none {
		return t.values[at]
	}
	return t.renew(t.add(k))
}

// renew gives a zero value for a place that has a new key.
func (t *table[V]) renew(at int32) *V {
	if int(at) == len(t.values) {
		v := t.fresh()
		t.values = append(t.values, v)
		return v
	}
	v := t.values[at]
	if p, ok := any(v).(interface{ isKept() bool }); ok && p.isKept() {
		v = t.fresh()
		t.values[at] = v
	} else if c, ok := any(v).(cleaner); ok {
		c.clean()
	} else {
		var zero V
		*v = zero
	}
	return v
}

func (t *table[V]) fresh() *V {
	if len(t.chunk) == 0 {
		t.chunk = make([]V, min(valueChunk, t.max))
	}
	v := &t.chunk[0]
	t.chunk = t.chunk[1:]
	return v
}

// each visits all values, the one used longest ago first; the order depends
// on the facts only.
func (t *table[V]) each(visit func(k uint64, v *V)) {
	for at := t.tail; at != none; at = t.places[at].prev {
		visit(t.places[at].key, t.values[at])
	}
}

// slab hands out small slices from large ones. They are never given back, so
// only values that live as long as their table may hold them.
type slab[T any] struct{ free []T }

const slabChunk = 512

// grow gives list with room for one more.
func (s *slab[T]) grow(list []T) []T {
	if len(list) < cap(list) {
		return list
	}
	n := max(4, 2*cap(list))
	if len(s.free) < n {
		s.free = make([]T, max(n, slabChunk))
	}
	bigger := s.free[:len(list):n]
	s.free = s.free[n:]
	copy(bigger, list)
	return bigger
}

// slabs are the engine's.
type slabs struct {
	marks slab[mark]
	addrs slab[netip.Addr]
}
