package flow

import (
	"encoding/binary"

	"edgeward/internal/wire/decode"
)

// key identifies a flow in both directions: the smaller endpoint first.
type key struct {
	a0, a1, b0, b1 uint64
	p              uint64 // port of a, port of b, protocol, scope, low byte of the tenant
}

// keyOf gives the key of a packet and whether its source is endpoint a.
func keyOf(p *decode.Packet) (k key, srcIsA bool) {
	s0, s1 := binary.BigEndian.Uint64(p.Src[:8]), binary.BigEndian.Uint64(p.Src[8:])
	d0, d1 := binary.BigEndian.Uint64(p.Dst[:8]), binary.BigEndian.Uint64(p.Dst[8:])
	rest := uint64(p.Proto)<<24 | uint64(p.Place.Scope)<<8 | uint64(p.Place.Tenant&0xff)
	if s0 < d0 || s0 == d0 && (s1 < d1 || s1 == d1 && p.SrcPort <= p.DstPort) {
		return key{s0, s1, d0, d1, uint64(p.SrcPort)<<48 | uint64(p.DstPort)<<32 | rest}, true
	}
	return key{d0, d1, s0, s1, uint64(p.DstPort)<<48 | uint64(p.SrcPort)<<32 | rest}, false
}

// none is the index of no flow.
const none = ^uint32(0)

// slot is an entry of the index: the upper half of the hash and the flow.
type slot struct {
	tag uint32
	ref uint32 // index of the flow plus one; 0 is free
}

// index finds flows by their hash: open addressing with linear probing and
// deletion by shifting back, so that it never needs tombstones.
type index struct {
	slots []slot
	mask  uint32
	used  int
}

func newIndex(size int) index {
	n := 64
	for n < size*4/3 {
		n *= 2
	}
	return index{slots: make([]slot, n), mask: uint32(n - 1)}
}

func (x *index) insert(hash uint64, ref uint32) {
	if x.used*4 >= len(x.slots)*3 {
		x.grow()
	}
	tag := uint32(hash >> 32)
	x.put(slot{tag, ref + 1}, homeOf(tag))
	x.used++
}

func (x *index) put(s slot, home uint32) {
	i := home & x.mask
	for x.slots[i].ref != 0 {
		i = (i + 1) & x.mask
	}
	x.slots[i] = s
}

// grow doubles the index.
func (x *index) grow() {
	old := x.slots
	x.slots = make([]slot, 2*len(old))
	x.mask = uint32(len(x.slots) - 1)
	for _, s := range old {
		if s.ref != 0 {
			x.put(s, homeOf(s.tag))
		}
	}
}

// homeOf derives the preferred slot from the half of the hash that a slot
// keeps, so that growing and deleting need not look at the flows.
func homeOf(tag uint32) uint32 { return tag * 0x9e3779b1 >> 4 }

func (x *index) remove(tag, ref uint32) {
	i := homeOf(tag) & x.mask
	for x.slots[i].ref != ref+1 {
		if x.slots[i].ref == 0 {
			return
		}
		i = (i + 1) & x.mask
	}
	x.used--
	for j := i; ; {
		j = (j + 1) & x.mask
		if x.slots[j].ref == 0 {
			break
		}
		home := homeOf(x.slots[j].tag) & x.mask
		if (j-home)&x.mask >= (j-i)&x.mask {
			x.slots[i] = x.slots[j]
			i = j
		}
	}
	x.slots[i] = slot{}
}
