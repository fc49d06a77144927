package netflow

import (
	"net/netip"

	"edgeward/internal/ident"
)

// element is an information element that matters here. The numbers of
// version 9 fields and of IANA's "IPFIX Information Elements" agree.
type element uint16

// The elements that are read; none stands for all others.
const (
	none                element = 0
	octetDelta          element = 1
	packetDelta         element = 2
	protocolIdentifier  element = 4
	tcpControlBits      element = 6
	sourcePort          element = 7
	sourceIPv4          element = 8
	destinationPort     element = 11
	destinationIPv4     element = 12
	endSysUpTime        element = 21
	startSysUpTime      element = 22
	postOctetDelta      element = 23
	postPacketDelta     element = 24
	sourceIPv6          element = 27
	destinationIPv6     element = 28
	icmpTypeCodeIPv4    element = 32
	sourceMAC           element = 56
	postDestinationMAC  element = 57
	vlanID              element = 58
	destinationMAC      element = 80
	postSourceMAC       element = 81
	octetTotal          element = 85
	packetTotal         element = 86
	exporterIPv4        element = 130
	exporterIPv6        element = 131
	flowEndReason       element = 136
	icmpTypeCodeIPv6    element = 139
	startSeconds        element = 150
	endSeconds          element = 151
	startMilliseconds   element = 152
	endMilliseconds     element = 153
	startMicroseconds   element = 154
	endMicroseconds     element = 155
	startNanoseconds    element = 156
	endNanoseconds      element = 157
	startDeltaMicro     element = 158
	endDeltaMicro       element = 159
	systemInitTime      element = 160
	durationMillisecond element = 161
	durationMicrosecond element = 162
	icmpTypeIPv4        element = 176
	icmpCodeIPv4        element = 177
	icmpTypeIPv6        element = 178
	icmpCodeIPv6        element = 179
	udpSourcePort       element = 180
	udpDestinationPort  element = 181
	tcpSourcePort       element = 182
	tcpDestinationPort  element = 183
	initiatorOctets     element = 231
	responderOctets     element = 232
	dot1qVLAN           element = 243
	initiatorPackets    element = 298
	responderPackets    element = 299

	reverse element = 0x4000 // added to the elements of the other direction
)

// elementOf gives the element of a field specifier, none when it is not read.
func elementOf(id uint16, enterprise uint32) element {
	switch {
	case enterprise == reverseDirection && id < uint16(reverse):
		return element(id) | reverse
	case enterprise != 0 || id >= uint16(reverse):
		return none
	}
	return element(id)
}

// number reads an unsigned number of up to 8 bytes; exporters may send fewer
// than the type has (RFC 7011 section 6.2).
func number(b []byte) (v uint64) {
	for _, c := range b[:min(len(b), 8)] {
		v = v<<8 | uint64(c)
	}
	return v
}

// values gathers what only makes sense together with other fields.
type values struct {
	*message
	first, last       uint32 // uptime
	hasFirst, hasLast bool
	boot              int64 // when the exporter started
	duration          int64
}

// set takes in one field of a record.
func (v *values) set(r *Record, e element, b []byte) {
	if e&reverse != 0 {
		reverseField(r, e&^reverse, b)
		return
	}
	switch e {
	case sourceIPv4:
		setAddr(&r.Src, b, 4)
	case destinationIPv4:
		setAddr(&r.Dst, b, 4)
	case sourceIPv6:
		setAddr(&r.Src, b, 16)
	case destinationIPv6:
		setAddr(&r.Dst, b, 16)
	case exporterIPv4:
		setAddr(&r.Exporter, b, 4)
	case exporterIPv6:
		setAddr(&r.Exporter, b, 16)
	case sourceMAC, postSourceMAC:
		setMAC(&r.SrcMAC, b)
	case destinationMAC, postDestinationMAC:
		setMAC(&r.DstMAC, b)
	default:
		if len(b) > 0 && len(b) <= 8 {
			v.number(r, e, number(b))
		}
	}
}

// number takes in one field that is a number.
func (v *values) number(r *Record, e element, n uint64) {
	switch e {
	case octetDelta, octetTotal, initiatorOctets:
		r.Octets = max(r.Octets, n)
	case packetDelta, packetTotal, initiatorPackets:
		r.Packets = max(r.Packets, n)
	case postOctetDelta:
		if r.Octets == 0 {
			r.Octets = n
		}
	case postPacketDelta:
		if r.Packets == 0 {
			r.Packets = n
		}
	case responderOctets:
		r.ReverseOctets, r.Biflow = n, true
	case responderPackets:
		r.ReversePackets, r.Biflow = n, true
	case protocolIdentifier:
		r.Protocol = uint8(n)
	case tcpControlBits:
		r.Flags = uint8(n)
	case sourcePort, udpSourcePort, tcpSourcePort:
		r.SrcPort = uint16(n)
	case destinationPort, udpDestinationPort, tcpDestinationPort:
		r.DstPort = uint16(n)
	case icmpTypeCodeIPv4, icmpTypeCodeIPv6:
		r.ICMPType, r.ICMPCode = uint8(n>>8), uint8(n)
	case icmpTypeIPv4, icmpTypeIPv6:
		r.ICMPType = uint8(n)
	case icmpCodeIPv4, icmpCodeIPv6:
		r.ICMPCode = uint8(n)
	case vlanID, dot1qVLAN:
		r.VLAN = uint16(n) & 0xfff
	case flowEndReason:
		r.EndReason = uint8(n)
	default:
		v.time(r, e, n)
	}
}

// time takes in one field that tells when, in whatever unit.
func (v *values) time(r *Record, e element, n uint64) {
	switch e {
	case startSysUpTime:
		v.first, v.hasFirst = uint32(n), true
	case endSysUpTime:
		v.last, v.hasLast = uint32(n), true
	case systemInitTime:
		v.boot = scaled(n, millisecond)
	case startSeconds:
		r.Start = scaled(n, second)
	case endSeconds:
		r.End = scaled(n, second)
	case startMilliseconds:
		r.Start = scaled(n, millisecond)
	case endMilliseconds:
		r.End = scaled(n, millisecond)
	case startMicroseconds, startNanoseconds:
		r.Start = ntpTime(n)
	case endMicroseconds, endNanoseconds:
		r.End = ntpTime(n)
	case startDeltaMicro:
		r.Start = v.now - scaled(n, 1000)
	case endDeltaMicro:
		r.End = v.now - scaled(n, 1000)
	case durationMillisecond:
		v.duration = scaled(n, millisecond)
	case durationMicrosecond:
		v.duration = scaled(n, 1000)
	}
}

// finish works out the times that depend on several fields.
func (v *values) finish(r *Record) {
	if v.hasFirst && v.hasLast && r.Start == 0 && r.End == 0 {
		switch {
		case v.version == V9:
			r.Start, r.End = between(v.now, v.uptime, v.first, v.last)
		case v.boot != 0 && v.boot+int64(v.last)*millisecond <= v.now+minute:
			r.Start, r.End = v.boot+int64(v.first)*millisecond, v.boot+int64(v.last)*millisecond
		default: // what is known is how long it took
			r.Start, r.End = v.now-int64(v.last-v.first)*millisecond, v.now
		}
	}
	switch {
	case v.duration == 0:
	case r.End == 0 && r.Start != 0:
		r.End = r.Start + v.duration
	case r.Start == 0 && r.End != 0:
		r.Start = r.End - v.duration
	}
}

// reverseField takes in a field about the other direction (RFC 5103).
func reverseField(r *Record, e element, b []byte) {
	n := number(b)
	switch e {
	case octetDelta, octetTotal, initiatorOctets:
		r.ReverseOctets, r.Biflow = max(r.ReverseOctets, n), true
	case packetDelta, packetTotal, initiatorPackets:
		r.ReversePackets, r.Biflow = max(r.ReversePackets, n), true
	case tcpControlBits:
		r.ReverseFlags = uint8(n)
	}
}

// longest is the greatest span or moment that is believed: the year 2200.
const longest = 7_258_118_400 * second

// scaled gives n units in nanoseconds, 0 when that makes no sense.
func scaled(n uint64, unit int64) int64 {
	if n > uint64(longest/unit) {
		return 0
	}
	return int64(n) * unit
}

// ntpTime reads seconds since 1900 and their fraction (RFC 7011 section 6.1.9).
func ntpTime(n uint64) int64 {
	const to1970 = 2_208_988_800
	s := int64(n >> 32)
	if s < to1970 {
		return 0
	}
	return (s-to1970)*second + int64(n&0xffffffff*uint64(second)>>32)
}

func setAddr(a *netip.Addr, b []byte, size int) {
	if len(b) != size || a.IsValid() && zero(b) {
		return // a template for both families fills the other one with zeros
	}
	v, _ := netip.AddrFromSlice(b)
	if a.IsValid() && !a.IsUnspecified() {
		return
	}
	*a = v
}

func setMAC(m *ident.MAC, b []byte) {
	if len(b) == 6 && m.IsZero() {
		*m = ident.MAC(b)
	}
}

func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
