// Package tftp is the codec of the Trivial File Transfer Protocol (RFC 1350,
// options of RFC 2347) and its analyser.
//
// It keeps no file: of what goes over the wire it reads the kind and the
// size. The packet path uses the analyser; scanner and tests may use the codec.
package tftp

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// What can be wrong with a packet.
var (
	ErrShort   = errors.New("packet ends inside a field")
	ErrOpcode  = errors.New("opcode is not assigned")
	ErrRequest = errors.New("request without a printable file name and a known mode")
	ErrOptions = errors.New("options are no pairs of name and value")
	ErrTrailer = errors.New("bytes behind the end of the packet")
)

// Port to which requests go; everything else goes between ports chosen by the
// two sides.
const Port = 69

// Opcodes.
const (
	Read  = 1
	Write = 2
	Data  = 3
	Ack   = 4
	Error = 5
	Oack  = 6 // RFC 2347
)

// maxName bounds file names; longer ones are attacks on the parser of others.
const maxName = 1024

// Msg is one packet. Its slices are views into the datagram.
type Msg struct {
	Op      uint16
	File    []byte
	Mode    []byte
	Options []byte // pairs of name and value, each ended by a zero
	Block   uint16 // of data and acknowledgement
	Data    []byte
	Code    uint16 // of an error
	Text    []byte
}

// Decode reads one packet and takes all of b.
func Decode(m *Msg, b []byte) (n int, err error) {
	*m = Msg{}
	if len(b) < 2 {
		return 0, ErrShort
	}
	m.Op = binary.BigEndian.Uint16(b)
	rest := b[2:]
	switch m.Op {
	case Read, Write:
		err = m.request(rest)
	case Data, Ack, Error:
		if len(rest) < 2 {
			return 0, ErrShort
		}
		word := binary.BigEndian.Uint16(rest)
		rest = rest[2:]
		switch {
		case m.Op == Data:
			m.Block, m.Data = word, rest
		case m.Op == Ack && len(rest) > 0:
			return 0, ErrTrailer
		case m.Op == Ack:
			m.Block = word
		default:
			end := bytes.IndexByte(rest, 0)
			if end < 0 {
				return 0, ErrShort
			}
			m.Code, m.Text = word, rest[:end]
		}
	case Oack:
		m.Options, err = rest, checkOptions(rest)
	default:
		return 0, ErrOpcode
	}
	if err != nil {
		return 0, err
	}
	return len(b), nil
}

func (m *Msg) request(b []byte) error {
	file, rest, ok := bytes.Cut(b, []byte{0})
	if !ok {
		return ErrShort
	}
	mode, options, ok := bytes.Cut(rest, []byte{0})
	if !ok {
		return ErrShort
	}
	if len(file) == 0 || len(file) > maxName || !printable(file) || !knownMode(mode) {
		return ErrRequest
	}
	m.File, m.Mode, m.Options = file, mode, options
	return checkOptions(options)
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

func knownMode(mode []byte) bool {
	for _, known := range [...]string{"octet", "netascii", "mail"} {
		if len(mode) == len(known) && bytes.EqualFold(mode, []byte(known)) {
			return true
		}
	}
	return false
}

// checkOptions wants whole pairs with names that are not empty.
func checkOptions(b []byte) error {
	for len(b) > 0 {
		name, rest, ok := bytes.Cut(b, []byte{0})
		if !ok || len(name) == 0 || !printable(name) {
			return ErrOptions
		}
		value, rest, ok := bytes.Cut(rest, []byte{0})
		if !ok || !printable(value) {
			return ErrOptions
		}
		b = rest
	}
	return nil
}

// Append appends the packet.
func Append(dst []byte, m *Msg) []byte {
	dst = binary.BigEndian.AppendUint16(dst, m.Op)
	switch m.Op {
	case Read, Write:
		dst = append(append(dst, m.File...), 0)
		dst = append(append(dst, m.Mode...), 0)
		dst = append(dst, m.Options...)
	case Data:
		dst = binary.BigEndian.AppendUint16(dst, m.Block)
		dst = append(dst, m.Data...)
	case Ack:
		dst = binary.BigEndian.AppendUint16(dst, m.Block)
	case Error:
		dst = binary.BigEndian.AppendUint16(dst, m.Code)
		dst = append(append(dst, m.Text...), 0)
	case Oack:
		dst = append(dst, m.Options...)
	}
	return dst
}
