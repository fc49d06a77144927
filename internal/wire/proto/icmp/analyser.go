package icmp

import (
	"net/netip"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/exchange"
)

// Protocol makes a fact of every error, redirect, echo request and message of
// neighbour or router discovery; replies and multicast listener messages are
// counted only. The fact's Src is the sender.
var Protocol = proto.Protocol{ID: event.ProtoICMP, IPProtocols: []uint8{ProtocolV4, ProtocolV6}, Frame: frame}

// maxList bounds the lists in a fact about a router advertisement.
const maxList = 16

func frame(c *proto.Conn, b []byte) {
	c.Message(event.ToServer)
	var m Msg
	if _, err := Decode(&m, b, c.Transport == ProtocolV6); err != nil {
		if c.Wire > len(b) {
			return // cut by the capture
		}
		name := "icmp_truncated"
		if err == ErrOption {
			name = "nd_invalid_option"
		}
		exchange.Anomaly(c, event.ProtoICMP, event.ToServer, name, err.Error())
		return
	}
	if !m.interesting() {
		return
	}
	if m.V6 && m.Type >= RouterSolicit6 && m.Type <= Redirect6 {
		if name, detail := invalidDiscovery(c, &m); name != "" {
			exchange.Anomaly(c, event.ProtoICMP, event.ToServer, name, detail)
			return
		}
	}
	f := proto.Emit[event.ICMP](c, event.ToServer)
	f.V6, f.Type, f.Code, f.Name = m.V6, m.Type, m.Code, m.Name()
	f.Len = uint16(min(max(len(b), c.Wire)-headerLen, 0xffff))
	f.Target, f.Router, f.Override, f.Lifetime = m.Target, m.Router, m.Override, m.Lifetime
	if o, ok := m.OriginalFlow(); ok {
		f.OrigSrc, f.OrigDst, f.OrigProto, f.OrigDstPort = o.Src, o.Dst, o.Protocol, o.DstPort
	}
	if m.Dest.IsValid() {
		f.OrigDst = m.Dest
	}
	if mac, ok := m.LinkAddr(); ok {
		var buf [17]byte
		text, _ := mac.AppendText(buf[:0])
		f.LinkAddr = c.String(text)
	}
	if m.Type == RouterAdvert6 && m.V6 {
		advertised(c, &m, f)
	}
}

// interesting reports whether the message is worth a fact.
func (m *Msg) interesting() bool {
	if m.V6 {
		switch m.Type {
		case Unreachable6, PacketTooBig6, TimeExceeded6, ParameterProblem6, EchoRequest6, RouterSolicit6,
			RouterAdvert6, NeighborSolicit6, NeighborAdvert6, Redirect6, RouterRenumber6, NodeInfoQuery6:
			return true
		}
		return false
	}
	switch m.Type {
	case Unreachable4, SourceQuench4, Redirect4, EchoRequest4, RouterAdvert4, RouterSolicit4, TimeExceeded4,
		ParameterProblem4, TimestampRequest4, InformationRequest, MaskRequest4:
		return true
	}
	return false
}

// invalidDiscovery applies what RFC 4861 sections 6.1, 7.1 and 8.1 want every
// receiver to check; messages that fail come from another link or from a
// forger and are not believed.
func invalidDiscovery(c *proto.Conn, m *Msg) (name, detail string) {
	switch {
	case c.TTL != 255:
		return "nd_invalid_hop_limit", "hop limit of a discovery message is not 255"
	case m.Code != 0:
		return "nd_invalid_code", "code of a discovery message is not 0"
	case (m.Type == NeighborSolicit6 || m.Type == NeighborAdvert6) && m.Target.IsMulticast():
		return "nd_multicast_target", "target of neighbour discovery is a multicast address"
	case (m.Type == RouterAdvert6 || m.Type == Redirect6) && !c.Client.IsLinkLocalUnicast():
		return "nd_invalid_source", "router message does not come from a link-local address"
	}
	return "", ""
}

// advertised fills in the options of a router advertisement.
func advertised(c *proto.Conn, m *Msg, f *event.ICMP) {
	_ = m.EachOption(func(typ uint8, data []byte) bool {
		switch {
		case typ == OptionPrefix && len(data) >= 30 && len(f.Prefixes) < maxList:
			f.Prefixes = append(f.Prefixes, prefix(c, [16]byte(data[14:30]), data[0]))
		case typ == OptionRDNSS:
			for b := data[min(6, len(data)):]; len(b) >= 16 && len(f.DNS) < maxList; b = b[16:] {
				var buf [48]byte
				f.DNS = append(f.DNS, c.String(netip.AddrFrom16([16]byte(b)).AppendTo(buf[:0])))
			}
		}
		return true
	})
}

func prefix(c *proto.Conn, a [16]byte, bits uint8) string {
	var buf [48]byte
	p := netip.PrefixFrom(netip.AddrFrom16(a), int(min(bits, 128)))
	return c.String(p.AppendTo(buf[:0]))
}
