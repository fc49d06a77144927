package flow

import (
	"bytes"

	"edgeward/internal/event"
	"edgeward/internal/wire/decode"
	"edgeward/internal/wire/proto"
)

// Limits of what is kept for one direction of a stream.
const (
	maxSegments     = 64
	maxSegmentBytes = 128 << 10
	oneSidedWait    = 8 // queued segments after which a hole in a one-sided stream is given up
	maxWindow       = 4 << 20
)

// half is what one direction of a stream has waiting: bytes that the parser
// has not done with yet, and segments behind a hole.
type half struct {
	pending  []byte
	segments []segment // sorted by sequence number, not overlapping
	queued   int       // bytes in segments
}

type segment struct {
	seq  uint32
	lost uint32 // bytes of the segment that the snapshot length cut off
	data []byte
}

// tcp follows the connection's state and brings the payload into order.
func (t *Table) tcp(f *flow, ref uint32, dir event.Dir, p *decode.Packet) {
	first := f.flags[dir] == 0
	f.flags[dir] |= p.Flags
	if p.Flags&decode.ACK != 0 {
		o := dir.Other()
		if !f.ackKnown[o] || int32(p.Ack-f.acked[o]) > 0 {
			f.acked[o], f.ackKnown[o] = p.Ack, true
			if h := f.half[o]; h != nil && len(h.segments) > 0 && !f.deaf {
				t.drain(f, o, false) // what it acknowledges comes before its own payload
			}
		}
	}
	seq := p.Seq
	if p.Flags&decode.SYN != 0 {
		seq++
		if !f.seqKnown[dir] {
			f.nextSeq[dir], f.seqKnown[dir] = seq, true
		}
		if dir == event.ToServer && first {
			f.synFingerprint(p)
		}
	}
	if p.PayloadLen > 0 && p.Flags&decode.RST == 0 {
		if !f.seqKnown[dir] {
			f.nextSeq[dir], f.seqKnown[dir] = seq, true
		}
		if !f.deaf {
			t.segment(f, dir, seq, p)
		}
	}
	switch {
	case p.Flags&decode.RST != 0:
		// A reset closes only when it fits the window, else it may be forged.
		if f.state == stateNew || !f.seqKnown[dir] || int32(p.Seq-f.nextSeq[dir]) >= 0 && p.Seq-f.nextSeq[dir] < maxWindow {
			f.state = stateClosed
		}
	case f.flags[0]&f.flags[1]&decode.FIN != 0:
		f.state = stateClosed
	}
}

// synFingerprint keeps what a SYN tells of the system that sent it.
func (f *flow) synFingerprint(p *decode.Packet) {
	f.synWindow = p.Window
	if !p.V6 && p.Seq != 0 {
		d := p.Dst
		f.synSeqIsDst = p.Seq == uint32(d[12])<<24|uint32(d[13])<<16|uint32(d[14])<<8|uint32(d[15])
	}
	n := 0
	for o := p.Options; len(o) > 0; {
		kind, l := o[0], 1
		if kind > 1 {
			if len(o) < 2 || int(o[1]) < 2 || int(o[1]) > len(o) {
				break
			}
			l = int(o[1])
			switch {
			case kind == 2 && l == 4:
				f.synMSS = uint16(o[2])<<8 | uint16(o[3])
			case kind == 3 && l == 3:
				f.synScale = o[2] + 1
			}
		}
		if n < len(f.synKinds) && kind != 0 {
			f.synKinds[n] = kind
			n++
		}
		if kind == 0 {
			break
		}
		o = o[l:]
	}
}

// segment takes the payload of one packet that begins at sequence number seq.
func (t *Table) segment(f *flow, dir event.Dir, seq uint32, p *decode.Packet) {
	data, lost := p.Payload, p.PayloadLen-uint32(len(p.Payload))
	if int(lost) < 0 {
		lost = 0
	}
	ahead := int32(seq - f.nextSeq[dir])
	if ahead == -1 && len(data) > 1 && f.data[dir] == uint64(p.PayloadLen) && f.flags[dir]&decode.SYN != 0 {
		// Written captures often count the SYN for nothing: the stream begins here.
		f.nextSeq[dir], ahead = seq, 0
	}
	h := f.half[dir]
	if ahead == 0 && (h == nil || len(h.segments) == 0) {
		t.advance(f, dir, data, lost)
		return
	}
	if ahead <= 0 {
		f.retransmits++
		t.stats.Retransmits++
		old := uint32(-ahead)
		if old >= uint32(len(data))+lost {
			return
		}
		if old >= uint32(len(data)) {
			lost -= old - uint32(len(data))
			data = nil
		} else {
			data = data[old:]
		}
		t.advance(f, dir, data, lost)
		t.drain(f, dir, false)
		return
	}
	if ahead > maxWindow {
		return
	}
	f.outOfOrder++
	t.stats.OutOfOrder++
	t.enqueue(f, dir, seq, data, lost)
	t.drain(f, dir, false)
}

// enqueue keeps a segment that lies behind a hole. Where it overlaps with one
// kept before, the policy of the target's system decides whose bytes count.
func (t *Table) enqueue(f *flow, dir event.Dir, seq uint32, data []byte, lost uint32) {
	h := t.halfOf(f, dir)
	if h == nil {
		return
	}
	policy := policyFor(f.ttl[dir.Other()])
	for i := 0; i < len(h.segments) && len(data) > 0; i++ {
		old := &h.segments[i]
		start, end := int32(old.seq-seq), int32(old.seq+uint32(len(old.data))-seq)
		if end <= 0 || start >= int32(len(data)) {
			continue
		}
		lo, hi := max(start, 0), min(end, int32(len(data)))
		same := old.data[lo-start : hi-start]
		if bytes.Equal(same, data[lo:hi]) {
			f.retransmits++
			t.stats.Retransmits++
		} else {
			f.overlaps++
			t.stats.Overlaps++
			if policy.favoursNew(start, end, int32(len(data))) {
				copy(same, data[lo:hi])
			}
		}
		if start > 0 {
			t.insert(h, seq, data[:start], 0)
		}
		if end >= int32(len(data)) {
			return
		}
		seq, data = seq+uint32(end), data[end:]
		i = -1
	}
	t.insert(h, seq, data, lost)
}

// insert copies a segment that overlaps with none into its place.
func (t *Table) insert(h *half, seq uint32, data []byte, lost uint32) {
	if len(data) == 0 {
		return
	}
	buf := t.buffers.get(len(data))
	if buf == nil {
		t.stats.NoMemory++
		return
	}
	buf = append(buf, data...)
	i := len(h.segments)
	for i > 0 && int32(h.segments[i-1].seq-seq) > 0 {
		i--
	}
	h.segments = append(h.segments, segment{})
	copy(h.segments[i+1:], h.segments[i:])
	h.segments[i] = segment{seq, lost, buf}
	h.queued += len(data)
}

// drain hands over queued segments that have become next. A hole is given up
// when the receiver has acknowledged what lies behind it (so it was lost only
// to us), when too much waits, or when all is at its end (force).
func (t *Table) drain(f *flow, dir event.Dir, force bool) {
	h := f.half[dir]
	for h != nil && len(h.segments) > 0 {
		s := h.segments[0]
		hole := int32(s.seq - f.nextSeq[dir])
		if hole > 0 {
			acked := f.ackKnown[dir] && int32(f.acked[dir]-s.seq) > 0
			full := len(h.segments) > maxSegments || h.queued > maxSegmentBytes
			alone := f.pkts[dir.Other()] == 0 && len(h.segments) >= oneSidedWait
			if !acked && !full && !alone && !force {
				return
			}
		}
		// It is taken out first: whatever follows may give the flow up, and
		// with it all that is queued.
		h.segments = h.segments[:copy(h.segments, h.segments[1:])]
		h.queued -= len(s.data)
		if hole > 0 {
			t.gap(f, dir, uint32(hole))
			if f.deaf {
				t.buffers.put(s.data)
				return
			}
		}
		data, lost := s.data, s.lost
		if hole < 0 { // what was delivered meanwhile reached into it
			if int(-hole) >= len(data) {
				t.buffers.put(s.data)
				continue
			}
			data = data[-hole:]
		}
		t.advance(f, dir, data, lost)
		t.buffers.put(s.data)
		h = f.half[dir]
	}
}

// advance delivers data that comes next and moves the expected number on.
func (t *Table) advance(f *flow, dir event.Dir, data []byte, lost uint32) {
	f.nextSeq[dir] += uint32(len(data))
	if len(data) > 0 {
		t.deliver(f, dir, data)
	}
	if lost > 0 {
		t.gap(f, dir, lost)
	}
}

// gap says that n stream bytes will never be seen.
func (t *Table) gap(f *flow, dir event.Dir, n uint32) {
	f.nextSeq[dir] += n
	f.gaps += n
	t.stats.Gaps++
	t.stats.GapBytes += uint64(n)
	if f.skip[dir] >= uint64(n) {
		f.skip[dir] -= uint64(n)
		return
	}
	lost := int(uint64(n) - f.skip[dir])
	f.skip[dir] = 0
	if h := f.half[dir]; h != nil && len(h.pending) > 0 {
		lost += len(h.pending)
		h.pending = h.pending[:0]
	}
	if f.parser == nil {
		return
	}
	c := t.connFor(f)
	if !f.parser.Gap(c, dir, lost) {
		t.giveUp(f, c)
		return
	}
	t.afterParser(f, c)
}

// deliver gives contiguous bytes to the parser, or to recognition.
func (t *Table) deliver(f *flow, dir event.Dir, data []byte) {
	if t.cfg.Inspector != nil && t.cfg.Inspector.OnStream(f, dir, data) == Bypass {
		f.deaf = true
	}
	if f.deaf {
		return
	}
	if f.skip[dir] > 0 {
		n := min(f.skip[dir], uint64(len(data)))
		f.skip[dir] -= n
		if data = data[n:]; len(data) == 0 {
			return
		}
	}
	if h := f.half[dir]; h != nil && len(h.pending) > 0 {
		if !t.hold(f, dir, data) {
			return
		}
		data = f.half[dir].pending
	}
	if f.parser == nil {
		t.recogniseStream(f, dir, data)
		return
	}
	t.parse(f, dir, data)
}

// parse feeds the parser until it wants more. data is either the pending
// buffer itself or bytes of a packet, of which the rest is then kept.
func (t *Table) parse(f *flow, dir event.Dir, data []byte) {
	c := t.connFor(f)
	for len(data) > 0 {
		n, err := f.parser.Data(c, dir, data)
		if err != nil {
			t.giveUp(f, c)
			return
		}
		if n > len(data) {
			f.skip[dir], n = uint64(n-len(data)), len(data)
		}
		data = data[max(n, 0):]
		if next, ok := c.Becoming(); ok {
			t.become(f, c, dir, data, next)
			return
		}
		if n <= 0 {
			break
		}
	}
	t.afterParser(f, c)
	t.keepRest(f, dir, data)
}

// keepRest makes rest, which may lie in the pending buffer, all that is pending.
func (t *Table) keepRest(f *flow, dir event.Dir, rest []byte) {
	h := f.half[dir]
	if len(rest) == 0 {
		if h != nil {
			h.pending = t.buffers.drop(h.pending)
			t.dropHalf(f, dir)
		}
		return
	}
	if h != nil && len(h.pending) > 0 { // rest is its tail
		h.pending = h.pending[:copy(h.pending, rest)]
		if len(h.pending) >= proto.MaxPending {
			t.giveUp(f, t.connFor(f))
		}
		return
	}
	t.hold(f, dir, rest)
}

// hold appends to the pending bytes; it gives the flow up when they are too many.
func (t *Table) hold(f *flow, dir event.Dir, data []byte) bool {
	h := t.halfOf(f, dir)
	if h != nil && len(h.pending)+len(data) <= proto.MaxPending+(16<<10) {
		if buf := t.buffers.grow(h.pending, len(data)); buf != nil {
			h.pending = append(buf, data...)
			return true
		}
	}
	t.stats.NoMemory++
	t.giveUp(f, t.connFor(f))
	return false
}

// halfOf gives the buffers of a direction, making them when there are none.
func (t *Table) halfOf(f *flow, dir event.Dir) *half {
	if f.half[dir] == nil {
		f.half[dir] = t.buffers.half()
	}
	return f.half[dir]
}

// dropHalf gives the buffers back when nothing is in them.
func (t *Table) dropHalf(f *flow, dir event.Dir) {
	if h := f.half[dir]; h != nil && len(h.pending) == 0 && len(h.segments) == 0 {
		t.buffers.putHalf(h)
		f.half[dir] = nil
	}
}

// finishStreams delivers what is still queued and ends the parser.
func (t *Table) finishStreams(f *flow) {
	for dir := event.ToServer; dir <= event.ToClient; dir++ {
		if h := f.half[dir]; h != nil && len(h.segments) > 0 && !f.deaf {
			t.drain(f, dir, true)
		}
	}
	if f.parser == nil {
		t.lastChance(f)
	}
	if f.parser != nil {
		c := t.connFor(f)
		f.parser.End(c)
		t.afterParser(f, c)
		t.putParser(f)
	}
}

// release gives all memory of a flow back.
func (t *Table) release(f *flow) {
	t.dropHeld(f)
	for dir := range f.half {
		if h := f.half[dir]; h != nil {
			for _, s := range h.segments {
				t.buffers.put(s.data)
			}
			h.segments, h.queued = h.segments[:0], 0
			h.pending = t.buffers.drop(h.pending)
			t.buffers.putHalf(h)
			f.half[dir] = nil
		}
	}
}

// giveUp ends the parser; the rest of the flow is only counted.
func (t *Table) giveUp(f *flow, c *proto.Conn) {
	t.stats.GaveUp++
	if f.parser != nil {
		f.parser.End(c)
		t.afterParser(f, c)
		t.putParser(f)
	}
	f.deaf = true
	t.release(f)
}

// overlap is the way in which a system resolves overlapping segments (Novak
// and Sturges, "Target-Based TCP Stream Reassembly", 2007).
type overlap uint8

const (
	overlapBSD overlap = iota
	overlapLinux
	overlapWindows
	overlapSolaris
)

// policyFor guesses the system of the receiver from the hop limit of what it
// sends: 64 for Linux and BSD, 128 for Windows, 255 for Solaris and many
// embedded stacks.
func policyFor(ttl uint8) overlap {
	switch {
	case ttl == 0:
		return overlapBSD
	case ttl <= 64:
		return overlapLinux
	case ttl <= 128:
		return overlapWindows
	}
	return overlapSolaris
}

// favoursNew reports whether the bytes of a later segment win over an earlier
// one which spans start to end relative to the beginning of the new one, whose
// length is n.
func (o overlap) favoursNew(start, end, n int32) bool {
	switch o {
	case overlapLinux:
		return start > 0 || start == 0 && n > end
	case overlapWindows, overlapBSD:
		return start > 0
	}
	return start > 0 || n >= end
}
