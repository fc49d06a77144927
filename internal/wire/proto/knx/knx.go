// Package knx reads KNXnet/IP (ISO 22510, KNX 03_08) over UDP and TCP: search
// and description, connections, and the requests to the bus that are tunnelled
// or routed, with what they do. It keeps no values.
//
// The codec (Message, Telegram) may be used by the sensor, the guard and the
// scanner; the analyser is for the packet path.
package knx

import (
	"encoding/binary"
	"errors"
)

// Port is the registered port of both transports.
const Port = 3671

// Service types (KNX 03_08_01 section 2.2).
const (
	SearchRequest          = 0x0201
	SearchResponse         = 0x0202
	DescriptionRequest     = 0x0203
	DescriptionResponse    = 0x0204
	ConnectRequest         = 0x0205
	ConnectResponse        = 0x0206
	ConnectionStateRequest = 0x0207
	ConnectionStateReply   = 0x0208
	DisconnectRequest      = 0x0209
	DisconnectResponse     = 0x020a
	SearchRequestExtended  = 0x020b
	SearchResponseExtended = 0x020c
	ConfigurationRequest   = 0x0310
	ConfigurationAck       = 0x0311
	TunnellingRequest      = 0x0420
	TunnellingAck          = 0x0421
	TunnellingFeatureGet   = 0x0422
	TunnellingFeatureReply = 0x0423
	TunnellingFeatureSet   = 0x0424
	TunnellingFeatureInfo  = 0x0425
	RoutingIndication      = 0x0530
	RoutingLostMessage     = 0x0531
	RoutingBusy            = 0x0532
	RoutingSystemBroadcast = 0x0533
	SecureWrapper          = 0x0950
	SessionRequest         = 0x0951
	SessionResponse        = 0x0952
	SessionAuthenticate    = 0x0953
	SessionStatus          = 0x0954
	TimerNotify            = 0x0955
)

const (
	headerLen = 6
	version   = 0x10
)

var (
	// ErrShort says that the bytes end before the message does.
	ErrShort = errors.New("knx: message is not complete")

	errHeader  = errors.New("knx: malformed header")
	errService = errors.New("knx: unknown service type")
	errLength  = errors.New("knx: length too small")
)

// Message is a KNXnet/IP message. Body is a view.
type Message struct {
	Service uint16
	Body    []byte
}

// Decode reads one message and gives its length.
func Decode(dst *Message, b []byte) (int, error) {
	if len(b) > 0 && b[0] != headerLen || len(b) > 1 && b[1] != version {
		return 0, errHeader
	}
	if len(b) < headerLen {
		return 0, ErrShort
	}
	*dst = Message{Service: binary.BigEndian.Uint16(b[2:])}
	if serviceName(dst.Service) == "" {
		return 0, errService
	}
	n := int(binary.BigEndian.Uint16(b[4:]))
	if n < headerLen+minBody(dst.Service) {
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
	dst = append(dst, headerLen, version)
	dst = binary.BigEndian.AppendUint16(dst, m.Service)
	dst = binary.BigEndian.AppendUint16(dst, uint16(headerLen+len(m.Body)))
	return append(dst, m.Body...)
}

// minBody gives the smallest body of a service.
func minBody(service uint16) int {
	switch service {
	case SearchRequest, SearchRequestExtended, DescriptionRequest:
		return 8
	case SearchResponse, SearchResponseExtended:
		return 8 + 54
	case DescriptionResponse:
		return 54
	case ConnectRequest:
		return 16 + 2
	case ConnectResponse, DisconnectResponse, ConnectionStateReply:
		return 2
	case ConnectionStateRequest, DisconnectRequest:
		return 2 + 8
	case TunnellingRequest, ConfigurationRequest:
		return 4 + 2
	case TunnellingAck, ConfigurationAck:
		return 4
	case RoutingIndication, RoutingSystemBroadcast:
		return 2
	case SecureWrapper:
		return 2 + 6 + 6 + 2 + 6 + 16
	}
	return 0
}

// Device is the description of a device (KNX 03_08_02 section 7.5.4.2). Name is
// a view.
type Device struct {
	Medium     uint8
	Programmed bool // programming mode is on
	Address    uint16
	Serial     [6]byte
	MAC        [6]byte
	Name       []byte
}

// DecodeDevice finds the device information among the description blocks in b.
func DecodeDevice(dst *Device, b []byte) bool {
	const blockDevice, size = 1, 54
	for len(b) >= 2 {
		n := int(b[0])
		if n < 2 || n > len(b) {
			return false
		}
		if b[1] == blockDevice && n >= size {
			*dst = Device{
				Medium: b[2], Programmed: b[3]&1 != 0, Address: binary.BigEndian.Uint16(b[4:]),
				Serial: [6]byte(b[8:14]), MAC: [6]byte(b[18:24]), Name: b[24:54],
			}
			return true
		}
		b = b[n:]
	}
	return false
}

// Message codes of the common external message interface (KNX 03_06_03).
const (
	codeDataRequest    = 0x11
	codeDataConfirm    = 0x2e
	codeDataIndication = 0x29
	codePropRead       = 0xfc
	codePropWrite      = 0xf6
	codeReset          = 0xf1
)

// Telegram is a request to the bus, as far as it is read.
type Telegram struct {
	Code        uint8  // message code
	Source      uint16 // individual address
	Destination uint16
	Group       bool   // the destination is a group address
	Service     uint16 // application service (APCI), 10 bits
	Control     bool   // a control unit of the transport layer, without service
	Data        []byte // behind the service, a view
}

// DecodeTelegram reads a cEMI frame with a data service of the link layer. It
// reports false for frames of other kinds.
func DecodeTelegram(dst *Telegram, b []byte) bool {
	if len(b) < 2 {
		return false
	}
	*dst = Telegram{Code: b[0]}
	switch b[0] {
	case codeDataRequest, codeDataConfirm, codeDataIndication:
	default:
		return false
	}
	at := 2 + int(b[1]) // additional information
	if len(b) < at+8 {
		return false
	}
	f := b[at:]
	dst.Group = f[1]&0x80 != 0
	dst.Source, dst.Destination = binary.BigEndian.Uint16(f[2:]), binary.BigEndian.Uint16(f[4:])
	n := int(f[6]) // octets behind the transport octet
	dst.Control = f[7]&0x80 != 0
	if dst.Control {
		return true
	}
	if n < 1 || len(f) < 8+n {
		return false
	}
	dst.Service = uint16(f[7]&3)<<8 | uint16(f[8])
	dst.Data = f[9 : 8+n]
	return true
}

// AppendTelegram appends a cEMI frame in standard format.
func AppendTelegram(dst []byte, t *Telegram) []byte {
	control := byte(0x60)
	if t.Group {
		control |= 0x80
	}
	dst = append(dst, t.Code, 0, 0xbc, control)
	dst = binary.BigEndian.AppendUint16(dst, t.Source)
	dst = binary.BigEndian.AppendUint16(dst, t.Destination)
	if t.Control {
		return append(dst, 0, 0x80)
	}
	dst = append(dst, byte(1+len(t.Data)), byte(t.Service>>8), byte(t.Service))
	return append(dst, t.Data...)
}
