package decode

import (
	"encoding/binary"
	"hash/maphash"
)

const (
	// duplicateWindow is how far apart in packet time the two copies of a
	// packet may be: a switch forwards in microseconds, a router in less than this.
	duplicateWindow = 2e6
	duplicateWays   = 4
	duplicateSets   = 2048
)

// duplicates finds the second copies of packets that a mirror of several
// ports, or of both sides of a router, delivers. It remembers recent packets
// by a keyed 64-bit hash over everything that forwarding leaves alone: MAC
// addresses, VLAN, TTL and header checksum are left out, all else that was
// captured goes in, so that nobody can hide a packet behind another one.
//
// One copy is dropped for each original; more count as packets of their own,
// so that a flood of identical packets stays a flood.
type duplicates struct {
	seed maphash.Seed
	sets [][duplicateWays]sighting
}

// sighting is a packet that was seen. The lowest bit of the key says that its
// second copy was dropped already.
type sighting struct {
	key  uint64
	time int64
}

func (t *duplicates) init(seed maphash.Seed) {
	t.seed = seed
	t.sets = make([][duplicateWays]sighting, duplicateSets)
}

// second reports whether p is the second copy of a packet.
func (t *duplicates) second(p *Packet) bool {
	// Hash covers place, addresses, ports and protocol in either direction.
	// What is left are the lengths, the IPv4 id, and who sends to whom.
	var h, rest uint64
	if p.V6 {
		h, rest = maphash.Bytes(t.seed, p.L3[40:]), uint64(be16(p.L3[4:]))
	} else {
		h, rest = maphash.Bytes(t.seed, p.L4), uint64(be32(p.L3[2:]))
	}
	rest = rest<<32 ^ uint64(be32(p.Src[12:]))*mix3
	// Which packets compete for a place must not depend on the seed, or two
	// runs over one capture could differ.
	place := rest
	if len(p.L4) >= 8 {
		place ^= binary.BigEndian.Uint64(p.L4) * mix1
	}
	set := &t.sets[fold(place^mix2, p.Hash^mix3)>>32%duplicateSets]
	h = fold(h^p.Hash^mix2, rest^mix1)
	key := h &^ 1
	oldest := 0
	for i := range set {
		s := &set[i]
		if s.key&^1 == key {
			age := p.Time - s.time
			fresh := age <= duplicateWindow && age >= -duplicateWindow
			s.time = p.Time
			if fresh && s.key&1 == 0 {
				s.key |= 1
				return true
			}
			if !fresh {
				s.key = key
			}
			return false
		}
		if s.time < set[oldest].time {
			oldest = i
		}
	}
	set[oldest] = sighting{key: key, time: p.Time}
	return false
}
