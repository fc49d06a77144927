// Package bacnet reads and writes BACnet/IP (ASHRAE 135): the virtual link
// control of annex J, the network layer with routing of clause 6, application
// messages of clauses 20 and 21, and turns them into facts: one for each
// request with its answer and one for each message that asks for none.
//
// It keeps no values of points and judges nothing. Sensor, rules, guard and
// scanner share the codec; the analyser is for the packet path only.
package bacnet

import (
	"encoding/binary"
	"errors"
)

// Port is the registered UDP port, 0xBAC0.
const Port = 47808

// typeIP begins every message of BACnet/IP over IPv4.
const typeIP = 0x81

// Functions of the virtual link control.
const (
	BVLCResult                     = 0x00
	BVLCWriteBDT                   = 0x01
	BVLCReadBDT                    = 0x02
	BVLCReadBDTAck                 = 0x03
	BVLCForwardedNPDU              = 0x04
	BVLCRegisterForeign            = 0x05
	BVLCReadFDT                    = 0x06
	BVLCReadFDTAck                 = 0x07
	BVLCDeleteFDTEntry             = 0x08
	BVLCDistributeBroadcast        = 0x09
	BVLCOriginalUnicast            = 0x0a
	BVLCOriginalBroadcast          = 0x0b
	BVLCSecure                     = 0x0c
	bvlcHeader                     = 4
	bvlcAddress                    = 6
	npduVersion                    = 1
	vendorMessages                 = 0x80
	globalBroadcast         uint16 = 0xffff
)

// Errors of the codec.
var (
	ErrHeader = errors.New("bacnet: not a BACnet/IP header")
	ErrLength = errors.New("bacnet: lengths do not fit the message")
	ErrNPDU   = errors.New("bacnet: malformed network layer")
	ErrAPDU   = errors.New("bacnet: malformed application message")
	ErrTag    = errors.New("bacnet: malformed tag")
)

// BVLC is one message of the virtual link layer. Data is a view of what
// follows: a network message, or the function's own parameters.
type BVLC struct {
	Function uint8
	Origin   []byte // address and port of the first sender of a forwarded message
	Data     []byte
}

// HasNPDU reports whether Data is a network message.
func (m *BVLC) HasNPDU() bool {
	switch m.Function {
	case BVLCForwardedNPDU, BVLCDistributeBroadcast, BVLCOriginalUnicast, BVLCOriginalBroadcast:
		return true
	}
	return false
}

// Decode reads one message, which fills a datagram, and gives its length.
func Decode(dst *BVLC, b []byte) (int, error) {
	if len(b) < bvlcHeader || b[0] != typeIP || b[1] > BVLCSecure {
		return 0, ErrHeader
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n < bvlcHeader || n > len(b) {
		return 0, ErrLength
	}
	*dst = BVLC{Function: b[1], Data: b[bvlcHeader:n]}
	if dst.Function == BVLCForwardedNPDU {
		if len(dst.Data) < bvlcAddress {
			return 0, ErrLength
		}
		dst.Origin, dst.Data = dst.Data[:bvlcAddress], dst.Data[bvlcAddress:]
	}
	return n, nil
}

// whole reads b whatever its length field says. It reports false when b is
// not BACnet/IP.
func (m *BVLC) whole(b []byte) bool {
	if len(b) <= bvlcHeader || b[0] != typeIP || b[1] > BVLCSecure {
		return false
	}
	*m = BVLC{Function: b[1], Data: b[bvlcHeader:]}
	if m.Function == BVLCForwardedNPDU {
		if len(m.Data) < bvlcAddress {
			return false
		}
		m.Origin, m.Data = m.Data[:bvlcAddress], m.Data[bvlcAddress:]
	}
	return true
}

// Append writes the message behind dst.
func Append(dst []byte, m *BVLC) []byte {
	dst = append(dst, typeIP, m.Function)
	dst = binary.BigEndian.AppendUint16(dst, uint16(bvlcHeader+len(m.Origin)+len(m.Data)))
	return append(append(dst, m.Origin...), m.Data...)
}

// Bits of the network layer's control octet.
const (
	npduNetwork     = 0x80
	npduDestination = 0x20
	npduSource      = 0x08
	npduExpecting   = 0x04
	npduPriority    = 0x03
	npduReserved    = 0x50
)

// NPDU is a message of the network layer. Addresses and Data are views.
type NPDU struct {
	Destination bool // DNet, DAddress and Hops count
	DNet        uint16
	DAddress    []byte
	Source      bool // SNet and SAddress count
	SNet        uint16
	SAddress    []byte
	Hops        uint8
	Expecting   bool // an answer is expected
	Priority    uint8

	Network bool   // a message of the network layer itself, of type Message
	Message uint8  // type of the network message
	Vendor  uint16 // of messages beyond the standard's
	Data    []byte // parameters of a network message, else the application message
}

// DecodeNPDU reads a network message, which fills b.
func DecodeNPDU(dst *NPDU, b []byte) error {
	if len(b) < 2 || b[0] != npduVersion || b[1]&npduReserved != 0 {
		return ErrNPDU
	}
	control, rest := b[1], b[2:]
	*dst = NPDU{Expecting: control&npduExpecting != 0, Priority: control & npduPriority, Network: control&npduNetwork != 0}
	var ok bool
	if control&npduDestination != 0 {
		dst.Destination = true
		if dst.DNet, dst.DAddress, rest, ok = address(rest); !ok {
			return ErrNPDU
		}
	}
	if control&npduSource != 0 {
		dst.Source = true
		if dst.SNet, dst.SAddress, rest, ok = address(rest); !ok || dst.SNet == globalBroadcast || len(dst.SAddress) == 0 {
			return ErrNPDU
		}
	}
	if dst.Destination {
		if len(rest) < 1 {
			return ErrNPDU
		}
		dst.Hops, rest = rest[0], rest[1:]
	}
	if dst.Network {
		if len(rest) < 1 {
			return ErrNPDU
		}
		dst.Message, rest = rest[0], rest[1:]
		if dst.Message >= vendorMessages {
			if len(rest) < 2 {
				return ErrNPDU
			}
			dst.Vendor, rest = binary.BigEndian.Uint16(rest), rest[2:]
		}
	}
	dst.Data = rest
	return nil
}

// address reads a network number and an address with its length.
func address(b []byte) (net uint16, adr, rest []byte, ok bool) {
	if len(b) < 3 || len(b) < 3+int(b[2]) {
		return 0, nil, nil, false
	}
	n := 3 + int(b[2])
	return binary.BigEndian.Uint16(b), b[3:n], b[n:], true
}

// AppendNPDU writes a network message behind dst.
func AppendNPDU(dst []byte, m *NPDU) []byte {
	control := m.Priority & npduPriority
	if m.Network {
		control |= npduNetwork
	}
	if m.Destination {
		control |= npduDestination
	}
	if m.Source {
		control |= npduSource
	}
	if m.Expecting {
		control |= npduExpecting
	}
	dst = append(dst, npduVersion, control)
	if m.Destination {
		dst = binary.BigEndian.AppendUint16(dst, m.DNet)
		dst = append(append(dst, byte(len(m.DAddress))), m.DAddress...)
	}
	if m.Source {
		dst = binary.BigEndian.AppendUint16(dst, m.SNet)
		dst = append(append(dst, byte(len(m.SAddress))), m.SAddress...)
	}
	if m.Destination {
		dst = append(dst, m.Hops)
	}
	if m.Network {
		dst = append(dst, m.Message)
		if m.Message >= vendorMessages {
			dst = binary.BigEndian.AppendUint16(dst, m.Vendor)
		}
	}
	return append(dst, m.Data...)
}
