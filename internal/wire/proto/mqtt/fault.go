package mqtt

// Fault is a breach of the standard. Faults are values of this package and
// are compared by identity; Name is stable and goes into facts and findings.
type Fault struct {
	Name string
	Code Reason // what MQTT 5.0 answers with, in CONNACK or DISCONNECT
	text string
}

func (f *Fault) Error() string { return "mqtt: " + f.text }

// ConnackCode gives the return code with which a server of version v refuses a
// CONNECT that has this fault. MQTT 3 has codes for two faults only; for all
// others the server closes the connection without an answer and ok is false.
func (f *Fault) ConnackCode(v Version) (code Reason, ok bool) {
	if v == V5 {
		return f.Code, true
	}
	switch f {
	case ErrVersion:
		return RefusedVersion, true
	case ErrClientID:
		return RefusedIdentifier, true
	}
	return 0, false
}

// The faults. Their comments name the requirement of MQTT 5.0, or of 3.1.1
// where that differs.
var (
	ErrLength        = &Fault{"remaining_length", MalformedPacket, "a variable byte integer has more than four bytes"}           // 1.5.5
	ErrNotMinimal    = &Fault{"length_not_minimal", MalformedPacket, "a variable byte integer is longer than needed"}            // MQTT-1.5.5-1
	ErrType          = &Fault{"packet_type", ProtocolError, "the packet type is reserved"}                                       // 2.1.2
	ErrFlags         = &Fault{"header_flags", MalformedPacket, "reserved flags of the fixed header are not as required"}         // MQTT-2.1.3-1
	ErrQoS           = &Fault{"qos", MalformedPacket, "the QoS is 3"}                                                            // MQTT-3.3.1-4
	ErrDup           = &Fault{"dup_at_qos_0", MalformedPacket, "DUP is set at QoS 0"}                                            // MQTT-3.3.1-2
	ErrDirection     = &Fault{"direction", ProtocolError, "this side never sends this packet"}                                   // 2.1.2
	ErrTruncated     = &Fault{"truncated_field", MalformedPacket, "a field runs past the end of the packet"}                     // 1.2
	ErrTrailing      = &Fault{"trailing_bytes", MalformedPacket, "bytes follow the last field"}                                  // 1.2
	ErrPacketID      = &Fault{"packet_id_zero", ProtocolError, "the packet identifier is zero"}                                  // MQTT-2.2.1-3
	ErrProtocol      = &Fault{"protocol_name", UnsupportedVersion, "the protocol name is not MQTT"}                              // MQTT-3.1.2-1
	ErrVersion       = &Fault{"protocol_version", UnsupportedVersion, "the protocol version is unknown"}                         // MQTT-3.1.2-2
	ErrConnectFlags  = &Fault{"connect_flags", MalformedPacket, "the reserved connect flag is set"}                              // MQTT-3.1.2-3
	ErrWillFlags     = &Fault{"will_flags", MalformedPacket, "will QoS or will retain do not fit the will flag"}                 // MQTT-3.1.2-11 to -13
	ErrPasswordAlone = &Fault{"password_without_user", MalformedPacket, "a password comes without a user name"}                  // 3.1.1: MQTT-3.1.2-22
	ErrClientID      = &Fault{"client_id", ClientIDNotValid, "an empty client identifier is not allowed here"}                   // 3.1.1: MQTT-3.1.3-7
	ErrUTF8          = &Fault{"string_utf8", MalformedPacket, "a string is not well-formed UTF-8"}                               // MQTT-1.5.4-1
	ErrNUL           = &Fault{"string_nul", MalformedPacket, "a string has U+0000"}                                              // MQTT-1.5.4-2
	ErrControl       = &Fault{"string_control", MalformedPacket, "a string has a control character or a non-character"}          // 1.5.4
	ErrTopicEmpty    = &Fault{"topic_empty", ProtocolError, "the topic name is empty and no alias stands for it"}                // 3.3.2.1, MQTT-4.7.3-1
	ErrTopicWildcard = &Fault{"topic_wildcard", MalformedPacket, "a topic name has a wildcard"}                                  // MQTT-3.3.2-2
	ErrTopicAlias    = &Fault{"topic_alias", TopicAliasInvalid, "the topic alias is zero"}                                       // MQTT-3.3.2-8
	ErrNoFilter      = &Fault{"no_filter", ProtocolError, "there is no topic filter"}                                            // MQTT-3.8.3-2
	ErrFilterEmpty   = &Fault{"filter_empty", MalformedPacket, "a topic filter is empty"}                                        // MQTT-4.7.3-1
	ErrFilter        = &Fault{"filter_wildcard", TopicFilterInvalid, "a wildcard does not fill its level, or # is not last"}     // MQTT-4.7.1-1, -2
	ErrShared        = &Fault{"filter_shared", ProtocolError, "a shared subscription has no share name or filter"}               // MQTT-4.8.2-1, -2
	ErrSharedNoLocal = &Fault{"shared_no_local", ProtocolError, "no local is set on a shared subscription"}                      // MQTT-3.8.3-4
	ErrOptions       = &Fault{"subscription_options", MalformedPacket, "reserved bits of the subscription options are set"}      // MQTT-3.8.3-5
	ErrOptionsQoS    = &Fault{"subscription_qos", ProtocolError, "the maximum QoS or retain handling is 3"}                      // 3.8.3.1
	ErrProperty      = &Fault{"property_unknown", MalformedPacket, "a property identifier is unassigned"}                        // 2.2.2.2
	ErrPropertyPlace = &Fault{"property_not_allowed", MalformedPacket, "a property does not belong into this packet"}            // 2.2.2.2
	ErrPropertyTwice = &Fault{"property_duplicate", ProtocolError, "a property comes twice"}                                     // e.g. 3.1.2.11.2
	ErrPropertyValue = &Fault{"property_value", ProtocolError, "the value of a property is out of range"}                        // e.g. 3.1.2.11.3
	ErrPropertySize  = &Fault{"property_length", MalformedPacket, "the properties are longer than the packet"}                   // 2.2.2.1
	ErrAuthData      = &Fault{"auth_data_without_method", ProtocolError, "authentication data comes without a method"}           // 3.1.2.11.10
	ErrAuthMethod    = &Fault{"auth_method_missing", ProtocolError, "an AUTH packet has no authentication method"}               // 3.15.2.2.2
	ErrReason        = &Fault{"reason_code", ProtocolError, "the reason code is not one of this packet and side"}                // e.g. MQTT-3.14.2-1
	ErrAckFlags      = &Fault{"connack_flags", MalformedPacket, "reserved acknowledge flags are set"}                            // MQTT-3.2.2-1
	ErrSession       = &Fault{"session_present", ProtocolError, "a refused connection has session present set"}                  // MQTT-3.2.2-6
	ErrNoCodes       = &Fault{"no_reason_codes", ProtocolError, "an acknowledgement of filters has no reason code"}              // MQTT-3.9.3-1
	ErrTooLarge      = &Fault{"packet_too_large", PacketTooLarge, "the packet is larger than this receiver takes"}               // MQTT-3.1.2-24
	ErrNotFirst      = &Fault{"first_packet", ProtocolError, "the first packet of a client is not CONNECT"}                      // MQTT-3.1.0-1
	ErrUnknownAlias  = &Fault{"topic_alias_unknown", ProtocolError, "the topic alias was never set on this connection"}          // 3.3.2.3.4
	errCodeCount     = &Fault{"reason_code_count", ProtocolError, "an acknowledgement has another number of codes than filters"} // MQTT-3.9.3-1
)
