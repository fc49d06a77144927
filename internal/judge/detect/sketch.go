package detect

import (
	"encoding/binary"
	"math"
	"math/bits"
	"net/netip"
	"slices"

	"edgeward/internal/ident"
)

// mix joins a value into a hash. Collisions cost a miscount, never safety.
func mix(h, v uint64) uint64 {
	hi, lo := bits.Mul64(h^0x9e3779b97f4a7c15, v^0xbf58476d1ce4e5b9)
	return hi ^ lo
}

// addrKey hashes an address.
func addrKey(a netip.Addr) uint64 {
	b := a.As16()
	return mix(binary.BigEndian.Uint64(b[:8])+1, binary.BigEndian.Uint64(b[8:]))
}

// hostKey hashes an address in its place.
func hostKey(p ident.Place, a netip.Addr) uint64 {
	return mix(addrKey(a), uint64(p.Tenant)<<16|uint64(p.Scope))
}

// textKey hashes a text (FNV-1a).
func textKey[T string | []byte](s T) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

const (
	exactKeys       = 32
	inlineKeys      = 6
	sketchRegisters = 256
)

// distinct counts different keys: exactly up to exactKeys, then by a
// HyperLogLog of 256 registers (standard error 6.5 %), whose small range is
// corrected by linear counting (Flajolet et al. 2007).
type distinct struct {
	first [inlineKeys]uint64
	n     int // of these
	more  []uint64
	many  *[sketchRegisters]uint8
}

// add notes a key and reports whether it is certainly or probably new.
func (d *distinct) add(k uint64) bool {
	if d.many != nil {
		return d.register(k)
	}
	if slices.Contains(d.first[:d.n], k) || slices.Contains(d.more, k) {
		return false
	}
	switch {
	case d.n < inlineKeys:
		d.first[d.n] = k
		d.n++
		return true
	case d.n+len(d.more) < exactKeys:
		if d.more == nil {
			d.more = make([]uint64, 0, exactKeys-inlineKeys)
		}
		d.more = append(d.more, k)
		return true
	}
	d.many = new([sketchRegisters]uint8)
	for _, have := range d.first {
		d.register(have)
	}
	for _, have := range d.more {
		d.register(have)
	}
	return d.register(k)
}

// halves are the powers of one half.
var halves = func() (t [256]float64) {
	for r := range t {
		t[r] = math.Exp2(-float64(r))
	}
	return t
}()

func (d *distinct) register(k uint64) bool {
	k = mix(mix(k, 0x2545f4914f6cdd1d), 0x9fb21c651e98df25) // twice, as keys may be a row of numbers
	rank := uint8(bits.LeadingZeros64(k<<8|1<<7) + 1)
	if r := &d.many[k>>56]; rank > *r {
		*r = rank
		return true
	}
	return false
}

// count gives the number of different keys.
func (d *distinct) count() int {
	if d.many == nil {
		return d.n + len(d.more)
	}
	sum, empty := 0.0, 0
	for _, r := range d.many {
		sum += halves[r]
		if r == 0 {
			empty++
		}
	}
	const m = sketchRegisters
	estimate := 0.7183 * m * m / sum // alpha for 256 registers is 0.7213/(1+1.079/256)
	if estimate <= 2.5*m && empty > 0 {
		estimate = m * math.Log(float64(m)/float64(empty))
	}
	return max(exactKeys, int(estimate+0.5))
}
