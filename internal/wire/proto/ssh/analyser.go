package ssh

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/binary"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
)

// Protocol describes SSH.
var Protocol = proto.Protocol{
	ID:    event.ProtoSSH,
	TCP:   true,
	Ports: []uint16{22, 2022, 2222, 22222, 830},
	Probe: probe,
	New:   func() proto.Parser { return new(parser) },
}

// probe wants an identification line at the beginning of a direction.
func probe(s *proto.Sample) proto.Match {
	b := s.Newest()
	if n := min(len(b), 4); string(b[:n]) != "SSH-"[:n] {
		return proto.No
	}
	var banner Banner
	switch _, err := DecodeBanner(&banner, b); err {
	case nil:
		return proto.Yes
	case ErrShort:
		return proto.More
	}
	return proto.No
}

// stage is where a direction stands.
type stage uint8

const (
	greeting  stage = iota // before the identification line
	exchange               // packets in the clear
	encrypted              // behind NEWKEYS
	ignored                // SSH 1, or the framing is lost
)

// lists keeps the lists of a KexInit that the choice of algorithms needs, for
// as long as both are not known.
type lists struct {
	known bool
	text  []byte
	ends  [6]uint16
}

func (l *lists) keep(k *KexInit) {
	l.known, l.text = true, l.text[:0]
	for i, list := range k.Lists[CiphersC2S : CompressionS2C+1] {
		l.text = append(l.text, list[:min(len(list), 4096)]...)
		l.ends[i] = uint16(len(l.text))
	}
}

func (l *lists) get(i int) []byte {
	i -= CiphersC2S
	from := uint16(0)
	if i > 0 {
		from = l.ends[i-1]
	}
	return l.text[from:l.ends[i]]
}

// side is one direction of a connection.
type side struct {
	stage  stage
	banner []byte // the identification line
	proto  int    // length of the version within it
	kex    bool
	hassh  [md5.Size]byte
	lists  lists
}

// parser follows one connection.
type parser struct {
	sides     [2]side
	auth      authentication
	attempts  int
	outcome   string
	key       [sha256.Size]byte
	hasKey    bool
	reported  bool
	once      identity.Once
	anomalies int
}

// The limits of one flow.
const (
	maxAnomalies = 16
	maxAttempts  = 4096
)

// Data takes the bytes of one direction.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	s := &p.sides[dir]
	done := 0
	for done < len(b) {
		n := 0
		switch s.stage {
		case greeting:
			n = p.greet(c, dir, s, b[done:])
		case exchange:
			n = p.packet(c, dir, s, b[done:])
		case encrypted:
			n = p.sealed(c, dir, b[done:])
		case ignored:
			n = len(b) - done
		}
		if n == 0 {
			break
		}
		done += n
	}
	return done, nil
}

// greet takes the identification line.
func (p *parser) greet(c *proto.Conn, dir event.Dir, s *side, b []byte) int {
	var banner Banner
	n, err := DecodeBanner(&banner, b)
	if err == ErrShort {
		return 0
	}
	if err != nil {
		p.anomaly(c, dir, "identification_invalid", "no identification line where one should be")
		s.stage = ignored
		return len(b)
	}
	c.Message(dir)
	s.banner = append(s.banner[:0], banner.Line...)
	s.proto = len(banner.Proto)
	p.once.Tell(c, dir, &event.Identity{Source: "ssh.banner", Banner: identity.Text(c, banner.Line)})
	s.stage = exchange
	if banner.Proto[0] == '1' && string(banner.Proto) != "1.99" {
		s.stage = ignored
	}
	return n
}

// packet takes a packet in the clear.
func (p *parser) packet(c *proto.Conn, dir event.Dir, s *side, b []byte) int {
	var pkt Packet
	n, err := DecodePacket(&pkt, b)
	if err == ErrShort {
		return 0
	}
	if err != nil || len(pkt.Payload) == 0 {
		if p.sides[0].proto > 0 && p.sides[1].proto > 0 {
			p.anomaly(c, dir, "packet_length_invalid", "no packet where one should begin")
		}
		s.stage = ignored
		return len(b)
	}
	c.Message(dir)
	switch pkt.Payload[0] {
	case msgKexInit:
		p.kexInit(c, dir, s, pkt.Payload)
	case msgKexReply, msgGexReply:
		if key := hostKey(pkt.Payload); key != nil && dir == event.ToClient {
			p.key, p.hasKey = sha256.Sum256(key), true
		}
	case msgNewKeys:
		s.stage = encrypted
	}
	return n
}

func (p *parser) kexInit(c *proto.Conn, dir event.Dir, s *side, payload []byte) {
	var k KexInit
	if err := DecodeKexInit(&k, payload); err != nil {
		p.anomaly(c, dir, "kexinit_invalid", err.Error())
		return
	}
	s.kex = true
	if dir == event.ToServer {
		s.hassh = k.HASSH()
	} else {
		s.hassh = k.HASSHServer()
	}
	s.lists.keep(&k)
	client, server := &p.sides[event.ToServer], &p.sides[event.ToClient]
	if client.lists.known && server.lists.known {
		p.auth.begin(&client.lists, &server.lists, client.banner)
		client.lists, server.lists = lists{}, lists{}
	}
}

// sealed takes encrypted packets. Where their lengths can be read they are
// taken one by one, else every segment counts as one, as which it nearly
// always comes while the sides wait for each other.
func (p *parser) sealed(c *proto.Conn, dir event.Dir, b []byte) int {
	s := &p.auth.sealed[dir]
	n := len(b)
	if s.clear && p.auth.telling {
		if len(b) < 4 {
			return 0
		}
		length := int(binary.BigEndian.Uint32(b) & 0x7fffffff)
		if length < 8 || length > 1<<20 || length%s.block != 0 {
			p.auth.telling = false
		} else {
			n = 4 + length + s.tag
		}
	}
	c.Message(dir)
	switch p.auth.packet(dir, n) {
	case failed:
		p.attempt(c, "failure")
	case succeeded:
		p.attempt(c, "success")
		p.report(c)
	}
	return n
}

// attempt makes a fact of an attempt to log in.
func (p *parser) attempt(c *proto.Conn, outcome string) {
	p.outcome = outcome
	if p.attempts == maxAttempts {
		return
	}
	p.attempts++
	l := proto.Emit[event.Login](c, event.ToServer)
	l.Service, l.Mechanism, l.Outcome = event.ProtoSSH, "ssh", outcome
}

// report makes the fact of the connection, once.
func (p *parser) report(c *proto.Conn) {
	if p.reported {
		return
	}
	p.reported = true
	client, server := &p.sides[event.ToServer], &p.sides[event.ToClient]
	if client.proto == 0 && server.proto == 0 {
		return
	}
	f := proto.Emit[event.SSH](c, event.ToServer)
	f.ClientProto, f.ClientBanner = client.split(c)
	f.ServerProto, f.ServerBanner = server.split(c)
	if client.kex {
		f.HASSH = c.Hex(client.hassh[:])
	}
	if server.kex {
		f.HASSHServer = c.Hex(server.hassh[:])
	}
	if p.hasKey {
		f.ServerHostKey = c.Hex(p.key[:])
	}
	f.Auth, f.Attempts = p.outcome, uint16(p.attempts)
	if f.Auth == "" && client.stage == encrypted && server.stage == encrypted {
		f.Auth = "unknown"
	}
}

// split gives version and software of an identification line.
func (s *side) split(c *proto.Conn) (version, software string) {
	if s.proto == 0 {
		return "", ""
	}
	return identity.Text(c, s.banner[4:4+s.proto]), identity.Text(c, bytes.TrimPrefix(s.banner[4+s.proto:], []byte("-")))
}

// Gap goes on among encrypted packets, about which nothing can be told any
// more; a hole in the opening is the end.
func (p *parser) Gap(_ *proto.Conn, dir event.Dir, _ int) bool {
	p.auth.telling = false
	return p.sides[dir].stage >= encrypted
}

// End makes the fact of a connection in which nobody is known to have logged in.
func (p *parser) End(c *proto.Conn) { p.report(c) }

// Reset makes the parser as new.
func (p *parser) Reset() {
	a, b := p.sides[0].banner[:0], p.sides[1].banner[:0]
	*p = parser{}
	p.sides[0].banner, p.sides[1].banner = a, b
}

func (p *parser) anomaly(c *proto.Conn, dir event.Dir, name, detail string) {
	if p.anomalies++; p.anomalies <= maxAnomalies {
		c.Anomaly(event.ProtoSSH, dir, name, detail)
	}
}
