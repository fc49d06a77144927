// Package profinetio reads the context management of PROFINET IO (IEC
// 61158-6-10 section 5): the remote calls over UDP by which controllers connect
// to devices, write parameters and read records. Cyclic data is not its
// concern.
//
// The codec (Call, Record, Identification) may be used by the sensor, the guard
// and the scanner; the analyser is for the packet path.
package profinetio

import (
	"encoding/binary"
	"errors"
)

// Port is the registered port of both devices and controllers.
const Port = 34964

// headerLen is the length of the header of connectionless DCE/RPC (C706
// section 12.5), argsLen that of the arguments' description before the blocks
// of a request; a response has its status where the maximum is.
const (
	headerLen = 80
	argsLen   = 20
)

// Types of packets.
const (
	TypeRequest  = 0
	TypeResponse = 2
	TypeFault    = 3
	typeLast     = 10
)

// Operations of the PROFINET IO interfaces.
const (
	OpConnect      = 0
	OpRelease      = 1
	OpRead         = 2
	OpWrite        = 3
	OpControl      = 4
	OpReadImplicit = 5
)

var (
	// ErrShort says that the datagram ends before the call does.
	ErrShort = errors.New("profinetio: datagram is not complete")

	errHeader    = errors.New("profinetio: malformed DCE/RPC header")
	errInterface = errors.New("profinetio: not an interface of PROFINET IO")
)

// interfaceTail is what follows the first four octets, DEA0000n, of all
// interface UUIDs, in big and in little endian.
const (
	interfaceTail   = "\x6c\x97\x11\xd1\x82\x71\x00\xa0\x24\x42\xdf\x7d"
	interfaceTailLE = "\x97\x6c\xd1\x11\x82\x71\x00\xa0\x24\x42\xdf\x7d"
)

// Call is a remote call or its answer. Blocks is a view.
type Call struct {
	Type      uint8
	Interface uint8 // 1 device, 2 controller, 3 supervisor, 4 parameter server
	Sequence  uint32
	Op        uint16
	Status    uint32 // of a response
	Blocks    []byte
}

// Decode reads a whole datagram. A call in several fragments gives the blocks
// that its first datagram has.
func Decode(dst *Call, b []byte) error {
	if len(b) < headerLen {
		return ErrShort
	}
	if b[0] != 4 || b[1]&0x1f > typeLast || b[4]&^0x10 != 0 || b[5] != 0 {
		return errHeader
	}
	var order binary.ByteOrder = binary.BigEndian
	id := uint32(0)
	switch {
	case b[4] == 0x10 && string(b[28:40]) == interfaceTailLE:
		order = binary.LittleEndian
		id = order.Uint32(b[24:])
	case b[4] == 0 && string(b[28:40]) == interfaceTail:
		id = order.Uint32(b[24:])
	}
	if id&^0xf != 0xdea00000 || id&0xf == 0 || id&0xf > 4 {
		return errInterface
	}
	*dst = Call{Type: b[1] & 0x1f, Interface: uint8(id & 0xf), Sequence: order.Uint32(b[64:]), Op: order.Uint16(b[68:])}
	body := b[headerLen:]
	if n := int(order.Uint16(b[74:])); n < len(body) {
		body = body[:n]
	}
	fragment := order.Uint16(b[76:])
	switch {
	case dst.Type != TypeRequest && dst.Type != TypeResponse || fragment != 0:
		return nil
	case len(body) < argsLen:
		return ErrShort
	}
	if dst.Type == TypeResponse {
		dst.Status = order.Uint32(body)
	}
	dst.Blocks = body[argsLen:]
	return nil
}

// Append appends a whole datagram in big endian, with an activity of zeros.
func Append(dst []byte, c *Call) []byte {
	head := make([]byte, headerLen)
	head[0], head[1], head[2] = 4, c.Type, 0x20
	binary.BigEndian.PutUint32(head[24:], 0xdea00000|uint32(c.Interface))
	copy(head[28:], interfaceTail)
	head[63] = 1
	binary.BigEndian.PutUint32(head[64:], c.Sequence)
	binary.BigEndian.PutUint16(head[68:], c.Op)
	binary.BigEndian.PutUint16(head[74:], uint16(argsLen+len(c.Blocks)))
	dst = append(dst, head...)
	first := uint32(len(c.Blocks))
	if c.Type == TypeResponse {
		first = c.Status
	}
	n := uint32(len(c.Blocks))
	for _, v := range [...]uint32{first, n, n, 0, n} {
		dst = binary.BigEndian.AppendUint32(dst, v)
	}
	return append(dst, c.Blocks...)
}

// Types of blocks.
const (
	blockIdentification = 0x0020
	blockWrite          = 0x0008
	blockRead           = 0x0009
	blockConnect        = 0x0101
	blockResponse       = 0x8000
)

// indexIdentification is the record with the identification of a submodule
// (I&M0).
const indexIdentification = 0xaff0

// block gives the block at the start of b with its header, when it has that
// type.
func block(b []byte, typ uint16) []byte {
	if len(b) < 6 || binary.BigEndian.Uint16(b) != typ {
		return nil
	}
	n := 4 + int(binary.BigEndian.Uint16(b[2:]))
	if n < 6 || n > len(b) {
		return nil
	}
	return b[:n]
}

// Record is the address of a record that is read or written. Data is a view of
// what a response to a read brought.
type Record struct {
	API           uint32
	Slot, Subslot uint16
	Index         uint16
	Data          []byte
}

// DecodeRecord reads the header of a read or write, or of its response.
func DecodeRecord(dst *Record, c *Call) bool {
	typ := uint16(blockRead)
	if c.Op == OpWrite {
		typ = blockWrite
	}
	if c.Type == TypeResponse {
		typ |= blockResponse
	}
	b := block(c.Blocks, typ)
	if len(b) < 40 {
		return false
	}
	*dst = Record{
		API: binary.BigEndian.Uint32(b[24:]), Slot: binary.BigEndian.Uint16(b[28:]), Subslot: binary.BigEndian.Uint16(b[30:]),
		Index: binary.BigEndian.Uint16(b[34:]), Data: c.Blocks[len(b):],
	}
	return true
}

// AppendRecord appends the header of a read or write request.
func AppendRecord(dst []byte, op uint16, r *Record) []byte {
	b := make([]byte, 64)
	typ := uint16(blockRead)
	if op == OpWrite {
		typ = blockWrite
	}
	binary.BigEndian.PutUint16(b, typ)
	binary.BigEndian.PutUint16(b[2:], 60)
	b[4] = 1
	binary.BigEndian.PutUint32(b[24:], r.API)
	binary.BigEndian.PutUint16(b[28:], r.Slot)
	binary.BigEndian.PutUint16(b[30:], r.Subslot)
	binary.BigEndian.PutUint16(b[34:], r.Index)
	return append(append(dst, b...), r.Data...)
}

// Identification is the record I&M0. The slices are views with padding.
type Identification struct {
	Vendor   uint16
	Order    []byte
	Serial   []byte
	Hardware uint16
	Software [4]byte // a letter, then three numbers
}

// DecodeIdentification reads the record.
func DecodeIdentification(dst *Identification, b []byte) bool {
	b = block(b, blockIdentification)
	if len(b) < 50 {
		return false
	}
	*dst = Identification{
		Vendor: binary.BigEndian.Uint16(b[6:]), Order: b[8:28], Serial: b[28:44],
		Hardware: binary.BigEndian.Uint16(b[44:]), Software: [4]byte(b[46:50]),
	}
	return true
}

// Initiator gives the type of the relation and the station name of who asks
// for a connection.
func Initiator(c *Call) (relation uint16, name []byte) {
	b := block(c.Blocks, blockConnect)
	if len(b) < 58 {
		return 0, nil
	}
	n := int(binary.BigEndian.Uint16(b[56:]))
	return binary.BigEndian.Uint16(b[6:]), b[58:min(len(b), 58+n)]
}
