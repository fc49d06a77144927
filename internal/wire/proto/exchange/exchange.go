// Package exchange joins requests with their answers: a bounded table of what
// was asked and not yet answered on one flow, and on top of it the small
// industrial protocols' way of making one event.ICS fact of both.
//
// It is no protocol and parses nothing. The protocol folders beside it use it;
// nothing else needs it.
package exchange

// Max is how many requests of one flow may wait for an answer. The standards
// allow more, but no device known keeps that many open, and memory must not
// depend on what an attacker sends.
const Max = 32

// Table keeps up to Max requests of type V by key, oldest first. The zero
// Table is ready for use. It is not safe for concurrent use.
type Table[V any] struct {
	slots []slot[V]
}

type slot[V any] struct {
	key uint64
	val V
}

// Full reports whether Add would push out the oldest request; who wants that
// one reported asks Oldest first.
func (t *Table[V]) Full() bool { return len(t.slots) >= Max }

// Len gives the number of requests that wait.
func (t *Table[V]) Len() int { return len(t.slots) }

// Oldest gives the request that has waited longest, nil when none waits. The
// pointer is valid until the next call that changes the table.
func (t *Table[V]) Oldest() *V {
	if len(t.slots) == 0 {
		return nil
	}
	return &t.slots[0].val
}

// Add makes room for a request under key and gives it to be filled in. It
// comes as the previous tenant of the memory left it, so that buffers inside
// it can be reused; the caller sets every field. When the table is full the
// oldest request goes. The pointer is valid until the next change.
func (t *Table[V]) Add(key uint64) *V {
	if t.Full() {
		t.removeAt(0)
	}
	n := len(t.slots)
	if n < cap(t.slots) {
		t.slots = t.slots[:n+1]
	} else {
		t.slots = append(t.slots, slot[V]{})
	}
	s := &t.slots[n]
	s.key = key
	return &s.val
}

// Find gives the oldest request under key, nil when there is none. The pointer
// is valid until the next call that changes the table.
func (t *Table[V]) Find(key uint64) *V {
	for i := range t.slots {
		if t.slots[i].key == key {
			return &t.slots[i].val
		}
	}
	return nil
}

// Remove drops the oldest request under key and reports whether there was one.
func (t *Table[V]) Remove(key uint64) bool {
	for i := range t.slots {
		if t.slots[i].key == key {
			t.removeAt(i)
			return true
		}
	}
	return false
}

// RemoveOldest drops the request that has waited longest.
func (t *Table[V]) RemoveOldest() {
	if len(t.slots) > 0 {
		t.removeAt(0)
	}
}

// Reset empties the table and keeps its memory.
func (t *Table[V]) Reset() { t.slots = t.slots[:0] }

// removeAt closes the gap and moves the freed slot behind the end, where Add
// finds its buffers again.
func (t *Table[V]) removeAt(i int) {
	freed := t.slots[i]
	copy(t.slots[i:], t.slots[i+1:])
	t.slots[len(t.slots)-1] = freed
	t.slots = t.slots[:len(t.slots)-1]
}
