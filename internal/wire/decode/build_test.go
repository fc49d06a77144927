package decode

import "encoding/binary"

// What follows builds packets for tests, valid unless a test breaks them.

var (
	macA = [6]byte{0x02, 0, 0, 0, 0, 0x0a}
	macB = [6]byte{0x02, 0, 0, 0, 0, 0x0b}
)

// nopTimestamp is the usual TCP option block of an established connection.
var nopTimestamp = []byte{1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2}

func join(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func ethernetFrame(et uint16, body []byte) []byte {
	return join(macB[:], macA[:], binary.BigEndian.AppendUint16(nil, et), body)
}

type frame4 struct {
	src, dst [4]byte
	id       uint16
	ttl      uint8
	proto    uint8
	offset   int // of a fragment, in bytes
	more     bool
	options  []byte
	body     []byte
}

func ipv4Packet(f frame4) []byte {
	if f.src == ([4]byte{}) {
		f.src, f.dst = [4]byte{192, 0, 2, 1}, [4]byte{192, 0, 2, 2}
	}
	if f.ttl == 0 {
		f.ttl = 64
	}
	h := make([]byte, 20, 20+len(f.options)+len(f.body))
	h[0] = 0x40 | byte(5+len(f.options)/4)
	binary.BigEndian.PutUint16(h[2:], uint16(20+len(f.options)+len(f.body)))
	binary.BigEndian.PutUint16(h[4:], f.id)
	field := uint16(f.offset / 8)
	if f.more {
		field |= 0x2000
	}
	binary.BigEndian.PutUint16(h[6:], field)
	h[8], h[9] = f.ttl, f.proto
	copy(h[12:], f.src[:])
	copy(h[16:], f.dst[:])
	h = append(h, f.options...)
	binary.BigEndian.PutUint16(h[10:], checksum(h))
	return append(h, f.body...)
}

func ether4(f frame4) []byte { return ethernetFrame(etherIPv4, ipv4Packet(f)) }

func ipv6Packet(next uint8, body []byte) []byte {
	h := make([]byte, 40, 40+len(body))
	h[0] = 0x60
	binary.BigEndian.PutUint16(h[4:], uint16(len(body)))
	h[6], h[7] = next, 64
	h[8], h[9], h[23] = 0x20, 0x01, 1
	h[24], h[25], h[39] = 0x20, 0x01, 2
	return append(h, body...)
}

// fragmentHeader is an IPv6 fragment header (RFC 8200 section 4.5).
func fragmentHeader(next uint8, id uint32, offset int, more bool) []byte {
	h := []byte{next, 0, byte(offset >> 8), byte(offset), 0, 0, 0, 0}
	if more {
		h[3] |= 1
	}
	binary.BigEndian.PutUint32(h[4:], id)
	return h
}

func tcpSegment(src, dst uint16, flags uint8, options, payload []byte) []byte {
	h := make([]byte, 20)
	binary.BigEndian.PutUint16(h, src)
	binary.BigEndian.PutUint16(h[2:], dst)
	binary.BigEndian.PutUint32(h[4:], 1000)
	binary.BigEndian.PutUint32(h[8:], 2000)
	h[12], h[13] = byte(5+len(options)/4)<<4, flags
	binary.BigEndian.PutUint16(h[14:], 8192)
	return join(h, options, payload)
}

func udpDatagram(src, dst uint16, payload []byte) []byte {
	h := make([]byte, 8)
	binary.BigEndian.PutUint16(h, src)
	binary.BigEndian.PutUint16(h[2:], dst)
	binary.BigEndian.PutUint16(h[4:], uint16(8+len(payload)))
	return append(h, payload...)
}
