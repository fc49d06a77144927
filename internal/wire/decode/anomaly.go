package decode

import "math/bits"

// Anomaly is a set of strange things about a packet, one bit each.
type Anomaly uint64

// The anomalies. Their names are stable and follow those of Suricata's
// decoder events where it has them.
const (
	LinkTooSmall   Anomaly = 1 << iota // the frame ends inside its link-layer header
	RawUnknownType                     // raw IP with a version that is neither 4 nor 6
	LLCTooSmall                        // an 802.3 frame without room for its LLC header
	VLANTooSmall
	VLANTooMany
	PPPoETooSmall
	PPPoEInvalid // version, code or length that RFC 2516 does not allow
	MPLSTooSmall
	MPLSTooMany
	MPLSUnknownPayload
	GRETooSmall
	GREWrongVersion
	ERSPANTooSmall
	ERSPANWrongVersion
	TooManyLayers // more tunnels in one another than are taken off
	IPv4TooSmall
	IPv4WrongVersion
	IPv4HeaderTooSmall
	IPv4LengthTooSmall
	IPv4Truncated // the total length is more than was on the wire
	IPv4OptionInvalid
	IPv4OptionLength
	IPv4SourceRoute // loose or strict source routing
	IPv4ICMPv6
	IPv4FragTooLarge // a fragment that would end behind byte 65535
	IPv4FragOverlap
	IPv4FragInvalid // not the last fragment, and no multiple of eight bytes; or empty
	IPv4FragIgnored // reassembly has no room for it
	IPv6TooSmall
	IPv6WrongVersion
	IPv6Truncated
	IPv6ExtTruncated
	IPv6ExtDuplicateFragment
	IPv6ExtDuplicateRouting
	IPv6ExtDuplicateHopByHop
	IPv6ExtDuplicateDestination
	IPv6ExtDuplicateAH
	IPv6ExtHopByHopLate
	IPv6ExtRoutingType0    // deprecated by RFC 5095
	IPv6ExtUselessFragment // an atomic fragment (RFC 6946)
	IPv6ExtOptionLength
	IPv6ExtTooMany
	IPv6DataAfterNone
	IPv6ICMPv4
	IPv6FragTooLarge
	IPv6FragOverlap // the datagram is dropped (RFC 5722)
	IPv6FragInvalid
	IPv6FragIgnored
	TCPTooSmall
	TCPHeaderTooSmall
	TCPOptionsLength // the header is longer than the segment
	TCPOptionLength
	UDPTooSmall
	UDPLengthTooSmall // the length field is less than the header
	UDPLengthInvalid  // the length field is more than the datagram has
	SCTPTooSmall
	ICMPv4TooSmall
	ICMPv6TooSmall
)

// anomalyNames holds the name of each bit.
var anomalyNames = [...]string{
	"link_pkt_too_small",
	"ltraw_unknown_type",
	"llc_pkt_too_small",
	"vlan_header_too_small",
	"vlan_too_many_layers",
	"pppoe_pkt_too_small",
	"pppoe_malformed",
	"mpls_header_too_small",
	"mpls_too_many_labels",
	"mpls_unknown_payload_type",
	"gre_pkt_too_small",
	"gre_wrong_version",
	"erspan_header_too_small",
	"erspan_unsupported_version",
	"too_many_layers",
	"ipv4_pkt_too_small",
	"ipv4_wrong_ip_version",
	"ipv4_hlen_too_small",
	"ipv4_iplen_smaller_than_hlen",
	"ipv4_trunc_pkt",
	"ipv4_opt_invalid",
	"ipv4_opt_invalid_len",
	"ipv4_opt_source_route",
	"ipv4_with_icmpv6",
	"ipv4_frag_pkt_too_large",
	"ipv4_frag_overlap",
	"ipv4_frag_invalid_length",
	"ipv4_frag_ignored",
	"ipv6_pkt_too_small",
	"ipv6_wrong_ip_version",
	"ipv6_trunc_pkt",
	"ipv6_trunc_exthdr",
	"ipv6_exthdr_dupl_fh",
	"ipv6_exthdr_dupl_rh",
	"ipv6_exthdr_dupl_hh",
	"ipv6_exthdr_dupl_dh",
	"ipv6_exthdr_dupl_ah",
	"ipv6_hopopts_not_first",
	"ipv6_exthdr_rh_type_0",
	"ipv6_exthdr_useless_fh",
	"ipv6_exthdr_invalid_optlen",
	"ipv6_exthdr_too_many",
	"ipv6_data_after_none_header",
	"ipv6_with_icmpv4",
	"ipv6_frag_pkt_too_large",
	"ipv6_frag_overlap",
	"ipv6_frag_invalid_length",
	"ipv6_frag_ignored",
	"tcp_pkt_too_small",
	"tcp_hlen_too_small",
	"tcp_invalid_optlen",
	"tcp_opt_invalid_len",
	"udp_pkt_too_small",
	"udp_hlen_invalid",
	"udp_len_invalid",
	"sctp_pkt_too_small",
	"icmpv4_pkt_too_small",
	"icmpv6_pkt_too_small",
}

// AnomalyCount is how many different anomalies there are.
const AnomalyCount = len(anomalyNames)

// Names appends the names of the anomalies in the set to dst.
func (a Anomaly) Names(dst []string) []string {
	for ; a != 0; a &= a - 1 {
		if i := bits.TrailingZeros64(uint64(a)); i < AnomalyCount {
			dst = append(dst, anomalyNames[i])
		}
	}
	return dst
}
