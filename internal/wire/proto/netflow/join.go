package netflow

import (
	"net/netip"

	"edgeward/internal/event"
)

const (
	maxPending = 8192
	patience   = 30 * second // how long a record waits for the other direction, by export time
	tolerance  = 2 * second  // by how much the times of two directions may miss each other
)

// Joiner makes one record of the two that exporters send about the directions
// of a conversation; what stays alone is given alone. It keeps at most 8192
// records. The zero value is ready to use; it is not safe for concurrent use.
type Joiner struct {
	pending map[joinKey]uint64 // place in ring, counted from the beginning
	ring    []waiting          // fixed once made
	head    uint64             // the oldest that waits
	tail    uint64             // where the next one goes
}

type joinKey struct {
	a, b     netip.Addr
	pa, pb   uint16
	protocol uint8
	domain   uint32
}

type waiting struct {
	record Record
	key    joinKey
	alive  bool
}

func keyOf(r *Record) (k joinKey) {
	k = joinKey{r.Src, r.Dst, r.SrcPort, r.DstPort, r.Protocol, r.Domain}
	if c := r.Src.Compare(r.Dst); c > 0 || c == 0 && r.SrcPort > r.DstPort {
		k.a, k.b, k.pa, k.pb = k.b, k.a, k.pb, k.pa
	}
	return k
}

// Reset forgets what waits.
func (j *Joiner) Reset() {
	clear(j.pending)
	j.head, j.tail = 0, 0
}

// Add takes a record in and gives those that are done: in each of them Src is
// the side that began, as far as can be told.
func (j *Joiner) Add(r *Record, give func(*Record)) {
	for j.head < j.tail {
		w := j.at(j.head)
		if d := r.Exported - w.record.Exported; w.alive && d <= patience && d >= -patience {
			break
		}
		j.pop(give)
	}
	if r.Biflow || r.Dst.IsMulticast() {
		give(r)
		return
	}
	k := keyOf(r)
	if i, ok := j.pending[k]; ok {
		w := j.at(i)
		w.alive = false
		delete(j.pending, k)
		if w.record.Src == r.Dst && w.record.SrcPort == r.DstPort && w.record.Start <= r.End+tolerance && r.Start <= w.record.End+tolerance {
			joined := join(&w.record, r)
			give(&joined)
			return
		}
		w.record.settle()
		give(&w.record)
	}
	if j.ring == nil {
		j.ring, j.pending = make([]waiting, 64), map[joinKey]uint64{}
	}
	if j.tail-j.head == uint64(len(j.ring)) {
		if len(j.ring) < maxPending {
			j.grow()
		} else {
			j.pop(give)
		}
	}
	*j.at(j.tail) = waiting{*r, k, true}
	j.pending[k] = j.tail
	j.tail++
}

// Flush gives all that still wait.
func (j *Joiner) Flush(give func(*Record)) {
	for j.head < j.tail {
		j.pop(give)
	}
}

func (j *Joiner) at(i uint64) *waiting { return &j.ring[i%uint64(len(j.ring))] }

// grow doubles the ring, which is full.
func (j *Joiner) grow() {
	next := make([]waiting, 2*len(j.ring))
	for i := j.head; i < j.tail; i++ {
		next[i%uint64(len(next))] = *j.at(i)
	}
	j.ring = next
}

// pop gives the oldest, unless its other direction has come.
func (j *Joiner) pop(give func(*Record)) {
	w := j.at(j.head)
	j.head++
	if w.alive {
		w.alive = false
		delete(j.pending, w.key)
		w.record.settle()
		give(&w.record)
	}
}

// join makes one record of two directions.
func join(a, b *Record) Record {
	first, second := a, b
	if b.Start < a.Start || b.Start == a.Start && serves(a.SrcPort, a.DstPort) {
		first, second = b, a
	}
	r := *first
	r.Biflow = true
	r.ReverseOctets, r.ReversePackets, r.ReverseFlags = second.Octets, second.Packets, second.Flags
	r.End = max(a.End, b.End)
	if r.DstMAC.IsZero() {
		r.DstMAC = second.SrcMAC
	}
	return r
}

// serves reports whether a port is a server's rather than the other one.
func serves(port, other uint16) bool { return port < 1024 && other >= 1024 }

// settle turns a record that stays alone when its sender looks like the side
// that was asked: it answers from a server's port, or its TCP flags never
// begin a connection.
func (r *Record) settle() {
	if r.Biflow || r.Protocol != protoTCP && r.Protocol != protoUDP {
		return
	}
	const syn, rst, ack = 0x02, 0x04, 0x10
	asks := r.Protocol == protoTCP && r.Flags&(syn|ack) == syn
	refuses := r.Protocol == protoTCP && r.Flags&(syn|rst|ack) == rst|ack && r.Packets <= 2
	if asks || !refuses && !serves(r.SrcPort, r.DstPort) {
		return
	}
	r.Src, r.Dst = r.Dst, r.Src
	r.SrcPort, r.DstPort = r.DstPort, r.SrcPort
	r.SrcMAC, r.DstMAC = r.DstMAC, r.SrcMAC
	r.ReverseOctets, r.ReversePackets, r.ReverseFlags = r.Octets, r.Packets, r.Flags
	r.Octets, r.Packets, r.Flags = 0, 0, 0
}

// Header fills in what the envelope of a fact knows of the record.
func (r *Record) Header(h *event.Header) {
	h.Time = r.End
	h.Src, h.Dst, h.SrcPort, h.DstPort, h.Transport = r.Src, r.Dst, r.SrcPort, r.DstPort, r.Protocol
	h.SrcMAC, h.DstMAC, h.VLAN = r.SrcMAC, r.DstMAC, r.VLAN
	k := keyOf(r)
	h.Flow = flowID(&k, r.Start)
}

// flowID hashes what makes a flow (FNV-1a).
func flowID(k *joinKey, start int64) uint64 {
	h := uint64(0xcbf29ce484222325)
	mix := func(b []byte) {
		for _, c := range b {
			h = (h ^ uint64(c)) * 0x100000001b3
		}
	}
	a, b := k.a.As16(), k.b.As16()
	mix(a[:])
	mix(b[:])
	mix([]byte{byte(k.pa >> 8), byte(k.pa), byte(k.pb >> 8), byte(k.pb), k.protocol})
	for i := range 8 {
		h = (h ^ uint64(byte(start>>(8*i)))) * 0x100000001b3
	}
	return h>>11 | 1
}

// Fact fills in a flow fact. observer is the exporter, when it is known.
func (r *Record) Fact(f *event.Flow, observer netip.Addr) {
	f.Origin = "netflow"
	if r.Version == IPFIX {
		f.Origin = "ipfix"
	}
	f.Observer = observer
	if r.Exporter.IsValid() {
		f.Observer = r.Exporter
	}
	f.PktsToServer, f.PktsToClient = r.Packets, r.ReversePackets
	f.BytesToServer, f.BytesToClient = r.Octets, r.ReverseOctets
	v6 := r.Src.Is6()
	f.DataToServer = Payload(r.Octets, r.Packets, v6, r.Protocol, r.Flags)
	f.DataToClient = Payload(r.ReverseOctets, r.ReversePackets, v6, r.Protocol, r.ReverseFlags)
	f.TCPFlagsTS, f.TCPFlagsTC = r.Flags, r.ReverseFlags
	f.Start, f.End = r.Start, r.End
	f.Age = uint32(min((r.End-r.Start)/second, 1<<32-1))
	f.ConnState = event.ConnState(r.Protocol, [2]uint64{r.Packets, r.ReversePackets}, [2]uint8{r.Flags, r.ReverseFlags})
	f.State, f.Reason = flowState(r), endReason(r.EndReason)
	f.OneSided = r.Packets == 0 || r.ReversePackets == 0
	const syn, rst = 0x02, 0x04
	f.Midstream = r.Protocol == protoTCP && (r.Flags|r.ReverseFlags)&(syn|rst) == 0
	f.ICMPType, f.ICMPCode = r.ICMPType, r.ICMPCode
}

func flowState(r *Record) string {
	const fin, rst = 0x01, 0x04
	switch {
	case r.Protocol == protoTCP && ((r.Flags|r.ReverseFlags)&rst != 0 || r.Flags&r.ReverseFlags&fin != 0):
		return "closed"
	case r.Packets > 0 && r.ReversePackets > 0:
		return "established"
	}
	return "new"
}

// endReason names a value of flowEndReason (RFC 5102 section 5.11.3).
func endReason(n uint8) string {
	switch n {
	case 1, 2:
		return "timeout"
	case 3:
		return "closed"
	case 4:
		return "shutdown"
	case 5:
		return "evicted"
	}
	return ""
}

// Payload gives how many of the octets of IP packets carried payload, at the
// least: what their headers take at the most is taken off.
func Payload(octets, packets uint64, v6 bool, transport, flags uint8) uint64 {
	header := uint64(20)
	if v6 {
		header = 40
	}
	handshake := uint64(0)
	switch transport {
	case protoTCP:
		header += 32 // with time stamps
		if flags&0x02 != 0 {
			handshake = 8 // a SYN has more options
		}
	case protoUDP, protoICMP, protoICMPv6:
		header += 8
	}
	if packets > octets/header {
		return 0
	}
	return octets - packets*header - min(handshake, octets-packets*header)
}
