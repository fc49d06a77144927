package detect

import "net/netip"

// table remembers a bounded number of things by key and forgets the one that
// was used least recently. The place of a forgotten value is used again for
// the next, unless somebody keeps a pointer to it (see pin), so that a table
// that is full allocates nothing.
type table[V any] struct {
	index      map[uint64]*entry[V]
	head, tail *entry[V] // head was used last
	chunk      []entry[V]
	max        int
}

type entry[V any] struct {
	key        uint64
	prev, next *entry[V]
	value      V
}

// entryChunk is how many entries are allocated at once.
const entryChunk = 32

// pin is embedded in values that findings refer to when they are told.
type pin struct{ kept bool }

// keep says that the value must not be used for another key.
func (p *pin) keep() { p.kept = true }

func (p *pin) isKept() bool { return p.kept }

// cleaner is implemented by values that keep their memory when they are used
// for another key.
type cleaner interface{ clean() }

func newTable[V any](size int) *table[V] {
	return &table[V]{index: make(map[uint64]*entry[V]), max: size}
}

// get gives the value of a key, nil when it is not known.
func (t *table[V]) get(k uint64) *V {
	e := t.index[k]
	if e == nil {
		return nil
	}
	t.touch(e)
	return &e.value
}

// make gives the value of a key, a zero one when it was not known.
func (t *table[V]) make(k uint64) *V {
	if e := t.index[k]; e != nil {
		t.touch(e)
		return &e.value
	}
	var e *entry[V]
	if len(t.index) >= t.max {
		e = t.tail
		t.unlink(e)
		delete(t.index, e.key)
		if p, ok := any(&e.value).(interface{ isKept() bool }); ok && p.isKept() {
			e = nil
		} else if c, ok := any(&e.value).(cleaner); ok {
			c.clean()
		} else {
			var zero V
			e.value = zero
		}
	}
	if e == nil {
		if len(t.chunk) == 0 {
			t.chunk = make([]entry[V], min(entryChunk, t.max))
		}
		e, t.chunk = &t.chunk[0], t.chunk[1:]
	}
	e.key = k
	t.index[k] = e
	t.push(e)
	return &e.value
}

// each visits all values, the one used longest ago first; the order depends
// on the facts only.
func (t *table[V]) each(visit func(k uint64, v *V)) {
	for e := t.tail; e != nil; e = e.prev {
		visit(e.key, &e.value)
	}
}

func (t *table[V]) touch(e *entry[V]) {
	if t.head == e {
		return
	}
	t.unlink(e)
	t.push(e)
}

func (t *table[V]) push(e *entry[V]) {
	e.prev, e.next = nil, t.head
	if t.head != nil {
		t.head.prev = e
	}
	t.head = e
	if t.tail == nil {
		t.tail = e
	}
}

func (t *table[V]) unlink(e *entry[V]) {
	if e.prev != nil {
		e.prev.next = e.next
	} else {
		t.head = e.next
	}
	if e.next != nil {
		e.next.prev = e.prev
	} else {
		t.tail = e.prev
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
