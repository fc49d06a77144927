package knx

import (
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
	"edgeward/internal/wire/proto/identity"
)

// Protocol describes KNXnet/IP to the packet path.
var Protocol = proto.Protocol{
	ID:    event.ProtoKNX,
	TCP:   true,
	UDP:   true,
	Ports: []uint16{Port},
	Probe: probe,
	New: func() proto.Parser {
		return &analyser{requests: exchange.Requests{Proto: event.ProtoKNX}}
	},
}

// probe asks every direction that has spoken for a message with a service that
// there is and a length that fits it.
func probe(s *proto.Sample) proto.Match {
	datagram := s.Conn != nil && s.Conn.Transport == 17
	best := proto.No
	for _, b := range s.Data {
		if len(b) == 0 {
			continue
		}
		var m Message
		n, err := Decode(&m, b)
		switch {
		case err == nil && (!datagram || n == len(b)):
			best = proto.Yes
		case err == ErrShort && !datagram:
			best = max(best, proto.More)
		default:
			return proto.No
		}
	}
	return best
}

type analyser struct {
	lost     [2]bool
	requests exchange.Requests
	told     identity.Once
	login    login
	secured  bool // the secure wrapper was reported
}

// login is an authorization key that waits for its answer.
type login struct {
	waits  bool
	from   event.Dir
	secret event.Secret
}

func (a *analyser) Reset() {
	a.lost, a.secured = [2]bool{}, false
	a.requests.Reset()
	a.told = identity.Once{}
	a.login = login{}
}

// Gap makes the direction look for the next message.
func (a *analyser) Gap(_ *proto.Conn, dir event.Dir, _ int) bool {
	a.lost[dir] = true
	return true
}

func (a *analyser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	done := 0
	for done < len(b) {
		var m Message
		n, err := Decode(&m, b[done:])
		switch {
		case err == ErrShort && c.Transport != 17:
			return done, nil
		case err == nil:
			a.lost[dir] = false
			done += n
			c.Message(dir)
			a.message(c, dir, &m)
			continue
		case !a.lost[dir]:
			exchange.Anomaly(c, event.ProtoKNX, dir, "knx_malformed", err.Error())
		}
		if c.Transport == 17 {
			return len(b), nil
		}
		a.lost[dir] = true
		done++
	}
	return done, nil
}

// key joins a request with the service that answers it.
func key(from event.Dir, answer uint16, counter uint16) uint64 {
	return uint64(from)<<40 | uint64(answer)<<16 | uint64(counter)
}

func (a *analyser) ask(c *proto.Conn, dir event.Dir, m *Message, answer uint16, class event.OpClass) *exchange.Request {
	q := a.requests.Ask(c, key(dir, answer, 0), dir)
	q.Verb, q.Code, q.Class = serviceName(m.Service), uint32(m.Service), class
	return q
}

func (a *analyser) message(c *proto.Conn, dir event.Dir, m *Message) {
	switch m.Service {
	case SearchRequest:
		a.ask(c, dir, m, SearchResponse, event.OpDiscover)
	case SearchRequestExtended:
		a.ask(c, dir, m, SearchResponseExtended, event.OpDiscover)
	case DescriptionRequest:
		a.ask(c, dir, m, DescriptionResponse, event.OpDiscover)
	case SearchResponse, SearchResponseExtended:
		a.answer(c, dir, m.Service, "")
		a.identify(c, dir, "knx.search", m.Body[8:])
	case DescriptionResponse:
		a.answer(c, dir, m.Service, "")
		a.identify(c, dir, "knx.description", m.Body)
	case ConnectRequest:
		q := a.ask(c, dir, m, ConnectResponse, event.OpNone)
		q.Target.Str(connectionType(m.Body[16+1]))
	case ConnectResponse:
		a.answer(c, dir, m.Service, statusText(m.Body[1]))
	case DisconnectRequest:
		a.ask(c, dir, m, DisconnectResponse, event.OpNone)
	case DisconnectResponse:
		a.answer(c, dir, m.Service, statusText(m.Body[1]))
	case TunnellingRequest, ConfigurationRequest:
		a.tunnelled(c, dir, m)
	case TunnellingAck, ConfigurationAck:
		a.acknowledged(c, dir, m)
	case RoutingIndication, RoutingSystemBroadcast:
		a.telegram(c, dir, m.Body, nil)
	case SessionRequest:
		a.ask(c, dir, m, SessionResponse, event.OpNone)
	case SessionResponse:
		a.answer(c, dir, m.Service, "")
	case SecureWrapper:
		if !a.secured {
			a.secured = true
			f := proto.Emit[event.ICS](c, dir)
			f.Protocol, f.Verb, f.Code = event.ProtoKNX, serviceName(m.Service), uint32(m.Service)
		}
	}
}

func (a *analyser) answer(c *proto.Conn, dir event.Dir, service uint16, failed string) {
	if f := a.requests.Answer(c, key(dir.Other(), service, 0), dir); f != nil {
		f.Error = failed
	}
}

// connectionType names the type of a connection.
func connectionType(code uint8) string {
	switch code {
	case 3:
		return "device management"
	case 4:
		return "tunnel"
	case 6:
		return "remote logging"
	case 7:
		return "remote configuration"
	case 8:
		return "object server"
	}
	return "unknown connection"
}

// tunnelled handles a request on a connection, which is acknowledged by its
// counter.
func (a *analyser) tunnelled(c *proto.Conn, dir event.Dir, m *Message) {
	frame := m.Body[4:]
	if m.Service == ConfigurationRequest {
		a.management(c, dir, m, frame)
		return
	}
	if frame[0] != codeDataRequest {
		a.telegram(c, dir, frame, nil) // what the bus said
		return
	}
	counter := uint16(m.Body[1])<<8 | uint16(m.Body[2])
	a.telegram(c, dir, frame, func() *exchange.Request {
		return a.requests.Ask(c, key(dir, TunnellingAck, counter), dir)
	})
}

// acknowledged handles the acknowledgement of a tunnelled request.
func (a *analyser) acknowledged(c *proto.Conn, dir event.Dir, m *Message) {
	counter := uint16(m.Body[1])<<8 | uint16(m.Body[2])
	if f := a.requests.Answer(c, key(dir.Other(), m.Service, counter), dir); f != nil {
		f.Error = statusText(m.Body[3])
	}
}

// management handles the configuration of the device itself.
func (a *analyser) management(c *proto.Conn, dir event.Dir, m *Message, frame []byte) {
	counter := uint16(m.Body[1])<<8 | uint16(m.Body[2])
	var verb string
	var class event.OpClass
	switch frame[0] {
	case codePropRead:
		verb, class = "property read", event.OpRead
	case codePropWrite:
		verb, class = "property write", event.OpWrite
	case codeReset:
		verb, class = "reset", event.OpRestart
	default:
		return
	}
	q := a.requests.Ask(c, key(dir, ConfigurationAck, counter), dir)
	q.Verb, q.Class, q.Code = verb, class, uint32(m.Service)
	const property = 5 // code, object type, instance, property id
	if len(frame) >= property {
		q.Target.Str("object ").Uint(uint64(frame[1])<<8 | uint64(frame[2])).Str(" property ").Uint(uint64(frame[4]))
	}
}

// telegram handles a request to the bus. ask makes room for it when it will be
// acknowledged; what was routed, or heard from the bus, is a fact at once.
func (a *analyser) telegram(c *proto.Conn, dir event.Dir, b []byte, ask func() *exchange.Request) {
	var t Telegram
	if !DecodeTelegram(&t, b) || t.Control || t.Code == codeDataConfirm {
		return
	}
	verb, class := application(t.Service)
	a.authorize(c, dir, &t)
	if class == event.OpNone {
		return // answers
	}
	var target exchange.Text
	address(&target, t.Destination, t.Group)
	if ask != nil {
		q := ask()
		q.Verb, q.Class, q.Code, q.Target = verb, class, uint32(t.Service), target
		return
	}
	f := proto.Emit[event.ICS](c, dir)
	f.Protocol, f.Verb, f.Class, f.Code = event.ProtoKNX, verb, class, uint32(t.Service)
	f.Target = c.String(target.Bytes())
	target.Reset()
	address(&target, t.Source, false)
	f.Name = c.String(target.Bytes())
	if t.Code == codeDataIndication && dir == event.ToClient {
		f.Class = event.OpNone // done by somebody on the bus, not by this host
	}
}

// authorize handles the key that opens a device for programming, and the
// answer with the access level that it gave; 15 is none.
func (a *analyser) authorize(c *proto.Conn, dir event.Dir, t *Telegram) {
	const request, answer, none = 0x3d1, 0x3d2, 15
	switch {
	case t.Service == request && len(t.Data) >= 5:
		a.endLogin(c, "unknown")
		a.login = login{waits: true, from: dir, secret: c.Secret(event.ProtoKNX, "", t.Data[1:5])}
		a.login.secret.Text = strings.Clone(a.login.secret.Text)
	case t.Service == answer && len(t.Data) >= 1 && a.login.waits && dir != a.login.from:
		outcome := "success"
		if t.Data[0] == none {
			outcome = "failure"
		}
		a.endLogin(c, outcome)
	}
}

func (a *analyser) endLogin(c *proto.Conn, outcome string) {
	if !a.login.waits {
		return
	}
	f := proto.Emit[event.Login](c, a.login.from)
	f.Service, f.Mechanism, f.Outcome, f.Clear, f.Secret = event.ProtoKNX, "authorize", outcome, true, a.login.secret
	f.Secret.Text = c.String([]byte(a.login.secret.Text))
	a.login = login{}
}

// address words a group address in three levels, or an individual address.
func address(t *exchange.Text, v uint16, group bool) {
	if group {
		t.Uint(uint64(v >> 11)).Str("/").Uint(uint64(v >> 8 & 7)).Str("/").Uint(uint64(v & 0xff))
		return
	}
	t.Uint(uint64(v >> 12)).Str(".").Uint(uint64(v >> 8 & 15)).Str(".").Uint(uint64(v & 0xff))
}

// identify reads what a device says of itself.
func (a *analyser) identify(c *proto.Conn, dir event.Dir, source string, b []byte) {
	var d Device
	if !DecodeDevice(&d, b) {
		return
	}
	name := d.Name
	for i, x := range name {
		if x == 0 {
			name = name[:i]
			break
		}
	}
	var t exchange.Text
	for _, x := range d.Serial {
		t.Hex(uint64(x), 2)
	}
	id := event.Identity{Source: source, Vendor: maker(d.Serial), Name: identity.Text(c, name), Serial: c.String(t.Bytes())}
	t.Reset()
	t.Str("KNX ")
	address(&t, d.Address, false)
	id.Banner = c.String(t.Bytes())
	a.told.Tell(c, dir, &id)
}

func (a *analyser) End(c *proto.Conn) {
	a.requests.End(c)
	a.endLogin(c, "unknown")
}
