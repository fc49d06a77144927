package event

// Proto is an application protocol. Zero is not yet known.
type Proto uint8

// The application protocols that the program recognises.
const (
	ProtoUnknown Proto = iota
	ProtoARP
	ProtoICMP
	ProtoLLDP
	ProtoCDP
	ProtoDNS
	ProtoMDNS
	ProtoLLMNR
	ProtoNBNS
	ProtoDHCP
	ProtoDHCPv6
	ProtoSSDP
	ProtoHTTP
	ProtoWebSocket
	ProtoTLS
	ProtoDTLS
	ProtoQUIC
	ProtoSSH
	ProtoTelnet
	ProtoFTP
	ProtoTFTP
	ProtoSNMP
	ProtoNTP
	ProtoRTSP
	ProtoMQTT
	ProtoMQTTSN
	ProtoCoAP
	ProtoAMQP
	ProtoModbus
	ProtoDNP3
	ProtoS7
	ProtoS7Plus
	ProtoENIP
	ProtoBACnet
	ProtoOPCUA
	ProtoIEC104
	ProtoPNDCP
	ProtoGOOSE
	ProtoMMS
	ProtoADS
	ProtoFINS
	ProtoMELSEC
	ProtoHARTIP
	ProtoDICOM
	ProtoHL7
	ProtoStratum
	ProtoIRC
	ProtoSMB
	ProtoDCERPC
	ProtoKerberos
	ProtoRDP
	ProtoKasa
	ProtoTuya
	ProtoSMTP
	ProtoVNC
	ProtoSIP
	ProtoBitTorrent
	ProtoBitcoin
	ProtoEthereum
	ProtoSOCKS
	ProtoSynchrophasor
	ProtoHTTP2
	ProtoRTP
	ProtoWireGuard
	ProtoADB
	ProtoNetBIOSSession
	ProtoSyslog
	ProtoSTUN
	ProtoPPTP
	ProtoLDAP
	ProtoRedis
	ProtoMySQL
	ProtoKNX
	ProtoNATPMP
	ProtoProfinetIO
	ProtoNetFlow
	ProtoMonero
	ProtoGnutella
	ProtoFTPData
	protoCount
)

var protoNames = [protoCount]string{
	"", "arp", "icmp", "lldp", "cdp", "dns", "mdns", "llmnr", "nbns", "dhcp", "dhcpv6",
	"ssdp", "http", "websocket", "tls", "dtls", "quic", "ssh", "telnet", "ftp", "tftp",
	"snmp", "ntp", "rtsp", "mqtt", "mqttsn", "coap", "amqp", "modbus", "dnp3", "s7",
	"s7plus", "enip", "bacnet", "opcua", "iec104", "pndcp", "goose", "mms", "ads", "fins",
	"melsec", "hartip", "dicom", "hl7", "stratum", "irc", "smb", "dcerpc", "krb5", "rdp",
	"kasa", "tuya", "smtp", "vnc", "sip", "bittorrent", "bitcoin", "ethereum", "socks",
	"synchrophasor", "http2", "rtp", "wireguard", "adb", "netbios-session", "syslog",
	"stun", "pptp", "ldap", "redis", "mysql", "knx", "nat-pmp", "profinet-io", "netflow",
	"monero", "gnutella", "ftp-data",
}

// ProtoCount is the number of protocols, for tables indexed by Proto.
const ProtoCount = int(protoCount)

func (p Proto) String() string {
	if p < protoCount {
		return protoNames[p]
	}
	return ""
}

// ProtoByName gives the protocol of that name, ProtoUnknown when there is none.
func ProtoByName(name string) Proto {
	for i, n := range protoNames {
		if n == name && n != "" {
			return Proto(i)
		}
	}
	return ProtoUnknown
}
