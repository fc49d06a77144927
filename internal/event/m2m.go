package event

// MQTT is one MQTT exchange (OASIS MQTT 3.1.1 and 5.0; MQTT 3.1 by IBM):
// a request with its acknowledgement. Exactly one of the nested parts is set,
// named after the packet type as in Suricata's EVE.
//
//event:kind mqtt
type MQTT struct {
	Type        string          `eve:"-"` // lower-case packet type
	Version     uint8           `eve:"-"` // 3, 4, 5; 0 unknown
	Connect     MQTTConnect     `eve:"connect"`
	Connack     MQTTConnack     `eve:"connack"`
	Publish     MQTTPublish     `eve:"publish"`
	Ack         MQTTAck         `eve:"ack"` // PUBACK, PUBREC, PUBREL, PUBCOMP seen without their PUBLISH
	Subscribe   MQTTSubscribe   `eve:"subscribe"`
	Unsubscribe MQTTUnsubscribe `eve:"unsubscribe"`
	Disconnect  MQTTDisconnect  `eve:"disconnect"`
	Auth        MQTTAuth        `eve:"auth"`
	Dir         Dir             `eve:"-"`         // who sent it
	ClientID    string          `eve:"client_id"` // of the session, when known
	User        string          `eve:"session_user"`
	Client      string          `eve:"-"`
	WebSocket   bool            `eve:"websocket"`
	Malformed   string          `eve:"malformed"` // reason, when the packet breaks the standard
	Length      uint32          `eve:"length"`    // remaining length
}

// MQTTConnect is a CONNECT packet.
type MQTTConnect struct {
	Protocol   string   `eve:"protocol_string"`
	Version    uint8    `eve:"protocol_version"`
	ClientID   string   `eve:"client_id"`
	Clean      bool     `eve:"clean_session"`
	KeepAlive  uint16   `eve:"keep_alive"`
	User       string   `eve:"username"`
	Password   Secret   `eve:"password"`
	WillTopic  string   `eve:"will_topic"`
	WillQoS    uint8    `eve:"will_qos"`
	WillRetain bool     `eve:"will_retain"`
	WillLen    uint32   `eve:"will_len"`
	HasUser    bool     `eve:"-"`
	HasPass    bool     `eve:"-"`
	Expiry     uint32   `eve:"session_expiry_interval"`
	ReceiveMax uint16   `eve:"receive_maximum"`
	MaxPacket  uint32   `eve:"maximum_packet_size"`
	AuthMethod string   `eve:"authentication_method"`
	UserProps  []string `eve:"user_properties"` // "name=value"
}

// MQTTConnack is a CONNACK packet.
type MQTTConnack struct {
	Sent       bool   `eve:"-"`
	Session    bool   `eve:"session_present"`
	Code       uint8  `eve:"return_code"`
	Reason     string `eve:"reason"`
	AssignedID string `eve:"assigned_client_identifier"`
	KeepAlive  uint16 `eve:"server_keep_alive"`
	MaxQoS     uint8  `eve:"maximum_qos"`
	Reference  string `eve:"server_reference"`
}

// MQTTPublish is a PUBLISH packet with how far its acknowledgement got.
type MQTTPublish struct {
	Topic     string   `eve:"topic"`
	QoS       uint8    `eve:"qos"`
	Retain    bool     `eve:"retain"`
	Dup       bool     `eve:"dup"`
	MessageID uint16   `eve:"message_id"`
	Len       uint32   `eve:"message_len"`
	Head      string   `eve:"-"`     // first bytes of the payload, at most 256
	State     string   `eve:"state"` // acked, received, completed, pending
	AckCode   uint8    `eve:"ack_reason_code"`
	Alias     uint16   `eve:"topic_alias"`
	Content   string   `eve:"content_type"`
	RespTopic string   `eve:"response_topic"`
	Expiry    uint32   `eve:"message_expiry_interval"`
	UserProps []string `eve:"user_properties"`
}

// MQTTAck is an acknowledgement whose cause was not seen.
type MQTTAck struct {
	Name      string `eve:"type"`
	MessageID uint16 `eve:"message_id"`
	Code      uint8  `eve:"reason_code"`
}

// MQTTSubscribe is a SUBSCRIBE with its SUBACK.
type MQTTSubscribe struct {
	MessageID uint16      `eve:"message_id"`
	Topics    []MQTTTopic `eve:"topics"`
	Acked     bool        `eve:"acked"`
}

// MQTTTopic is one filter of a SUBSCRIBE.
type MQTTTopic struct {
	Filter  string `eve:"topic"`
	QoS     uint8  `eve:"qos,keep"`
	Granted uint8  `eve:"reason_code"` // of the SUBACK: 0..2 granted, 128 and up refused
}

// MQTTUnsubscribe is an UNSUBSCRIBE with its UNSUBACK.
type MQTTUnsubscribe struct {
	MessageID uint16   `eve:"message_id"`
	Topics    []string `eve:"topics"`
	Acked     bool     `eve:"acked"`
}

// MQTTDisconnect is a DISCONNECT, or the end of the connection without one.
type MQTTDisconnect struct {
	Seen   bool   `eve:"-"`
	Code   uint8  `eve:"reason_code"`
	Reason string `eve:"reason"`
	Abrupt bool   `eve:"abrupt"` // the connection ended without a DISCONNECT
}

// MQTTAuth is an AUTH packet of MQTT 5.
type MQTTAuth struct {
	Code   uint8  `eve:"reason_code"`
	Method string `eve:"method"`
}

// MQTTSN is one MQTT-SN message (specification 1.2).
//
//event:kind mqttsn
type MQTTSN struct {
	Type     string `eve:"type,keep"`
	ClientID string `eve:"client_id"`
	Topic    string `eve:"topic"`
	TopicID  uint16 `eve:"topic_id"`
	MsgID    uint16 `eve:"message_id"`
	QoS      uint8  `eve:"qos"`
	Retain   bool   `eve:"retain"`
	Code     uint8  `eve:"return_code"`
	Gateway  uint8  `eve:"gateway_id"`
	Len      uint32 `eve:"message_len"`
	Duration uint16 `eve:"duration"`
	Dir      Dir    `eve:"-"`
}

// CoAP is a request with its response (RFC 7252), or one message alone.
//
//event:kind coap
type CoAP struct {
	Type          string   `eve:"type"`          // CON, NON, ACK, RST; TCP for RFC 8323
	RespType      string   `eve:"response_type"` // of the answer: ACK when it is piggybacked, RST when it is refused
	Method        string   `eve:"method"`
	Code          string   `eve:"code"` // of the response, "2.05"
	MessageID     uint16   `eve:"message_id"`
	Token         string   `eve:"token"`
	Path          string   `eve:"path"`
	Query         string   `eve:"query"`
	Host          string   `eve:"uri_host"`
	Proxy         string   `eve:"proxy_uri"`
	ContentFormat string   `eve:"content_format"`
	Accept        string   `eve:"accept"`
	Observe       string   `eve:"observe"` // register, deregister, notify
	Block1        string   `eve:"block1"`  // "number/more/size"
	Block2        string   `eve:"block2"`
	ReqLen        uint32   `eve:"request_len"`  // bytes of the datagrams
	RespLen       uint32   `eve:"response_len"` // bytes of the datagrams
	PayloadLen    uint32   `eve:"payload_len"`  // of the request
	Head          string   `eve:"-"`            // first bytes of the request's payload, at most 256
	RespHead      string   `eve:"-"`
	Answered      bool     `eve:"answered"`
	Notification  bool     `eve:"notification"`
	Signal        string   `eve:"signal"` // of RFC 8323: CSM, Ping, Pong, Release, Abort
	LwM2M         string   `eve:"lwm2m"`  // register, update, deregister, read, write, execute, bootstrap ...
	Endpoint      string   `eve:"lwm2m_endpoint"`
	Object        string   `eve:"lwm2m_path"` // "/3/0/2"
	Links         []string `eve:"links"`      // of a CoRE link-format answer, at most 32
	Retransmits   uint16   `eve:"retransmits"`
	OSCORE        bool     `eve:"oscore"`
	Malformed     string   `eve:"malformed"`
	Multicast     bool     `eve:"multicast"`
	Dir           Dir      `eve:"-"`
}

// AMQP is the opening of an AMQP connection (0-9-1 and OASIS 1.0).
//
//event:kind amqp
type AMQP struct {
	Version     string   `eve:"version"`
	Method      string   `eve:"method"` // connection.start ...; open, sasl-init
	Product     string   `eve:"product"`
	ProductVer  string   `eve:"product_version"`
	Platform    string   `eve:"platform"`
	Mechanism   string   `eve:"mechanism"`
	Mechanisms  []string `eve:"mechanisms"`
	User        string   `eve:"username"`
	VHost       string   `eve:"vhost"`
	ContainerID string   `eve:"container_id"`
	Hostname    string   `eve:"hostname"`
	ReplyCode   uint16   `eve:"reply_code"`
	ReplyText   string   `eve:"reply_text"`
	Exchange    string   `eve:"exchange"`
	Queue       string   `eve:"queue"`
}

// Kasa is a TP-Link Smart Home message.
//
//event:kind kasa
type Kasa struct {
	Command  string `eve:"command"` // "system.get_sysinfo"
	Write    bool   `eve:"write"`
	Alias    string `eve:"alias"`
	Model    string `eve:"model"`
	Software string `eve:"sw_ver"`
	Hardware string `eve:"hw_ver"`
	DeviceID string `eve:"device_id"`
	Type     string `eve:"mic_type"`
	MAC      string `eve:"mac"`
	Error    int32  `eve:"err_code"`
}

// Tuya is a Tuya LAN message.
//
//event:kind tuya
type Tuya struct {
	Command    uint32 `eve:"command,keep"`
	Name       string `eve:"name"`
	GatewayID  string `eve:"gw_id"`
	ProductKey string `eve:"product_key"`
	Version    string `eve:"version"`
	Encrypted  bool   `eve:"encrypted"`
}
