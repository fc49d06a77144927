package enip

import (
	"encoding/binary"
	"strconv"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
)

// DeviceIdentity is what the identity object says. Name is a view.
type DeviceIdentity struct {
	Vendor       uint16
	DeviceType   uint16
	Product      uint16
	Major, Minor uint8
	Status       uint16
	Serial       uint32
	Name         []byte
}

// DecodeIdentityItem reads the identity item of a ListIdentity response:
// protocol version and socket address, then the object.
func DecodeIdentityItem(dst *DeviceIdentity, b []byte) error {
	const address = 2 + 16
	if len(b) < address {
		return ErrLength
	}
	return DecodeIdentity(dst, b[address:])
}

// DecodeIdentity reads all attributes of the identity object (volume 1, 5-2).
func DecodeIdentity(dst *DeviceIdentity, b []byte) error {
	if len(b) < 15 || len(b) < 15+int(b[14]) {
		return ErrLength
	}
	*dst = DeviceIdentity{
		Vendor:     binary.LittleEndian.Uint16(b),
		DeviceType: binary.LittleEndian.Uint16(b[2:]),
		Product:    binary.LittleEndian.Uint16(b[4:]),
		Major:      b[6],
		Minor:      b[7],
		Status:     binary.LittleEndian.Uint16(b[8:]),
		Serial:     binary.LittleEndian.Uint32(b[10:]),
		Name:       b[15 : 15+int(b[14])],
	}
	return nil
}

// AppendIdentity writes the attributes of the identity object behind dst.
func AppendIdentity(dst []byte, d *DeviceIdentity) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, d.Vendor)
	dst = binary.LittleEndian.AppendUint16(dst, d.DeviceType)
	dst = binary.LittleEndian.AppendUint16(dst, d.Product)
	dst = append(dst, d.Major, d.Minor)
	dst = binary.LittleEndian.AppendUint16(dst, d.Status)
	dst = binary.LittleEndian.AppendUint32(dst, d.Serial)
	return append(append(dst, byte(len(d.Name))), d.Name...)
}

// fact makes an identity of it.
func (d *DeviceIdentity) fact(c *proto.Conn, source string) event.Identity {
	id := event.Identity{Source: source, Vendor: VendorName(d.Vendor), Type: deviceKind(d.DeviceType)}
	if id.Vendor == "" {
		var b [24]byte
		id.Vendor = c.String(strconv.AppendUint(append(b[:0], "ODVA vendor "...), uint64(d.Vendor), 10))
	}
	id.Model = identity.Text(c, d.Name)
	var b [16]byte
	out := strconv.AppendUint(b[:0], uint64(d.Major&0x7f), 10)
	out = append(out, '.')
	if d.Minor < 10 {
		out = append(out, "00"...)
	} else if d.Minor < 100 {
		out = append(out, '0')
	}
	id.Firmware = c.String(strconv.AppendUint(out, uint64(d.Minor), 10))
	if d.Serial != 0 {
		s := binary.BigEndian.AppendUint32(b[:0], d.Serial)
		id.Serial = c.Hex(s)
	}
	return id
}

// deviceKind gives the word of the program's device types for an ODVA device
// profile, where there is one.
func deviceKind(t uint16) string {
	switch t {
	case 0x02, 0x13, 0x25, 0x2d, 0x2e: // AC, DC, motion, safety drives
		return "drive"
	case 0x0e:
		return "plc"
	case 0x18:
		return "hmi"
	case 0x04, 0x05, 0x06, 0x09, 0x1a, 0x1c, 0x1d, 0x1e, 0x22, 0x24, 0x27, 0x2f: // switches, flow, vacuum, encoders
		return "sensor"
	}
	return ""
}
