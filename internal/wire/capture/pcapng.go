package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// Block types of pcapng (draft-ietf-opsawg-pcapng). All others say nothing
// about packets and are passed over.
const (
	blockInterface = 1
	blockPacket    = 2 // obsolete
	blockSimple    = 3
	blockEnhanced  = 6
)

// Options of an interface description block.
const (
	optEnd      = 0
	optTsResol  = 9
	optTsOffset = 14
)

// maxInterfaces is how many interfaces a capture may have in all its sections.
const maxInterfaces = math.MaxUint16

// ngInterface is what an interface description block says.
type ngInterface struct {
	link    LinkType
	snapLen uint32
	binary  bool   // the resolution is a power of two
	exp     uint8  // its negative exponent
	mul     uint64 // decimal: nanoseconds are ticks*mul/div
	div     uint64
	offset  int64 // seconds to add
}

// pcapng parses the blocks of a pcapng file.
type pcapng struct {
	order  binary.ByteOrder
	big    bool
	ifaces []ngInterface // of the section at hand
	before int           // interfaces of the sections before
}

// sniffNG looks at the beginning of a section header block.
func sniffNG(head []byte) (parser, int64, error) {
	if len(head) < 12 {
		return nil, 0, errShort
	}
	if byteOrder(head[8:]) == nil {
		return nil, 0, errNotCapture
	}
	return &pcapng{}, 0, nil
}

// byteOrder reads the byte-order magic of a section header block.
func byteOrder(b []byte) binary.ByteOrder {
	const magic = 0x1a2b3c4d
	switch {
	case binary.LittleEndian.Uint32(b) == magic:
		return binary.LittleEndian
	case binary.BigEndian.Uint32(b) == magic:
		return binary.BigEndian
	}
	return nil
}

func (p *pcapng) u32(b []byte) uint32 {
	if p.big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

func (p *pcapng) u16(b []byte) uint16 {
	if p.big {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func (p *pcapng) next(f *File, b []byte, to *Batch) (int64, error) {
	if len(b) < 12 {
		return 0, errShort
	}
	if binary.LittleEndian.Uint32(b) == magicNG {
		order := byteOrder(b[8:])
		if order == nil {
			return 0, errors.New("section header without a byte order")
		}
		p.order, p.big = order, order == binary.ByteOrder(binary.BigEndian)
	}
	kind, length := p.u32(b), p.u32(b[4:])
	if length < 12 || length%4 != 0 {
		return 0, fmt.Errorf("block has the impossible length %d", length)
	}
	switch kind {
	case magicNG, blockInterface, blockPacket, blockSimple, blockEnhanced:
	default:
		return int64(length), nil
	}
	if length > maxRecord {
		return 0, fmt.Errorf("block says to have %d bytes, more than any packet", length)
	}
	if uint32(len(b)) < length {
		return 0, errShort
	}
	if p.u32(b[length-4:]) != length {
		return 0, errors.New("block has two different lengths")
	}
	body := b[8 : length-4]
	var err error
	switch kind {
	case magicNG:
		err = p.sectionHeader(body)
	case blockInterface:
		err = p.interfaceDescription(body)
	case blockEnhanced:
		err = p.enhanced(f, body, to)
	case blockSimple:
		err = p.simple(f, body, to)
	case blockPacket:
		err = p.obsolete(f, body, to)
	}
	return int64(length), err
}

func (p *pcapng) sectionHeader(b []byte) error {
	if len(b) < 16 {
		return errors.New("section header is too short")
	}
	if major := p.u16(b[4:]); major != 1 {
		return fmt.Errorf("pcapng version %d is not supported", major)
	}
	p.before += len(p.ifaces)
	p.ifaces = p.ifaces[:0]
	return nil
}

func (p *pcapng) interfaceDescription(b []byte) error {
	if len(b) < 8 {
		return errors.New("interface description is too short")
	}
	if p.before+len(p.ifaces) >= maxInterfaces {
		return errors.New("capture has too many interfaces")
	}
	i := ngInterface{link: LinkType(p.u16(b)), snapLen: p.u32(b[4:])}
	i.resolution(6)
	for b = b[8:]; len(b) >= 4; {
		code, n := p.u16(b), int(p.u16(b[2:]))
		if code == optEnd || 4+n > len(b) {
			break
		}
		value := b[4 : 4+n]
		switch {
		case code == optTsResol && n >= 1:
			i.resolution(value[0])
		case code == optTsOffset && n >= 8:
			if p.big {
				i.offset = int64(binary.BigEndian.Uint64(value))
			} else {
				i.offset = int64(binary.LittleEndian.Uint64(value))
			}
		}
		b = b[min(len(b), 4+(n+3)&^3):]
	}
	p.ifaces = append(p.ifaces, i)
	return nil
}

// resolution sets the unit of time stamps: 10^-n seconds, or 2^-n with the
// highest bit set.
func (i *ngInterface) resolution(v uint8) {
	i.binary, i.exp, i.mul, i.div = v&0x80 != 0, v&0x7f, 1, 1
	if i.binary {
		return
	}
	for n := v; n < 9; n++ {
		i.mul *= 10
	}
	for n := v; n > 9; n-- {
		if i.div > math.MaxUint64/10 {
			i.div = math.MaxUint64 // finer than anything: the time is zero
			break
		}
		i.div *= 10
	}
}

// time turns ticks into nanoseconds since 1970, badTime when that is before
// 1970 or after 2262.
func (i *ngInterface) time(ticks uint64) int64 {
	var hi, ns uint64
	switch {
	case i.binary && i.exp >= 64:
		ns = 0
	case i.binary:
		hi, ns = bits.Mul64(ticks, 1e9)
		if i.exp > 0 {
			ns = ns>>i.exp | hi<<(64-i.exp)
			hi >>= i.exp
		}
	default:
		hi, ns = bits.Mul64(ticks, i.mul)
		if hi == 0 {
			ns /= i.div
		}
	}
	if hi != 0 || ns > math.MaxInt64 {
		return badTime
	}
	if i.offset == 0 {
		return int64(ns)
	}
	if i.offset > math.MaxInt64/int64(1e9) || i.offset < math.MinInt64/int64(1e9) {
		return badTime
	}
	sum := int64(ns) + i.offset*1e9
	if sum < 0 { // before 1970, or wrapped around
		return badTime
	}
	return sum
}

// emit hands a packet out if its interface is known and supported.
func (p *pcapng) emit(f *File, id uint32, ticks uint64, timed bool, data []byte, wire uint32, to *Batch) {
	if uint64(id) >= uint64(len(p.ifaces)) || !p.ifaces[id].link.known() {
		f.stats.Skipped++
		return
	}
	i := &p.ifaces[id]
	t := f.lastTime
	if timed {
		if t = i.time(ticks); t == badTime {
			t = f.lastTime
			f.stats.BadTimes++
		}
	}
	f.frame(to, data, t, wire, i.link, uint16(p.before+int(id)))
}

func (p *pcapng) enhanced(f *File, b []byte, to *Batch) error {
	if len(b) < 20 {
		return errors.New("packet block is too short")
	}
	captured := p.u32(b[12:])
	if captured > uint32(len(b)-20) {
		return errors.New("packet is longer than its block")
	}
	ticks := uint64(p.u32(b[4:]))<<32 | uint64(p.u32(b[8:]))
	p.emit(f, p.u32(b), ticks, true, b[20:20+captured:20+captured], p.u32(b[16:]), to)
	return nil
}

// obsolete handles the packet block that the enhanced one replaced.
func (p *pcapng) obsolete(f *File, b []byte, to *Batch) error {
	if len(b) < 20 {
		return errors.New("packet block is too short")
	}
	captured := p.u32(b[12:])
	if captured > uint32(len(b)-20) {
		return errors.New("packet is longer than its block")
	}
	ticks := uint64(p.u32(b[4:]))<<32 | uint64(p.u32(b[8:]))
	p.emit(f, uint32(p.u16(b)), ticks, true, b[20:20+captured:20+captured], p.u32(b[16:]), to)
	return nil
}

// simple handles a packet without a time stamp: it has that of the packet
// before.
func (p *pcapng) simple(f *File, b []byte, to *Batch) error {
	if len(b) < 4 {
		return errors.New("packet block is too short")
	}
	wire := p.u32(b)
	captured := min(wire, uint32(len(b)-4))
	if len(p.ifaces) > 0 && p.ifaces[0].snapLen > 0 {
		captured = min(captured, p.ifaces[0].snapLen)
	}
	p.emit(f, 0, 0, false, b[4:4+captured:4+captured], wire, to)
	return nil
}
