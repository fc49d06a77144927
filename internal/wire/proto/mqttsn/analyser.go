package mqttsn

import (
	"errors"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// Protocol describes MQTT-SN over UDP. 1883 and 1884 are those of MQTT, 10000
// is what the gateways of Eclipse Paho and Mosquitto listen on.
var Protocol = proto.Protocol{
	ID:    event.ProtoMQTTSN,
	UDP:   true,
	Ports: []uint16{1883, 1884, 10000},
	Probe: probe,
	New:   func() proto.Parser { return new(parser) },
}

const (
	maxTopics    = 16  // names known of a flow
	maxTopicText = 128 // of a known name
	maxText      = 512
	maxAnomalies = 16
	maxFaulty    = 64
)

var errNotMQTTSN = errors.New("mqttsn: too much of the conversation is no MQTT-SN")

// probe recognises MQTT-SN at home by a message that is right in everything,
// and elsewhere by a CONNECT that a CONNACK answers.
func probe(s *proto.Sample) proto.Match {
	var now, old Message
	if decode(&now, s.Newest()) != nil {
		return proto.No
	}
	if s.Port {
		return proto.Weak
	}
	other := s.Data[s.Dir.Other()]
	if len(other) == 0 && now.Type == CONNECT {
		return proto.More
	}
	if s.Dir == event.ToClient && now.Type == CONNACK && decode(&old, other) == nil && old.Type == CONNECT {
		return proto.Yes
	}
	return proto.No
}

// decode reads a message, taken out of what a forwarder put around it.
func decode(m *Message, b []byte) error {
	_, err := Decode(m, b)
	if err == nil && m.Type == FORWARD {
		if _, err = Decode(m, m.Inner); err == nil && m.Type == FORWARD {
			err = ErrType
		}
	}
	return err
}

// topic is a name that a topic identifier stands for.
type topic struct {
	id   uint16
	msg  uint16 // of the REGISTER or SUBSCRIBE that waits for its identifier
	wait bool
	dir  event.Dir
	name []byte
}

// parser is the state of one flow: the client and the names of topics.
type parser struct {
	client    []byte
	topics    []topic
	next      int
	faulty    int
	anomalies int
}

// Data reads one datagram.
func (p *parser) Data(c *proto.Conn, dir event.Dir, b []byte) (int, error) {
	var m Message
	err := decode(&m, b)
	if err != nil {
		if p.faulty++; p.faulty > maxFaulty {
			return 0, errNotMQTTSN
		}
	}
	c.Message(dir)
	switch {
	case err == nil:
		p.message(c, dir, &m)
	case p.anomalies < maxAnomalies:
		p.anomalies++
		c.Anomaly(event.ProtoMQTTSN, dir, err.(*Fault).Name, "")
	default:
		c.Errors++
	}
	return len(b), nil
}

// message follows the session by one message and makes its fact. Pings that
// wake no sleeping client say nothing.
func (p *parser) message(c *proto.Conn, dir event.Dir, m *Message) {
	name := m.Topic
	switch m.Type {
	case CONNECT:
		p.client = append(p.client[:0], head(m.ClientID, maxText)...)
	case PINGREQ:
		if len(m.ClientID) == 0 {
			return
		}
		p.client = append(p.client[:0], head(m.ClientID, maxText)...)
	case PINGRESP:
		return
	case REGISTER: // a gateway tells the identifier, a client asks for it
		p.learn(topic{id: m.TopicID, msg: m.MsgID, wait: m.TopicID == 0, dir: dir, name: m.Topic})
	case SUBSCRIBE:
		if m.TopicKind == Normal {
			p.learn(topic{msg: m.MsgID, wait: true, dir: dir, name: m.Topic})
		}
	case REGACK, SUBACK:
		name = p.named(dir.Other(), m)
	case PUBLISH, PUBACK:
		if m.TopicKind == Normal {
			name = p.lookup(m.TopicID)
		}
	}
	f := proto.Emit[event.MQTTSN](c, dir)
	f.Type, f.Dir, f.ClientID = m.Type.String(), dir, c.String(p.client)
	f.Topic, f.TopicID, f.MsgID = c.String(head(name, maxText)), m.TopicID, m.MsgID
	f.QoS, f.Retain, f.Code = m.QoS, m.Retain, m.Code
	f.Gateway, f.Duration, f.Len = m.Gateway, m.Duration, uint32(len(m.Payload))
}

// learn keeps a topic name; beyond the limit the oldest is forgotten.
func (p *parser) learn(t topic) {
	i := len(p.topics)
	switch {
	case i == maxTopics:
		i = p.next
		p.next = (p.next + 1) % maxTopics
	case i < cap(p.topics):
		p.topics = p.topics[:i+1]
	default:
		p.topics = append(p.topics, topic{})
	}
	t.name = append(p.topics[i].name[:0], head(t.name, maxTopicText)...)
	p.topics[i] = t
}

// named gives the topic whose identifier an answer tells, and keeps it.
func (p *parser) named(asked event.Dir, m *Message) []byte {
	for i := range p.topics {
		t := &p.topics[i]
		if t.wait && t.msg == m.MsgID && t.dir == asked {
			t.wait, t.id = false, m.TopicID
			return t.name
		}
	}
	return p.lookup(m.TopicID)
}

func (p *parser) lookup(id uint16) []byte {
	for i := range p.topics {
		if t := &p.topics[i]; !t.wait && t.id == id && id != 0 {
			return t.name
		}
	}
	return nil
}

// Gap never happens to datagrams.
func (p *parser) Gap(*proto.Conn, event.Dir, int) bool { return true }

// End has nothing left to say.
func (p *parser) End(*proto.Conn) {}

// Reset makes the parser as new.
func (p *parser) Reset() { *p = parser{client: p.client[:0], topics: p.topics[:0]} }

func head(b []byte, n int) []byte { return b[:min(n, len(b))] }
