package opcua

import (
	"bytes"
	"time"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/identity"
	"edgeward/internal/wire/proto/pending"
)

// Protocol describes OPC UA over TCP to the packet path.
var Protocol = proto.Protocol{
	ID:    event.ProtoOPCUA,
	TCP:   true,
	Ports: []uint16{4840},
	Probe: probe,
	New: func() proto.Parser {
		a := new(analyser)
		a.Reset()
		return a
	},
}

const (
	maxHead    = 48 << 10 // of a chunk that is looked at
	maxWaiting = 32       // calls; publish requests are sent ahead
	patience   = 10 * time.Minute
)

// probe asks for a chunk's header, which is eight octets of which four are
// letters and the size must fit them.
func probe(s *proto.Sample) proto.Match {
	best := proto.No
	for _, b := range s.Data {
		if len(b) == 0 {
			continue
		}
		m := probeOne(b)
		if m == proto.No {
			return proto.No
		}
		best = max(best, m)
	}
	return best
}

func probeOne(b []byte) proto.Match {
	var k Chunk
	_, err := DecodeHeader(&k, b)
	switch {
	case err == nil:
		return proto.Yes
	case err == ErrShort:
		for _, t := range [...]Type{Hello, Acknowledge, Error, ReverseHel, Open, Close, Message} {
			if bytes.HasPrefix(b, t[:min(3, len(b))]) {
				return proto.More
			}
		}
	}
	return proto.No
}

// stream is one direction of the connection.
type stream struct {
	lost  bool   // looking for the next chunk after a gap
	parts bool   // within a message of several chunks
	part  uint32 // request id of that message
}

type analyser struct {
	streams   [2]stream
	url       exchange.Text // endpoint of the connection
	policy    string        // of the channel, constant
	mode      string
	encrypted bool // a body that cannot be read was reported
	waiting   pending.Table[call]
	told      identity.Once
}

func (a *analyser) Reset() {
	*a = analyser{waiting: a.waiting}
	a.waiting.Init(maxWaiting, patience)
}

// Gap makes the direction look for the next chunk.
func (a *analyser) Gap(_ *proto.Conn, dir event.Dir, _ int) bool {
	a.streams[dir] = stream{lost: true}
	return true
}

func (a *analyser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	s := &a.streams[dir]
	done := 0
	for done < len(b) {
		rest := b[done:]
		if s.lost {
			n, found := resync(rest)
			done += n
			if !found {
				return done, nil
			}
			s.lost = false
			continue
		}
		var k Chunk
		n, err := DecodeHeader(&k, rest)
		if err == ErrShort || err == nil && len(rest) < min(n, maxHead) {
			return done, nil
		}
		if err != nil {
			exchange.Anomaly(c, event.ProtoOPCUA, dir, "opcua_malformed_header", err.Error())
			s.lost = true
			done++
			continue
		}
		k.Body = rest[HeaderLen:min(n, len(rest))]
		c.Message(dir)
		a.chunk(c, dir, &k)
		done += n
	}
	return done, nil
}

// resync finds the next chunk's header and gives the number of bytes before
// it, or how many can be thrown away when there is none.
func resync(b []byte) (int, bool) {
	for i := range b {
		switch probeOne(b[i:]) {
		case proto.Yes:
			return i, true
		case proto.More:
			return i, false
		}
	}
	return len(b), false
}

// chunk handles one chunk, of a large one its head.
func (a *analyser) chunk(c *proto.Conn, dir event.Dir, k *Chunk) {
	var err error
	switch k.Type {
	case Hello:
		err = a.hello(c, dir, k.Body)
	case Acknowledge:
		a.answerHello(c, dir, "Good")
	case Error:
		a.fail(c, dir, k.Body)
	case ReverseHel:
		err = a.reverse(c, dir, k.Body)
	case Open:
		err = a.open(c, dir, k.Body)
	case Close:
		f := proto.Emit[event.OPCUA](c, dir)
		f.Message, f.Service = "CLO", "CloseSecureChannel"
		a.security(f)
	default:
		err = a.message(c, dir, k)
	}
	if err != nil {
		exchange.Anomaly(c, event.ProtoOPCUA, dir, "opcua_malformed_message", err.Error())
	}
}

// helloKey is the key of the Hello; those of calls have 32 bits.
const helloKey = 1 << 40

// add makes room for a call; those that waited too long become facts.
func (a *analyser) add(c *proto.Conn, key uint64) *call {
	for q := a.waiting.Expired(c.Time); q != nil; q = a.waiting.Expired(c.Time) {
		a.emit(c, q)
		a.login(c, q, "unknown")
	}
	return a.waiting.Add(key, c.Time)
}

func callKey(from event.Dir, request uint32) uint64 { return uint64(from)<<32 | uint64(request) }

func (a *analyser) hello(c *proto.Conn, dir event.Dir, body []byte) error {
	var h Connection
	if err := DecodeConnection(&h, Hello, body); err != nil {
		return err
	}
	a.url.Reset()
	a.url.Printable(h.Endpoint)
	q := a.add(c, helloKey)
	q.reset(dir, Hello, nil)
	q.url = a.url
	return nil
}

// answerHello makes the fact of the Hello; nothing when it was not seen.
func (a *analyser) answerHello(c *proto.Conn, dir event.Dir, status string) bool {
	if q := a.waiting.Find(helloKey); q == nil || q.from == dir {
		return false
	}
	f := a.emit(c, a.waiting.Take(helloKey))
	f.Answered, f.Status = true, status
	return true
}

// fail handles an Error message, which ends the connection.
func (a *analyser) fail(c *proto.Conn, dir event.Dir, body []byte) {
	r := Reader{b: body}
	status := statusText(c, r.Uint32())
	if a.answerHello(c, dir, status) {
		return
	}
	f := proto.Emit[event.OPCUA](c, dir)
	f.Message, f.Status = "ERR", status
	a.security(f)
}

// reverse handles a ReverseHello, by which a server behind a firewall calls
// its client.
func (a *analyser) reverse(c *proto.Conn, dir event.Dir, body []byte) error {
	r := Reader{b: body}
	uri, url := r.Bytes(), r.Bytes()
	if r.cut {
		return errCut
	}
	f := proto.Emit[event.OPCUA](c, dir)
	f.Message, f.Application, f.Endpoint = "RHE", identity.Text(c, uri), identity.Text(c, url)
	return nil
}

// open handles the opening or renewal of the secure channel.
func (a *analyser) open(c *proto.Conn, dir event.Dir, body []byte) error {
	var h Channel
	if err := DecodeChannel(&h, Open, body); err != nil {
		return err
	}
	if name := policyName(h.Policy); name != "" {
		a.policy = name
	}
	r := Reader{b: h.Body}
	s, isResponse := findService(r.NodeID())
	if r.cut || s == nil || s.id != idOpenSecureChannel {
		if a.policy == "None" {
			return errCut
		}
		a.openSealed(c, dir)
		return nil
	}
	if isResponse {
		status := r.ResponseHeader()
		if q := a.waiting.Take(callKey(dir.Other(), h.Request)); q != nil {
			f := a.emit(c, q)
			f.Answered, f.Status = true, statusText(c, status)
		}
		return r.Err()
	}
	r.RequestHeader()
	r.Skip(4 + 4) // protocol version, issue or renew
	mode := r.Uint32()
	if r.cut {
		return errCut
	}
	a.mode = modeName(mode)
	a.add(c, callKey(dir, h.Request)).reset(dir, Open, s)
	return nil
}

// sealedKey is the key of an opening whose request id is encrypted.
const sealedKey = 1<<40 + 1

// openSealed handles an opening that is encrypted: who asked and who answered
// is told by the direction.
func (a *analyser) openSealed(c *proto.Conn, dir event.Dir) {
	if q := a.waiting.Find(sealedKey); q != nil && q.from != dir {
		a.emit(c, a.waiting.Take(sealedKey)).Answered = true
		return
	}
	if dir == event.ToServer {
		s, _ := findService(NodeID{Kind: 'i', Number: idOpenSecureChannel})
		a.add(c, sealedKey).reset(dir, Open, s)
	}
}

// message handles a chunk of a service call.
func (a *analyser) message(c *proto.Conn, dir event.Dir, k *Chunk) error {
	s := &a.streams[dir]
	var h Channel
	if err := DecodeChannel(&h, Message, k.Body); err != nil {
		return err
	}
	if s.parts && s.part == h.Request && k.Final != 'A' {
		s.parts = k.Final == 'C'
		return nil // the head of the message was read with its first chunk
	}
	s.parts, s.part = k.Final == 'C', h.Request
	r := Reader{b: h.Body}
	if k.Final == 'A' {
		return a.response(c, dir, &h, nil, r.Uint32(), nil)
	}
	id := r.NodeID()
	svc, isResponse := findService(id)
	fault := id.Kind == 'i' && id.Namespace == 0 && id.Number == idServiceFault
	if r.cut || svc == nil && !fault {
		return a.sealed(c, dir)
	}
	if a.mode == "" && a.policy != "" && a.policy != "None" {
		a.mode = "Sign"
	}
	if isResponse || fault {
		result := r.ResponseHeader()
		return a.response(c, dir, &h, svc, result, &r)
	}
	r.RequestHeader()
	if r.cut {
		return errCut
	}
	q := a.add(c, callKey(dir, h.Request))
	q.reset(dir, Message, svc)
	a.request(c, q, &r)
	return nil
}

// sealed handles a body that is no known service: an encrypted one, which is
// reported once.
func (a *analyser) sealed(c *proto.Conn, dir event.Dir) error {
	if a.policy == "None" {
		f := proto.Emit[event.OPCUA](c, dir)
		f.Message, f.Service, f.Class = "MSG", "unknown", event.OpOther
		a.security(f)
		return nil
	}
	if a.mode == "" && a.policy != "" {
		a.mode = "SignAndEncrypt"
	}
	if !a.encrypted {
		a.encrypted = true
		f := proto.Emit[event.OPCUA](c, dir)
		f.Message, f.Encrypted = "MSG", true
		a.security(f)
	}
	return nil
}

func (a *analyser) End(c *proto.Conn) {
	for q := a.waiting.Oldest(); q != nil; q = a.waiting.Oldest() {
		a.emit(c, q)
		a.login(c, q, "unknown")
	}
}
