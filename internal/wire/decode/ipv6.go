package decode

// maxExtHeaders is how many extension headers are gone through.
const maxExtHeaders = 16

// ipv6 decodes an IPv6 packet (RFC 8200) and what is in it.
func (d *Decoder) ipv6(p *Packet, b []byte) {
	if len(b) < 40 {
		p.Anomalies |= IPv6TooSmall
		return
	}
	if b[0]>>4 != 6 {
		p.Anomalies |= IPv6WrongVersion
		return
	}
	length := int(be16(b[4:]))
	if length == 0 && b[6] == protoHopByHop || length == 0 && len(b) > 1500 {
		length = len(b) - 40 // a jumbogram (RFC 2675), or segmentation offload
	}
	wire := uint32(length)
	if 40+length <= len(b) {
		b = b[:40+length]
	} else if !d.cut {
		p.Anomalies |= IPv6Truncated
		wire = uint32(len(b) - 40)
	}

	p.Layer, p.V6 = LayerNetwork, true
	p.Src, p.Dst = [16]byte(b[8:24]), [16]byte(b[24:40])
	p.Proto, p.TTL, p.IPID = b[6], b[7], 0
	p.L3, p.L4 = b, b[40:]
	switch p.Proto {
	case protoTCP, protoUDP, protoICMPv6:
		d.transport(p, wire)
	default:
		d.ipv6Extensions(p, wire, 6, false)
	}
}

// ipv6Extensions goes through the extension headers to the transport header.
// next is where in L3 the number of the header at hand was found;
// reassembled says that the fragment header has been dealt with.
func (d *Decoder) ipv6Extensions(p *Packet, wire uint32, next int, reassembled bool) {
	var seen [256 / 64]uint64
	options := false
	for n := 0; ; n++ {
		h := p.Proto
		switch h {
		case protoHopByHop, protoRouting, protoDestOptions, protoMobility, protoHIP, protoShim6, protoAH, protoFragment:
		case protoNone:
			if len(p.L4) > 0 {
				p.Anomalies |= IPv6DataAfterNone
			}
			return
		default:
			if h == protoICMP {
				p.Anomalies |= IPv6ICMPv4
			}
			d.transport(p, wire)
			return
		}
		if n == maxExtHeaders {
			p.Anomalies |= IPv6ExtTooMany
			return
		}
		b := p.L4
		if len(b) < 8 {
			p.extCut(d.cut)
			return
		}
		length := 8 + int(b[1])*8
		switch h {
		case protoAH:
			length = (int(b[1]) + 2) * 4
		case protoFragment:
			length = 8
		}
		if length < 8 || length > len(b) {
			p.extCut(d.cut)
			return
		}
		p.checkExtension(h, b[:length], n, seen[h>>6]>>(h&63)&1 != 0)
		if h == protoFragment {
			field := be16(b[2:])
			offset, more := int(field&^7), field&1 != 0
			p.IPID = be16(b[6:])
			if !reassembled && (offset != 0 || more) {
				p.Proto = b[0]
				d.fragment6(p, next, be32(b[4:]), offset, more, wire-min(wire, 8))
				return
			}
			if offset != 0 || more { // a fragment inside a reassembled datagram
				p.Anomalies |= IPv6ExtDuplicateFragment
				p.Fragment = true
				return
			}
			p.Anomalies |= IPv6ExtUselessFragment
		}
		// Destination options may come twice: before a routing header and
		// before the payload (RFC 8200 section 4.1).
		if h != protoDestOptions || options {
			seen[h>>6] |= 1 << (h & 63)
		}
		options = options || h == protoDestOptions
		next = len(p.L3) - len(b)
		p.Proto, p.L4 = b[0], b[length:]
		wire -= min(wire, uint32(length))
	}
}

// extCut notes an extension header that is not all there, unless the snapshot
// length is the reason.
func (p *Packet) extCut(cut bool) {
	if !cut {
		p.Anomalies |= IPv6ExtTruncated
	}
}

// checkExtension notes what is strange about the n-th extension header.
func (p *Packet) checkExtension(h uint8, b []byte, n int, again bool) {
	switch h {
	case protoHopByHop:
		if again {
			p.Anomalies |= IPv6ExtDuplicateHopByHop
		} else if n > 0 {
			p.Anomalies |= IPv6ExtHopByHopLate
		}
		p.checkOptions(b[2:])
	case protoDestOptions:
		if again {
			p.Anomalies |= IPv6ExtDuplicateDestination
		}
		p.checkOptions(b[2:])
	case protoRouting:
		if again {
			p.Anomalies |= IPv6ExtDuplicateRouting
		}
		if b[2] == 0 {
			p.Anomalies |= IPv6ExtRoutingType0
		}
	case protoAH:
		if again {
			p.Anomalies |= IPv6ExtDuplicateAH
		}
	case protoFragment:
		if again {
			p.Anomalies |= IPv6ExtDuplicateFragment
		}
	}
}

// checkOptions checks the lengths of hop-by-hop or destination options.
func (p *Packet) checkOptions(b []byte) {
	for len(b) > 0 {
		if b[0] == 0 { // Pad1
			b = b[1:]
			continue
		}
		if len(b) < 2 || 2+int(b[1]) > len(b) {
			p.Anomalies |= IPv6ExtOptionLength
			return
		}
		b = b[2+int(b[1]):]
	}
}
