package mqtt

import (
	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// packet follows the session by one packet and makes its facts.
func (p *parser) packet(c *proto.Conn, dir event.Dir, s *scratch) {
	pk := &s.packet
	p.report(c, dir, pk)
	p.order(c, dir, pk)
	switch {
	case pk.Type == CONNECT:
		p.onConnect(c, s)
	case pk.Type == CONNACK:
		p.onConnack(c, s)
	case pk.Type == PUBLISH:
		p.onPublish(c, dir, s)
	case pk.Type >= PUBACK && pk.Type <= PUBCOMP:
		p.onAck(c, dir, s)
	case pk.Type == SUBSCRIBE, pk.Type == UNSUBSCRIBE:
		p.onFilters(c, dir, s)
	case pk.Type == SUBACK, pk.Type == UNSUBACK:
		p.onFiltersAck(c, dir, s)
	case pk.Type == DISCONNECT:
		p.parted = true
		m := p.fact(c, dir, dir, pk)
		m.Disconnect.Seen, m.Disconnect.Code, m.Disconnect.Reason = true, uint8(pk.Code), "normal disconnection"
		if pk.Code != Success {
			m.Disconnect.Reason = pk.Code.String()
		}
	case pk.Type == AUTH && p.version == V5:
		m := p.fact(c, dir, dir, pk)
		m.Auth.Code, m.Auth.Method = uint8(pk.Code), c.Head(pk.Props.Bytes(AuthMethod), maxText)
	case len(pk.Faults) > 0: // reserved types, and pings that are wrong
		p.fact(c, dir, dir, pk).Ack.Name = pk.Type.String()
	}
}

// order notes packets of the client that do not come where they may: anything
// before CONNECT (MQTT-3.1.0-1) and a second CONNECT (MQTT-3.1.0-2). Packets
// between CONNECT and CONNACK are allowed; they count only if no CONNACK ever
// comes. A connection of which the beginning was missed is not judged.
func (p *parser) order(c *proto.Conn, dir event.Dir, pk *Packet) {
	if dir != event.ToServer {
		return
	}
	switch {
	case pk.Type == CONNECT:
		if p.introduced && !p.partial[dir] {
			p.anomaly(c, dir, "double_connect", pk.Type.String())
		}
	case !p.introduced:
		if !p.partial[dir] && !p.early {
			p.anomaly(c, dir, "unintroduced_message", pk.Type.String())
		}
		p.early = true
	case !p.answered:
		p.early = true
	}
}

// onPublish makes the fact at once at QoS 0, else when the handshake is over.
func (p *parser) onPublish(c *proto.Conn, dir event.Dir, s *scratch) {
	pk := &s.packet
	if alias := uint16(pk.Props.Uint(TopicAlias)); alias != 0 {
		if len(pk.Topic) > 0 {
			p.aliases[dir].set(alias, pk.Topic)
		} else if t, ok := p.aliases[dir].get(alias); ok {
			pk.Topic = t
		} else if !p.partial[dir] && !p.aliases[dir].full() {
			pk.Faults = append(pk.Faults, ErrUnknownAlias)
			p.anomaly(c, dir, "malformed_traffic", ErrUnknownAlias.Name)
		}
	}
	if dir == event.ToClient {
		p.broker(c, pk)
	}
	switch {
	case pk.QoS == 0:
		p.published(c, dir, s, pk, "", Success)
	case len(pk.Faults) > 0 || !p.ask(c, s, dir):
		p.dropped = true
		p.published(c, dir, s, pk, "pending", Success)
	}
}

// published makes the fact of a PUBLISH.
func (p *parser) published(c *proto.Conn, dir event.Dir, s *scratch, pk *Packet, state string, code Reason) {
	m := p.fact(c, dir, dir, pk)
	f := &m.Publish
	f.Topic = c.Head(pk.Topic, maxTopic)
	f.QoS, f.Retain, f.Dup, f.MessageID = pk.QoS, pk.Retain, pk.Dup, pk.ID
	f.Len, f.Head = uint32(pk.Size), c.Head(pk.Payload, HeadSize)
	f.State, f.AckCode = state, uint8(code)
	f.Alias = uint16(pk.Props.Uint(TopicAlias))
	f.Content = c.Head(pk.Props.Bytes(ContentType), maxText)
	f.RespTopic = c.Head(pk.Props.Bytes(ResponseTopic), maxTopic)
	f.Expiry = pk.Props.Uint(MessageExpiry)
	f.UserProps = pairs(c, s, f.UserProps, &pk.Props)
}

// onAck follows the handshake of a PUBLISH: PUBACK, PUBREC and PUBCOMP come
// from its receiver, PUBREL from its sender.
func (p *parser) onAck(c *proto.Conn, dir event.Dir, s *scratch) {
	pk := &s.packet
	from := dir.Other()
	if pk.Type == PUBREL {
		from = dir
	}
	r := p.waiting.find(PUBLISH, from, pk.ID)
	if r == nil {
		if !p.partial[from] && !p.dropped {
			p.missed(c, dir, "missing_publish", pk.Type.String())
		}
		m := p.fact(c, dir, dir, pk)
		m.Ack.Name, m.Ack.MessageID, m.Ack.Code = m.Type, pk.ID, uint8(pk.Code)
		return
	}
	done := pk.Type == PUBACK || pk.Type == PUBCOMP
	switch pk.Type {
	case PUBACK:
		r.state = "acked"
	case PUBREC:
		r.state = "received"
		done = pk.Code >= UnspecifiedError // the message is refused and not released
	case PUBCOMP:
		r.state = "completed"
	}
	if pk.Code != Success {
		r.code = pk.Code
	}
	if done {
		p.waiting.take(PUBLISH, from, pk.ID)
		p.settle(c, s, r, pk)
	}
	if len(pk.Faults) > 0 {
		m := p.fact(c, dir, dir, pk)
		m.Ack.Name, m.Ack.MessageID, m.Ack.Code = m.Type, pk.ID, uint8(pk.Code)
	}
}

// onFilters keeps a SUBSCRIBE or UNSUBSCRIBE until it is answered.
func (p *parser) onFilters(c *proto.Conn, dir event.Dir, s *scratch) {
	pk := &s.packet
	if len(pk.Faults) > 0 || !p.ask(c, s, dir) {
		p.dropped = true
		p.filters(c, dir, pk, nil)
	}
}

// filtersPerFact bounds one fact; more filters make more facts, so that none
// can hide behind the others.
const filtersPerFact = 128

// filters makes the facts of a SUBSCRIBE or UNSUBSCRIBE with its answer.
func (p *parser) filters(c *proto.Conn, dir event.Dir, pk, ack *Packet) {
	rest, codes := pk.Filters, []byte(nil)
	if ack != nil {
		codes = ack.Codes
	}
	for first := true; first || len(rest) > 0; first = false {
		m := p.fact(c, dir, dir, pk)
		part := rest[:min(len(rest), filtersPerFact)]
		rest = rest[len(part):]
		if pk.Type == UNSUBSCRIBE {
			m.Unsubscribe.MessageID, m.Unsubscribe.Acked = pk.ID, ack != nil
			for _, f := range part {
				m.Unsubscribe.Topics = append(m.Unsubscribe.Topics, c.Head(f.Topic, maxTopic))
			}
			continue
		}
		m.Subscribe.MessageID, m.Subscribe.Acked = pk.ID, ack != nil
		for _, f := range part {
			t := event.MQTTTopic{Filter: c.Head(f.Topic, maxTopic), QoS: f.QoS()}
			if len(codes) > 0 {
				t.Granted, codes = codes[0], codes[1:]
			}
			m.Subscribe.Topics = append(m.Subscribe.Topics, t)
		}
	}
}

// onFiltersAck matches a SUBACK or UNSUBACK with its request.
func (p *parser) onFiltersAck(c *proto.Conn, dir event.Dir, s *scratch) {
	pk := &s.packet
	asked, name := SUBSCRIBE, "missing_subscribe"
	if pk.Type == UNSUBACK {
		asked, name = UNSUBSCRIBE, "missing_unsubscribe"
	}
	r := p.waiting.take(asked, dir.Other(), pk.ID)
	if r != nil {
		p.settle(c, s, r, pk)
		if len(pk.Faults) == 0 {
			return
		}
	} else if !p.partial[dir.Other()] && !p.dropped {
		p.missed(c, dir, name, pk.Type.String())
	}
	m := p.fact(c, dir, dir, pk)
	m.Ack.Name, m.Ack.MessageID = m.Type, pk.ID
	if len(pk.Codes) > 0 {
		m.Ack.Code = pk.Codes[0]
	}
}

// versionTopic is where brokers publish their name and version.
const versionTopic = "$SYS/broker/version"

// broker makes an identity of what a broker publishes about itself.
func (p *parser) broker(c *proto.Conn, pk *Packet) {
	if string(pk.Topic) == versionTopic && pk.Size <= HeadSize && len(pk.Faults) == 0 {
		p.told.Tell(c, event.ToClient, &event.Identity{Source: "mqtt.sys", Type: "broker", Banner: c.String(pk.Payload)})
	}
}
