package detect

import (
	"fmt"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	aclSpan      = 60 * second
	aclLimit     = 5       // distinct topics refused within the span
	largeMessage = 1 << 18 // bytes from which a message may be too large
	timesUsual   = 32      // times the mean message of the broker
	hugeMessage  = 8 << 20 // bytes from which it is, whatever else the broker carries
	brokenLimit  = 5       // malformed messages within a minute that are no accident
	maxClients   = 8192
	maxBrokers   = 512
)

// mqttChecks judges what clients do on a broker, one session at a time.
type mqttChecks struct {
	e        *Engine
	sessions *table[mqttSession] // by broker and client identifier
	refused  *table[refusals]
	sizes    *table[messageSizes] // by broker
	broken   *table[brokenSender]
}

// mqttSession is who holds a client identifier on a broker.
type mqttSession struct {
	owner  actor
	flow   uint64
	last   int64
	alive  int64 // how long it may be silent
	open   bool
	fights int
}

// refusals are the topics that one client was refused.
type refusals struct {
	pin
	recent burst
	shown  wordSet
}

// messageSizes is how large the messages of a broker are.
type messageSizes struct{ n, bytes uint64 }

// brokenSender counts malformed messages of one sender.
type brokenSender struct {
	pin
	meter meter
	names wordSet
}

func newMQTT(e *Engine) *mqttChecks {
	return &mqttChecks{
		e: e, sessions: newTable[mqttSession](maxClients), refused: newTable[refusals](maxScanners),
		sizes: newTable[messageSizes](maxBrokers), broken: newTable[brokenSender](maxScanners),
	}
}

func (m *mqttChecks) kinds() []event.Kind { return []event.Kind{event.KindMQTT, event.KindAnomaly} }

func (m *mqttChecks) close() {}

func (m *mqttChecks) fact(s *sight) {
	switch b := s.Body.(type) {
	case *event.MQTT:
		client, broker := &s.src, &s.dst
		if b.Dir == event.ToClient {
			client, broker = broker, client
		}
		switch b.Type {
		case "connect":
			m.connect(s, b, client, broker)
		case "disconnect":
			m.disconnect(s, b, broker)
		case "subscribe":
			m.subscribe(s, b, client, broker)
		case "publish":
			if b.Dir == event.ToServer {
				m.publish(s, b, client, broker)
			}
		}
	case *event.Anomaly:
		if b.AppProto == event.ProtoMQTT && b.Type == "applayer" {
			m.e.malformed("mqtt.malformed", "MQTT", m.broken, s, b)
		}
	}
}

// connect watches who uses which client identifier.
func (m *mqttChecks) connect(s *sight, b *event.MQTT, client, broker *actor) {
	id := b.Connect.ClientID
	if id == "" || b.Connack.Sent && b.Connack.Code != 0 {
		return
	}
	k := mix(hostKey(s.Place, broker.addr), textKey(id))
	se := m.sessions.make(k)
	alive := max(int64(b.Connect.KeepAlive)*second*3/2, 5*minute)
	was := *se
	se.owner, se.flow, se.last, se.alive, se.open = *client, s.Flow, s.when, alive, true
	if !was.open || was.owner.key == client.key || was.owner.addr == client.addr || !near(was.last, s.when, min(was.alive, hour)) {
		return
	}
	se.fights = was.fights + 1
	rec := m.e.reportAt("mqtt.client-takeover", s, client, group{text: id, addr: broker.addr})
	if rec.isNew() {
		if se.fights < 2 && b.Connect.User != "" {
			rec.rate(ident.Low, 0.5) // a device that moved to another address does this once
		}
		name, before, at := clip(id, 60), was.owner.String(), broker.String()
		rec.tell = func() string {
			return fmt.Sprintf("%s connected to the broker %s with the client identifier %q, which %s was using.", rec.address, at, name, before)
		}
	}
	if se.fights >= 2 {
		rec.grade(ident.High, 0.85)
	}
	rec.peer(&was.owner)
	rec.peer(broker)
	rec.show(m.e, s, "CONNECT with a client identifier that is in use")
	rec.add(&m.e.ledger, s.when, 1)
}

func (m *mqttChecks) disconnect(s *sight, b *event.MQTT, broker *actor) {
	if se := m.sessions.get(mix(hostKey(s.Place, broker.addr), textKey(b.ClientID))); se != nil && se.flow == s.Flow {
		se.open = false
	}
}

// subscribe finds filters that match everything, and those that were refused.
func (m *mqttChecks) subscribe(s *sight, b *event.MQTT, client, broker *actor) {
	if se := m.sessions.get(mix(hostKey(s.Place, broker.addr), textKey(b.ClientID))); se != nil {
		se.last = s.when
	}
	for i := range b.Subscribe.Topics {
		t := &b.Subscribe.Topics[i]
		if b.Subscribe.Acked && t.Granted >= 128 {
			m.refuse(s, client, broker, t.Filter)
			continue
		}
		wide := widest(t.Filter)
		if wide == "" {
			continue
		}
		rec := m.e.report("mqtt.eavesdropping", s, client, "")
		if rec.isNew() {
			if !b.Subscribe.Acked {
				rec.rate(ident.Low, 0.5)
			}
			filters := &wordSet{}
			rec.memory = filters
			at, id := broker.String(), clip(b.ClientID, 60)
			rec.tell = func() string {
				return fmt.Sprintf("%s (client identifier %q) subscribed to %s on the broker %s.", rec.address, id, filters.String(), at)
			}
		}
		if rec != nil {
			if f, ok := rec.memory.(*wordSet); ok {
				f.add(t.Filter)
			}
		}
		if b.Subscribe.Acked && wide == "everything" {
			rec.grade(ident.Medium, 0.75)
		}
		rec.peer(broker)
		if rec.wants(s) {
			rec.show(m.e, s, "SUBSCRIBE to "+t.Filter)
		}
		rec.add(&m.e.ledger, s.when, 1)
	}
}

// widest says what a filter matches when that is more than any one part of
// the topics: everything, or the broker's internals.
func widest(filter string) string {
	if strings.HasPrefix(filter, "$share/") {
		if parts := strings.SplitN(filter, "/", 3); len(parts) == 3 {
			filter = parts[2]
		}
	}
	if filter == "$SYS/#" || filter == "$CONTROL/#" {
		return "internals"
	}
	f := strings.TrimPrefix(filter, "/")
	levels := strings.Split(f, "/")
	for _, l := range levels {
		if l != "+" && l != "#" {
			return ""
		}
	}
	if levels[len(levels)-1] == "#" || len(levels) >= 2 {
		return "everything"
	}
	return ""
}

func (m *mqttChecks) refuse(s *sight, client, broker *actor, topic string) {
	r := m.refused.make(mix(hostKey(s.Place, client.addr), addrKey(broker.addr)))
	r.shown.add(topic)
	if r.recent.add(s, textKey(topic), aclSpan) < aclLimit {
		return
	}
	rec := m.e.reportAt("mqtt.acl-probe", s, client, by(broker))
	n := uint64(1)
	if rec.isNew() {
		r.keep()
		n = uint64(len(r.recent.marks))
		rec.since(r.recent.marks, aclSpan)
		rec.trail(m.e, r.recent.marks, "topic refused", false)
		at := broker.String()
		rec.tell = func() string {
			return fmt.Sprintf("The broker %s refused %s to %s (%s), within %s.", at, count(rec.n, "topic"), rec.address, r.shown.String(), span(rec.last-rec.first))
		}
	}
	rec.peer(broker)
	rec.add(&m.e.ledger, s.when, n)
}

// publish finds messages far larger than usual, and topics that were refused.
func (m *mqttChecks) publish(s *sight, b *event.MQTT, client, broker *actor) {
	if b.Publish.AckCode >= 128 {
		m.refuse(s, client, broker, b.Publish.Topic)
	}
	size := uint64(b.Publish.Len)
	z := m.sizes.make(hostKey(s.Place, broker.addr))
	mean := z.bytes / max(z.n, 1)
	z.n++
	z.bytes += min(size, largeMessage)
	if size < largeMessage || size < timesUsual*mean && size < hugeMessage || pictured(b.Publish.Head) && size < hugeMessage {
		return
	}
	rec := m.e.report("mqtt.oversize", s, client, "")
	if rec.isNew() {
		if size < hugeMessage && z.n < 10 && entropy(b.Publish.Head) > 2 {
			rec.rate(ident.Low, 0.5) // little is known of what is usual, and it is no mere filling
		}
		topic, at := clip(b.Publish.Topic, 60), broker.String()
		rec.tell = func() string {
			return fmt.Sprintf("%s published a message of %s on the topic %s of the broker %s, where messages have %s on average.", rec.address, volume(size), topic, at, volume(mean))
		}
	}
	rec.peer(broker)
	if rec.wants(s) {
		rec.show(m.e, s, fmt.Sprintf("PUBLISH of %d bytes", size))
	}
	rec.add(&m.e.ledger, s.when, 1)
}

// pictured reports whether a payload is a picture, as cameras publish them.
func pictured(head string) bool {
	return strings.HasPrefix(head, "\xff\xd8\xff") || strings.HasPrefix(head, "\x89PNG") || strings.HasPrefix(head, "RIFF")
}

// malformed counts messages that break a protocol's standard, by sender. One
// may be an accident.
func (e *Engine) malformed(check, protocol string, t *table[brokenSender], s *sight, b *event.Anomaly) {
	k := t.make(hostKey(s.Place, s.Src))
	k.names.add(b.Event)
	n := k.meter.add(s.when, minute, 1, 0)
	rec := e.report(check, s, &s.src, "")
	if rec.isNew() {
		k.keep()
		to := endpoint(s.Dst, s.DstPort)
		rec.tell = func() string {
			return fmt.Sprintf("%s sent %s to %s that %s the %s standard (%s).", rec.address, count(rec.n, "message"), to, verb(rec.n, "breaks", "break"), protocol, k.names.String())
		}
	}
	if n >= brokenLimit {
		rec.grade(ident.Medium, 0.85)
	}
	rec.peer(&s.dst)
	if rec.wants(s) {
		rec.show(e, s, strings.TrimSpace("malformed: "+b.Event+" "+b.Detail))
	}
	rec.add(&e.ledger, s.when, 1)
}

// verb chooses between the forms of a verb.
func verb(n uint64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
