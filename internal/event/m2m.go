package event

// MQTT is one MQTT exchange (OASIS MQTT 3.1.1 and 5.0; MQTT 3.1 by IBM):
// a request with its acknowledgement. Exactly one of the nested parts is set,
// named after the packet type as in Suricata's EVE.
//
//event:kind mqtt
type MQTT struct {
	Type        string          `eve:"-" cbor:"1" col:"verb"` // lower-case packet type
	Version     uint8           `eve:"-" cbor:"2"`            // 3, 4, 5; 0 unknown
	Connect     MQTTConnect     `eve:"connect" cbor:"3"`
	Connack     MQTTConnack     `eve:"connack" cbor:"4"`
	Publish     MQTTPublish     `eve:"publish" cbor:"5"`
	Ack         MQTTAck         `eve:"ack" cbor:"6"` // PUBACK, PUBREC, PUBREL, PUBCOMP seen without their PUBLISH
	Subscribe   MQTTSubscribe   `eve:"subscribe" cbor:"7"`
	Unsubscribe MQTTUnsubscribe `eve:"unsubscribe" cbor:"8"`
	Disconnect  MQTTDisconnect  `eve:"disconnect" cbor:"9"`
	Auth        MQTTAuth        `eve:"auth" cbor:"10"`
	Dir         Dir             `eve:"-" cbor:"11"`                    // who sent it
	ClientID    string          `eve:"client_id" cbor:"12" col:"user"` // of the session, when known
	User        string          `eve:"session_user" cbor:"13" col:"user"`
	Client      string          `eve:"-" cbor:"14"`
	WebSocket   bool            `eve:"websocket" cbor:"15"`
	Malformed   string          `eve:"malformed" cbor:"16"` // reason, when the packet breaks the standard
	Length      uint32          `eve:"length" cbor:"17"`    // remaining length
}

// MQTTConnect is a CONNECT packet.
type MQTTConnect struct {
	Protocol   string   `eve:"protocol_string" cbor:"1"`
	Version    uint8    `eve:"protocol_version" cbor:"2"`
	ClientID   string   `eve:"client_id" cbor:"3" col:"user"`
	Clean      bool     `eve:"clean_session" cbor:"4"`
	KeepAlive  uint16   `eve:"keep_alive" cbor:"5"`
	User       string   `eve:"username" cbor:"6" col:"user"`
	Password   Secret   `eve:"password" cbor:"7"`
	WillTopic  string   `eve:"will_topic" cbor:"8"`
	WillQoS    uint8    `eve:"will_qos" cbor:"9"`
	WillRetain bool     `eve:"will_retain" cbor:"10"`
	WillLen    uint32   `eve:"will_len" cbor:"11"`
	HasUser    bool     `eve:"-" cbor:"12"`
	HasPass    bool     `eve:"-" cbor:"13"`
	Expiry     uint32   `eve:"session_expiry_interval" cbor:"14"`
	ReceiveMax uint16   `eve:"receive_maximum" cbor:"15"`
	MaxPacket  uint32   `eve:"maximum_packet_size" cbor:"16"`
	AuthMethod string   `eve:"authentication_method" cbor:"17"`
	UserProps  []string `eve:"user_properties" cbor:"18"` // "name=value"
}

// MQTTConnack is a CONNACK packet.
type MQTTConnack struct {
	Sent       bool   `eve:"-" cbor:"1"`
	Session    bool   `eve:"session_present" cbor:"2"`
	Code       uint8  `eve:"return_code,with=Sent" cbor:"3" col:"status"`
	Reason     string `eve:"reason" cbor:"4" col:"status"`
	AssignedID string `eve:"assigned_client_identifier" cbor:"5"`
	KeepAlive  uint16 `eve:"server_keep_alive" cbor:"6"`
	MaxQoS     uint8  `eve:"maximum_qos" cbor:"7"`
	Reference  string `eve:"server_reference" cbor:"8"`
}

// MQTTPublish is a PUBLISH packet with how far its acknowledgement got.
type MQTTPublish struct {
	Topic     string   `eve:"topic" cbor:"1" col:"path"`
	QoS       uint8    `eve:"qos" cbor:"2"`
	Retain    bool     `eve:"retain" cbor:"3"`
	Dup       bool     `eve:"dup" cbor:"4"`
	MessageID uint16   `eve:"message_id" cbor:"5"`
	Len       uint32   `eve:"message_len" cbor:"6"`
	Head      string   `eve:"-" cbor:"-"`     // first bytes of the payload, at most 256
	State     string   `eve:"state" cbor:"8"` // acked, received, completed, pending
	AckCode   uint8    `eve:"ack_reason_code" cbor:"9"`
	Alias     uint16   `eve:"topic_alias" cbor:"10"`
	Content   string   `eve:"content_type" cbor:"11"`
	RespTopic string   `eve:"response_topic" cbor:"12"`
	Expiry    uint32   `eve:"message_expiry_interval" cbor:"13"`
	UserProps []string `eve:"user_properties" cbor:"14"`
}

// MQTTAck is an acknowledgement whose cause was not seen.
type MQTTAck struct {
	Name      string `eve:"type" cbor:"1"`
	MessageID uint16 `eve:"message_id" cbor:"2"`
	Code      uint8  `eve:"reason_code" cbor:"3"`
}

// MQTTSubscribe is a SUBSCRIBE with its SUBACK.
type MQTTSubscribe struct {
	MessageID uint16      `eve:"message_id" cbor:"1"`
	Topics    []MQTTTopic `eve:"topics" cbor:"2"`
	Acked     bool        `eve:"acked" cbor:"3"`
}

// MQTTTopic is one filter of a SUBSCRIBE.
type MQTTTopic struct {
	Filter  string `eve:"topic" cbor:"1" col:"path"`
	QoS     uint8  `eve:"qos,keep" cbor:"2"`
	Granted uint8  `eve:"reason_code" cbor:"3"` // of the SUBACK: 0..2 granted, 128 and up refused
}

// MQTTUnsubscribe is an UNSUBSCRIBE with its UNSUBACK.
type MQTTUnsubscribe struct {
	MessageID uint16   `eve:"message_id" cbor:"1"`
	Topics    []string `eve:"topics" cbor:"2" col:"path"`
	Acked     bool     `eve:"acked" cbor:"3"`
}

// MQTTDisconnect is a DISCONNECT, or the end of the connection without one.
type MQTTDisconnect struct {
	Seen   bool   `eve:"-" cbor:"1"`
	Code   uint8  `eve:"reason_code" cbor:"2"`
	Reason string `eve:"reason" cbor:"3" col:"status"`
	Abrupt bool   `eve:"abrupt" cbor:"4"` // the connection ended without a DISCONNECT
}

// MQTTAuth is an AUTH packet of MQTT 5.
type MQTTAuth struct {
	Code   uint8  `eve:"reason_code" cbor:"1"`
	Method string `eve:"method" cbor:"2"`
}

// MQTTSN is one MQTT-SN message (specification 1.2).
//
//event:kind mqttsn
type MQTTSN struct {
	Type     string `eve:"type,keep" cbor:"1" col:"verb"`
	ClientID string `eve:"client_id" cbor:"2" col:"user"`
	Topic    string `eve:"topic" cbor:"3" col:"path"`
	TopicID  uint16 `eve:"topic_id" cbor:"4"`
	MsgID    uint16 `eve:"message_id" cbor:"5"`
	QoS      uint8  `eve:"qos" cbor:"6"`
	Retain   bool   `eve:"retain" cbor:"7"`
	Code     uint8  `eve:"return_code" cbor:"8" col:"status"`
	Gateway  uint8  `eve:"gateway_id" cbor:"9"`
	Len      uint32 `eve:"message_len" cbor:"10"`
	Duration uint16 `eve:"duration" cbor:"11"`
	Dir      Dir    `eve:"-" cbor:"12"`
}

// CoAP is a request with its response (RFC 7252), or one message alone.
//
//event:kind coap
type CoAP struct {
	Type          string   `eve:"type" cbor:"1"`          // CON, NON, ACK, RST; TCP for RFC 8323
	RespType      string   `eve:"response_type" cbor:"2"` // of the answer: ACK when it is piggybacked, RST when it is refused
	Method        string   `eve:"method" cbor:"3" col:"verb"`
	Code          string   `eve:"code" cbor:"4" col:"status"` // of the response, "2.05"
	MessageID     uint16   `eve:"message_id" cbor:"5"`
	Token         string   `eve:"token" cbor:"6"`
	Path          string   `eve:"path" cbor:"7" col:"path"`
	Query         string   `eve:"query" cbor:"8"`
	Host          string   `eve:"uri_host" cbor:"9" col:"name"`
	Proxy         string   `eve:"proxy_uri" cbor:"10"`
	ContentFormat string   `eve:"content_format" cbor:"11"`
	Accept        string   `eve:"accept" cbor:"12"`
	Observe       string   `eve:"observe" cbor:"13"` // register, deregister, notify
	Block1        string   `eve:"block1" cbor:"14"`  // "number/more/size"
	Block2        string   `eve:"block2" cbor:"15"`
	ReqLen        uint32   `eve:"request_len" cbor:"16"`  // bytes of the datagrams
	RespLen       uint32   `eve:"response_len" cbor:"17"` // bytes of the datagrams
	PayloadLen    uint32   `eve:"payload_len" cbor:"18"`  // of the request
	Head          string   `eve:"-" cbor:"-"`             // first bytes of the request's payload, at most 256
	RespHead      string   `eve:"-" cbor:"-"`
	Answered      bool     `eve:"answered" cbor:"21"`
	Notification  bool     `eve:"notification" cbor:"22"`
	Signal        string   `eve:"signal" cbor:"23" col:"verb"` // of RFC 8323: CSM, Ping, Pong, Release, Abort
	LwM2M         string   `eve:"lwm2m" cbor:"24"`             // register, update, deregister, read, write, execute, bootstrap ...
	Endpoint      string   `eve:"lwm2m_endpoint" cbor:"25" col:"user"`
	Object        string   `eve:"lwm2m_path" cbor:"26"` // "/3/0/2"
	Links         []string `eve:"links" cbor:"27"`      // of a CoRE link-format answer, at most 32
	Retransmits   uint16   `eve:"retransmits" cbor:"28"`
	OSCORE        bool     `eve:"oscore" cbor:"29"`
	Malformed     string   `eve:"malformed" cbor:"30"`
	Multicast     bool     `eve:"multicast" cbor:"31"`
	Dir           Dir      `eve:"-" cbor:"32"`
}

// AMQP is the opening of an AMQP connection (0-9-1 and OASIS 1.0).
//
//event:kind amqp
type AMQP struct {
	Version     string   `eve:"version" cbor:"1"`
	Method      string   `eve:"method" cbor:"2" col:"verb"` // connection.start ...; open, sasl-init
	Product     string   `eve:"product" cbor:"3"`
	ProductVer  string   `eve:"product_version" cbor:"4"`
	Platform    string   `eve:"platform" cbor:"5"`
	Mechanism   string   `eve:"mechanism" cbor:"6"`
	Mechanisms  []string `eve:"mechanisms" cbor:"7"`
	User        string   `eve:"username" cbor:"8" col:"user"`
	VHost       string   `eve:"vhost" cbor:"9" col:"path"`
	ContainerID string   `eve:"container_id" cbor:"10"`
	Hostname    string   `eve:"hostname" cbor:"11" col:"name"`
	ReplyCode   uint16   `eve:"reply_code" cbor:"12" col:"status"`
	ReplyText   string   `eve:"reply_text" cbor:"13"`
	Exchange    string   `eve:"exchange" cbor:"14" col:"path"`
	Queue       string   `eve:"queue" cbor:"15" col:"path"`
}

// Kasa is a TP-Link Smart Home message.
//
//event:kind kasa
type Kasa struct {
	Command  string `eve:"command" cbor:"1" col:"verb"` // "system.get_sysinfo"
	Write    bool   `eve:"write" cbor:"2"`
	Alias    string `eve:"alias" cbor:"3" col:"name"`
	Model    string `eve:"model" cbor:"4"`
	Software string `eve:"sw_ver" cbor:"5"`
	Hardware string `eve:"hw_ver" cbor:"6"`
	DeviceID string `eve:"device_id" cbor:"7"`
	Type     string `eve:"mic_type" cbor:"8"`
	MAC      string `eve:"mac" cbor:"9"`
	Error    int32  `eve:"err_code" cbor:"10" col:"status"`
}

// Tuya is a Tuya LAN message.
//
//event:kind tuya
type Tuya struct {
	Command    uint32 `eve:"command,keep" cbor:"1"`
	Name       string `eve:"name" cbor:"2" col:"verb"`
	GatewayID  string `eve:"gw_id" cbor:"3" col:"user"`
	ProductKey string `eve:"product_key" cbor:"4"`
	Version    string `eve:"version" cbor:"5"`
	Encrypted  bool   `eve:"encrypted" cbor:"6"`
}
