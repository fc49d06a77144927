package event

import "net/netip"

// Flow is the record of one flow, made when it ends or is evicted.
//
//event:kind flow
type Flow struct {
	AppProto      Proto  `eve:"app_proto"`
	AppProtoBy    string `eve:"app_proto_by"` // content, endpoint
	PktsToServer  uint64 `eve:"pkts_toserver,keep"`
	PktsToClient  uint64 `eve:"pkts_toclient,keep"`
	BytesToServer uint64 `eve:"bytes_toserver,keep"` // bytes on the wire with all headers
	BytesToClient uint64 `eve:"bytes_toclient,keep"`
	DataToServer  uint64 `eve:"payload_toserver"` // transport payload bytes
	DataToClient  uint64 `eve:"payload_toclient"`
	Start         int64  `eve:"start,time,keep"`
	End           int64  `eve:"end,time,keep"`
	Age           uint32 `eve:"age,keep"`   // seconds
	State         string `eve:"state"`      // new, established, closed, rejected
	Reason        string `eve:"reason"`     // timeout, closed, evicted, shutdown
	ConnState     string `eve:"conn_state"` // Zeek's short form: S0 SF REJ RSTO RSTR S1 OTH SHR
	TCPFlagsTS    uint8  `eve:"tcp_flags_ts"`
	TCPFlagsTC    uint8  `eve:"tcp_flags_tc"`
	Midstream     bool   `eve:"midstream"`      // picked up without its beginning
	OneSided      bool   `eve:"one_sided"`      // only one direction was ever seen
	Gaps          uint32 `eve:"gaps"`           // bytes missing inside the streams
	OutOfOrder    uint32 `eve:"out_of_order"`   // segments
	Retransmits   uint32 `eve:"retransmits"`    // segments
	Overlaps      uint32 `eve:"overlaps"`       // segments whose bytes differ from earlier ones
	TTLToServer   uint8  `eve:"ttl_toserver"`   // of the first packet
	TTLToClient   uint8  `eve:"ttl_toclient"`   // of the first packet
	SYNWindow     uint16 `eve:"syn_window"`     // of the client's SYN
	SYNOptions    string `eve:"syn_options"`    // kinds of the SYN's TCP options, in order
	SYNMSS        uint16 `eve:"syn_mss"`        // maximum segment size the client offered
	SYNScale      uint8  `eve:"syn_wscale"`     // window scale the client offered, plus one
	SYNSeqIsDst   bool   `eve:"syn_seq_is_dst"` // sequence number equals the destination address
	ICMPType      uint8  `eve:"icmp_type"`
	ICMPCode      uint8  `eve:"icmp_code"`
	Tunnel        string `eve:"tunnel"`     // what was taken off, outermost first
	Aggregated    uint32 `eve:"suppressed"` // like flows of this second not written one by one
	Tempo         Tempo  `eve:"tempo"`
	Origin        string `eve:"origin"` // who recorded it when not this program from packets: zeek, suricata, netflow, ipfix

	Observer netip.Addr `eve:"observer"` // the exporter that reported it, of NetFlow and IPFIX
}

// Tempo is the rhythm of a flow's client data: how regular its bursts are.
type Tempo struct {
	Bursts uint32 `eve:"bursts"`  // runs of client payload, parted by at least a second of silence
	MeanMS uint32 `eve:"mean_ms"` // mean milliseconds between the starts of bursts
	DevMS  uint32 `eve:"dev_ms"`  // mean absolute deviation of that
	Bytes  uint32 `eve:"bytes"`   // mean client payload bytes of a burst
}

// Rate is what one second of packet time carried to or from one host, per
// transport, made only when it is many: floods and sweeps arrive as these
// instead of as one fact for each packet.
//
//event:kind rate
type Rate struct {
	Direction string `eve:"direction"` // in: the host is the destination; out: it is the source
	Port      uint16 `eve:"port"`      // destination port when one port has most of it
	Packets   uint64 `eve:"packets,keep"`
	Bytes     uint64 `eve:"bytes"`
	SYN       uint64 `eve:"syn"`
	Replies   uint64 `eve:"replies"`   // packets of the other direction
	NewFlows  uint64 `eve:"new_flows"` // flows that began
	Peers     uint32 `eve:"peers"`     // estimated distinct other addresses
	Ports     uint32 `eve:"ports"`     // estimated distinct destination ports
	ICMPType  uint8  `eve:"icmp_type"`
	ICMPCode  uint8  `eve:"icmp_code"`
	Anomalies uint64 `eve:"anomalies"`  // malformed or strange packets among them
	SeqIsDst  uint64 `eve:"seq_is_dst"` // SYNs whose sequence number equals the destination
	FirstPkt  uint64 `eve:"-"`
}

// Anomaly is something that the standard does not allow.
//
//event:kind anomaly
type Anomaly struct {
	Type     string `eve:"type,keep"`  // decode, stream, applayer
	Event    string `eve:"event,keep"` // stable name
	AppProto Proto  `eve:"app_proto"`
	Detail   string `eve:"detail"`
	Dir      Dir    `eve:"-"`
}

// Identity is what a device says about itself, in whatever protocol. The
// fact's Src is the host that it describes.
//
//event:kind identity
type Identity struct {
	Source   string `eve:"source,keep"` // protocol and message: "enip.list_identity"
	Vendor   string `eve:"vendor"`
	Model    string `eve:"model"`
	Type     string `eve:"device_type"` // a word of the closed type list when the protocol tells it
	Name     string `eve:"name"`
	Firmware string `eve:"firmware"`
	Hardware string `eve:"hardware"`
	Serial   string `eve:"serial"`
	OS       string `eve:"os"`
	Banner   string `eve:"banner"` // text to be matched against fingerprints
	MUD      string `eve:"mud_url"`
}

// Login is an attempt to authenticate, in whatever protocol.
//
//event:kind login
type Login struct {
	Service   Proto  `eve:"service,keep"`
	User      string `eve:"user"`
	Secret    Secret `eve:"secret"`
	Outcome   string `eve:"outcome,keep"` // success, failure, unknown
	Mechanism string `eve:"mechanism"`    // basic, digest, plain, community, publickey
	Clear     bool   `eve:"cleartext"`    // the secret can be read on the wire
	Count     uint32 `eve:"count"`        // attempts this fact stands for when over one
}

// FileInfo is a file seen in transit.
//
//event:kind fileinfo
type FileInfo struct {
	AppProto Proto  `eve:"app_proto"`
	Filename string `eve:"filename"` // path or URL
	Host     string `eve:"hostname"`
	Magic    string `eve:"magic"` // elf-arm, elf-mips, pe, script, zip, gzip, html, image, text, unknown
	Mime     string `eve:"mimetype"`
	Size     uint64 `eve:"size"`
	Dir      Dir    `eve:"-"`          // direction in which the file went
	Agent    string `eve:"user_agent"` // of the request
}

// ARP is an ARP message (RFC 826).
//
//event:kind arp
type ARP struct {
	Op         uint16     `eve:"-"`
	OpName     string     `eve:"opcode"` // request, reply
	SenderMAC  string     `eve:"src_mac"`
	SenderIP   netip.Addr `eve:"src_ip"`
	TargetMAC  string     `eve:"dest_mac"`
	TargetIP   netip.Addr `eve:"dest_ip"`
	Gratuitous bool       `eve:"gratuitous"`
	Mismatch   bool       `eve:"mac_mismatch"` // the frame's source differs from the sender's hardware address
}

// ICMP is an ICMP or ICMPv6 message that is of interest by itself: errors,
// neighbour and router discovery, redirects, echo requests of new pairs.
//
//event:kind icmp
type ICMP struct {
	V6          bool       `eve:"v6"`
	Type        uint8      `eve:"type,keep"`
	Code        uint8      `eve:"code,keep"`
	Name        string     `eve:"name"`
	Target      netip.Addr `eve:"target"`   // neighbour or redirect target
	LinkAddr    string     `eve:"link_mac"` // source or target link-layer address option
	Router      bool       `eve:"router"`
	Override    bool       `eve:"override"`
	Lifetime    uint16     `eve:"lifetime"` // router lifetime, seconds
	Prefixes    []string   `eve:"prefixes"`
	DNS         []string   `eve:"rdnss"`
	Len         uint16     `eve:"payload_len"`
	OrigDst     netip.Addr `eve:"orig_dest_ip"` // destination of the packet an error is about
	OrigDstPort uint16     `eve:"orig_dest_port"`
	OrigSrc     netip.Addr `eve:"orig_src_ip"`
	OrigProto   uint8      `eve:"orig_proto"`
}
