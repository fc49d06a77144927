package s7

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/identity"
)

// Partial lists of the system status list that say what the controller is;
// the upper byte of their ids only selects an extract.
const (
	szlList           = 0x0000
	szlModule         = 0x11
	szlComponent      = 0x1c
	maxSZL            = 2048
	szlHeader         = 8
	szlIndexModule    = 1
	szlIndexFirmware  = 7
	szlModuleRecord   = 28
	szlSystemName     = 1
	szlModuleName     = 2
	szlCopyright      = 4
	szlSerial         = 5
	szlModuleTypeName = 7
)

// szlKind gives the list behind an id: its lower byte.
func szlKind(id uint16) uint8 { return uint8(id) }

// tellsIdentity reports whether reading a list is asking who somebody is.
func tellsIdentity(id uint16) bool {
	return id == szlList || szlKind(id) == szlModule || szlKind(id) == szlComponent
}

// szlReader joins the parts of a list that does not fit one message.
type szlReader struct {
	buf    []byte
	active bool
}

// add takes the value of one response and gives the list when it is whole.
func (s *szlReader) add(value []byte, more bool) []byte {
	if !s.active && !more {
		return value
	}
	if !s.active {
		s.buf = s.buf[:0]
	}
	s.active = more
	if len(s.buf)+len(value) > maxSZL {
		s.active = false
		return nil
	}
	s.buf = append(s.buf, value...)
	if more {
		return nil
	}
	return s.buf
}

// szlIdentity reads the lists that tell who the controller is.
func szlIdentity(c *proto.Conn, list []byte) (event.Identity, bool) {
	id := event.Identity{Source: "s7.szl", Type: "plc"}
	if len(list) < szlHeader {
		return id, false
	}
	kind := szlKind(binary.BigEndian.Uint16(list))
	size, count := int(binary.BigEndian.Uint16(list[4:])), int(binary.BigEndian.Uint16(list[6:]))
	rest := list[szlHeader:]
	if size < 4 {
		return id, false
	}
	for range count {
		if len(rest) < size {
			break
		}
		switch record := rest[:size]; kind {
		case szlModule:
			moduleRecord(c, &id, record)
		case szlComponent:
			componentRecord(c, &id, record)
		default:
			return id, false
		}
		rest = rest[size:]
	}
	return id, id.Model != "" || id.Serial != "" || id.Name != "" || id.Firmware != ""
}

// moduleRecord reads a record of list 0x11: index, order number, module type,
// and two words that hold the version.
func moduleRecord(c *proto.Conn, id *event.Identity, r []byte) {
	if len(r) < szlModuleRecord {
		return
	}
	order := bytes.TrimRight(r[2:22], " \x00")
	switch binary.BigEndian.Uint16(r) {
	case szlIndexModule:
		id.Model = identity.Text(c, order)
		if isSiemensOrder(order) {
			id.Vendor = "Siemens"
		}
	case szlIndexFirmware:
		if v := r[24:28]; v[0] == 'V' {
			b := strconv.AppendUint([]byte{'V'}, uint64(v[1]), 10)
			b = strconv.AppendUint(append(b, '.'), uint64(v[2]), 10)
			b = strconv.AppendUint(append(b, '.'), uint64(v[3]), 10)
			id.Firmware = c.String(b)
		}
	}
}

// componentRecord reads a record of list 0x1c: index and text.
func componentRecord(c *proto.Conn, id *event.Identity, r []byte) {
	text := r[2:]
	if i := bytes.IndexByte(text, 0); i >= 0 {
		text = text[:i]
	}
	switch uint8(binary.BigEndian.Uint16(r)) { // redundant systems count in the upper byte
	case szlSystemName:
		id.Name = identity.Text(c, text)
	case szlModuleName:
		if id.Name == "" {
			id.Name = identity.Text(c, text)
		}
	case szlCopyright:
		if bytes.Contains(text, []byte("Siemens")) {
			id.Vendor = "Siemens"
		}
	case szlSerial:
		id.Serial = identity.Text(c, text)
	case szlModuleTypeName:
		id.Banner = identity.Text(c, text)
	}
}

// isSiemensOrder reports whether an order number has one of the prefixes of
// Siemens' automation products.
func isSiemensOrder(b []byte) bool {
	for _, p := range [...]string{"6ES7", "6AG", "6GK", "6FC", "6AU"} {
		if bytes.HasPrefix(b, []byte(p)) {
			return true
		}
	}
	return false
}
