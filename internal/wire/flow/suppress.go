package flow

// suppressor keeps floods of flows that nobody answered from becoming a fact
// each: per second of packet time and host so many are written, the others
// are counted on the next that is. The rates of the hosts (see Rates) carry
// the whole number.
type suppressor struct {
	cells [256]suppressCell
}

type suppressCell struct {
	host   uint64
	second int64
	count  uint32
	hidden uint32
}

// count reports how many flow facts were kept back before this one, or that
// this one is to be kept back too.
func (s *suppressor) count(f *flow) (hidden uint32, skip bool) {
	if f.state == stateEstablished || f.pkts[0] > 0 && f.pkts[1] > 0 && f.data[1] > 0 || f.messages[0]+f.messages[1] > 0 {
		return 0, false
	}
	src, dst := f.key.a0^f.key.a1*31, f.key.b0^f.key.b1*31
	if !f.clientIsA {
		src, dst = dst, src
	}
	a, b := s.cell(src, f.first/second), s.cell(dst^0x5bd1e995, f.first/second)
	if a.count > suppressRate || b.count > suppressRate {
		a.hidden++
		return 0, true
	}
	hidden = a.hidden
	a.hidden = 0
	return hidden, false
}

func (s *suppressor) cell(host uint64, sec int64) *suppressCell {
	host *= 0x9e3779b97f4a7c15
	c := &s.cells[host>>56]
	if c.host != host || c.second != sec {
		*c = suppressCell{host: host, second: sec}
	}
	c.count++
	return c
}
