package detect

import (
	"edgeward/internal/event"
)

// regulars are the hosts that regularly operate one device. Who comes after
// the device has settled with others is new to it.
type regulars struct {
	peers []regular
	ops   uint64
	first int64
	last  int64
}

// regular is one of them.
type regular struct {
	key     uint64
	ops     uint64
	first   int64
	last    int64
	classes uint16 // operation classes seen, a bit each
	late    bool   // it came after the device had settled
	targets distinct
}

const maxRegulars = 24

// meet notes one operation of a peer. Settled says from how many operations
// of others, and after how long, the device counts as settled. What is new
// about the operation is given as it was before it.
func (r *regulars) meet(t int64, peer uint64, class event.OpClass, target uint64, least uint64, span int64) (p *regular, newClass, newTarget bool) {
	if r.ops > 0 && (t < r.first-hour || t-r.last > 30*24*hour) {
		*r = regulars{} // another time altogether
	}
	if r.ops == 0 {
		r.first = t
	}
	settled := r.settled(t, least, span)
	for i := range r.peers {
		if r.peers[i].key == peer {
			p = &r.peers[i]
		}
	}
	if p == nil {
		if len(r.peers) >= maxRegulars {
			r.dropIdle()
		}
		r.peers = append(r.peers, regular{key: peer, first: t, late: settled})
		p = &r.peers[len(r.peers)-1]
	}
	bit := classBit(class)
	newClass = settled && !p.late && p.classes&bit == 0 && p.ops >= least
	newTarget = p.targets.add(target) && settled && !p.late && p.ops >= 4*least
	p.classes |= bit
	p.ops++
	p.last = t
	r.ops++
	r.last = max(r.last, t)
	return p, newClass, newTarget
}

// settled reports whether the device had its regular peers for long enough.
func (r *regulars) settled(t int64, least uint64, span int64) bool {
	n := uint64(0)
	for i := range r.peers {
		if !r.peers[i].late {
			n += r.peers[i].ops
		}
	}
	return n >= least && t-r.first >= span
}

// dropIdle forgets the peer that was silent for longest.
func (r *regulars) dropIdle() {
	oldest := 0
	for i := range r.peers {
		if r.peers[i].last < r.peers[oldest].last {
			oldest = i
		}
	}
	r.peers = append(r.peers[:oldest], r.peers[oldest+1:]...)
}

func classBit(c event.OpClass) uint16 {
	switch c {
	case event.OpDiscover:
		return 1 << 0
	case event.OpRead:
		return 1 << 1
	case event.OpWrite:
		return 1 << 2
	case event.OpProgram:
		return 1 << 3
	case event.OpUpload:
		return 1 << 4
	case event.OpFirmware:
		return 1 << 5
	case event.OpMode:
		return 1 << 6
	case event.OpRestart:
		return 1 << 7
	case event.OpAlarm:
		return 1 << 8
	}
	return 1 << 9
}
