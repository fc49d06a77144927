// Package fins reads OMRON's FINS (OMRON W342, W421) over UDP and TCP:
// commands with the memory they touch, how they ended, and what controllers
// say of themselves. It keeps no values.
//
// The codec (Frame, Packet) may be used by the sensor, the guard and the
// scanner; the analyser is for the packet path.
package fins

import (
	"encoding/binary"
	"errors"
)

// Port is the customary port of both transports.
const Port = 9600

const (
	headerLen = 10 // of a frame, before the command code
	// MaxFrame is the longest frame that is believed; networks allow 2012.
	MaxFrame = 8 << 10
)

var (
	// ErrShort says that the bytes end before the message does.
	ErrShort = errors.New("fins: message is not complete")

	errHeader  = errors.New("fins: malformed header")
	errCommand = errors.New("fins: unknown command code")
	errLength  = errors.New("fins: length out of range")
	errMagic   = errors.New("fins: packet does not begin with FINS")
)

// Node is a network, node and unit address.
type Node struct {
	Network, Node, Unit uint8
}

// Frame is a FINS command or response. Data is a view of what lies behind the
// command code and, in a response, the end code.
type Frame struct {
	Response bool
	NoAnswer bool // a command that wants none
	Gateways uint8
	Dst, Src Node
	Service  uint8 // SID, chosen by who asks
	Command  uint16
	End      uint16 // end code of a response
	Data     []byte
}

// Decode reads a whole frame.
func Decode(dst *Frame, b []byte) error {
	if len(b) < headerLen+2 {
		return ErrShort
	}
	// The information control field: gateway use, response, answer not wanted.
	if b[0]&0x3e != 0 || b[1] != 0 || b[2] > 7 || b[3] > 127 || b[6] > 127 {
		return errHeader
	}
	*dst = Frame{
		Response: b[0]&0x40 != 0, NoAnswer: b[0]&1 != 0, Gateways: b[2],
		Dst: Node{b[3], b[4], b[5]}, Src: Node{b[6], b[7], b[8]}, Service: b[9],
		Command: binary.BigEndian.Uint16(b[10:]), Data: b[12:],
	}
	if _, ok := commands[dst.Command]; !ok {
		return errCommand
	}
	if dst.Response {
		if len(dst.Data) < 2 {
			return ErrShort
		}
		dst.End, dst.Data = binary.BigEndian.Uint16(dst.Data), dst.Data[2:]
	}
	return nil
}

// Append appends the frame.
func Append(dst []byte, f *Frame) []byte {
	icf := byte(0x80)
	if f.Response {
		icf |= 0x40
	}
	if f.NoAnswer {
		icf |= 1
	}
	dst = append(dst, icf, 0, f.Gateways, f.Dst.Network, f.Dst.Node, f.Dst.Unit, f.Src.Network, f.Src.Node, f.Src.Unit, f.Service)
	dst = binary.BigEndian.AppendUint16(dst, f.Command)
	if f.Response {
		dst = binary.BigEndian.AppendUint16(dst, f.End)
	}
	return append(dst, f.Data...)
}

// Kinds of packets over TCP.
const (
	PacketClientNode = 0 // the client asks for a node address
	PacketServerNode = 1
	PacketFrame      = 2
	PacketError      = 3
	PacketConfirm    = 6
)

// packetHeader is the length of a packet's header: magic, length, kind, error.
const packetHeader = 16

// Packet is the unit of FINS over TCP. Data is a view; of PacketFrame it is a
// frame.
type Packet struct {
	Kind  uint32
	Error uint32
	Data  []byte
}

// DecodePacket reads one packet and gives its length.
func DecodePacket(dst *Packet, b []byte) (int, error) {
	const magic = "FINS"
	if string(b[:min(len(b), 4)]) != magic[:min(len(b), 4)] {
		return 0, errMagic
	}
	if len(b) < packetHeader {
		return 0, ErrShort
	}
	size := binary.BigEndian.Uint32(b[4:])
	if size < 8 || size > MaxFrame {
		return 0, errLength
	}
	n := 8 + int(size)
	*dst = Packet{Kind: binary.BigEndian.Uint32(b[8:]), Error: binary.BigEndian.Uint32(b[12:])}
	if dst.Kind > PacketConfirm {
		return 0, errHeader
	}
	if len(b) < n {
		return 0, ErrShort
	}
	dst.Data = b[packetHeader:n]
	return n, nil
}

// AppendPacket appends the packet.
func AppendPacket(dst []byte, p *Packet) []byte {
	dst = append(dst, "FINS"...)
	dst = binary.BigEndian.AppendUint32(dst, uint32(8+len(p.Data)))
	dst = binary.BigEndian.AppendUint32(dst, p.Kind)
	dst = binary.BigEndian.AppendUint32(dst, p.Error)
	return append(dst, p.Data...)
}
