// Package melsec reads what Mitsubishi Electric's controllers speak on
// Ethernet: SLMP, which is the MELSEC communication protocol in binary code
// (frames 3E, 4E and 1E; SH-080008, SH-080956), and the protocol of the MELSOFT
// engineering tools as far as it is publicly known. It reads commands with the
// devices they touch and how they ended; it keeps no values.
//
// The codec (Message, Message1E) may be used by the sensor, the guard and the
// scanner; the analyser is for the packet path.
package melsec

import (
	"encoding/binary"
	"errors"
)

// Frame is a kind of frame.
type Frame uint8

// The frames that tell their own length.
const (
	Frame3E Frame = iota
	Frame4E
	FrameMELSOFT
)

// MaxBody is the longest body of a frame that is believed.
const MaxBody = 16 << 10

var (
	// ErrShort says that the bytes end before the message does.
	ErrShort = errors.New("melsec: message is not complete")

	errSubheader = errors.New("melsec: unknown subheader")
	errLength    = errors.New("melsec: length out of range")
	errHeader    = errors.New("melsec: malformed header")
)

// Message is an SLMP frame 3E or 4E, or a MELSOFT frame. Data is a view of
// what lies behind the command, or the end code.
type Message struct {
	Frame      Frame
	Response   bool
	Serial     uint16 // of 4E and MELSOFT, chosen by who asks
	Network    uint8
	Station    uint8
	ModuleIO   uint16
	Multidrop  uint8
	Timer      uint16 // of a request, units of 250 ms
	Command    uint16 // of a request; of a MELSOFT response as well
	Subcommand uint16 // of an SLMP request
	End        uint16 // of a response
	Data       []byte
}

// Decode reads one frame and gives its length.
func Decode(dst *Message, b []byte) (int, error) {
	if len(b) < 2 {
		return 0, ErrShort
	}
	*dst = Message{Response: b[0]&0x80 != 0}
	switch b[0] &^ 0x80 {
	case 0x50:
		dst.Frame = Frame3E
		return decodeSLMP(dst, b, 2)
	case 0x54:
		dst.Frame = Frame4E
		return decodeSLMP(dst, b, 6)
	case 0x57:
		dst.Frame = FrameMELSOFT
		return decodeMELSOFT(dst, b)
	}
	return 0, errSubheader
}

// decodeSLMP reads a frame whose access route begins at at.
func decodeSLMP(dst *Message, b []byte, at int) (int, error) {
	if b[1] != 0 {
		return 0, errSubheader
	}
	if len(b) < at+7 {
		return 0, ErrShort
	}
	if dst.Frame == Frame4E {
		dst.Serial = binary.LittleEndian.Uint16(b[2:])
		if b[4] != 0 || b[5] != 0 {
			return 0, errHeader
		}
	}
	dst.Network, dst.Station = b[at], b[at+1]
	dst.ModuleIO, dst.Multidrop = binary.LittleEndian.Uint16(b[at+2:]), b[at+4]
	size := int(binary.LittleEndian.Uint16(b[at+5:]))
	least := 6
	if dst.Response {
		least = 2
	}
	if size < least || size > MaxBody {
		return 0, errLength
	}
	n := at + 7 + size
	if len(b) < n {
		return 0, ErrShort
	}
	body := b[at+7 : n]
	if dst.Response {
		dst.End, dst.Data = binary.LittleEndian.Uint16(body), body[2:]
		return n, nil
	}
	dst.Timer, dst.Command = binary.LittleEndian.Uint16(body), binary.LittleEndian.Uint16(body[2:])
	dst.Subcommand, dst.Data = binary.LittleEndian.Uint16(body[4:]), body[6:]
	return n, nil
}

// softHeader is the length of a MELSOFT frame's header; behind it lies a
// command header that tells its own length, then command, serial, length, data.
const softHeader = 21

func decodeMELSOFT(dst *Message, b []byte) (int, error) {
	if b[1] > 1 {
		return 0, errSubheader
	}
	if len(b) < softHeader+4 {
		return 0, ErrShort
	}
	size := int(binary.LittleEndian.Uint16(b[19:]))
	head := 2 + int(b[softHeader+2])
	kind := byte(0x1c)
	if dst.Response {
		kind = 0x9c
	}
	if b[5] != 0x11 || b[6] != 0x11 || b[softHeader] != kind {
		return 0, errHeader
	}
	if size < head+6 || size > MaxBody || head < 6 {
		return 0, errLength
	}
	n := softHeader + size
	if len(b) < n {
		return 0, ErrShort
	}
	dst.Network, dst.Station, dst.ModuleIO = b[9], b[10], binary.LittleEndian.Uint16(b[11:])
	if dst.Response {
		dst.End = binary.LittleEndian.Uint16(b[softHeader+4:])
	}
	body := b[softHeader+head : n]
	dst.Command = binary.BigEndian.Uint16(body)
	dst.Serial = binary.LittleEndian.Uint16(body[2:])
	data := body[6:]
	dst.Data = data[:min(len(data), int(binary.LittleEndian.Uint16(body[4:])))]
	return n, nil
}

// Append appends an SLMP frame; MELSOFT frames are not written.
func Append(dst []byte, m *Message) []byte {
	sub := byte(0x50)
	if m.Frame == Frame4E {
		sub = 0x54
	}
	if m.Response {
		sub |= 0x80
	}
	dst = append(dst, sub, 0)
	if m.Frame == Frame4E {
		dst = binary.LittleEndian.AppendUint16(dst, m.Serial)
		dst = append(dst, 0, 0)
	}
	dst = append(dst, m.Network, m.Station)
	dst = binary.LittleEndian.AppendUint16(dst, m.ModuleIO)
	dst = append(dst, m.Multidrop)
	if m.Response {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(2+len(m.Data)))
		dst = binary.LittleEndian.AppendUint16(dst, m.End)
		return append(dst, m.Data...)
	}
	dst = binary.LittleEndian.AppendUint16(dst, uint16(6+len(m.Data)))
	dst = binary.LittleEndian.AppendUint16(dst, m.Timer)
	dst = binary.LittleEndian.AppendUint16(dst, m.Command)
	dst = binary.LittleEndian.AppendUint16(dst, m.Subcommand)
	return append(dst, m.Data...)
}

// Message1E is a frame 1E, which does not tell its length: a message is what
// one segment or datagram holds. Data is a view.
type Message1E struct {
	Command  uint8 // without the response's bit
	Response bool
	PC       uint8  // of a request: 0xff for the connected station
	Timer    uint16 // of a request
	End      uint8  // of a response
	Data     []byte
}

// Decode1E reads a whole frame 1E.
func Decode1E(dst *Message1E, b []byte) error {
	if len(b) < 2 {
		return ErrShort
	}
	*dst = Message1E{Command: b[0] &^ 0x80, Response: b[0]&0x80 != 0}
	c := command1E(dst.Command)
	if c == nil {
		return errSubheader
	}
	if dst.Response {
		dst.End, dst.Data = b[1], b[2:]
		return nil
	}
	if len(b) < 4 {
		return ErrShort
	}
	dst.PC, dst.Timer, dst.Data = b[1], binary.LittleEndian.Uint16(b[2:]), b[4:]
	if len(dst.Data) < c.least {
		return ErrShort
	}
	return nil
}

// Append1E appends the frame.
func Append1E(dst []byte, m *Message1E) []byte {
	if m.Response {
		return append(append(dst, m.Command|0x80, m.End), m.Data...)
	}
	dst = append(dst, m.Command, m.PC)
	dst = binary.LittleEndian.AppendUint16(dst, m.Timer)
	return append(dst, m.Data...)
}
