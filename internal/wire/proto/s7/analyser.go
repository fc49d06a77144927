package s7

import (
	"errors"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/pending"
	"edgeward/internal/wire/proto/tpkt"
)

// Protocol is S7comm and Plus is S7comm-plus. Both begin with the same
// transport connection, so one parser reads them and hands over to the other
// when the first message shows that the guess was wrong.
var (
	Protocol = proto.Protocol{
		ID: event.ProtoS7, TCP: true, Ports: []uint16{Port}, Probe: probeS7,
		New: func() proto.Parser { p := &parser{id: event.ProtoS7}; p.Reset(); return p },
	}
	Plus = proto.Protocol{
		ID: event.ProtoS7Plus, TCP: true, Ports: []uint16{Port}, Probe: probePlus,
		New: func() proto.Parser { p := &parser{id: event.ProtoS7Plus}; p.Reset(); return p },
	}
)

// Bounds of one flow. Controllers agree on at most a few dozen parallel jobs.
const (
	maxPending   = 32
	answerWithin = 30 * time.Second
	maxAnomalies = 16
	maxItems     = 20 // variables of one job that are listed
	maxMessage   = 8 << 10
	maxBroken    = 64 // broken headers in a row after which the flow is given up
)

var errBroken = errors.New("s7: too many broken packets")

// request is what is remembered of a request until its answer comes.
type request struct {
	op      operation
	rosctr  uint8
	code    uint8
	group   uint8
	version uint8     // of S7comm-plus
	from    event.Dir // who asks, which is not always who sends
	block   text
	detail  text // in place of the subfunction's name
	items   [maxItems]Item
	nItems  uint8
	more    uint8 // items that are not listed
	list    uint16
	index   uint16
	isList  bool
	object  uint32
}

// text is a short text that is kept beyond the packet it came with.
type text struct {
	n   uint8
	buf [48]byte
}

func (t *text) set(b []byte)  { t.n = uint8(copy(t.buf[:], b)) }
func (t *text) bytes() []byte { return t.buf[:t.n] }

// connection is the transport connection below.
type connection struct {
	waits      bool
	rack, slot uint8
	kind       string
	from       event.Dir
}

// login is a password whose acceptance is not yet known.
type login struct {
	waits    bool
	key      uint64
	from     event.Dir
	password [8]byte
}

type parser struct {
	id        event.Proto
	open      pending.Table[request]
	joined    [2]tpkt.Joiner
	inPlus    [2]bool // a message of several S7comm-plus fragments is under way
	list      szlReader
	conn      connection
	login     login
	said      identity.Once
	tls       proto.Stream
	settled   bool
	started   [2]bool
	lost      [2]bool // the next bytes of that direction may be anything
	broken    int
	anomalies int
}

// Reset implements proto.Parser.
func (p *parser) Reset() {
	open, joined, buf := p.open, p.joined, p.list.buf
	*p = parser{id: p.id, open: open, joined: joined}
	p.list.buf = buf
	p.open.Init(maxPending, answerWithin)
	for i := range p.joined {
		p.joined[i].Limit = maxMessage
		p.joined[i].Reset()
	}
}

// Gap implements proto.Parser: packets start with segments, so the next
// segment is as good a start as any.
func (p *parser) Gap(_ *proto.Conn, dir event.Dir, _ int) bool {
	p.lost[dir] = true
	p.joined[dir].Reset()
	p.inPlus[dir] = false
	p.list.active = false
	return p.tls == nil
}

// End implements proto.Parser.
func (p *parser) End(c *proto.Conn) {
	for r := p.open.Oldest(); r != nil; r = p.open.Oldest() {
		p.emit(c, r)
	}
	p.endLogin(c, "unknown")
	if p.conn.waits {
		p.connected(c)
	}
	if p.tls != nil {
		p.tls.End(c)
		p.tls = nil
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
		payload, n, err := tpkt.Decode(b[done:])
		if err == tpkt.ErrShort {
			return done, nil
		}
		var t tpkt.TPDU
		if err == nil {
			err = tpkt.DecodeTPDU(&t, payload)
		}
		if err != nil {
			if !p.lost[dir] {
				p.anomaly(c, dir, "invalid_packet", err.Error())
			}
			p.lost[dir] = true
			if p.broken++; p.broken > maxBroken {
				return done, errBroken
			}
			return len(b), nil
		}
		p.lost[dir], p.broken = false, 0
		if !p.settle(c, &t) {
			return done, nil
		}
		p.transport(c, dir, &t)
		done += n
	}
	return done, nil
}

// settle looks at the first data of the connection. It reports false when
// they belong to another protocol, to which the flow is handed then.
func (p *parser) settle(c *proto.Conn, t *tpkt.TPDU) bool {
	if p.settled || t.Type != tpkt.DT || len(t.Data) == 0 {
		return true
	}
	p.settled = true
	is := event.ProtoUnknown
	switch t.Data[0] {
	case protocolID:
		is = event.ProtoS7
	case plusID:
		is = event.ProtoS7Plus
	}
	if is == p.id {
		return true
	}
	c.Become(is, "")
	return false
}

func (p *parser) transport(c *proto.Conn, dir event.Dir, t *tpkt.TPDU) {
	switch t.Type {
	case tpkt.CR:
		p.conn = connection{waits: true, from: dir}
		p.conn.kind, p.conn.rack, p.conn.slot = selector(t.Called)
	case tpkt.CC:
		if p.conn.waits {
			p.connected(c).Answered = true
		}
	case tpkt.DR:
		if p.conn.waits {
			m := p.connected(c)
			m.Answered, m.Error = true, 0x8000|uint16(t.Reason)
		}
	case tpkt.DT:
		p.data(c, dir, t)
	}
}

// selector reads the called transport selector: kind of connection, rack and
// slot in two octets.
func selector(called []byte) (kind string, rack, slot uint8) {
	if len(called) != 2 {
		return "", 0, 0
	}
	switch called[0] {
	case 1:
		kind = "pg"
	case 2:
		kind = "op"
	case 3:
		kind = "basic"
	}
	return kind, called[1] >> 5, called[1] & 0x1f
}

// connected reports the transport connection.
func (p *parser) connected(c *proto.Conn) *event.S7 {
	p.conn.waits = false
	m := proto.Emit[event.S7](c, p.conn.from)
	m.Plus = p.id == event.ProtoS7Plus
	m.Function, m.Sub = "connect", p.conn.kind
	m.Rack, m.Slot = p.conn.rack, p.conn.slot
	return m
}

func (p *parser) data(c *proto.Conn, dir event.Dir, t *tpkt.TPDU) {
	b, err := p.joined[dir].Add(t)
	if err != nil {
		p.anomaly(c, dir, "message_too_long", err.Error())
	}
	if len(b) == 0 {
		return
	}
	for r := p.open.Expired(c.Time); r != nil; r = p.open.Expired(c.Time) {
		p.emit(c, r)
	}
	switch {
	case p.tls != nil:
		p.tls.Data(c, dir, b)
	case b[0] == protocolID:
		p.message(c, dir, b)
	case b[0] == plusID:
		p.plus(c, dir, b)
	case p.id == event.ProtoS7Plus && isTLS(b):
		if c.Env.Nest != nil {
			p.tls = c.Env.Nest()
			p.tls.Data(c, dir, b)
		}
	default:
		p.anomaly(c, dir, "unknown_protocol_id", "first byte of the message")
	}
}

// isTLS tells a TLS handshake record, by which newer controllers protect
// S7comm-plus inside the transport connection.
func isTLS(b []byte) bool { return len(b) >= 3 && b[0] == 0x16 && b[1] == 3 && b[2] <= 4 }

// emit makes the fact of a request, as yet without an answer.
func (p *parser) emit(c *proto.Conn, r *request) *event.S7 {
	m := proto.Emit[event.S7](c, r.from)
	m.Plus, m.Version = r.version != 0, r.version
	m.ROSCTR = rosctrName(r.rosctr)
	m.Function, m.Sub, m.Class, m.Code = r.op.name, r.op.sub, r.op.class, r.code
	m.Rack, m.Slot = p.conn.rack, p.conn.slot
	if r.detail.n > 0 {
		m.Sub = identity.Text(c, r.detail.bytes())
	}
	m.Block = identity.Text(c, r.block.bytes())
	p.listItems(c, m, r)
	return m
}

func rosctrName(v uint8) string {
	switch v {
	case Job:
		return "job"
	case Ack:
		return "ack"
	case AckData:
		return "ack_data"
	case Userdata:
		return "userdata"
	}
	return ""
}

func (p *parser) anomaly(c *proto.Conn, dir event.Dir, name, detail string) {
	if p.anomalies < maxAnomalies {
		p.anomalies++
		c.Anomaly(p.id, dir, name, detail)
	}
}
