package snmp

import (
	"bytes"
	"math"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/ber"
	"edgeward/internal/wire/proto/identity"
)

// Limits of the attempts that are remembered per flow.
const (
	maxAttempts = 16
	maxName     = 64
	patience    = int64(10 * time.Second)
)

// attempt is a community or user that a manager presents. Agents do not
// answer to a wrong community, so silence is all that a failure leaves.
type attempt struct {
	from  event.Dir
	v3    bool
	known bool // the outcome is known and told
	size  uint8
	name  [maxName]byte
	id    int32 // of the newest message
	count uint32
	time  int64
}

// login follows one message. Traps present a community as well, but nobody
// checks it.
func (p *parser) login(c *proto.Conn, dir event.Dir, m *Msg) {
	p.expire(c)
	switch {
	case m.Version == 3 && m.Flags&FlagPriv != 0:
		// The type of the PDU is hidden; who repeats a name the other side
		// presented has accepted it.
		if a := p.find(m, dir.Other()); a != nil {
			p.tell(c, a, "success")
		} else if len(m.User) > 0 {
			p.attempt(c, dir, m)
		}
	case m.PDU.IsRequest() && (m.Version < 3 || len(m.User) > 0):
		p.attempt(c, dir, m)
	case m.PDU == Response:
		if a := p.find(m, dir.Other()); a != nil {
			p.tell(c, a, "success")
		}
	case m.PDU == Report && refused(m):
		for i := range p.attempts {
			if a := &p.attempts[i]; a.v3 && a.id == m.ID && a.from != dir {
				p.tell(c, a, "failure")
				return
			}
		}
	}
}

// credential gives the name that a message presents.
func credential(m *Msg) []byte {
	if m.Version == 3 {
		return m.User[:min(len(m.User), maxName)]
	}
	return m.Community[:min(len(m.Community), maxName)]
}

func (p *parser) find(m *Msg, from event.Dir) *attempt {
	name := credential(m)
	for i := range p.attempts {
		a := &p.attempts[i]
		if a.from == from && a.v3 == (m.Version == 3) && bytes.Equal(a.name[:a.size], name) {
			return a
		}
	}
	return nil
}

func (p *parser) attempt(c *proto.Conn, dir event.Dir, m *Msg) {
	if a := p.find(m, dir); a != nil {
		a.id = m.ID
		if !a.known && a.count < math.MaxUint32 {
			a.count++
		}
		return
	}
	if len(p.attempts) == maxAttempts {
		p.tell(c, &p.attempts[0], "unknown")
		p.attempts = append(p.attempts[:0], p.attempts[1:]...)
	}
	a := attempt{from: dir, v3: m.Version == 3, id: m.ID, count: 1, time: c.Time}
	a.size = uint8(copy(a.name[:], credential(m)))
	p.attempts = append(p.attempts, a)
}

// expire tells of attempts that nobody answered to; the same name tried later
// is another attempt.
func (p *parser) expire(c *proto.Conn) {
	kept := p.attempts[:0]
	for i := range p.attempts {
		a := &p.attempts[i]
		if age := c.Time - a.time; !a.known && (age > patience || age < -patience) {
			p.tell(c, a, "unknown")
			continue
		}
		kept = append(kept, *a)
	}
	p.attempts = kept
}

// tell makes the fact of an attempt, once.
func (p *parser) tell(c *proto.Conn, a *attempt, outcome string) {
	if a.known {
		return
	}
	a.known = true
	f := proto.Emit[event.Login](c, a.from)
	f.Service, f.Outcome, f.Clear = event.ProtoSNMP, outcome, !a.v3
	if a.count > 1 {
		f.Count = a.count
	}
	if a.v3 {
		f.Mechanism, f.User = "usm", identity.Text(c, a.name[:a.size])
		return
	}
	f.Mechanism, f.Secret = "community", c.Secret(event.ProtoSNMP, "", a.name[:a.size])
}

// End tells of the attempts whose outcome is not known.
func (p *parser) End(c *proto.Conn) {
	for i := range p.attempts {
		p.tell(c, &p.attempts[i], "unknown")
	}
	p.attempts = p.attempts[:0]
}

// usmStats is the group of counters that a report names (RFC 3414 section 5).
var usmStats = []byte{0x2b, 6, 1, 6, 3, 15, 1, 1}

// refused reports whether a report says that the user or its key is wrong;
// the others belong to the way in which two engines get to know each other.
func refused(m *Msg) (found bool) {
	const levels, users, digests, decryption = 1, 3, 5, 6
	_ = m.EachBinding(func(oid []byte, _ ber.Element) bool {
		if rest, ok := bytes.CutPrefix(oid, usmStats); ok && len(rest) > 0 {
			switch rest[0] {
			case levels, users, digests, decryption:
				found = true
			}
		}
		return !found
	})
	return found
}
