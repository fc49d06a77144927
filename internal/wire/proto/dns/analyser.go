package dns

import (
	"errors"
	"slices"
	"strconv"
	"sync"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// The protocols of this package.
var (
	// DNS makes one fact of a question with its answer.
	DNS = proto.Protocol{
		ID: event.ProtoDNS, TCP: true, UDP: true, Ports: []uint16{portDNS}, Insist: true,
		Probe: probeDNS, New: func() proto.Parser { return new(dnsParser) },
	}
	// MDNS makes one fact of every message; its Src is the sender.
	MDNS = proto.Protocol{
		ID: event.ProtoMDNS, UDP: true, Ports: []uint16{portMDNS}, Insist: true,
		Probe: probeMDNS, New: func() proto.Parser { return &localParser{proto: event.ProtoMDNS} },
	}
	// LLMNR makes one fact of every message, since questions are sent to a
	// group and answers come in flows of their own; its Src is the sender.
	LLMNR = proto.Protocol{
		ID: event.ProtoLLMNR, UDP: true, Ports: []uint16{portLLMNR}, Insist: true,
		Probe: probeLLMNR, New: func() proto.Parser { return &localParser{proto: event.ProtoLLMNR} },
	}
	// NBNS makes one fact of every message; its Src is the sender.
	NBNS = proto.Protocol{
		ID: event.ProtoNBNS, UDP: true, Ports: []uint16{portNBNS}, Insist: true,
		Probe: probeNBNS, New: func() proto.Parser { return &localParser{proto: event.ProtoNBNS} },
	}
)

// maxAnswers is how many records a fact lists, maxData how many bytes of each.
const (
	maxAnswers = 32
	maxData    = 1024
)

// maxAnomalies is how many malformed messages of a flow become facts.
const maxAnomalies = 16

var errNotDNS = errors.New("not DNS: nothing on this flow is a sound message")

// scratch is what taking one message apart needs. It is pooled and not part
// of the parsers, because there is a parser for every open flow.
type scratch struct {
	msg  Msg
	text []byte
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// name gives a name as a string of the batch.
func (s *scratch) name(c *proto.Conn, n Name) string {
	s.text = n.AppendText(s.text[:0])
	return c.String(s.text)
}

// typ gives the mnemonic of a record type.
func (s *scratch) typ(c *proto.Conn, t uint16) string {
	if name := typeName(t); name != "" {
		return name
	}
	s.text = strconv.AppendUint(append(s.text[:0], "TYPE"...), uint64(t), 10)
	return c.String(s.text)
}

// answers appends records as a fact lists them. question is the name that was
// asked, in the batch already.
func (s *scratch) answers(c *proto.Conn, dst []event.DNSAnswer, records []Record, question string) []event.DNSAnswer {
	dst = slices.Grow(dst, max(min(len(records), maxAnswers-len(dst)), 0))
	for i := range records {
		r := &records[i]
		if len(dst) == maxAnswers {
			break
		}
		if r.Type == TypeOPT {
			continue
		}
		a := event.DNSAnswer{Type: s.typ(c, r.Type), TTL: r.TTL}
		if question != "" && r.Name.isQuestion() {
			a.Name = question
		} else {
			a.Name = s.name(c, r.Name)
		}
		a.Addr, _ = r.Addr()
		s.text, _ = r.AppendData(s.text[:0])
		a.Data = c.Head(s.text, maxData)
		dst = append(dst, a)
	}
	return dst
}

// isQuestion reports whether the name is a pointer to the first question.
func (n Name) isQuestion() bool {
	return len(n.msg)-n.off >= 2 && n.msg[n.off] == 0xc0 && n.msg[n.off+1] == HeaderLen
}

// malformed makes an anomaly of a message that Decode stopped in at offset n.
func (s *scratch) malformed(c *proto.Conn, p event.Proto, dir event.Dir, n int, err error) {
	if c.Errors >= maxAnomalies {
		c.Errors++
		return
	}
	name := "malformed_message"
	switch err {
	case ErrShort:
		name = "truncated_message"
	case ErrPointer:
		name = "compression_loop"
	case ErrLabel, ErrLong:
		name = "invalid_name"
	}
	s.text = append(s.text[:0], err.Error()...)
	s.text = strconv.AppendInt(append(s.text, ", in what begins at byte "...), int64(n), 10)
	c.Anomaly(p, dir, name, c.String(s.text))
}
