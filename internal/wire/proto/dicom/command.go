package dicom

import (
	"encoding/binary"
	"errors"
	"fmt"

	"edgeward/internal/event"
)

// Command fields (PS3.7 section E.1-1). An answer has bit 15 set.
const (
	CStoreRQ       = 0x0001
	CGetRQ         = 0x0010
	CFindRQ        = 0x0020
	CMoveRQ        = 0x0021
	CEchoRQ        = 0x0030
	NEventReportRQ = 0x0100
	NGetRQ         = 0x0110
	NSetRQ         = 0x0120
	NActionRQ      = 0x0130
	NCreateRQ      = 0x0140
	NDeleteRQ      = 0x0150
	CCancelRQ      = 0x0fff
	response       = 0x8000
)

// noDataSet is the data set type that says that no data set follows.
const noDataSet = 0x0101

// Command is a command set: the group 0000 elements that matter. The slices
// are views.
type Command struct {
	Field     uint16
	ID        uint16 // message id of a request, id responded to of an answer
	DataSet   bool   // a data set follows
	Status    uint16 // of an answer
	SOPClass  []byte
	MoveTo    []byte
	Completed uint16 // sub-operations of C-MOVE and C-GET
}

// IsResponse reports whether the command is an answer.
func (c *Command) IsResponse() bool { return c.Field&response != 0 }

// Pending reports whether more answers follow (PS3.7 annex C).
func (c *Command) Pending() bool { return c.Status == 0xff00 || c.Status == 0xff01 }

// DecodeCommand reads a whole command set, which is always in implicit VR
// little endian (PS3.7 section 6.3.1).
func DecodeCommand(dst *Command, b []byte) error {
	*dst = Command{}
	seen := false
	for len(b) > 0 {
		if len(b) < 8 {
			return errors.New("dicom: command element is cut")
		}
		group, elem, n := binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[2:]), binary.LittleEndian.Uint32(b[4:])
		if group != 0 {
			return fmt.Errorf("dicom: element (%04x,%04x) in a command set", group, elem)
		}
		if uint64(n) > uint64(len(b)-8) {
			return fmt.Errorf("dicom: command element (0000,%04x) of %d octets exceeds the set", elem, n)
		}
		value := b[8 : 8+n]
		b = b[8+n:]
		switch elem {
		case 0x0002, 0x0003:
			dst.SOPClass = trim(value)
		case 0x0100:
			dst.Field, seen = u16(value), len(value) >= 2
		case 0x0110, 0x0120:
			dst.ID = u16(value)
		case 0x0600:
			dst.MoveTo = trim(value)
		case 0x0800:
			dst.DataSet = u16(value) != noDataSet
		case 0x0900:
			dst.Status = u16(value)
		case 0x1021:
			dst.Completed = u16(value)
		}
	}
	if !seen {
		return errors.New("dicom: command set without a command field")
	}
	return nil
}

// AppendCommand appends the command set with its group length.
func AppendCommand(dst []byte, c *Command) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0) // group length, set below
	if len(c.SOPClass) > 0 {
		dst = appendElement(dst, c.classElement(), c.SOPClass, 0)
	}
	dst = appendElement16(dst, 0x0100, c.Field)
	if c.IsResponse() || c.Field == CCancelRQ {
		dst = appendElement16(dst, 0x0120, c.ID)
	} else {
		dst = appendElement16(dst, 0x0110, c.ID)
	}
	if len(c.MoveTo) > 0 {
		dst = appendElement(dst, 0x0600, c.MoveTo, ' ')
	}
	switch c.Field {
	case CStoreRQ, CFindRQ, CMoveRQ, CGetRQ:
		dst = appendElement16(dst, 0x0700, 0) // medium priority
	}
	set := uint16(noDataSet)
	if c.DataSet {
		set = 1
	}
	dst = appendElement16(dst, 0x0800, set)
	if c.IsResponse() {
		dst = appendElement16(dst, 0x0900, c.Status)
	}
	if c.Completed > 0 {
		dst = appendElement16(dst, 0x1021, c.Completed)
	}
	binary.LittleEndian.PutUint32(dst[start+8:], uint32(len(dst)-start-12))
	return dst
}

// classElement gives the element that names the SOP class: requests which act
// upon an existing instance name the requested one, all others the affected.
func (c *Command) classElement() uint16 {
	switch c.Field {
	case NGetRQ, NSetRQ, NActionRQ, NDeleteRQ:
		return 0x0003
	}
	return 0x0002
}

// appendElement appends an element of group 0000, padded to an even length.
func appendElement(dst []byte, elem uint16, value []byte, pad byte) []byte {
	n := len(value) + len(value)&1
	dst = append(dst, 0, 0, byte(elem), byte(elem>>8))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(n))
	dst = append(dst, value...)
	if n > len(value) {
		dst = append(dst, pad)
	}
	return dst
}

// appendElement16 appends an element of group 0000 with a 16-bit value.
func appendElement16(dst []byte, elem, v uint16) []byte {
	dst = append(dst, 0, 0, byte(elem), byte(elem>>8), 2, 0, 0, 0)
	return binary.LittleEndian.AppendUint16(dst, v)
}

func u16(b []byte) uint16 {
	if len(b) < 2 {
		return 0
	}
	return binary.LittleEndian.Uint16(b)
}

// commandName gives the name of a command field without the direction, empty
// when there is no such command.
func commandName(field uint16) string {
	switch field &^ response {
	case CStoreRQ:
		return "C-STORE"
	case CGetRQ:
		return "C-GET"
	case CFindRQ:
		return "C-FIND"
	case CMoveRQ:
		return "C-MOVE"
	case CEchoRQ:
		return "C-ECHO"
	case NEventReportRQ:
		return "N-EVENT-REPORT"
	case NGetRQ:
		return "N-GET"
	case NSetRQ:
		return "N-SET"
	case NActionRQ:
		return "N-ACTION"
	case NCreateRQ:
		return "N-CREATE"
	case NDeleteRQ:
		return "N-DELETE"
	case CCancelRQ:
		return "C-CANCEL"
	}
	return ""
}

// commandClass says what a command does to who receives it.
func commandClass(field uint16) event.OpClass {
	switch field &^ response {
	case CEchoRQ:
		return event.OpDiscover
	case CFindRQ, CMoveRQ, CGetRQ, NGetRQ:
		return event.OpRead
	case CStoreRQ, NSetRQ, NActionRQ, NCreateRQ, NDeleteRQ:
		return event.OpWrite
	}
	return event.OpOther
}
