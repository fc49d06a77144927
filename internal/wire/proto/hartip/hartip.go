// Package hartip reads HART-IP (FieldComm TS20085) over UDP and TCP with the
// HART commands in it (HCF_SPEC-127, -151): sessions, commands with what they
// do, how they ended, and what field devices say of themselves. It keeps no
// values.
//
// The codec (Message, Frame) may be used by the sensor, the guard and the
// scanner; the analyser is for the packet path.
package hartip

import (
	"encoding/binary"
	"errors"
)

// Port is the registered port of both transports.
const Port = 5094

// Types of messages.
const (
	TypeRequest  = 0
	TypeResponse = 1
	TypePublish  = 2
	TypeNAK      = 15
)

// Message ids.
const (
	SessionInitiate = 0
	SessionClose    = 1
	KeepAlive       = 2
	TokenPassing    = 3
	DirectPDU       = 4
	ReadAuditLog    = 5
)

const (
	headerLen = 8
	// MaxLen is the longest message that is believed. An audit log may have
	// some hundred octets, direct PDUs a few thousand.
	MaxLen = 8 << 10
)

var (
	// ErrShort says that the bytes end before the message does.
	ErrShort = errors.New("hartip: message is not complete")

	errHeader   = errors.New("hartip: malformed header")
	errLength   = errors.New("hartip: length out of range")
	errFrame    = errors.New("hartip: malformed HART frame")
	errChecksum = errors.New("hartip: wrong checksum of a HART frame")
)

// Message is a HART-IP message. Body is a view.
type Message struct {
	Version  uint8
	Type     uint8
	ID       uint8
	Status   uint8
	Sequence uint16
	Body     []byte
}

// Decode reads one message and gives its length.
func Decode(dst *Message, b []byte) (int, error) {
	if len(b) < headerLen {
		return 0, ErrShort
	}
	*dst = Message{Version: b[0], Type: b[1] & 0x0f, ID: b[2], Status: b[3], Sequence: binary.BigEndian.Uint16(b[4:])}
	if dst.Version < 1 || dst.Version > 2 || b[1]&0xf0 != 0 || dst.ID > ReadAuditLog {
		return 0, errHeader
	}
	switch dst.Type {
	case TypeRequest, TypeResponse, TypePublish, TypeNAK:
	default:
		return 0, errHeader
	}
	n := int(binary.BigEndian.Uint16(b[6:]))
	if n < headerLen || n > MaxLen {
		return 0, errLength
	}
	if len(b) < n {
		return 0, ErrShort
	}
	dst.Body = b[headerLen:n]
	return n, nil
}

// Append appends the message.
func Append(dst []byte, m *Message) []byte {
	dst = append(dst, m.Version, m.Type, m.ID, m.Status)
	dst = binary.BigEndian.AppendUint16(dst, m.Sequence)
	dst = binary.BigEndian.AppendUint16(dst, uint16(headerLen+len(m.Body)))
	return append(dst, m.Body...)
}

// Kinds of HART frames (HCF_SPEC-081 section 5).
const (
	KindBurst   = 1
	KindRequest = 2
	KindAnswer  = 6
)

// Frame is the HART frame of a token-passing message. Data is a view; of an
// answer it begins behind response code and device status.
type Frame struct {
	Kind    uint8
	Long    bool  // a unique address of five octets
	Poll    uint8 // polling address of a short one
	Address [5]byte
	Command uint16
	Code    uint8 // response code of an answer, or communication errors
	Status  uint8 // of the field device, in an answer
	Data    []byte
}

// expanded is the command that announces one of 16 bits in its data.
const expanded = 31

// DecodeFrame reads a whole frame with its checksum.
func DecodeFrame(dst *Frame, b []byte) error {
	if len(b) < 5 {
		return ErrShort
	}
	delimiter := b[0]
	*dst = Frame{Kind: delimiter & 7, Long: delimiter&0x80 != 0}
	if dst.Kind != KindBurst && dst.Kind != KindRequest && dst.Kind != KindAnswer || delimiter&0x18 != 0 {
		return errFrame
	}
	at := 2
	if dst.Long {
		at = 6
	} else {
		dst.Poll = b[1] & 0x3f
	}
	if len(b) < at {
		return ErrShort
	}
	if dst.Long {
		dst.Address = [5]byte(b[1:6])
		dst.Address[0] &= 0x3f // master and burst bits
	}
	at += int(delimiter >> 5 & 3) // expansion octets
	if len(b) < at+3 {
		return ErrShort
	}
	dst.Command = uint16(b[at])
	n := at + 2 + int(b[at+1])
	if len(b) < n+1 {
		return ErrShort
	}
	sum := byte(0)
	for _, c := range b[:n+1] {
		sum ^= c
	}
	if sum != 0 {
		return errChecksum
	}
	dst.Data = b[at+2 : n]
	if dst.Kind != KindRequest {
		if len(dst.Data) < 2 {
			return errFrame
		}
		dst.Code, dst.Status, dst.Data = dst.Data[0], dst.Data[1], dst.Data[2:]
	}
	if dst.Command == expanded && len(dst.Data) >= 2 {
		dst.Command, dst.Data = binary.BigEndian.Uint16(dst.Data), dst.Data[2:]
	}
	return nil
}

// AppendFrame appends the frame with its checksum. The command must have 8 bits.
func AppendFrame(dst []byte, f *Frame) []byte {
	at := len(dst)
	if f.Long {
		dst = append(dst, 0x80|f.Kind)
		dst = append(dst, f.Address[:]...)
		dst[at+1] |= 0x80 // the primary master
	} else {
		dst = append(dst, f.Kind, 0x80|f.Poll)
	}
	n := len(f.Data)
	if f.Kind != KindRequest {
		n += 2
	}
	dst = append(dst, byte(f.Command), byte(n))
	if f.Kind != KindRequest {
		dst = append(dst, f.Code, f.Status)
	}
	dst = append(dst, f.Data...)
	sum := byte(0)
	for _, c := range dst[at:] {
		sum ^= c
	}
	return append(dst, sum)
}
