package logs

// column is a field of Zeek's logs that is read.
type column uint8

// The columns, in the order of the logs that have them.
const (
	colNone column = iota
	colTS
	colUID
	colOrigH
	colOrigP
	colRespH
	colRespP
	colProto
	colOrigMAC
	colRespMAC
	colVLAN
	colPath

	// conn.log
	colService
	colDuration
	colOrigBytes
	colRespBytes
	colConnState
	colMissed
	colHistory
	colOrigPkts
	colOrigIPBytes
	colRespPkts
	colRespIPBytes

	// dns.log
	colTransID
	colRTT
	colQuery
	colQClass
	colQType
	colQTypeName
	colRCode
	colRCodeName
	colAA
	colTC
	colRD
	colRA
	colAnswers
	colTTLs

	// http.log
	colMethod
	colHost
	colURI
	colReferrer
	colVersion
	colUserAgent
	colReqLen
	colRespLen
	colStatus
	colUsername
	colPassword
	colOrigMime
	colRespMime
	colServerHeader

	// ssl.log
	colCipher
	colServerName
	colResumed
	colLastAlert
	colNextProto
	colEstablished
	colSubject
	colIssuer
	colClientSubject
	colJA3
	colJA3S
	colJA4
	colValidation
	colSSLHistory
	colCertPrints

	// mqtt_connect.log, mqtt_publish.log, mqtt_subscribe.log
	colProtoName
	colProtoVersion
	colClientID
	colConnectStatus
	colWillTopic
	colFromClient
	colRetain
	colQoS
	colPublishStatus
	colTopic
	colPayload
	colPayloadLen
	colAction
	colTopics
	colQoSLevels
	colGranted
	colAck

	// dhcp.log
	colClientAddr
	colServerAddr
	colMAC
	colHostName
	colClientFQDN
	colDomain
	colRequestedAddr
	colAssignedAddr
	colLease
	colMsgTypes
	colClientSoftware

	// ssh.log
	colAuthSuccess
	colAuthAttempts
	colClient
	colServer
	colHASSH
	colHASSHServer
	colHostKey

	// software.log
	colSoftwareType
	colUnparsed
	colSoftwareName

	columnCount
)

// columnNames maps Zeek's names. Ids come with a dot, or with an underscore
// where a database stood in between.
var columnNames = map[string]column{
	"ts": colTS, "uid": colUID, "proto": colProto, "_path": colPath, "vlan": colVLAN,
	"id.orig_h": colOrigH, "id.orig_p": colOrigP, "id.resp_h": colRespH, "id.resp_p": colRespP,
	"id_orig_h": colOrigH, "id_orig_p": colOrigP, "id_resp_h": colRespH, "id_resp_p": colRespP,
	"orig_l2_addr": colOrigMAC, "resp_l2_addr": colRespMAC,

	"service": colService, "duration": colDuration, "orig_bytes": colOrigBytes, "resp_bytes": colRespBytes, "conn_state": colConnState,
	"missed_bytes": colMissed, "history": colHistory, "orig_pkts": colOrigPkts, "orig_ip_bytes": colOrigIPBytes,
	"resp_pkts": colRespPkts, "resp_ip_bytes": colRespIPBytes,

	"trans_id": colTransID, "rtt": colRTT, "query": colQuery, "qclass": colQClass, "qtype": colQType, "qtype_name": colQTypeName,
	"rcode": colRCode, "rcode_name": colRCodeName, "AA": colAA, "TC": colTC, "RD": colRD, "RA": colRA, "answers": colAnswers, "TTLs": colTTLs,

	"method": colMethod, "host": colHost, "uri": colURI, "referrer": colReferrer, "version": colVersion, "user_agent": colUserAgent,
	"request_body_len": colReqLen, "response_body_len": colRespLen, "status_code": colStatus, "username": colUsername, "password": colPassword,
	"orig_mime_types": colOrigMime, "resp_mime_types": colRespMime, "server_header": colServerHeader,

	"cipher": colCipher, "server_name": colServerName, "resumed": colResumed, "last_alert": colLastAlert, "next_protocol": colNextProto,
	"established": colEstablished, "subject": colSubject, "issuer": colIssuer, "client_subject": colClientSubject, "ja3": colJA3, "ja3s": colJA3S,
	"ja4": colJA4, "validation_status": colValidation, "ssl_history": colSSLHistory, "cert_chain_fps": colCertPrints,

	"proto_name": colProtoName, "proto_version": colProtoVersion, "client_id": colClientID, "connect_status": colConnectStatus,
	"will_topic": colWillTopic, "from_client": colFromClient, "retain": colRetain, "qos": colQoS, "status": colPublishStatus, "topic": colTopic,
	"payload": colPayload, "payload_len": colPayloadLen, "action": colAction, "topics": colTopics, "qos_levels": colQoSLevels,
	"granted_qos_level": colGranted, "ack": colAck,

	"client_addr": colClientAddr, "server_addr": colServerAddr, "mac": colMAC, "host_name": colHostName, "client_fqdn": colClientFQDN,
	"domain": colDomain, "requested_addr": colRequestedAddr, "assigned_addr": colAssignedAddr, "assigned_ip": colAssignedAddr,
	"lease_time": colLease, "msg_types": colMsgTypes, "client_software": colClientSoftware,

	"auth_success": colAuthSuccess, "auth_attempts": colAuthAttempts, "client": colClient, "server": colServer, "hassh": colHASSH,
	"hasshServer": colHASSHServer, "host_key": colHostKey,

	"software_type": colSoftwareType, "unparsed_version": colUnparsed, "name": colSoftwareName,
}

// kind is one of Zeek's logs.
type kind uint8

const (
	kindNone kind = iota
	kindConn
	kindDNS
	kindHTTP
	kindSSL
	kindMQTTConnect
	kindMQTTPublish
	kindMQTTSubscribe
	kindDHCP
	kindSSH
	kindSoftware
	kindOther // known not to be one of the above
)

var kindByName = map[string]kind{
	"conn": kindConn, "dns": kindDNS, "http": kindHTTP, "ssl": kindSSL, "mqtt_connect": kindMQTTConnect, "mqtt_publish": kindMQTTPublish,
	"mqtt_subscribe": kindMQTTSubscribe, "dhcp": kindDHCP, "ssh": kindSSH, "software": kindSoftware,
}

// kindOfPath gives the log of that name, kindOther when it is none that is read.
func kindOfPath(path []byte) kind {
	if k := kindByName[string(path)]; k != kindNone {
		return k
	}
	return kindOther
}

// kindOf tells a log by the columns it has, kindNone when they do not tell.
func kindOf(has func(column) bool) kind {
	conversation := has(colOrigH) && has(colRespH)
	switch {
	case has(colSoftwareType):
		return kindSoftware
	case has(colMsgTypes), has(colMAC) && has(colAssignedAddr):
		return kindDHCP
	case !conversation:
		return kindNone
	case has(colConnState), has(colHistory), has(colOrigPkts) && has(colProto):
		return kindConn
	case has(colTransID) && has(colProto), has(colQTypeName), has(colRCodeName):
		return kindDNS
	case has(colReqLen):
		return kindHTTP
	case has(colProtoName), has(colConnectStatus):
		return kindMQTTConnect
	case has(colAction) && has(colTopics), has(colGranted):
		return kindMQTTSubscribe
	case has(colTopic) && (has(colFromClient) || has(colPayloadLen)):
		return kindMQTTPublish
	case has(colAuthAttempts), has(colHASSH), has(colHASSHServer), has(colHostKey):
		return kindSSH
	case has(colEstablished) && has(colResumed), has(colCipher), has(colSSLHistory):
		return kindSSL
	}
	return kindNone
}
