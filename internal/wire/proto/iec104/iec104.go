// Package iec104 reads IEC 60870-5-104, telecontrol over TCP: the frames
// (APCI) and the application data units in them (ASDU) with type, cause,
// station and object address. It does not read values and keeps no process
// image.
//
// The codec (APDU, ASDU) may be used by the sensor, the guard and the scanner;
// the analyser is for the packet path.
package iec104

import (
	"encoding/binary"
	"errors"
)

// Start is the first octet of every APDU; lengths are limited by the standard
// (IEC 60870-5-104 section 5).
const (
	Start     = 0x68
	HeaderLen = 6 // start, length, control field
	MaxLen    = 253
)

// Format is the format of a frame.
type Format uint8

// The formats: information, supervisory, unnumbered.
const (
	FormatI Format = iota
	FormatS
	FormatU
)

func (f Format) String() string { return [...]string{"I", "S", "U"}[f] }

// Functions of unnumbered frames.
const (
	StartDTAct = 0x07
	StartDTCon = 0x0b
	StopDTAct  = 0x13
	StopDTCon  = 0x23
	TestFRAct  = 0x43
	TestFRCon  = 0x83
)

var (
	// ErrShort says that the bytes end before the frame does.
	ErrShort = errors.New("iec104: frame is not complete")

	errStart   = errors.New("iec104: no start octet")
	errLength  = errors.New("iec104: length outside 4 to 253")
	errControl = errors.New("iec104: malformed control field")
	errASDU    = errors.New("iec104: application data unit is cut")
	errObjects = errors.New("iec104: number of objects does not fit the length")
	errType    = errors.New("iec104: unknown type identification")
	errCause   = errors.New("iec104: unknown cause of transmission")
)

// APDU is one frame. ASDU is a view.
type APDU struct {
	Format   Format
	Send     uint16 // N(S) of an I frame
	Receive  uint16 // N(R) of an I or S frame
	Function uint8  // of a U frame
	ASDU     []byte // of an I frame
}

// Decode reads one frame and gives its length.
func Decode(dst *APDU, b []byte) (int, error) {
	if len(b) == 0 {
		return 0, ErrShort
	}
	if b[0] != Start {
		return 0, errStart
	}
	if len(b) < 2 {
		return 0, ErrShort
	}
	n := 2 + int(b[1])
	if b[1] < 4 || b[1] > MaxLen {
		return 0, errLength
	}
	if len(b) < HeaderLen {
		return 0, ErrShort
	}
	*dst = APDU{}
	if err := decodeControl(dst, b[2:HeaderLen], n); err != nil {
		return 0, err
	}
	if len(b) < n {
		return 0, ErrShort
	}
	if dst.Format == FormatI {
		dst.ASDU = b[HeaderLen:n]
	}
	return n, nil
}

// decodeControl reads the control field of a frame of n octets.
func decodeControl(dst *APDU, c []byte, n int) error {
	switch {
	case c[0]&1 == 0:
		dst.Format = FormatI
		dst.Send, dst.Receive = binary.LittleEndian.Uint16(c)>>1, binary.LittleEndian.Uint16(c[2:])>>1
		if c[2]&1 != 0 {
			return errControl
		}
		return nil
	case c[0]&3 == 1:
		dst.Format, dst.Receive = FormatS, binary.LittleEndian.Uint16(c[2:])>>1
		if c[0] != 1 || c[1] != 0 || c[2]&1 != 0 {
			return errControl
		}
	default:
		dst.Format, dst.Function = FormatU, c[0]
		if controlName(c[0]) == "" || c[1]|c[2]|c[3] != 0 {
			return errControl
		}
	}
	if n != HeaderLen {
		return errLength
	}
	return nil
}

// Append appends the frame.
func Append(dst []byte, p *APDU) []byte {
	dst = append(dst, Start, byte(4+len(p.ASDU)))
	switch p.Format {
	case FormatI:
		dst = binary.LittleEndian.AppendUint16(dst, p.Send<<1)
		dst = binary.LittleEndian.AppendUint16(dst, p.Receive<<1)
		return append(dst, p.ASDU...)
	case FormatS:
		dst = append(dst, 1, 0)
		return binary.LittleEndian.AppendUint16(dst, p.Receive<<1)
	default:
		return append(dst, p.Function, 0, 0, 0)
	}
}

// asduHeader is the length of an ASDU before its objects: type, variable
// structure qualifier, cause and originator, common address.
const asduHeader = 6

// ASDU is an application service data unit. Objects is a view.
type ASDU struct {
	Type       uint8
	Sequence   bool  // one address for consecutive objects
	Number     uint8 // of objects
	Cause      uint8
	Negative   bool
	Test       bool
	Originator uint8
	Address    uint16 // common address: the station
	Object     uint32 // address of the first object
	Objects    []byte // addresses and elements
}

// DecodeASDU reads an ASDU and checks its length against its type.
func DecodeASDU(dst *ASDU, b []byte) error {
	if len(b) < asduHeader+3 {
		return errASDU
	}
	*dst = ASDU{
		Type: b[0], Sequence: b[1]&0x80 != 0, Number: b[1] & 0x7f,
		Cause: b[2] & 0x3f, Negative: b[2]&0x40 != 0, Test: b[2]&0x80 != 0, Originator: b[3],
		Address: binary.LittleEndian.Uint16(b[4:]), Objects: b[asduHeader:],
	}
	dst.Object = uint32(b[6]) | uint32(b[7])<<8 | uint32(b[8])<<16
	info, known := typeInfo(dst.Type)
	switch {
	case !known:
		return errType
	case causeName(dst.Cause) == "":
		return errCause
	case info.size < 0:
		return nil
	}
	n, size := int(dst.Number), int(info.size)
	want := n * (3 + size)
	if dst.Sequence {
		want = 3 + n*size
	}
	if n == 0 || len(dst.Objects) != want {
		return errObjects
	}
	return nil
}

// AppendASDU appends the ASDU.
func AppendASDU(dst []byte, a *ASDU) []byte {
	vsq, cause := a.Number&0x7f, a.Cause&0x3f
	if a.Sequence {
		vsq |= 0x80
	}
	if a.Negative {
		cause |= 0x40
	}
	if a.Test {
		cause |= 0x80
	}
	dst = append(dst, a.Type, vsq, cause, a.Originator)
	dst = binary.LittleEndian.AppendUint16(dst, a.Address)
	return append(dst, a.Objects...)
}
