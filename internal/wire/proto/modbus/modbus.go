// Package modbus reads and writes Modbus application data units over TCP
// (Modbus Application Protocol 1.1b3, Modbus Messaging on TCP/IP 1.0b) with
// Schneider Electric's UMAS in function 90, and turns conversations into
// facts: one for each request with its response.
//
// It holds no opinion about whether a request is good or bad, and no device
// state. Sensor, rules, guard and scanner share the codec; the analyser is for
// the packet path only.
package modbus

import (
	"encoding/binary"
	"errors"
)

// Port is the registered TCP port.
const Port = 502

// Limits of the standard: a PDU has at most 253 bytes, and the MBAP length
// counts the unit identifier with it. UMAS negotiates up to 1024 bytes of its
// own within one PDU, so function 90 is let through with more.
const (
	HeaderLen   = 7
	MaxPDU      = 253
	maxUMASPDU  = 2048
	minLength   = 2
	maxLength   = MaxPDU + 1
	exceptionOn = 0x80
)

// Errors of the codec.
var (
	ErrShort  = errors.New("modbus: message is not complete")
	ErrHeader = errors.New("modbus: not a Modbus/TCP header")
	ErrLength = errors.New("modbus: length does not fit the function")
	ErrValue  = errors.New("modbus: value outside what the standard allows")
)

// ADU is one message with its MBAP header. Data is a view into the input.
type ADU struct {
	Transaction uint16
	Unit        uint8
	Function    uint8 // with the exception bit, if set
	Data        []byte
}

// IsException reports whether the message is an exception response.
func (a *ADU) IsException() bool { return a.Function&exceptionOn != 0 }

// Decode reads one ADU from the start of b and gives the bytes it took. It
// gives ErrShort when more bytes are needed and ErrHeader as soon as b cannot
// become an ADU.
func Decode(dst *ADU, b []byte) (int, error) {
	if len(b) < HeaderLen+1 {
		if len(b) > 2 && b[2] != 0 || len(b) > 3 && b[3] != 0 {
			return 0, ErrHeader
		}
		return 0, ErrShort
	}
	length := int(binary.BigEndian.Uint16(b[4:]))
	fn := b[7]
	switch {
	case b[2] != 0 || b[3] != 0, length < minLength, fn&^exceptionOn == 0:
		return 0, ErrHeader
	case length > maxLength && (fn != FuncUMAS || length > maxUMASPDU+1):
		return 0, ErrHeader
	}
	end := HeaderLen - 1 + length
	if len(b) < end {
		return 0, ErrShort
	}
	*dst = ADU{
		Transaction: binary.BigEndian.Uint16(b),
		Unit:        b[6],
		Function:    fn,
		Data:        b[HeaderLen+1 : end],
	}
	return end, nil
}

// Append writes the ADU behind dst. Data longer than the standard allows is
// the caller's mistake; it is written with the length it has.
func Append(dst []byte, a *ADU) []byte {
	dst = binary.BigEndian.AppendUint16(dst, a.Transaction)
	dst = append(dst, 0, 0)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(a.Data)+2))
	dst = append(dst, a.Unit, a.Function)
	return append(dst, a.Data...)
}
