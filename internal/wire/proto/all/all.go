// Package all is the list of all protocols that the program reads. It holds
// nothing else, so that the packet path, which takes the list, depends on no
// protocol. Only the wiring and tests import it.
package all

import (
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/ads"
	"edgeward/internal/wire/proto/amqp"
	"edgeward/internal/wire/proto/arp"
	"edgeward/internal/wire/proto/bacnet"
	"edgeward/internal/wire/proto/cdp"
	"edgeward/internal/wire/proto/coap"
	"edgeward/internal/wire/proto/dcerpc"
	"edgeward/internal/wire/proto/dhcp"
	"edgeward/internal/wire/proto/dhcpv6"
	"edgeward/internal/wire/proto/dicom"
	"edgeward/internal/wire/proto/dnp3"
	"edgeward/internal/wire/proto/dns"
	"edgeward/internal/wire/proto/enip"
	"edgeward/internal/wire/proto/fins"
	"edgeward/internal/wire/proto/goose"
	"edgeward/internal/wire/proto/hl7"
	"edgeward/internal/wire/proto/http"
	"edgeward/internal/wire/proto/icmp"
	"edgeward/internal/wire/proto/iec104"
	"edgeward/internal/wire/proto/irc"
	"edgeward/internal/wire/proto/kerberos"
	"edgeward/internal/wire/proto/ldap"
	"edgeward/internal/wire/proto/lldp"
	"edgeward/internal/wire/proto/mining"
	"edgeward/internal/wire/proto/mms"
	"edgeward/internal/wire/proto/modbus"
	"edgeward/internal/wire/proto/mqtt"
	"edgeward/internal/wire/proto/mqttsn"
	"edgeward/internal/wire/proto/natpmp"
	"edgeward/internal/wire/proto/netbios"
	"edgeward/internal/wire/proto/ntp"
	"edgeward/internal/wire/proto/opcua"
	"edgeward/internal/wire/proto/pndcp"
	"edgeward/internal/wire/proto/rtsp"
	"edgeward/internal/wire/proto/s7"
	"edgeward/internal/wire/proto/smb"
	"edgeward/internal/wire/proto/snmp"
	"edgeward/internal/wire/proto/ssdp"
	"edgeward/internal/wire/proto/stun"
	"edgeward/internal/wire/proto/syslog"
	"edgeward/internal/wire/proto/telnet"
	"edgeward/internal/wire/proto/tftp"
	"edgeward/internal/wire/proto/tls"
	"edgeward/internal/wire/proto/websocket"
)

// Protocols gives every protocol, in alphabetical order of their packages.
func Protocols() []proto.Protocol {
	return []proto.Protocol{
		ads.Protocol,
		amqp.Protocol,
		arp.Protocol,
		bacnet.Protocol,
		cdp.Protocol,
		coap.Protocol,
		dcerpc.Protocol,
		dhcp.Protocol,
		dhcpv6.Protocol,
		dicom.Protocol,
		dnp3.Protocol,
		dns.DNS,
		dns.LLMNR,
		dns.MDNS,
		dns.NBNS,
		enip.Protocol,
		fins.Protocol,
		goose.Protocol,
		hl7.Protocol,
		http.Protocol,
		icmp.Protocol,
		iec104.Protocol,
		irc.Protocol,
		kerberos.Protocol,
		ldap.Protocol,
		lldp.Protocol,
		mining.Protocol,
		mms.Protocol,
		modbus.Protocol,
		mqtt.Protocol,
		mqttsn.Protocol,
		natpmp.Protocol,
		netbios.Protocol,
		ntp.Protocol,
		opcua.Protocol,
		pndcp.Protocol,
		rtsp.Protocol,
		s7.Plus,
		s7.Protocol,
		smb.Protocol,
		snmp.Protocol,
		ssdp.Protocol,
		stun.Protocol,
		syslog.Protocol,
		telnet.Protocol,
		tftp.Protocol,
		tls.DTLS,
		tls.Protocol,
		websocket.Protocol,
	}
}
