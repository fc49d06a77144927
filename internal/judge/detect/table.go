package detect

import "net/netip"

// table remembers a bounded number of things by key and forgets the one that
// was used least recently. The place of a forgotten value is used again for
// the next, unless somebody keeps a pointer to it (see pin), so that a table
// that is full allocates nothing.
//
// Keys are hashes already. They are found by open addressing with linear
// probing, and taken out by shifting back.
type table[V any] struct {
	slots      []tableSlot[V] // a power of two, at most two in three taken
	used       int
	head, tail *entry[V] // head was used last
	chunk      []entry[V]
	max        int
}

// tableSlot is free when it has no entry.
type tableSlot[V any] struct {
	key uint64
	e   *entry[V]
}

type entry[V any] struct {
	key        uint64
	prev, next *entry[V]
	value      V
}

const (
	entryChunk = 32 // entries that are allocated at once
	firstSlots = 16
)

// pin is embedded in values that findings refer to when they are told.
type pin struct{ kept bool }

// keep says that the value must not be used for another key.
func (p *pin) keep() { p.kept = true }

func (p *pin) isKept() bool { return p.kept }

// cleaner is implemented by values that keep their memory when they are used
// for another key.
type cleaner interface{ clean() }

func newTable[V any](size int) *table[V] {
	return &table[V]{slots: make([]tableSlot[V], firstSlots), max: size}
}

// home gives the slot that a key prefers.
func (t *table[V]) home(k uint64) uint64 {
	return (k ^ k>>32) * 0x9e3779b97f4a7c15 >> 32 & uint64(len(t.slots)-1)
}

// find gives the entry of a key, nil when it is not known.
func (t *table[V]) find(k uint64) *entry[V] {
	mask := uint64(len(t.slots) - 1)
	for i := t.home(k); ; i = (i + 1) & mask {
		s := &t.slots[i]
		if s.key == k || s.e == nil {
			return s.e
		}
	}
}

// get gives the value of a key, nil when it is not known.
func (t *table[V]) get(k uint64) *V {
	e := t.find(k)
	if e == nil {
		return nil
	}
	t.touch(e)
	return &e.value
}

// make gives the value of a key, a zero one when it was not known.
func (t *table[V]) make(k uint64) *V {
	if e := t.find(k); e != nil {
		t.touch(e)
		return &e.value
	}
	return t.add(k)
}

// add makes room for a key that is not there.
func (t *table[V]) add(k uint64) *V {
	var e *entry[V]
	if t.used >= t.max {
		e = t.tail
		t.unlink(e)
		t.remove(e)
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
	if 3*(t.used+1) > 2*len(t.slots) {
		t.grow()
	}
	t.insert(e)
	t.used++
	t.push(e)
	return &e.value
}

func (t *table[V]) insert(e *entry[V]) {
	i := t.home(e.key)
	for t.slots[i].e != nil {
		i = (i + 1) & uint64(len(t.slots)-1)
	}
	t.slots[i] = tableSlot[V]{e.key, e}
}

func (t *table[V]) grow() {
	t.slots = make([]tableSlot[V], 2*len(t.slots))
	for e := t.tail; e != nil; e = e.prev {
		t.insert(e)
	}
}

// remove takes an entry that is there out of the slots.
func (t *table[V]) remove(e *entry[V]) {
	mask := uint64(len(t.slots) - 1)
	i := t.home(e.key)
	for t.slots[i].e != e {
		i = (i + 1) & mask
	}
	t.used--
	for j := i; ; {
		j = (j + 1) & mask
		if t.slots[j].e == nil {
			break
		}
		if home := t.home(t.slots[j].key); (j-home)&mask >= (j-i)&mask {
			t.slots[i] = t.slots[j]
			i = j
		}
	}
	t.slots[i] = tableSlot[V]{}
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
