package decode

// IP protocol numbers that the decoder acts upon.
const (
	protoHopByHop    = 0
	protoICMP        = 1
	protoIPIP        = 4
	protoTCP         = 6
	protoUDP         = 17
	protoIPv6        = 41
	protoRouting     = 43
	protoFragment    = 44
	protoGRE         = 47
	protoESP         = 50
	protoAH          = 51
	protoICMPv6      = 58
	protoNone        = 59
	protoDestOptions = 60
	protoSCTP        = 132
	protoMobility    = 135
	protoMPLS        = 137
	protoHIP         = 139
	protoShim6       = 140
)

// ipv4 decodes an IPv4 packet (RFC 791) and what is in it.
func (d *Decoder) ipv4(p *Packet, b []byte) {
	if len(b) < 20 {
		p.Anomalies |= IPv4TooSmall
		return
	}
	if b[0]>>4 != 4 {
		p.Anomalies |= IPv4WrongVersion
		return
	}
	hlen, total := int(b[0]&15)*4, int(be16(b[2:]))
	if hlen < 20 {
		p.Anomalies |= IPv4HeaderTooSmall
		return
	}
	if total == 0 && len(b) > 1500 {
		total = len(b) // segmentation offload leaves the length to the card
	}
	if total < hlen {
		p.Anomalies |= IPv4LengthTooSmall
		return
	}
	if hlen > len(b) {
		p.Anomalies |= IPv4TooSmall
		return
	}
	wire := uint32(total - hlen)
	if total <= len(b) {
		b = b[:total]
	} else if !d.cut {
		p.Anomalies |= IPv4Truncated
		wire = uint32(len(b) - hlen)
	}

	p.Layer, p.V6 = LayerNetwork, false
	p.Src, p.Dst = [16]byte{10: 0xff, 11: 0xff}, [16]byte{10: 0xff, 11: 0xff}
	*(*[4]byte)(p.Src[12:]) = [4]byte(b[12:16])
	*(*[4]byte)(p.Dst[12:]) = [4]byte(b[16:20])
	p.TTL, p.Proto, p.IPID = b[8], b[9], be16(b[4:])
	p.L3, p.L4 = b, b[hlen:]
	if hlen > 20 {
		p.Anomalies |= ipv4Options(b[20:hlen])
	}
	if frag := be16(b[6:]); frag&0x3fff != 0 {
		d.fragment4(p, hlen, int(frag&0x1fff)*8, frag&0x2000 != 0, wire)
		return
	}
	d.ipv4Payload(p, wire)
}

// ipv4Payload goes on behind the IPv4 header of a whole datagram.
func (d *Decoder) ipv4Payload(p *Packet, wire uint32) {
	if p.Proto == protoAH {
		// RFC 4302: the length is in words of four bytes, minus two.
		if len(p.L4) >= 12 {
			if n := (int(p.L4[1]) + 2) * 4; n >= 12 && n <= len(p.L4) {
				p.Proto, p.L4 = p.L4[0], p.L4[n:]
				wire -= min(wire, uint32(n))
			}
		}
	}
	if p.Proto == protoICMPv6 {
		p.Anomalies |= IPv4ICMPv6
	}
	d.transport(p, wire)
}

// ipv4Options checks the options of a header.
func ipv4Options(b []byte) (a Anomaly) {
	for len(b) > 0 {
		switch b[0] {
		case 0: // end of the list
			return a
		case 1: // padding
			b = b[1:]
			continue
		}
		if len(b) < 2 {
			return a | IPv4OptionInvalid
		}
		n := int(b[1])
		if n < 2 || n > len(b) {
			return a | IPv4OptionLength
		}
		if b[0] == 131 || b[0] == 137 {
			a |= IPv4SourceRoute
		}
		b = b[n:]
	}
	return a
}
