package detect

import (
	"fmt"
	"net/netip"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	ampSpan      = 60 * second
	ampLimit     = 30  // like requests of one client within the span
	ampStrangers = 10  // the same from outside, or in a protocol made for few requests
	ampFactor    = 3   // bytes of answers for each byte of requests
	reflectors   = 20  // distinct hosts that answer what nobody asked within the span
	reflected    = 1e6 // bytes of such answers
	maxAmps      = 4096
)

// amplification finds servers of this network that multiply somebody's
// packets onto a victim, and hosts of this network that are such a victim.
type amplification struct {
	e       *Engine
	pairs   *table[ampPair]
	victims *table[ampVictim]
}

// ampPair is what is remembered of one server, one client and one protocol.
type ampPair struct {
	pin
	start     int64
	n         uint64
	in, out   uint64
	questions distinct
	refused   bool // the client's machine says that it asked for nothing
	marks     []mark
}

// ampVictim is what is remembered of one host that gets answers to nothing.
type ampVictim struct {
	pin
	start int64
	crowd crowd
	bytes uint64
	n     uint64
}

func newAmplification(e *Engine) *amplification {
	return &amplification{e: e, pairs: newTable[ampPair](maxAmps), victims: newTable[ampVictim](maxAmps)}
}

func (a *amplification) kinds() []event.Kind {
	return []event.Kind{event.KindCoAP, event.KindDNS, event.KindNTP, event.KindSNMP, event.KindFlow, event.KindICMP}
}

func (a *amplification) close() {}

func (a *amplification) fact(s *sight) {
	switch b := s.Body.(type) {
	case *event.CoAP:
		if b.Answered && s.Transport == protoUDP && b.Observe == "" && b.Block2 == "" && !b.Notification {
			a.exchange(s, "CoAP", textKey(b.Path)^textKey(b.Method), uint64(b.ReqLen), uint64(b.RespLen), ampLimit)
		}
	case *event.DNS:
		if b.Answered && !b.TCP {
			limit := ampLimit
			if b.QType == 255 || b.QType == 16 || b.QType == 48 || b.QType == 46 {
				limit = ampStrangers // ANY, TXT, DNSKEY, RRSIG
			}
			a.exchange(s, "DNS", textKey(b.RRName)^uint64(b.QType), uint64(b.ReqLen), uint64(b.RespLen), limit)
		}
	case *event.NTP:
		if b.Mode == 6 || b.Mode == 7 {
			a.exchange(s, "NTP", uint64(b.ReqCode), uint64(b.ReqLen), uint64(b.RespLen), ampStrangers)
		}
	case *event.Flow:
		a.flow(s, b)
	case *event.ICMP:
		a.unreachable(s, b)
	}
}

// exchange counts like requests of one client whose answers are larger.
func (a *amplification) exchange(s *sight, protocol string, question, in, out uint64, limit int) {
	if in == 0 || out < ampFactor*in || s.group {
		return
	}
	p := a.pairs.make(mix(mix(hostKey(s.Place, s.Dst), addrKey(s.Src)), textKey(protocol)))
	if p.n == 0 || !near(p.start, s.when, ampSpan) {
		*p = ampPair{pin: p.pin, start: s.when, refused: p.refused}
	}
	p.n++
	p.in += in
	p.out += out
	p.questions.add(question)
	if len(p.marks) < 8 {
		p.marks = append(p.marks, mark{time: s.when, packet: s.Packet, capture: s.Capture})
	}
	if !s.src.home && s.dst.home || p.refused {
		limit = min(limit, ampStrangers)
	}
	// Who really wants to know asks different questions.
	if p.n < uint64(limit) || uint64(p.questions.count())*4 > p.n {
		return
	}
	about, victim := &s.dst, &s.src
	rec := a.e.reportAt("dos.amplification", s, about, group{text: protocol, addr: victim.addr})
	n := uint64(1)
	if rec.isNew() {
		p.keep()
		n = p.n
		rec.since(p.marks, ampSpan)
		rec.trail(a.e, p.marks, "small request with a large answer", true)
		to := victim.String()
		rec.tell = func() string {
			return fmt.Sprintf("%s answered %s in the name of %s by %s, %.1f bytes for each byte asked, mostly the same question again and again.", rec.address, count(rec.n, "request"), to, protocol, float64(p.out)/float64(p.in))
		}
	}
	rec.peer(victim)
	rec.add(&a.e.ledger, s.when, n)
}

// unreachable notes that a machine refuses answers it never asked for.
func (a *amplification) unreachable(s *sight, b *event.ICMP) {
	if (b.Type != 3 || b.Code != 3) && (!b.V6 || b.Type != 1 || b.Code != 4) || !b.OrigSrc.IsValid() || b.OrigProto != protoUDP {
		return
	}
	for _, protocol := range []string{"CoAP", "DNS", "NTP"} {
		if p := a.pairs.get(mix(mix(hostKey(s.Place, b.OrigSrc), addrKey(b.OrigDst)), textKey(protocol))); p != nil {
			p.refused = true
		}
	}
}

// reflecting are UDP services that answer strangers with more than they
// asked. By themselves these ports say nothing: what counts is that many hosts
// answer from one of them to somebody who asked nothing.
var reflecting = map[uint16]string{
	17: "QOTD", 19: "chargen", 53: "DNS", 69: "TFTP", 111: "portmap", 123: "NTP", 137: "NetBIOS", 161: "SNMP", 389: "CLDAP", 427: "SLP", 1434: "MS SQL", 1900: "SSDP",
	3283: "ARD", 3702: "WS-Discovery", 5093: "Sentinel", 5353: "mDNS", 5683: "CoAP", 10001: "Ubiquiti discovery", 11211: "memcached", 27960: "Quake", 30120: "FiveM", 37810: "DVR",
}

func (a *amplification) flow(s *sight, f *event.Flow) {
	if s.Transport != protoUDP || s.group {
		return
	}
	if f.PktsToServer > 0 && f.PktsToClient > 0 {
		a.reflector(s, f)
		return
	}
	// Answers without a question: the flow is told from the client's side or,
	// when the packet path did not know the port, from the server's.
	victim, server, bytes, pkts, p := s.src, s.dst, f.DataToClient, f.PktsToClient, s.DstPort
	if f.PktsToClient == 0 {
		victim, server, bytes, pkts, p = s.dst, s.src, f.DataToServer, f.PktsToServer, s.SrcPort
	}
	service, ok := reflecting[p]
	if !ok || pkts == 0 || bytes/pkts < 100 || victim.home == server.home && victim.home {
		return
	}
	v := a.victims.make(mix(hostKey(s.Place, victim.addr), uint64(p)))
	if v.n == 0 || !near(v.start, s.when, ampSpan) {
		*v = ampVictim{pin: v.pin, start: s.when}
	}
	v.n += pkts + uint64(f.Aggregated)
	v.bytes += bytes
	hosts := v.crowd.meet(s, server.addr, ampSpan, p)
	if hosts < reflectors && (v.bytes < reflected || hosts < 3) {
		return
	}
	rec := a.e.reportAt("dos.amplification", s, &victim, two(service, "answers"))
	n := pkts
	if rec.isNew() {
		v.keep()
		n = v.n
		rec.since(v.crowd.marks, ampSpan)
		v.crowd.join(rec)
		rec.tell = func() string {
			return fmt.Sprintf("%s got %s of %s answers it never asked for (%s) from %s. Somebody forges its address.", rec.address, count(rec.n, "packet"), service, volume(v.bytes), count(max(rec.peerSet.count(), 1), "server"))
		}
	}
	rec.peer(&server)
	rec.show(a.e, s, service+" answer without a question")
	rec.add(&a.e.ledger, s.when, n)
}

// reflector judges services whose messages are not read, by the bytes of
// conversations with strangers.
func (a *amplification) reflector(s *sight, f *event.Flow) {
	service, ok := reflecting[s.DstPort]
	if !ok || !s.dst.home || s.src.home || !outsider(s.Src) || f.DataToServer == 0 || f.DataToClient < 5*f.DataToServer || f.DataToClient < 400 {
		return
	}
	switch f.AppProto {
	case event.ProtoCoAP, event.ProtoDNS, event.ProtoNTP:
		return // judged by their messages
	}
	p := a.pairs.make(mix(mix(hostKey(s.Place, s.Dst), addrKey(s.Src)), uint64(s.DstPort)))
	if p.n == 0 || !near(p.start, s.when, ampSpan) {
		*p = ampPair{pin: p.pin, start: s.when}
	}
	p.n += f.PktsToServer
	p.in += f.DataToServer
	p.out += f.DataToClient
	if p.n < ampStrangers {
		return
	}
	rec := a.e.reportAt("dos.amplification", s, &s.dst, group{text: service, addr: s.Src})
	if rec.isNew() {
		p.keep()
		to := s.Src
		rec.rate(ident.High, 0.75)
		rec.tell = func() string {
			return fmt.Sprintf("%s answered %s of %s, which is outside this network, by %s with %.1f bytes for each byte asked.", rec.address, count(rec.n, "request"), to, service, float64(p.out)/float64(p.in))
		}
	}
	rec.peer(&s.src)
	rec.show(a.e, s, service+" request from outside with a large answer")
	rec.add(&a.e.ledger, s.when, f.PktsToServer)
}

func outsider(a netip.Addr) bool { return a.IsValid() && !isGroup(a) && !a.IsUnspecified() }
