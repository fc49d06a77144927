package dnp3

import (
	"bytes"
	"errors"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/pending"
)

// Protocol is DNP3 over TCP and UDP, on any port: the checksum of the first
// header tells it from everything else.
var Protocol = proto.Protocol{
	ID:    event.ProtoDNP3,
	TCP:   true,
	UDP:   true,
	Ports: []uint16{Port},
	Probe: probe,
	New:   func() proto.Parser { p := new(parser); p.Reset(); return p },
}

// Bounds of one flow. A master asks one outstation one thing at a time, and
// several outstations share a connection only behind a terminal server.
const (
	maxPending   = 32
	answerWithin = 30 * time.Second
	maxAnomalies = 16
	maxObjects   = 16
	maxBroken    = 64 // broken headers in a row after which the flow is given up
	associations = 4  // pairs of addresses whose segments are joined at once
	broadcastMin = 0xfffd
)

var errBroken = errors.New("dnp3: too many broken headers")

// request is what is remembered of a request until its answer comes.
type request struct {
	src, dst uint16
	function uint8
	seq      uint8
	dir      event.Dir
	class    event.OpClass
	control  string
	point    uint32
	objects  objectList
	file     text
}

// objectList holds group and variation of the first object headers.
type objectList struct {
	n    uint8
	list [maxObjects]uint16
}

func (l *objectList) add(o *Object) {
	if int(l.n) < len(l.list) {
		l.list[l.n] = uint16(o.Group)<<8 | uint16(o.Variation)
		l.n++
	}
}

// text is a short text that is kept beyond the packet it came with.
type text struct {
	n   uint8
	buf [96]byte
}

func (t *text) set(b []byte)  { t.n = uint8(copy(t.buf[:], b)) }
func (t *text) bytes() []byte { return t.buf[:t.n] }

// login is a file authentication whose outcome is not yet known.
type login struct {
	waits          bool
	key            uint64
	dir            event.Dir
	user, password text
}

type association struct {
	src, dst uint16
	segments Reassembler
}

type parser struct {
	frame     Frame
	open      pending.Table[request]
	joined    [associations]association
	nextAssoc uint8
	login     login
	said      identity.Once
	started   [2]bool
	lost      [2]bool // the next bytes of that direction may be anything
	broken    int
	anomalies int
}

// Reset implements proto.Parser.
func (p *parser) Reset() {
	p.open.Init(maxPending, answerWithin)
	for i := range p.joined {
		p.joined[i].src, p.joined[i].dst = 0, 0
		p.joined[i].segments.Reset()
	}
	p.login = login{}
	p.said = identity.Once{}
	p.started, p.lost, p.broken, p.anomalies = [2]bool{}, [2]bool{}, 0, 0
}

// Gap implements proto.Parser: the start octets and the header's checksum
// show where frames begin.
func (p *parser) Gap(_ *proto.Conn, dir event.Dir, _ int) bool {
	p.lost[dir] = true
	for i := range p.joined {
		p.joined[i].segments.Reset()
	}
	return true
}

// End implements proto.Parser.
func (p *parser) End(c *proto.Conn) {
	for r := p.open.Oldest(); r != nil; r = p.open.Oldest() {
		p.emit(c, r)
	}
	p.endLogin(c, "unknown")
}

// Data implements proto.Parser.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	if !p.started[dir] {
		p.started[dir] = true
		p.lost[dir] = p.lost[dir] || c.Midstream
	}
	done := 0
	for done < len(b) {
		n, err := Decode(&p.frame, b[done:])
		switch err {
		case nil:
			p.lost[dir], p.broken = false, 0
			p.link(c, dir, &p.frame)
		case ErrDataCRC:
			c.Message(dir)
			p.lost[dir], p.broken = false, 0
			p.anomaly(c, dir, "data_crc", "checksum of a data block")
		case ErrShort:
			if c.Transport == transportUDP {
				p.anomaly(c, dir, "truncated_frame", "frame goes beyond the datagram")
			}
			return done, nil
		default:
			if !p.lost[dir] {
				p.anomaly(c, dir, "invalid_header", err.Error())
			}
			p.lost[dir] = true
			if p.broken++; p.broken > maxBroken {
				return done, errBroken
			}
			n = nextStart(b[done+1:]) + 1
		}
		done += n
	}
	return done, nil
}

const transportUDP = 17

// nextStart gives the place of the next start octets, or of a first one at
// the very end, or the length of b.
func nextStart(b []byte) int {
	if i := bytes.Index(b, []byte{start1, start2}); i >= 0 {
		return i
	}
	if len(b) > 0 && b[len(b)-1] == start1 {
		return len(b) - 1
	}
	return len(b)
}

// link takes one link frame.
func (p *parser) link(c *proto.Conn, dir event.Dir, f *Frame) {
	c.Message(dir)
	for r := p.open.Expired(c.Time); r != nil; r = p.open.Expired(c.Time) {
		p.emit(c, r)
	}
	if !f.HasUserData() {
		p.linkControl(c, dir, f)
		return
	}
	fragment, err := p.segments(f).Add(f.Data)
	if err != nil && !p.lost[dir] {
		p.anomaly(c, dir, "transport_sequence", err.Error())
	}
	if fragment != nil {
		p.fragment(c, dir, f, fragment)
	}
}

// linkControl reports the link functions that change something. Status
// requests are keep-alives and make no facts.
func (p *parser) linkControl(c *proto.Conn, dir event.Dir, f *Frame) {
	if !f.Primary() {
		return
	}
	var op operation
	switch f.Function() {
	case LinkResetStates:
		op = operation{"link_reset", event.OpOther}
	case LinkResetUserProcess:
		op = operation{"link_reset_user_process", event.OpRestart}
	default:
		return
	}
	m := proto.Emit[event.DNP3](c, dir)
	m.Src, m.Dst, m.Function, m.Class = f.Src, f.Dst, op.name, op.class
}

// segments gives the reassembler of a frame's addresses; when all are taken
// the one taken longest ago is given.
func (p *parser) segments(f *Frame) *Reassembler {
	for i := range p.joined {
		if a := &p.joined[i]; a.src == f.Src && a.dst == f.Dst {
			return &a.segments
		}
	}
	a := &p.joined[p.nextAssoc%associations]
	p.nextAssoc++
	a.src, a.dst = f.Src, f.Dst
	a.segments.Reset()
	return &a.segments
}

func (p *parser) fragment(c *proto.Conn, dir event.Dir, f *Frame, b []byte) {
	var m Fragment
	if DecodeFragment(&m, b) != nil {
		p.anomaly(c, dir, "truncated_fragment", "application header")
		return
	}
	switch {
	case m.Function == FuncConfirm:
	case m.Function == FuncUnsolicitedResponse:
		p.unsolicited(c, dir, f, &m)
	case m.IsResponse():
		p.response(c, dir, f, &m)
	default:
		p.request(c, dir, f, &m)
	}
}

func key(src, dst uint16, seq uint8) uint64 {
	return uint64(src)<<24 | uint64(dst)<<8 | uint64(seq)
}

func (p *parser) emit(c *proto.Conn, r *request) *event.DNP3 {
	m := proto.Emit[event.DNP3](c, r.dir)
	m.Src, m.Dst, m.Seq = r.src, r.dst, r.seq
	m.Function, m.FunctionNum, m.Class = FunctionName(r.function), r.function, r.class
	m.Control, m.Point = r.control, r.point
	m.File = identity.Text(c, r.file.bytes())
	p.list(c, m, &r.objects)
	return m
}

func (p *parser) list(c *proto.Conn, m *event.DNP3, l *objectList) {
	for _, o := range l.list[:l.n] {
		var buf [8]byte
		m.Objects = append(m.Objects, c.String(appendObject(buf[:0], uint8(o>>8), uint8(o))))
	}
}

func (p *parser) indications(c *proto.Conn, m *event.DNP3, iin uint16) {
	var buf [256]byte
	m.IIN = c.String(appendIIN(buf[:0], iin))
}

func (p *parser) anomaly(c *proto.Conn, dir event.Dir, name, detail string) {
	if p.anomalies < maxAnomalies {
		p.anomalies++
		c.Anomaly(event.ProtoDNP3, dir, name, detail)
	}
}
