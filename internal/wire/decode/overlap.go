package decode

// Overlap is how a host decides which of two overlapping IPv4 fragments counts
// (Novak, "Target-Based Fragmentation Reassembly", 2005).
type Overlap uint8

// The known ways. A host that is not known is best taken for the default.
const (
	OverlapBSD     Overlap = iota // what came first counts unless it begins later; most systems
	OverlapFirst                  // what came first counts; Solaris, HP-UX
	OverlapLast                   // what came last counts; Cisco IOS
	OverlapLinux                  // as BSD, but what came last also wins when both begin alike
	OverlapWindows                // what came first counts unless the new one sticks out on both sides
)

// keep reports whether the bytes of an older fragment are kept where a newer
// one has others.
func (o Overlap) keep(old, new span) bool {
	switch o {
	case OverlapFirst:
		return true
	case OverlapLast:
		return false
	case OverlapLinux:
		return old.start < new.start
	case OverlapWindows:
		return new.start >= old.start || new.end <= old.end
	}
	return old.start <= new.start
}

// span is a range of bytes in the fragmented part of a datagram.
type span struct{ start, end int32 }

// piece is a range that counts, and the whole fragment it came with.
type piece struct {
	span
	from span
	data []byte // of the fragment
}

// add puts the bytes of a fragment in, by the datagram's way with overlaps.
// It reports whether there was room, and whether other fragments had some of
// the bytes already; an exact repetition of a fragment is no overlap.
func (r *reassembler) add(g *datagram, s span, data []byte) (fits, overlaps bool) {
	at := 0
	for at < len(g.pieces) && g.pieces[at].end <= s.start {
		at++
	}
	if at == len(g.pieces) || g.pieces[at].start >= s.end { // the usual case
		if len(g.pieces) >= maxPieces {
			return false, false
		}
		g.pieces = append(g.pieces, piece{})
		copy(g.pieces[at+1:], g.pieces[at:])
		g.pieces[at] = piece{span: s, from: s, data: append([]byte(nil), data...)}
		r.grow(g, len(data)+pieceOverhead)
		return true, false
	}
	if old := g.pieces[at]; old.from == s && old.span == s && string(old.data) == string(data) {
		return true, false
	}
	if len(g.pieces)*2 >= maxPieces || g.key.v6 {
		return !g.key.v6, true
	}
	data = append([]byte(nil), data...)
	r.grow(g, len(data)+pieceOverhead)
	var out []piece
	pos := s.start // what of the new fragment has been dealt with
	for _, old := range g.pieces {
		if old.end <= s.start || old.start >= s.end {
			if old.start >= s.end && pos < s.end {
				out = append(out, piece{span{pos, s.end}, s, data})
				pos = s.end
			}
			out = append(out, old)
			continue
		}
		if g.overlap.keep(old.from, s) {
			if pos < old.start {
				out = append(out, piece{span{pos, old.start}, s, data})
			}
			out = append(out, old)
			pos = max(pos, old.end)
			continue
		}
		if old.start < s.start {
			out = append(out, piece{span{old.start, s.start}, old.from, old.data})
		}
		if old.end > s.end {
			if pos < s.end {
				out = append(out, piece{span{pos, s.end}, s, data})
				pos = s.end
			}
			out = append(out, piece{span{s.end, old.end}, old.from, old.data})
		}
	}
	if pos < s.end {
		out = append(out, piece{span{pos, s.end}, s, data})
	}
	r.grow(g, (len(out)-len(g.pieces))*pieceOverhead)
	g.pieces = out
	return true, true
}
