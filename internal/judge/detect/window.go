package detect

import (
	"net/netip"
	"slices"
	"time"
)

// Packet time in nanoseconds, as windows count it.
const (
	second = int64(time.Second)
	minute = int64(time.Minute)
	hour   = int64(time.Hour)
)

// mark is a key that was seen at a time, with the packet to show for it.
type mark struct {
	time    int64
	key     uint64
	packet  uint64
	capture uint32
	note    uint16 // whatever else the detector wants to know, such as a port
}

// burst tells how many different keys fell within one span of packet time.
// It keeps the latest few marks in order of time, so it takes facts that come
// out of order (flows are told when they end) and clocks that jump: what is
// far away in time, on either side, neither counts nor keeps its place.
type burst struct {
	marks []mark
}

// maxMarks bounds what a burst keeps; limits must stay below it.
const maxMarks = 64

// add notes a key seen by s and gives the greatest number of different keys
// within any span that holds the fact's time.
func (b *burst) add(s *sight, key uint64, span int64) int {
	return b.put(s.slabs, mark{time: s.when, key: key, packet: s.Packet, capture: s.Capture}, span)
}

func (b *burst) put(sl *slabs, m mark, span int64) int {
	i := b.place(sl, m, span)
	return b.around(i, span)
}

// clean empties the burst and keeps its memory.
func (b *burst) clean() { b.marks = b.marks[:0] }

// place puts the mark in its place and gives it. A key that was seen within
// the span moves to the later time.
func (b *burst) place(sl *slabs, m mark, span int64) int {
	for i := len(b.marks) - 1; i >= 0; i-- {
		if b.marks[i].key == m.key {
			if d := b.marks[i].time - m.time; d >= 0 && d <= span {
				return i
			}
			b.marks = append(b.marks[:i], b.marks[i+1:]...)
			break
		}
	}
	if len(b.marks) >= maxMarks {
		b.evict(m.time)
	}
	i := len(b.marks)
	for i > 0 && b.marks[i-1].time > m.time {
		i--
	}
	b.marks = append(sl.marks.grow(b.marks), mark{})
	copy(b.marks[i+1:], b.marks[i:])
	b.marks[i] = m
	return i
}

// evict drops the mark that is farthest from t.
func (b *burst) evict(t int64) {
	n := len(b.marks)
	if distance(b.marks[0].time, t) >= distance(b.marks[n-1].time, t) {
		copy(b.marks, b.marks[1:])
	}
	b.marks = b.marks[:n-1]
}

// around gives the greatest number of marks within a span that holds mark i.
func (b *burst) around(i int, span int64) int {
	best, end := 0, i
	for start := i; start >= 0 && b.marks[i].time-b.marks[start].time <= span; start-- {
		for end < len(b.marks) && b.marks[end].time-b.marks[start].time <= span {
			end++
		}
		for end > 0 && b.marks[end-1].time-b.marks[start].time > span {
			end--
		}
		best = max(best, end-start)
	}
	return best
}

// notes gives the number of different notes among the marks within a span
// around t.
func (b *burst) notes(t, span int64) int {
	var seen [maxMarks]uint16
	n := 0
	for _, m := range b.marks {
		if near(m.time, t, span) && !slices.Contains(seen[:n], m.note) {
			seen[n] = m.note
			n++
		}
	}
	return n
}

// remove forgets a key, because it was answered after all.
func (b *burst) remove(key uint64) {
	for i := range b.marks {
		if b.marks[i].key == key {
			b.marks = append(b.marks[:i], b.marks[i+1:]...)
			return
		}
	}
}

// crowd is a burst of hosts that remembers the latest of their addresses.
type crowd struct {
	burst
	addrs []netip.Addr
	next  int
}

const maxCrowd = 24

// meet notes a host, with a note beside it, and gives the greatest number of
// different hosts within any span that holds the fact's time.
func (c *crowd) meet(s *sight, a netip.Addr, span int64, note uint16) int {
	if !slices.Contains(c.addrs, a) {
		if len(c.addrs) < maxCrowd {
			c.addrs = append(s.slabs.addrs.grow(c.addrs), a)
		} else {
			c.addrs[c.next] = a
			c.next = (c.next + 1) % maxCrowd
		}
	}
	return c.put(s.slabs, mark{time: s.when, key: addrKey(a), packet: s.Packet, capture: s.Capture, note: note}, span)
}

// clean empties the crowd and keeps its memory.
func (c *crowd) clean() {
	c.burst.clean()
	c.addrs, c.next = c.addrs[:0], 0
}

// forget takes a host out again.
func (c *crowd) forget(a netip.Addr) {
	c.remove(addrKey(a))
	if i := slices.Index(c.addrs, a); i >= 0 {
		c.addrs = slices.Delete(c.addrs, i, i+1)
		c.next = 0
	}
}

// join adds the remembered hosts to a record's peers.
func (c *crowd) join(r *record) {
	for _, m := range c.marks {
		if r != nil {
			r.peerSet.add(m.key)
		}
	}
	for _, a := range c.addrs {
		r.list(a)
	}
}

// distance gives how far two times are apart, without overflow.
func distance(a, b int64) uint64 {
	if a > b {
		return uint64(a) - uint64(b)
	}
	return uint64(b) - uint64(a)
}

// near reports whether two times are at most span apart.
func near(a, b, span int64) bool { return distance(a, b) <= uint64(span) }

// meter counts what comes within a span of packet time that moves in steps:
// it starts anew when the span is over or the clock jumps back by more.
type meter struct {
	start int64
	n     uint64
	bytes uint64
}

// add counts n and gives the sum of the span that holds t.
func (m *meter) add(t, span int64, n, bytes uint64) uint64 {
	if m.n == 0 && m.bytes == 0 || t-m.start > span || m.start-t > span {
		*m = meter{start: t}
	}
	m.n += n
	m.bytes += bytes
	return m.n
}
