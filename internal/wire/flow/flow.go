// Package flow follows conversations: the flow table with its memory budget,
// TCP reassembly, the recognition of protocols by endpoint and content, and
// the per-second rates of hosts. It hands bytes to the parsers of package
// proto and makes the flow and rate facts.
//
// It knows nothing of devices or findings. Package pipeline drives it; planes
// that handle packets may use it and inject an [Inspector].
package flow

import (
	"cmp"
	"slices"

	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/wire/decode"
	"edgeward/internal/wire/proto"
)

// Config sets up a Table.
type Config struct {
	Protocols *Registry
	Endpoints *Endpoints
	Vault     event.Vault
	Memory    int       // bytes for flows, streams and parser state
	Inspector Inspector // may be nil
}

// Stats counts what a table saw and lost. All counters only grow.
type Stats struct {
	Flows       uint64
	Evicted     uint64 // flows ended early because the budget was spent
	OneSided    uint64 // TCP flows of which one direction was never seen, although data went
	Midstream   uint64
	GapBytes    uint64 // stream bytes that were never seen
	Gaps        uint64
	OutOfOrder  uint64
	Retransmits uint64
	Overlaps    uint64 // retransmissions whose bytes differ
	NoMemory    uint64 // times a stream could not be kept for lack of memory
	GaveUp      uint64 // flows whose parser could not go on
	Suppressed  uint64 // flow facts that went into rates
	Protocols   [event.ProtoCount]ProtocolStats
}

// ProtocolStats counts one protocol.
type ProtocolStats struct {
	Flows    uint64
	ToServer uint64 // messages
	ToClient uint64
	Errors   uint64 // messages that break the standard
	Bytes    uint64
}

// Add sums two sets of counters.
func (s *Stats) Add(o *Stats) {
	s.Flows += o.Flows
	s.Evicted += o.Evicted
	s.OneSided += o.OneSided
	s.Midstream += o.Midstream
	s.GapBytes += o.GapBytes
	s.Gaps += o.Gaps
	s.OutOfOrder += o.OutOfOrder
	s.Retransmits += o.Retransmits
	s.Overlaps += o.Overlaps
	s.NoMemory += o.NoMemory
	s.GaveUp += o.GaveUp
	s.Suppressed += o.Suppressed
	for i := range s.Protocols {
		a, b := &s.Protocols[i], &o.Protocols[i]
		a.Flows += b.Flows
		a.ToServer += b.ToServer
		a.ToClient += b.ToClient
		a.Errors += b.Errors
		a.Bytes += b.Bytes
	}
}

// The states of a flow, each with a list of its own, oldest first.
const (
	stateNew         = iota // nobody answered yet
	stateEstablished        // both sides sent
	stateClosed             // FIN from both, or RST
	stateCount
)

// Idle times in packet time after which a flow has ended.
const (
	second        = int64(1e9)
	timeoutClosed = 2 * second
	timeoutTCPNew = 15 * second
	timeoutUDPNew = 30 * second
	timeoutUDP    = 120 * second
	timeoutTCP    = 600 * second
	timeBackwards = 3600 * second // a clock that jumped back this far is believed
	flowSize      = 512           // bytes a flow costs with its index entries, rounded up
	chunkFlows    = 128
	minimumFlows  = 512
	streamShare   = 4 // one in so many bytes of the budget is for streams
	suppressRate  = 64
	idleShare     = 8 << 10 // bytes of the budget for each parser that is kept
	idleAlways    = 64      // parsers of one protocol that are kept in any case
)

// Table is the flow table of one partition of the traffic. It is used by one
// goroutine at a time. Every flow belongs to exactly one partition, so facts
// do not depend on how many workers share the partitions.
type Table struct {
	cfg      Config
	index    index
	chunks   [][]flow
	free     []uint32
	lists    [stateCount]list
	count    int
	maxFlows int
	buffers  buffers
	env      proto.Env
	conn     proto.Conn
	parsers  [event.ProtoCount][]proto.Parser
	idle     int // parsers that wait for a flow
	maxIdle  int
	nests    []*nested
	helds    [][]held
	sample   proto.Sample
	suppress suppressor
	learned  []Learned
	ending   []ending
	stats    Stats
	out      *event.Batch
	pkt      *decode.Packet
}

// list is a doubly linked list of flows, oldest first.
type list struct{ head, tail uint32 }

// NewTable makes a table.
func NewTable(cfg Config) *Table {
	t := &Table{cfg: cfg, maxFlows: max(cfg.Memory*(streamShare-1)/streamShare/flowSize, minimumFlows)}
	t.index = newIndex(64)
	t.maxIdle = min(cfg.Memory/idleShare, 4096)
	t.buffers.limit = max(cfg.Memory/streamShare, 256<<10)
	for i := range t.lists {
		t.lists[i] = list{none, none}
	}
	t.env = proto.Env{Vault: cfg.Vault, Nest: t.nest, Learn: t.learn, Announce: t.announce, Begun: t.announcedBegun}
	t.conn.Env = &t.env
	return t
}

// SetOut says where the table's facts go from now on.
func (t *Table) SetOut(b *event.Batch) { t.out, t.env.Out = b, b }

// Stats gives the counters so far.
func (t *Table) Stats() *Stats { return &t.stats }

// Learned gives the endpoints recognised since the last call; the caller
// gives them to the Endpoints between two runs of packets.
func (t *Table) Learned() []Learned {
	l := t.learned
	t.learned = t.learned[:0]
	return l
}

func (t *Table) at(i uint32) *flow { return &t.chunks[i/chunkFlows][i%chunkFlows] }

// Packet takes one packet. Packets of one flow must come in capture order.
func (t *Table) Packet(p *decode.Packet) Verdict {
	t.pkt = p
	t.env.Order = event.Order{Packet: p.Number}
	if p.Layer < decode.LayerNetwork {
		t.frame(p)
		return Pass
	}
	k, srcIsA := keyOf(p)
	f, ref := t.lookup(&k, p, srcIsA)
	dir := f.direction(srcIsA)
	verdict := Pass
	if t.cfg.Inspector != nil {
		verdict = t.cfg.Inspector.OnPacket(f, dir, p)
	}
	f.account(dir, p)
	switch p.Proto {
	case protoTCP:
		if p.Layer == decode.LayerTransport {
			t.tcp(f, ref, dir, p)
		}
	case protoUDP:
		if p.Layer == decode.LayerTransport && len(p.Payload) > 0 {
			t.datagram(f, dir, p)
		}
	default:
		t.frame(p)
	}
	if f.state == stateNew && f.pkts[0] > 0 && f.pkts[1] > 0 {
		f.state = stateEstablished
	}
	t.touch(f, ref)
	return verdict
}

// IP protocol numbers that have ports here.
const (
	protoICMP   = 1
	protoTCP    = 6
	protoUDP    = 17
	protoICMPv6 = 58
)

// lookup finds or makes the flow of a packet.
func (t *Table) lookup(k *key, p *decode.Packet, srcIsA bool) (*flow, uint32) {
	tag := uint32(p.Hash >> 32)
	x := &t.index
	for i := homeOf(tag) & x.mask; x.slots[i].ref != 0; i = (i + 1) & x.mask {
		if x.slots[i].tag != tag {
			continue
		}
		ref := x.slots[i].ref - 1
		f := t.at(ref)
		if f.key != *k {
			continue
		}
		if reason := f.over(p); reason != "" {
			t.end(f, ref, reason)
			break
		}
		return f, ref
	}
	return t.make(k, p, srcIsA)
}

// make adds the flow that begins with p; the oldest flow goes when the budget
// is spent, and among those the ones that nobody answered go first.
func (t *Table) make(k *key, p *decode.Packet, srcIsA bool) (*flow, uint32) {
	if t.count >= t.maxFlows {
		victim := t.lists[stateNew].head
		if closed := t.lists[stateClosed].head; closed != none {
			victim = closed
		}
		if victim == none {
			victim = t.lists[stateEstablished].head
		}
		t.stats.Evicted++
		t.end(t.at(victim), victim, "evicted")
	}
	var ref uint32
	if n := len(t.free); n > 0 {
		ref = t.free[n-1]
		t.free = t.free[:n-1]
	} else {
		ref = uint32(len(t.chunks) * chunkFlows)
		t.chunks = append(t.chunks, make([]flow, chunkFlows))
		for i := uint32(chunkFlows - 1); i > 0; i-- {
			t.free = append(t.free, ref+i)
		}
	}
	t.count++
	t.stats.Flows++
	f := t.at(ref)
	f.begin(k, p, srcIsA, t.clientIsSource(p))
	t.index.insert(p.Hash, ref)
	t.push(stateNew, f, ref)
	return f, ref
}

// clientIsSource decides who of a new flow is the client: the sender of a SYN,
// else the side whose port is not a server's.
func (t *Table) clientIsSource(p *decode.Packet) bool {
	if p.Proto == protoTCP {
		switch p.Flags & (decode.SYN | decode.ACK) {
		case decode.SYN:
			return true
		case decode.SYN | decode.ACK:
			return false
		}
	}
	if p.Layer != decode.LayerTransport {
		return true
	}
	tcp := p.Proto == protoTCP
	src := t.cfg.Protocols.registered(tcp, p.SrcPort) || t.cfg.Endpoints.known(endpointOf(p.Place, p.Src, p.SrcPort, p.Proto))
	dst := t.cfg.Protocols.registered(tcp, p.DstPort) || t.cfg.Endpoints.known(endpointOf(p.Place, p.Dst, p.DstPort, p.Proto))
	if src != dst {
		return dst
	}
	if tcp && p.SrcPort < 1024 && p.DstPort >= 1024 {
		return false
	}
	return true
}

// frame gives a packet without ports to the protocols that want such.
func (t *Table) frame(p *decode.Packet) {
	var pr *proto.Protocol
	var b []byte
	if p.Layer == decode.LayerNetwork {
		pr, b = t.cfg.Protocols.ipProto[p.Proto], p.L4
		if p.Fragment {
			return
		}
	} else if p.Layer == decode.LayerLink {
		pr, b = t.cfg.Protocols.etherType[p.EtherType], p.L2
	}
	if pr == nil {
		return
	}
	c := &t.conn
	*c = proto.Conn{
		Env: &t.env, Place: p.Place, VLAN: p.VLAN, Start: p.Time, Time: p.Time, TTL: p.TTL,
		Packet: p.Number, Offset: p.Offset, Capture: p.Capture, Wire: wireLength(p, b),
		ClientMAC: p.SrcMAC, ServerMAC: p.DstMAC,
	}
	if p.Layer == decode.LayerNetwork {
		c.Transport = p.Proto
		c.Client, c.Server = decode.Addr(p.Src), decode.Addr(p.Dst)
	}
	pr.Frame(c, b)
	s := &t.stats.Protocols[pr.ID]
	s.ToServer += uint64(c.Messages[0] + c.Messages[1])
	s.Errors += uint64(c.Errors)
	s.Bytes += uint64(len(b))
}

// wireLength gives how long a part of a packet that goes to its end was on the
// wire, of which the end may not have been captured.
func wireLength(p *decode.Packet, b []byte) int {
	if p.Frames == 1 && int(p.WireLen) > len(p.Frame) {
		return len(b) + int(p.WireLen) - len(p.Frame)
	}
	return len(b)
}

// Expire ends the flows that have been idle for too long at packet time now,
// but no more than most at once, so that a pause in the traffic does not turn
// a whole table into facts; the others' turn comes with the next call.
// order is the number of the last packet seen; it places their facts.
func (t *Table) Expire(now int64, order uint64, most int) {
	t.env.Order = event.Order{Packet: order}
	for s := range t.lists {
		for ; most > 0; most-- {
			ref := t.lists[s].head
			if ref == none {
				break
			}
			f := t.at(ref)
			idle := now - f.last
			if idle < f.timeout() && idle > -timeBackwards {
				break
			}
			t.end(f, ref, f.endReason("timeout"))
		}
	}
}

// ending is a flow that is to end with the capture.
type ending struct {
	first uint64 // its first packet
	ref   uint32
}

// PrepareFlush appends the number of the first packet of every flow that is in
// the table, in their order. No packet may come before Flush has ended all.
func (t *Table) PrepareFlush(to []uint64) []uint64 {
	t.ending = make([]ending, 0, t.count)
	for s := range t.lists {
		for ref := t.lists[s].head; ref != none; ref = t.at(ref).next {
			t.ending = append(t.ending, ending{t.at(ref).firstPacket, ref})
		}
	}
	slices.SortFunc(t.ending, func(a, b ending) int { return cmp.Compare(a.first, b.first) })
	for _, e := range t.ending {
		to = append(to, e.first)
	}
	return to
}

// Flush ends the flows whose first packet is not after upTo, at the end of a
// capture or of the program; [EveryFlow] means all.
func (t *Table) Flush(order, upTo uint64) {
	t.env.Order = event.Order{Packet: order}
	for len(t.ending) > 0 && t.ending[0].first <= upTo {
		f := t.at(t.ending[0].ref)
		t.end(f, t.ending[0].ref, f.endReason("shutdown"))
		t.ending = t.ending[1:]
	}
}

// EveryFlow has Flush end all flows.
const EveryFlow = ^uint64(0)

// end takes a flow out of the table and makes its fact.
func (t *Table) end(f *flow, ref uint32, reason string) {
	saved := t.env.Order
	t.env.Order = event.Order{Packet: saved.Packet, Seq: f.firstPacket << 16}
	t.finishStreams(f)
	t.release(f)
	if t.cfg.Inspector != nil {
		t.cfg.Inspector.OnFlowEnd(f)
	}
	t.record(f, reason)
	t.unlink(f)
	t.index.remove(uint32(f.hash>>32), ref)
	t.free = append(t.free, ref)
	t.count--
	t.env.Order = saved
}

// push appends a flow to the list of a state.
func (t *Table) push(s uint8, f *flow, ref uint32) {
	l := &t.lists[s]
	f.list, f.prev, f.next = s, l.tail, none
	if l.tail == none {
		l.head = ref
	} else {
		t.at(l.tail).next = ref
	}
	l.tail = ref
}

func (t *Table) unlink(f *flow) {
	l := &t.lists[f.list]
	if f.prev == none {
		l.head = f.next
	} else {
		t.at(f.prev).next = f.next
	}
	if f.next == none {
		l.tail = f.prev
	} else {
		t.at(f.next).prev = f.prev
	}
}

// touch moves a flow to the young end of its state's list.
func (t *Table) touch(f *flow, ref uint32) {
	if f.list == f.state && t.lists[f.list].tail == ref {
		return
	}
	t.unlink(f)
	t.push(f.state, f, ref)
}

func (t *Table) learn(server netipAddr, port uint16, transport uint8, p event.Proto) {
	t.learned = append(t.learned, Learned{endpoint: endpoint{t.conn.Place, server.As16(), port, transport}, proto: p})
}

// place gives the place of a key.
func (k *key) place() ident.Place {
	return ident.Place{Scope: uint16(k.p >> 8), Tenant: uint16(k.p & 0xff)}
}

// takeParser gives a parser of the protocol.
func (t *Table) takeParser(p *proto.Protocol) proto.Parser {
	l := t.parsers[p.ID]
	if len(l) == 0 {
		return p.New()
	}
	t.parsers[p.ID], t.idle = l[:len(l)-1], t.idle-1
	return l[len(l)-1]
}

// keepParser keeps a parser, which was reset, for another flow.
func (t *Table) keepParser(p event.Proto, parser proto.Parser) {
	if len(t.parsers[p]) < idleAlways || t.idle < t.maxIdle {
		t.parsers[p], t.idle = append(t.parsers[p], parser), t.idle+1
	}
}
