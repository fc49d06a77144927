package natpmp

import (
	"net/netip"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/pending"
)

// Protocol makes one portmap fact of every request for a mapping with its
// answer; its Src is who asked.
var Protocol = proto.Protocol{
	ID: event.ProtoNATPMP, UDP: true, Ports: []uint16{Port}, Insist: true,
	Probe: probe, New: func() proto.Parser { return newParser() },
}

func probe(s *proto.Sample) proto.Match {
	var m Msg
	b := s.Newest()
	n, err := Decode(&m, b)
	if err != nil || !s.Port || m.Version == NATPMP && n != len(b) || len(b)%4 != 0 && n != 2 {
		return proto.No
	}
	return proto.Yes
}

// Limits of the requests that wait for an answer.
const (
	maxWaiting = 16
	patience   = 30 * time.Second
)

// request is what a host asked for.
type request struct {
	from event.Dir
	msg  Msg
}

type parser struct{ waiting pending.Table[request] }

func newParser() *parser {
	p := new(parser)
	p.waiting.Init(maxWaiting, patience)
	return p
}

// Data takes one message.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	c.Message(dir)
	var m Msg
	if _, err := Decode(&m, b); err != nil {
		if c.Wire <= len(b) {
			exchange.Anomaly(c, event.ProtoNATPMP, dir, "malformed_message", err.Error())
		}
		return len(b), nil
	}
	if !m.IsMapping() {
		return len(b), nil
	}
	for r := p.waiting.Expired(c.Time); r != nil; r = p.waiting.Expired(c.Time) {
		give(c, r, nil)
	}
	key := uint64(m.Version)<<32 | uint64(m.Transport)<<16 | uint64(m.InternalPort)
	if !m.Response {
		if p.waiting.Find(key) == nil { // else asked again
			*p.waiting.Add(key, c.Time) = request{dir, m}
		}
		return len(b), nil
	}
	if r := p.waiting.Find(key); r != nil && r.from != dir {
		give(c, p.waiting.Take(key), &m)
	} else if r == nil {
		give(c, &request{from: dir.Other(), msg: Msg{Version: m.Version, Transport: m.Transport, InternalPort: m.InternalPort}}, &m)
	}
	return len(b), nil
}

// Gap does not happen to datagrams.
func (p *parser) Gap(*proto.Conn, event.Dir, int) bool { return true }

// End makes facts of requests without an answer.
func (p *parser) End(c *proto.Conn) {
	for r := p.waiting.Oldest(); r != nil; r = p.waiting.Oldest() {
		give(c, r, nil)
	}
}

// Reset forgets the flow.
func (p *parser) Reset() { p.waiting.Init(maxWaiting, patience) }

// give makes the fact of a request; answer is nil when none came.
func give(c *proto.Conn, r *request, answer *Msg) {
	f := proto.Emit[event.Portmap](c, r.from)
	f.Protocol, f.InternalIP = "nat-pmp", c.Client
	if r.from == event.ToClient {
		f.InternalIP = c.Server
	}
	if r.msg.Version == PCP {
		f.Protocol = "pcp"
		if a := r.msg.Client; a.IsValid() && !a.IsUnspecified() {
			f.InternalIP = a
		}
	}
	f.Transport = transportName(r.msg.Transport)
	f.InternalPort, f.ExternalPort, f.Lifetime = r.msg.InternalPort, r.msg.ExternalPort, r.msg.Lifetime
	f.ExternalIP = given(r.msg.External)
	if answer == nil {
		return
	}
	f.Result = resultName(answer)
	if answer.Result == 0 { // what the gateway gave, not what was asked for
		f.ExternalPort, f.Lifetime = answer.ExternalPort, answer.Lifetime
		if a := given(answer.External); a.IsValid() {
			f.ExternalIP = a
		}
	}
}

func given(a netip.Addr) netip.Addr {
	if a.IsUnspecified() {
		return netip.Addr{}
	}
	return a
}

func transportName(n uint8) string {
	switch n {
	case 6:
		return "tcp"
	case 17:
		return "udp"
	}
	return "any"
}

var resultsNATPMP = [...]string{
	"success", "unsupported-version", "not-authorized", "network-failure", "out-of-resources", "unsupported-opcode",
}

var resultsPCP = [...]string{
	"success", "unsupported-version", "not-authorized", "malformed-request", "unsupported-opcode", "unsupported-option",
	"malformed-option", "network-failure", "no-resources", "unsupported-protocol", "user-exceeded-quota",
	"cannot-provide-external", "address-mismatch", "excessive-remote-peers",
}

func resultName(m *Msg) string {
	names := resultsNATPMP[:]
	if m.Version == PCP {
		names = resultsPCP[:]
	}
	if int(m.Result) < len(names) {
		return names[m.Result]
	}
	return "unknown-error"
}
