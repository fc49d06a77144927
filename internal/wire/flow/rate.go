package flow

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/wire/decode"
)

// Rates counts, per second of packet time, what goes to and from each host,
// so that floods and sweeps reach the judge as a few mergeable aggregates. It
// has a fixed size: where more hosts are active than it has cells, the busy
// ones stay.
type Rates struct {
	second int64
	in     rateCells
	out    rateCells
	active []*rateCell // cells used in this second
	facts  *event.Batch

	lastNumber  uint64 // of the last packet
	lastCapture uint32
}

// rateCells are the cells of one direction.
type rateCells struct {
	keys  []uint64 // hash of each cell's host and transport, so that few cells need looking at
	cells []rateCell
}

func newRateCells() rateCells {
	return rateCells{make([]uint64, rateBuckets*rateWays), make([]rateCell, rateBuckets*rateWays)}
}

const (
	rateBuckets  = 512
	rateWays     = 4
	ratePackets  = 100  // packets in a second from which a rate is reported
	rateTCP      = 2000 // the same for TCP, of which much is ordinary transfer
	rateNewFlows = 20   // SYNs or first packets in a second from which a rate is reported
	sketchWords  = 8    // 512 bits: linear counting up to about 2,000 distinct
)

// rateCell is one host, direction and transport in the second at hand.
type rateCell struct {
	used      bool
	in        bool
	addr      [16]byte
	place     ident.Place
	mac       ident.MAC
	transport uint8
	packets   uint64
	bytes     uint64
	syn       uint64
	anomalies uint64
	seqIsDst  uint64
	first     uint64
	firstAt   int64
	offset    int64
	peers     [sketchWords]uint64
	ports     [sketchWords]uint64
	flows     [sketchWords]uint64
	port      uint16 // majority vote over destination ports
	portVotes uint32
	icmpType  uint8
	icmpCode  uint8
}

// NewRates makes the counters.
func NewRates() *Rates {
	return &Rates{second: math.MinInt64, in: newRateCells(), out: newRateCells()}
}

// Packet counts one packet. When a second is over, its rates become facts.
func (r *Rates) Packet(p *decode.Packet) {
	if p.Layer < decode.LayerNetwork {
		return
	}
	if sec := p.Time / second; sec != r.second {
		r.Flush()
		r.second = sec
	}
	r.lastNumber, r.lastCapture = p.Number, p.Capture
	r.count(&r.out, false, &p.Src, &p.Dst, p)
	r.count(&r.in, true, &p.Dst, &p.Src, p)
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xbf58476d1ce4e5b9)
	return hi ^ lo
}

func hashAddr(a *[16]byte) uint64 {
	return mix(binary.LittleEndian.Uint64(a[:8]), binary.LittleEndian.Uint64(a[8:]))
}

func (r *Rates) count(cells *rateCells, in bool, host, peer *[16]byte, p *decode.Packet) {
	c := r.find(cells, in, host, p)
	if c == nil {
		return
	}
	c.packets++
	c.bytes += uint64(p.WireLen)
	setBit(&c.peers, hashAddr(peer))
	if p.Layer == decode.LayerTransport {
		setBit(&c.ports, mix(uint64(p.DstPort), 77))
		if c.portVotes == 0 {
			c.port = p.DstPort
		}
		if c.port == p.DstPort {
			c.portVotes++
		} else {
			c.portVotes--
		}
	}
	setBit(&c.flows, p.Hash)
	switch {
	case p.Proto == protoTCP && p.Flags&(decode.SYN|decode.ACK) == decode.SYN:
		c.syn++
		if !p.V6 && p.Seq == binary.BigEndian.Uint32(p.Dst[12:]) {
			c.seqIsDst++
		}
	case (p.Proto == protoICMP || p.Proto == protoICMPv6) && len(p.L4) >= 2:
		c.icmpType, c.icmpCode = p.L4[0], p.L4[1]
	}
	if p.Anomalies != 0 {
		c.anomalies++
	}
}

// find gives the host's cell, taking over that of a less busy host when its
// bucket is full.
func (r *Rates) find(cells *rateCells, in bool, host *[16]byte, p *decode.Packet) *rateCell {
	key := rateKey(host, p.Proto, p.Place)
	b := int(key%rateBuckets) * rateWays
	for i, k := range cells.keys[b : b+rateWays] {
		if k != key {
			continue
		}
		if c := &cells.cells[b+i]; c.used && c.addr == *host && c.transport == p.Proto && c.place == p.Place {
			return c
		}
	}
	free, least := -1, b
	for i := b; i < b+rateWays; i++ {
		if c := &cells.cells[i]; !c.used {
			free = i
		} else if c.packets < cells.cells[least].packets {
			least = i
		}
	}
	switch {
	case free >= 0:
		r.active = append(r.active, &cells.cells[free])
	case cells.cells[least].packets > 3:
		return nil
	default:
		free = least
	}
	cells.keys[free] = key
	mac := p.SrcMAC
	if in {
		mac = p.DstMAC
	}
	c := &cells.cells[free]
	*c = rateCell{used: true, in: in, addr: *host, place: p.Place, mac: mac, transport: p.Proto, first: p.Number, firstAt: p.Time, offset: p.Offset}
	return c
}

func setBit(s *[sketchWords]uint64, h uint64) {
	h *= 0x9e3779b97f4a7c15
	s[h>>61] |= 1 << (h >> 55 & 63)
}

// distinct estimates how many different values set the bits (linear counting,
// Whang et al. 1990).
func distinct(s *[sketchWords]uint64) uint32 {
	set := 0
	for _, w := range s {
		set += bits.OnesCount64(w)
	}
	const m = sketchWords * 64
	if set >= m {
		set = m - 1
	}
	return uint32(math.Round(-m * math.Log(1-float64(set)/m)))
}

// Advance says that packet time has come to now, so that rates are told also
// when no packet follows.
func (r *Rates) Advance(now int64) {
	if len(r.active) > 0 && now/second > r.second {
		r.Flush()
	}
}

// Flush ends the second at hand.
func (r *Rates) Flush() {
	slices.SortFunc(r.active, func(a, b *rateCell) int {
		switch {
		case a.first != b.first:
			if a.first < b.first {
				return -1
			}
			return 1
		case a.in == b.in:
			return 0
		case a.in:
			return 1
		}
		return -1
	})
	for _, c := range r.active {
		r.report(c)
	}
	for _, c := range r.active {
		c.used = false
	}
	r.active = r.active[:0]
}

func (r *Rates) report(c *rateCell) {
	flows := uint64(distinct(&c.flows))
	enough := uint64(ratePackets)
	if c.transport == protoTCP {
		enough = rateTCP
		flows = c.syn
	}
	if c.packets < enough && flows < rateNewFlows {
		return
	}
	peers := distinct(&c.peers)
	other := r.out.cells
	if !c.in {
		other = r.in.cells
	}
	h := event.Header{
		Time: c.firstAt, Packet: c.first, Offset: c.offset, Capture: r.lastCapture, Place: c.place, Transport: c.transport,
		Src: decode.Addr(c.addr), SrcMAC: c.mac,
	}
	f := event.Add[event.Rate](r.facts, &h, event.Order{Packet: r.lastNumber, Seq: c.first})
	f.Direction = "out"
	if c.in {
		f.Direction = "in"
	}
	if uint64(c.portVotes)*2 > c.packets {
		f.Port = c.port
	}
	f.Packets, f.Bytes, f.SYN, f.NewFlows = c.packets, c.bytes, c.syn, flows
	f.Peers, f.Ports = peers, distinct(&c.ports)
	f.ICMPType, f.ICMPCode, f.Anomalies, f.SeqIsDst, f.FirstPkt = c.icmpType, c.icmpCode, c.anomalies, c.seqIsDst, c.first
	b := int(rateKey(&c.addr, c.transport, c.place)%rateBuckets) * rateWays
	for i := b; i < b+rateWays; i++ {
		if o := &other[i]; o.used && o.addr == c.addr && o.transport == c.transport && o.place == c.place {
			f.Replies = o.packets
		}
	}
}

// rateKey hashes a host and transport. The lowest bits say in which bucket the
// host is counted.
func rateKey(host *[16]byte, transport uint8, place ident.Place) uint64 {
	return mix(hashAddr(host), uint64(transport)|uint64(place.Scope)<<8)
}

// SetOut says where the rate facts go from now on.
func (r *Rates) SetOut(b *event.Batch) { r.facts = b }
