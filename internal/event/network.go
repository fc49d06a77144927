package event

import "net/netip"

// Flow is the record of one flow, made when it ends or is evicted.
//
//event:kind flow
type Flow struct {
	AppProto      Proto  `eve:"app_proto" cbor:"1" col:"proto"`
	AppProtoBy    string `eve:"app_proto_by" cbor:"2"` // content, endpoint
	PktsToServer  uint64 `eve:"pkts_toserver,keep" cbor:"3" col:"packets"`
	PktsToClient  uint64 `eve:"pkts_toclient,keep" cbor:"4" col:"packets"`
	BytesToServer uint64 `eve:"bytes_toserver,keep" cbor:"5" col:"bytes_out"` // bytes on the wire with all headers
	BytesToClient uint64 `eve:"bytes_toclient,keep" cbor:"6" col:"bytes_in"`
	DataToServer  uint64 `eve:"payload_toserver" cbor:"7"` // transport payload bytes
	DataToClient  uint64 `eve:"payload_toclient" cbor:"8"`
	Start         int64  `eve:"start,time,keep" cbor:"9"`
	End           int64  `eve:"end,time,keep" cbor:"10"`
	Age           uint32 `eve:"age,keep" cbor:"11"`                // seconds
	State         string `eve:"state" cbor:"12"`                   // new, established, closed, rejected
	Reason        string `eve:"reason" cbor:"13"`                  // timeout, closed, evicted, shutdown
	ConnState     string `eve:"conn_state" cbor:"14" col:"status"` // Zeek's short form: S0 SF REJ RSTO RSTR S1 OTH SHR
	TCPFlagsTS    uint8  `eve:"tcp_flags_ts" cbor:"15"`
	TCPFlagsTC    uint8  `eve:"tcp_flags_tc" cbor:"16"`
	Midstream     bool   `eve:"midstream" cbor:"17"`      // picked up without its beginning
	OneSided      bool   `eve:"one_sided" cbor:"18"`      // only one direction was ever seen
	Gaps          uint32 `eve:"gaps" cbor:"19"`           // bytes missing inside the streams
	OutOfOrder    uint32 `eve:"out_of_order" cbor:"20"`   // segments
	Retransmits   uint32 `eve:"retransmits" cbor:"21"`    // segments
	Overlaps      uint32 `eve:"overlaps" cbor:"22"`       // segments whose bytes differ from earlier ones
	TTLToServer   uint8  `eve:"ttl_toserver" cbor:"23"`   // of the first packet
	TTLToClient   uint8  `eve:"ttl_toclient" cbor:"24"`   // of the first packet
	SYNWindow     uint16 `eve:"syn_window" cbor:"25"`     // of the client's SYN
	SYNOptions    string `eve:"syn_options" cbor:"26"`    // kinds of the SYN's TCP options, in order
	SYNMSS        uint16 `eve:"syn_mss" cbor:"27"`        // maximum segment size the client offered
	SYNScale      uint8  `eve:"syn_wscale" cbor:"28"`     // window scale the client offered, plus one
	SYNSeqIsDst   bool   `eve:"syn_seq_is_dst" cbor:"29"` // sequence number equals the destination address
	ICMPType      uint8  `eve:"icmp_type" cbor:"30"`
	ICMPCode      uint8  `eve:"icmp_code" cbor:"31"`
	Tunnel        string `eve:"tunnel" cbor:"32"`     // what was taken off, outermost first
	Aggregated    uint32 `eve:"suppressed" cbor:"33"` // like flows of this second not written one by one
	Tempo         Tempo  `eve:"tempo" cbor:"34"`
	Origin        string `eve:"origin" cbor:"35"` // who recorded it when not this program from packets: zeek, suricata, netflow, ipfix

	Observer netip.Addr `eve:"observer" cbor:"36"` // the exporter that reported it, of NetFlow and IPFIX
}

// Tempo is the rhythm of a flow's client data: how regular its bursts are.
type Tempo struct {
	Bursts uint32 `eve:"bursts" cbor:"1"`  // runs of client payload, parted by at least a second of silence
	MeanMS uint32 `eve:"mean_ms" cbor:"2"` // mean milliseconds between the starts of bursts
	DevMS  uint32 `eve:"dev_ms" cbor:"3"`  // mean absolute deviation of that
	Bytes  uint32 `eve:"bytes" cbor:"4"`   // mean client payload bytes of a burst
}

// Rate is what one second of packet time carried to or from one host, per
// transport, made only when it is many: floods and sweeps arrive as these
// instead of as one fact for each packet.
//
//event:kind rate
type Rate struct {
	Direction string `eve:"direction" cbor:"1" col:"verb"` // in: the host is the destination; out: it is the source
	Port      uint16 `eve:"port" cbor:"2"`                 // destination port when one port has most of it
	Packets   uint64 `eve:"packets,keep" cbor:"3" col:"packets"`
	Bytes     uint64 `eve:"bytes" cbor:"4" col:"bytes_out"`
	SYN       uint64 `eve:"syn" cbor:"5"`
	Replies   uint64 `eve:"replies" cbor:"6"`   // packets of the other direction
	NewFlows  uint64 `eve:"new_flows" cbor:"7"` // flows that began
	Peers     uint32 `eve:"peers" cbor:"8"`     // estimated distinct other addresses
	Ports     uint32 `eve:"ports" cbor:"9"`     // estimated distinct destination ports
	ICMPType  uint8  `eve:"icmp_type" cbor:"10"`
	ICMPCode  uint8  `eve:"icmp_code" cbor:"11"`
	Anomalies uint64 `eve:"anomalies" cbor:"12"`  // malformed or strange packets among them
	SeqIsDst  uint64 `eve:"seq_is_dst" cbor:"13"` // SYNs whose sequence number equals the destination
	FirstPkt  uint64 `eve:"-" cbor:"14"`
}

// Anomaly is something that the standard does not allow.
//
//event:kind anomaly
type Anomaly struct {
	Type     string `eve:"type,keep" cbor:"1" col:"verb"`    // decode, stream, applayer
	Event    string `eve:"event,keep" cbor:"2" col:"status"` // stable name
	AppProto Proto  `eve:"app_proto" cbor:"3" col:"proto"`
	Detail   string `eve:"detail" cbor:"4" col:"path"`
	Dir      Dir    `eve:"-" cbor:"5"`
}

// Identity is what a device says about itself, in whatever protocol. The
// fact's Src is the host that it describes.
//
//event:kind identity
type Identity struct {
	Source   string `eve:"source,keep" cbor:"1" col:"verb"` // protocol and message: "enip.list_identity"
	Vendor   string `eve:"vendor" cbor:"2"`
	Model    string `eve:"model" cbor:"3"`
	Type     string `eve:"device_type" cbor:"4"` // a word of the closed type list when the protocol tells it
	Name     string `eve:"name" cbor:"5" col:"name"`
	Firmware string `eve:"firmware" cbor:"6"`
	Hardware string `eve:"hardware" cbor:"7"`
	Serial   string `eve:"serial" cbor:"8"`
	OS       string `eve:"os" cbor:"9"`
	Banner   string `eve:"banner" cbor:"10"` // text to be matched against fingerprints
	MUD      string `eve:"mud_url" cbor:"11"`
}

// Login is an attempt to authenticate, in whatever protocol.
//
//event:kind login
type Login struct {
	Service   Proto  `eve:"service,keep" cbor:"1" col:"proto"`
	User      string `eve:"user" cbor:"2" col:"user"`
	Secret    Secret `eve:"secret" cbor:"3"`
	Outcome   string `eve:"outcome,keep" cbor:"4" col:"status"` // success, failure, unknown
	Mechanism string `eve:"mechanism" cbor:"5" col:"verb"`      // basic, digest, plain, community, publickey
	Clear     bool   `eve:"cleartext" cbor:"6"`                 // the secret can be read on the wire
	Count     uint32 `eve:"count" cbor:"7"`                     // attempts this fact stands for when over one
}

// FileInfo is a file seen in transit.
//
//event:kind fileinfo
type FileInfo struct {
	AppProto Proto  `eve:"app_proto" cbor:"1" col:"proto"`
	Filename string `eve:"filename" cbor:"2" col:"path"` // path or URL
	Host     string `eve:"hostname" cbor:"3" col:"name"`
	Magic    string `eve:"magic" cbor:"4" col:"verb"` // elf-arm, elf-mips, pe, script, zip, gzip, html, image, text, unknown
	Mime     string `eve:"mimetype" cbor:"5"`
	Size     uint64 `eve:"size" cbor:"6"`
	Dir      Dir    `eve:"-" cbor:"7"`          // direction in which the file went
	Agent    string `eve:"user_agent" cbor:"8"` // of the request
}

// ARP is an ARP message (RFC 826).
//
//event:kind arp
type ARP struct {
	Op         uint16     `eve:"-" cbor:"1"`
	OpName     string     `eve:"opcode" cbor:"2" col:"verb"` // request, reply
	SenderMAC  string     `eve:"src_mac" cbor:"3"`
	SenderIP   netip.Addr `eve:"src_ip" cbor:"4"`
	TargetMAC  string     `eve:"dest_mac" cbor:"5"`
	TargetIP   netip.Addr `eve:"dest_ip" cbor:"6"`
	Gratuitous bool       `eve:"gratuitous" cbor:"7"`
	Mismatch   bool       `eve:"mac_mismatch" cbor:"8"` // the frame's source differs from the sender's hardware address
}

// ICMP is an ICMP or ICMPv6 message that is of interest by itself: errors,
// neighbour and router discovery, redirects, echo requests of new pairs.
//
//event:kind icmp
type ICMP struct {
	V6          bool       `eve:"v6" cbor:"1"`
	Type        uint8      `eve:"type,keep" cbor:"2"`
	Code        uint8      `eve:"code,keep" cbor:"3"`
	Name        string     `eve:"name" cbor:"4" col:"verb"`
	Target      netip.Addr `eve:"target" cbor:"5"`   // neighbour or redirect target
	LinkAddr    string     `eve:"link_mac" cbor:"6"` // source or target link-layer address option
	Router      bool       `eve:"router" cbor:"7"`
	Override    bool       `eve:"override" cbor:"8"`
	Lifetime    uint16     `eve:"lifetime" cbor:"9"` // router lifetime, seconds
	Prefixes    []string   `eve:"prefixes" cbor:"10"`
	DNS         []string   `eve:"rdnss" cbor:"11"`
	Len         uint16     `eve:"payload_len" cbor:"12"`
	OrigDst     netip.Addr `eve:"orig_dest_ip" cbor:"13"` // destination of the packet an error is about
	OrigDstPort uint16     `eve:"orig_dest_port" cbor:"14"`
	OrigSrc     netip.Addr `eve:"orig_src_ip" cbor:"15"`
	OrigProto   uint8      `eve:"orig_proto" cbor:"16"`
}
