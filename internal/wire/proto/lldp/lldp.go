// Package lldp is the codec of LLDP frames (IEEE 802.1AB) with the inventory
// of LLDP-MED (ANSI/TIA-1057) and MUD URLs (RFC 8520 section 11), and their
// analyser.
//
// It keeps no table of neighbours. The packet path uses the analyser.
package lldp

import (
	"encoding/binary"
	"errors"
	"net/netip"
)

// What can be wrong with a frame.
var (
	ErrShort = errors.New("element reaches behind the frame")
	ErrOrder = errors.New("frame does not begin with chassis, port and time to live")
)

// EtherType of LLDP.
const EtherType = 0x88cc

// Types of elements (IEEE 802.1AB section 8.4).
const (
	typeEnd          = 0
	typeChassis      = 1
	typePort         = 2
	typeTTL          = 3
	typePortDesc     = 4
	typeSystemName   = 5
	typeSystemDesc   = 6
	typeCapabilities = 7
	typeManagement   = 8
	typeOrganisation = 127
)

// Organisationally unique identifiers with a subtype behind them.
const (
	medCapabilities = 0x0012bb01
	medHardware     = 0x0012bb05
	medFirmware     = 0x0012bb06
	medSoftware     = 0x0012bb07
	medSerial       = 0x0012bb08
	medManufacturer = 0x0012bb09
	medModel        = 0x0012bb0a
	medAsset        = 0x0012bb0b
	portVLAN        = 0x0080c201
	mudURL          = 0x00005e01
)

// Capabilities of a system.
const (
	CapOther uint16 = 1 << iota
	CapRepeater
	CapBridge
	CapAccessPoint
	CapRouter
	CapTelephone
	CapDOCSIS
	CapStation
	CapCVLAN
	CapSVLAN
	CapRelay
)

// Msg is one frame. Its slices are views into the frame.
type Msg struct {
	ChassisSubtype, PortSubtype uint8
	Chassis, Port               []byte
	TTL                         uint16
	PortDesc                    []byte
	SystemName, SystemDesc      []byte
	Capabilities, Enabled       uint16
	Management                  netip.Addr // the first IP address
	Class                       uint8      // LLDP-MED device class: 1..3 endpoints, 4 network
	Hardware, Firmware          []byte
	Software, Serial            []byte
	Manufacturer, Model, Asset  []byte
	VLAN                        uint16
	MUD                         []byte
}

// Decode reads one frame that begins behind the Ethernet header. With an
// error, what came before the fault is in m.
func Decode(m *Msg, b []byte) (n int, err error) {
	*m = Msg{}
	for i := 1; ; i++ {
		if len(b)-n < 2 {
			if i > 3 && n == len(b) {
				return n, nil // some leave out the end
			}
			return n, ErrShort
		}
		word := binary.BigEndian.Uint16(b[n:])
		typ, size := int(word>>9), int(word&0x1ff)
		if i <= 3 && typ != i {
			return n, ErrOrder
		}
		if len(b)-n-2 < size {
			return n, ErrShort
		}
		value := b[n+2 : n+2+size]
		n += 2 + size
		if typ == typeEnd {
			return n, nil
		}
		if !m.element(typ, value) {
			return n, ErrShort
		}
	}
}

// element takes one element over; it reports false when that is too short.
func (m *Msg) element(typ int, v []byte) bool {
	switch typ {
	case typeChassis:
		if len(v) < 2 {
			return false
		}
		m.ChassisSubtype, m.Chassis = v[0], v[1:]
	case typePort:
		if len(v) < 2 {
			return false
		}
		m.PortSubtype, m.Port = v[0], v[1:]
	case typeTTL:
		if len(v) < 2 {
			return false
		}
		m.TTL = binary.BigEndian.Uint16(v)
	case typePortDesc:
		m.PortDesc = v
	case typeSystemName:
		m.SystemName = v
	case typeSystemDesc:
		m.SystemDesc = v
	case typeCapabilities:
		if len(v) < 4 {
			return false
		}
		m.Capabilities, m.Enabled = binary.BigEndian.Uint16(v), binary.BigEndian.Uint16(v[2:])
	case typeManagement:
		if len(v) < 2 || len(v) < 1+int(v[0]) {
			return false
		}
		if a, ok := address(v[1 : 1+int(v[0])]); ok && !m.Management.IsValid() {
			m.Management = a
		}
	case typeOrganisation:
		if len(v) < 4 {
			return false
		}
		m.organisation(binary.BigEndian.Uint32(v), v[4:])
	}
	return true
}

func (m *Msg) organisation(id uint32, v []byte) {
	switch id {
	case medCapabilities:
		if len(v) >= 3 {
			m.Class = v[2]
		}
	case medHardware:
		m.Hardware = v
	case medFirmware:
		m.Firmware = v
	case medSoftware:
		m.Software = v
	case medSerial:
		m.Serial = v
	case medManufacturer:
		m.Manufacturer = v
	case medModel:
		m.Model = v
	case medAsset:
		m.Asset = v
	case portVLAN:
		if len(v) >= 2 {
			m.VLAN = binary.BigEndian.Uint16(v)
		}
	case mudURL:
		m.MUD = v
	}
}

// address reads an IANA address family number and an IP address.
func address(v []byte) (netip.Addr, bool) {
	switch {
	case len(v) == 5 && v[0] == 1:
		return netip.AddrFrom4([4]byte(v[1:])), true
	case len(v) == 17 && v[0] == 2:
		return netip.AddrFrom16([16]byte(v[1:])), true
	}
	return netip.Addr{}, false
}
