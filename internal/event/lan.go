package event

import "net/netip"

// DNS is a DNS transaction (RFC 1035): the question with its answer, or alone.
// LLMNR (RFC 4795) and NBNS (RFC 1002) have the same shape under their names.
//
//event:kind dns
type DNS struct {
	Type       string      `eve:"type" cbor:"1"` // request: unanswered; response: with its answer
	ID         uint16      `eve:"id,keep" cbor:"2"`
	RRName     string      `eve:"rrname" cbor:"3" col:"name"`
	RRType     string      `eve:"rrtype" cbor:"4" col:"verb"`
	QType      uint16      `eve:"-" cbor:"5"`
	QClass     uint16      `eve:"-" cbor:"6"`
	Opcode     uint8       `eve:"opcode" cbor:"7"`
	RCode      string      `eve:"rcode" cbor:"8" col:"status"`
	RCodeNum   uint8       `eve:"-" cbor:"9"`
	AA         bool        `eve:"aa" cbor:"10"`
	TC         bool        `eve:"tc" cbor:"11"`
	RD         bool        `eve:"rd" cbor:"12"`
	RA         bool        `eve:"ra" cbor:"13"`
	Answered   bool        `eve:"-" cbor:"14"`
	Unasked    bool        `eve:"unsolicited" cbor:"15"` // an answer to no question that was seen
	Conflict   bool        `eve:"conflict" cbor:"16"`    // one more answer than questions, and it differs from the one before
	QuestionsN uint16      `eve:"-" cbor:"17"`
	Answers    []DNSAnswer `eve:"answers" cbor:"18"`
	Authority  uint16      `eve:"-" cbor:"19"`
	ReqLen     uint16      `eve:"request_len" cbor:"20"` // bytes of the DNS message
	RespLen    uint16      `eve:"response_len" cbor:"21"`
	RTT        uint32      `eve:"rtt_us" cbor:"22"` // microseconds between the two
	TCP        bool        `eve:"-" cbor:"23"`
}

// DNSAnswer is one resource record of an answer section.
type DNSAnswer struct {
	Name string     `eve:"rrname" cbor:"1" col:"name"`
	Type string     `eve:"rrtype" cbor:"2"`
	TTL  uint32     `eve:"ttl,keep" cbor:"3"`
	Data string     `eve:"rdata" cbor:"4"`
	Addr netip.Addr `eve:"-" cbor:"5"` // of A and AAAA records
}

// MDNS is one multicast DNS message (RFC 6762).
//
//event:kind mdns
type MDNS struct {
	Type    string      `eve:"type" cbor:"1" col:"verb"` // request, response
	Queries []string    `eve:"queries" cbor:"2" col:"name"`
	Answers []DNSAnswer `eve:"answers" cbor:"3"` // answers and additional records
	TXT     []string    `eve:"txt" cbor:"4"`     // "instance: key=value" of every TXT string
}

// LLMNR is an LLMNR transaction.
//
//event:kind llmnr
type LLMNR struct {
	Type    string      `eve:"type" cbor:"1"`
	RRName  string      `eve:"rrname" cbor:"2" col:"name"`
	RRType  string      `eve:"rrtype" cbor:"3" col:"verb"`
	Answers []DNSAnswer `eve:"answers" cbor:"4"`
}

// NBNS is a NetBIOS name service message (RFC 1002 section 4.2).
//
//event:kind nbns
type NBNS struct {
	Op     string     `eve:"opcode" cbor:"1" col:"verb"` // query, registration, release, wack, refresh, response
	Name   string     `eve:"name" cbor:"2" col:"name"`   // decoded, without padding
	Suffix uint8      `eve:"suffix" cbor:"3"`
	Addr   netip.Addr `eve:"address" cbor:"4"`
	RCode  uint8      `eve:"rcode" cbor:"5"`
	Names  []string   `eve:"names" cbor:"6"` // of a node status answer
}

// DHCP is one DHCPv4 message (RFC 2131).
//
//event:kind dhcp
type DHCP struct {
	Type       string     `eve:"type" cbor:"1"` // request, reply
	MsgType    string     `eve:"dhcp_type" cbor:"2" col:"verb"`
	ID         uint32     `eve:"id" cbor:"3"`
	ClientMAC  string     `eve:"client_mac" cbor:"4"`
	ClientIP   netip.Addr `eve:"client_ip" cbor:"5"`
	AssignedIP netip.Addr `eve:"assigned_ip" cbor:"6"`
	Requested  netip.Addr `eve:"requested_ip" cbor:"7"`
	NextServer netip.Addr `eve:"next_server_ip" cbor:"8"`
	ServerID   netip.Addr `eve:"server_id" cbor:"9"`
	Relay      netip.Addr `eve:"relay_ip" cbor:"10"`
	Subnet     netip.Addr `eve:"subnet_mask" cbor:"11"`
	Routers    []string   `eve:"routers" cbor:"12"`
	DNS        []string   `eve:"dns_servers" cbor:"13"`
	Hostname   string     `eve:"hostname" cbor:"14" col:"name"`
	FQDN       string     `eve:"fqdn" cbor:"15" col:"name"`
	Domain     string     `eve:"domain" cbor:"16"`
	VendorID   string     `eve:"vendor_class_identifier" cbor:"17"` // option 60
	ParamList  string     `eve:"params_fingerprint" cbor:"18"`      // option 55, numbers with commas
	Options    string     `eve:"options_fingerprint" cbor:"19"`     // option numbers in order, with commas
	MUD        string     `eve:"mud_url" cbor:"20"`                 // option 161, RFC 8520
	Lease      uint32     `eve:"lease_time" cbor:"21"`
	Renewal    uint32     `eve:"renewal_time" cbor:"22"`
	Rebinding  uint32     `eve:"rebinding_time" cbor:"23"`
	ClientID   string     `eve:"client_id" cbor:"24"` // option 61, in hexadecimal; a hardware address with colons
	Params     []string   `eve:"params" cbor:"25"`    // the better known of option 55 by name
	UserClass  string     `eve:"user_class" cbor:"26"`
}

// DHCPv6 is one DHCPv6 message (RFC 8415).
//
//event:kind dhcpv6
type DHCPv6 struct {
	MsgType    string   `eve:"dhcp_type" cbor:"1" col:"verb"`
	ID         uint32   `eve:"id" cbor:"2"`
	DUID       string   `eve:"duid" cbor:"3"`
	ClientMAC  string   `eve:"client_mac" cbor:"4"` // from a DUID-LL or DUID-LLT
	FQDN       string   `eve:"fqdn" cbor:"5" col:"name"`
	VendorID   string   `eve:"vendor_class" cbor:"6"`
	Enterprise uint32   `eve:"enterprise" cbor:"7"`
	ParamList  string   `eve:"params_fingerprint" cbor:"8"`
	Addresses  []string `eve:"addresses" cbor:"9"`
	DNS        []string `eve:"dns_servers" cbor:"10"`
	MUD        string   `eve:"mud_url" cbor:"11"` // option 112
	ServerDUID string   `eve:"server_duid" cbor:"12"`
}

// SSDP is one SSDP message (UPnP Device Architecture 2.0 section 1).
//
//event:kind ssdp
type SSDP struct {
	Method    string `eve:"method" cbor:"1" col:"verb"` // M-SEARCH, NOTIFY, response
	Target    string `eve:"st" cbor:"2" col:"path"`     // ST or NT
	USN       string `eve:"usn" cbor:"3"`
	Location  string `eve:"location" cbor:"4"`
	Server    string `eve:"server" cbor:"5"`
	UserAgent string `eve:"user_agent" cbor:"6"`
	NTS       string `eve:"nts" cbor:"7"`
	Extra     string `eve:"extra" cbor:"8"` // further identifying headers, "name: value" parted by "; "
}

// LLDP is one LLDP frame (IEEE 802.1AB).
//
//event:kind lldp
type LLDP struct {
	ChassisID    string     `eve:"chassis_id" cbor:"1"`
	PortID       string     `eve:"port_id" cbor:"2" col:"path"`
	PortDesc     string     `eve:"port_description" cbor:"3"`
	SystemName   string     `eve:"system_name" cbor:"4" col:"name"`
	SystemDesc   string     `eve:"system_description" cbor:"5"`
	Capabilities []string   `eve:"capabilities" cbor:"6"`
	Management   netip.Addr `eve:"management_ip" cbor:"7"`
	TTL          uint16     `eve:"ttl" cbor:"8"`
	Vendor       string     `eve:"vendor" cbor:"9"` // LLDP-MED manufacturer
	Model        string     `eve:"model" cbor:"10"`
	Hardware     string     `eve:"hardware" cbor:"11"`
	Firmware     string     `eve:"firmware" cbor:"12"`
	Software     string     `eve:"software" cbor:"13"`
	Serial       string     `eve:"serial" cbor:"14"`
	Asset        string     `eve:"asset_id" cbor:"15"`
	Class        string     `eve:"device_class" cbor:"16"` // LLDP-MED: endpoint-1, endpoint-2, endpoint-3, network
	VLAN         uint16     `eve:"port_vlan" cbor:"17"`
	MUD          string     `eve:"mud_url" cbor:"18"`
}

// CDP is one Cisco Discovery Protocol frame.
//
//event:kind cdp
type CDP struct {
	DeviceID     string     `eve:"device_id" cbor:"1" col:"name"`
	Platform     string     `eve:"platform" cbor:"2"`
	Version      string     `eve:"version" cbor:"3"`
	PortID       string     `eve:"port_id" cbor:"4" col:"path"`
	Address      netip.Addr `eve:"address" cbor:"5"`
	Capabilities uint32     `eve:"capabilities" cbor:"6"`
	NativeVLAN   uint16     `eve:"native_vlan" cbor:"7"`
	SystemName   string     `eve:"system_name" cbor:"8" col:"name"`
	VTPDomain    string     `eve:"vtp_domain" cbor:"9"`
}

// NTP is an NTP exchange (RFC 5905), or a mode 6 or 7 message.
//
//event:kind ntp
type NTP struct {
	Version uint8  `eve:"version" cbor:"1"`
	Mode    uint8  `eve:"mode" cbor:"2" col:"verb"`
	Stratum uint8  `eve:"stratum" cbor:"3"`
	RefID   string `eve:"reference_id" cbor:"4"`
	ReqCode uint8  `eve:"request_code" cbor:"5"` // of mode 6 and 7; 42 is MON_GETLIST_1
	ReqLen  uint32 `eve:"request_len" cbor:"6"`
	RespLen uint32 `eve:"response_len" cbor:"7"`
}

// SNMP is one SNMP message (RFC 1157, 3416, 3412).
//
//event:kind snmp
type SNMP struct {
	Version   uint8    `eve:"version,keep" cbor:"1"` // 1, 2, 3
	Community Secret   `eve:"community" cbor:"2"`
	User      string   `eve:"usm" cbor:"3" col:"user"` // SNMPv3 user name
	PDUType   string   `eve:"pdu_type" cbor:"4" col:"verb"`
	Vars      []string `eve:"vars" cbor:"5" col:"path"`
	SysDescr  string   `eve:"sys_descr" cbor:"6"`
	SysName   string   `eve:"sys_name" cbor:"7" col:"name"`
	SysObject string   `eve:"sys_object_id" cbor:"8"`
	ErrorCode uint32   `eve:"error" cbor:"9" col:"status"`
	EngineID  string   `eve:"engine_id" cbor:"10"`
	Level     string   `eve:"security_level" cbor:"11"` // noAuthNoPriv, authNoPriv, authPriv
}

// TFTP is a TFTP request (RFC 1350).
//
//event:kind tftp
type TFTP struct {
	Packet string `eve:"packet" cbor:"1" col:"verb"` // read, write
	File   string `eve:"file" cbor:"2" col:"path"`
	Mode   string `eve:"mode" cbor:"3"`
}

// Portmap is a request to a gateway to let the outside in (RFC 6886, RFC 6887,
// UPnP WANIPConnection AddPortMapping), with its answer.
//
//event:kind portmap
type Portmap struct {
	Protocol     string     `eve:"protocol" cbor:"1" col:"verb"` // nat-pmp, pcp, upnp
	Transport    string     `eve:"transport" cbor:"2"`           // tcp, udp, any
	ExternalPort uint16     `eve:"external_port" cbor:"3" col:"path"`
	InternalPort uint16     `eve:"internal_port" cbor:"4"`
	ExternalIP   netip.Addr `eve:"external_ip" cbor:"5"`
	InternalIP   netip.Addr `eve:"internal_ip" cbor:"6"`
	Lifetime     uint32     `eve:"lifetime" cbor:"7"`            // seconds; 0 asks for removal, or for ever with upnp
	Result       string     `eve:"result" cbor:"8" col:"status"` // success, the protocol's name of the error, or empty without an answer
	Description  string     `eve:"description" cbor:"9" col:"name"`
}
