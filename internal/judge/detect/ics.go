package detect

import (
	"fmt"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	masterOps   = 20          // operations after which a controller has settled with its masters
	masterSpan  = 60 * second // and how long it must have had them
	tryoutSpan  = 60 * second
	deniedLimit = 8  // distinct things refused to one host within the span
	verbLimit   = 12 // distinct functions that one host tries, many of them refused
	unitLimit   = 10 // distinct units behind one address
	maxPLCs     = 2048
)

// icsChecks judges what hosts do to industrial controllers.
type icsChecks struct {
	e       *Engine
	devices *table[regulars]
	tryouts *table[tryout]
	broken  *table[brokenSender]
}

// tryout is what one host tried on one controller.
type tryout struct {
	pin
	denied burst
	verbs  burst
	units  burst
	names  wordSet
	n      uint64
	bad    uint64
}

func newICS(e *Engine) *icsChecks {
	return &icsChecks{e: e, devices: newTable[regulars](maxPLCs), tryouts: newTable[tryout](maxPLCs), broken: newTable[brokenSender](maxPLCs)}
}

func (c *icsChecks) kinds() []event.Kind {
	return []event.Kind{
		event.KindModbus, event.KindDNP3, event.KindS7, event.KindENIP, event.KindBACnet, event.KindOPCUA, event.KindIEC104, event.KindICS, event.KindAnomaly,
	}
}

func (c *icsChecks) close() {}

func (c *icsChecks) fact(s *sight) {
	if b, ok := s.Body.(*event.Anomaly); ok {
		if b.Type == "applayer" && industrial(b.AppProto) {
			c.e.malformed("ics.malformed", b.AppProto.String(), c.broken, s, b)
		}
		return
	}
	if b, ok := s.Body.(*event.IEC104); ok && (b.Dir == event.ToClient || b.Frame == "U" || b.Frame == "S") {
		return // reports of the station, and what keeps the connection going
	}
	if b, ok := s.Body.(*event.ENIP); ok && b.IO {
		return
	}
	b := s.Body.(event.Operator)
	q := requestOf(s)
	if q.class == event.OpNone {
		return
	}
	if q.class == event.OpDiscover {
		c.discovery(s, b)
	}
	if s.group {
		return
	}
	device := placed(s.Place, s.dst.key) ^ addrKey(s.Dst)
	d := c.devices.make(device)
	peer, newClass, newTarget := d.meet(&c.e.acquainted, s.when, device, &s.src, q.class, q.target, masterOps, masterSpan)
	habit := c.e.hosts.habit(s.Place, s.dst.key) && !peer.late
	c.tryout(s, b, &q)
	if peer.late {
		c.rogue(s, peer, b.Operation())
	}
	if q.class == event.OpRead || q.class == event.OpDiscover || q.class == event.OpOther {
		return
	}
	unusual := habit && (newClass || newTarget)
	c.operation(s, b.Operation(), peer.late, unusual, habit)
}

// industrial reports whether a protocol is one of controllers.
func industrial(p event.Proto) bool {
	switch p {
	case event.ProtoModbus, event.ProtoDNP3, event.ProtoS7, event.ProtoS7Plus, event.ProtoENIP, event.ProtoBACnet, event.ProtoOPCUA, event.ProtoIEC104,
		event.ProtoPNDCP, event.ProtoGOOSE, event.ProtoMMS, event.ProtoADS, event.ProtoFINS, event.ProtoMELSEC, event.ProtoHARTIP, event.ProtoSynchrophasor:
		return true
	}
	return false
}

// request is a request in numbers, as most are only counted.
type request struct {
	class  event.OpClass
	verb   uint64 // hash of the function
	target uint64 // hash of what it is about
	denied bool
}

// requestOf describes the fact's request without putting it into words.
func requestOf(s *sight) request {
	switch b := s.Body.(type) {
	case *event.Modbus:
		return request{b.Class, uint64(b.Function)<<16 | uint64(b.Sub), mix(uint64(b.Unit)<<32|uint64(b.Address)<<8, uint64(b.Function)), b.Exception != 0}
	case *event.DNP3:
		return request{b.Class, uint64(b.FunctionNum), mix(uint64(b.Dst)<<32|uint64(b.Point), uint64(b.FunctionNum)), b.Denied}
	case *event.S7:
		v := mix(textKey(b.Function), textKey(b.Sub))
		return request{b.Class, v, mix(v, textKey(b.Block)), b.Error != 0}
	case *event.ENIP:
		const partialTransfer = 6 // there is more to fetch
		v := uint64(b.ServiceNum)<<16 | uint64(b.CommandNum)
		return request{b.Class, v, mix(textKey(b.Tag), uint64(b.ClassID)<<48|uint64(b.Attribute)<<32|uint64(b.Instance)), b.Status != 0 || b.CIPStatus != 0 && b.CIPStatus != partialTransfer}
	case *event.BACnet:
		return request{b.Class, textKey(b.Service), mix(textKey(b.Object), textKey(b.Property)), b.Error != ""}
	case *event.IEC104:
		return request{b.Class, uint64(b.TypeNum), mix(uint64(b.CA)<<32|uint64(b.IOA), uint64(b.TypeNum)), b.Neg}
	}
	op := s.Body.(event.Operator).Operation()
	return request{op.Class, textKey(op.Verb), mix(textKey(op.Verb), textKey(op.Target)), op.Denied}
}

// operationCheck gives the check that an operation falls under.
func operationCheck(op *event.Operation) string {
	switch op.Class {
	case event.OpWrite:
		if controls(op) {
			return "ics.control-operation"
		}
		return "ics.parameter-change"
	case event.OpProgram:
		return "ics.program-download"
	case event.OpUpload:
		return "ics.program-upload"
	case event.OpFirmware:
		return "ics.firmware-update"
	case event.OpMode:
		return "ics.mode-change"
	case event.OpRestart:
		return "ics.device-restart"
	case event.OpAlarm:
		return "ics.alarm-suppression"
	}
	return ""
}

// controlWords are parts of the names of functions that command outputs
// rather than write values.
var controlWords = words("coil", "operate", "select", "c_sc", "c_dc", "c_rc", "c_se", "c_bo", "command", "output", "control", "oper", "pulse", "relay", "force")

func controls(op *event.Operation) bool {
	if controlWords.inFold(op.Verb) {
		return true
	}
	return op.Protocol == "bacnet" && strings.Contains(strings.ToLower(op.Target), "output")
}

// stopWords are parts of the names of modes out of operation.
var stopWords = words("stop", "halt", "hold", "disable", "listen_only", "reset", "shutdown", "reconfig", "program mode", "prog", "pause")

// stops reports whether a change of mode takes the controller out of
// operation.
func stops(verb string) bool {
	return stopWords.inFold(verb)
}

// operation reports who did what to whom.
func (c *icsChecks) operation(s *sight, op event.Operation, late, unusual, habit bool) {
	check := operationCheck(&op)
	if check == "" {
		return
	}
	rec := c.e.reportAt(check, s, &s.dst, by(&s.src))
	if rec == nil {
		return
	}
	sev, conf := ident.Info, 0.9
	switch {
	case op.Class == event.OpProgram || op.Class == event.OpFirmware:
		sev = ident.Medium
		if late || unusual || !habit {
			sev = ident.High
		}
	case op.Class == event.OpMode && stops(op.Verb) || op.Class == event.OpRestart:
		sev = ident.Medium
		if late || unusual {
			sev = ident.High
		}
	case op.Class == event.OpMode:
		if late || unusual {
			sev = ident.Medium // else it is how a session begins
		}
	case late:
		sev, conf = ident.Medium, 0.75
		if op.Class == event.OpWrite || op.Class == event.OpAlarm {
			sev = ident.High
		}
	case unusual:
		sev, conf = ident.Low, 0.6
	}
	if op.Denied {
		sev = min(sev, ident.Medium)
	}
	if rec.isNew() {
		rec.severity, rec.confidence = sev, conf
		did := &operations{}
		rec.memory = did
		by, proto := s.src.String(), strings.Clone(op.Protocol)
		rec.tell = func() string {
			t := fmt.Sprintf("%s did the following on %s by %s: %s", by, rec.address, proto, did.verbs.String())
			if len(did.targets.words) > 0 {
				t += " (" + did.targets.String() + ")"
			}
			t += fmt.Sprintf(", %s", count(rec.n, "time"))
			if did.denied > 0 {
				t += fmt.Sprintf(", of which %d were refused", did.denied)
			}
			switch {
			case did.late:
				t += "; the host is new to this controller"
			case did.unusual:
				t += "; this is new for this controller and host"
			}
			return t + "."
		}
	}
	if did, ok := rec.memory.(*operations); ok {
		did.verbs.add(op.Verb)
		did.targets.add(op.Target)
		did.late = did.late || late
		did.unusual = did.unusual || unusual
		if op.Denied {
			did.denied++
		}
	}
	rec.grade(sev, conf)
	rec.peer(&s.src)
	if rec.wants(s) {
		rec.show(c.e, s, op.Protocol+" "+op.Verb+" "+op.Target)
	}
	rec.add(&c.e.ledger, s.when, 1)
}

// operations is what one host did to one controller.
type operations struct {
	verbs, targets wordSet
	denied         uint64
	late, unusual  bool
}

// rogue reports a host that operates a controller which others serve.
func (c *icsChecks) rogue(s *sight, peer *regular, op event.Operation) {
	rec := c.e.reportAt("ics.rogue-master", s, &s.dst, byNewcomer(s, peer))
	if rec.isNew() {
		rec.severity, rec.confidence = ident.Low, 0.6
		did := &operations{}
		rec.memory = did
		by := newcomer(s, peer)
		rec.tell = func() string {
			return fmt.Sprintf("%s, never heard to speak to %s before, sent it %s (%s), while others have been its masters.", by, rec.address, count(rec.n, "request"), did.verbs.String())
		}
	}
	if rec != nil {
		if did, ok := rec.memory.(*operations); ok {
			did.verbs.add(op.Verb)
		}
	}
	switch op.Class {
	case event.OpDiscover, event.OpOther:
	case event.OpRead:
		rec.grade(ident.Medium, 0.65)
	default:
		rec.grade(ident.High, 0.8)
	}
	rec.peer(&s.src)
	if rec.wants(s) {
		rec.show(c.e, s, op.Protocol+" "+op.Verb+" by a new host")
	}
	rec.add(&c.e.ledger, s.when, 1)
}

// discovery reports who asks controllers who they are.
func (c *icsChecks) discovery(s *sight, b event.Operator) {
	op := b.Operation()
	rec := c.e.report("ics.discovery", s, &s.src, op.Protocol)
	if rec.isNew() {
		proto := strings.Clone(op.Protocol)
		did := &wordSet{}
		rec.memory = did
		rec.tell = func() string {
			return fmt.Sprintf("%s asked %s for their identity by %s (%s).", rec.address, count(max(rec.peerSet.count(), 1), "address"), proto, did.String())
		}
	}
	if rec != nil {
		if did, ok := rec.memory.(*wordSet); ok {
			did.add(op.Verb)
		}
	}
	rec.peer(&s.dst)
	if rec.wants(s) {
		rec.show(c.e, s, op.Protocol+" "+op.Verb)
	}
	rec.add(&c.e.ledger, s.when, 1)
}

// tryout finds hosts that try out what a controller has.
func (c *icsChecks) tryout(s *sight, b event.Operator, q *request) {
	t := c.tryouts.make(mix(hostKey(s.Place, s.Src)^uint64(s.src.key), addrKey(s.Dst)^uint64(s.dst.key)))
	t.n++
	denied, units := 0, 0
	verbs := t.verbs.add(s, q.verb, tryoutSpan)
	if q.denied {
		t.bad++
		t.names.add(b.Operation().Verb)
		denied = t.denied.add(s, mix(q.verb, q.target), tryoutSpan)
	}
	if m, ok := s.Body.(*event.Modbus); ok {
		if units = t.units.add(s, uint64(m.Unit), tryoutSpan); units >= unitLimit && t.bad == 0 && m.Answered {
			units = 0 // a gateway with that many units behind it
		}
	}
	why := ""
	switch {
	case denied >= deniedLimit:
		why = fmt.Sprintf("%d or more different requests were refused", deniedLimit)
	case verbs >= verbLimit && t.bad*5 >= t.n:
		why = fmt.Sprintf("%d or more different functions were tried", verbLimit)
	case units >= unitLimit:
		why = fmt.Sprintf("%d or more units were tried", unitLimit)
	default:
		return
	}
	rec := c.e.reportAt("ics.point-enumeration", s, &s.dst, by(&s.src))
	if rec.isNew() {
		t.keep()
		rec.since(t.denied.marks, tryoutSpan)
		rec.trail(c.e, t.denied.marks, "request that was refused", true)
		by := s.src.String()
		rec.tell = func() string {
			refused := ""
			if len(t.names.words) > 0 {
				refused = " (" + t.names.String() + ")"
			}
			return fmt.Sprintf("%s tried out %s: %s%s, within %s.", by, rec.address, why, refused, span(max(rec.last-rec.first, second)))
		}
	}
	rec.peer(&s.src)
	rec.add(&c.e.ledger, s.when, 1)
}
