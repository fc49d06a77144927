package detect

// recency finds the places of a bounded number of keys and knows which of them
// was used least recently. It is the part of a table that does not depend on
// the values.
//
// Keys are hashes already. They are found by open addressing with linear
// probing, and taken out by shifting back.
type recency struct {
	slots      []slot  // a power of two, at most two in three taken
	places     []place // those in use
	head, tail int32   // head was used last; none without places
	max        int
}

// slot says where a key is; at is one more than its place, 0 when it is free.
type slot struct {
	key uint64
	at  int32
}

// place has a key and those that were used after it and before it.
type place struct {
	key        uint64
	prev, next int32
}

const (
	none       = -1
	firstSlots = 16
)

func newRecency(size int) recency {
	return recency{slots: make([]slot, firstSlots), head: none, tail: none, max: size}
}

// home gives the slot that a key prefers.
func (r *recency) home(k uint64) uint64 {
	return (k ^ k>>32) * 0x9e3779b97f4a7c15 >> 32 & uint64(len(r.slots)-1)
}

// find gives the place of a key, or none.
func (r *recency) find(k uint64) int32 {
	mask := uint64(len(r.slots) - 1)
	for i := r.home(k); ; i = (i + 1) & mask {
		s := &r.slots[i]
		if s.at == 0 {
			return none
		}
		if s.key == k {
			return s.at - 1
		}
	}
}

// use gives the place of a key, which is now the one used last, or none.
func (r *recency) use(k uint64) int32 {
	at := r.find(k)
	if at != none && at != r.head {
		r.unlink(at)
		r.push(at)
	}
	return at
}

// add gives a place to a key that has none: a new one, the next in number, as
// long as there are fewer than the largest number, else that used longest ago.
func (r *recency) add(k uint64) int32 {
	at := int32(len(r.places))
	if len(r.places) < r.max {
		if 3*(len(r.places)+1) > 2*len(r.slots) {
			r.grow()
		}
		r.places = append(r.places, place{})
	} else {
		at = r.tail
		r.unlink(at)
		r.remove(at)
	}
	r.places[at].key = k
	r.insert(k, at)
	r.push(at)
	return at
}

func (r *recency) insert(k uint64, at int32) {
	i := r.home(k)
	for r.slots[i].at != 0 {
		i = (i + 1) & uint64(len(r.slots)-1)
	}
	r.slots[i] = slot{k, at + 1}
}

func (r *recency) grow() {
	r.slots = make([]slot, 2*len(r.slots))
	for at := range r.places {
		r.insert(r.places[at].key, int32(at))
	}
}

// remove takes the key of a place out of the slots.
func (r *recency) remove(at int32) {
	mask := uint64(len(r.slots) - 1)
	i := r.home(r.places[at].key)
	for r.slots[i].at != at+1 {
		i = (i + 1) & mask
	}
	for j := i; ; {
		j = (j + 1) & mask
		if r.slots[j].at == 0 {
			break
		}
		if home := r.home(r.slots[j].key); (j-home)&mask >= (j-i)&mask {
			r.slots[i] = r.slots[j]
			i = j
		}
	}
	r.slots[i] = slot{}
}

func (r *recency) push(at int32) {
	p := &r.places[at]
	p.prev, p.next = none, r.head
	if r.head != none {
		r.places[r.head].prev = at
	}
	r.head = at
	if r.tail == none {
		r.tail = at
	}
}

func (r *recency) unlink(at int32) {
	p := &r.places[at]
	if p.prev != none {
		r.places[p.prev].next = p.next
	} else {
		r.head = p.next
	}
	if p.next != none {
		r.places[p.next].prev = p.prev
	} else {
		r.tail = p.prev
	}
}
