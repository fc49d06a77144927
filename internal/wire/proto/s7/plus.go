package s7

import (
	"bytes"
	"encoding/binary"
)

// plusID begins every S7comm-plus fragment.
const plusID = 0x72

// Opcodes of S7comm-plus.
const (
	PlusRequest      = 0x31
	PlusResponse     = 0x32
	PlusNotification = 0x33
)

// Functions of S7comm-plus.
const (
	PlusExplore          = 0x04bb
	PlusCreateObject     = 0x04ca
	PlusDeleteObject     = 0x04d4
	PlusSetVariable      = 0x04f2
	PlusGetVariable      = 0x04fc
	PlusAddLink          = 0x0506
	PlusRemoveLink       = 0x051a
	PlusGetLink          = 0x0524
	PlusSetMultiVars     = 0x0542
	PlusGetMultiVars     = 0x054c
	PlusBeginSequence    = 0x0556
	PlusEndSequence      = 0x0560
	PlusInvoke           = 0x056b
	PlusGetVarSubStream  = 0x0586
	PlusInitSSL          = 0x05b3
	plusKeepAlive        = 0xff
	plusSystemEvent      = 0xfe
	plusDigestLen        = 32
	plusSessionContainer = 285        // parent of new sessions
	plusDynamicMin       = 0x70000000 // sessions, subscriptions and the like
	plusDynamicMax       = 0x7fffffff
	plusExecUnit         = 52   // the object that runs the program
	plusOperatingState   = 2167 // its attribute that asks for run or stop
)

// PlusFragment is one fragment of an S7comm-plus message. Data is a view into
// the input; it is the whole message when Last is set and none came before.
type PlusFragment struct {
	Version uint8
	Data    []byte
	Last    bool // a trailer follows the data
}

// DecodePlus reads one fragment, which fills b.
func DecodePlus(dst *PlusFragment, b []byte) error {
	const header = 4
	if len(b) < header || b[0] != plusID {
		return ErrProtocol
	}
	switch b[1] {
	case 1, 2, 3, plusSystemEvent, plusKeepAlive:
	default:
		return ErrProtocol
	}
	if b[1] == plusKeepAlive {
		*dst = PlusFragment{Version: b[1], Last: true}
		return nil
	}
	n := header + int(binary.BigEndian.Uint16(b[2:]))
	if n > len(b) {
		return ErrLength
	}
	*dst = PlusFragment{Version: b[1], Data: b[header:n]}
	rest := b[n:]
	dst.Last = b[1] == plusSystemEvent || len(rest) >= header && rest[0] == plusID && rest[1] == b[1] && rest[2] == 0 && rest[3] == 0
	if !dst.Last && len(rest) > 0 {
		return ErrLength
	}
	return nil
}

// AppendPlus writes a fragment behind dst, with a trailer when it is the last.
func AppendPlus(dst []byte, f *PlusFragment) []byte {
	dst = append(dst, plusID, f.Version)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(f.Data)))
	dst = append(dst, f.Data...)
	if f.Last {
		dst = append(dst, plusID, f.Version, 0, 0)
	}
	return dst
}

// PlusHead is the beginning of a request or response. Body is a view of what
// follows, as far as the first fragment holds it.
type PlusHead struct {
	Opcode   uint8
	Function uint16
	Sequence uint16
	Session  uint32 // requests only
	Body     []byte
}

// DecodePlusHead reads the beginning of a message. The messages of version 3
// have a digest before it.
func DecodePlusHead(dst *PlusHead, version uint8, b []byte) error {
	if version == 3 {
		if len(b) < 1+plusDigestLen || b[0] != plusDigestLen {
			return ErrLength
		}
		b = b[1+plusDigestLen:]
	}
	if len(b) < 1 {
		return ErrLength
	}
	*dst = PlusHead{Opcode: b[0]}
	switch dst.Opcode {
	case PlusRequest:
		if len(b) < 14 {
			return ErrLength
		}
		dst.Session, dst.Body = binary.BigEndian.Uint32(b[9:]), b[14:]
	case PlusResponse:
		if len(b) < 10 {
			return ErrLength
		}
		dst.Body = b[10:]
	default:
		return nil
	}
	dst.Function, dst.Sequence = binary.BigEndian.Uint16(b[3:]), binary.BigEndian.Uint16(b[7:])
	return nil
}

// AppendPlusHead writes the beginning of a message of version 1 or 2.
func AppendPlusHead(dst []byte, h *PlusHead) []byte {
	const plainTransport = 0x34
	dst = append(dst, h.Opcode, 0, 0)
	dst = binary.BigEndian.AppendUint16(dst, h.Function)
	dst = append(dst, 0, 0)
	dst = binary.BigEndian.AppendUint16(dst, h.Sequence)
	if h.Opcode == PlusRequest {
		dst = binary.BigEndian.AppendUint32(dst, h.Session)
	}
	return append(append(dst, plainTransport), h.Body...)
}

// plusResult gives the error in a response's return value: a variable-length
// number whose low 16 bits are negative for errors.
func plusResult(body []byte) uint16 {
	var v uint64
	for i, c := range body {
		if i == 8 { // the ninth octet has eight bits of value
			v = v<<8 | uint64(c)
			break
		}
		v = v<<7 | uint64(c&0x7f)
		if c&0x80 == 0 {
			break
		}
		if i == len(body)-1 {
			return 0
		}
	}
	if low := uint16(v); low&0x8000 != 0 {
		return low
	}
	return 0
}

// plusOrder finds order number and firmware in the answer to the creation of
// a session: "1;6ES7 ... ;V4.2".
func plusOrder(body []byte) (order, firmware []byte) {
	for _, prefix := range [...]string{";6ES7", ";6AG", ";6GK", ";6AU"} {
		i := bytes.Index(body, []byte(prefix))
		if i < 0 {
			continue
		}
		rest := body[i+1:]
		end := bytes.IndexByte(rest, ';')
		if end < 0 || end > 32 {
			continue
		}
		order, rest = rest[:end], rest[end+1:]
		for end = 0; end < len(rest) && end < 16 && rest[end] > ' ' && rest[end] < 0x7f; end++ {
		}
		return order, rest[:end]
	}
	return nil, nil
}
