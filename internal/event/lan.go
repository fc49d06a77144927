package event

import "net/netip"

// DNS is a DNS transaction (RFC 1035): the question with its answer, or alone.
// LLMNR (RFC 4795) and NBNS (RFC 1002) have the same shape under their names.
//
//event:kind dns
type DNS struct {
	Type       string      `eve:"type"` // request: unanswered; response: with its answer
	ID         uint16      `eve:"id,keep"`
	RRName     string      `eve:"rrname"`
	RRType     string      `eve:"rrtype"`
	QType      uint16      `eve:"-"`
	QClass     uint16      `eve:"-"`
	Opcode     uint8       `eve:"opcode"`
	RCode      string      `eve:"rcode"`
	RCodeNum   uint8       `eve:"-"`
	AA         bool        `eve:"aa"`
	TC         bool        `eve:"tc"`
	RD         bool        `eve:"rd"`
	RA         bool        `eve:"ra"`
	Answered   bool        `eve:"-"`
	Unasked    bool        `eve:"unsolicited"` // an answer to no question that was seen
	Conflict   bool        `eve:"conflict"`    // one more answer than questions, and it differs from the one before
	QuestionsN uint16      `eve:"-"`
	Answers    []DNSAnswer `eve:"answers"`
	Authority  uint16      `eve:"-"`
	ReqLen     uint16      `eve:"request_len"` // bytes of the DNS message
	RespLen    uint16      `eve:"response_len"`
	RTT        uint32      `eve:"rtt_us"` // microseconds between the two
	TCP        bool        `eve:"-"`
}

// DNSAnswer is one resource record of an answer section.
type DNSAnswer struct {
	Name string     `eve:"rrname"`
	Type string     `eve:"rrtype"`
	TTL  uint32     `eve:"ttl,keep"`
	Data string     `eve:"rdata"`
	Addr netip.Addr `eve:"-"` // of A and AAAA records
}

// MDNS is one multicast DNS message (RFC 6762).
//
//event:kind mdns
type MDNS struct {
	Type    string      `eve:"type"` // request, response
	Queries []string    `eve:"queries"`
	Answers []DNSAnswer `eve:"answers"` // answers and additional records
	TXT     []string    `eve:"txt"`     // "instance: key=value" of every TXT string
}

// LLMNR is an LLMNR transaction.
//
//event:kind llmnr
type LLMNR struct {
	Type    string      `eve:"type"`
	RRName  string      `eve:"rrname"`
	RRType  string      `eve:"rrtype"`
	Answers []DNSAnswer `eve:"answers"`
}

// NBNS is a NetBIOS name service message (RFC 1002 section 4.2).
//
//event:kind nbns
type NBNS struct {
	Op     string     `eve:"opcode"` // query, registration, release, wack, refresh, response
	Name   string     `eve:"name"`   // decoded, without padding
	Suffix uint8      `eve:"suffix"`
	Addr   netip.Addr `eve:"address"`
	RCode  uint8      `eve:"rcode"`
	Names  []string   `eve:"names"` // of a node status answer
}

// DHCP is one DHCPv4 message (RFC 2131).
//
//event:kind dhcp
type DHCP struct {
	Type       string     `eve:"type"` // request, reply
	MsgType    string     `eve:"dhcp_type"`
	ID         uint32     `eve:"id"`
	ClientMAC  string     `eve:"client_mac"`
	ClientIP   netip.Addr `eve:"client_ip"`
	AssignedIP netip.Addr `eve:"assigned_ip"`
	Requested  netip.Addr `eve:"requested_ip"`
	NextServer netip.Addr `eve:"next_server_ip"`
	ServerID   netip.Addr `eve:"server_id"`
	Relay      netip.Addr `eve:"relay_ip"`
	Subnet     netip.Addr `eve:"subnet_mask"`
	Routers    []string   `eve:"routers"`
	DNS        []string   `eve:"dns_servers"`
	Hostname   string     `eve:"hostname"`
	FQDN       string     `eve:"fqdn"`
	Domain     string     `eve:"domain"`
	VendorID   string     `eve:"vendor_class_identifier"` // option 60
	ParamList  string     `eve:"params_fingerprint"`      // option 55, numbers with commas
	Options    string     `eve:"options_fingerprint"`     // option numbers in order, with commas
	MUD        string     `eve:"mud_url"`                 // option 161, RFC 8520
	Lease      uint32     `eve:"lease_time"`
	Renewal    uint32     `eve:"renewal_time"`
	Rebinding  uint32     `eve:"rebinding_time"`
	ClientID   string     `eve:"client_id"` // option 61, in hexadecimal; a hardware address with colons
	Params     []string   `eve:"params"`    // the better known of option 55 by name
	UserClass  string     `eve:"user_class"`
}

// DHCPv6 is one DHCPv6 message (RFC 8415).
//
//event:kind dhcpv6
type DHCPv6 struct {
	MsgType    string   `eve:"dhcp_type"`
	ID         uint32   `eve:"id"`
	DUID       string   `eve:"duid"`
	ClientMAC  string   `eve:"client_mac"` // from a DUID-LL or DUID-LLT
	FQDN       string   `eve:"fqdn"`
	VendorID   string   `eve:"vendor_class"`
	Enterprise uint32   `eve:"enterprise"`
	ParamList  string   `eve:"params_fingerprint"`
	Addresses  []string `eve:"addresses"`
	DNS        []string `eve:"dns_servers"`
	MUD        string   `eve:"mud_url"` // option 112
	ServerDUID string   `eve:"server_duid"`
}

// SSDP is one SSDP message (UPnP Device Architecture 2.0 section 1).
//
//event:kind ssdp
type SSDP struct {
	Method    string `eve:"method"` // M-SEARCH, NOTIFY, response
	Target    string `eve:"st"`     // ST or NT
	USN       string `eve:"usn"`
	Location  string `eve:"location"`
	Server    string `eve:"server"`
	UserAgent string `eve:"user_agent"`
	NTS       string `eve:"nts"`
	Extra     string `eve:"extra"` // further identifying headers, "name: value" parted by "; "
}

// LLDP is one LLDP frame (IEEE 802.1AB).
//
//event:kind lldp
type LLDP struct {
	ChassisID    string     `eve:"chassis_id"`
	PortID       string     `eve:"port_id"`
	PortDesc     string     `eve:"port_description"`
	SystemName   string     `eve:"system_name"`
	SystemDesc   string     `eve:"system_description"`
	Capabilities []string   `eve:"capabilities"`
	Management   netip.Addr `eve:"management_ip"`
	TTL          uint16     `eve:"ttl"`
	Vendor       string     `eve:"vendor"` // LLDP-MED manufacturer
	Model        string     `eve:"model"`
	Hardware     string     `eve:"hardware"`
	Firmware     string     `eve:"firmware"`
	Software     string     `eve:"software"`
	Serial       string     `eve:"serial"`
	Asset        string     `eve:"asset_id"`
	Class        string     `eve:"device_class"` // LLDP-MED: endpoint-1, endpoint-2, endpoint-3, network
	VLAN         uint16     `eve:"port_vlan"`
	MUD          string     `eve:"mud_url"`
}

// CDP is one Cisco Discovery Protocol frame.
//
//event:kind cdp
type CDP struct {
	DeviceID     string     `eve:"device_id"`
	Platform     string     `eve:"platform"`
	Version      string     `eve:"version"`
	PortID       string     `eve:"port_id"`
	Address      netip.Addr `eve:"address"`
	Capabilities uint32     `eve:"capabilities"`
	NativeVLAN   uint16     `eve:"native_vlan"`
	SystemName   string     `eve:"system_name"`
	VTPDomain    string     `eve:"vtp_domain"`
}

// NTP is an NTP exchange (RFC 5905), or a mode 6 or 7 message.
//
//event:kind ntp
type NTP struct {
	Version uint8  `eve:"version"`
	Mode    uint8  `eve:"mode"`
	Stratum uint8  `eve:"stratum"`
	RefID   string `eve:"reference_id"`
	ReqCode uint8  `eve:"request_code"` // of mode 6 and 7; 42 is MON_GETLIST_1
	ReqLen  uint32 `eve:"request_len"`
	RespLen uint32 `eve:"response_len"`
}

// SNMP is one SNMP message (RFC 1157, 3416, 3412).
//
//event:kind snmp
type SNMP struct {
	Version   uint8    `eve:"version,keep"` // 1, 2, 3
	Community Secret   `eve:"community"`
	User      string   `eve:"usm"` // SNMPv3 user name
	PDUType   string   `eve:"pdu_type"`
	Vars      []string `eve:"vars"`
	SysDescr  string   `eve:"sys_descr"`
	SysName   string   `eve:"sys_name"`
	SysObject string   `eve:"sys_object_id"`
	ErrorCode uint32   `eve:"error"`
	EngineID  string   `eve:"engine_id"`
	Level     string   `eve:"security_level"` // noAuthNoPriv, authNoPriv, authPriv
}

// TFTP is a TFTP request (RFC 1350).
//
//event:kind tftp
type TFTP struct {
	Packet string `eve:"packet"` // read, write
	File   string `eve:"file"`
	Mode   string `eve:"mode"`
}

// Portmap is a request to a gateway to let the outside in (RFC 6886, RFC 6887,
// UPnP WANIPConnection AddPortMapping), with its answer.
//
//event:kind portmap
type Portmap struct {
	Protocol     string     `eve:"protocol"`  // nat-pmp, pcp, upnp
	Transport    string     `eve:"transport"` // tcp, udp, any
	ExternalPort uint16     `eve:"external_port"`
	InternalPort uint16     `eve:"internal_port"`
	ExternalIP   netip.Addr `eve:"external_ip"`
	InternalIP   netip.Addr `eve:"internal_ip"`
	Lifetime     uint32     `eve:"lifetime"` // seconds; 0 asks for removal, or for ever with upnp
	Result       string     `eve:"result"`   // success, the protocol's name of the error, or empty without an answer
	Description  string     `eve:"description"`
}
