package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Magic numbers of pcap files (draft-ietf-opsawg-pcap).
const (
	magicMicro    = 0xa1b2c3d4
	magicNano     = 0xa1b23c4d
	magicModified = 0xa1b2cd34 // Kuznetzov's, with a longer record header
	magicNG       = 0x0a0d0d0a // type of a pcapng section header block, the same in both byte orders
)

var errNotCapture = errors.New("not a capture file")

// magics are the first bytes of all captures, compressed ones included.
var magics = [][]byte{
	{0xa1, 0xb2, 0xc3, 0xd4}, {0xd4, 0xc3, 0xb2, 0xa1}, {0xa1, 0xb2, 0x3c, 0x4d}, {0x4d, 0x3c, 0xb2, 0xa1},
	{0xa1, 0xb2, 0xcd, 0x34}, {0x34, 0xcd, 0xb2, 0xa1}, {0x0a, 0x0d, 0x0d, 0x0a}, {0x1f, 0x8b}, {0x28, 0xb5, 0x2f, 0xfd},
}

// sniff tells the format by the first bytes and gives its parser and the
// length of the file header.
func sniff(head []byte) (parser, int64, error) {
	known := false
	for _, m := range magics {
		n := min(len(m), len(head))
		known = known || bytes.Equal(head[:n], m[:n])
	}
	if !known {
		return nil, 0, errNotCapture
	}
	if len(head) < 4 {
		return nil, 0, errShort
	}
	if binary.BigEndian.Uint32(head) == magicNG {
		return sniffNG(head)
	}
	p := &pcap{}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch order.Uint32(head) {
		case magicMicro:
			p.unit, p.header = 1000, 16
		case magicNano:
			p.unit, p.header = 1, 16
		case magicModified:
			p.unit, p.header = 1000, 24
		default:
			continue
		}
		p.swapped = order == binary.ByteOrder(binary.BigEndian)
		if len(head) < 24 {
			return nil, 0, errShort
		}
		if major := order.Uint16(head[4:]); major != 2 {
			return nil, 0, fmt.Errorf("pcap version %d is not supported", major)
		}
		p.oldLengths = order.Uint16(head[6:]) < 3
		// The upper bits hold the length of the frame check sequence.
		p.link = LinkType(order.Uint32(head[20:]))
		if !p.link.known() {
			return nil, 0, fmt.Errorf("link type %d (%v) is not supported", uint16(p.link), p.link)
		}
		return p, 24, nil
	}
	return nil, 0, errNotCapture // compressed twice
}

// pcap parses the records of a pcap file.
type pcap struct {
	link       LinkType
	swapped    bool // big endian
	oldLengths bool // version 2.2 and before: the two lengths change places
	unit       int64
	header     int
}

func (p *pcap) next(f *File, b []byte, to *Batch) (int64, error) {
	if len(b) < p.header {
		return 0, errShort
	}
	var sec, frac, captured, wire uint32
	if p.swapped {
		sec, frac, captured, wire = binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:])
	} else {
		sec, frac, captured, wire = binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])
	}
	if p.oldLengths {
		captured, wire = wire, captured
	}
	if captured > maxRecord {
		return 0, fmt.Errorf("record says to have %d bytes, more than any packet", captured)
	}
	n := p.header + int(captured)
	if len(b) < n {
		return 0, errShort
	}
	ns := int64(frac) * p.unit
	if ns > 999_999_999 {
		ns = 999_999_999
		f.stats.BadTimes++
	}
	f.frame(to, b[p.header:n:n], int64(sec)*1e9+ns, wire, p.link, 0)
	return int64(n), nil
}

// maxWire is the longest a frame can have been; more is a damaged length.
const maxWire = 16 << 20

// frame appends a frame to the batch.
func (f *File) frame(to *Batch, data []byte, t int64, wire uint32, link LinkType, iface uint16) {
	f.number++
	f.stats.Packets++
	f.stats.Bytes += uint64(len(data))
	switch {
	case wire < uint32(len(data)) || wire > maxWire:
		f.stats.BadLengths++
		wire = uint32(len(data))
	case wire > uint32(len(data)):
		f.stats.Snapped++
	}
	f.lastTime = t
	to.Frames = append(to.Frames, Frame{
		Data: data, Time: t, WireLen: wire, Link: link, Interface: iface,
		Number: f.number, Offset: f.base + int64(f.pos),
	})
}

// badTime stands for a time that no clock can have had: that of the packet
// before.
const badTime = math.MinInt64
