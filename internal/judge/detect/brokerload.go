package detect

import (
	"fmt"
	"strings"

	"edgeward/internal/event"
)

const (
	publishSpan   = 10 * second
	publishLimit  = 500 // messages of one host within the span
	retainSpan    = 60 * second
	retainLimit   = 150 // distinct topics on which one host leaves messages within the span
	retainBurst   = 300 // retained messages of one host within publishSpan
	idleSpan      = 60 * second
	idleLimit     = 20   // sessions of one host that ask never to be dropped and do nothing
	longAlive     = 3600 // seconds of keep-alive that no device needs
	maxLoads      = 4096
	maxIdle       = 256
	discoveryTail = "/config" // by which Home Assistant's clients announce themselves
)

// brokerLoad finds clients that burden a broker: floods of messages, retained
// messages, and idle sessions.
type brokerLoad struct {
	e     *Engine
	hosts *table[brokerClient]
}

// brokerClient is what is remembered of one host on one broker.
type brokerClient struct {
	pin
	messages meter
	topics   distinct
	retained int64 // start of the span in which retained topics are counted
	left     uint64
	burst    meter // retained messages
	idle     []idleSession
}

// idleSession is a session that asked not to be dropped and did nothing yet.
type idleSession struct {
	flow uint64
	time int64
	mark mark
}

func newBrokerLoad(e *Engine) *brokerLoad {
	return &brokerLoad{e: e, hosts: newTable[brokerClient](maxLoads)}
}

func (l *brokerLoad) kinds() []event.Kind { return []event.Kind{event.KindMQTT} }

func (l *brokerLoad) close() {}

func (l *brokerLoad) fact(s *sight) {
	b := s.Body.(*event.MQTT)
	if b.Dir == event.ToClient {
		return
	}
	h := l.hosts.make(mix(hostKey(s.Place, s.Src), addrKey(s.Dst)))
	switch b.Type {
	case "connect":
		l.connect(s, b, h)
	case "publish":
		l.awake(s, h)
		l.publish(s, b, h)
	case "subscribe", "disconnect":
		if b.Type == "subscribe" || !b.Disconnect.Abrupt {
			l.awake(s, h)
		}
	}
}

// awake takes a session that does something out of the idle ones.
func (l *brokerLoad) awake(s *sight, h *brokerClient) {
	for i := range h.idle {
		if h.idle[i].flow == s.Flow {
			h.idle = append(h.idle[:i], h.idle[i+1:]...)
			return
		}
	}
}

func (l *brokerLoad) connect(s *sight, b *event.MQTT, h *brokerClient) {
	if b.Connect.KeepAlive != 0 && b.Connect.KeepAlive < longAlive {
		return
	}
	if len(h.idle) >= maxIdle {
		h.idle = h.idle[1:]
	}
	h.idle = append(h.idle, idleSession{flow: s.Flow, time: s.when, mark: mark{time: s.when, packet: s.Packet, capture: s.Capture}})
	n := 0
	for i := range h.idle {
		if near(h.idle[i].time, s.when, idleSpan) {
			n++
		}
	}
	if n < idleLimit {
		return
	}
	rec := l.e.report("mqtt.slow-clients", s, &s.src, "")
	m := uint64(1)
	if rec.isNew() {
		m = uint64(n)
		for i := range h.idle[:min(len(h.idle), 8)] {
			rec.trail(l.e, []mark{h.idle[i].mark}, "CONNECT of a session that does nothing", false)
			rec.since([]mark{h.idle[i].mark}, idleSpan)
		}
		at, alive := endpoint(s.Dst, s.DstPort), b.Connect.KeepAlive
		rec.tell = func() string {
			asks := fmt.Sprintf("a keep-alive of %d seconds", alive)
			if alive == 0 {
				asks = "no keep-alive at all"
			}
			return fmt.Sprintf("%s opened %s on the broker %s that did nothing and asked for %s, within %s.", rec.address, count(rec.n, "session"), at, asks, span(rec.last-rec.first))
		}
	}
	rec.peer(&s.dst)
	rec.add(&l.e.ledger, s.when, m)
}

func (l *brokerLoad) publish(s *sight, b *event.MQTT, h *brokerClient) {
	if n := h.messages.add(s.when, publishSpan, 1, uint64(b.Publish.Len)); n >= publishLimit {
		rec := l.e.report("mqtt.flood", s, &s.src, "")
		m := uint64(1)
		if rec.isNew() {
			m = n
			at := endpoint(s.Dst, s.DstPort)
			rec.tell = func() string {
				return fmt.Sprintf("%s published %s on the broker %s, %d or more within %s.", rec.address, count(rec.n, "message"), at, publishLimit, span(publishSpan))
			}
		}
		rec.peer(&s.dst)
		rec.show(l.e, s, "PUBLISH of the flood")
		rec.add(&l.e.ledger, s.when, m)
	}
	if !b.Publish.Retain || strings.HasSuffix(b.Publish.Topic, discoveryTail) {
		return
	}
	if h.left == 0 || !near(h.retained, s.when, retainSpan) {
		h.retained, h.left, h.topics = s.when, 0, distinct{}
	}
	h.left++
	h.topics.add(textKey(b.Publish.Topic))
	if h.burst.add(s.when, publishSpan, 1, 0) < retainBurst && h.topics.count() < retainLimit {
		return
	}
	rec := l.e.report("mqtt.retained-flood", s, &s.src, "")
	m := uint64(1)
	if rec.isNew() {
		h.keep()
		m = h.left
		rec.first = min(rec.first, h.retained)
		at, topic := endpoint(s.Dst, s.DstPort), clip(b.Publish.Topic, 60)
		rec.tell = func() string {
			return fmt.Sprintf("%s left %s on %s of the broker %s (such as %s), within %s.", rec.address, count(rec.n, "retained message"), count(h.topics.count(), "topic"), at, topic, span(rec.last-rec.first))
		}
	}
	rec.peer(&s.dst)
	rec.show(l.e, s, "PUBLISH with the retain flag")
	rec.add(&l.e.ledger, s.when, m)
}
