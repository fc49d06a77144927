package netflow

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// appendV5 appends a version 5 message with records, whose times lie within
// the exporter's uptime.
func appendV5(b []byte, records []Record) []byte {
	const uptime = 3_600_000
	now := records[0].Exported
	b = binary.BigEndian.AppendUint16(b, V5)
	b = binary.BigEndian.AppendUint16(b, uint16(len(records)))
	b = binary.BigEndian.AppendUint32(b, uptime)
	b = binary.BigEndian.AppendUint32(b, uint32(now/second))
	b = binary.BigEndian.AppendUint32(b, uint32(now%second))
	b = append(b, 0, 0, 0, 9)
	b = binary.BigEndian.AppendUint16(b, uint16(records[0].Domain))
	b = append(b, 0, 0)
	for _, r := range records {
		b = append(append(b, r.Src.AsSlice()...), r.Dst.AsSlice()...)
		b = append(b, 0, 0, 0, 0, 0, 1, 0, 2)
		b = binary.BigEndian.AppendUint32(b, uint32(r.Packets))
		b = binary.BigEndian.AppendUint32(b, uint32(r.Octets))
		b = binary.BigEndian.AppendUint32(b, uptime-uint32((now-r.Start)/millisecond))
		b = binary.BigEndian.AppendUint32(b, uptime-uint32((now-r.End)/millisecond))
		b = binary.BigEndian.AppendUint16(b, r.SrcPort)
		b = binary.BigEndian.AppendUint16(b, r.DstPort)
		b = append(b, 0, r.Flags, r.Protocol, 0, 0, 0, 0, 0, 24, 24, 0, 0)
	}
	return b
}

// spec is a field of a template made by tests.
type spec struct {
	id, length uint16
	enterprise uint32
}

func layoutOf(version uint16, v6 bool) []spec {
	s := []spec{{8, 4, 0}, {12, 4, 0}, {7, 2, 0}, {11, 2, 0}, {4, 1, 0}, {6, 1, 0}, {1, 8, 0}, {2, 4, 0}, {56, 6, 0}, {80, 6, 0}, {58, 2, 0}}
	if v6 {
		s[0], s[1] = spec{27, 16, 0}, spec{28, 16, 0}
	}
	if version == V9 {
		return append(s, spec{22, 4, 0}, spec{21, 4, 0})
	}
	return append(s, spec{96, variable, 0}, spec{152, 8, 0}, spec{153, 8, 0}, spec{136, 1, 0}, spec{500, 3, 9999}, spec{1, 8, reverseDirection}, spec{2, 8, reverseDirection}, spec{6, 1, reverseDirection})
}

func appendSet(b []byte, id uint16, content []byte, padding int) []byte {
	content = append(slices.Clone(content), make([]byte, padding)...)
	b = binary.BigEndian.AppendUint16(b, id)
	b = binary.BigEndian.AppendUint16(b, uint16(setHeaderLen+len(content)))
	return append(b, content...)
}

func appendTemplate(b []byte, version, id uint16, fields []spec) []byte {
	t := binary.BigEndian.AppendUint16(nil, id)
	t = binary.BigEndian.AppendUint16(t, uint16(len(fields)))
	for _, f := range fields {
		n := f.id
		if f.enterprise != 0 {
			n |= enterpriseBit
		}
		t = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(t, n), f.length)
		if f.enterprise != 0 {
			t = binary.BigEndian.AppendUint32(t, f.enterprise)
		}
	}
	if version == V9 {
		return appendSet(b, v9Templates, t, 0)
	}
	return appendSet(b, ipfixTemplates, t, 0)
}

const testUptime = 7_200_000

// appendMessage appends a version 9 or IPFIX message: templates, if wanted,
// and records of one family.
func appendMessage(b []byte, version uint16, records []Record, templates bool) []byte {
	v6 := records[0].Src.Is6()
	id := uint16(256)
	if v6 {
		id = 257
	}
	fields := layoutOf(version, v6)
	var sets []byte
	if templates {
		sets = appendTemplate(sets, version, id, fields)
	}
	var data []byte
	for i := range records {
		for _, f := range fields {
			data = appendField(data, &records[i], f)
		}
	}
	sets = appendSet(sets, id, data, 3)
	b = binary.BigEndian.AppendUint16(b, version)
	if version == V9 {
		b = binary.BigEndian.AppendUint16(b, uint16(len(records)))
		b = binary.BigEndian.AppendUint32(b, testUptime)
	} else {
		b = binary.BigEndian.AppendUint16(b, uint16(ipfixHeaderLen+len(sets)))
	}
	b = binary.BigEndian.AppendUint32(b, uint32(records[0].Exported/second))
	b = binary.BigEndian.AppendUint32(b, 77)
	b = binary.BigEndian.AppendUint32(b, records[0].Domain)
	return append(b, sets...)
}

func appendField(b []byte, r *Record, f spec) []byte {
	n := uint64(0)
	switch {
	case f.enterprise == reverseDirection:
		n = map[uint16]uint64{1: r.ReverseOctets, 2: r.ReversePackets, 6: uint64(r.ReverseFlags)}[f.id]
	case f.id == 8 || f.id == 27:
		return append(b, r.Src.AsSlice()...)
	case f.id == 12 || f.id == 28:
		return append(b, r.Dst.AsSlice()...)
	case f.id == 56:
		return append(b, r.SrcMAC[:]...)
	case f.id == 80:
		return append(b, r.DstMAC[:]...)
	case f.length == variable:
		name := make([]byte, r.SrcPort%600)
		if len(name) < 255 {
			b = append(b, byte(len(name)))
		} else {
			b = append(b, 255, byte(len(name)>>8), byte(len(name)))
		}
		return append(b, name...)
	default:
		n = map[uint16]uint64{
			7: uint64(r.SrcPort), 11: uint64(r.DstPort), 4: uint64(r.Protocol), 6: uint64(r.Flags), 1: r.Octets, 2: r.Packets, 58: uint64(r.VLAN),
			22: testUptime - uint64((r.Exported-r.Start)/millisecond), 21: testUptime - uint64((r.Exported-r.End)/millisecond),
			152: uint64(r.Start / millisecond), 153: uint64(r.End / millisecond), 136: uint64(r.EndReason),
		}[f.id]
	}
	var v [8]byte
	binary.BigEndian.PutUint64(v[:], n)
	return append(b, v[8-f.length:]...)
}

func addr4(last byte) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, last}) }
