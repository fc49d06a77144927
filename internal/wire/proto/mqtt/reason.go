package mqtt

// Reason is a reason code of MQTT 5.0 (section 2.4), or the return code of a
// CONNACK or SUBACK of MQTT 3.
type Reason uint8

// The reason codes that code refers to.
const (
	Success                 Reason = 0x00
	NoMatchingSubscribers   Reason = 0x10
	ContinueAuthentication  Reason = 0x18
	ReAuthenticate          Reason = 0x19
	UnspecifiedError        Reason = 0x80
	MalformedPacket         Reason = 0x81
	ProtocolError           Reason = 0x82
	UnsupportedVersion      Reason = 0x84
	ClientIDNotValid        Reason = 0x85
	BadUserOrPassword       Reason = 0x86
	NotAuthorized           Reason = 0x87
	Banned                  Reason = 0x8a
	BadAuthenticationMethod Reason = 0x8c
	KeepAliveTimeout        Reason = 0x8d
	SessionTakenOver        Reason = 0x8e
	TopicFilterInvalid      Reason = 0x8f
	TopicNameInvalid        Reason = 0x90
	TopicAliasInvalid       Reason = 0x94
	PacketTooLarge          Reason = 0x95
	QuotaExceeded           Reason = 0x97
)

// The return codes of an MQTT 3.1 or 3.1.1 CONNACK.
const (
	RefusedVersion     Reason = 1
	RefusedIdentifier  Reason = 2
	RefusedUnavailable Reason = 3
	RefusedCredentials Reason = 4
	RefusedAuthority   Reason = 5
)

// reasonInfo names a reason code and the packets that may carry it: one bit a
// packet type, and for DISCONNECT and AUTH one more bit for each side.
type reasonInfo struct {
	name string
	in   uint32
}

const (
	inConnack    = 1 << CONNACK
	inPublishAck = 1<<PUBACK | 1<<PUBREC
	inRelease    = 1<<PUBREL | 1<<PUBCOMP
	inSuback     = 1 << SUBACK
	inUnsuback   = 1 << UNSUBACK
	byClient     = 1 << 16 // DISCONNECT
	byServer     = 1 << 17
	authClient   = 1 << 18
	authServer   = 1 << 19
	byBoth       = byClient | byServer
)

// reasons is table 2-6 of MQTT 5.0 with the tables of the single packets.
var reasons = [0xa3]reasonInfo{
	0x00: {"success", inConnack | inPublishAck | inRelease | inSuback | inUnsuback | byBoth | authServer},
	0x01: {"granted qos 1", inSuback},
	0x02: {"granted qos 2", inSuback},
	0x04: {"disconnect with will message", byClient},
	0x10: {"no matching subscribers", inPublishAck},
	0x11: {"no subscription existed", inUnsuback},
	0x18: {"continue authentication", authClient | authServer},
	0x19: {"re-authenticate", authClient},
	0x80: {"unspecified error", inConnack | inPublishAck | inSuback | inUnsuback | byBoth},
	0x81: {"malformed packet", inConnack | byBoth},
	0x82: {"protocol error", inConnack | byBoth},
	0x83: {"implementation specific error", inConnack | inPublishAck | inSuback | inUnsuback | byBoth},
	0x84: {"unsupported protocol version", inConnack},
	0x85: {"client identifier not valid", inConnack},
	0x86: {"bad user name or password", inConnack},
	0x87: {"not authorized", inConnack | inPublishAck | inSuback | inUnsuback | byServer},
	0x88: {"server unavailable", inConnack},
	0x89: {"server busy", inConnack | byServer},
	0x8a: {"banned", inConnack},
	0x8b: {"server shutting down", byServer},
	0x8c: {"bad authentication method", inConnack | byServer},
	0x8d: {"keep alive timeout", byServer},
	0x8e: {"session taken over", byServer},
	0x8f: {"topic filter invalid", inSuback | inUnsuback | byServer},
	0x90: {"topic name invalid", inConnack | inPublishAck | byBoth},
	0x91: {"packet identifier in use", inPublishAck | inSuback | inUnsuback},
	0x92: {"packet identifier not found", inRelease},
	0x93: {"receive maximum exceeded", byBoth},
	0x94: {"topic alias invalid", byBoth},
	0x95: {"packet too large", inConnack | byBoth},
	0x96: {"message rate too high", byBoth},
	0x97: {"quota exceeded", inConnack | inPublishAck | inSuback | byBoth},
	0x98: {"administrative action", byBoth},
	0x99: {"payload format invalid", inConnack | inPublishAck | byBoth},
	0x9a: {"retain not supported", inConnack | byServer},
	0x9b: {"qos not supported", inConnack | byServer},
	0x9c: {"use another server", inConnack | byServer},
	0x9d: {"server moved", inConnack | byServer},
	0x9e: {"shared subscriptions not supported", inSuback | byServer},
	0x9f: {"connection rate exceeded", inConnack | byServer},
	0xa0: {"maximum connect time", byServer},
	0xa1: {"subscription identifiers not supported", inSuback | byServer},
	0xa2: {"wildcard subscriptions not supported", inSuback | byServer},
}

// String gives the name of MQTT 5.0 in lower case, "" for an unassigned code.
func (r Reason) String() string {
	if int(r) < len(reasons) {
		return reasons[r].name
	}
	return ""
}

// connackV3 names the return codes of table 3.1 of MQTT 3.1.1.
var connackV3 = [6]string{
	"connection accepted", "unacceptable protocol version", "identifier rejected",
	"server unavailable", "bad user name or password", "not authorized",
}

// ConnackReason names the code of a CONNACK of version v, "" when unassigned.
func ConnackReason(v Version, code Reason) string {
	if v == V5 {
		return code.String()
	}
	if int(code) < len(connackV3) {
		return connackV3[code]
	}
	return ""
}

// allowed reports whether a packet of type t from side s may carry the code.
// Codes of MQTT 3 CONNACK and SUBACK have their own, shorter lists.
func (r Reason) allowed(v Version, t Type, s Side) bool {
	if v != V5 {
		switch t {
		case CONNACK:
			return int(r) < len(connackV3)
		case SUBACK:
			return r <= 2 || r == UnspecifiedError && v != V31
		}
		return r == Success
	}
	if int(r) >= len(reasons) {
		return false
	}
	in := reasons[r].in
	client, server := uint32(byClient), uint32(byServer)
	switch t {
	case AUTH:
		client, server = authClient, authServer
	case DISCONNECT:
	default:
		return in&(1<<t) != 0
	}
	switch s {
	case Client:
		return in&client != 0
	case Server:
		return in&server != 0
	}
	return in&(client|server) != 0
}

// Denied reports whether a CONNACK code of version v says that the client is
// not who it claims to be or may not come in; other refusals have nothing to
// do with its credentials.
func Denied(v Version, code Reason) bool {
	if v != V5 {
		return code == RefusedCredentials || code == RefusedAuthority
	}
	switch code {
	case BadUserOrPassword, NotAuthorized, Banned, BadAuthenticationMethod:
		return true
	}
	return false
}
