package amqp

import "hash/maphash"

// seen remembers the last combinations of a method and the names it is about.
// Who alternates between more is reported again, which costs facts but loses
// nothing.
type seen struct {
	sums [16]uint64
	next uint8
}

var seed = maphash.MakeSeed()

// first reports whether the combination is new, and remembers it.
func (s *seen) first(method string, a, b []byte) bool {
	sum := maphash.String(seed, method) ^ maphash.Bytes(seed, a)*3 ^ maphash.Bytes(seed, b)*5 | 1
	for _, x := range s.sums {
		if x == sum {
			return false
		}
	}
	s.sums[s.next%16] = sum
	s.next++
	return true
}
