package decode

// transport decodes what IP protocol p.Proto has in p.L4. wire is the length
// of L4 on the wire, which is more than len(p.L4) when the frame was cut.
func (d *Decoder) transport(p *Packet, wire uint32) {
	switch p.Proto {
	case protoTCP:
		d.tcp(p, wire)
	case protoUDP:
		d.udp(p, wire)
	case protoSCTP:
		d.sctp(p, wire)
	case protoICMP:
		if len(p.L4) < 8 && !d.cut {
			p.Anomalies |= ICMPv4TooSmall
		}
	case protoICMPv6:
		if len(p.L4) < 4 && !d.cut {
			p.Anomalies |= ICMPv6TooSmall
		}
	case protoGRE:
		d.gre(p)
	case protoIPIP:
		d.tunnelIP(p, TunnelIPIP, 0, etherIPv4, p.L4, true)
	case protoIPv6:
		d.tunnelIP(p, Tunnel6in4, 0, etherIPv6, p.L4, true)
	case protoMPLS:
		d.mpls(p, p.L4)
	}
}

// tcp decodes a TCP header (RFC 9293).
func (d *Decoder) tcp(p *Packet, wire uint32) {
	b := p.L4
	if len(b) < 20 {
		if !d.cut {
			p.Anomalies |= TCPTooSmall
		}
		return
	}
	hlen := int(b[12]>>4) * 4
	if hlen < 20 {
		p.Anomalies |= TCPHeaderTooSmall
		return
	}
	if uint32(hlen) > wire {
		p.Anomalies |= TCPOptionsLength
		return
	}
	p.Layer = LayerTransport
	p.SrcPort, p.DstPort = be16(b), be16(b[2:])
	p.Seq, p.Ack = be32(b[4:]), be32(b[8:])
	p.Flags, p.Window = b[13], be16(b[14:])
	p.PayloadLen = wire - uint32(hlen)
	if p.Flags&SYN != 0 {
		d.seen.note(p)
	}
	if hlen > len(b) {
		p.Options = b[20:]
		return
	}
	p.Payload = b[hlen:]
	if hlen > 20 {
		p.Options = b[20:hlen]
		// Nearly all segments carry two paddings and a time stamp only.
		if hlen != 32 || be32(b[20:]) != 0x0101080a {
			p.Anomalies |= tcpOptions(p.Options)
		}
	}
}

// tcpOptions checks the lengths of TCP options.
func tcpOptions(b []byte) Anomaly {
	for len(b) > 0 {
		switch b[0] {
		case 0:
			return 0
		case 1:
			b = b[1:]
			continue
		}
		if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
			return TCPOptionLength
		}
		want := 0
		switch b[0] {
		case 2: // maximum segment size
			want = 4
		case 3: // window scale
			want = 3
		case 4: // selective acknowledgement permitted
			want = 2
		case 8: // time stamps
			want = 10
		}
		if want != 0 && int(b[1]) != want {
			return TCPOptionLength
		}
		b = b[b[1]:]
	}
	return 0
}

// udp decodes a UDP header (RFC 768) and, on the ports where it is customary,
// the tunnel in it.
func (d *Decoder) udp(p *Packet, wire uint32) {
	b := p.L4
	if len(b) < 8 {
		if !d.cut {
			p.Anomalies |= UDPTooSmall
		}
		return
	}
	length := uint32(be16(b[4:]))
	switch {
	case length == 0 && wire > 0xffff: // a jumbogram (RFC 2675), or segmentation offload
		length = wire
	case length < 8:
		p.Anomalies |= UDPLengthTooSmall
		return
	case length > wire:
		p.Anomalies |= UDPLengthInvalid
		length = wire
	}
	p.Layer = LayerTransport
	p.SrcPort, p.DstPort = be16(b), be16(b[2:])
	p.PayloadLen = length - 8
	p.Payload = b[8:min(length, uint32(len(b)))]
	d.udpTunnel(p)
}

// sctp decodes the common header of SCTP (RFC 9260); the payload is its chunks.
func (d *Decoder) sctp(p *Packet, wire uint32) {
	b := p.L4
	if len(b) < 12 {
		if !d.cut {
			p.Anomalies |= SCTPTooSmall
		}
		return
	}
	p.Layer = LayerTransport
	p.SrcPort, p.DstPort = be16(b), be16(b[2:])
	p.Payload, p.PayloadLen = b[12:], wire-12
}
