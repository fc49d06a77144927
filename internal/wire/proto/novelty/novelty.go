// Package novelty tells what one side of a flow says for the first time from
// what it repeats, so that a device which is asked for its name every second
// makes one identity fact and not thousands.
//
// It keeps a few hashes and nothing of the content. The analysers below
// package proto use it.
package novelty

// size is how many different things are remembered. Who alternates between
// more is reported again, which costs facts but loses nothing.
const size = 16

// Filter remembers the last different things. The zero value is ready for use.
type Filter struct {
	seen [size]uint64
	next uint8
}

// New reports whether these parts, in this order, have not been seen lately,
// and remembers them. Nothing but empty parts is never new.
func (f *Filter) New(parts ...[]byte) bool {
	const offset, prime = 14695981039346656037, 1099511628211
	h, n := uint64(offset), 0
	for _, p := range parts {
		for _, c := range p {
			h = (h ^ uint64(c)) * prime
		}
		h = (h ^ uint64(len(p)) ^ 0x100) * prime
		n += len(p)
	}
	if n == 0 {
		return false
	}
	h |= 1 // zero marks an empty place
	for _, s := range f.seen {
		if s == h {
			return false
		}
	}
	f.seen[f.next%size] = h
	f.next++
	return true
}
