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
	seed   maphash.Seed
	sets   [][duplicateWays]sighting
	looked uint64 // makes sure that what was looked at ahead was really looked at
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

// traced is what duplicates compares of a packet.
type traced struct {
	set uint64
	key uint64
}

// trace gives what is compared of a packet.
func (t *duplicates) trace(p *Packet) traced {
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
	h = fold(h^p.Hash^mix2, rest^mix1)
	return traced{fold(place^mix2, p.Hash^mix3) >> 32 % duplicateSets, h &^ 1}
}

// second reports whether a packet of that trace, seen at a time, is the second
// copy of another.
func (t *duplicates) second(p traced, now int64) bool {
	set := &t.sets[p.set]
	oldest := 0
	for i := range set {
		s := &set[i]
		if s.key&^1 == p.key {
			age := now - s.time
			fresh := age <= duplicateWindow && age >= -duplicateWindow
			s.time = now
			if fresh && s.key&1 == 0 {
				s.key |= 1
				return true
			}
			if !fresh {
				s.key = p.key
			}
			return false
		}
		if s.time < set[oldest].time {
			oldest = i
		}
	}
	set[oldest] = sighting{key: p.key, time: now}
	return false
}

// traceRun is how many packets are traced before they are compared.
const traceRun = 64

// Unique drops the second copies that a mirror port makes from packets that
// Parse took apart, in their order, and gives what is left in the same memory.
//
// It traces a run of packets before it compares them, and looks at each place
// while it traces the next packet: the places are spread over more memory than
// a processor keeps at hand, and so it need not wait for them one by one.
func (d *Decoder) Unique(packets []Packet) []Packet {
	if d.opt.KeepDuplicates {
		return packets
	}
	var traces [traceRun]traced
	kept := 0
	for at := 0; at < len(packets); at += traceRun {
		run := packets[at:min(at+traceRun, len(packets))]
		var looked uint64
		for i := range run {
			if run[i].whole() {
				traces[i] = d.dups.trace(&run[i])
				looked ^= d.dups.sets[traces[i].set][0].key
			}
		}
		d.dups.looked = looked
		for i := range run {
			if run[i].whole() && d.dups.second(traces[i], run[i].Time) {
				d.stats.Duplicates++
				continue
			}
			if kept != at+i {
				packets[kept] = run[i]
			}
			kept++
		}
	}
	return packets[:kept]
}

// whole reports whether the packet is one that can have a copy: an IP packet
// that came in one frame.
func (p *Packet) whole() bool { return p.Layer >= LayerNetwork && p.Frames == 1 && !p.Fragment }
