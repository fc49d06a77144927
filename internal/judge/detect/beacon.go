package detect

import (
	"fmt"
	"slices"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	maxCalls     = 8192
	callsKept    = 17 // calls that are kept of one destination
	fewestCalls  = 12
	shortestSpan = 60 * second
	longestGap   = 24 * hour
	deadCalls    = 30 // calls without an answer that need not come at even intervals
	deadSpan     = 10 * minute
	repeatSpan   = 5 * second // a refused call from the same port within it is the same call: systems try a few times
	latecomer    = minute     // what ends later is told later
	tinyCall     = 32         // bytes that the device says in a call, at most, to be odd
	evenness     = 0.15       // median deviation from the median interval, as a part of it
)

// beacon finds devices that call one outside address at even intervals. Since
// most devices call home like this, what the call is made of decides: an
// address that nobody looked up, a protocol that nobody knows, a server that
// does not answer.
type beacon struct {
	e     *Engine
	calls *table[caller]
}

// caller is what is remembered of one device, one outside address and port.
type caller struct {
	last   int64
	first  int64
	n      uint64
	failed uint64           // calls that nobody answered
	spoken uint64           // connections in which something was said
	said   uint64           // bytes that the device said in them
	known  uint64           // of these, connections in a protocol by which devices call their makers
	starts [callsKept]int64 // of the latest calls, in order of time
	ports  [callsKept]uint16
	kept   int
	calls  uint64 // calls so far, several attempts at one counted once
	marks  [4]mark
	nMarks int
	told   uint64 // calls that findings count already
}

func newBeacon(e *Engine) *beacon { return &beacon{e: e, calls: newTable[caller](maxCalls)} }

func (b *beacon) kinds() []event.Kind { return []event.Kind{event.KindFlow} }

func (b *beacon) close() {}

func (b *beacon) fact(s *sight) {
	f := s.Body.(*event.Flow)
	if !s.src.home || s.dst.home || s.group || f.Midstream || !public(s.Dst) || ordinaryCall(s, f) {
		return
	}
	c := b.calls.make(mix(mix(hostKey(s.Place, s.Src), addrKey(s.Dst)), uint64(s.DstPort)<<8|uint64(s.Transport)))
	if c.n > 0 && (s.when < c.first-latecomer || s.when-c.last > longestGap) {
		*c = caller{} // the clock jumped, or the habit has ended
	}
	if c.n == 0 {
		c.first, c.last = s.when, s.when
	}
	c.first, c.last = min(c.first, s.when), max(c.last, s.when)
	c.n += uint64(f.Aggregated) + 1
	refused := f.PktsToClient == 0 || f.TCPFlagsTC&flagSYN == 0 && f.TCPFlagsTC&flagRST != 0
	c.called(s.when, s.SrcPort, refused && s.Transport == protoTCP)
	switch {
	case refused:
		c.failed += uint64(f.Aggregated) + 1
	case f.DataToServer+f.DataToClient > 0:
		c.spoken++
		c.said += f.DataToServer
		switch f.AppProto {
		case event.ProtoUnknown, event.ProtoIRC, event.ProtoTelnet:
		default:
			c.known++
		}
	}
	if c.nMarks < len(c.marks) {
		c.marks[c.nMarks] = mark{time: s.when, packet: s.Packet, capture: s.Capture}
		c.nMarks++
	}
	b.tempo(s, f, c)
	switch {
	case c.calls >= fewestCalls && c.last-c.first >= shortestSpan && b.judge(s, c):
	case c.failed >= deadCalls && c.last-c.first >= deadSpan && c.failed*5 >= c.n*4:
		b.dead(s, c)
	}
}

// called puts a call among those that are kept, in order of time, unless it is
// another attempt at one of them or came together with one.
func (c *caller) called(when int64, port uint16, refused bool) {
	if refused {
		for k := range c.kept {
			if c.ports[k] == port && near(c.starts[k], when, repeatSpan) {
				return
			}
		}
	}
	i := c.kept
	for i > 0 && c.starts[i-1] > when {
		i--
	}
	if i > 0 && when-c.starts[i-1] < second/2 || i < c.kept && c.starts[i]-when < second/2 {
		return
	}
	switch {
	case c.kept < callsKept:
		copy(c.starts[i+1:c.kept+1], c.starts[i:c.kept])
		copy(c.ports[i+1:c.kept+1], c.ports[i:c.kept])
		c.kept++
	case i == 0:
		return // older than all that are kept
	default:
		i--
		copy(c.starts[:i], c.starts[1:i+1])
		copy(c.ports[:i], c.ports[1:i+1])
	}
	c.starts[i], c.ports[i] = when, port
	c.calls++
}

// dead judges calls to somebody who never answers. The operating system
// repeats each call at growing intervals, so that they need not be even.
func (b *beacon) dead(s *sight, c *caller) {
	if score, why := b.weigh(s, c, c.average()); score >= 3 {
		b.report(s, c, score, "again and again", why)
	}
}

// ordinaryCall reports whether the flow is of a kind that is regular by
// nature: time, names.
func ordinaryCall(s *sight, f *event.Flow) bool {
	switch f.AppProto {
	case event.ProtoDNS, event.ProtoNTP, event.ProtoSTUN, event.ProtoBitTorrent, event.ProtoEthereum, event.ProtoBitcoin, event.ProtoQUIC, event.ProtoWireGuard, event.ProtoMQTT, event.ProtoCoAP, event.ProtoSyslog, event.ProtoSNMP:
		return true
	}
	return s.Transport != protoTCP && s.Transport != protoUDP || s.DstPort == 53 || s.DstPort == 123
}

// even gives the median interval and whether the intervals are even.
func (c *caller) even() (int64, bool) {
	n := c.kept - 1
	var g [callsKept]int64
	for i := range n {
		g[i] = c.starts[i+1] - c.starts[i]
	}
	slices.Sort(g[:n])
	median := g[n/2]
	for i := range n {
		g[i] -= median
		if g[i] < 0 {
			g[i] = -g[i]
		}
	}
	slices.Sort(g[:n])
	return median, float64(g[n/2]) <= evenness*float64(median) || g[n/2] < second/2 && median > 2*second
}

// judge weighs what even calls are made of and reports whether it told of them.
func (b *beacon) judge(s *sight, c *caller) bool {
	median, even := c.even()
	if !even && c.told == 0 {
		return false
	}
	score, why := b.weigh(s, c, c.average())
	if score < 2 {
		return false
	}
	b.report(s, c, score, fmt.Sprintf("about every %s", interval(median)), why)
	return true
}

// average gives how much the device says in one call.
func (c *caller) average() uint64 { return c.said / max(c.spoken, 1) }

// weigh scores what is odd about a destination.
func (b *beacon) weigh(s *sight, c *caller, each uint64) (score int, why []string) {
	if !b.e.names.known(s.Place, s.Dst) {
		score++
		if b.e.names.asks(s.Place, s.Src) {
			score++
			why = append(why, "the address was never looked up by name")
		}
	} else {
		score -= 2
	}
	if c.spoken > 0 && c.known*4 < c.spoken {
		score++
		why = append(why, "the protocol is unknown or one that devices do not use")
	}
	if each > 0 && each <= tinyCall {
		score++
		why = append(why, fmt.Sprintf("only %s are sent each time", count(each, "byte")))
	}
	if !usualPort(s.DstPort) {
		score++
		why = append(why, fmt.Sprintf("port %d is unusual", s.DstPort))
	}
	if c.failed*5 >= c.n*4 {
		score++
		why = append(why, "hardly any call was answered")
	}
	return score, why
}

// usualPort reports whether clients of ordinary services use the port.
func usualPort(p uint16) bool {
	switch p {
	case 80, 443, 8080, 8443, 8883, 1883, 5222, 5223, 5228, 853, 993, 995, 587, 465, 143, 3478, 5671, 5672, 9443, 4500, 500:
		return true
	}
	return false
}

// tempo judges one long connection by the rhythm of what the device sends.
func (b *beacon) tempo(s *sight, f *event.Flow, c *caller) {
	t := f.Tempo
	if t.Bursts < fewestCalls || t.MeanMS < 2000 || float64(t.DevMS) > evenness*float64(t.MeanMS) || t.Bytes > 512 {
		return
	}
	score, why := b.weigh(s, c, uint64(t.Bytes))
	if score < 3 {
		return
	}
	b.report(s, c, score-1, fmt.Sprintf("about every %s on one connection", interval(int64(t.MeanMS)*second/1000)), why)
}

func (b *beacon) report(s *sight, c *caller, score int, rhythm string, why []string) {
	rec := b.e.reportAt("c2.beacon", s, &s.src, at(s.Dst, s.DstPort))
	if rec == nil {
		return
	}
	n := c.n - c.told
	if rec.isNew() {
		if c.told == 0 {
			rec.first = min(rec.first, c.first)
			rec.trail(b.e, c.marks[:c.nMarks], "one of the calls", false)
		} else {
			rec.show(b.e, s, "one of the calls")
		}
		to, how := b.e.named(s.Place, s.Dst), transport(s.Transport)
		at := s.DstPort
		rec.tell = func() string {
			return fmt.Sprintf("%s called %s on %s port %d %s, %s since %s; %s.", rec.address, to, how, at, rhythm, count(rec.n, "time"), clock(rec.first), joined(why))
		}
		switch {
		case score < 3:
			rec.rate(ident.Info, 0.3)
		case score >= 5:
			rec.rate(ident.High, 0.8)
		}
	}
	if score >= 3 {
		rec.grade(ident.Medium, 0.65)
	}
	rec.peer(&s.dst)
	rec.add(&b.e.ledger, s.when, n)
	c.told = c.n
}

// interval writes a length of time with the precision that rhythms need.
func interval(ns int64) string {
	switch {
	case ns < 10*second:
		return fmt.Sprintf("%.1f seconds", float64(ns)/float64(second))
	case ns < 10*minute:
		return count(ns/second, "second")
	}
	return span(ns)
}

// joined writes reasons as one clause.
func joined(why []string) string {
	switch len(why) {
	case 0:
		return "nothing else is known about it"
	case 1:
		return why[0]
	}
	s := why[0]
	for _, w := range why[1 : len(why)-1] {
		s += ", " + w
	}
	return s + " and " + why[len(why)-1]
}
