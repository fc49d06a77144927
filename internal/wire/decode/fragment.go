package decode

import (
	"encoding/binary"

	"edgeward/internal/ident"
)

const (
	fragmentTimeout  = 30e9    // packet time between the first fragment and the last (RFC 1122: 60 s at most)
	maxPieces        = 512     // pieces of one datagram
	pieceOverhead    = 64      // bytes that a piece costs beside its data
	datagramOverhead = 512     // bytes that a datagram costs beside its pieces
	defaultDatagrams = 1024    // datagrams that wait
	defaultFragBytes = 4 << 20 // bytes that wait
	maxDatagramBytes = 0xffff  // RFC 791, RFC 8200 section 4.5
	lastUnknown      = int32(-1)
)

// fragKey names a datagram (RFC 791 section 2.3, RFC 8200 section 4.5).
type fragKey struct {
	src, dst [16]byte
	id       uint32
	place    ident.Place
	proto    uint8 // IPv4 only: IPv6 does not tell datagrams apart by it
	v6       bool
}

// datagram is what is known of a fragmented datagram. Datagrams are in a list
// in the order of their first fragments.
type datagram struct {
	key        fragKey
	prev, next *datagram
	first      int64 // packet time of the first fragment that came
	pieces     []piece
	header     []byte // IP headers of the fragment with offset 0, ready for the whole datagram
	proto      uint8  // what is behind these headers
	last       int32  // length of the fragmented part, lastUnknown until the last fragment came
	bytes      int    // memory that it takes
	wire       uint32 // bytes on the wire of all its fragments
	frames     uint16
	overlap    Overlap
	dropped    bool // overlapping IPv6 fragments: all others are ignored, too
	anomalies  Anomaly
}

// reassembler keeps datagrams that wait for fragments, within limits of
// number and memory: when it is full the oldest datagram goes.
type reassembler struct {
	table               map[fragKey]*datagram
	oldest, newest      *datagram
	bytes               int
	maxCount, maxMemory int
	done                [256]completed // datagrams that were whole a moment ago, by slot
}

// completed is a datagram that was put together. The fragments that a mirror
// delivers a second time after that would else wait for the others in vain.
type completed struct {
	key  fragKey
	time int64
	left uint16 // fragments that may come again
}

// slot is where a key is in the table of completed datagrams.
func (k *fragKey) slot() uint8 {
	return uint8(fold(uint64(k.id)^uint64(be32(k.src[12:]))<<32^mix1, uint64(be32(k.dst[12:]))+mix2) >> 32)
}

// late reports whether a fragment belongs to a datagram that was put together
// within the time in which a mirror delivers both copies.
func (r *reassembler) late(key *fragKey, now int64) bool {
	c := &r.done[key.slot()]
	age := now - c.time
	if c.left == 0 || c.key != *key || age > duplicateWindow || age < -duplicateWindow || r.table[*key] != nil {
		return false
	}
	c.left--
	return true
}

func (r *reassembler) init(count, memory int) {
	if count <= 0 {
		count = defaultDatagrams
	}
	if memory <= 0 {
		memory = defaultFragBytes
	}
	r.maxCount, r.maxMemory = count, memory
}

// find gives the datagram of a key, made if need be, and reports whether
// another one had to go for it.
func (r *reassembler) find(key *fragKey, now int64, s *Stats) (g *datagram, evicted bool) {
	for n := 0; r.oldest != nil && n < 4; n++ {
		if age := now - r.oldest.first; age <= fragmentTimeout && age >= -fragmentTimeout {
			break
		}
		r.remove(r.oldest)
		s.FragmentTimeouts++
	}
	if g = r.table[*key]; g != nil {
		if age := now - g.first; age <= fragmentTimeout && age >= -fragmentTimeout {
			return g, false
		}
		r.remove(g)
		s.FragmentTimeouts++
	}
	if r.table == nil {
		r.table = make(map[fragKey]*datagram)
	}
	if len(r.table) >= r.maxCount {
		r.remove(r.oldest)
		s.FragmentEvicted++
		evicted = true
	}
	g = &datagram{key: *key, first: now, last: lastUnknown, bytes: datagramOverhead, prev: r.newest}
	r.table[*key] = g
	r.bytes += g.bytes
	if r.newest != nil {
		r.newest.next = g
	} else {
		r.oldest = g
	}
	r.newest = g
	return g, evicted
}

func (r *reassembler) remove(g *datagram) {
	delete(r.table, g.key)
	r.bytes -= g.bytes
	if g.prev != nil {
		g.prev.next = g.next
	} else {
		r.oldest = g.next
	}
	if g.next != nil {
		g.next.prev = g.prev
	} else {
		r.newest = g.prev
	}
	g.prev, g.next = nil, nil
}

// shrink makes room until the memory is within its limit and reports whether
// a datagram had to go. The one at hand goes last.
func (r *reassembler) shrink(at *datagram, s *Stats) (evicted bool) {
	for r.bytes > r.maxMemory && r.oldest != nil && r.oldest != at {
		r.remove(r.oldest)
		s.FragmentEvicted++
		evicted = true
	}
	return evicted
}

// fragment4 handles an IPv4 fragment whose header p has.
func (d *Decoder) fragment4(p *Packet, hlen, offset int, more bool, wire uint32) {
	d.stats.Fragments++
	if p.Proto == protoTCP || p.Proto == protoUDP || p.Proto == protoSCTP {
		p.fragmentPorts(offset)
	}
	key := fragKey{src: p.Src, dst: p.Dst, id: uint32(p.IPID), place: p.Place, proto: p.Proto}
	d.fragment(p, &key, p.L3[:hlen], 2, p.L4, offset, more, wire,
		fragmentAnomalies{tooLarge: IPv4FragTooLarge, overlap: IPv4FragOverlap, invalid: IPv4FragInvalid, ignored: IPv4FragIgnored})
}

// fragment6 handles an IPv6 fragment; the fragment header is where p.L4
// begins, and L3[next] is the field that names it.
func (d *Decoder) fragment6(p *Packet, next int, id uint32, offset int, more bool, wire uint32) {
	d.stats.Fragments++
	header := p.L3[:len(p.L3)-len(p.L4)]
	p.L4 = p.L4[8:]
	if p.Proto == protoTCP || p.Proto == protoUDP || p.Proto == protoSCTP {
		p.fragmentPorts(offset)
	}
	key := fragKey{src: p.Src, dst: p.Dst, id: id, place: p.Place, v6: true}
	d.fragment(p, &key, header, next, p.L4, offset, more, wire,
		fragmentAnomalies{tooLarge: IPv6FragTooLarge, overlap: IPv6FragOverlap, invalid: IPv6FragInvalid, ignored: IPv6FragIgnored})
}

// fragmentPorts reads the ports of a first fragment.
func (p *Packet) fragmentPorts(offset int) {
	if offset == 0 && len(p.L4) >= 4 {
		p.SrcPort, p.DstPort = be16(p.L4), be16(p.L4[2:])
	}
}

// fragmentAnomalies are the bits of one IP version.
type fragmentAnomalies struct{ tooLarge, overlap, invalid, ignored Anomaly }

// fragment adds a fragment to its datagram. When that is whole, p becomes the
// datagram; otherwise the fragment is absorbed, unless there is something
// strange about it or it pushed another one out: then it is handed out as a
// packet of its own, so that floods and attacks with fragments stay visible.
//
// header is the IP headers before the fragmented part; next is, for IPv6,
// where in them the next header field is.
func (d *Decoder) fragment(p *Packet, key *fragKey, header []byte, next int, data []byte, offset int, more bool, wire uint32, a fragmentAnomalies) {
	p.Fragment = true
	p.PayloadLen = wire
	if wire > uint32(len(data)) { // cut by the snapshot length: never complete
		return
	}
	if len(header)+offset+len(data) > maxDatagramBytes {
		p.Anomalies |= a.tooLarge
		d.stats.FragmentRefused++
		return
	}
	if len(data) == 0 || more && len(data)%8 != 0 {
		p.Anomalies |= a.invalid
		d.stats.FragmentRefused++
		return
	}
	if !d.opt.KeepDuplicates && d.frags.late(key, p.Time) {
		d.stats.Duplicates++
		d.absorbed = true
		return
	}
	g, evicted := d.frags.find(key, p.Time, &d.stats)
	if len(g.pieces) == 0 && !g.dropped {
		if d.opt.OverlapFor != nil {
			g.overlap = d.opt.OverlapFor(p.Place, p.Dst)
		} else {
			g.overlap = d.seen.overlap(&p.Dst, d.opt.Overlap)
		}
	}
	if g.dropped {
		d.stats.FragmentRefused++
		p.Anomalies |= a.ignored
		return
	}
	before := p.Anomalies
	s := span{int32(offset), int32(offset + len(data))}
	if !more {
		if g.last != lastUnknown && g.last != s.end {
			p.Anomalies |= a.overlap
		}
		if g.last == lastUnknown {
			g.last = s.end
		}
	}
	fits, overlaps := d.frags.add(g, s, data)
	if overlaps {
		p.Anomalies |= a.overlap
		d.stats.FragmentOverlaps++
		if g.key.v6 {
			d.frags.drop(g)
			return
		}
	}
	if !fits {
		p.Anomalies |= a.ignored
		d.stats.FragmentRefused++
		return
	}
	if offset == 0 && g.header == nil {
		g.header = append([]byte(nil), header...)
		g.proto = p.Proto
		if g.key.v6 {
			g.header[next] = p.Proto
		}
		g.bytes += len(header)
		d.frags.bytes += len(header)
	}
	evicted = d.frags.shrink(g, &d.stats) || evicted
	g.anomalies |= p.Anomalies
	whole := g.whole()
	if d.absorbed = !whole && !evicted && p.Anomalies == before; d.absorbed || whole {
		g.frames++
		g.wire += p.WireLen
	}
	if whole {
		d.reassembled(p, g)
	}
}

func (r *reassembler) grow(g *datagram, n int) {
	g.bytes += n
	r.bytes += n
}

// drop forgets the bytes of a datagram but not that it was dropped.
func (r *reassembler) drop(g *datagram) {
	r.grow(g, datagramOverhead-g.bytes)
	g.pieces, g.header, g.dropped = nil, nil, true
}

// whole reports whether all bytes are there.
func (g *datagram) whole() bool {
	if g.last == lastUnknown || g.header == nil {
		return false
	}
	pos := int32(0)
	for i := range g.pieces {
		if g.pieces[i].start > pos {
			return false
		}
		if pos = g.pieces[i].end; pos >= g.last {
			return true
		}
	}
	return false
}

// reassembled makes p the whole datagram and decodes what is in it.
func (d *Decoder) reassembled(p *Packet, g *datagram) {
	d.frags.remove(g)
	d.frags.done[g.key.slot()] = completed{g.key, p.Time, g.frames}
	d.stats.Reassembled++
	hlen := len(g.header)
	b := make([]byte, hlen+int(g.last))
	copy(b, g.header)
	for _, f := range g.pieces {
		if f.start < g.last {
			copy(b[hlen+int(f.start):hlen+int(min(f.end, g.last))], f.data[f.start-f.from.start:])
		}
	}
	wire := uint32(g.last)
	p.Layer, p.Fragment, p.Frames, p.WireLen = LayerNetwork, false, g.frames, g.wire
	p.Anomalies = g.anomalies
	p.SrcPort, p.DstPort, p.PayloadLen = 0, 0, 0
	p.L3, p.L4, p.Proto = b, b[hlen:], g.proto
	if g.key.v6 {
		binary.BigEndian.PutUint16(b[4:], uint16(len(b)-40))
		d.ipv6Extensions(p, wire, 6, true)
		return
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	b[6], b[7] = 0, 0
	binary.BigEndian.PutUint16(b[10:], 0)
	binary.BigEndian.PutUint16(b[10:], checksum(b[:hlen]))
	d.ipv4Payload(p, wire)
}

// checksum is the Internet checksum (RFC 1071).
func checksum(b []byte) uint16 {
	var sum uint32
	for ; len(b) >= 2; b = b[2:] {
		sum += uint32(be16(b))
	}
	sum = sum>>16 + sum&0xffff
	sum += sum >> 16
	return ^uint16(sum)
}
