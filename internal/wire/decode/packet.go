// Package decode takes packets apart: link, network, tunnel and transport
// headers, fragment reassembly, mirror duplicates. It copies nothing and, on
// whole packets, allocates nothing. What is strange becomes an anomaly bit,
// never an error: a packet is decoded as far as it goes.
//
// The packet path and planes that handle packets may use it.
package decode

import (
	"net/netip"
	"unsafe"

	"edgeward/internal/ident"
)

// Headers gives how many of the first bytes of Frame are headers, up to the
// end of the transport header, whatever tunnels come before it; of packets
// without ports, up to the end of the network or link header. It is 0 for a
// reassembled datagram, whose headers lie elsewhere.
func (p *Packet) Headers() int {
	inner, n := p.L4, 0
	switch {
	case p.Frames != 1 || p.Layer == LayerNone:
		return 0
	case p.Layer == LayerLink:
		inner = p.L2
	case p.Layer == LayerTransport:
		switch p.Proto {
		case protoTCP:
			n = int(p.L4[12]>>4) * 4
		case protoUDP:
			n = 8
		case protoSCTP:
			n = 12
		}
	}
	at := offsetIn(p.Frame, inner)
	if at < 0 {
		return 0
	}
	return min(at+n, len(p.Frame))
}

// offsetIn gives where part begins in whole, or -1 when it is no part of it.
func offsetIn(whole, part []byte) int {
	if cap(part) == 0 || cap(whole) == 0 {
		return -1
	}
	at := uintptr(unsafe.Pointer(unsafe.SliceData(part))) - uintptr(unsafe.Pointer(unsafe.SliceData(whole)))
	if at > uintptr(len(whole)) {
		return -1
	}
	return int(at)
}

// Layer says how far a packet could be decoded.
type Layer uint8

// The layers.
const (
	LayerNone      Layer = iota // not even the link layer
	LayerLink                   // EtherType known, no IP
	LayerNetwork                // IP without ports: ICMP, other protocols, later fragments
	LayerTransport              // TCP, UDP or SCTP header decoded
)

// Packet is one decoded packet. All slices point into the captured frame or,
// for a reassembled datagram, into memory of its own.
//
// The caller fills Time, Number, Offset, Capture and Interface; Decode sets
// everything else.
type Packet struct {
	Time      int64
	Number    uint64
	Offset    int64
	Capture   uint32
	Interface uint16 // index of the interface in the source, for the scope map
	Frames    uint16 // captured frames that it was made of: 1, or the number of its fragments
	WireLen   uint32 // bytes on the wire with all headers; of a reassembled datagram, of all its fragments
	Frame     []byte // the whole captured frame; of a reassembled datagram, the one that completed it

	Place          ident.Place
	Layer          Layer
	EtherType      uint16 // of the innermost payload; 0x2000 for CDP, 802.3 lengths give 0
	SrcMAC, DstMAC ident.MAC
	HasMAC         bool   // of cooked captures only SrcMAC is known
	VLAN           uint16 // innermost 802.1Q id, 0 without
	Tunnel         Tunnel // what was taken off last
	TunnelID       uint32 // VNI, TEID, GRE key or session id of the last tunnel
	Depth          uint8  // number of tunnels taken off

	V6       bool
	Src, Dst [16]byte // IPv4 addresses are mapped (::ffff:a.b.c.d)
	Proto    uint8    // IP protocol number after extension headers
	TTL      uint8    // or hop limit
	IPID     uint16
	Fragment bool   // a fragment that could not be reassembled, for counting only; no ports unless it is the first
	L2       []byte // behind the link header, for EtherTypes that are no IP
	L3       []byte // from the IP header on, cut to the IP length
	L4       []byte // behind the IP headers

	SrcPort, DstPort uint16
	Seq, Ack         uint32
	Flags            uint8 // TCP flags
	Window           uint16
	Options          []byte // TCP options
	Payload          []byte // transport payload that was captured
	PayloadLen       uint32 // transport payload on the wire

	Anomalies Anomaly
	Hash      uint64 // symmetric over place, addresses, ports and protocol: both directions of a flow agree
}

// TCP flags.
const (
	FIN uint8 = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
)

// Tunnel names an encapsulation.
type Tunnel uint8

// The encapsulations that are taken off.
const (
	TunnelNone Tunnel = iota
	TunnelIPIP
	TunnelGRE
	TunnelERSPAN
	TunnelVXLAN
	TunnelGENEVE
	TunnelGTPU
	TunnelTZSP
	TunnelPPPoE
	TunnelMPLS
	Tunnel6in4
	TunnelTeredo
)

var tunnelNames = [...]string{"", "ipip", "gre", "erspan", "vxlan", "geneve", "gtp-u", "tzsp", "pppoe", "mpls", "6in4", "teredo"}

func (t Tunnel) String() string {
	if int(t) < len(tunnelNames) {
		return tunnelNames[t]
	}
	return "unknown"
}

// Addr turns a 16-byte address into a netip.Addr, mapped IPv4 unmapped.
func Addr(a [16]byte) netip.Addr { return netip.AddrFrom16(a).Unmap() }
