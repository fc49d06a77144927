package dcerpc

import (
	"encoding/binary"
	"strconv"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// mapOperation is the number of ept_map (C706 appendix O).
const mapOperation = 3

var epmapper = ParseUUID("e1af8308-5d1f-11c9-91a4-08002b14a0fa")

// The protocol identifiers of tower floors (C706 appendix I).
const (
	floorTCP  = 0x07
	floorUDP  = 0x08
	floorPipe = 0x0f
	floorUUID = 0x0d
)

// Tower is an address at which an interface can be called.
type Tower struct {
	Interface UUID
	Port      uint16 // TCP or UDP port, 0 when there is none
	Pipe      []byte // named pipe, nil when there is none
}

// DecodeTower reads a protocol tower (C706 appendix L); it reports whether b
// is one.
func DecodeTower(dst *Tower, b []byte) bool {
	*dst = Tower{}
	if len(b) < 2 {
		return false
	}
	floors := int(binary.LittleEndian.Uint16(b))
	b = b[2:]
	if floors == 0 || floors > 8 {
		return false
	}
	for i := range floors {
		left, rest, ok := side(b)
		if !ok {
			return false
		}
		right, rest, ok := side(rest)
		if !ok || len(left) == 0 {
			return false
		}
		b = rest
		switch left[0] {
		case floorUUID:
			if i == 0 && len(left) >= 17 {
				copy(dst.Interface[:], left[1:17])
			}
		case floorTCP, floorUDP:
			if len(right) == 2 {
				dst.Port = binary.BigEndian.Uint16(right)
			}
		case floorPipe:
			dst.Pipe = right
			if n := len(right); n > 0 && right[n-1] == 0 {
				dst.Pipe = right[:n-1]
			}
		}
	}
	return true
}

// side reads one half of a floor: a length and that many bytes.
func side(b []byte) (half, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(binary.LittleEndian.Uint16(b))
	if n > len(b)-2 {
		return nil, nil, false
	}
	return b[2 : 2+n], b[2+n:], true
}

// Towers calls each with the towers in the results of ept_map, at most 16.
// stub is in NDR with little-endian integers.
func Towers(stub []byte, each func(*Tower)) {
	// entry handle, number of towers, then a conformant varying array of
	// pointers: maximum, offset, actual count, referents.
	if len(stub) < 36 {
		return
	}
	count := binary.LittleEndian.Uint32(stub[32:])
	if count == 0 || count > 500 || 36+4*int(count) > len(stub) {
		return
	}
	b := stub[36+4*int(count):]
	var t Tower
	for range min(count, 16) {
		if len(b) < 8 {
			return
		}
		n := binary.LittleEndian.Uint32(b[4:])
		if uint64(n) > uint64(len(b)-8) {
			return
		}
		if DecodeTower(&t, b[8:8+n]) {
			each(&t)
		}
		b = b[min(8+(int(n)+3)&^3, len(b)):]
	}
}

// mapped reports where the endpoint mapper says an interface is, and lets the
// packet path know what is spoken there.
func (s *Session) mapped(c *proto.Conn, k *call, u *Unit) {
	if k.iface != epmapper || u.Big {
		return
	}
	told := 0
	Towers(u.Stub, func(t *Tower) {
		if told++; told > 4 {
			return
		}
		if t.Port != 0 && c.Env.Learn != nil {
			c.Env.Learn(c.Server, t.Port, c.Transport, event.ProtoDCERPC)
		}
		f := proto.Emit[event.DCERPC](c, event.ToClient)
		var text [36]byte
		f.Request, f.Interface = "ENDPOINT", InterfaceName(t.Interface)
		f.UUID = c.String(t.Interface.AppendText(text[:0]))
		if t.Port != 0 {
			var port [5]byte
			f.Endpoint = c.String(strconv.AppendUint(port[:0], uint64(t.Port), 10))
		} else {
			f.Endpoint = c.Head(t.Pipe, maxEndpoint)
		}
	})
}
