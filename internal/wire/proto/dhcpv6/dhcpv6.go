// Package dhcpv6 is the codec of DHCP messages for IPv6 (RFC 8415) and their
// analyser.
//
// It keeps no leases and hands out none. The packet path uses the analyser;
// scanner and tests may use the codec.
package dhcpv6

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"edgeward/internal/ident"
)

// What can be wrong with a message.
var (
	ErrShort  = errors.New("message is shorter than its header")
	ErrType   = errors.New("message type is not assigned")
	ErrOption = errors.New("option reaches behind the message")
)

// Message types (RFC 8415 section 7.3).
const (
	Solicit            = 1
	Advertise          = 2
	Request            = 3
	Confirm            = 4
	Renew              = 5
	Rebind             = 6
	Reply              = 7
	Release            = 8
	Decline            = 9
	Reconfigure        = 10
	InformationRequest = 11
	RelayForward       = 12
	RelayReply         = 13
	lastType           = 36
)

// Options.
const (
	OptClientID     = 1
	OptServerID     = 2
	OptIANA         = 3
	OptIATA         = 4
	OptAddress      = 5
	OptRequest      = 6
	OptRelayMessage = 9
	OptVendorClass  = 16
	OptDNS          = 23
	OptIAPD         = 25
	OptPrefix       = 26
	OptFQDN         = 39
	OptMUD          = 112 // RFC 8520 section 10
)

// maxRelays bounds how deep relayed messages are followed (RFC 8415 section
// 7.6: HOP_COUNT_LIMIT is 8).
const maxRelays = 8

const relayLen = 34

// Msg is one message, relays taken off. Slices are views into the bytes it was
// decoded from.
type Msg struct {
	Type    uint8
	ID      uint32     // 24 bits
	Relays  uint8      // how many relays were taken off
	Link    netip.Addr // link address of the relay next to the client
	Peer    netip.Addr // the client, as that relay knows it
	Options []byte
}

// Decode reads one message and takes all of b. With ErrOption the options
// before the fault can be read.
func Decode(m *Msg, b []byte) (n int, err error) {
	*m = Msg{}
	n = len(b)
	for {
		if len(b) < 4 {
			return 0, ErrShort
		}
		m.Type = b[0]
		if m.Type == 0 || m.Type > lastType {
			return 0, ErrType
		}
		if m.Type != RelayForward && m.Type != RelayReply {
			break
		}
		if len(b) < relayLen {
			return 0, ErrShort
		}
		if m.Relays == maxRelays {
			return 0, ErrShort
		}
		m.Relays++
		m.Link, m.Peer = netip.AddrFrom16([16]byte(b[2:18])), netip.AddrFrom16([16]byte(b[18:34]))
		var inner []byte
		err := EachOption(b[relayLen:], func(code uint16, data []byte) bool {
			if code == OptRelayMessage {
				inner = data
			}
			return inner == nil
		})
		if err != nil {
			return 0, err
		}
		if inner == nil {
			return 0, ErrShort
		}
		b = inner
	}
	m.ID = uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	m.Options = b[4:]
	return n, EachOption(m.Options, func(uint16, []byte) bool { return true })
}

// Append appends a message that no relay has touched.
func Append(dst []byte, m *Msg) []byte {
	dst = append(dst, m.Type, byte(m.ID>>16), byte(m.ID>>8), byte(m.ID))
	return append(dst, m.Options...)
}

// AppendOption appends one option.
func AppendOption(dst []byte, code uint16, data []byte) []byte {
	data = data[:min(len(data), 0xffff)]
	dst = binary.BigEndian.AppendUint16(dst, code)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(data)))
	return append(dst, data...)
}

// EachOption calls f for the options in b until it gives false.
func EachOption(b []byte, f func(code uint16, data []byte) bool) error {
	for len(b) > 0 {
		if len(b) < 4 {
			return ErrOption
		}
		n := 4 + int(binary.BigEndian.Uint16(b[2:]))
		if len(b) < n {
			return ErrOption
		}
		if !f(binary.BigEndian.Uint16(b), b[4:n]) {
			return nil
		}
		b = b[n:]
	}
	return nil
}

// LinkAddr gives the Ethernet address in a DUID that is made from one (RFC
// 8415 sections 11.2 and 11.4).
func LinkAddr(duid []byte) (mac ident.MAC, ok bool) {
	const ethernet = 1
	if len(duid) < 4 || binary.BigEndian.Uint16(duid[2:]) != ethernet {
		return mac, false
	}
	switch {
	case duid[1] == 1 && duid[0] == 0 && len(duid) == 14:
		return ident.MAC(duid[8:]), true
	case duid[1] == 3 && duid[0] == 0 && len(duid) == 10:
		return ident.MAC(duid[4:]), true
	}
	return mac, false
}
