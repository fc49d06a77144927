package mqtt

import (
	"errors"
	"strings"
	"sync"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
)

// Protocol describes MQTT over a stream, plain or inside WebSocket. It insists
// on its port: who sends a broker garbage there is to be told apart.
var Protocol = proto.Protocol{
	ID:     event.ProtoMQTT,
	TCP:    true,
	Ports:  []uint16{1883},
	Insist: true,
	Probe:  probe,
	New:    func() proto.Parser { return newParser() },
}

// Limits of what is kept of one connection.
const (
	maxAnomalies = 16
	maxFaulty    = 64       // faulty packets after which the rest is not read
	maxBuffered  = 32 << 10 // a packet other than PUBLISH is read up to here
	maxText      = 512      // of a client identifier or user name
	maxTopic     = 2048     // of a topic or filter in a fact
	maxPairs     = 16       // user properties in a fact
)

var (
	errNotMQTT = errors.New("mqtt: the conversation does not begin as MQTT does")
	errGarbage = errors.New("mqtt: too many faulty packets")
)

// parser is the state of one connection.
type parser struct {
	version Version // 0 until known
	client  []byte  // client identifier
	user    []byte
	connect pendingConnect
	waiting requests
	aliases [2]aliases
	told    identity.Once

	begun      [2]bool // a packet was read
	parted     bool    // a DISCONNECT was read, or the connection was refused
	lost       [2]bool // the packet boundary was lost
	partial    [2]bool // packets of that side were missed
	introduced bool    // a CONNECT was seen
	answered   bool    // a CONNACK was seen
	early      bool    // the client sent more before a CONNACK
	dropped    bool    // requests were given up without their answer
	faulty     int
	anomalies  int
}

func newParser() *parser {
	p := new(parser)
	p.waiting.init()
	return p
}

// scratch is what reading one packet needs; it is shared by all connections.
type scratch struct {
	packet Packet
	kept   Packet // decoded again from what was kept of a request
	text   []byte
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// Data reads packets.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	done := 0
	for done < len(b) {
		n, err := p.read(c, dir, s, b[done:])
		if err != nil {
			return done, err
		}
		if n == 0 {
			break
		}
		done += n
	}
	return done, nil
}

// read handles the packet at the beginning of b and gives its size, 0 when
// there is too little of it.
func (p *parser) read(c *proto.Conn, dir event.Dir, s *scratch, b []byte) (int, error) {
	if p.lost[dir] {
		if found, wait := resync(b, dir, p.version); wait {
			return 0, nil
		} else if !found {
			return len(b), nil
		}
		p.lost[dir] = false
	}
	if !p.begun[0] && !p.begun[1] && !p.partial[dir] && !opening(b, dir) {
		return 0, errNotMQTT
	}
	n, err := p.decode(s, dir, b)
	switch err {
	case nil:
	case ErrShort:
		if len(b) < maxBuffered {
			return 0, nil
		}
		d := Decoder{Version: p.version, From: side(dir)}
		if !d.DecodePrefix(&s.packet, b) {
			return 0, err
		}
		h, _ := DecodeHeader(b)
		n = h.Total()
		s.packet.Faults = s.packet.Faults[:0] // what the cut does is no fault
	default:
		c.Message(dir)
		p.broken(c, dir, s, b)
		return 0, err
	}
	p.begun[dir] = true
	if len(s.packet.Faults) > 0 {
		if p.faulty++; p.faulty > maxFaulty {
			return 0, errGarbage
		}
	}
	c.Message(dir)
	p.packet(c, dir, s)
	return n, nil
}

// broken makes the fact of a packet whose length cannot be read, after which
// nothing can.
func (p *parser) broken(c *proto.Conn, dir event.Dir, s *scratch, b []byte) {
	s.packet.Reset()
	s.packet.Type, s.packet.Faults = Type(b[0]>>4), append(s.packet.Faults, ErrLength)
	p.report(c, dir, &s.packet)
	p.fact(c, dir, dir, &s.packet).Ack.Name = s.packet.Type.String()
}

// decode reads a packet leniently, trying the other generation of the protocol
// while the version is not known.
func (p *parser) decode(s *scratch, dir event.Dir, b []byte) (int, error) {
	d := Decoder{Version: p.version, From: side(dir), Lenient: true, Streaming: true}
	if d.Version == 0 {
		guess, sure := guessVersion(b, d.From)
		d.Version = guess
		if sure {
			p.version = guess
		}
	}
	return d.Decode(&s.packet, b)
}

func side(dir event.Dir) Side {
	if dir == event.ToServer {
		return Client
	}
	return Server
}

// report makes the anomaly of a faulty packet; its first fault counts. Names
// are Suricata's where it has one, so that rules written for it work; the
// fault is the detail.
func (p *parser) report(c *proto.Conn, dir event.Dir, pk *Packet) {
	if len(pk.Faults) == 0 {
		return
	}
	name := "malformed_traffic"
	switch pk.Faults[0] {
	case ErrQoS:
		name = "invalid_qos_level"
	case ErrPacketID:
		name = "missing_msg_id"
	case ErrType:
		name = "unassigned_msg_type"
	}
	p.anomaly(c, dir, name, pk.Faults[0].Name)
}

func (p *parser) anomaly(c *proto.Conn, dir event.Dir, name, detail string) {
	if p.anomalies++; p.anomalies > maxAnomalies {
		c.Errors++
		return
	}
	c.Anomaly(event.ProtoMQTT, dir, name, detail)
}

// missed makes the anomaly of a packet that follows from one that was not
// seen. The capture may have lost it, or an earlier connection had it, so it is
// said of the stream and counts as nobody's error.
func (p *parser) missed(c *proto.Conn, dir event.Dir, name, detail string) {
	if p.anomalies++; p.anomalies > maxAnomalies {
		return
	}
	a := proto.Emit[event.Anomaly](c, dir)
	a.Type, a.Event, a.AppProto, a.Detail, a.Dir = "stream", name, event.ProtoMQTT, detail, dir
}

// Gap notes that packets of one side were missed. The next packet is looked
// for where the next bytes begin.
func (p *parser) Gap(_ *proto.Conn, dir event.Dir, _ int) bool {
	p.lost[dir], p.partial[dir] = true, true
	return true
}

// End makes facts of what was never answered.
func (p *parser) End(c *proto.Conn) {
	if !p.begun[0] && !p.begun[1] {
		return
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	if p.connect.waiting {
		p.connected(c, s, nil)
	}
	for r := p.waiting.table.Oldest(); r != nil; r = p.waiting.table.Oldest() {
		p.settle(c, s, r, nil)
	}
	if p.introduced && p.early && !p.answered && !p.partial[event.ToClient] {
		p.missed(c, event.ToServer, "unintroduced_message", "the server never answered the CONNECT")
	}
	if c.Closed && p.answered && !p.parted && !p.lost[event.ToServer] && !p.lost[event.ToClient] {
		p.fact(c, event.ToServer, event.ToServer, &Packet{Type: DISCONNECT}).Disconnect = event.MQTTDisconnect{
			Seen: true, Abrupt: true, Reason: "connection ended without a DISCONNECT",
		}
	}
}

// Reset makes the parser as new.
func (p *parser) Reset() {
	client, user, connect, waiting, a := p.client[:0], p.user[:0], p.connect.raw[:0], p.waiting, p.aliases
	for i := range a {
		a[i].reset()
	}
	*p = parser{client: client, user: user, waiting: waiting, aliases: a}
	p.connect.raw = connect
	p.waiting.init()
}

// fact makes the fact of a packet that was sent in direction dir, with from as
// the side that asked, and fills in what all have in common.
func (p *parser) fact(c *proto.Conn, from, dir event.Dir, pk *Packet) *event.MQTT {
	m := proto.Emit[event.MQTT](c, from)
	m.Type, m.Dir, m.Length = pk.Type.String(), dir, uint32(pk.Remaining)
	m.Version = uint8(p.version)
	m.ClientID, m.User = c.String(p.client), c.String(p.user)
	m.WebSocket = strings.Contains(c.Note, "\n") // as websocket.Handover writes it
	if len(pk.Faults) > 0 {
		m.Malformed = pk.Faults[0].Name
	}
	return m
}

// pairs appends user properties as "name=value".
func pairs(c *proto.Conn, s *scratch, dst []string, props *Properties) []string {
	for _, u := range props.Users[:min(len(props.Users), maxPairs)] {
		s.text = append(append(append(s.text[:0], head(u.Name, maxText)...), '='), head(u.Value, maxText)...)
		dst = append(dst, c.String(s.text))
	}
	return dst
}

func head(b []byte, n int) []byte { return b[:min(n, len(b))] }
