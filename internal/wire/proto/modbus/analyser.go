package modbus

import (
	"encoding/binary"
	"errors"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/pending"
)

// Protocol is Modbus/TCP, also in datagrams, on its port and wherever both
// directions speak it strictly.
var Protocol = proto.Protocol{
	ID:     event.ProtoModbus,
	TCP:    true,
	UDP:    true,
	Ports:  []uint16{Port},
	Insist: true,
	Probe:  probe,
	New:    func() proto.Parser { p := new(parser); p.Reset(); return p },
}

// Bounds of one flow. Clients keep at most a few dozen requests open, and a
// serial line behind a gateway answers within seconds.
const (
	maxPending   = 64
	answerWithin = 30 * time.Second
	maxAnomalies = 16
	maxBroken    = 64 // broken headers in a row after which the flow is given up
)

var errBroken = errors.New("modbus: too many broken headers")

// request is what is remembered of a request until its answer comes.
type request struct {
	transaction uint16
	unit        uint8
	function    uint8
	sub         uint16
	address     uint16
	quantity    uint16
	readQty     uint16
	value       uint16
	dir         event.Dir
}

type parser struct {
	open      pending.Table[request]
	said      identity.Once
	started   [2]bool
	lost      [2]bool // the next bytes of that direction may be anything
	broken    int
	anomalies int
	oriented  bool
	asks      event.Dir // direction in which requests go
}

// Reset implements proto.Parser.
func (p *parser) Reset() {
	open := p.open
	*p = parser{open: open}
	p.open.Init(maxPending, answerWithin)
}

// Gap implements proto.Parser: messages start with segments, so the next
// segment is as good a start as any.
func (p *parser) Gap(_ *proto.Conn, dir event.Dir, _ int) bool {
	p.lost[dir] = true
	return true
}

// End implements proto.Parser.
func (p *parser) End(c *proto.Conn) {
	for r := p.open.Oldest(); r != nil; r = p.open.Oldest() {
		p.emit(c, r)
	}
}

// Data implements proto.Parser.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	if !p.started[dir] {
		p.started[dir] = true
		p.lost[dir] = p.lost[dir] || c.Midstream
	}
	done := 0
	for done < len(b) {
		var a ADU
		n, err := Decode(&a, b[done:])
		if err == ErrShort {
			return done, nil
		}
		if err == nil && p.lost[dir] && done+n < len(b) && !p.plausible(dir, &a) {
			err = ErrHeader
		}
		if err != nil {
			if !p.lost[dir] {
				p.anomaly(c, dir, "invalid_header", "MBAP protocol identifier, length or function")
			}
			p.lost[dir] = true
			if p.broken++; p.broken > maxBroken {
				return done, errBroken
			}
			return len(b), nil
		}
		p.lost[dir], p.broken = false, 0
		p.message(c, dir, &a)
		done += n
	}
	return done, nil
}

// plausible says whether a message found behind a gap may be taken for one.
// One that ends with the segment needs no such proof.
func (p *parser) plausible(dir event.Dir, a *ADU) bool {
	var r Request
	if a.IsException() || p.oriented && dir != p.asks {
		return CheckResponse(a.Function, a.Data) == nil
	}
	return DecodeRequest(&r, a.Function, a.Data) == nil || CheckResponse(a.Function, a.Data) == nil
}

func (p *parser) message(c *proto.Conn, dir event.Dir, a *ADU) {
	c.Message(dir)
	p.orient(c, dir, a)
	for r := p.open.Expired(c.Time); r != nil; r = p.open.Expired(c.Time) {
		p.emit(c, r)
	}
	if dir == p.asks {
		p.request(c, dir, a)
	} else {
		p.response(c, dir, a)
	}
}

// orient finds out who asks. That is the client, unless the flow was picked
// up in its middle and what looked like the client answers, or comes from the
// registered port.
func (p *parser) orient(c *proto.Conn, dir event.Dir, a *ADU) {
	if p.oriented {
		return
	}
	var r Request
	asks := !a.IsException() && DecodeRequest(&r, a.Function, a.Data) == nil
	answers := CheckResponse(a.Function, a.Data) == nil
	if c.ClientPort == Port && c.ServerPort != Port {
		p.oriented, p.asks = true, event.ToClient
		return
	}
	if !c.Midstream {
		p.oriented = true
		return
	}
	if asks != answers {
		p.oriented = true
		if answers {
			dir = dir.Other()
		}
		p.asks = dir
	}
}

func (p *parser) request(c *proto.Conn, dir event.Dir, a *ADU) {
	if a.IsException() {
		p.anomaly(c, dir, "exception_request", "request with the exception bit set")
		return
	}
	var r Request
	switch DecodeRequest(&r, a.Function, a.Data) {
	case ErrLength:
		p.anomaly(c, dir, "invalid_request_length", FunctionName(a.Function))
	case ErrValue:
		p.anomaly(c, dir, "invalid_request_value", FunctionName(a.Function))
	}
	*p.open.Add(uint64(a.Transaction), c.Time) = request{
		transaction: a.Transaction, unit: a.Unit, function: a.Function, sub: r.Sub,
		address: r.Address, quantity: r.Quantity, readQty: max(r.ReadQuantity, r.Quantity),
		value: r.Value, dir: dir,
	}
}

func (p *parser) response(c *proto.Conn, dir event.Dir, a *ADU) {
	fn := a.Function &^ exceptionOn
	if CheckResponse(a.Function, a.Data) != nil {
		p.anomaly(c, dir, "invalid_response_length", FunctionName(fn))
	}
	r := p.open.Take(uint64(a.Transaction))
	if r != nil && r.function != fn {
		p.anomaly(c, dir, "function_mismatch", FunctionName(fn))
		p.emit(c, r)
		r = nil
	}
	if r == nil {
		orphan := p.orphan(a, dir.Other())
		p.answer(c, dir, &orphan, a)
		return
	}
	if !a.IsException() {
		quantity := r.quantity
		if fn == FuncReadWriteRegisters {
			quantity = r.readQty
		}
		if want := expectedBytes(fn, quantity); want >= 0 && len(a.Data) != want+1 {
			p.anomaly(c, dir, "response_size_mismatch", FunctionName(fn))
		}
	}
	p.answer(c, dir, r, a)
}

// orphan makes up the request of an answer whose request was not seen, from
// what the answer repeats of it.
func (p *parser) orphan(a *ADU, dir event.Dir) request {
	r := request{transaction: a.Transaction, unit: a.Unit, function: a.Function &^ exceptionOn, dir: dir}
	if a.IsException() {
		return r
	}
	switch r.function {
	case FuncWriteSingleCoil, FuncWriteSingleRegister:
		r.address, r.value, r.quantity = word(a.Data, 0), word(a.Data, 2), 1
	case FuncWriteMultipleCoils, FuncWriteMultipleRegisters:
		r.address, r.quantity = word(a.Data, 0), word(a.Data, 2)
	case FuncMaskWriteRegister:
		r.address, r.quantity = word(a.Data, 0), 1
	case FuncDiagnostics:
		r.sub = word(a.Data, 0)
	case FuncEncapsulated:
		if len(a.Data) > 0 {
			r.sub = uint16(a.Data[0])
		}
	}
	return r
}

// word reads two bytes at i, 0 where there are none.
func word(b []byte, i int) uint16 {
	if len(b) < i+2 {
		return 0
	}
	return binary.BigEndian.Uint16(b[i:])
}

func (p *parser) answer(c *proto.Conn, dir event.Dir, r *request, a *ADU) {
	m := p.emit(c, r)
	m.Answered = true
	switch {
	case a.IsException():
		if len(a.Data) > 0 {
			m.Exception = a.Data[0]
		}
	case a.Function == FuncUMAS && len(a.Data) >= 2 && a.Data[1] == umasResponseError:
		m.Exception = serverDeviceFailure
	case a.Function == FuncUMAS && r.sub == umasReadID && len(a.Data) >= 2 && a.Data[1] == umasResponseOK:
		if name := umasModel(a.Data[2:]); name != nil {
			p.said.Tell(c, dir, &event.Identity{
				Source: "modbus.umas", Vendor: "Schneider Electric", Type: "plc", Model: identity.Text(c, name),
			})
		}
	case a.Function == FuncEncapsulated:
		p.identity(c, dir, a.Data)
	case a.Function == FuncReportServerID:
		p.serverID(c, dir, a.Data)
	}
}

// serverDeviceFailure stands for UMAS errors, which have no exception code.
const serverDeviceFailure = 4

func (p *parser) identity(c *proto.Conn, dir event.Dir, b []byte) {
	var d DeviceIdentity
	if len(b) == 0 || b[0] != MEIDeviceIdentity || DecodeDeviceIdentity(&d, b) != nil {
		return
	}
	o := &d.Objects
	id := event.Identity{
		Source:   "modbus.device_identification",
		Vendor:   identity.Text(c, o[ObjectVendorName]),
		Firmware: identity.Text(c, o[ObjectRevision]),
		Name:     identity.Text(c, o[ObjectUserApplication]),
		Banner:   identity.Text(c, o[ObjectProductCode]),
	}
	for _, name := range []int{ObjectModelName, ObjectProductName, ObjectProductCode} {
		if id.Model = identity.Text(c, o[name]); id.Model != "" {
			break
		}
	}
	p.said.Tell(c, dir, &id)
}

// serverID takes the text that most devices put into their answer to
// function 17, whose form the standard leaves to them.
func (p *parser) serverID(c *proto.Conn, dir event.Dir, b []byte) {
	const least = 4
	if len(b) < 2 {
		return
	}
	if text := longestText(b[1:]); len(text) >= least {
		p.said.Tell(c, dir, &event.Identity{Source: "modbus.server_id", Banner: identity.Text(c, text)})
	}
}

// longestText gives the longest run of printable ASCII in b.
func longestText(b []byte) []byte {
	var best []byte
	start := 0
	for i := 0; i <= len(b); i++ {
		if i < len(b) && b[i] >= 0x20 && b[i] < 0x7f {
			continue
		}
		if i-start > len(best) {
			best = b[start:i]
		}
		start = i + 1
	}
	return best
}

// emit makes the fact of a request, as yet without an answer.
func (p *parser) emit(c *proto.Conn, r *request) *event.Modbus {
	op, umas := describe(r.function, r.sub)
	m := proto.Emit[event.Modbus](c, r.dir)
	m.ID, m.Unit, m.Function = r.transaction, r.unit, r.function
	m.Name, m.Class, m.UMAS = op.name, op.class, umas
	m.Sub, m.Address, m.Quantity, m.Value = r.sub, r.address, r.quantity, r.value
	return m
}

func (p *parser) anomaly(c *proto.Conn, dir event.Dir, name, detail string) {
	if p.anomalies < maxAnomalies {
		p.anomalies++
		c.Anomaly(event.ProtoModbus, dir, name, detail)
	}
}
