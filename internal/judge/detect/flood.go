package detect

import (
	"fmt"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	floodSYN     = 100  // connection requests in a second that nothing follows
	slowSYN      = 40   // the same when it goes on for slowSeconds
	slowSeconds  = 3    //
	floodUDP     = 500  // datagrams in a second to many ports or from many hosts, hardly answered
	floodOneFlow = 5000 // datagrams in a second of one conversation, hardly answered
	floodTunnel  = 5000 // packets in a second of a tunnel, hardly answered
	floodICMP    = 100  // messages in a second
	floodFlows   = 150  // unanswered conversations with one service within floodSpan
	floodSpan    = 10 * second
	floodPackets = 1000 // packets of one conversation without answer
	floodRate    = 100  // of these in a second on average
	visitFlood   = 500  // whole connections with one outside service within floodSpan
	visitBytes   = 2000 // that a client says in one of them at most
	maxFloods    = 4096
)

// flood finds floods by the per-second aggregates of the packet path, and,
// where there are none, by conversations that nobody answers.
type flood struct {
	e       *Engine
	hosts   *table[floodHost]
	service *table[floodService]
	rates   *table[int64] // when the rates last told of a flood, by host, direction and transport
	outAt   int64         // second in which one of ours last sent a flood
}

// floodHost is what is remembered of one host, direction and transport.
type floodHost struct {
	pin
	last    int64
	hot     int
	peak    uint64
	peers   uint32
	seconds uint64
	packets uint64
	bytes   uint64
	port    uint16
}

// floodService counts unanswered conversations.
type floodService struct {
	pin
	meter meter
	peers distinct
	ports distinct
}

func newFlood(e *Engine) *flood {
	return &flood{e: e, hosts: newTable[floodHost](maxFloods), service: newTable[floodService](maxFloods), rates: newTable[int64](maxFloods)}
}

func (d *flood) kinds() []event.Kind { return []event.Kind{event.KindRate, event.KindFlow} }

func (d *flood) close() {}

func (d *flood) fact(s *sight) {
	switch b := s.Body.(type) {
	case *event.Rate:
		d.rate(s, b)
	case *event.Flow:
		d.flow(s, b)
	}
}

// floodKind says what kind of flood a second looks like; hot means that one
// such second suffices.
func floodKind(s *sight, b *event.Rate) (kind string, hot bool) {
	out := b.Direction == "out"
	switch s.Transport {
	case protoTCP:
		// A scan goes to many ports of few hosts or to many hosts.
		aimed := b.Port != 0 || b.Ports <= 10 || !out && b.Peers >= 50
		if out {
			aimed = b.Peers <= 3 && (b.Port != 0 || b.Ports <= 10)
		}
		switch {
		// Real connections have a request among many packets, whoever answers.
		case b.SYN >= slowSYN && b.SYN*10 >= b.Packets*7 && aimed:
			return "SYN flood", b.SYN >= floodSYN
		case b.Packets >= 2000 && b.Peers >= 50 && !out && b.SYN*10 < b.Packets && b.Replies*20 < b.Packets && b.Bytes/b.Packets < 120:
			return "flood of TCP packets without connections", true
		}
	case protoUDP:
		if b.Replies*10 >= b.Packets || out && b.Peers > 8 && b.Packets < 2000 {
			return "", false
		}
		many := b.NewFlows >= 100 || b.Ports >= 50 || !out && b.Peers >= 50
		if b.Packets >= floodUDP && many && b.Bytes/b.Packets >= 60 || b.Packets >= floodOneFlow && b.Peers <= 3 {
			if b.Port == 53 {
				return "DNS flood", true
			}
			return "UDP flood", true
		}
	case protoICMP:
		if b.Packets >= floodICMP && b.ICMPType != 3 && b.ICMPType != 11 && b.ICMPType != 5 && (!out || b.Peers <= 3) {
			return "ICMP flood", b.Packets >= 2*floodICMP
		}
	case protoICMPv6: // see ipv6
	default:
		least := uint64(floodUDP)
		if tunnels(s.Transport) {
			least = floodTunnel // one way of a tunnel is all that is seen of it, mostly
		}
		if b.Packets >= least && b.Replies*10 < b.Packets && (!out || b.Peers <= 3) {
			return "flood of " + transport(s.Transport), true
		}
	}
	return "", false
}

// tunnels reports whether an IP protocol carries other packets: IP in IP, IPv6,
// GRE, ESP, AH, EtherIP, L2TP.
func tunnels(transport uint8) bool {
	switch transport {
	case 4, 41, 47, 50, 51, 97, 115:
		return true
	}
	return false
}

func (d *flood) rate(s *sight, b *event.Rate) {
	kind, hot := floodKind(s, b)
	if kind == "" || isGroup(s.Src) {
		return
	}
	out := b.Direction == "out"
	if out && s.src.home {
		d.outAt = s.Time / second
	}
	// A flood is about its sender if that is ours, else about the host that
	// bears it. What a host sends comes before what the other one gets.
	if !s.src.home && (out || near(d.outAt, s.Time/second, 1)) {
		return
	}
	d.count(s, b, kind, hot)
}

func (d *flood) count(s *sight, b *event.Rate, kind string, hot bool) {
	out := b.Direction == "out"
	side := mix(hostKey(s.Place, s.Src), uint64(s.Transport)<<1|b2u(out))
	*d.rates.make(side) = s.Time
	h := d.hosts.make(mix(side, textKey(kind)))
	if h.seconds > 0 && !near(h.last, s.Time, floodSpan) {
		*h = floodHost{pin: h.pin}
	}
	h.last = s.Time
	h.seconds++
	h.packets += b.Packets
	h.bytes += b.Bytes
	h.peak = max(h.peak, b.Packets)
	h.peers = max(h.peers, b.Peers)
	if b.Port != 0 {
		h.port = b.Port
	}
	if hot {
		h.hot += slowSeconds
	} else {
		h.hot++
	}
	if h.hot < slowSeconds {
		return
	}
	check := "dos.flood-in"
	if out {
		check = "dos.flood-out"
	}
	rec := d.e.report(check, s, &s.src, kind)
	n := b.Packets
	if rec.isNew() {
		h.keep()
		n = h.packets
		rec.first = min(rec.first, s.Time-int64(h.seconds-1)*second)
		rec.tell = func() string {
			on := ""
			if h.port != 0 {
				on = fmt.Sprintf(" to port %d", h.port)
			}
			if out {
				return fmt.Sprintf("%s sent a %s%s to %s: %s, up to %d a second, %s, hardly answered.", rec.address, kind, on, count(max(h.peers, 1), "host"), count(rec.n, "packet"), h.peak, volume(h.bytes))
			}
			return fmt.Sprintf("%s received a %s%s from about %s: %s, up to %d a second, %s, hardly answered.", rec.address, kind, on, count(max(h.peers, 1), "source"), count(rec.n, "packet"), h.peak, volume(h.bytes))
		}
	}
	if rec.wants(s) {
		rec.show(d.e, s, fmt.Sprintf("%d packets in one second", b.Packets))
	}
	rec.add(&d.e.ledger, s.Time, n)
}

// flow judges conversations that nobody answers. It names the peers of floods
// that the rates found, and finds those for which there are no rates.
func (d *flood) flow(s *sight, f *event.Flow) {
	if s.group || f.PktsToServer == 0 {
		return
	}
	about, other := s.culprit()
	check := "dos.flood-out"
	if !s.src.home {
		about, other, check = &s.dst, &s.src, "dos.flood-in"
	}
	lonely := f.PktsToClient*20 < f.PktsToServer
	if lonely && f.PktsToServer >= floodPackets && (s.Transport != protoTCP || f.TCPFlagsTS&flagACK == 0 || f.DataToServer/f.PktsToServer < 100 && f.PktsToClient > 0) {
		d.long(s, f, about, other, check)
	}
	if f.PktsToClient > 0 {
		d.visits(s, f)
		return
	}
	kind := ""
	switch {
	case s.Transport == protoUDP && s.DstPort == 53:
		kind = "DNS flood"
	case s.Transport == protoUDP:
		kind = "UDP flood"
	case s.Transport != protoTCP:
	case f.TCPFlagsTS&flagACK == 0:
		kind = "SYN flood"
	case f.Midstream && f.DataToServer == 0 && f.PktsToServer <= 2:
		kind = "flood of TCP packets without connections"
	}
	if kind == "" || f.AppProto == event.ProtoDNS {
		return
	}
	if d.rated(s, about, other, check) {
		return
	}
	n := uint64(f.Aggregated) + 1
	key := mix(hostKey(s.Place, s.Dst), uint64(s.DstPort)<<8|uint64(s.Transport))
	if s.Transport == protoUDP && f.DataToServer/f.PktsToServer >= probeBytes {
		key = mix(hostKey(s.Place, s.Dst), 17) // floods go to ports at random
	}
	if s.src.home {
		key = mix(key, addrKey(s.Src))
	}
	v := d.service.make(key)
	if v.meter.n == 0 || !near(v.meter.start, s.when, floodSpan) {
		v.peers, v.ports = distinct{}, distinct{}
	}
	v.peers.add(addrKey(s.Src))
	v.ports.add(uint64(s.DstPort))
	if v.meter.add(s.when, floodSpan, n, f.BytesToServer) < floodFlows {
		return
	}
	rec := d.e.report(check, s, about, kind)
	if rec.isNew() {
		v.keep()
		n = v.meter.n
		to := endpoint(s.Dst, s.DstPort)
		rec.tell = func() string {
			return fmt.Sprintf("%s of a %s to %s, from %s, got no answer.", count(rec.n, "conversation"), kind, to, count(max(v.peers.count(), 1), "source"))
		}
	}
	rec.peer(other)
	rec.show(d.e, s, "unanswered packet of the flood")
	rec.add(&d.e.ledger, s.when, n)
}

// visits finds floods of whole connections: one of ours opens very many to one
// outside service, all alike.
func (d *flood) visits(s *sight, f *event.Flow) {
	if !s.src.home || s.dst.home || s.Transport != protoTCP || f.TCPFlagsTS&flagSYN == 0 || f.DataToServer > visitBytes {
		return
	}
	v := d.service.make(mix(mix(mix(hostKey(s.Place, s.Dst), uint64(s.DstPort)<<8|uint64(s.Transport)), addrKey(s.Src)), 1))
	if v.meter.n == 0 || !near(v.meter.start, s.when, floodSpan) {
		v.ports = distinct{}
	}
	v.ports.add(f.DataToServer)
	n := uint64(f.Aggregated) + 1
	if all := v.meter.add(s.when, floodSpan, n, f.BytesToServer); all < visitFlood || uint64(v.ports.count())*8 > all {
		return
	}
	rec := d.e.report("dos.flood-out", s, &s.src, "flood of connections")
	if rec.isNew() {
		v.keep()
		n = v.meter.n
		to := endpoint(s.Dst, s.DstPort)
		rec.rate(ident.Medium, 0.6)
		rec.tell = func() string {
			return fmt.Sprintf("%s opened %s to %s, all alike, within %s.", rec.address, count(rec.n, "connection"), to, span(rec.last-rec.first))
		}
	}
	rec.peer(&s.dst)
	rec.show(d.e, s, "connection of the flood")
	rec.add(&d.e.ledger, s.when, n)
}

// rated reports whether the rates tell of this flood already. They do not say
// who is on the other side, which the conversation does.
func (d *flood) rated(s *sight, about, other *actor, check string) bool {
	out := check == "dos.flood-out"
	at := d.rates.get(mix(hostKey(s.Place, about.addr), uint64(s.Transport)<<1|b2u(out)))
	if at == nil || !near(*at, s.when, minute) {
		return false
	}
	if rec := d.e.has(check, s, about); rec != nil {
		rec.peer(other)
		rec.show(d.e, s, "unanswered packet of the flood")
	}
	return true
}

// long judges one conversation with very many packets and no answers.
func (d *flood) long(s *sight, f *event.Flow, about, other *actor, check string) {
	length := f.End - f.Start
	perSecond := f.PktsToServer
	if length >= second {
		perSecond = f.PktsToServer * uint64(second) / uint64(length)
	}
	least := uint64(floodRate)
	if s.Transport == protoUDP {
		least = 3 * floodRate
		if f.DataToServer/f.PktsToServer > 700 {
			least = floodOneFlow // video and backups look like this
		}
		if f.PktsToClient == 0 && !s.dst.home && f.AppProto == event.ProtoUnknown {
			least = floodUDP // but out there somebody says something now and then
		}
	}
	if perSecond < least || d.rated(s, about, other, check) {
		return
	}
	kind := transport(s.Transport) + " flood"
	rec := d.e.report(check, s, about, kind)
	if rec.isNew() {
		to, pkts, bytes := endpoint(s.Dst, s.DstPort), f.PktsToServer, f.BytesToServer
		src := s.Src
		rec.tell = func() string {
			return fmt.Sprintf("%s sent %s (%s) to %s within %s, about %d a second, and got hardly any answer.", src, count(pkts, "packet"), volume(bytes), to, span(length), perSecond)
		}
		if check == "dos.flood-out" {
			rec.rate(ident.High, 0.75)
		} else {
			rec.rate(ident.Medium, 0.7)
		}
	}
	rec.peer(other)
	rec.show(d.e, s, "first packet of the flood")
	rec.add(&d.e.ledger, s.when, f.PktsToServer)
	rec.until(f.End)
}
