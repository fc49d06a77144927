package detect

// table remembers a bounded number of things by key and forgets the one that
// was used least recently. Values are never reused for another key, so who
// holds a pointer to one may go on reading it.
type table[V any] struct {
	index      map[uint64]*entry[V]
	head, tail *entry[V] // head was used last
	max        int
}

type entry[V any] struct {
	key        uint64
	prev, next *entry[V]
	value      V
}

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
	if len(t.index) >= t.max {
		last := t.tail
		t.unlink(last)
		delete(t.index, last.key)
	}
	e := &entry[V]{key: k}
	t.index[k] = e
	t.push(e)
	return &e.value
}

// drop forgets a key.
func (t *table[V]) drop(k uint64) {
	if e := t.index[k]; e != nil {
		t.unlink(e)
		delete(t.index, k)
	}
}

// each visits all values, the one used longest ago first; the order depends
// on the facts only.
func (t *table[V]) each(visit func(k uint64, v *V)) {
	for e := t.tail; e != nil; {
		before := e.prev // visit may drop e
		visit(e.key, &e.value)
		e = before
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
	// Who still holds the value must not hold the whole list with it.
	e.prev, e.next = nil, nil
}
