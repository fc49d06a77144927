package enip

import (
	"errors"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/pending"
)

// Protocol is EtherNet/IP: explicit messages over TCP and UDP and implicit
// ones over UDP, on any port by strict content.
var Protocol = proto.Protocol{
	ID:    event.ProtoENIP,
	TCP:   true,
	UDP:   true,
	Ports: []uint16{Port, PortIO},
	Probe: probe,
	New:   func() proto.Parser { p := new(parser); p.Reset(); return p },
}

// Bounds of one flow. A multiple service packet asks dozens of things at once.
const (
	maxPending   = 128
	maxInner     = 100
	maxNested    = 3
	answerWithin = 30 * time.Second
	maxAnomalies = 16
	maxBroken    = 64 // broken headers in a row after which the flow is given up
	connections  = 16 // implicit connections that are remembered
	transportUDP = 17
)

var errBroken = errors.New("enip: too many broken headers")

// origin is what the encapsulation and the packets around a request tell.
type origin struct {
	key      uint64
	session  uint32
	conn     uint32
	command  uint16
	index    uint16 // among the requests of a multiple service packet
	dir      event.Dir
	multiple bool // one of the requests of a multiple service packet
	routed   bool // to another device, whose identity is not the host's
	chassis  bool // to another module of the same chassis, or over a connection
}

// request is what is remembered of a request until its answer comes.
type request struct {
	origin
	cip       bool
	service   uint8
	pccc      bool
	class     uint16
	attribute uint16
	instance  uint32
	op        operation
	tag       text
}

// text is a short text that is kept beyond the packet it came with.
type text struct {
	n   uint8
	buf [64]byte
}

func (t *text) set(b []byte)  { t.n = uint8(copy(t.buf[:], b)) }
func (t *text) bytes() []byte { return t.buf[:t.n] }

type parser struct {
	open      pending.Table[request]
	path      Path
	said      identity.Once
	seen      [connections]uint32
	nextSeen  uint8
	started   [2]bool
	lost      [2]bool // the next bytes of that direction may be anything
	broken    int
	anomalies int
}

// Reset implements proto.Parser.
func (p *parser) Reset() {
	*p = parser{open: p.open, path: Path{Tag: p.path.Tag[:0]}}
	p.open.Init(maxPending, answerWithin)
}

// Gap implements proto.Parser: messages start with segments, and the header
// tells the start of a message from the middle of a long one.
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
	if c.Transport == transportUDP {
		p.datagram(c, dir, b)
		return len(b), nil
	}
	if !p.started[dir] {
		p.started[dir] = true
		p.lost[dir] = p.lost[dir] || c.Midstream
	}
	done := 0
	for done < len(b) {
		var m Message
		n, err := Decode(&m, b[done:])
		if err == ErrShort {
			return done, nil
		}
		if err != nil {
			if !p.lost[dir] {
				p.anomaly(c, dir, "invalid_header", "encapsulation command, status or options")
			}
			p.lost[dir] = true
			if p.broken++; p.broken > maxBroken {
				return done, errBroken
			}
			return len(b), nil
		}
		p.lost[dir], p.broken = false, 0
		p.message(c, dir, &m)
		done += n
	}
	return done, nil
}

func (p *parser) datagram(c *proto.Conn, dir event.Dir, b []byte) {
	var io IO
	if DecodeIO(&io, b) == nil {
		p.implicit(c, dir, &io)
		return
	}
	var m Message
	if n, err := Decode(&m, b); err != nil || n != len(b) {
		p.anomaly(c, dir, "invalid_datagram", "neither an encapsulation message nor an implicit one")
		return
	}
	p.message(c, dir, &m)
}

// implicit takes cyclic data, of which a connection makes one fact.
func (p *parser) implicit(c *proto.Conn, dir event.Dir, io *IO) {
	c.Message(dir)
	for _, s := range p.seen {
		if s == io.Connection {
			return
		}
	}
	p.seen[p.nextSeen%connections] = io.Connection
	p.nextSeen++
	m := proto.Emit[event.ENIP](c, dir)
	m.Command, m.IO, m.Connection = "io", true, io.Connection
}

func (p *parser) message(c *proto.Conn, dir event.Dir, m *Message) {
	c.Message(dir)
	for r := p.open.Expired(c.Time); r != nil; r = p.open.Expired(c.Time) {
		p.emit(c, r)
	}
	switch m.Command {
	case CmdNOP:
	case CmdSendRRData, CmdSendUnitData:
		p.sendData(c, dir, m)
	case CmdUnregisterSession, CmdCancel, CmdIndicateStatus:
		r := request{origin: origin{command: m.Command, session: m.Session, dir: dir}}
		p.emit(c, &r)
	default:
		p.control(c, dir, m)
	}
}

// control takes the commands without CIP in them.
func (p *parser) control(c *proto.Conn, dir event.Dir, m *Message) {
	k := messageKey(m)
	if !isReply(m) {
		*p.open.Add(k, c.Time) = request{origin: origin{key: k, command: m.Command, session: m.Session, dir: dir}}
		return
	}
	r := p.open.TakeFunc(func(r *request) bool { return r.key == k && r.dir != dir })
	var orphan request
	if r == nil {
		r = &orphan
		*r = request{origin: origin{command: m.Command, dir: dir.Other()}}
	}
	r.session = m.Session
	fact := p.emit(c, r)
	fact.Answered, fact.Status = true, m.Status
	if m.Command == CmdListIdentity && m.Status == 0 {
		p.listIdentity(c, dir, m.Data)
	}
}

// isReply tells replies by what they carry: over UDP and behind a gap the
// direction of a flow says nothing about who asks.
func isReply(m *Message) bool {
	switch m.Command {
	case CmdRegisterSession:
		return m.Session != 0 || m.Status != 0
	}
	return len(m.Data) > 0 || m.Status != 0
}

// messageKey names the messages of an exchange that carry the sender's
// context.
func messageKey(m *Message) uint64 {
	const prime = 0x9e3779b97f4a7c15
	return (m.Context*prime ^ uint64(m.Command)) &^ (1 << 63)
}

func (p *parser) listIdentity(c *proto.Conn, dir event.Dir, b []byte) {
	w := WalkItems(b)
	var it Item
	for w.Next(&it) {
		var d DeviceIdentity
		if it.Type != ItemIdentity || DecodeIdentityItem(&d, it.Data) != nil {
			continue
		}
		id := d.fact(c, "enip.list_identity")
		p.said.Tell(c, dir, &id)
	}
	if w.Err() != nil {
		p.anomaly(c, dir, "invalid_items", "list_identity")
	}
}

// emit makes the fact of a request, as yet without an answer.
func (p *parser) emit(c *proto.Conn, r *request) *event.ENIP {
	m := proto.Emit[event.ENIP](c, r.dir)
	m.Command, m.CommandNum, m.Session, m.Connection = CommandName(r.command), r.command, r.session, r.conn
	if !r.cip {
		m.Class = commandClass(r.command)
		return m
	}
	m.Service, m.ServiceNum, m.Class = r.op.name, r.service, r.op.class
	m.ClassID, m.Instance, m.Attribute = r.class, r.instance, r.attribute
	m.Tag = identity.Text(c, r.tag.bytes())
	return m
}

func (p *parser) anomaly(c *proto.Conn, dir event.Dir, name, detail string) {
	if p.anomalies < maxAnomalies {
		p.anomalies++
		c.Anomaly(event.ProtoENIP, dir, name, detail)
	}
}
