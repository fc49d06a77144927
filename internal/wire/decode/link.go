package decode

import (
	"edgeward/internal/ident"
	"edgeward/internal/wire/capture"
)

// EtherTypes that the decoder acts upon.
const (
	etherCDP     = 0x2000 // Cisco's SNAP protocol number, not an EtherType
	etherIPv4    = 0x0800
	etherBridged = 0x6558 // transparent Ethernet bridging
	etherVLAN    = 0x8100
	etherIPv6    = 0x86dd
	etherMPLS    = 0x8847
	etherMPLSMC  = 0x8848
	etherPPPoE   = 0x8864
	etherHSR     = 0x892f
	etherQinQ    = 0x88a8
	etherQinQOld = 0x9100
	etherQinQAlt = 0x9200
	etherERSPAN2 = 0x88be
	etherERSPAN3 = 0x22eb
	etherMin     = 0x0600 // below this the field is an 802.3 length
)

// maxVLANs is how many 802.1Q tags are taken off one frame.
const maxVLANs = 4

// link starts at the link header of the captured frame.
func (d *Decoder) link(p *Packet, link capture.LinkType, b []byte) {
	switch link {
	case capture.LinkEthernet:
		d.ethernet(p, b)
	case capture.LinkRaw, capture.LinkRawBSD, capture.LinkRawOpen:
		d.raw(p, b)
	case capture.LinkIPv4:
		d.ether(p, etherIPv4, b)
	case capture.LinkIPv6:
		d.ether(p, etherIPv6, b)
	case capture.LinkLinuxSLL:
		d.cooked(p, b)
	case capture.LinkLinuxSLL2:
		d.cooked2(p, b)
	case capture.LinkNull, capture.LinkLoop:
		d.null(p, b)
	}
}

func (d *Decoder) ethernet(p *Packet, b []byte) {
	if len(b) < 14 {
		p.Anomalies |= LinkTooSmall
		return
	}
	p.DstMAC = ident.MAC(b[0:6])
	p.SrcMAC = ident.MAC(b[6:12])
	p.HasMAC = p.SrcMAC != ident.MAC{} || p.DstMAC != ident.MAC{} // loopback devices have none
	d.ether(p, be16(b[12:]), b[14:])
}

// ether goes on behind an EtherType.
func (d *Decoder) ether(p *Packet, et uint16, b []byte) {
	for tags := 0; ; {
		switch et {
		case etherIPv4:
			p.linkDone(et, b)
			d.ipv4(p, b)
			return
		case etherIPv6:
			p.linkDone(et, b)
			d.ipv6(p, b)
			return
		case etherVLAN, etherQinQ, etherQinQOld, etherQinQAlt:
			if len(b) < 4 {
				p.linkDone(et, b)
				p.Anomalies |= VLANTooSmall
				return
			}
			if tags++; tags > maxVLANs {
				p.linkDone(et, b)
				p.Anomalies |= VLANTooMany
				return
			}
			if id := be16(b) & 0xfff; id != 0 { // 0 is a priority without a VLAN
				p.VLAN = id
				d.place(p)
			}
			et, b = be16(b[2:]), b[4:]
		case etherHSR: // IEC 62439-3: path, size and sequence number before the EtherType
			if len(b) < 6 {
				p.linkDone(et, b)
				return
			}
			et, b = be16(b[4:]), b[6:]
			if et == etherHSR {
				p.linkDone(et, b)
				return
			}
		case etherMPLS, etherMPLSMC:
			p.linkDone(et, b)
			d.mpls(p, b)
			return
		case etherPPPoE:
			p.linkDone(et, b)
			d.pppoe(p, b)
			return
		default:
			if et < etherMin {
				d.llc(p, int(et), b)
				return
			}
			p.linkDone(et, b)
			return
		}
	}
}

// linkDone notes that the link layer is known.
func (p *Packet) linkDone(et uint16, b []byte) {
	p.Layer, p.EtherType, p.L2 = LayerLink, et, b
}

// llc takes the LLC and SNAP headers of an 802.3 frame off.
func (d *Decoder) llc(p *Packet, length int, b []byte) {
	if length <= 1500 && length < len(b) {
		b = b[:length]
	}
	p.linkDone(0, b)
	if len(b) < 3 {
		p.Anomalies |= LLCTooSmall
		return
	}
	if b[0] != 0xaa || b[1] != 0xaa || b[2] != 3 {
		return
	}
	if len(b) < 8 {
		p.Anomalies |= LLCTooSmall
		return
	}
	pid := be16(b[6:])
	switch oui := uint32(b[3])<<16 | uint32(b[4])<<8 | uint32(b[5]); {
	case oui == 0x00000c && pid == etherCDP:
		p.linkDone(etherCDP, b[8:])
	case oui == 0 && pid >= etherMin:
		d.ether(p, pid, b[8:])
	}
}

// raw goes by the version in the first byte.
func (d *Decoder) raw(p *Packet, b []byte) {
	if len(b) == 0 {
		p.Anomalies |= LinkTooSmall
		return
	}
	switch b[0] >> 4 {
	case 4:
		d.ether(p, etherIPv4, b)
	case 6:
		d.ether(p, etherIPv6, b)
	default:
		p.Anomalies |= RawUnknownType
	}
}

// cooked takes the header of LINKTYPE_LINUX_SLL off.
func (d *Decoder) cooked(p *Packet, b []byte) {
	if len(b) < 16 {
		p.Anomalies |= LinkTooSmall
		return
	}
	d.cookedBody(p, be16(b[14:]), be16(b[2:]), be16(b[4:]), b[6:14], b[16:])
}

// cooked2 takes the header of LINKTYPE_LINUX_SLL2 off.
func (d *Decoder) cooked2(p *Packet, b []byte) {
	if len(b) < 20 {
		p.Anomalies |= LinkTooSmall
		return
	}
	d.cookedBody(p, be16(b), be16(b[8:]), uint16(b[11]), b[12:20], b[20:])
}

// ARPHRD values of Linux that matter for cooked captures.
const (
	arphrdEther   = 1
	arphrdNetlink = 824
)

func (d *Decoder) cookedBody(p *Packet, et, arphrd, addrLen uint16, addr, b []byte) {
	if arphrd == arphrdNetlink { // the protocol field is a netlink family
		p.linkDone(0, b)
		return
	}
	if arphrd == arphrdEther && addrLen == 6 {
		p.SrcMAC = ident.MAC(addr[:6])
		p.HasMAC = !p.SrcMAC.IsZero()
	}
	switch {
	case et >= etherMin:
		d.ether(p, et, b)
	case et == 4: // LLC
		d.llc(p, len(b), b)
	default: // 1 is raw 802.3 of Novell; the rest are Linux's own frame types
		p.linkDone(0, b)
	}
}

// null takes the four-byte address family off, which is in the byte order of
// the machine that captured (LINKTYPE_NULL) or of the network (LINKTYPE_LOOP).
func (d *Decoder) null(p *Packet, b []byte) {
	if len(b) < 4 {
		p.Anomalies |= LinkTooSmall
		return
	}
	family := be32(b)
	if family > 0xffff {
		family = uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
	}
	switch family {
	case 2: // AF_INET everywhere
		d.ether(p, etherIPv4, b[4:])
	case 10, 23, 24, 28, 30: // AF_INET6 on Linux, Windows, NetBSD and OpenBSD, FreeBSD, macOS
		d.ether(p, etherIPv6, b[4:])
	default:
		p.linkDone(0, b[4:])
	}
}
