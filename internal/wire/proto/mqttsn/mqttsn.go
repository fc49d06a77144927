// Package mqttsn reads and writes MQTT-SN 1.2 (Stanford-Clark and Truong,
// 2013), the form of MQTT for sensor networks: all messages, both directions,
// with the encapsulation that forwarders add. Its second half is the analyser.
//
// MQTT-SN has no mark by which it can be told from other datagrams, so it is
// recognised on its ports only, or by a CONNECT and its answer. It is no
// gateway. Sensor, rules, guard and scanner may use it.
package mqttsn

// Type is a message type (section 5.2.2).
type Type uint8

// The message types.
const (
	ADVERTISE     Type = 0x00
	SEARCHGW      Type = 0x01
	GWINFO        Type = 0x02
	CONNECT       Type = 0x04
	CONNACK       Type = 0x05
	WILLTOPICREQ  Type = 0x06
	WILLTOPIC     Type = 0x07
	WILLMSGREQ    Type = 0x08
	WILLMSG       Type = 0x09
	REGISTER      Type = 0x0a
	REGACK        Type = 0x0b
	PUBLISH       Type = 0x0c
	PUBACK        Type = 0x0d
	PUBCOMP       Type = 0x0e
	PUBREC        Type = 0x0f
	PUBREL        Type = 0x10
	SUBSCRIBE     Type = 0x12
	SUBACK        Type = 0x13
	UNSUBSCRIBE   Type = 0x14
	UNSUBACK      Type = 0x15
	PINGREQ       Type = 0x16
	PINGRESP      Type = 0x17
	DISCONNECT    Type = 0x18
	WILLTOPICUPD  Type = 0x1a
	WILLTOPICRESP Type = 0x1b
	WILLMSGUPD    Type = 0x1c
	WILLMSGRESP   Type = 0x1d
	FORWARD       Type = 0xfe // a message with what a forwarder adds (section 5.5)
)

// String gives the type in lower case, "" for a reserved one.
func (t Type) String() string {
	if t == FORWARD {
		return "forward"
	}
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return ""
}

var typeNames = [...]string{
	"advertise", "searchgw", "gwinfo", "", "connect", "connack", "willtopicreq", "willtopic",
	"willmsgreq", "willmsg", "register", "regack", "publish", "puback", "pubcomp", "pubrec",
	"pubrel", "", "subscribe", "suback", "unsubscribe", "unsuback", "pingreq", "pingresp",
	"disconnect", "", "willtopicupd", "willtopicresp", "willmsgupd", "willmsgresp",
}

// TopicKind says what a topic identifier is (section 5.3.4).
type TopicKind uint8

// The kinds of topic identifiers. In SUBSCRIBE and UNSUBSCRIBE the first one
// stands for a topic name.
const (
	Normal     TopicKind = 0
	Predefined TopicKind = 1
	Short      TopicKind = 2 // two characters are the topic name itself
)

// Message is one message. Slices are views into the decoded bytes. Only the
// fields of its type are set.
type Message struct {
	Type      Type
	Dup       bool
	QoS       uint8 // 3 stands for -1: PUBLISH without a connection
	Retain    bool
	Will      bool
	Clean     bool
	TopicKind TopicKind
	TopicID   uint16
	MsgID     uint16
	Code      uint8 // return code (section 5.3.10)
	Gateway   uint8
	Radius    uint8
	Duration  uint16 // seconds: keep-alive, sleep, or time to the next ADVERTISE
	HasSleep  bool   // DISCONNECT: Duration is there
	ClientID  []byte
	Topic     []byte // name, filter or will topic
	Payload   []byte // of PUBLISH; of WILLMSG and WILLMSGUPD the message
	Address   []byte // GWINFO: gateway; FORWARD: wireless node
	Inner     []byte // FORWARD: the message itself
}

// Fault is a breach of the specification. Name is stable.
type Fault struct {
	Name string
	text string
}

func (f *Fault) Error() string { return "mqttsn: " + f.text }

// The faults.
var (
	ErrLength   = &Fault{"length", "the length is not that of the datagram"}
	ErrType     = &Fault{"message_type", "the message type is reserved"}
	ErrField    = &Fault{"truncated_field", "a field runs past the end of the message"}
	ErrTrailing = &Fault{"trailing_bytes", "bytes follow the last field"}
	ErrFlags    = &Fault{"flags", "the topic type is reserved"}
	ErrProtocol = &Fault{"protocol_id", "the protocol identifier is not 1"}
	ErrClientID = &Fault{"client_id", "the client identifier has not 1 to 23 characters"}
	ErrUTF8     = &Fault{"string_utf8", "a string is not well-formed UTF-8"}
	ErrCode     = &Fault{"return_code", "the return code is reserved"}
)

// The bits of the flags (section 5.3.4).
const (
	flagDup    = 0x80
	flagRetain = 0x10
	flagWill   = 0x08
	flagClean  = 0x04
)
