// Package ads reads Beckhoff's Automation Device Specification over TCP (AMS)
// and the route and discovery datagrams of TwinCAT: commands with port and
// index group, changes of state, routes added with their credentials, and what
// controllers say of themselves. It keeps no values.
//
// The codec (Message, Datagram) may be used by the sensor, the guard and the
// scanner; the analyser is for the packet path.
package ads

import (
	"encoding/binary"
	"errors"
)

// Ports of AMS over TCP and of discovery over UDP.
const (
	Port          = 48898
	DiscoveryPort = 48899
)

// tcpHeader is the length of the AMS/TCP header, amsHeader of the AMS header.
const (
	tcpHeader = 6
	amsHeader = 32
	// MaxData is the largest payload that is believed.
	MaxData = 16 << 20
)

// Commands.
const (
	CmdReadDeviceInfo     = 1
	CmdRead               = 2
	CmdWrite              = 3
	CmdReadState          = 4
	CmdWriteControl       = 5
	CmdAddNotification    = 6
	CmdDeleteNotification = 7
	CmdNotification       = 8
	CmdReadWrite          = 9
)

// State flags.
const (
	flagResponse = 1
	flagCommand  = 4
)

var (
	// ErrShort says that the bytes end before the message does.
	ErrShort = errors.New("ads: message is not complete")

	errHeader = errors.New("ads: malformed AMS header")
	errLength = errors.New("ads: lengths do not agree")
	errTag    = errors.New("ads: tag exceeds the datagram")
)

// Address is an AMS net id with a port.
type Address struct {
	NetID [6]byte
	Port  uint16
}

// Message is an AMS message. Data is a view.
type Message struct {
	Target, Source Address
	Command        uint16
	Response       bool
	Error          uint32
	Invoke         uint32
	Data           []byte
}

// Decode reads one message with its TCP header and gives its length.
func Decode(dst *Message, b []byte) (int, error) {
	n, err := DecodeHeader(dst, b)
	if err != nil {
		return 0, err
	}
	if len(b) < n {
		return 0, ErrShort
	}
	dst.Data = b[tcpHeader+amsHeader : n]
	return n, nil
}

// DecodeHeader reads a message's headers and gives the length of the message.
func DecodeHeader(dst *Message, b []byte) (int, error) {
	if len(b) < tcpHeader {
		return 0, ErrShort
	}
	if b[0] != 0 || b[1] != 0 {
		return 0, errHeader // 1, 0x1000..: a router's talk with its own programs
	}
	size := binary.LittleEndian.Uint32(b[2:])
	if size < amsHeader || size > amsHeader+MaxData {
		return 0, errLength
	}
	if len(b) < tcpHeader+amsHeader {
		return 0, ErrShort
	}
	h := b[tcpHeader:]
	*dst = Message{
		Target: address(h), Source: address(h[8:]), Command: binary.LittleEndian.Uint16(h[16:]),
		Error: binary.LittleEndian.Uint32(h[24:]), Invoke: binary.LittleEndian.Uint32(h[28:]),
	}
	flags := binary.LittleEndian.Uint16(h[18:])
	dst.Response = flags&flagResponse != 0
	if flags&flagCommand == 0 || dst.Command > CmdReadWrite {
		return 0, errHeader
	}
	if binary.LittleEndian.Uint32(h[20:]) != size-amsHeader {
		return 0, errLength
	}
	return tcpHeader + int(size), nil
}

// Append appends the message with its headers.
func Append(dst []byte, m *Message) []byte {
	flags := uint16(flagCommand)
	if m.Response {
		flags |= flagResponse
	}
	dst = append(dst, 0, 0)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(amsHeader+len(m.Data)))
	dst = appendAddress(dst, m.Target)
	dst = appendAddress(dst, m.Source)
	dst = binary.LittleEndian.AppendUint16(dst, m.Command)
	dst = binary.LittleEndian.AppendUint16(dst, flags)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(m.Data)))
	dst = binary.LittleEndian.AppendUint32(dst, m.Error)
	dst = binary.LittleEndian.AppendUint32(dst, m.Invoke)
	return append(dst, m.Data...)
}

func address(b []byte) Address {
	return Address{NetID: [6]byte(b[:6]), Port: binary.LittleEndian.Uint16(b[6:])}
}

func appendAddress(dst []byte, a Address) []byte {
	dst = append(dst, a.NetID[:]...)
	return binary.LittleEndian.AppendUint16(dst, a.Port)
}

// magic begins every discovery datagram.
const magic = 0x71146603

// Services of the discovery datagrams; an answer has the highest bit set.
const (
	ServiceInfo     = 1
	ServiceAddRoute = 6
	serviceResponse = 1 << 31
)

// Tags of the discovery datagrams.
const (
	TagStatus      = 1 // of answers
	TagPassword    = 2 // of requests
	TagVersion     = 3
	TagOS          = 4
	TagHost        = 5 // name of the host, or the address of a route
	TagNetID       = 7
	TagRoute       = 12
	TagUser        = 13
	TagFingerprint = 18
)

// datagramHeader is the length before the tags.
const datagramHeader = 24

// Datagram is a discovery datagram. Tags is a view.
type Datagram struct {
	Invoke   uint32
	Service  uint32 // without the answer's bit
	Response bool
	Source   Address
	Count    uint32
	Tags     []byte
}

// DecodeDatagram reads a whole datagram.
func DecodeDatagram(dst *Datagram, b []byte) error {
	if len(b) < datagramHeader {
		return ErrShort
	}
	if binary.LittleEndian.Uint32(b) != magic {
		return errHeader
	}
	service := binary.LittleEndian.Uint32(b[8:])
	*dst = Datagram{
		Invoke: binary.LittleEndian.Uint32(b[4:]), Service: service &^ serviceResponse, Response: service&serviceResponse != 0,
		Source: address(b[12:]), Count: binary.LittleEndian.Uint32(b[20:]), Tags: b[datagramHeader:],
	}
	return nil
}

// NextTag reads the tag at the start of *rest, which begins as d.Tags, and
// moves *rest behind it. It gives false at the end.
func (d *Datagram) NextTag(rest *[]byte) (id uint16, value []byte, ok bool, err error) {
	b := *rest
	if len(b) < 4 {
		return 0, nil, false, nil
	}
	id = binary.LittleEndian.Uint16(b)
	n := 4 + int(binary.LittleEndian.Uint16(b[2:]))
	if len(b) < n {
		*rest = nil
		return 0, nil, false, errTag
	}
	*rest = b[n:]
	return id, b[4:n], true, nil
}

// AppendDatagram appends the datagram.
func AppendDatagram(dst []byte, d *Datagram) []byte {
	service := d.Service
	if d.Response {
		service |= serviceResponse
	}
	dst = binary.LittleEndian.AppendUint32(dst, magic)
	dst = binary.LittleEndian.AppendUint32(dst, d.Invoke)
	dst = binary.LittleEndian.AppendUint32(dst, service)
	dst = appendAddress(dst, d.Source)
	dst = binary.LittleEndian.AppendUint32(dst, d.Count)
	return append(dst, d.Tags...)
}

// AppendTag appends a tag.
func AppendTag(dst []byte, id uint16, value []byte) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, id)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(value)))
	return append(dst, value...)
}
