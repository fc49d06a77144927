// Package pending keeps the requests of one flow that wait for their answers.
// It is a small bounded table that remembers age, so that the oldest request
// leaves when the table is full or its time is up: memory and search time do
// not depend on what a peer sends.
//
// It knows no protocol and makes no facts. The analysers below package proto
// use it; its values are theirs.
package pending

import "time"

// Limit is the largest number of requests a table can be asked to hold.
const Limit = 1024

// Table holds requests by key, oldest first. The zero value holds nothing:
// call Init before use. Slots are made when first needed and kept for reuse.
type Table[T any] struct {
	slots []slot[T]
	order []uint16 // slots in use, oldest first; behind used: free slots
	used  int
	limit int
	ttl   int64
}

type slot[T any] struct {
	key   uint64
	time  int64
	value T
}

// Init sets how many requests are kept at most and for how long, in packet
// time. It forgets all requests and keeps the slots.
func (t *Table[T]) Init(limit int, ttl time.Duration) {
	t.limit = max(1, min(limit, Limit))
	t.ttl = int64(ttl)
	t.used = 0
}

// Len gives the number of waiting requests.
func (t *Table[T]) Len() int { return t.used }

// Add makes room for a request and gives its slot, which holds an old value
// to be overwritten and stays valid until the next Add. Call Expired until it
// gives nothing before, else the oldest request is lost.
func (t *Table[T]) Add(key uint64, now int64) *T {
	if t.used == t.limit {
		t.remove(0)
	}
	if t.used == len(t.order) {
		t.order = append(t.order, uint16(len(t.slots)))
		t.slots = append(t.slots, slot[T]{})
	}
	s := &t.slots[t.order[t.used]]
	t.used++
	s.key, s.time = key, now
	return &s.value
}

// Find gives the oldest request with that key and leaves it in place, or nil.
func (t *Table[T]) Find(key uint64) *T {
	for _, id := range t.order[:t.used] {
		if t.slots[id].key == key {
			return &t.slots[id].value
		}
	}
	return nil
}

// Take removes the oldest request with that key and gives its value, valid
// until the next Add, or nil when there is none.
func (t *Table[T]) Take(key uint64) *T {
	for i, id := range t.order[:t.used] {
		if t.slots[id].key == key {
			return t.remove(i)
		}
	}
	return nil
}

// TakeFunc removes the oldest request that ok accepts and gives its value,
// valid until the next Add, or nil when there is none.
func (t *Table[T]) TakeFunc(ok func(*T) bool) *T {
	for i, id := range t.order[:t.used] {
		if ok(&t.slots[id].value) {
			return t.remove(i)
		}
	}
	return nil
}

// Expired removes a request that must leave, because its time is up or the
// table is full, and gives its value, valid until the next Add. It gives nil
// when all may stay. Time that runs backwards expires nothing.
func (t *Table[T]) Expired(now int64) *T {
	if t.used == 0 {
		return nil
	}
	if t.used < t.limit && now-t.slots[t.order[0]].time <= t.ttl {
		return nil
	}
	return t.remove(0)
}

// Oldest removes the oldest request and gives its value, valid until the next
// Add, or nil when the table is empty.
func (t *Table[T]) Oldest() *T {
	if t.used == 0 {
		return nil
	}
	return t.remove(0)
}

func (t *Table[T]) remove(i int) *T {
	id := t.order[i]
	copy(t.order[i:t.used], t.order[i+1:t.used])
	t.used--
	t.order[t.used] = id
	return &t.slots[id].value
}
