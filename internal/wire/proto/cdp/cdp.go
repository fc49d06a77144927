// Package cdp is the codec of Cisco Discovery Protocol frames and their
// analyser. The protocol is published in Cisco's documents only; many other
// makers of switches and telephones send it.
//
// It keeps no table of neighbours. The packet path uses the analyser.
package cdp

import (
	"encoding/binary"
	"errors"
	"net/netip"
)

// What can be wrong with a frame.
var (
	ErrShort   = errors.New("element reaches behind the frame")
	ErrVersion = errors.New("version is neither 1 nor 2")
)

// EtherType under which the protocol comes: the SNAP protocol number.
const EtherType = 0x2000

// Types of elements.
const (
	typeDeviceID     = 0x01
	typeAddresses    = 0x02
	typePortID       = 0x03
	typeCapabilities = 0x04
	typeVersion      = 0x05
	typePlatform     = 0x06
	typeVTPDomain    = 0x09
	typeNativeVLAN   = 0x0a
	typeSystemName   = 0x14
	typeManagement   = 0x16
)

// Capabilities of a system.
const (
	CapRouter    = 0x01
	CapBridge    = 0x02
	CapSwitch    = 0x08
	CapHost      = 0x10
	CapTelephone = 0x80
)

const headerLen = 4

// Msg is one frame. Its slices are views into the frame.
type Msg struct {
	Protocol     uint8 // version of the protocol
	TTL          uint8
	DeviceID     []byte
	Address      netip.Addr // the first one
	PortID       []byte
	Capabilities uint32
	Version      []byte // of the software
	Platform     []byte
	VTPDomain    []byte
	NativeVLAN   uint16
	SystemName   []byte
}

// Decode reads one frame that begins behind the SNAP header. With an error,
// what came before the fault is in m.
func Decode(m *Msg, b []byte) (n int, err error) {
	*m = Msg{}
	if len(b) < headerLen {
		return 0, ErrShort
	}
	if m.Protocol, m.TTL = b[0], b[1]; m.Protocol != 1 && m.Protocol != 2 {
		return 0, ErrVersion
	}
	for n = headerLen; n < len(b); {
		if len(b)-n < 4 {
			return n, ErrShort
		}
		typ, size := binary.BigEndian.Uint16(b[n:]), int(binary.BigEndian.Uint16(b[n+2:]))
		if typ == 0 && size == 0 {
			return n, nil // padding of the link
		}
		if size < 4 || len(b)-n < size {
			return n, ErrShort
		}
		if !m.element(typ, b[n+4:n+size]) {
			return n, ErrShort
		}
		n += size
	}
	return n, nil
}

// element takes one element over; it reports false when that is too short.
func (m *Msg) element(typ uint16, v []byte) bool {
	switch typ {
	case typeDeviceID:
		m.DeviceID = v
	case typeAddresses, typeManagement:
		if !m.Address.IsValid() {
			m.Address = firstAddress(v)
		}
	case typePortID:
		m.PortID = v
	case typeCapabilities:
		if len(v) < 4 {
			return false
		}
		m.Capabilities = binary.BigEndian.Uint32(v)
	case typeVersion:
		m.Version = v
	case typePlatform:
		m.Platform = v
	case typeVTPDomain:
		m.VTPDomain = v
	case typeNativeVLAN:
		if len(v) < 2 {
			return false
		}
		m.NativeVLAN = binary.BigEndian.Uint16(v)
	case typeSystemName:
		m.SystemName = v
	}
	return true
}

// firstAddress gives the first IP address of a list: each has a protocol type,
// the length of the protocol number, the number, and an address with its length.
func firstAddress(v []byte) netip.Addr {
	if len(v) < 4 {
		return netip.Addr{}
	}
	for v = v[4:]; len(v) >= 2; {
		at := 2 + int(v[1])
		if len(v) < at+2 {
			break
		}
		end := at + 2 + int(binary.BigEndian.Uint16(v[at:]))
		if len(v) < end {
			break
		}
		if a, ok := netip.AddrFromSlice(v[at+2 : end]); ok {
			return a
		}
		v = v[end:]
	}
	return netip.Addr{}
}
