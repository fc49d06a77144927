// Package icmp is the codec of ICMP (RFC 792, RFC 1256) and ICMPv6 messages
// (RFC 4443) with neighbour and router discovery (RFC 4861, RFC 8106), and
// their analyser. Multicast listener messages are counted only.
//
// It pairs no requests with replies and keeps no table of neighbours. The
// packet path uses the analyser; scanner and inline plane may use the codec.
package icmp

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"edgeward/internal/ident"
)

// What can be wrong with a message.
var (
	ErrShort  = errors.New("message is shorter than its type wants")
	ErrOption = errors.New("option has length zero or reaches behind the message")
)

// IP protocol numbers.
const (
	ProtocolV4 = 1
	ProtocolV6 = 58
)

// ICMP types.
const (
	EchoReply4         = 0
	Unreachable4       = 3
	SourceQuench4      = 4
	Redirect4          = 5
	EchoRequest4       = 8
	RouterAdvert4      = 9
	RouterSolicit4     = 10
	TimeExceeded4      = 11
	ParameterProblem4  = 12
	TimestampRequest4  = 13
	InformationRequest = 15
	MaskRequest4       = 17
)

// ICMPv6 types.
const (
	Unreachable6      = 1
	PacketTooBig6     = 2
	TimeExceeded6     = 3
	ParameterProblem6 = 4
	EchoRequest6      = 128
	EchoReply6        = 129
	RouterSolicit6    = 133
	RouterAdvert6     = 134
	NeighborSolicit6  = 135
	NeighborAdvert6   = 136
	Redirect6         = 137
	RouterRenumber6   = 138
	NodeInfoQuery6    = 139
)

// Options of neighbour discovery.
const (
	OptionSourceLink = 1
	OptionTargetLink = 2
	OptionPrefix     = 3
	OptionRDNSS      = 25
)

// headerLen is the size of the part that all messages share.
const headerLen = 8

// Msg is one message. Fields that the type does not have are zero.
type Msg struct {
	V6         bool
	Type, Code uint8
	Rest       [4]byte    // second word of the header
	Target     netip.Addr // of neighbour discovery; the gateway or next hop of a redirect
	Dest       netip.Addr // what an ICMPv6 redirect is about
	Router     bool       // flags of a neighbour advertisement
	Solicited  bool
	Override   bool
	Lifetime   uint16 // of a router advertisement, seconds
	Options    []byte // of neighbour discovery
	Original   []byte // beginning of the packet that an error or redirect is about
}

// Decode reads a message that begins behind the IP header and takes all of it.
func Decode(m *Msg, b []byte, v6 bool) (n int, err error) {
	*m = Msg{V6: v6}
	if len(b) < headerLen {
		return 0, ErrShort
	}
	m.Type, m.Code, m.Rest = b[0], b[1], [4]byte(b[4:8])
	if v6 {
		return m.decode6(b)
	}
	switch m.Type {
	case Redirect4:
		m.Target = netip.AddrFrom4(m.Rest)
		m.Original = b[headerLen:]
	case Unreachable4, SourceQuench4, TimeExceeded4, ParameterProblem4:
		m.Original = b[headerLen:]
	case RouterAdvert4:
		m.Lifetime = binary.BigEndian.Uint16(m.Rest[2:])
		if m.Rest[0] > 0 && len(b) < headerLen+4 {
			return 0, ErrShort
		}
		if m.Rest[0] > 0 {
			m.Target = netip.AddrFrom4([4]byte(b[headerLen:]))
		}
	}
	return len(b), nil
}

func (m *Msg) decode6(b []byte) (int, error) {
	fixed := headerLen
	switch m.Type {
	case RouterAdvert6:
		fixed = 16
	case NeighborSolicit6, NeighborAdvert6:
		fixed = 24
	case Redirect6:
		fixed = 40
	}
	if len(b) < fixed {
		return 0, ErrShort
	}
	switch m.Type {
	case Unreachable6, PacketTooBig6, TimeExceeded6, ParameterProblem6:
		m.Original = b[headerLen:]
		return len(b), nil
	case RouterSolicit6:
	case RouterAdvert6:
		m.Lifetime = binary.BigEndian.Uint16(m.Rest[2:])
	case NeighborSolicit6:
		m.Target = netip.AddrFrom16([16]byte(b[8:24]))
	case NeighborAdvert6:
		m.Target = netip.AddrFrom16([16]byte(b[8:24]))
		m.Router, m.Solicited, m.Override = m.Rest[0]&0x80 != 0, m.Rest[0]&0x40 != 0, m.Rest[0]&0x20 != 0
	case Redirect6:
		m.Target, m.Dest = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
	default:
		return len(b), nil
	}
	m.Options = b[fixed:]
	return len(b), m.EachOption(func(uint8, []byte) bool { return true })
}

// EachOption calls f with the type and content of the options of neighbour
// discovery until it gives false (RFC 4861 section 4.6). The content is that
// behind type and length.
func (m *Msg) EachOption(f func(typ uint8, data []byte) bool) error {
	for b := m.Options; len(b) > 0; {
		if len(b) < 8 || b[1] == 0 || len(b) < 8*int(b[1]) {
			return ErrOption
		}
		n := 8 * int(b[1])
		if !f(b[0], b[2:n]) {
			return nil
		}
		b = b[n:]
	}
	return nil
}

// LinkAddr gives the source or target link-layer address option.
func (m *Msg) LinkAddr() (mac ident.MAC, ok bool) {
	_ = m.EachOption(func(typ uint8, data []byte) bool {
		if typ == OptionSourceLink || typ == OptionTargetLink {
			mac, ok = ident.MAC(data[:6]), true
		}
		return !ok
	})
	return mac, ok
}

// Flow is what the beginning of a packet inside an error tells.
type Flow struct {
	Src, Dst         netip.Addr
	Protocol         uint8
	SrcPort, DstPort uint16 // of TCP, UDP and SCTP, when they are there
}

// OriginalFlow reads the packet that an error is about; it reports false when
// it is too short for an IP header.
func (m *Msg) OriginalFlow() (f Flow, ok bool) {
	b := m.Original
	switch {
	case !m.V6 && len(b) >= 20 && b[0]>>4 == 4 && b[0]&15 >= 5:
		f.Src, f.Dst = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
		f.Protocol = b[9]
		if binary.BigEndian.Uint16(b[6:])&0x1fff == 0 {
			f.ports(b[min(4*int(b[0]&15), len(b)):])
		}
	case m.V6 && len(b) >= 40 && b[0]>>4 == 6:
		f.Src, f.Dst = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
		f.Protocol, b = skipExtensions(b[6], b[40:])
		f.ports(b)
	default:
		return f, false
	}
	return f, true
}

func (f *Flow) ports(b []byte) {
	if (f.Protocol == 6 || f.Protocol == 17 || f.Protocol == 132) && len(b) >= 4 {
		f.SrcPort, f.DstPort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	}
}

// skipExtensions passes over IPv6 extension headers; behind a later fragment
// nothing can be read.
func skipExtensions(next uint8, b []byte) (uint8, []byte) {
	for range 8 {
		n := 0
		switch {
		case len(b) < 8:
			return next, nil
		case next == 0 || next == 43 || next == 60 || next == 135:
			n = 8 * (1 + int(b[1]))
		case next == 51:
			n = 4 * (2 + int(b[1]))
		case next == 44:
			if n = 8; binary.BigEndian.Uint16(b[2:])&0xfff8 != 0 {
				return b[0], nil
			}
		default:
			return next, b
		}
		if n > len(b) {
			return b[0], nil
		}
		next, b = b[0], b[n:]
	}
	return next, nil
}
