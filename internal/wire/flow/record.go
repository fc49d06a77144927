package flow

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/wire/decode"
	"edgeward/internal/wire/proto"
)

// flow is the state of one conversation. It has a fixed size; what only few
// flows need hangs on pointers that come from pools.
type flow struct {
	key         key
	hash        uint64
	id          uint64
	first, last int64
	firstPacket uint64
	lastPacket  uint64
	firstOffset int64
	lastOffset  int64
	capture     uint32
	prev, next  uint32
	pkts        [2]uint64
	bytes       [2]uint64
	data        [2]uint64
	mac         [2]ident.MAC
	vlan        uint16
	list, state uint8
	clientIsA   bool
	midstream   bool
	tunnel      decode.Tunnel
	flags       [2]uint8
	ttl         [2]uint8
	icmpType    uint8
	icmpCode    uint8

	// Client's SYN.
	synWindow, synMSS uint16
	synScale          uint8
	synKinds          [10]uint8
	synSeqIsDst       bool

	// TCP streams.
	nextSeq     [2]uint32
	acked       [2]uint32 // highest sequence number of that direction that the other side acknowledged
	seqKnown    [2]bool
	ackKnown    [2]bool
	skip        [2]uint64 // stream bytes that the parser does not want
	half        [2]*half  // buffered bytes and segments, nil when there are none
	gaps        uint32
	outOfOrder  uint32
	retransmits uint32
	overlaps    uint32

	// Recognition.
	parser    proto.Parser
	proto     event.Proto
	atHome    bool // the server's port is one of the protocol's
	byHint    bool // recognised by its endpoint, not by its own content
	deaf      bool // nobody wants the rest
	firstDir  event.Dir
	hasFirst  bool
	probes    [2]uint8
	refused   [2]uint64 // protocols that said No, a bit each
	messages  [2]uint32
	errors    uint32
	tx        uint32
	note      string
	held      []held
	heldBytes int

	tempo tempo
}

// ID gives the flow's id.
func (f *flow) ID() uint64 { return f.id }

// Transport gives the IP protocol number.
func (f *flow) Transport() uint8 { return uint8(f.key.p >> 24) }

// Protocol gives the application protocol, as far as it is recognised.
func (f *flow) Protocol() event.Proto { return f.proto }

// Client gives the client's address and port.
func (f *flow) Client() (netip.Addr, uint16) { return f.side(f.clientIsA) }

// Server gives the server's address and port.
func (f *flow) Server() (netip.Addr, uint16) { return f.side(!f.clientIsA) }

func (f *flow) side(a bool) (netip.Addr, uint16) {
	if a {
		return addrOf(f.key.a0, f.key.a1), uint16(f.key.p >> 48)
	}
	return addrOf(f.key.b0, f.key.b1), uint16(f.key.p >> 32)
}

// serverPort gives the port of the server alone.
func (f *flow) serverPort() uint16 {
	if f.clientIsA {
		return uint16(f.key.p >> 32)
	}
	return uint16(f.key.p >> 48)
}

// addrOf gives the address of two words of a key, mapped IPv4 unmapped.
func addrOf(hi, lo uint64) netip.Addr {
	if hi == 0 && lo>>32 == 0xffff {
		return netip.AddrFrom4([4]byte{byte(lo >> 24), byte(lo >> 16), byte(lo >> 8), byte(lo)})
	}
	var a [16]byte
	binary.BigEndian.PutUint64(a[:8], hi)
	binary.BigEndian.PutUint64(a[8:], lo)
	return netip.AddrFrom16(a)
}

func (f *flow) direction(srcIsA bool) event.Dir {
	if srcIsA == f.clientIsA {
		return event.ToServer
	}
	return event.ToClient
}

// begin sets a flow up for its first packet.
func (f *flow) begin(k *key, p *decode.Packet, srcIsA, clientIsSrc bool) {
	*f = flow{
		key: *k, hash: p.Hash, first: p.Time, last: p.Time,
		firstPacket: p.Number, firstOffset: p.Offset, capture: p.Capture, vlan: p.VLAN, tunnel: p.Tunnel,
		clientIsA: srcIsA == clientIsSrc, state: stateNew,
	}
	f.id = (p.Hash ^ p.Number*0x9e3779b97f4a7c15 ^ uint64(p.Capture)<<40) >> 11
	if p.Proto == protoTCP && p.Flags&(decode.SYN|decode.RST) == 0 {
		f.midstream = true
	}
	if p.Proto == protoICMP || p.Proto == protoICMPv6 {
		if len(p.L4) >= 2 && !p.Fragment {
			f.icmpType, f.icmpCode = p.L4[0], p.L4[1]
		}
	}
}

// over reports why the flow has ended when p, which has its key, is not part
// of it any more; empty when it is.
func (f *flow) over(p *decode.Packet) string {
	idle := p.Time - f.last
	if idle > f.timeout() || idle < -timeBackwards {
		return f.endReason("timeout")
	}
	if p.Proto == protoTCP && p.Flags&(decode.SYN|decode.ACK|decode.RST) == decode.SYN &&
		(f.state == stateClosed || f.pkts[1] > 0 && f.seqKnown[0] && p.Seq+1 != f.nextSeq[0] && f.data[0]+f.data[1] > 0) {
		return f.endReason("closed")
	}
	return ""
}

func (f *flow) timeout() int64 {
	switch {
	case f.state == stateClosed:
		return timeoutClosed
	case f.Transport() == protoTCP && f.state == stateNew:
		return timeoutTCPNew
	case f.Transport() == protoTCP:
		return timeoutTCP
	case f.state == stateNew:
		return timeoutUDPNew
	}
	return timeoutUDP
}

func (f *flow) endReason(otherwise string) string {
	if f.state == stateClosed {
		return "closed"
	}
	return otherwise
}

// account counts a packet.
func (f *flow) account(dir event.Dir, p *decode.Packet) {
	if f.pkts[dir] == 0 {
		f.ttl[dir] = p.TTL
		f.mac[dir], f.mac[dir.Other()] = p.SrcMAC, orMAC(f.mac[dir.Other()], p.DstMAC)
	}
	f.pkts[dir]++
	f.bytes[dir] += uint64(p.WireLen)
	f.data[dir] += uint64(p.PayloadLen)
	f.last, f.lastPacket, f.lastOffset = p.Time, p.Number, p.Offset
	if dir == event.ToServer && p.PayloadLen > 0 {
		f.tempo.add(p.Time, p.PayloadLen)
	}
}

func orMAC(a, b ident.MAC) ident.MAC {
	if a.IsZero() {
		return b
	}
	return a
}

// tempo measures the rhythm of the client's data without keeping it.
type tempo struct {
	bursts    uint32
	lastBurst int64
	lastData  int64
	mean      float64 // milliseconds between the starts of bursts
	dev       float64
	bytes     uint64
}

func (t *tempo) add(now int64, n uint32) {
	t.bytes += uint64(n)
	silence := now - t.lastData
	t.lastData = now
	if t.bursts > 0 && silence < second {
		return
	}
	t.bursts++
	if t.bursts > 1 {
		gap := float64(now-t.lastBurst) / 1e6
		k := float64(t.bursts - 1)
		d := gap - t.mean
		t.mean += d / k
		if d < 0 {
			d = -d
		}
		if t.bursts > 2 {
			t.dev += (d - t.dev) / (k - 1)
		}
	}
	t.lastBurst = now
}

// header gives the envelope of facts about the flow as a whole.
func (f *flow) header() event.Header {
	h := event.Header{
		Time: f.last, Packet: f.firstPacket, Offset: f.firstOffset, Capture: f.capture,
		Place: f.key.place(), Flow: f.id, Transport: f.Transport(), VLAN: f.vlan,
		SrcMAC: f.mac[0], DstMAC: f.mac[1],
	}
	h.Src, h.SrcPort = f.Client()
	h.Dst, h.DstPort = f.Server()
	return h
}

// record makes the flow fact, unless it is one of too many alike.
func (t *Table) record(f *flow, reason string) {
	oneSided := f.pkts[0] == 0 || f.pkts[1] == 0
	if f.pkts[0] == 0 && f.proto == event.ProtoUnknown && f.Transport() != protoTCP {
		f.turn() // the port looked like a server's, but only that side ever spoke
	}
	if f.Transport() == protoTCP && oneSided && f.data[0]+f.data[1] > 0 {
		t.stats.OneSided++
	}
	if f.midstream {
		t.stats.Midstream++
	}
	if f.proto != event.ProtoUnknown {
		s := &t.stats.Protocols[f.proto]
		s.Flows++
		s.Bytes += f.bytes[0] + f.bytes[1]
	}
	aggregated, skip := t.suppress.count(f)
	if skip {
		t.stats.Suppressed++
		return
	}
	h := f.header()
	t.env.Order.Seq = f.firstPacket<<16 | 0xffff
	b := event.Add[event.Flow](t.out, &h, t.env.Order)
	b.AppProto = f.proto
	if f.proto != event.ProtoUnknown {
		b.AppProtoBy = "content"
		if f.byHint {
			b.AppProtoBy = "endpoint"
		}
	}
	b.PktsToServer, b.PktsToClient = f.pkts[0], f.pkts[1]
	b.BytesToServer, b.BytesToClient = f.bytes[0], f.bytes[1]
	b.DataToServer, b.DataToClient = f.data[0], f.data[1]
	b.Start, b.End = f.first, f.last
	b.Age = uint32(max(0, f.last-f.first) / second)
	b.State = [...]string{"new", "established", "closed"}[f.state]
	b.Reason = reason
	b.ConnState = event.ConnState(f.Transport(), f.pkts, f.flags)
	b.TCPFlagsTS, b.TCPFlagsTC = f.flags[0], f.flags[1]
	b.Midstream, b.OneSided = f.midstream, oneSided
	b.Gaps, b.OutOfOrder, b.Retransmits, b.Overlaps = f.gaps, f.outOfOrder, f.retransmits, f.overlaps
	b.TTLToServer, b.TTLToClient = f.ttl[0], f.ttl[1]
	b.SYNWindow, b.SYNMSS, b.SYNScale, b.SYNSeqIsDst = f.synWindow, f.synMSS, f.synScale, f.synSeqIsDst
	b.SYNOptions = t.synOptions(f)
	b.ICMPType, b.ICMPCode = f.icmpType, f.icmpCode
	b.Tunnel = f.tunnel.String()
	b.Aggregated = aggregated
	if n := f.tempo.bursts; n > 0 {
		b.Tempo = event.Tempo{Bursts: n, MeanMS: clamp(f.tempo.mean), DevMS: clamp(f.tempo.dev), Bytes: uint32(min(f.tempo.bytes/uint64(n), 1<<31))}
	}
}

// turn makes the other side the client.
func (f *flow) turn() {
	f.clientIsA = !f.clientIsA
	f.pkts[0], f.pkts[1] = f.pkts[1], f.pkts[0]
	f.bytes[0], f.bytes[1] = f.bytes[1], f.bytes[0]
	f.data[0], f.data[1] = f.data[1], f.data[0]
	f.mac[0], f.mac[1] = f.mac[1], f.mac[0]
	f.ttl[0], f.ttl[1] = f.ttl[1], f.ttl[0]
}

func clamp(f float64) uint32 {
	if f < 0 {
		return 0
	}
	return uint32(min(f, 1<<31))
}

// synOptions writes the kinds of the SYN's options as "2,4,8,1,3".
func (t *Table) synOptions(f *flow) string {
	var b [40]byte
	s := b[:0]
	for _, k := range f.synKinds {
		if k == 0 {
			break
		}
		if len(s) > 0 {
			s = append(s, ',')
		}
		s = strconv.AppendUint(s, uint64(k), 10)
	}
	return t.out.String(s)
}
