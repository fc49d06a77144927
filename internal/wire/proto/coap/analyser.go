package coap

import (
	"errors"
	"hash/maphash"
	"sync"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/pending"
)

// Protocol describes CoAP over UDP and TCP. It insists on its port: what is no
// CoAP there is told apart from what is CoAP and wrong.
var Protocol = proto.Protocol{
	ID:     event.ProtoCoAP,
	TCP:    true,
	UDP:    true,
	Ports:  []uint16{5683},
	Insist: true,
	Probe:  probe,
	New:    func() proto.Parser { return newParser() },
}

// Limits of what is kept of one conversation.
const (
	maxWaiting   = 16
	patience     = 145 * time.Second // NON_LIFETIME, RFC 7252 section 4.8.2
	maxRecent    = 8
	lifetime     = int64(247 * time.Second) // EXCHANGE_LIFETIME
	maxResent    = 4                        // MAX_RETRANSMIT
	maxObserved  = 8
	maxAnomalies = 16
	maxFaulty    = 64
	maxForeign   = 16
	maxBuffered  = 32 << 10
	maxKeptBytes = 1024
	headSize     = 256
)

var (
	errNotCoAP = errors.New("coap: the conversation does not begin as CoAP does")
	errLost    = errors.New("coap: the message boundary is lost")
	errGarbage = errors.New("coap: too many faulty messages")
)

// parser is the state of one flow of datagrams or one connection.
type parser struct {
	waiting   pending.Table[request]
	observed  []observation
	recent    [maxRecent]recent
	next      uint8
	endpoint  []byte // LwM2M endpoint name that was registered on this flow
	bootstrap bool   // an LwM2M client asked for its bootstrap
	told      identity.Once
	begun     [2]bool
	faulty    int
	anomalies int
}

func newParser() *parser {
	p := new(parser)
	p.waiting.Init(maxWaiting, patience)
	return p
}

// scratch is what reading one message needs; it is shared by all flows.
type scratch struct {
	message Message
	kept    Message // decoded again from what was kept of a request
	text    []byte
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// Data reads one datagram, or the messages of a stream.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	for r := p.waiting.Expired(c.Time); r != nil; r = p.waiting.Expired(c.Time) {
		p.settle(c, s, r, nil, 0)
	}
	if c.Transport == 6 {
		return p.stream(c, dir, s, b)
	}
	d := Decoder{Lenient: true}
	_, err := d.Decode(&s.message, b)
	faults := s.message.Faults
	if len(faults) > 0 && !p.begun[0] && !p.begun[1] && (faults[0] == ErrHeader || faults[0] == ErrVersion) {
		// Not even the first byte is CoAP's: no message, until one comes.
		if p.faulty++; p.faulty > maxForeign {
			return 0, errNotCoAP
		}
		return len(b), nil
	}
	p.begun[dir] = true
	c.Message(dir)
	if err == nil {
		err = p.take(c, dir, s, b)
	}
	return len(b), err
}

// take handles a message that was read leniently.
func (p *parser) take(c *proto.Conn, dir event.Dir, s *scratch, b []byte) error {
	m := &s.message
	if len(m.Faults) == 0 {
		if m.Stream {
			p.framed(c, dir, s, len(b))
		} else if !p.resent(c, dir, m, b) {
			p.datagram(c, dir, s, len(b))
		}
		return nil
	}
	p.anomaly(c, dir, m.Faults[0].Name)
	p.alone(c, dir, s, m, len(b))
	if p.faulty++; p.faulty > maxFaulty {
		return errGarbage
	}
	return nil
}

func (p *parser) anomaly(c *proto.Conn, dir event.Dir, name string) {
	if p.anomalies++; p.anomalies > maxAnomalies {
		c.Errors++
		return
	}
	c.Anomaly(event.ProtoCoAP, dir, name, "")
}

// stream reads the messages of a connection. The first of each side must be a
// CSM (RFC 8323 section 5.3).
func (p *parser) stream(c *proto.Conn, dir event.Dir, s *scratch, b []byte) (int, error) {
	d := Decoder{Stream: true, Lenient: true}
	done := 0
	for done < len(b) {
		rest := b[done:]
		n, err := d.Decode(&s.message, rest)
		switch {
		case err == ErrShort && len(rest) >= maxBuffered && d.DecodePrefix(&s.message, rest):
			f, _ := DecodeFrame(rest, false)
			n = f.Total()
			s.message.Faults = s.message.Faults[:0] // what the cut does is no fault
		case err == ErrShort:
			return done, nil
		case err != nil:
			if p.begun[0] || p.begun[1] {
				p.anomaly(c, dir, err.(*Fault).Name)
				return done, errLost
			}
			return done, errNotCoAP
		}
		if !p.begun[dir] && s.message.Code != CSM {
			if !p.begun[dir.Other()] {
				return done, errNotCoAP
			}
			p.anomaly(c, dir, ErrNoCSM.Name)
		}
		p.begun[dir] = true
		c.Message(dir)
		if err := p.take(c, dir, s, rest[:min(n, len(rest))]); err != nil {
			return done, err
		}
		done += n
	}
	return done, nil
}

// Gap ends the reading of a stream, in which a message cannot be found again.
func (p *parser) Gap(c *proto.Conn, _ event.Dir, _ int) bool { return c.Transport != 6 }

// End makes facts of what was never answered.
func (p *parser) End(c *proto.Conn) {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	for r := p.waiting.Oldest(); r != nil; r = p.waiting.Oldest() {
		p.settle(c, s, r, nil, 0)
	}
}

// Reset makes the parser as new.
func (p *parser) Reset() {
	w, o, e := p.waiting, p.observed[:0], p.endpoint[:0]
	*p = parser{waiting: w, observed: o, endpoint: e}
	p.waiting.Init(maxWaiting, patience)
}

// recent is a message that was seen not long ago.
type recent struct {
	sum   uint64
	time  int64
	id    uint16
	count uint8
}

var seed = maphash.MakeSeed()

// resent reports whether a confirmable or non-confirmable message is the same
// as one seen before, byte for byte, within the time in which its identifier
// may not be used again (RFC 7252 section 4.4). After as many repetitions as
// the standard allows, the next counts as new: it is a flood.
func (p *parser) resent(c *proto.Conn, dir event.Dir, m *Message, b []byte) bool {
	sum := maphash.Bytes(seed, b) ^ uint64(dir)
	for i := range p.recent {
		r := &p.recent[i]
		if r.sum != sum || r.id != m.ID || r.time == 0 {
			continue
		}
		if age := c.Time - r.time; age < 0 || age > lifetime || r.count >= maxResent {
			r.time, r.count = c.Time, 0
			return false
		}
		r.count++
		if w := p.waiting.Find(requestKey(dir, m.ID)); w != nil {
			w.resent++
		}
		return true
	}
	p.recent[p.next%maxRecent] = recent{sum: sum, time: c.Time, id: m.ID}
	p.next++
	return false
}
