package decode

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"

	"edgeward/internal/ident"
	"edgeward/internal/wire/capture"
)

// Options steer a Decoder. The zero value is good.
type Options struct {
	Tenant uint16
	// Scope maps an interface of the source, the innermost VLAN id (0 without)
	// and the id of the last tunnel (0 without) to a scope. Nil gives 0.
	Scope func(iface, vlan uint16, tunnelID uint32) uint16
	// Overlap says which of two overlapping IPv4 fragments counts when nothing
	// is known of their target.
	Overlap Overlap
	// OverlapFor chooses Overlap for one datagram by its destination, so that
	// fragments are put together as their target would. When it is nil, the
	// hop limit of the target's own packets decides.
	OverlapFor func(place ident.Place, dst [16]byte) Overlap
	// Datagrams and FragmentBytes limit what waits for more fragments:
	// 1024 datagrams and 4 MiB when zero.
	Datagrams, FragmentBytes int
	// KeepDuplicates keeps the second copies that a mirror port makes.
	KeepDuplicates bool
	// HashSeed goes into Packet.Hash, for flow tables that must not be
	// predictable. The same seed gives the same hashes.
	HashSeed uint64
}

// Stats counts what a Decoder met. It is read between calls of Decode.
type Stats struct {
	Packets    uint64 // frames handed in
	Undecoded  uint64 // frames of which not even the link layer could be read
	Duplicates uint64 // second copies that were dropped
	TooDeep    uint64 // tunnels that were not taken off because they were in too many others

	Fragments        uint64 // fragments seen
	Reassembled      uint64 // datagrams put together
	FragmentTimeouts uint64 // datagrams given up because a fragment did not come
	FragmentEvicted  uint64 // datagrams given up for lack of room
	FragmentOverlaps uint64 // fragments that overlap others
	FragmentRefused  uint64 // fragments that no datagram can have, or that belong to a dropped one

	Tunnels   [len(tunnelNames)]uint64 // tunnels taken off, by Tunnel
	Anomalies [AnomalyCount]uint64     // packets, by the bit of the anomaly
}

// Add sums two sets of counters.
func (s *Stats) Add(o *Stats) {
	s.Packets += o.Packets
	s.Undecoded += o.Undecoded
	s.Duplicates += o.Duplicates
	s.TooDeep += o.TooDeep
	s.Fragments += o.Fragments
	s.Reassembled += o.Reassembled
	s.FragmentTimeouts += o.FragmentTimeouts
	s.FragmentEvicted += o.FragmentEvicted
	s.FragmentOverlaps += o.FragmentOverlaps
	s.FragmentRefused += o.FragmentRefused
	for i := range s.Tunnels {
		s.Tunnels[i] += o.Tunnels[i]
	}
	for i := range s.Anomalies {
		s.Anomalies[i] += o.Anomalies[i]
	}
}

// maxDepth is how many tunnels are taken off one packet.
const maxDepth = 4

// Decoder takes packets apart. It remembers fragments and recent packets, so
// all packets of one source go through one Decoder, in order. It is used by
// one goroutine.
type Decoder struct {
	opt   Options
	stats Stats
	frags reassembler
	dups  duplicates
	seen  systems

	cut      bool // the snapshot length cut the frame at hand
	absorbed bool // the frame at hand is a fragment that waits for others
}

// New makes a Decoder.
func New(opt Options) *Decoder {
	d := &Decoder{opt: opt}
	d.frags.init(opt.Datagrams, opt.FragmentBytes)
	if !opt.KeepDuplicates {
		d.dups.init(maphash.MakeSeed())
	}
	return d
}

// Stats gives the counters so far.
func (d *Decoder) Stats() Stats { return d.stats }

// Decode takes one frame apart into p and reports whether p is a packet to be
// processed. It is not when the frame is the second copy of a packet, or a
// fragment that now waits for the rest of its datagram.
//
// data is the captured frame, which p points into afterwards; link is its link
// type and wireLen its length on the wire. The fields of p that belong to the
// caller are kept, all others are set anew.
func (d *Decoder) Decode(p *Packet, data []byte, link capture.LinkType, wireLen uint32) bool {
	if !d.Parse(p, data, link, wireLen) {
		return false
	}
	if !d.opt.KeepDuplicates && p.whole() && d.dups.second(d.dups.trace(p), p.Time) {
		d.stats.Duplicates++
		return false
	}
	return true
}

// Parse does what Decode does, but tells second copies like all other packets;
// see [Decoder.Unique].
func (d *Decoder) Parse(p *Packet, data []byte, link capture.LinkType, wireLen uint32) bool {
	*p = Packet{
		Time: p.Time, Number: p.Number, Offset: p.Offset, Capture: p.Capture, Interface: p.Interface,
		Frames: 1, WireLen: wireLen, Frame: data,
	}
	d.cut = wireLen > uint32(len(data))
	d.absorbed = false
	d.stats.Packets++
	p.Place.Tenant = d.opt.Tenant
	if d.opt.Scope != nil {
		p.Place.Scope = d.opt.Scope(p.Interface, 0, 0)
	}
	d.link(p, link, data)
	if p.Layer == LayerNone {
		d.stats.Undecoded++
	}
	for a := p.Anomalies; a != 0; a &= a - 1 {
		d.stats.Anomalies[bits.TrailingZeros64(uint64(a))]++
	}
	if d.absorbed {
		return false
	}
	p.Hash = d.hash(p)
	return true
}

// place sets the scope from what is known of VLAN and tunnel.
func (d *Decoder) place(p *Packet) {
	if d.opt.Scope != nil {
		p.Place.Scope = d.opt.Scope(p.Interface, p.VLAN, p.TunnelID)
	}
}

// Multipliers for hashing: odd, with about as many ones as zeros.
const (
	mix1 = 0x9e3779b97f4a7c15
	mix2 = 0xd6e8feb86659fd93
	mix3 = 0xa0761d6478bd642f
)

// fold multiplies two words and folds the 128-bit product.
func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// hash is symmetric: it hashes both endpoints alike and joins them with
// operations that do not care about the order.
func (d *Decoder) hash(p *Packet) uint64 {
	seed := d.opt.HashSeed
	var a, b uint64
	if p.Layer >= LayerNetwork {
		a = fold(binary.LittleEndian.Uint64(p.Src[8:])^mix1^seed, binary.LittleEndian.Uint64(p.Src[:])+uint64(p.SrcPort)*mix3+mix2)
		b = fold(binary.LittleEndian.Uint64(p.Dst[8:])^mix1^seed, binary.LittleEndian.Uint64(p.Dst[:])+uint64(p.DstPort)*mix3+mix2)
	} else {
		a = fold(macWord(p.SrcMAC)^mix1^seed, mix2)
		b = fold(macWord(p.DstMAC)^mix1^seed, mix2)
	}
	rest := uint64(p.Place.Tenant)<<32 | uint64(p.Place.Scope)<<16 | uint64(p.Proto)
	return fold((a+b)^mix2, (a^b)+rest*mix3+mix1)
}

func macWord(m ident.MAC) uint64 {
	return uint64(m[0])<<40 | uint64(m[1])<<32 | uint64(m[2])<<24 | uint64(m[3])<<16 | uint64(m[4])<<8 | uint64(m[5])
}

// be16 and be32 read numbers in network byte order; the caller has checked
// that they are there.
func be16(b []byte) uint16 { return binary.BigEndian.Uint16(b) }
func be32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }
