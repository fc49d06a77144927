package detect

import (
	"fmt"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

// TCP flags as Flow facts give them.
const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
	flagPSH
	flagACK
	flagURG
)

const (
	protoICMP   = 1
	protoTCP    = 6
	protoUDP    = 17
	protoICMPv6 = 58
)

const (
	scanSpan    = 60 * second
	scanLimit   = 20 // distinct unanswered ports or hosts of one source within the span
	seqScanners = 5  // distinct hosts whose address is the sequence number: no program does that by chance
	maxScanners = 4096
	maxTargets  = 8192
	probeBytes  = 200 // payload of a UDP probe at most; floods send more
	probeTries  = 4   // datagrams that a probe sends to one port at most; who goes on knows whom to ask
	bareLimit   = 10  // distinct hosts sent echo requests without data: no ping program leaves the data out by itself
)

// recon finds scans: probes without answer to many hosts or ports.
type recon struct {
	e *Engine
	// Home and outside sources have tables of their own, so that spoofed
	// outsiders cannot make the sensor forget a scanning device.
	scanners [2]*table[scanner]
	targets  [2]*table[scanTarget]
	sweeps   *table[crowd] // ARP and neighbour discovery by asking host
}

// scanner is what is remembered of one source.
type scanner struct {
	pin
	hosts      crowd // unanswered hosts, the port in the note
	stealth    burst
	bare       burst // hosts sent a SYN that no operating system makes
	pings      crowd // hosts sent an echo request without data, whoever answered
	seqIsDst   burst
	ports      portSet
	silent     uint64
	refused    uint64
	outside    distinct // networks of /16 that were probed outside
	transports [2]bool  // TCP, UDP
	peer2peer  bool
	worm       *record // the finding that it spreads, once there is one
}

// scanTarget is what is remembered of one source and one of its targets.
type scanTarget struct {
	pin
	ports  burst
	shown  portSet
	flags  [4]uint8 // illegal combinations of flags
	nFlags int
}

func (sc *scanner) clean() {
	hosts, pings, stealth, bare, marked := sc.hosts, sc.pings, sc.stealth, sc.bare, sc.seqIsDst
	hosts.clean()
	pings.clean()
	stealth.clean()
	bare.clean()
	marked.clean()
	*sc = scanner{hosts: hosts, pings: pings, stealth: stealth, bare: bare, seqIsDst: marked}
}

func (t *scanTarget) clean() {
	ports := t.ports
	ports.clean()
	*t = scanTarget{ports: ports}
}

func newRecon(e *Engine) *recon {
	r := &recon{e: e, sweeps: newTable[crowd](maxScanners)}
	for i := range r.scanners {
		r.scanners[i], r.targets[i] = newTable[scanner](maxScanners), newTable[scanTarget](maxTargets)
	}
	return r
}

func (r *recon) kinds() []event.Kind {
	return []event.Kind{event.KindFlow, event.KindARP, event.KindICMP, event.KindP2P}
}

func (r *recon) close() {}

func (r *recon) fact(s *sight) {
	switch b := s.Body.(type) {
	case *event.Flow:
		r.flow(s, b)
	case *event.ARP:
		r.arp(s, b)
	case *event.ICMP:
		r.neighbour(s, b)
		r.ping(s, b)
	case *event.P2P:
		r.source(s).peer2peer = true
	}
}

func (r *recon) source(s *sight) *scanner {
	return r.scanners[side(s.src.home)].make(hostKey(s.Place, s.Src))
}

func side(home bool) int {
	if home {
		return 0
	}
	return 1
}

// probe is what a flow looks like to somebody who looks for scans.
type probe uint8

const (
	noProbe   probe = iota
	silent          // asked, no answer
	refused         // asked, refused
	halfOpen        // answered, then dropped by a machine that knows nothing of it
	emptyOpen       // opened and closed without a byte: counts beside others only
	stealth         // flags that start no connection
)

// classify tells probes from conversations. Bare ACKs without an answer are
// the middle of something that was not seen, not a probe.
func classify(s *sight, f *event.Flow) probe {
	switch s.Transport {
	case protoTCP:
		ts := f.TCPFlagsTS
		switch {
		case ts&(flagACK|flagRST) == 0 && (ts&flagSYN == 0 || ts&(flagFIN|flagURG) != 0):
			if f.PktsToServer == 0 || f.DataToServer > 0 {
				return noProbe
			}
			return stealth
		case ts&flagSYN == 0 || ts&flagACK != 0 && f.DataToServer+f.DataToClient > 0:
			return noProbe
		case f.PktsToClient == 0 && ts&flagACK == 0:
			return silent
		case f.TCPFlagsTC&flagSYN == 0 && f.TCPFlagsTC&flagRST != 0:
			return refused
		case ts&flagACK == 0 && ts&flagRST != 0:
			return halfOpen
		case f.DataToServer+f.DataToClient == 0 && ts&(flagFIN|flagRST) != 0:
			return emptyOpen
		}
	case protoUDP:
		if f.PktsToClient > 0 || f.PktsToServer == 0 || f.PktsToServer > probeTries || f.DataToServer > f.PktsToServer*probeBytes {
			return noProbe
		}
		if s.SrcPort < 1024 && s.DstPort >= 1024 || f.AppProto == event.ProtoDNS || traceroute(s, f) {
			return noProbe // a late answer, or no service is looked for
		}
		return silent
	case protoICMP, protoICMPv6:
		if (f.ICMPType == 8 || f.ICMPType == 128) && f.PktsToClient == 0 {
			return silent
		}
	}
	return noProbe
}

// traceroute reports whether a datagram measures the path to its target.
func traceroute(s *sight, f *event.Flow) bool {
	return s.DstPort >= 33434 && s.DstPort < 33700 && f.TTLToServer <= 40
}

func (r *recon) flow(s *sight, f *event.Flow) {
	if s.group || !s.Src.IsValid() || s.Src == s.Dst && s.SrcPort == s.DstPort {
		return
	}
	p := classify(s, f)
	if p == noProbe {
		switch f.AppProto {
		case event.ProtoBitTorrent, event.ProtoEthereum, event.ProtoBitcoin, event.ProtoMonero, event.ProtoGnutella:
			r.source(s).peer2peer = true
		}
		return
	}
	n := uint64(f.Aggregated) + 1
	sc := r.source(s)
	if p == stealth {
		r.stealth(s, sc, f, n)
		return
	}
	sc.ports.add(s.DstPort)
	if p == refused {
		sc.refused += n
	} else {
		sc.silent += n
	}
	if s.Transport == protoTCP || s.Transport == protoUDP {
		sc.transports[side(s.Transport == protoTCP)] = true
		r.ports(s, n)
	}
	r.hosts(s, sc, p, n)
	if s.Transport == protoTCP && p != emptyOpen {
		r.stateless(s, sc, f, n)
	}
}

// hosts counts the hosts that one source probes. An outside host that somebody
// looked up is no target that was picked at random: a service that does not
// answer is what a program meets whose way out is closed. Nor is one on the
// port of a peer-to-peer network, whose peers come and go.
func (r *recon) hosts(s *sight, sc *scanner, p probe, n uint64) {
	if !s.dst.home && (peerPort(s.DstPort) || r.e.names.known(s.Place, s.Dst)) {
		return
	}
	hosts := sc.hosts.meet(s, s.Dst, scanSpan, s.DstPort)
	if !s.dst.home && s.Dst.Is4() {
		b := s.Dst.As4()
		sc.outside.add(uint64(b[0])<<8 | uint64(b[1]))
	}
	if hosts < scanLimit || p == emptyOpen {
		return
	}
	if s.Transport != protoICMP && s.Transport != protoICMPv6 {
		// A peer-to-peer program meets many dead hosts too, on as many ports.
		spread := sc.hosts.notes(s.when, scanSpan)*2 > hosts
		if spread && (sc.peer2peer || s.Transport == protoUDP || hosts < 2*scanLimit) {
			return
		}
	}
	rec := r.e.report("recon.horizontal-scan", s, &s.src, "")
	if rec.isNew() {
		sc.keep()
		sev, conf := ident.Medium, 0.9
		if !s.src.home {
			sev = ident.Low
		}
		rec.rate(sev, conf)
		rec.trail(r.e, sc.hosts.marks, "probe without answer", true)
		sc.hosts.join(rec)
		rec.since(sc.hosts.marks, scanSpan)
		what := transport(s.Transport)
		rec.tell = func() string {
			onPorts := ""
			if sc.ports.n > 0 && (sc.transports[0] || sc.transports[1]) {
				onPorts = " on port " + sc.ports.String()
			}
			refused := ""
			if sc.refused > 0 {
				refused = fmt.Sprintf(" and %d refused", sc.refused)
			}
			return fmt.Sprintf("%s probed %s or more by %s%s within %s; %s unanswered%s.",
				rec.address, count(rec.peerSet.count(), "host"), what, onPorts, span(rec.last-rec.first), count(sc.silent, "probe"), refused)
		}
		n = max(n, uint64(hosts))
	}
	rec.peer(&s.dst)
	rec.add(&r.e.ledger, s.when, n)
	r.e.spread.scanned(s, sc, n)
}

// peerPort reports whether a port is one on which peers of a network listen
// unless they are told otherwise: Gnutella, BitTorrent, Bitcoin, Monero,
// Ethereum.
func peerPort(port uint16) bool {
	return port >= 6346 && port <= 6349 || port >= 6881 && port <= 6889 || port == 8333 || port == 18080 || port == 30303
}

// ports counts the ports of one target that one source probes.
func (r *recon) ports(s *sight, n uint64) {
	t := r.targets[side(s.src.home)].make(mix(hostKey(s.Place, s.Src), addrKey(s.Dst)))
	if s.Transport == protoUDP && r.e.has("dos.flood-out", s, &s.src) != nil {
		return // floods go to ports at random
	}
	t.shown.add(s.DstPort)
	ports := t.ports.add(s, uint64(s.DstPort)<<8|uint64(s.Transport), scanSpan)
	if ports < scanLimit {
		return
	}
	rec := r.e.report("recon.port-scan", s, &s.src, "")
	if rec.isNew() {
		t.keep()
		if !s.src.home {
			rec.rate(ident.Low, 0.9)
		}
		rec.trail(r.e, t.ports.marks, "probe without answer", true)
		rec.since(t.ports.marks, scanSpan)
		target, what := s.Dst, transport(s.Transport)
		rec.tell = func() string {
			more := ""
			if k := rec.peerSet.count(); k > 1 {
				more = fmt.Sprintf(" and of %s", count(k-1, "other host"))
			}
			return fmt.Sprintf("%s tried %d or more %s ports of %s%s that did not answer or refused (%s), within %s.",
				rec.address, scanLimit, what, target, more, t.shown.String(), span(rec.last-rec.first))
		}
		n = max(n, uint64(ports))
	}
	rec.peer(&s.dst)
	rec.add(&r.e.ledger, s.when, n)
}

// stealth counts packets whose flags start no connection and belong to none.
func (r *recon) stealth(s *sight, sc *scanner, f *event.Flow, n uint64) {
	t := r.targets[side(s.src.home)].make(mix(hostKey(s.Place, s.Src), addrKey(s.Dst)))
	flags := f.TCPFlagsTS&0x3f | 0x40
	known := false
	for _, have := range t.flags[:t.nFlags] {
		known = known || have == flags
	}
	if !known && t.nFlags < len(t.flags) {
		t.flags[t.nFlags] = flags
		t.nFlags++
	}
	probes := sc.stealth.add(s, mix(addrKey(s.Dst), uint64(s.DstPort)), scanSpan)
	if probes < scanLimit && t.nFlags < 2 {
		return
	}
	sc.ports.add(s.DstPort)
	rec := r.e.report("recon.stealth-scan", s, &s.src, "")
	if rec.isNew() {
		sc.keep()
		t.keep()
		rec.trail(r.e, sc.stealth.marks, "TCP packet with flags "+flagNames(f.TCPFlagsTS), true)
		n = max(n, uint64(probes))
		rec.tell = func() string {
			return fmt.Sprintf("%s sent %s with flags %s to %s (ports %s).", rec.address, count(rec.n, "packet"), flagSets(t), count(rec.peerSet.count(), "host"), sc.ports.String())
		}
	}
	rec.peer(&s.dst)
	rec.add(&r.e.ledger, s.when, n)
}

func flagSets(t *scanTarget) string {
	var w wordSet
	for _, f := range t.flags[:t.nFlags] {
		w.add(flagNames(f &^ 0x40))
	}
	return w.String()
}

// flagNames writes TCP flags.
func flagNames(f uint8) string {
	if f&0x3f == 0 {
		return "none"
	}
	var b []byte
	for i, n := range [...]string{"FIN", "SYN", "RST", "PSH", "ACK", "URG"} {
		if f&(1<<i) != 0 {
			if len(b) > 0 {
				b = append(b, '+')
			}
			b = append(b, n...)
		}
	}
	return string(b)
}

// stateless finds connection requests that were written by hand: without the
// options that every operating system sends, or with the target's address as
// sequence number, by which a worm knows its answers again.
func (r *recon) stateless(s *sight, sc *scanner, f *event.Flow, n uint64) {
	marked, bare := 0, 0
	if f.SYNSeqIsDst {
		marked = sc.seqIsDst.add(s, addrKey(s.Dst), scanSpan)
	}
	if f.Origin == "" && f.SYNOptions == "" && f.SYNMSS == 0 && f.TCPFlagsTS&flagACK == 0 { // logs keep no options
		bare = sc.bare.add(s, addrKey(s.Dst), scanSpan)
	}
	if marked < seqScanners && bare < scanLimit {
		return
	}
	rec := r.e.report("recon.stateless-scan", s, &s.src, "")
	if rec.isNew() {
		sc.keep()
		marks, how := sc.bare.marks, "connection requests without TCP options"
		if marked >= seqScanners {
			marks, how = sc.seqIsDst.marks, "connection requests whose sequence number is the target's address"
			rec.rate(ident.High, 0.97)
		}
		if !s.src.home {
			rec.severity = ident.Low
		}
		rec.trail(r.e, marks, "hand-made connection request", true)
		rec.since(marks, scanSpan)
		sc.hosts.join(rec)
		n = max(n, uint64(max(marked, bare)))
		rec.tell = func() string {
			return fmt.Sprintf("%s sent %s to %s or more on port %s, within %s.", rec.address, how, count(rec.peerSet.count(), "host"), sc.ports.String(), span(rec.last-rec.first))
		}
	}
	rec.peer(&s.dst)
	rec.add(&r.e.ledger, s.when, n)
	if len(sc.hosts.marks) < scanLimit {
		r.e.spread.scanned(s, sc, n) // else it was told already
	}
}

func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
