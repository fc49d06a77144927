// Package dicom reads the DICOM upper layer (PS3.8) and the command sets in it
// (PS3.7): associations, AE titles, services and DIMSE commands with their
// status. It reads no images and keeps nothing of a patient: data sets are
// skipped, except that the matching keys of a query are looked at, and
// forgotten, to tell whether it asks for everybody.
//
// The codec (Decode, Associate, Command) may be used by the sensor, the guard
// and the scanner; the analyser is for the packet path.
package dicom

import (
	"encoding/binary"
	"errors"
)

// PDUType is the first octet of a protocol data unit (PS3.8 section 9.3).
type PDUType uint8

// The protocol data units.
const (
	AssociateRQ PDUType = 1
	AssociateAC PDUType = 2
	AssociateRJ PDUType = 3
	PData       PDUType = 4
	ReleaseRQ   PDUType = 5
	ReleaseRP   PDUType = 6
	Abort       PDUType = 7
)

// HeaderLen is the length of a PDU's header: type, reserved, length.
const HeaderLen = 6

// MaxControl is the longest PDU other than P-DATA-TF that is accepted. 128
// presentation contexts with all transfer syntaxes there are stay below it.
const MaxControl = 60 << 10

// ErrShort says that the bytes end before the message does.
var ErrShort = errors.New("dicom: message is not complete")

// What breaks the framing. The errors carry no values: they are met for every
// byte when a lost stream is searched for its next PDU.
var (
	errType    = errors.New("dicom: unknown PDU type")
	errLength  = errors.New("dicom: length does not fit the PDU type")
	errPDVLen  = errors.New("dicom: presentation data value of less than 2 octets")
	errContext = errors.New("dicom: presentation context id is even")
	errControl = errors.New("dicom: reserved bits in a message control header")
)

// PDU is one protocol data unit. Body is a view into the decoded bytes.
type PDU struct {
	Type PDUType
	Body []byte
}

// Decode reads one whole PDU and gives its length in octets.
func Decode(dst *PDU, b []byte) (int, error) {
	typ, n, err := DecodeHeader(b)
	if err != nil {
		return 0, err
	}
	if uint64(len(b)) < HeaderLen+uint64(n) {
		return 0, ErrShort
	}
	dst.Type, dst.Body = typ, b[HeaderLen:HeaderLen+int(n)]
	return HeaderLen + int(n), nil
}

// DecodeHeader reads a PDU's type and the length of what follows the header.
// It checks the length against what the type allows.
func DecodeHeader(b []byte) (PDUType, uint32, error) {
	if len(b) < HeaderLen {
		return 0, 0, ErrShort
	}
	typ, n := PDUType(b[0]), binary.BigEndian.Uint32(b[2:])
	switch typ {
	case AssociateRQ, AssociateAC:
		if n < 68 || n > MaxControl {
			return 0, 0, errLength
		}
	case AssociateRJ, ReleaseRQ, ReleaseRP, Abort:
		if n != 4 {
			return 0, 0, errLength
		}
	case PData:
		if n < 6 {
			return 0, 0, errLength
		}
	default:
		return 0, 0, errType
	}
	return typ, n, nil
}

// Append appends the PDU.
func Append(dst []byte, p *PDU) []byte {
	dst = append(dst, byte(p.Type), 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(p.Body)))
	return append(dst, p.Body...)
}

// PDV is a presentation data value, the item of a P-DATA-TF (PS3.8 section
// 9.3.5.1). Data is a view.
type PDV struct {
	Context uint8
	Command bool // part of a command set, not of a data set
	Last    bool // the last fragment
	Data    []byte
}

// pdvHeaderLen is the length of an item's length field, context id and message
// control header.
const pdvHeaderLen = 6

// DecodePDV reads one whole item.
func DecodePDV(dst *PDV, b []byte) (int, error) {
	n, err := decodePDVHeader(dst, b)
	if err != nil {
		return 0, err
	}
	if uint64(len(b)) < pdvHeaderLen+uint64(n) {
		return 0, ErrShort
	}
	dst.Data = b[pdvHeaderLen : pdvHeaderLen+int(n)]
	return pdvHeaderLen + int(n), nil
}

// decodePDVHeader reads an item's header and gives the number of octets of the
// fragment.
func decodePDVHeader(dst *PDV, b []byte) (uint32, error) {
	if len(b) < pdvHeaderLen {
		return 0, ErrShort
	}
	n := binary.BigEndian.Uint32(b)
	if n < 2 {
		return 0, errPDVLen
	}
	if b[4]&1 == 0 {
		return 0, errContext
	}
	if b[5] > 3 {
		return 0, errControl
	}
	dst.Context, dst.Command, dst.Last, dst.Data = b[4], b[5]&1 != 0, b[5]&2 != 0, nil
	return n - 2, nil
}

// AppendPDV appends the item.
func AppendPDV(dst []byte, v *PDV) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(v.Data))+2)
	var control byte
	if v.Command {
		control |= 1
	}
	if v.Last {
		control |= 2
	}
	dst = append(dst, v.Context, control)
	return append(dst, v.Data...)
}
