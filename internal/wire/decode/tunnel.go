package decode

// UDP ports on which tunnels are customary.
const (
	portGTPU      = 2152
	portTeredo    = 3544
	portVXLAN     = 4789
	portGENEVE    = 6081
	portVXLANOld  = 8472 // of Linux, before the port was registered
	portTZSP      = 37008
	mplsBottom    = 0x100
	maxMPLSLabels = 16
)

// enter begins the inside of a tunnel: what was decoded outside of it is put
// away and returned, to be put back by leave if there is nothing inside.
func (d *Decoder) enter(p *Packet, t Tunnel, id uint32, keepMAC bool) (outer Packet, ok bool) {
	if p.Depth == maxDepth {
		p.Anomalies |= TooManyLayers
		d.stats.TooDeep++
		return Packet{}, false
	}
	outer = *p
	*p = Packet{
		Time: outer.Time, Number: outer.Number, Offset: outer.Offset, Capture: outer.Capture, Interface: outer.Interface,
		Frames: outer.Frames, WireLen: outer.WireLen, Frame: outer.Frame, Place: outer.Place,
		VLAN: outer.VLAN, Tunnel: t, TunnelID: id, Depth: outer.Depth + 1,
	}
	if keepMAC {
		p.SrcMAC, p.DstMAC, p.HasMAC = outer.SrcMAC, outer.DstMAC, outer.HasMAC
	}
	d.place(p)
	return outer, true
}

// leave ends the inside of a tunnel. A tunnel that is certain (by an IP
// protocol number or EtherType, not by a port) keeps the anomalies that were
// met inside.
func (d *Decoder) leave(p, outer *Packet, found, certain bool) {
	if found {
		d.stats.Tunnels[p.Tunnel]++
		p.Anomalies |= outer.Anomalies
		return
	}
	inside := p.Anomalies
	*p = *outer
	if certain {
		p.Anomalies |= inside
	}
}

// tunnelIP takes off a tunnel whose inside is behind an EtherType, mostly IP.
// The MAC addresses outside belong to the tunnel's ends, not to the hosts inside.
func (d *Decoder) tunnelIP(p *Packet, t Tunnel, id uint32, et uint16, b []byte, certain bool) {
	outer, ok := d.enter(p, t, id, t == TunnelMPLS || t == TunnelPPPoE)
	if !ok {
		return
	}
	d.ether(p, et, b)
	d.leave(p, &outer, p.inside(), certain)
}

// tunnelEthernet takes off a tunnel with Ethernet frames inside. vlan is the
// VLAN that the tunnel header tells of the frame, 0 without.
func (d *Decoder) tunnelEthernet(p *Packet, t Tunnel, id uint32, vlan uint16, b []byte, certain bool) {
	outer, ok := d.enter(p, t, id, false)
	if !ok {
		return
	}
	if p.VLAN != vlan {
		p.VLAN = vlan
		d.place(p)
	}
	d.ethernet(p, b)
	d.leave(p, &outer, p.inside(), certain)
}

// inside reports whether the decoded packet makes sense as the inside of a
// tunnel: a frame that says IP and holds something else does not.
func (p *Packet) inside() bool {
	switch p.EtherType {
	case etherIPv4, etherIPv6, etherMPLS, etherMPLSMC, etherPPPoE:
		return p.Layer >= LayerNetwork
	}
	return p.Layer >= LayerLink
}

// gre decodes a GRE header (RFC 2784, RFC 2890). Version 1 is PPTP's, whose
// content is compressed and mostly encrypted; it stays a network packet.
func (d *Decoder) gre(p *Packet) {
	b := p.L4
	if len(b) < 4 {
		if !d.cut {
			p.Anomalies |= GRETooSmall
		}
		return
	}
	flags, et := be16(b), be16(b[2:])
	switch flags & 7 {
	case 0:
	case 1:
		return
	default:
		p.Anomalies |= GREWrongVersion
		return
	}
	n, key := 4, uint32(0)
	if flags&0xc000 != 0 { // checksum or routing: both fields are there
		n += 4
	}
	if flags&0x2000 != 0 {
		if n+4 <= len(b) {
			key = be32(b[n:])
		}
		n += 4
	}
	sequence := flags&0x1000 != 0
	if sequence {
		n += 4
	}
	if flags&0x4000 != 0 { // source routes of RFC 1701, ended by an empty one
		for {
			if n+4 > len(b) {
				n = len(b) + 1
				break
			}
			family, length := be16(b[n:]), int(b[n+3])
			n += 4 + length
			if family == 0 && length == 0 {
				break
			}
		}
	}
	if n > len(b) {
		if !d.cut {
			p.Anomalies |= GRETooSmall
		}
		return
	}
	b = b[n:]
	switch et {
	case etherIPv4, etherIPv6, etherMPLS, etherMPLSMC, etherVLAN, etherPPPoE:
		d.tunnelIP(p, TunnelGRE, key, et, b, true)
	case etherBridged:
		d.tunnelEthernet(p, TunnelGRE, key, 0, b, true)
	case etherERSPAN2:
		if !sequence { // type I has no header of its own
			d.tunnelEthernet(p, TunnelERSPAN, key, 0, b, true)
			return
		}
		d.erspan(p, b)
	case etherERSPAN3:
		d.erspan(p, b)
	}
}

// erspan decodes the header of ERSPAN types II and III
// (draft-foschiano-erspan-03), behind which is the mirrored frame.
func (d *Decoder) erspan(p *Packet, b []byte) {
	if len(b) < 8 {
		if !d.cut {
			p.Anomalies |= ERSPANTooSmall
		}
		return
	}
	n := 8
	switch b[0] >> 4 {
	case 1:
	case 2:
		n = 12
		if len(b) >= 12 && b[11]&1 != 0 { // a platform-specific subheader follows
			n = 20
		}
	default:
		p.Anomalies |= ERSPANWrongVersion
		return
	}
	if len(b) < n {
		if !d.cut {
			p.Anomalies |= ERSPANTooSmall
		}
		return
	}
	vlan, session := be16(b)&0xfff, uint32(be16(b[2:])&0x3ff)
	if n > 8 && b[10]>>2&0x1f == 2 { // an IP packet without its Ethernet header
		outer, ok := d.enter(p, TunnelERSPAN, session, false)
		if ok {
			p.VLAN = vlan
			d.raw(p, b[n:])
			d.leave(p, &outer, p.inside(), true)
		}
		return
	}
	d.tunnelEthernet(p, TunnelERSPAN, session, vlan, b[n:], true)
}

// mpls takes a label stack off (RFC 3032). Nothing says what is behind it:
// the first nibble tells IP from a pseudowire with control word (RFC 4385).
func (d *Decoder) mpls(p *Packet, b []byte) {
	var label uint32
	for n := 0; ; n++ {
		if len(b) < 4 {
			p.Anomalies |= MPLSTooSmall
			return
		}
		if n == maxMPLSLabels {
			p.Anomalies |= MPLSTooMany
			return
		}
		entry := be32(b)
		label, b = entry>>12, b[4:]
		if entry&mplsBottom != 0 {
			break
		}
	}
	if len(b) == 0 {
		p.Anomalies |= MPLSTooSmall
		return
	}
	switch b[0] >> 4 {
	case 4:
		d.tunnelIP(p, TunnelMPLS, label, etherIPv4, b, true)
	case 6:
		d.tunnelIP(p, TunnelMPLS, label, etherIPv6, b, true)
	case 0:
		if len(b) >= 4+14 {
			d.tunnelEthernet(p, TunnelMPLS, label, 0, b[4:], false)
		}
	case 1: // associated channel of a pseudowire
	default:
		p.Anomalies |= MPLSUnknownPayload
	}
}

// pppoe takes the headers of PPPoE's session stage and PPP off (RFC 2516).
func (d *Decoder) pppoe(p *Packet, b []byte) {
	if len(b) < 8 {
		p.Anomalies |= PPPoETooSmall
		return
	}
	length := int(be16(b[4:]))
	if b[0] != 0x11 || b[1] != 0 || length < 1 {
		p.Anomalies |= PPPoEInvalid
		return
	}
	session := uint32(be16(b[2:]))
	b = b[6:]
	if length < len(b) {
		b = b[:length]
	} else if length > len(b) && !d.cut {
		p.Anomalies |= PPPoEInvalid
	}
	proto := uint16(b[0])
	if b[0]&1 != 0 { // protocol field compressed to one byte
		b = b[1:]
	} else if len(b) < 2 {
		p.Anomalies |= PPPoETooSmall
		return
	} else {
		proto, b = be16(b), b[2:]
	}
	switch proto {
	case 0x21:
		d.tunnelIP(p, TunnelPPPoE, session, etherIPv4, b, true)
	case 0x57:
		d.tunnelIP(p, TunnelPPPoE, session, etherIPv6, b, true)
	case 0x281:
		d.tunnelIP(p, TunnelPPPoE, session, etherMPLS, b, true)
	}
}

// udpTunnel takes off what is in a UDP datagram on a tunnel's port, if its
// header is valid to the last bit and a packet is inside.
func (d *Decoder) udpTunnel(p *Packet) {
	b := p.Payload
	if len(b) < 8 {
		return
	}
	switch p.DstPort {
	case portVXLAN, portVXLANOld:
		// RFC 7348, with the group policy extension's flag.
		if b[0]&^0x80 == 0x08 && b[7] == 0 && (b[0] == 0x88 || b[1]|b[2]|b[3] == 0) {
			d.tunnelEthernet(p, TunnelVXLAN, be32(b[4:])>>8, 0, b[8:], false)
		}
	case portGENEVE:
		d.geneve(p, b)
	case portTZSP:
		d.tzsp(p, b)
	case portTeredo:
		d.teredo(p, b)
	case portGTPU:
		d.gtpu(p, b)
	default:
		switch p.SrcPort {
		case portTeredo:
			d.teredo(p, b)
		case portGTPU:
			d.gtpu(p, b)
		}
	}
}

// geneve decodes a GENEVE header (RFC 8926).
func (d *Decoder) geneve(p *Packet, b []byte) {
	n := 8 + int(b[0]&0x3f)*4
	if b[0]>>6 != 0 || b[1]&0x3f != 0 || b[7] != 0 || n > len(b) {
		return
	}
	id := be32(b[4:]) >> 8
	switch et := be16(b[2:]); et {
	case etherBridged:
		d.tunnelEthernet(p, TunnelGENEVE, id, 0, b[n:], false)
	case etherIPv4, etherIPv6:
		d.tunnelIP(p, TunnelGENEVE, id, et, b[n:], false)
	}
}

// gtpu decodes the header of a G-PDU (3GPP TS 29.281 section 5).
func (d *Decoder) gtpu(p *Packet, b []byte) {
	if b[0]>>4 != 3 || b[0]&8 != 0 || b[1] != 0xff { // version 1, protocol type GTP
		return
	}
	if length := int(be16(b[2:])) + 8; length < len(b) {
		b = b[:length]
	} else if length > len(b) && !d.cut {
		return
	}
	teid, n := be32(b[4:]), 8
	if b[0]&7 != 0 {
		n = 12
		if len(b) < n {
			return
		}
		for next := b[11]; b[0]&4 != 0 && next != 0; {
			if n >= len(b) || b[n] == 0 || n+int(b[n])*4 > len(b) {
				return
			}
			n += int(b[n]) * 4
			next = b[n-1]
		}
	}
	d.tunnelRaw(p, TunnelGTPU, teid, b[n:])
}

// tunnelRaw takes off a tunnel with IP inside that only its version tells.
func (d *Decoder) tunnelRaw(p *Packet, t Tunnel, id uint32, b []byte) {
	if len(b) < 20 {
		return
	}
	switch b[0] >> 4 {
	case 4:
		d.tunnelIP(p, t, id, etherIPv4, b, false)
	case 6:
		d.tunnelIP(p, t, id, etherIPv6, b, false)
	}
}

// tzsp decodes a header of the TaZmen sniffer protocol with Ethernet inside.
func (d *Decoder) tzsp(p *Packet, b []byte) {
	if b[0] != 1 || b[1] > 1 || be16(b[2:]) != 1 {
		return
	}
	for b = b[4:]; ; {
		if len(b) == 0 {
			return
		}
		switch b[0] {
		case 0: // padding
			b = b[1:]
			continue
		case 1: // end of the tags
			d.tunnelEthernet(p, TunnelTZSP, 0, 0, b[1:], false)
			return
		}
		if len(b) < 2 || 2+int(b[1]) > len(b) {
			return
		}
		b = b[2+int(b[1]):]
	}
}

// teredo takes off the authentication and origin headers of RFC 4380 section
// 5.1.1 and the IPv6 packet behind, which must fill the datagram.
func (d *Decoder) teredo(p *Packet, b []byte) {
	if len(b) >= 13 && be16(b) == 1 { // authentication
		n := 13 + int(b[2]) + int(b[3])
		if n > len(b) {
			return
		}
		b = b[n:]
	}
	if len(b) >= 8 && be16(b) == 0 { // origin indication
		b = b[8:]
	}
	if len(b) < 40 || b[0]>>4 != 6 || 40+int(be16(b[4:])) != len(b) {
		return
	}
	d.tunnelIP(p, TunnelTeredo, 0, etherIPv6, b, false)
}
