package bacnet

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/pending"
)

// Protocol is BACnet/IP, on any port: header, length and network layer leave
// little room for doubt.
var Protocol = proto.Protocol{
	ID:    event.ProtoBACnet,
	UDP:   true,
	Ports: []uint16{Port},
	Probe: probe,
	New:   func() proto.Parser { p := new(parser); p.Reset(); return p },
}

// Bounds of one flow. An invoke id has eight bits, and no device known keeps
// more than a few dozen requests open.
const (
	maxPending   = 64
	answerWithin = 30 * time.Second
	maxAnomalies = 16
	maxAnswer    = 4 << 10 // bytes of a segmented answer that are joined
)

// request is what is remembered of a request until its answer comes.
type request struct {
	dir       event.Dir
	bvlc      uint8
	pdu       string
	invoke    uint8
	service   uint8
	op        operation
	object    ObjectID
	hasObject bool
	property  uint32
	hasProp   bool
	priority  uint8
	count     uint16
	state     string
	instance  uint32
	vendor    uint16
	network   uint16
}

// login is a password whose acceptance is not yet known.
type login struct {
	waits    bool
	key      uint64
	dir      event.Dir
	n        uint8
	password [64]byte
}

// answer is a segmented answer that is being joined.
type answer struct {
	active  bool
	dir     event.Dir
	invoke  uint8
	service uint8
	next    uint8
	buf     []byte
}

type parser struct {
	open      pending.Table[request]
	params    parameters
	answer    answer
	login     login
	said      identity.Once
	anomalies int
}

// Reset implements proto.Parser.
func (p *parser) Reset() {
	*p = parser{open: p.open, answer: answer{buf: p.answer.buf[:0]}}
	p.open.Init(maxPending, answerWithin)
}

// Gap implements proto.Parser; datagrams have none.
func (p *parser) Gap(*proto.Conn, event.Dir, int) bool { return true }

// End implements proto.Parser.
func (p *parser) End(c *proto.Conn) {
	for r := p.open.Oldest(); r != nil; r = p.open.Oldest() {
		p.emit(c, r)
	}
	p.endLogin(c, "unknown")
}

// Data implements proto.Parser.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	for r := p.open.Expired(c.Time); r != nil; r = p.open.Expired(c.Time) {
		p.emit(c, r)
	}
	var m BVLC
	n, err := Decode(&m, b)
	switch {
	case err == nil && n == len(b):
	case m.whole(b):
		// Receivers differ in whether they believe the length or the datagram;
		// nothing of it must stay unseen.
		p.anomaly(c, dir, "bvlc_length", "the length field differs from the datagram's")
	default:
		p.anomaly(c, dir, "invalid_bvlc", "type, function or length")
		return len(b), nil
	}
	c.Message(dir)
	p.layers(c, dir, &m)
	return len(b), nil
}

// layers takes a message of the virtual link layer apart.
func (p *parser) layers(c *proto.Conn, dir event.Dir, m *BVLC) {
	if !m.HasNPDU() {
		p.control(c, dir, m)
		return
	}
	var n NPDU
	if DecodeNPDU(&n, m.Data) != nil {
		p.anomaly(c, dir, "invalid_npdu", lookup(bvlcFunctions[:], m.Function).name)
		return
	}
	if n.Network {
		p.network(c, dir, m, &n)
		return
	}
	var a APDU
	if DecodeAPDU(&a, n.Data) != nil {
		p.anomaly(c, dir, "invalid_apdu", lookup(bvlcFunctions[:], m.Function).name)
		return
	}
	p.application(c, dir, m, &n, &a)
}

// controlKey names the requests of the virtual link layer, which carry no id.
const controlKey = 1 << 40

// control takes the functions of the virtual link layer itself.
func (p *parser) control(c *proto.Conn, dir event.Dir, m *BVLC) {
	switch m.Function {
	case BVLCResult, BVLCReadBDTAck, BVLCReadFDTAck:
		p.controlAnswer(c, dir, m)
		return
	}
	r := p.open.Add(controlKey|uint64(dir), c.Time)
	*r = request{dir: dir, bvlc: m.Function, pdu: "bvlc", op: lookup(bvlcFunctions[:], m.Function)}
}

func (p *parser) controlAnswer(c *proto.Conn, dir event.Dir, m *BVLC) {
	r := p.open.Take(controlKey | uint64(dir.Other()))
	if r == nil {
		return
	}
	fact := p.emit(c, r)
	fact.Answered = true
	if m.Function == BVLCResult && len(m.Data) >= 2 {
		if code := binary.BigEndian.Uint16(m.Data); code != 0 {
			var b [24]byte
			fact.Error = c.String(strconv.AppendUint(append(b[:0], "result 0x"...), uint64(code), 16))
		}
	}
}

// network takes the messages of the network layer.
func (p *parser) network(c *proto.Conn, dir event.Dir, m *BVLC, n *NPDU) {
	op := operation{"vendor-network-message", event.OpOther}
	if n.Message < vendorMessages {
		op = lookup(networkMessages[:], n.Message)
	}
	if n.Message == netInitRoutingTab && len(n.Data) > 0 && n.Data[0] == 0 {
		op.class = event.OpDiscover // without ports it only asks for the table
	}
	r := request{dir: dir, bvlc: m.Function, pdu: "network", op: op, vendor: n.Vendor}
	switch {
	case n.Message == netWhoIsRouter && len(n.Data) >= 2, n.Message == netNumberIs && len(n.Data) >= 2:
		r.network = binary.BigEndian.Uint16(n.Data)
	case n.Destination:
		r.network = n.DNet
	}
	p.emit(c, &r)
}

// key names a confirmed request by the way it went, its invoke id and the
// network where its receiver is.
func key(dir event.Dir, invoke uint8, network uint16) uint64 {
	return uint64(network)<<16 | uint64(dir)<<8 | uint64(invoke)
}

func (p *parser) application(c *proto.Conn, dir event.Dir, m *BVLC, n *NPDU, a *APDU) {
	switch a.Type {
	case ConfirmedRequest:
		p.confirmed(c, dir, m, n, a)
	case UnconfirmedRequest:
		p.unconfirmed(c, dir, m, n, a)
	case SegmentAck:
	default:
		p.reply(c, dir, m, n, a)
	}
}

func (p *parser) confirmed(c *proto.Conn, dir event.Dir, m *BVLC, n *NPDU, a *APDU) {
	if a.Segmented && a.Sequence != 0 {
		return // the first segment tells what is to be told
	}
	op := lookup(confirmed[:], a.Service)
	if !readConfirmed(&p.params, a.Service, a.Data) && !a.Segmented {
		p.anomaly(c, dir, "invalid_parameters", op.name)
	}
	if p.params.class != "" {
		op.class = p.params.class
	}
	var network uint16
	if n.Destination {
		network = n.DNet
	}
	k := key(dir, a.InvokeID, network)
	r := p.open.Add(k, c.Time)
	*r = request{dir: dir, bvlc: m.Function, pdu: "confirmed-request", invoke: a.InvokeID, service: a.Service, op: op, network: network}
	r.fill(&p.params)
	if len(p.params.password.Value) > 1 {
		p.endLogin(c, "unknown")
		p.login = login{waits: true, key: k, dir: dir}
		p.login.n = uint8(len(p.params.password.text(p.login.password[:0])))
	}
}

func (r *request) fill(v *parameters) {
	r.object, r.hasObject = v.object, v.hasObject
	r.property, r.hasProp = v.property, v.hasProp
	r.priority, r.count, r.state = v.priority, v.count, v.state
	r.instance, r.vendor = v.instance, v.vendor
}

func (p *parser) unconfirmed(c *proto.Conn, dir event.Dir, m *BVLC, n *NPDU, a *APDU) {
	op := lookup(unconfirmed[:], a.Service)
	if !readUnconfirmed(&p.params, a.Service, a.Data) {
		p.anomaly(c, dir, "invalid_parameters", op.name)
	}
	r := request{dir: dir, bvlc: m.Function, pdu: "unconfirmed-request", service: a.Service, op: op}
	r.fill(&p.params)
	switch {
	case n.Source:
		r.network = n.SNet
	case n.Destination && n.DNet != globalBroadcast:
		r.network = n.DNet
	}
	p.emit(c, &r)
	if (a.Service == SvcIAm || a.Service == SvcWhoAmI) && p.params.hasVendor && p.speaksForItself(c, dir, m, n) {
		var buf [identity.MaxText]byte
		id := event.Identity{Source: "bacnet.i_am", Vendor: VendorName(p.params.vendor)}
		if a.Service == SvcWhoAmI {
			id.Source = "bacnet.who_am_i"
			id.Model = identity.Text(c, p.params.model.text(buf[:]))
			id.Serial = identity.Text(c, p.params.serial.text(buf[:]))
		}
		p.said.Tell(c, dir, &id)
	}
}

// speaksForItself reports whether a message comes from the host that sent it,
// and was not passed on by it from another network or for another device.
func (p *parser) speaksForItself(c *proto.Conn, dir event.Dir, m *BVLC, n *NPDU) bool {
	if n.Source {
		return false
	}
	if m.Function != BVLCForwardedNPDU {
		return true
	}
	sender := c.Client
	if dir == event.ToClient {
		sender = c.Server
	}
	return sender.Unmap().Is4() && bytes.Equal(m.Origin[:4], sender.Unmap().AsSlice())
}

// emit makes the fact of a request, as yet without an answer.
func (p *parser) emit(c *proto.Conn, r *request) *event.BACnet {
	m := proto.Emit[event.BACnet](c, r.dir)
	m.BVLC, m.PDU = lookup(bvlcFunctions[:], r.bvlc).name, r.pdu
	m.Service, m.Class = r.op.name, r.op.class
	m.InvokeID, m.Priority, m.State, m.Network = r.invoke, r.priority, r.state, r.network
	m.Instance, m.VendorID = r.instance, r.vendor
	if r.count > 1 {
		m.Count = r.count
	}
	var buf [64]byte
	if r.hasObject {
		m.Object = c.String(appendObject(buf[:0], r.object))
	}
	if r.hasProp {
		if m.Property = propertyName(r.property); m.Property == "" {
			m.Property = c.String(strconv.AppendUint(append(buf[:0], "property-"...), uint64(r.property), 10))
		}
	}
	return m
}

func (p *parser) anomaly(c *proto.Conn, dir event.Dir, name, detail string) {
	if p.anomalies < maxAnomalies {
		p.anomalies++
		c.Anomaly(event.ProtoBACnet, dir, name, detail)
	}
}
