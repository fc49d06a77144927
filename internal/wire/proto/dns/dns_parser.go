package dns

import (
	"encoding/binary"
	"math"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// maxPending bounds the questions of one flow that are remembered, and
// maxWait how long for: resolvers give up earlier.
const (
	maxPending = 64
	maxWait    = int64(10 * time.Second)
)

// maxBuffered is the size up to which a message on a stream is waited for;
// of a longer one only the beginning is read.
const maxBuffered = proto.MaxPending / 2

// dnsParser pairs questions and answers by id, name and type (RFC 5452
// section 4), in both directions of a flow.
type dnsParser struct {
	pending []query
	room    [1]query // of pending, until more are asked at once
	spare   []byte   // for a long name
	lost    [2]bool  // the stream's message boundaries are unknown
	good    bool     // a sound message was seen
	bad     uint8
}

// query is a question that was asked.
type query struct {
	id, typ, class uint16
	flags          Flags
	questions      uint16
	size           uint16
	dir            event.Dir
	asked          uint8  // how often
	answered       uint8  // how often
	hash           uint64 // of the name
	answer         uint64 // checksum of the first answer
	time           int64
	short          [shortName]byte // the name in wire form,
	shortLen       uint8
	long           []byte // or here when it is long
}

const (
	shortName   = 64
	maxWireName = 256 // RFC 1035 section 2.3.4, rounded up
)

// keep copies the name. A long one goes to memory that may be given, which is
// given back otherwise.
func (q *query) keep(n Name, spare []byte) []byte {
	var buf [maxWireName]byte
	b := n.AppendWire(buf[:0])
	if len(b) <= len(q.short) {
		q.shortLen = uint8(copy(q.short[:], b))
		return spare
	}
	q.long = append(spare[:0], b...)
	return nil
}

// name gives the name; it is valid as long as the question is pending.
func (q *query) name() Name {
	if q.long != nil {
		return Name{msg: q.long}
	}
	return Name{msg: q.short[:q.shortLen]}
}

// Data takes messages, on a stream each behind its length (RFC 1035 section
// 4.2.2).
func (p *dnsParser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	if c.Transport != 6 {
		return len(b), p.message(c, dir, b, c.Wire > len(b))
	}
	done := 0
	for len(b)-done >= 2 {
		size := int(binary.BigEndian.Uint16(b[done:]))
		rest := b[done+2:]
		if p.lost[dir] {
			if size < HeaderLen || probeBeginning(rest[:min(size, len(rest))]) != proto.Yes {
				return len(b), nil
			}
			p.lost[dir] = false
		}
		if size < HeaderLen {
			return done, errNotDNS
		}
		cut := false
		if len(rest) < size {
			if len(rest) < maxBuffered {
				break
			}
			cut = true
		}
		if err := p.message(c, dir, rest[:min(size, len(rest))], cut); err != nil {
			return done, err
		}
		done += 2 + size
		if cut {
			break
		}
	}
	return done, nil
}

// Gap marks the stream as lost; a length with a sound message behind it finds
// the way again.
func (p *dnsParser) Gap(_ *proto.Conn, dir event.Dir, _ int) bool {
	p.lost[dir] = true
	return true
}

// End makes facts of the questions that have no answer.
func (p *dnsParser) End(c *proto.Conn) {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	for i := range p.pending {
		p.give(c, s, &p.pending[i])
		if long := p.pending[i].long; long != nil {
			p.spare = long
		}
	}
	p.pending = p.pending[:0]
}

// Reset forgets the flow. Room for many questions is given back.
func (p *dnsParser) Reset() {
	pending := p.pending[:0]
	if cap(pending) > 4 {
		pending = nil
	}
	*p = dnsParser{pending: pending, spare: p.spare}
}

// message handles one message; cut says that only its beginning is there.
func (p *dnsParser) message(c *proto.Conn, dir event.Dir, b []byte, cut bool) error {
	c.Message(dir)
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	m := &s.msg
	n, err := Decode(m, b)
	if err != nil && !cut && m.Flags&TC == 0 {
		s.malformed(c, event.ProtoDNS, dir, n, err)
	}
	if err != nil && len(m.Questions) == 0 {
		if p.bad++; !p.good && p.bad > 8 {
			return errNotDNS
		}
		return nil
	}
	p.good = true
	p.expire(c, s)
	size := len(b)
	if c.Transport != 6 {
		size = max(size, c.Wire)
	}
	if m.Flags.Response() {
		p.answer(c, s, dir, uint16(min(size, math.MaxUint16)))
	} else {
		p.ask(c, s, dir, uint16(min(size, math.MaxUint16)))
	}
	return nil
}

// expire makes facts of old questions. Packet time may jump back, which ends
// the wait as well.
func (p *dnsParser) expire(c *proto.Conn, s *scratch) {
	for len(p.pending) > 0 {
		q := &p.pending[0]
		if age := c.Time - q.time; age >= 0 && age <= maxWait && len(p.pending) < maxPending {
			return
		}
		p.give(c, s, q)
		p.remove(0)
	}
}

// remove takes out a question.
func (p *dnsParser) remove(i int) {
	if long := p.pending[i].long; long != nil {
		p.spare = long
	}
	copy(p.pending[i:], p.pending[i+1:])
	p.pending[len(p.pending)-1].long = nil
	p.pending = p.pending[:len(p.pending)-1]
}

func (p *dnsParser) ask(c *proto.Conn, s *scratch, dir event.Dir, size uint16) {
	m := &s.msg
	var question Question
	if len(m.Questions) > 0 {
		question = m.Questions[0]
	}
	hash := question.Name.Hash()
	if q := p.find(m, hash, question.Type); q != nil && q.dir == dir && q.answered == 0 {
		if q.asked < math.MaxUint8 {
			q.asked++
		}
		return
	}
	if p.pending == nil {
		p.pending = p.room[:0]
	}
	p.pending = append(p.pending, query{
		id: m.ID, typ: question.Type, class: question.Class, flags: m.Flags, questions: m.Counts[0],
		size: size, dir: dir, asked: 1, hash: hash, time: c.Time,
	})
	p.spare = p.pending[len(p.pending)-1].keep(question.Name, p.spare)
}

// find gives the newest question with the message's id that has the name and
// type; an answer that repeats no question fits any.
func (p *dnsParser) find(m *Msg, hash uint64, typ uint16) *query {
	for i := len(p.pending) - 1; i >= 0; i-- {
		q := &p.pending[i]
		if q.id == m.ID && (len(m.Questions) == 0 || q.hash == hash && q.typ == typ) {
			return q
		}
	}
	return nil
}

func (p *dnsParser) answer(c *proto.Conn, s *scratch, dir event.Dir, size uint16) {
	m := &s.msg
	var question Question
	if len(m.Questions) > 0 {
		question = m.Questions[0]
	}
	sum := checksum(m)
	q := p.find(m, question.Name.Hash(), question.Type)
	if q == nil || q.dir == dir {
		f := proto.Emit[event.DNS](c, dir)
		f.Unasked = true
		fillAnswer(c, s, f, question, size)
		return
	}
	if q.answered < math.MaxUint8 {
		q.answered++
	}
	conflict := false
	if q.answered > 1 {
		conflict = q.answered > q.asked && sum != q.answer && q.typ != TypeAXFR && q.typ != TypeIXFR
		if !conflict {
			return
		}
	} else {
		q.answer = sum
	}
	if len(m.Questions) == 0 {
		question = Question{Name: q.name(), Type: q.typ, Class: q.class}
	}
	f := proto.Emit[event.DNS](c, q.dir)
	f.ReqLen, f.Conflict = q.size, conflict
	if d := c.Time - q.time; d > 0 {
		f.RTT = uint32(min(d/int64(time.Microsecond), math.MaxUint32))
	}
	fillAnswer(c, s, f, question, size)
}

// checksum is over what an answer claims about addresses, in any order.
func checksum(m *Msg) uint64 {
	sum := uint64(m.Flags.RCode())
	for i := range m.Answers {
		r := &m.Answers[i]
		if r.Type != TypeA && r.Type != TypeAAAA {
			continue
		}
		h := uint64(14695981039346656037)
		for _, c := range r.Data {
			h = (h ^ uint64(c)) * 1099511628211
		}
		sum += h
	}
	return sum
}

func fillAnswer(c *proto.Conn, s *scratch, f *event.DNS, q Question, size uint16) {
	m := &s.msg
	f.Type, f.Answered, f.RespLen = "response", true, size
	fillQuestion(c, s, f, m.ID, m.Flags, q)
	f.RCodeNum = m.Flags.RCode()
	f.RCode = RCodeString(f.RCodeNum)
	f.AA, f.TC, f.RA = m.Flags&AA != 0, m.Flags&TC != 0, m.Flags&RA != 0
	f.QuestionsN, f.Authority = m.Counts[0], m.Counts[2]
	f.Answers = s.answers(c, f.Answers, m.Answers, f.RRName)
}

func fillQuestion(c *proto.Conn, s *scratch, f *event.DNS, id uint16, flags Flags, q Question) {
	f.ID, f.Opcode, f.RD, f.TCP = id, flags.Opcode(), flags&RD != 0, c.Transport == 6
	if q.Type == 0 && q.Class == 0 && q.Name.msg == nil {
		return
	}
	f.RRName, f.RRType = s.name(c, q.Name), s.typ(c, q.Type)
	f.QType, f.QClass = q.Type, q.Class
}

// give makes a fact of a question without an answer.
func (p *dnsParser) give(c *proto.Conn, s *scratch, q *query) {
	if q.answered > 0 {
		return
	}
	f := proto.Emit[event.DNS](c, q.dir)
	f.Type, f.ReqLen, f.QuestionsN = "request", q.size, q.questions
	fillQuestion(c, s, f, q.id, q.flags, Question{Name: q.name(), Type: q.typ, Class: q.class})
}
