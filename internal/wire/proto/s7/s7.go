// Package s7 reads S7comm, the protocol of Siemens S7-300 and S7-400 (also
// spoken by S7-1200 and S7-1500), and the outline of S7comm-plus, both over
// TPKT and COTP, and turns them into facts: one for each job or request with
// its answer.
//
// The protocols are not published; names and layouts are those that the field
// has found and uses. Values of variables are never kept. Sensor, rules and
// scanner share the codec; the analyser is for the packet path only.
package s7

import (
	"encoding/binary"
	"errors"
)

// Port is the registered TCP port of ISO transport on TCP.
const Port = 102

// protocolID begins every S7comm PDU.
const protocolID = 0x32

// Remote operating service control: the kinds of PDU.
const (
	Job      = 1
	Ack      = 2
	AckData  = 3
	Userdata = 7
)

// Functions of jobs and their acknowledgements.
const (
	FuncCPUServices        = 0x00
	FuncReadVar            = 0x04
	FuncWriteVar           = 0x05
	FuncRequestDownload    = 0x1a
	FuncDownloadBlock      = 0x1b
	FuncDownloadEnded      = 0x1c
	FuncStartUpload        = 0x1d
	FuncUpload             = 0x1e
	FuncEndUpload          = 0x1f
	FuncPIService          = 0x28
	FuncPLCStop            = 0x29
	FuncSetupCommunication = 0xf0
)

// Errors of the codec.
var (
	ErrProtocol = errors.New("s7: not an S7comm header")
	ErrLength   = errors.New("s7: lengths do not fit the message")
)

// PDU is one S7comm message. Parameter and Data are views into the input.
type PDU struct {
	ROSCTR    uint8
	Reference uint16
	Error     uint16 // class and code; acknowledgements only
	Parameter []byte
	Data      []byte
}

// Function gives the function code of a job or acknowledgement.
func (p *PDU) Function() (uint8, bool) {
	if p.ROSCTR == Userdata || len(p.Parameter) == 0 {
		return 0, false
	}
	return p.Parameter[0], true
}

// Decode reads one PDU, which fills b but for at most a little padding.
func Decode(dst *PDU, b []byte) error {
	const header = 10
	if len(b) < header || b[0] != protocolID {
		return ErrProtocol
	}
	*dst = PDU{ROSCTR: b[1], Reference: binary.BigEndian.Uint16(b[4:])}
	parameter, data := int(binary.BigEndian.Uint16(b[6:])), int(binary.BigEndian.Uint16(b[8:]))
	rest := b[header:]
	switch dst.ROSCTR {
	case Job, Userdata:
	case Ack, AckData:
		if len(rest) < 2 {
			return ErrLength
		}
		dst.Error, rest = binary.BigEndian.Uint16(rest), rest[2:]
	default:
		return ErrProtocol
	}
	if parameter+data > len(rest) {
		return ErrLength
	}
	dst.Parameter, dst.Data = rest[:parameter], rest[parameter:parameter+data]
	return nil
}

// Append writes the PDU behind dst.
func Append(dst []byte, p *PDU) []byte {
	dst = append(dst, protocolID, p.ROSCTR, 0, 0)
	dst = binary.BigEndian.AppendUint16(dst, p.Reference)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(p.Parameter)))
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(p.Data)))
	if p.ROSCTR == Ack || p.ROSCTR == AckData {
		dst = binary.BigEndian.AppendUint16(dst, p.Error)
	}
	return append(append(dst, p.Parameter...), p.Data...)
}
