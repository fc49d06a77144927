// Package dhcp is the codec of DHCP messages for IPv4 (RFC 2131, RFC 2132,
// also plain BOOTP of RFC 951) and their analyser.
//
// It keeps no leases and hands out none. The packet path uses the analyser;
// scanner and tests may use the codec.
package dhcp

import (
	"encoding/binary"
	"errors"
	"net/netip"
)

// What can be wrong with a message.
var (
	ErrShort  = errors.New("message is shorter than the fixed fields")
	ErrFixed  = errors.New("operation or hardware address length is out of range")
	ErrOption = errors.New("option reaches behind the message")
)

// Operations.
const (
	BootRequest = 1
	BootReply   = 2
)

// Message types (option 53).
const (
	Discover = 1
	Offer    = 2
	Request  = 3
	Decline  = 4
	Ack      = 5
	NAK      = 6
	Release  = 7
	Inform   = 8
)

// Options (IANA "BOOTP Vendor Extensions and DHCP Options").
const (
	OptPad           = 0
	OptSubnetMask    = 1
	OptRouters       = 3
	OptDNS           = 6
	OptHostname      = 12
	OptDomain        = 15
	OptRequestedIP   = 50
	OptLease         = 51
	OptOverload      = 52
	OptMessageType   = 53
	OptServerID      = 54
	OptParameters    = 55
	OptRenewal       = 58
	OptRebinding     = 59
	OptVendorClass   = 60
	OptClientID      = 61
	OptUserClass     = 77
	OptFQDN          = 81
	OptVendorClasses = 124 // RFC 3925, by enterprise
	OptVendorInfo    = 125 // RFC 3925, by enterprise
	OptMUD           = 161 // RFC 8520 section 10
	OptEnd           = 255
)

const (
	fixedLen = 236
	cookie   = 0x63825363
)

// Msg is one message. Slices are views into the bytes it was decoded from.
type Msg struct {
	Op, HardwareType, HardwareLen, Hops   uint8
	ID                                    uint32
	Seconds, Flags                        uint16
	ClientIP, YourIP, NextServer, RelayIP netip.Addr
	HardwareAddr                          [16]byte
	ServerName                            []byte // 64 bytes
	File                                  []byte // 128 bytes
	Cookie                                bool   // options follow; without them it is plain BOOTP
	Options                               []byte // from the first option on
}

// Decode reads one message and takes all of b. With ErrOption the options
// before the fault can be read.
func Decode(m *Msg, b []byte) (n int, err error) {
	*m = Msg{}
	if len(b) < fixedLen {
		return 0, ErrShort
	}
	m.Op, m.HardwareType, m.HardwareLen, m.Hops = b[0], b[1], b[2], b[3]
	if m.Op != BootRequest && m.Op != BootReply || m.HardwareLen > 16 {
		return 0, ErrFixed
	}
	m.ID = binary.BigEndian.Uint32(b[4:])
	m.Seconds, m.Flags = binary.BigEndian.Uint16(b[8:]), binary.BigEndian.Uint16(b[10:])
	for i, a := range []*netip.Addr{&m.ClientIP, &m.YourIP, &m.NextServer, &m.RelayIP} {
		*a = netip.AddrFrom4([4]byte(b[12+4*i:]))
	}
	copy(m.HardwareAddr[:], b[28:])
	m.ServerName, m.File = b[44:108:108], b[108:fixedLen:fixedLen]
	if len(b) >= fixedLen+4 && binary.BigEndian.Uint32(b[fixedLen:]) == cookie {
		m.Cookie, m.Options = true, b[fixedLen+4:]
		return len(b), m.EachOption(func(byte, []byte) bool { return true })
	}
	return len(b), nil
}

// Append appends the message.
func Append(dst []byte, m *Msg) []byte {
	dst = append(dst, m.Op, m.HardwareType, m.HardwareLen, m.Hops)
	dst = binary.BigEndian.AppendUint32(dst, m.ID)
	dst = binary.BigEndian.AppendUint16(dst, m.Seconds)
	dst = binary.BigEndian.AppendUint16(dst, m.Flags)
	for _, a := range []netip.Addr{m.ClientIP, m.YourIP, m.NextServer, m.RelayIP} {
		var ip [4]byte
		if a.Is4() {
			ip = a.As4()
		}
		dst = append(dst, ip[:]...)
	}
	dst = append(dst, m.HardwareAddr[:]...)
	dst = appendPadded(dst, m.ServerName, 64)
	dst = appendPadded(dst, m.File, 128)
	if m.Cookie {
		dst = binary.BigEndian.AppendUint32(dst, cookie)
		dst = append(dst, m.Options...)
	}
	return dst
}

// appendPadded appends field cut or filled up with zeros to size bytes.
func appendPadded(dst, field []byte, size int) []byte {
	end := len(dst) + size
	dst = append(dst, field[:min(len(field), size)]...)
	for len(dst) < end {
		dst = append(dst, 0)
	}
	return dst
}

// AppendOption appends one option of at most 255 bytes.
func AppendOption(dst []byte, code byte, data []byte) []byte {
	data = data[:min(len(data), 255)]
	return append(append(dst, code, byte(len(data))), data...)
}

// EachOption calls f for the options in their order, those in the fields for
// file and server name too when option 52 says so, until f gives false. Pad
// and end are left out.
func (m *Msg) EachOption(f func(code byte, data []byte) bool) error {
	overload := byte(0)
	more, err := eachOption(m.Options, func(code byte, data []byte) bool {
		if code == OptOverload && len(data) == 1 {
			overload = data[0]
		}
		return f(code, data)
	})
	if more && err == nil && overload&1 != 0 {
		more, err = eachOption(m.File, f)
	}
	if more && err == nil && overload&2 != 0 {
		_, err = eachOption(m.ServerName, f)
	}
	return err
}

// eachOption reports whether f wants more.
func eachOption(b []byte, f func(code byte, data []byte) bool) (bool, error) {
	for len(b) > 0 {
		switch b[0] {
		case OptPad:
			b = b[1:]
			continue
		case OptEnd:
			return true, nil
		}
		if len(b) < 2 || len(b) < 2+int(b[1]) {
			return true, ErrOption
		}
		n := 2 + int(b[1])
		if !f(b[0], b[2:n]) {
			return false, nil
		}
		b = b[n:]
	}
	return true, nil
}

// Option gives the content of the first option with that code.
func (m *Msg) Option(code byte) (data []byte, ok bool) {
	_ = m.EachOption(func(c byte, d []byte) bool {
		if c == code {
			data, ok = d, true
		}
		return !ok
	})
	return data, ok
}
