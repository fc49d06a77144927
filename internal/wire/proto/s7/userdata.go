package s7

import "encoding/binary"

// Groups of userdata functions.
const (
	GroupModeTransition = 0
	GroupProgrammer     = 1
	GroupCyclic         = 2
	GroupBlock          = 3
	GroupCPU            = 4
	GroupSecurity       = 5
	GroupPBC            = 6
	GroupTime           = 7
	GroupNC             = 15
)

// Kinds of userdata messages.
const (
	kindPush     = 0
	KindRequest  = 4
	KindResponse = 8
)

// Subfunctions that the analyser looks into.
const (
	subReadSZL  = 1
	subPassword = 1
)

// UserdataHead is the parameter part of a userdata message.
type UserdataHead struct {
	Kind     uint8
	Group    uint8
	Sub      uint8
	Sequence uint8
	More     bool   // responses: further messages with the rest follow
	Unit     uint8  // responses and requests for the rest
	Error    uint16 // responses
}

// DecodeUserdata reads the parameters of a userdata message.
func DecodeUserdata(dst *UserdataHead, parameter []byte) error {
	// Head, length, method, kind and group, subfunction, sequence, and in the
	// long form data unit reference, last data unit, error.
	if len(parameter) < 8 {
		return ErrLength
	}
	switch [3]byte(parameter) {
	case [3]byte{0, 1, 0x12}:
	case [3]byte{1, 0, 0x10}: // changes of the operating mode have a head of their own
		*dst = UserdataHead{Kind: parameter[5] >> 4, Group: parameter[5] & 0x0f, Sub: parameter[6], Sequence: parameter[7]}
		return nil
	default:
		return ErrLength
	}
	*dst = UserdataHead{Kind: parameter[5] >> 4, Group: parameter[5] & 0x0f, Sub: parameter[6], Sequence: parameter[7]}
	if int(parameter[3]) >= 8 && len(parameter) >= 12 {
		dst.Unit, dst.More = parameter[8], parameter[9] != 0
		dst.Error = binary.BigEndian.Uint16(parameter[10:])
	}
	return nil
}

// AppendUserdata writes the parameters of a userdata message behind dst.
func AppendUserdata(dst []byte, h *UserdataHead) []byte {
	const request, response = 0x11, 0x12
	if h.Kind == KindRequest && h.Unit == 0 {
		return append(dst, 0, 1, 0x12, 4, request, h.Kind<<4|h.Group, h.Sub, h.Sequence)
	}
	more := byte(0)
	if h.More {
		more = 1
	}
	dst = append(dst, 0, 1, 0x12, 8, response, h.Kind<<4|h.Group, h.Sub, h.Sequence, h.Unit, more)
	return binary.BigEndian.AppendUint16(dst, h.Error)
}

// userdataValue takes off the head of a userdata message's data: return code,
// transport size, length.
func userdataValue(data []byte) (code uint8, value []byte) {
	if len(data) < 4 {
		return 0, nil
	}
	n := int(binary.BigEndian.Uint16(data[2:]))
	return data[0], data[4:min(len(data), 4+n)]
}

// plainPassword undoes the masking of the eight password octets, which hides
// nothing.
func plainPassword(b []byte) (plain [8]byte, ok bool) {
	if len(b) < 8 {
		return plain, false
	}
	for i := range plain {
		plain[i] = b[i] ^ 0x55
		if i >= 2 {
			plain[i] ^= b[i-2]
		}
	}
	return plain, true
}
