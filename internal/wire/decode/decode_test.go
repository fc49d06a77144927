package decode

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"edgeward/internal/ident"
	"edgeward/internal/shared"
	"edgeward/internal/wire/capture"
)

// decodeOne decodes a frame that is whole.
func decodeOne(d *Decoder, data []byte, link capture.LinkType) (*Packet, bool) {
	p := &Packet{Number: 7, Time: 1e9}
	ok := d.Decode(p, data, link, uint32(len(data)))
	return p, ok
}

// vxlan, geneve and the others wrap a packet into a tunnel.
func vxlan(vni uint32, inner []byte) []byte {
	h := []byte{8, 0, 0, 0, byte(vni >> 16), byte(vni >> 8), byte(vni), 0}
	return ether4(frame4{proto: 17, body: udpDatagram(50000, 4789, join(h, inner))})
}

func gre(flags, proto uint16, fields, inner []byte) []byte {
	h := binary.BigEndian.AppendUint16(nil, flags)
	h = binary.BigEndian.AppendUint16(h, proto)
	return ether4(frame4{proto: 47, body: join(h, fields, inner)})
}

// inner is the packet that all encapsulations of the table carry.
var (
	inner     = ipv4Packet(frame4{src: [4]byte{10, 1, 1, 1}, dst: [4]byte{10, 2, 2, 2}, proto: 17, body: udpDatagram(5683, 40000, []byte("payload"))})
	innerEth  = ethernetFrame(etherIPv4, inner)
	inner6    = ipv6Packet(6, tcpSegment(40000, 443, SYN, []byte{2, 4, 5, 180}, nil))
	innerEth6 = ethernetFrame(etherIPv6, inner6)
)

func TestEncapsulations(t *testing.T) {
	tag := func(et, id uint16, rest []byte) []byte {
		return join(binary.BigEndian.AppendUint16(nil, et), binary.BigEndian.AppendUint16(nil, id), rest)
	}
	macs := innerEth[:12]
	llc := []byte{0, byte(8 + len(inner)), 0xaa, 0xaa, 3, 0, 0, 0, 8, 0}
	erspan2 := []byte{0x10, 0x2a, 0x00, 0x07, 0, 0, 0, 0}
	erspan3 := []byte{0x20, 0x2a, 0x00, 0x07, 1, 2, 3, 4, 0, 0, 0, 0}
	erspan3sub := []byte{0x20, 0x2a, 0x00, 0x07, 1, 2, 3, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}
	pppoe := func(proto ...byte) []byte {
		return join([]byte{0x11, 0, 0x12, 0x34, 0, byte(len(proto) + len(inner))}, proto, inner)
	}
	udp := func(port uint16, h, body []byte) []byte {
		return ether4(frame4{proto: 17, body: udpDatagram(port, port, join(h, body))})
	}
	gtp := func(flags byte, rest ...byte) []byte {
		n := len(rest) + len(inner)
		return join([]byte{flags, 0xff, byte(n >> 8), byte(n), 0, 0, 0, 9}, rest, inner)
	}
	tests := []struct {
		name   string
		link   capture.LinkType
		data   []byte
		tunnel Tunnel
		id     uint32
		vlan   uint16
		mac    bool
	}{
		{"ethernet", capture.LinkEthernet, innerEth, TunnelNone, 0, 0, true},
		{"ethernet with padding", capture.LinkEthernet, join(innerEth, make([]byte, 9)), TunnelNone, 0, 0, true},
		{"802.3 SNAP", capture.LinkEthernet, join(macs, llc, inner), TunnelNone, 0, 0, true},
		{"802.1Q", capture.LinkEthernet, join(macs, tag(0x8100, 0x2005, tag(0x0800, 0, nil)[:2]), inner), TunnelNone, 0, 5, true},
		{"QinQ", capture.LinkEthernet, join(macs, tag(0x88a8, 9, tag(0x8100, 6, tag(0x0800, 0, nil)[:2])), inner), TunnelNone, 0, 6, true},
		{"four tags", capture.LinkEthernet, join(macs, tag(0x88a8, 9, tag(0x9100, 6, tag(0x8100, 7, tag(0x8100, 8, tag(0x0800, 0, nil)[:2])))), inner), TunnelNone, 0, 8, true},
		{"priority tag", capture.LinkEthernet, join(macs, tag(0x8100, 0xe000, tag(0x0800, 0, nil)[:2]), inner), TunnelNone, 0, 0, true},
		{"HSR", capture.LinkEthernet, join(macs, []byte{0x89, 0x2f, 0, 60, 0, 1, 8, 0}, inner), TunnelNone, 0, 0, true},
		{"PPPoE", capture.LinkEthernet, ethernetFrame(0x8864, pppoe(0, 0x21)), TunnelPPPoE, 0x1234, 0, true},
		{"PPPoE, short protocol", capture.LinkEthernet, ethernetFrame(0x8864, pppoe(0x21)), TunnelPPPoE, 0x1234, 0, true},
		{"MPLS", capture.LinkEthernet, ethernetFrame(0x8847, join([]byte{0, 1, 0, 64, 0, 2, 0x31, 64}, inner)), TunnelMPLS, 0x23, 0, true},
		{"MPLS pseudowire", capture.LinkEthernet, ethernetFrame(0x8847, join([]byte{0, 2, 0x31, 64, 0, 0, 0, 0}, innerEth)), TunnelMPLS, 0x23, 0, true},
		{"raw", capture.LinkRaw, inner, TunnelNone, 0, 0, false},
		{"raw BSD", capture.LinkRawBSD, inner, TunnelNone, 0, 0, false},
		{"raw OpenBSD", capture.LinkRawOpen, inner, TunnelNone, 0, 0, false},
		{"raw IPv4", capture.LinkIPv4, inner, TunnelNone, 0, 0, false},
		{"null little", capture.LinkNull, join([]byte{2, 0, 0, 0}, inner), TunnelNone, 0, 0, false},
		{"null big", capture.LinkNull, join([]byte{0, 0, 0, 2}, inner), TunnelNone, 0, 0, false},
		{"loop", capture.LinkLoop, join([]byte{0, 0, 0, 2}, inner), TunnelNone, 0, 0, false},
		{"SLL", capture.LinkLinuxSLL, join([]byte{0, 0, 0, 1, 0, 6}, macA[:], []byte{0, 0, 8, 0}, inner), TunnelNone, 0, 0, true},
		{"SLL of a tunnel", capture.LinkLinuxSLL, join([]byte{0, 0, 0xff, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0}, inner), TunnelNone, 0, 0, false},
		{"SLL2", capture.LinkLinuxSLL2, join([]byte{8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 4, 6}, macA[:], []byte{0, 0}, inner), TunnelNone, 0, 0, true},
		{"SLL2 with tag", capture.LinkLinuxSLL2, join([]byte{0x81, 0, 0, 0, 0, 0, 0, 3, 0, 1, 4, 6}, macA[:], []byte{0, 0, 0, 5, 8, 0}, inner), TunnelNone, 0, 5, true},
		{"IPIP", capture.LinkEthernet, ether4(frame4{proto: 4, body: inner}), TunnelIPIP, 0, 0, false},
		{"GRE", capture.LinkEthernet, gre(0, 0x0800, nil, inner), TunnelGRE, 0, 0, false},
		{"GRE with all fields", capture.LinkEthernet, gre(0xb000, 0x0800, []byte{0, 0, 0, 0, 0, 0, 0, 77, 0, 0, 0, 1}, inner), TunnelGRE, 77, 0, false},
		{"GRE with a source route", capture.LinkEthernet, gre(0x4000, 0x0800, []byte{0, 0, 0, 0, 8, 0, 0, 4, 1, 2, 3, 4, 0, 0, 0, 0}, inner), TunnelGRE, 0, 0, false},
		{"GRE bridging", capture.LinkEthernet, gre(0x2000, 0x6558, []byte{0, 0, 1, 0}, innerEth), TunnelGRE, 256, 0, true},
		{"ERSPAN I", capture.LinkEthernet, gre(0, 0x88be, nil, innerEth), TunnelERSPAN, 0, 0, true},
		{"ERSPAN II", capture.LinkEthernet, gre(0x1000, 0x88be, join([]byte{0, 0, 0, 1}, erspan2), innerEth), TunnelERSPAN, 7, 0x2a, true},
		{"ERSPAN III", capture.LinkEthernet, gre(0x1000, 0x22eb, join([]byte{0, 0, 0, 1}, erspan3), innerEth), TunnelERSPAN, 7, 0x2a, true},
		{"ERSPAN III with subheader", capture.LinkEthernet, gre(0x1000, 0x22eb, join([]byte{0, 0, 0, 1}, erspan3sub), innerEth), TunnelERSPAN, 7, 0x2a, true},
		{"VXLAN", capture.LinkEthernet, vxlan(0x010203, innerEth), TunnelVXLAN, 0x010203, 0, true},
		{"VXLAN in a VLAN", capture.LinkEthernet, join(macs, tag(0x8100, 5, vxlan(3, innerEth)[12:])), TunnelVXLAN, 3, 0, true},
		{"GENEVE", capture.LinkEthernet, udp(6081, []byte{1, 0, 0x65, 0x58, 0, 0, 5, 0, 1, 2, 3, 4}, innerEth), TunnelGENEVE, 5, 0, true},
		{"GENEVE with IP", capture.LinkEthernet, udp(6081, []byte{0, 0, 0x08, 0, 0, 0, 5, 0}, inner), TunnelGENEVE, 5, 0, false},
		{"GTP-U", capture.LinkEthernet, udp(2152, nil, gtp(0x30)), TunnelGTPU, 9, 0, false},
		{"GTP-U with sequence", capture.LinkEthernet, udp(2152, nil, gtp(0x32, 0, 1, 0, 0)), TunnelGTPU, 9, 0, false},
		{"GTP-U with extension", capture.LinkEthernet, udp(2152, nil, gtp(0x34, 0, 1, 0, 0x85, 1, 0x10, 9, 0)), TunnelGTPU, 9, 0, false},
		{"TZSP", capture.LinkEthernet, udp(37008, []byte{1, 0, 0, 1, 0, 10, 1, 99, 1}, innerEth), TunnelTZSP, 0, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := New(Options{})
			p, ok := decodeOne(d, tt.data, tt.link)
			if !ok || p.Layer != LayerTransport || p.Anomalies != 0 {
				t.Fatalf("ok %v, layer %d, anomalies %v", ok, p.Layer, p.Anomalies.Names(nil))
			}
			if Addr(p.Src) != netip.MustParseAddr("10.1.1.1") || Addr(p.Dst) != netip.MustParseAddr("10.2.2.2") || p.SrcPort != 5683 || p.DstPort != 40000 {
				t.Errorf("endpoints are %v:%d and %v:%d", Addr(p.Src), p.SrcPort, Addr(p.Dst), p.DstPort)
			}
			if string(p.Payload) != "payload" || p.PayloadLen != 7 || string(p.L3) != string(inner) {
				t.Errorf("payload %q of %d bytes", p.Payload, p.PayloadLen)
			}
			if p.Tunnel != tt.tunnel || p.TunnelID != tt.id || p.VLAN != tt.vlan || p.HasMAC != tt.mac {
				t.Errorf("tunnel %v id %#x, VLAN %d, MAC %v", p.Tunnel, p.TunnelID, p.VLAN, p.HasMAC)
			}
			if tt.mac && p.SrcMAC != ident.MAC(macA) {
				t.Errorf("source MAC is %v", p.SrcMAC)
			}
			if p.Number != 7 || p.Time != 1e9 || p.WireLen != uint32(len(tt.data)) || p.Frames != 1 || string(p.Frame) != string(tt.data) {
				t.Errorf("the caller's fields changed: %+v", p)
			}
			if tt.tunnel != TunnelNone && d.Stats().Tunnels[tt.tunnel] != 1 {
				t.Errorf("tunnel was counted %d times", d.Stats().Tunnels[tt.tunnel])
			}
		})
	}
}

func TestEncapsulatedIPv6(t *testing.T) {
	teredo := join([]byte{0, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0}, []byte{0, 0, 1, 2, 3, 4, 5, 6}, inner6)
	tests := []struct {
		name   string
		data   []byte
		tunnel Tunnel
	}{
		{"ethernet", innerEth6, TunnelNone},
		{"6in4", ether4(frame4{proto: 41, body: inner6}), Tunnel6in4},
		{"6in6", ethernetFrame(etherIPv6, ipv6Packet(41, inner6)), Tunnel6in4},
		{"GRE", gre(0, 0x86dd, nil, inner6), TunnelGRE},
		{"VXLAN", vxlan(1, innerEth6), TunnelVXLAN},
		{"Teredo", ether4(frame4{proto: 17, body: udpDatagram(50000, 3544, teredo)}), TunnelTeredo},
		{"extension headers", ethernetFrame(etherIPv6, ipv6Packet(0, join(
			[]byte{60, 0, 5, 2, 0, 0, 1, 0}, []byte{43, 0, 1, 4, 0, 0, 0, 0}, []byte{60, 0, 2, 0, 0, 0, 0, 0}, []byte{51, 0, 1, 4, 0, 0, 0, 0},
			[]byte{6, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, inner6[40:]))), TunnelNone},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, ok := decodeOne(New(Options{}), tt.data, capture.LinkEthernet)
			if !ok || p.Layer != LayerTransport || !p.V6 || p.Proto != 6 || p.SrcPort != 40000 || p.DstPort != 443 || p.Flags != SYN || p.Tunnel != tt.tunnel {
				t.Fatalf("ok %v: %+v", ok, p)
			}
			if Addr(p.Src) != netip.MustParseAddr("2001::1") && tt.name != "extension headers" || string(p.Options) != "\x02\x04\x05\xb4" || p.Anomalies != 0 {
				t.Errorf("source %v, options %x, anomalies %v", Addr(p.Src), p.Options, p.Anomalies.Names(nil))
			}
		})
	}
}

// A frame on a tunnel's port that holds no packet stays what it is, and so
// does what is in too many tunnels.
func TestNoTunnel(t *testing.T) {
	for name, data := range map[string][]byte{
		"VXLAN port with text":   ether4(frame4{proto: 17, body: udpDatagram(50000, 4789, []byte("hello, this is no frame"))}),
		"VXLAN with broken IP":   vxlan(1, ethernetFrame(etherIPv4, inner[:12])),
		"VXLAN, wrong version":   vxlan(1, ethernetFrame(etherIPv6, inner)),
		"GTP-U with half an IP":  ether4(frame4{proto: 17, body: udpDatagram(2152, 2152, join([]byte{0x30, 0xff, 0, 10, 0, 0, 0, 1}, inner[:10]))}),
		"GTP-C on the same port": ether4(frame4{proto: 17, body: udpDatagram(2152, 2152, join([]byte{0x30, 1, 0, 4, 0, 0, 0, 1}, inner[:4]))}),
		"TZSP without an end":    ether4(frame4{proto: 17, body: udpDatagram(37008, 37008, []byte{1, 0, 0, 1, 10, 1, 99, 11, 200})}),
		"GENEVE with text":       ether4(frame4{proto: 17, body: udpDatagram(6081, 6081, []byte("hello, this is no frame"))}),
	} {
		p, ok := decodeOne(New(Options{}), data, capture.LinkEthernet)
		if !ok || p.Layer != LayerTransport || p.Tunnel != TunnelNone || p.Depth != 0 || p.Anomalies != 0 || Addr(p.Src) != netip.MustParseAddr("192.0.2.1") || p.SrcMAC != ident.MAC(macA) {
			t.Errorf("%s: %+v", name, p)
		}
	}
	deep := inner
	for range 6 {
		deep = ipv4Packet(frame4{proto: 4, body: deep})
	}
	d := New(Options{})
	p, ok := decodeOne(d, deep, capture.LinkRaw)
	if !ok || p.Depth != 4 || p.Anomalies != TooManyLayers || p.Layer != LayerNetwork || p.Proto != 4 || d.Stats().TooDeep != 1 {
		t.Errorf("six tunnels: %+v", p)
	}
}

func TestLinkLayer(t *testing.T) {
	cdp := join(macB[:], macA[:], []byte{0, 12, 0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0, 2, 180, 1, 2}, make([]byte, 30))
	p, ok := decodeOne(New(Options{}), cdp, capture.LinkEthernet)
	if !ok || p.Layer != LayerLink || p.EtherType != 0x2000 || len(p.L2) != 4 {
		t.Errorf("CDP: %+v", p)
	}
	stp := join(macB[:], macA[:], []byte{0, 7, 0x42, 0x42, 3, 0, 0, 0, 0}, make([]byte, 30))
	p, ok = decodeOne(New(Options{}), stp, capture.LinkEthernet)
	if !ok || p.Layer != LayerLink || p.EtherType != 0 || len(p.L2) != 7 {
		t.Errorf("spanning tree: %+v", p)
	}
	arp := ethernetFrame(0x0806, make([]byte, 28))
	p, ok = decodeOne(New(Options{}), arp, capture.LinkEthernet)
	if !ok || p.Layer != LayerLink || p.EtherType != 0x0806 || len(p.L2) != 28 || p.Hash == 0 {
		t.Errorf("ARP: %+v", p)
	}
	p, ok = decodeOne(New(Options{}), vxlan(9, arp), capture.LinkEthernet)
	if !ok || p.Layer != LayerLink || p.EtherType != 0x0806 || p.Tunnel != TunnelVXLAN || p.Src != ([16]byte{}) || p.SrcPort != 0 {
		t.Errorf("ARP in VXLAN: %+v", p)
	}
}

func TestAnomalies(t *testing.T) {
	tcp := tcpSegment(1, 2, ACK, nil, nil)
	set := func(b []byte, at int, v ...byte) []byte {
		b = slices.Clone(b)
		copy(b[at:], v)
		return b
	}
	v4 := func(proto uint8, body []byte) []byte { return ipv4Packet(frame4{proto: proto, body: body}) }
	tests := []struct {
		name string
		data []byte // raw IP, or Ethernet when eth is set
		eth  bool
		want string
	}{
		{"short frame", innerEth[:13], true, "link_pkt_too_small"},
		{"version 5", set(inner, 0, 0x55), false, "ltraw_unknown_type"},
		{"five tags", join(innerEth[:12], []byte{0x81, 0, 0, 1, 0x81, 0, 0, 1, 0x81, 0, 0, 1, 0x81, 0, 0, 1, 0x81, 0, 0, 1, 8, 0}, inner), true, "vlan_too_many_layers"},
		{"half a tag", join(innerEth[:12], []byte{0x81, 0, 0}), true, "vlan_header_too_small"},
		{"LLC without room", join(innerEth[:12], []byte{0, 2, 0xaa, 0xaa}), true, "llc_pkt_too_small"},
		{"short PPPoE", ethernetFrame(0x8864, []byte{0x11, 0, 0, 1, 0, 2}), true, "pppoe_pkt_too_small"},
		{"PPPoE version", ethernetFrame(0x8864, []byte{0x21, 0, 0, 1, 0, 2, 0, 0x21}), true, "pppoe_malformed"},
		{"MPLS without an end", ethernetFrame(0x8847, []byte{0, 0, 0, 64, 0, 0}), true, "mpls_header_too_small"},
		{"MPLS with anything", ethernetFrame(0x8847, []byte{0, 0, 1, 64, 0x99, 0}), true, "mpls_unknown_payload_type"},
		{"MPLS stack", ethernetFrame(0x8847, make([]byte, 100)), true, "mpls_too_many_labels"},
		{"short GRE", v4(47, []byte{0, 0, 8}), false, "gre_pkt_too_small"},
		{"GRE without its key", v4(47, []byte{0x20, 0, 8, 0, 1}), false, "gre_pkt_too_small"},
		{"GRE version", v4(47, []byte{0, 2, 8, 0}), false, "gre_wrong_version"},
		{"short ERSPAN", v4(47, []byte{0x10, 0, 0x88, 0xbe, 0, 0, 0, 0, 0x10}), false, "erspan_header_too_small"},
		{"ERSPAN version", v4(47, []byte{0x10, 0, 0x88, 0xbe, 0, 0, 0, 0, 0x50, 0, 0, 0, 0, 0, 0, 0}), false, "erspan_unsupported_version"},
		{"short IPv4", ethernetFrame(etherIPv4, inner[:19]), true, "ipv4_pkt_too_small"},
		{"IPv4 version", ethernetFrame(etherIPv4, set(inner, 0, 0x75)), true, "ipv4_wrong_ip_version"},
		{"IPv4 header length", set(inner, 0, 0x44), false, "ipv4_hlen_too_small"},
		{"IPv4 total length", set(inner, 2, 0, 19), false, "ipv4_iplen_smaller_than_hlen"},
		{"IPv4 cut", inner[:len(inner)-1], false, "ipv4_trunc_pkt,udp_len_invalid"},
		{"IPv4 option", ipv4Packet(frame4{proto: 6, options: []byte{7, 9, 0, 0}, body: tcp}), false, "ipv4_opt_invalid_len"},
		{"IPv4 half an option", ipv4Packet(frame4{proto: 6, options: []byte{1, 1, 1, 7}, body: tcp}), false, "ipv4_opt_invalid"},
		{"IPv4 source route", ipv4Packet(frame4{proto: 6, options: []byte{131, 3, 4, 0}, body: tcp}), false, "ipv4_opt_source_route"},
		{"ICMPv6 in IPv4", v4(58, make([]byte, 8)), false, "ipv4_with_icmpv6"},
		{"short IPv6", inner6[:39], false, "ipv6_pkt_too_small"},
		{"IPv6 version", ethernetFrame(etherIPv6, set(inner6, 0, 0x50)), true, "ipv6_wrong_ip_version"},
		{"IPv6 cut", inner6[:len(inner6)-1], false, "ipv6_trunc_pkt,tcp_invalid_optlen"},
		{"extension cut", ipv6Packet(60, []byte{6, 1, 1, 4, 0, 0, 0, 0}), false, "ipv6_trunc_exthdr"},
		{"ICMP in IPv6", ipv6Packet(1, make([]byte, 8)), false, "ipv6_with_icmpv4"},
		{"data behind none", ipv6Packet(59, make([]byte, 8)), false, "ipv6_data_after_none_header"},
		{"routing type 0", ipv6Packet(43, []byte{59, 0, 0, 0, 0, 0, 0, 0}), false, "ipv6_exthdr_rh_type_0"},
		{"late hop-by-hop", ipv6Packet(60, []byte{0, 0, 1, 4, 0, 0, 0, 0, 59, 0, 1, 4, 0, 0, 0, 0}), false, "ipv6_hopopts_not_first"},
		{"two hop-by-hop", ipv6Packet(0, []byte{0, 0, 1, 4, 0, 0, 0, 0, 59, 0, 1, 4, 0, 0, 0, 0}), false, "ipv6_exthdr_dupl_hh"},
		{"option length", ipv6Packet(0, []byte{59, 0, 1, 9, 0, 0, 0, 0}), false, "ipv6_exthdr_invalid_optlen"},
		{"atomic fragment", ipv6Packet(44, join(fragmentHeader(17, 1, 0, false), udpDatagram(1, 2, nil))), false, "ipv6_exthdr_useless_fh"},
		{"short TCP", v4(6, tcp[:19]), false, "tcp_pkt_too_small"},
		{"TCP header length", v4(6, set(tcp, 12, 0x40)), false, "tcp_hlen_too_small"},
		{"TCP options beyond", v4(6, set(tcp, 12, 0x60)), false, "tcp_invalid_optlen"},
		{"TCP option", v4(6, tcpSegment(1, 2, SYN, []byte{2, 9, 0, 0}, nil)), false, "tcp_opt_invalid_len"},
		{"TCP segment size", v4(6, tcpSegment(1, 2, SYN, []byte{2, 3, 0, 0}, nil)), false, "tcp_opt_invalid_len"},
		{"short UDP", v4(17, []byte{0, 1, 0, 2, 0, 7, 0}), false, "udp_pkt_too_small"},
		{"UDP length 7", v4(17, []byte{0, 1, 0, 2, 0, 7, 0, 0}), false, "udp_hlen_invalid"},
		{"UDP length 9", v4(17, []byte{0, 1, 0, 2, 0, 9, 0, 0}), false, "udp_len_invalid"},
		{"short SCTP", v4(132, make([]byte, 11)), false, "sctp_pkt_too_small"},
		{"short ICMP", v4(1, make([]byte, 7)), false, "icmpv4_pkt_too_small"},
		{"short ICMPv6", ipv6Packet(58, make([]byte, 3)), false, "icmpv6_pkt_too_small"},
	}
	for _, tt := range tests {
		link := capture.LinkRaw
		if tt.eth {
			link = capture.LinkEthernet
		}
		d := New(Options{})
		p, _ := decodeOne(d, tt.data, link)
		got := ""
		for i, name := range p.Anomalies.Names(nil) {
			if i > 0 {
				got += ","
			}
			got += name
		}
		if got != tt.want {
			t.Errorf("%s: anomalies %q, want %q", tt.name, got, tt.want)
		}
	}
	many := []byte{}
	for range 20 {
		many = append(many, 43, 0, 1, 4, 0, 0, 0, 0)
	}
	p, _ := decodeOne(New(Options{}), ipv6Packet(43, many), capture.LinkRaw)
	if p.Anomalies&IPv6ExtTooMany == 0 {
		t.Errorf("twenty extension headers: %v", p.Anomalies.Names(nil))
	}
	seen := map[string]bool{}
	for _, name := range (^Anomaly(0)).Names(nil) {
		if seen[name] || name == "" {
			t.Errorf("anomaly name %q is not unique", name)
		}
		seen[name] = true
	}
	if Anomaly(1)<<AnomalyCount != ICMPv6TooSmall<<1 {
		t.Error("there are more names than anomalies")
	}
}

// What the snapshot length cut off is no anomaly, and lengths are those on
// the wire.
func TestSnapped(t *testing.T) {
	whole := ether4(frame4{proto: 6, body: tcpSegment(1, 2, ACK, nopTimestamp, make([]byte, 1000))})
	for n := 14; n <= len(whole); n++ {
		d := New(Options{})
		p := Packet{}
		if !d.Decode(&p, whole[:n], capture.LinkEthernet, uint32(len(whole))) {
			t.Fatalf("cut to %d bytes: not to be processed", n)
		}
		if p.Anomalies&^IPv4TooSmall != 0 || p.Layer == LayerTransport && p.PayloadLen != 1000 || p.WireLen != uint32(len(whole)) {
			t.Fatalf("cut to %d bytes: length %d, anomalies %v", n, p.PayloadLen, p.Anomalies.Names(nil))
		}
		if n >= 14+20+20 && p.Layer != LayerTransport {
			t.Fatalf("cut to %d bytes: layer %d", n, p.Layer)
		}
	}
}

func TestHash(t *testing.T) {
	turn := func(link capture.LinkType, a, b []byte, opt Options) (uint64, uint64) {
		p, _ := decodeOne(New(opt), a, link)
		q, _ := decodeOne(New(opt), b, link)
		return p.Hash, q.Hash
	}
	there := ether4(frame4{src: [4]byte{10, 0, 0, 1}, dst: [4]byte{10, 0, 0, 2}, proto: 6, body: tcpSegment(1000, 2000, SYN, nil, nil)})
	back := ether4(frame4{src: [4]byte{10, 0, 0, 2}, dst: [4]byte{10, 0, 0, 1}, proto: 6, body: tcpSegment(2000, 1000, SYN|ACK, nil, nil)})
	if a, b := turn(capture.LinkEthernet, there, back, Options{}); a != b || a == 0 {
		t.Errorf("hashes of both directions differ: %x and %x", a, b)
	}
	swapped := ether4(frame4{src: [4]byte{10, 0, 0, 1}, dst: [4]byte{10, 0, 0, 2}, proto: 6, body: tcpSegment(2000, 1000, SYN, nil, nil)})
	if a, b := turn(capture.LinkEthernet, there, swapped, Options{}); a == b {
		t.Error("hash does not tell whose port is which")
	}
	a, _ := turn(capture.LinkEthernet, there, back, Options{})
	b, _ := turn(capture.LinkEthernet, there, back, Options{HashSeed: 1})
	c, _ := turn(capture.LinkEthernet, there, back, Options{Tenant: 1})
	e, _ := turn(capture.LinkEthernet, there, back, Options{Scope: func(uint16, uint16, uint32) uint16 { return 1 }})
	if a == b || a == c || a == e {
		t.Error("seed, tenant or scope does not change the hash")
	}

	// Both halves spread over a table: 4096 flows into 512 buckets.
	var low, high [512]int
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 4096 {
		f := ether4(frame4{src: [4]byte{10, 0, 0, byte(rng.IntN(16))}, dst: [4]byte{10, 0, 1, byte(i % 4)}, proto: 6, body: tcpSegment(uint16(40000+i), 1883, SYN, nil, nil)})
		p, _ := decodeOne(New(Options{KeepDuplicates: true}), f, capture.LinkEthernet)
		low[p.Hash%512]++
		high[p.Hash>>32%512]++
	}
	for i := range low {
		if low[i] > 32 || high[i] > 32 {
			t.Fatalf("bucket %d has %d or %d flows, 8 expected", i, low[i], high[i])
		}
	}
}

func TestScope(t *testing.T) {
	opt := Options{Tenant: 3, Scope: func(iface, vlan uint16, tunnel uint32) uint16 {
		return iface*1000 + vlan*10 + uint16(tunnel)
	}}
	d := New(opt)
	p := Packet{Interface: 2}
	tagged := join(innerEth[:12], []byte{0x81, 0, 0, 5, 8, 0}, inner)
	d.Decode(&p, tagged, capture.LinkEthernet, uint32(len(tagged)))
	if p.Place != (ident.Place{Tenant: 3, Scope: 2050}) {
		t.Errorf("VLAN: place %+v", p.Place)
	}
	outside := vxlan(7, tagged)
	d.Decode(&p, outside, capture.LinkEthernet, uint32(len(outside)))
	if p.Place != (ident.Place{Tenant: 3, Scope: 2057}) {
		t.Errorf("VLAN in VXLAN: place %+v", p.Place)
	}
	broken := vxlan(7, tagged[:20])
	d.Decode(&p, broken, capture.LinkEthernet, uint32(len(broken)))
	if p.Place != (ident.Place{Tenant: 3, Scope: 2000}) {
		t.Errorf("broken VXLAN: place %+v", p.Place)
	}
}

func TestNoAllocation(t *testing.T) {
	d := New(Options{})
	frames := benchFrames()
	frames = append(frames, vxlan(1, innerEth), gre(0, 0x0800, nil, inner), innerEth6)
	var p Packet
	if n := shared.AllocsPerRun(100, func() {
		for _, f := range frames {
			d.Decode(&p, f, capture.LinkEthernet, uint32(len(f)))
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestHeaders(t *testing.T) {
	secret := []byte("secret")
	tcp := ether4(frame4{proto: 6, body: tcpSegment(40000, 23, PSH|ACK, nopTimestamp, secret)})
	padded := append(ether4(frame4{proto: 17, body: udpDatagram(1, 2, secret)}), make([]byte, 12)...)
	for _, tt := range []struct {
		name  string
		frame []byte
		want  int
	}{
		{"TCP with options", tcp, len(tcp) - len(secret)},
		{"UDP without payload", ether4(frame4{proto: 17, body: udpDatagram(1, 2, nil)}), 14 + 20 + 8},
		{"UDP with padding", padded, 14 + 20 + 8},
		{"in VXLAN", vxlan(7, tcp), len(vxlan(7, tcp)) - len(secret)},
		{"ICMP", ether4(frame4{proto: 1, body: make([]byte, 20)}), 14 + 20},
		{"ARP", ethernetFrame(0x0806, make([]byte, 28)), 14},
		{"cut in the options", tcp[:14+20+24], 14 + 20 + 24},
		{"no link header", tcp[:5], 0},
	} {
		var p Packet
		New(Options{}).Decode(&p, tt.frame, capture.LinkEthernet, uint32(len(tt.frame)+1))
		if got := p.Headers(); tt.want != got {
			t.Errorf("%s: %d bytes of headers, want %d", tt.name, got, tt.want)
		}
	}
}
