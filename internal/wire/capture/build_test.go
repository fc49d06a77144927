package capture

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
)

// record is a packet to be written by a test.
type record struct {
	sec, frac uint32
	wire      uint32 // 0 for len(data)
	data      []byte
}

func (r record) wireLen() uint32 {
	if r.wire == 0 {
		return uint32(len(r.data))
	}
	return r.wire
}

// orderBytes appends numbers in one byte order.
type order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// pcapFile writes a pcap file with the given magic number and link type.
func pcapFile(o order, magic uint32, link LinkType, records ...record) []byte {
	b := o.AppendUint32(nil, magic)
	b = o.AppendUint16(b, 2)
	b = o.AppendUint16(b, 4)
	b = o.AppendUint32(b, 0)
	b = o.AppendUint32(b, 0)
	b = o.AppendUint32(b, 262144)
	b = o.AppendUint32(b, uint32(link))
	for _, r := range records {
		b = o.AppendUint32(b, r.sec)
		b = o.AppendUint32(b, r.frac)
		b = o.AppendUint32(b, uint32(len(r.data)))
		b = o.AppendUint32(b, r.wireLen())
		if magic == magicModified {
			b = append(b, make([]byte, 8)...)
		}
		b = append(b, r.data...)
	}
	return b
}

// ngBlock writes one block of a pcapng file.
func ngBlock(o order, kind uint32, body ...byte) []byte {
	body = append(body, make([]byte, -len(body)&3)...)
	b := o.AppendUint32(nil, kind)
	b = o.AppendUint32(b, uint32(12+len(body)))
	b = append(b, body...)
	return o.AppendUint32(b, uint32(12+len(body)))
}

func ngSection(o order) []byte {
	b := o.AppendUint32(nil, 0x1a2b3c4d)
	b = o.AppendUint16(b, 1)
	b = o.AppendUint16(b, 0)
	return ngBlock(o, magicNG, append(b, bytes.Repeat([]byte{255}, 8)...)...)
}

// ngInterfaceBlock writes an interface; options come as they are.
func ngInterfaceBlock(o order, link LinkType, snapLen uint32, options ...byte) []byte {
	b := o.AppendUint16(nil, uint16(link))
	b = o.AppendUint16(b, 0)
	b = o.AppendUint32(b, snapLen)
	return ngBlock(o, blockInterface, append(b, options...)...)
}

func ngOption(o order, code uint16, value ...byte) []byte {
	b := o.AppendUint16(nil, code)
	b = o.AppendUint16(b, uint16(len(value)))
	b = append(b, value...)
	return append(b, make([]byte, -len(value)&3)...)
}

func ngPacket(o order, iface uint32, ticks uint64, wire uint32, data []byte) []byte {
	b := o.AppendUint32(nil, iface)
	b = o.AppendUint32(b, uint32(ticks>>32))
	b = o.AppendUint32(b, uint32(ticks))
	b = o.AppendUint32(b, uint32(len(data)))
	b = o.AppendUint32(b, wire)
	return ngBlock(o, blockEnhanced, append(b, data...)...)
}

func ngSimple(o order, wire uint32, data []byte) []byte {
	return ngBlock(o, blockSimple, append(o.AppendUint32(nil, wire), data...)...)
}

// randomRecords makes n packets of many sizes, the same ones every time.
func randomRecords(n, maxLen int) []record {
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	records := make([]record, n)
	for i := range records {
		data := make([]byte, rng.IntN(maxLen))
		for j := range data {
			data[j] = byte(rng.Uint32())
		}
		records[i] = record{sec: uint32(1700000000 + i/10), frac: uint32(i % 10 * 100000), data: data}
	}
	return records
}
