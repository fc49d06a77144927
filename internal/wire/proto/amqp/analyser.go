package amqp

import (
	"errors"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
)

// Protocol describes AMQP over TCP.
var Protocol = proto.Protocol{
	ID:    event.ProtoAMQP,
	TCP:   true,
	Ports: []uint16{5672},
	Probe: probe,
	New:   func() proto.Parser { return new(parser) },
}

const (
	maxBuffered  = 32 << 10 // a frame that facts are made of is read up to here
	maxText      = 256
	maxUser      = 256
	maxSecret    = 1024
	maxAnomalies = 16
)

var errLost = errors.New("amqp: the frame boundary is lost")

// parser is the state of one connection.
type parser struct {
	version   string // "" until a frame or header told
	ten       bool   // frames are those of 1.0
	login     login
	told      identity.Once
	seen      seen // names that facts were made of
	lost      [2]bool
	begun     bool
	anomalies int
	text      []byte
}

// login is an authentication whose outcome is not known yet.
type login struct {
	waiting   bool
	clear     bool
	mechanism []byte
	user      []byte
	secret    []byte
}

// Data reads headers and frames.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	if p.lost[dir] {
		if !frameStart(b) {
			return len(b), nil
		}
		p.lost[dir] = false
	}
	done := 0
	for done < len(b) {
		n, err := p.read(c, dir, b[done:])
		if err == ErrShort {
			break
		}
		if err != nil {
			if p.begun {
				p.anomaly(c, dir, "frame")
			}
			return done, errLost
		}
		c.Message(dir)
		p.begun = true
		done += n
	}
	return done, nil
}

// read handles the header or frame at the beginning of b.
func (p *parser) read(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	if b[0] == 'A' {
		h, err := DecodeHeader(b)
		if err != nil {
			return 0, err
		}
		p.header(c, dir, h)
		return HeaderSize, nil
	}
	if p.version == "" { // picked up in the middle: sizes begin with a zero byte
		if p.ten = b[0] == 0; p.ten {
			p.version = "1.0"
		} else {
			p.version = "0-9-1"
		}
	}
	if p.ten {
		return p.frame10(c, dir, b)
	}
	return p.frame(c, dir, b)
}

// header notes the version. A server answers with a header only to refuse the
// client's version, or at every layer of 1.0.
func (p *parser) header(c *proto.Conn, dir event.Dir, h Header) {
	v := h.Version()
	if v == "" {
		p.anomaly(c, dir, "protocol_version")
		return
	}
	p.version, p.ten = v, v == "1.0"
	if dir == event.ToClient && !p.ten {
		f := proto.Emit[event.AMQP](c, dir)
		f.Version, f.Method = p.version, "protocol-header"
	}
}

// frame reads a frame of 0-9-1. Bodies are skipped unseen.
func (p *parser) frame(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	f, err := DecodeFrame(b)
	if err != nil {
		return 0, err
	}
	if f.Type != FrameMethod || f.Total() > maxBuffered {
		return f.Total(), nil
	}
	payload, err := f.Payload(b)
	if err != nil {
		return 0, err
	}
	m, args, err := DecodeMethod(payload)
	if err != nil {
		return 0, err
	}
	p.method(c, dir, m, NewArgs(args))
	return f.Total(), nil
}

// frame10 reads a frame of 1.0: of transfers only the head.
func (p *parser) frame10(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	f, err := DecodeFrame10(b)
	if err != nil {
		return 0, err
	}
	if f.Size == f.Body {
		return f.Size, nil // a heartbeat
	}
	if len(b) < min(f.Body+3, f.Size) {
		return 0, ErrShort
	}
	known := f.Size-f.Body >= 3 && b[f.Body] == 0 && b[f.Body+1] == 0x53 && told10(b[f.Body+2])
	if !known || f.Size > maxBuffered {
		return f.Size, nil
	}
	if len(b) < f.Size {
		return 0, ErrShort
	}
	v, _, err := ReadValue(b[f.Body:f.Size])
	if err != nil {
		return 0, err
	}
	p.performative(c, dir, v)
	return f.Size, nil
}

func (p *parser) anomaly(c *proto.Conn, dir event.Dir, name string) {
	if p.anomalies++; p.anomalies > maxAnomalies {
		c.Errors++
		return
	}
	c.Anomaly(event.ProtoAMQP, dir, name, "")
}

// fact makes a fact with the method's name.
func (p *parser) fact(c *proto.Conn, dir event.Dir, method string) *event.AMQP {
	f := proto.Emit[event.AMQP](c, dir)
	f.Version, f.Method = p.version, method
	return f
}

// attempt keeps an authentication until its outcome is known.
func (p *parser) attempt(mechanism, user, secret []byte, clear bool) {
	l := &p.login
	l.waiting, l.clear = true, clear
	l.mechanism = append(l.mechanism[:0], head(mechanism, 32)...)
	l.user = append(l.user[:0], head(user, maxUser)...)
	l.secret = append(l.secret[:0], head(secret, maxSecret)...)
}

// outcome makes the fact of the authentication that waits, if any.
func (p *parser) outcome(c *proto.Conn, outcome string) {
	if !p.login.waiting {
		return
	}
	p.login.waiting = false
	l := proto.Emit[event.Login](c, event.ToServer)
	l.Service, l.User, l.Outcome = event.ProtoAMQP, c.String(p.login.user), outcome
	l.Mechanism, l.Clear = lower(c, p.login.mechanism), p.login.clear
	if p.login.clear {
		l.Secret = c.Secret(event.ProtoAMQP, l.User, p.login.secret)
	}
	clear(p.login.secret)
}

func lower(c *proto.Conn, b []byte) string {
	for i, ch := range b {
		if ch >= 'A' && ch <= 'Z' {
			b[i] = ch + 'a' - 'A'
		}
	}
	return c.String(b)
}

// Gap goes on where the next segment begins with a frame.
func (p *parser) Gap(_ *proto.Conn, dir event.Dir, _ int) bool {
	p.lost[dir] = true
	return true
}

// End makes a fact of an authentication without outcome.
func (p *parser) End(c *proto.Conn) { p.outcome(c, "unknown") }

// Reset makes the parser as new.
func (p *parser) Reset() {
	l, text := p.login, p.text[:0]
	*p = parser{text: text, login: login{mechanism: l.mechanism[:0], user: l.user[:0], secret: l.secret[:0]}}
}

func head(b []byte, n int) []byte { return b[:min(n, len(b))] }

// probe recognises the protocol header anywhere, and frames in the middle of a
// connection on the registered port.
func probe(s *proto.Sample) proto.Match {
	for dir := event.ToServer; dir <= event.ToClient; dir++ {
		b := s.Data[dir]
		if len(b) == 0 {
			continue
		}
		h, err := DecodeHeader(b)
		switch {
		case err == nil && h.Version() != "":
			return proto.Yes
		case err == ErrShort:
			return proto.More
		case s.Port && frameStart(b):
			return proto.Weak
		}
	}
	if s.Port && s.Conn.Midstream {
		return proto.More
	}
	return proto.No
}

// frameStart reports whether a whole frame, or the head of one of 1.0, stands at
// the beginning of b.
func frameStart(b []byte) bool {
	if h, err := DecodeHeader(b); err == nil {
		return h.Version() != ""
	}
	if f, err := DecodeFrame(b); err == nil {
		switch f.Type {
		case FrameMethod:
			payload, err := f.Payload(b)
			if err != nil {
				return false
			}
			_, _, err = DecodeMethod(payload)
			return err == nil
		case FrameHeader:
			payload, err := f.Payload(b)
			return err == nil && len(payload) >= 14 && payload[0] == 0 && payload[1] == 60
		}
		return len(b) >= f.Total() && b[f.Total()-1] == frameEnd
	}
	if f, err := DecodeFrame10(b); err == nil && len(b) >= f.Body+3 && f.Size >= f.Body+3 {
		code := b[f.Body+2]
		return b[f.Body] == 0 && b[f.Body+1] == 0x53 && (code >= openFrame && code <= closeFrame || code >= saslMechanisms && code <= saslOutcome)
	}
	return false
}
