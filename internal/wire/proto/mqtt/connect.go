package mqtt

import (
	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// pendingConnect is a CONNECT that waits for its CONNACK, written anew without
// what no fact needs and with its texts cut to size.
type pendingConnect struct {
	raw     []byte
	fault   *Fault
	willLen int
	length  int
	waiting bool
}

// Limits of what a waiting CONNECT keeps.
const (
	maxPassword = 2048
	maxPairText = 128
)

// onConnect begins a session.
func (p *parser) onConnect(c *proto.Conn, s *scratch) {
	if p.connect.waiting {
		p.connected(c, s, nil)
	}
	pk := &s.packet
	k := &pk.Connect
	p.version = k.Version
	p.introduced, p.answered, p.early = true, false, false
	p.client = append(p.client[:0], head(k.ClientID, maxText)...)
	p.user = append(p.user[:0], head(k.User, maxText)...)
	for i := range p.aliases {
		p.aliases[i].reset()
	}
	p.connect.willLen, p.connect.length, p.connect.fault = len(k.Will.Payload), pk.Remaining, nil
	if len(pk.Faults) > 0 {
		p.connect.fault = pk.Faults[0]
	}
	shorten(pk)
	if raw, err := Append(p.connect.raw[:0], pk); err == nil {
		p.connect.raw, p.connect.waiting = raw, true
	}
}

// shorten cuts a CONNECT down to what its fact can hold.
func shorten(pk *Packet) {
	k := &pk.Connect
	k.ClientID, k.User, k.Password = head(k.ClientID, maxText), head(k.User, maxText), head(k.Password, maxPassword)
	k.Will.Topic, k.Will.Payload = head(k.Will.Topic, maxText), nil
	k.Protocol = head(k.Protocol, 16)
	k.Will.Props.Reset()
	pk.Props.SetBytes(AuthMethod, head(pk.Props.Bytes(AuthMethod), maxPairText))
	pk.Props.Users = pk.Props.Users[:min(len(pk.Props.Users), maxPairs)]
	for i, u := range pk.Props.Users {
		pk.Props.Users[i] = Pair{head(u.Name, maxPairText), head(u.Value, maxPairText)}
	}
	if len(pk.Props.Bytes(AuthMethod)) == 0 {
		pk.Props.clear(AuthMethod)
	}
	pk.Props.clear(AuthData)
}

// onConnack ends the opening of a session.
func (p *parser) onConnack(c *proto.Conn, s *scratch) {
	pk := &s.packet
	p.answered, p.parted = true, pk.Code != Success // a refused connection just ends
	if p.connect.waiting {
		p.connected(c, s, pk)
		return
	}
	if !p.partial[event.ToServer] && !c.Midstream {
		p.missed(c, event.ToClient, "missing_connect", pk.Type.String())
	}
	p.partial[event.ToServer] = true
	p.connack(c, p.fact(c, event.ToClient, event.ToClient, pk), pk)
}

// connected makes the facts of a CONNECT with its CONNACK, which is nil when
// none came: the connection and, if there were credentials, the login.
func (p *parser) connected(c *proto.Conn, s *scratch, ack *Packet) {
	p.connect.waiting = false
	d := Decoder{From: Client, Lenient: true}
	pk := &s.kept
	if _, err := d.Decode(pk, p.connect.raw); err != nil {
		return
	}
	k := &pk.Connect
	m := p.fact(c, event.ToServer, event.ToServer, pk)
	m.Malformed, m.Length = "", uint32(p.connect.length)
	switch {
	case p.connect.fault != nil:
		m.Malformed = p.connect.fault.Name
	case ack != nil && len(ack.Faults) > 0:
		m.Malformed = ack.Faults[0].Name
	}
	f := &m.Connect
	f.Protocol, f.Version, f.ClientID = c.String(k.Protocol), uint8(k.Version), m.ClientID
	f.Clean, f.KeepAlive = k.Clean, k.KeepAlive
	f.User, f.HasUser, f.HasPass = m.User, k.HasUser, k.HasPassword
	if k.HasPassword {
		f.Password = c.Secret(event.ProtoMQTT, m.User, k.Password)
	}
	if k.HasWill {
		f.WillTopic, f.WillQoS, f.WillRetain = c.String(k.Will.Topic), k.Will.QoS, k.Will.Retain
		f.WillLen = uint32(p.connect.willLen)
	}
	f.Expiry, f.ReceiveMax = pk.Props.Uint(SessionExpiry), uint16(pk.Props.Uint(ReceiveMaximum))
	f.MaxPacket, f.AuthMethod = pk.Props.Uint(MaximumPacketSize), c.String(pk.Props.Bytes(AuthMethod))
	f.UserProps = pairs(c, s, f.UserProps, &pk.Props)
	outcome := "unknown"
	if ack != nil {
		p.connack(c, m, ack)
		outcome = outcomeOf(p.version, ack.Code)
	}
	if p.connect.fault == nil || ack != nil {
		login(c, f, outcome)
	}
}

func outcomeOf(v Version, code Reason) string {
	switch {
	case code == Success:
		return "success"
	case Denied(v, code):
		return "failure"
	}
	return "unknown"
}

// connack fills in the CONNACK's part of a fact.
func (p *parser) connack(c *proto.Conn, m *event.MQTT, ack *Packet) {
	f := &m.Connack
	f.Sent, f.Session, f.Code = true, ack.Session, uint8(ack.Code)
	f.Reason = ConnackReason(p.version, ack.Code)
	f.KeepAlive = uint16(ack.Props.Uint(ServerKeepAlive))
	f.MaxQoS = 2
	if ack.Props.Has(MaximumQoS) {
		f.MaxQoS = uint8(ack.Props.Uint(MaximumQoS))
	}
	f.Reference = c.Head(ack.Props.Bytes(ServerReference), maxText)
	if id := ack.Props.Bytes(AssignedClientID); len(id) > 0 {
		f.AssignedID = c.Head(id, maxText)
		if len(p.client) == 0 {
			p.client = append(p.client, head(id, maxText)...)
			m.ClientID = f.AssignedID
		}
	}
}

// login makes the fact of an attempt to authenticate; a CONNECT without
// credentials is none. With an authentication method (MQTT 5.0 section 4.12)
// the secret is not what is on the wire.
func login(c *proto.Conn, k *event.MQTTConnect, outcome string) {
	if !k.HasUser && !k.HasPass && k.AuthMethod == "" {
		return
	}
	l := proto.Emit[event.Login](c, event.ToServer)
	l.Service, l.User, l.Secret, l.Outcome = event.ProtoMQTT, k.User, k.Password, outcome
	l.Mechanism, l.Clear = "plain", k.HasPass
	if k.AuthMethod != "" {
		l.Mechanism = k.AuthMethod
		l.Clear = false
	}
}
