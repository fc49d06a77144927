// Package pndcp reads the PROFINET discovery and configuration protocol (IEC
// 61158-6-10 section 4.3): who looks for stations, what stations say of
// themselves, and who gives them names and addresses or resets them. Cyclic
// data and alarms, which share the EtherType, are passed over.
//
// The codec (Message, Block) may be used by the sensor, the guard and the
// scanner; the analyser is for the packet path.
package pndcp

import (
	"encoding/binary"
	"errors"
)

// EtherType is the EtherType of PROFINET.
const EtherType = 0x8892

// Frame ids of DCP among those of PROFINET.
const (
	FrameHello            = 0xfefc
	FrameGetSet           = 0xfefd
	FrameIdentifyRequest  = 0xfefe
	FrameIdentifyResponse = 0xfeff
)

// Services.
const (
	ServiceGet      = 3
	ServiceSet      = 4
	ServiceIdentify = 5
	ServiceHello    = 6
)

// Service types.
const (
	TypeRequest     = 0
	TypeSuccess     = 1
	TypeUnsupported = 5
)

// Options with their suboptions, as option<<8 | suboption.
const (
	BlockMAC            = 0x0101
	BlockIP             = 0x0102
	BlockFullIP         = 0x0103
	BlockVendorName     = 0x0201 // type of station
	BlockStationName    = 0x0202
	BlockDeviceID       = 0x0203
	BlockDeviceRole     = 0x0204
	BlockAlias          = 0x0206
	BlockOEM            = 0x0208
	BlockSignal         = 0x0503
	BlockResponse       = 0x0504
	BlockFactoryReset   = 0x0505
	BlockResetToFactory = 0x0506
	BlockAll            = 0xffff
)

// HeaderLen is the length of frame id, service, transaction, delay, data
// length.
const HeaderLen = 12

var (
	// ErrShort says that the frame ends before the message does.
	ErrShort = errors.New("pndcp: frame is not complete")
	// ErrFrame says that the frame is one of PROFINET's others.
	ErrFrame = errors.New("pndcp: not a frame of DCP")

	errService = errors.New("pndcp: service does not fit the frame")
	errBlock   = errors.New("pndcp: block exceeds the message")
)

// Message is a DCP message. Blocks is a view.
type Message struct {
	Frame   uint16
	Service uint8
	Type    uint8
	Xid     uint32 // transaction
	Delay   uint16 // response delay factor of an identify request
	Blocks  []byte
}

// Decode reads what lies behind the Ethernet header and gives its length
// without padding.
func Decode(dst *Message, b []byte) (int, error) {
	if len(b) < 2 {
		return 0, ErrShort
	}
	frame := binary.BigEndian.Uint16(b)
	if frame < FrameHello || frame > FrameIdentifyResponse {
		return 0, ErrFrame
	}
	if len(b) < HeaderLen {
		return 0, ErrShort
	}
	n := HeaderLen + int(binary.BigEndian.Uint16(b[10:]))
	if len(b) < n {
		return 0, ErrShort
	}
	*dst = Message{
		Frame: frame, Service: b[2], Type: b[3], Xid: binary.BigEndian.Uint32(b[4:]), Delay: binary.BigEndian.Uint16(b[8:]),
		Blocks: b[HeaderLen:n],
	}
	ok := false
	switch frame {
	case FrameHello:
		ok = dst.Service == ServiceHello && dst.Type == TypeRequest
	case FrameGetSet:
		ok = dst.Service == ServiceGet || dst.Service == ServiceSet
	case FrameIdentifyRequest:
		ok = dst.Service == ServiceIdentify && dst.Type == TypeRequest
	case FrameIdentifyResponse:
		ok = dst.Service == ServiceIdentify && dst.Type != TypeRequest
	}
	if !ok {
		return 0, errService
	}
	return n, nil
}

// Append appends the message.
func Append(dst []byte, m *Message) []byte {
	dst = binary.BigEndian.AppendUint16(dst, m.Frame)
	dst = append(dst, m.Service, m.Type)
	dst = binary.BigEndian.AppendUint32(dst, m.Xid)
	dst = binary.BigEndian.AppendUint16(dst, m.Delay)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(m.Blocks)))
	return append(dst, m.Blocks...)
}

// Block is an option with its value, a view. Info is the block qualifier of a
// set request and the block information of answers and greetings, which both
// precede the value.
type Block struct {
	ID    uint16 // option and suboption
	Info  uint16
	Value []byte
}

// hasInfo reports whether the blocks of the message have an Info field.
func (m *Message) hasInfo() bool {
	switch {
	case m.Frame == FrameHello:
		return true
	case m.Service == ServiceSet:
		return m.Type == TypeRequest
	default:
		return m.Type != TypeRequest
	}
}

// Next reads the block at the start of *rest, which begins as m.Blocks, and
// moves *rest behind it and its padding. It gives false at the end, and an
// error when a block exceeds the message.
func (m *Message) Next(dst *Block, rest *[]byte) (bool, error) {
	b := *rest
	if len(b) == 0 {
		return false, nil
	}
	if m.Service == ServiceGet && m.Type == TypeRequest { // names of options only
		if len(b) < 2 {
			*rest = nil
			return false, errBlock
		}
		*dst = Block{ID: binary.BigEndian.Uint16(b)}
		*rest = b[2:]
		return true, nil
	}
	if len(b) < 4 {
		*rest = nil
		return false, errBlock
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	*dst = Block{ID: binary.BigEndian.Uint16(b)}
	if len(b) < 4+n {
		*rest = nil
		return false, errBlock
	}
	dst.Value = b[4 : 4+n]
	if m.hasInfo() && n >= 2 {
		dst.Info, dst.Value = binary.BigEndian.Uint16(dst.Value), dst.Value[2:]
	}
	*rest = b[min(len(b), 4+n+n&1):]
	return true, nil
}

// AppendBlock appends a block of the message, padded to an even length.
func (m *Message) AppendBlock(dst []byte, b *Block) []byte {
	dst = binary.BigEndian.AppendUint16(dst, b.ID)
	if m.Service == ServiceGet && m.Type == TypeRequest {
		return dst
	}
	n := len(b.Value)
	if m.hasInfo() {
		n += 2
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	if m.hasInfo() {
		dst = binary.BigEndian.AppendUint16(dst, b.Info)
	}
	dst = append(dst, b.Value...)
	if n&1 != 0 {
		dst = append(dst, 0)
	}
	return dst
}
