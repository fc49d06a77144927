// Package mqtt reads and writes MQTT 3.1 (IBM), 3.1.1 (OASIS, ISO/IEC 20922)
// and 5.0 (OASIS): every packet type in both directions, strictly as the
// standards say or leniently with a list of what was wrong. Its second half is
// the analyser that turns a connection into facts.
//
// The codec knows packets, not sessions: what only the order of packets makes
// wrong is the analyser's and the guard's business. It is no client and no
// broker. Sensor, rules, guard and scanner may use it.
package mqtt

import "errors"

// ErrShort says that the packet goes on behind the bytes at hand.
var ErrShort = errors.New("mqtt: the packet is not complete")

// Version is a protocol level as the CONNECT packet carries it.
type Version uint8

// The protocol levels. Zero stands for an unknown one and is decoded as 3.1.1.
const (
	V31  Version = 3
	V311 Version = 4
	V5   Version = 5
)

// Type is a control packet type (MQTT 5.0 section 2.1.2).
type Type uint8

// The control packet types.
const (
	Reserved Type = iota
	CONNECT
	CONNACK
	PUBLISH
	PUBACK
	PUBREC
	PUBREL
	PUBCOMP
	SUBSCRIBE
	SUBACK
	UNSUBSCRIBE
	UNSUBACK
	PINGREQ
	PINGRESP
	DISCONNECT
	AUTH
)

var typeNames = [16]string{
	"reserved", "connect", "connack", "publish", "puback", "pubrec", "pubrel", "pubcomp",
	"subscribe", "suback", "unsubscribe", "unsuback", "pingreq", "pingresp", "disconnect", "auth",
}

// String gives the type in lower case, as Suricata's EVE does.
func (t Type) String() string { return typeNames[t&15] }

// Side is who sends a packet.
type Side uint8

// The two sides, and no knowledge of which.
const (
	AnySide Side = iota
	Client
	Server
)

// Packet is one control packet. Slices are views into the decoded bytes.
type Packet struct {
	Type      Type
	Version   Version // the level by which it was read
	Flags     uint8   // low four bits of the first byte
	Remaining int     // remaining length

	Dup    bool // PUBLISH
	QoS    uint8
	Retain bool

	ID       uint16
	Code     Reason // CONNACK, PUBACK ... PUBCOMP, DISCONNECT, AUTH
	Session  bool   // CONNACK: session present
	Topic    []byte // PUBLISH
	Payload  []byte // PUBLISH: what there is of it
	Size     int    // PUBLISH: bytes of the whole payload
	Filters  []Filter
	Codes    []byte // SUBACK, UNSUBACK
	Connect  Connect
	Props    Properties
	Faults   []*Fault // what the lenient decoder let pass, at most 8
	bodyless bool     // PUBACK ..., DISCONNECT, AUTH without a reason code byte
}

// Connect is the content of a CONNECT packet.
type Connect struct {
	Protocol    []byte
	Version     Version // without the bridge bit
	Bridge      bool    // mosquitto's extension: the highest bit of the level
	Clean       bool
	KeepAlive   uint16 // seconds
	ClientID    []byte
	HasWill     bool
	Will        Will
	HasUser     bool
	HasPassword bool
	User        []byte
	Password    []byte
}

// Will is the message that the server publishes for a client that is lost.
type Will struct {
	QoS     uint8
	Retain  bool
	Topic   []byte
	Payload []byte
	Props   Properties
}

// Filter is one entry of a SUBSCRIBE or UNSUBSCRIBE. Options is 0 in the latter.
type Filter struct {
	Topic   []byte
	Options uint8
}

// QoS gives the highest QoS that the subscriber wants.
func (f Filter) QoS() uint8 { return f.Options & 3 }

// NoLocal says that the client's own messages are not wanted.
func (f Filter) NoLocal() bool { return f.Options&4 != 0 }

// RetainAsPublished says that the RETAIN flag is to be kept.
func (f Filter) RetainAsPublished() bool { return f.Options&8 != 0 }

// RetainHandling says when retained messages are sent: 0 always, 1 for a new
// subscription, 2 never.
func (f Filter) RetainHandling() uint8 { return f.Options >> 4 & 3 }

// Reset empties the packet and keeps the memory of its slices, up to a bound.
func (p *Packet) Reset() {
	filters, faults := p.Filters[:0], p.Faults[:0]
	if cap(filters) > maxKept {
		filters = nil
	}
	p.Props.Reset()
	p.Connect.Will.Props.Reset()
	props, will := p.Props, p.Connect.Will.Props
	*p = Packet{Filters: filters, Faults: faults, Props: props}
	p.Connect.Will.Props = will
}

// maxKept is how many elements a slice of a reused packet may hold on to.
const maxKept = 256
