package detect

import (
	"edgeward/internal/event"
)

// regulars are the hosts that regularly operate one device. Who comes after
// the device has settled with others is new to it. A device whose circle still
// grows, as that of a server in its first hours does, has not settled.
type regulars struct {
	peers    []regular
	ops      uint64
	first    int64
	last     int64
	joined   uint32 // peers that came before it had settled
	joinedAt int64  // when the latest of them came
	lates    uint32 // peers that came after
}

// regular is one of them.
type regular struct {
	key     uint64
	ops     uint64
	first   int64
	last    int64
	classes uint16 // operation classes seen, a bit each
	late    bool   // it came after the device had settled
	crowd   bool   // and after many others that did
	targets distinct
}

const (
	maxRegulars = 24
	patience    = 8 // times the usual wait for the next newcomer: after that none is expected
	fewLate     = 4 // newcomers that are told one by one
)

// meet notes one operation of a peer. Settled says from how many operations
// of others, and after how long, the device counts as settled. What is new
// about the operation is given as it was before it. Known remembers peers for
// longer than the device's own list holds them, by what they are and by their
// address: one of the two may change.
func (r *regulars) meet(known *acquaintances, t int64, self uint64, from *actor, class event.OpClass, target uint64, least uint64, span int64) (p *regular, newClass, newTarget bool) {
	if r.ops > 0 && (t < r.first-hour || t-r.last > 30*24*hour) {
		*r = regulars{} // another time altogether
	}
	if r.ops == 0 {
		r.first = t
	}
	settled := r.settled(t, least, span)
	address := addrKey(from.addr)
	peer := address ^ uint64(from.key)
	for i := range r.peers {
		if r.peers[i].key == peer {
			p = &r.peers[i]
		}
	}
	if p == nil {
		if len(r.peers) >= maxRegulars {
			r.dropIdle()
		}
		byKey, byAddress := known.meet(mix(self, uint64(from.key))), known.meet(mix(self, address))
		r.peers = append(r.peers, r.join(byKey || byAddress, peer, t, settled))
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

// join gives the entry of a peer that is not in the list, perhaps any more.
func (r *regulars) join(met bool, peer uint64, t int64, settled bool) regular {
	p := regular{key: peer, first: t, late: settled && !met}
	switch {
	case met:
	case p.late:
		p.crowd = r.lates >= fewLate
		r.lates++
	default:
		r.joined++
		r.joinedAt = t
	}
	return p
}

// settled reports whether the device had its regular peers for long enough,
// and no more of them are to be expected.
func (r *regulars) settled(t int64, least uint64, span int64) bool {
	n := uint64(0)
	for i := range r.peers {
		if !r.peers[i].late {
			n += r.peers[i].ops
		}
	}
	if n < least || t-r.first < span {
		return false
	}
	if r.joined < 2 {
		return true
	}
	return t-r.joinedAt >= patience*(r.joinedAt-r.first)/int64(r.joined-1)
}

// byNewcomer parts findings by who came: the first few one by one, and a crowd
// as one.
func byNewcomer(s *sight, p *regular) group {
	if p.crowd {
		return named("newcomers")
	}
	return by(&s.src)
}

// newcomer names who came.
func newcomer(s *sight, p *regular) string {
	if p.crowd {
		return s.src.String() + " and others"
	}
	return s.src.String()
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

// acquaintances remembers pairs of hosts that have met, in two Bloom filters
// (Bloom 1970) of which the older goes when the younger is full: two hash
// functions, at most a false acquaintance in about forty when both are full.
type acquaintances struct {
	young, old *[filterWords]uint64
	n          int // pairs in young
}

const (
	filterWords = 1 << 14               // of 64 bits
	filterPairs = filterWords * 64 / 12 // pairs that a filter holds
)

// meet notes a pair and reports whether it had met before.
func (a *acquaintances) meet(pair uint64) bool {
	if a.young == nil {
		a.young = new([filterWords]uint64)
	}
	if has(a.young, pair) {
		return true
	}
	if a.n == filterPairs {
		a.young, a.old, a.n = new([filterWords]uint64), a.young, 0
	}
	x, y := pair%(filterWords*64), (pair>>32)%(filterWords*64)
	a.young[x/64] |= 1 << (x % 64)
	a.young[y/64] |= 1 << (y % 64)
	a.n++
	return a.old != nil && has(a.old, pair)
}

func has(f *[filterWords]uint64, pair uint64) bool {
	x, y := pair%(filterWords*64), (pair>>32)%(filterWords*64)
	return f[x/64]>>(x%64)&1 == 1 && f[y/64]>>(y%64)&1 == 1
}
