// Package hl7 reads HL7 version 2 messages in the Minimal Lower Layer Protocol
// (HL7 v2 chapter 2, transport specification MLLP release 1): who sends what
// kind of message to whom, and how it was acknowledged. It never looks into a
// segment about a patient: that there is one is all it says.
//
// It knows neither version 3 nor FHIR. The codec (Header, Ack, Append) may be
// used by the sensor, the guard and the scanner; the analyser is for the
// packet path.
package hl7

import (
	"bytes"
	"errors"
)

// The framing octets of MLLP: a message is StartBlock, segments each ended by
// SegmentEnd, EndBlock, SegmentEnd.
const (
	StartBlock = 0x0b
	EndBlock   = 0x1c
	SegmentEnd = '\r'
)

// MaxSegment is how much of a header or acknowledgement segment is looked at.
const MaxSegment = 2 << 10

var (
	// ErrShort says that the bytes end before the message does.
	ErrShort = errors.New("hl7: message is not complete")

	errFrame  = errors.New("hl7: message does not begin with a start block")
	errHeader = errors.New("hl7: message does not begin with a header segment")
)

// Header is what an MSH segment says (HL7 v2 section 2.14.9). Views.
type Header struct {
	Separator  byte   // of fields
	Component  byte   // separator within a field
	SendApp    []byte // MSH-3, its first component
	SendFac    []byte // MSH-4, its first component
	RecvApp    []byte
	RecvFac    []byte
	Type       []byte // MSH-9: message code, trigger event, structure
	ControlID  []byte // MSH-10
	Processing []byte // MSH-11
	Version    []byte // MSH-12
}

// Ack is what an MSA segment says (HL7 v2 section 2.14.8). Views.
type Ack struct {
	Code      []byte // AA, AE, AR, CA, CE, CR
	ControlID []byte // of the message acknowledged
}

// Software is what an SFT segment says (HL7 v2 section 2.14.12). Views.
type Software struct {
	Vendor, Version, Product []byte
}

// Message is a whole message.
type Message struct {
	Header   Header
	Ack      Ack
	Body     []byte // everything between the framing octets, a view
	Segments int
	Patient  bool // there is a PID segment
}

// Decode reads one framed message and gives the octets it took.
func Decode(dst *Message, b []byte) (int, error) {
	*dst = Message{}
	if len(b) == 0 {
		return 0, ErrShort
	}
	if b[0] != StartBlock {
		return 0, errFrame
	}
	end := bytes.IndexByte(b, EndBlock)
	if end < 0 || len(b) < end+2 {
		return 0, ErrShort
	}
	if b[end+1] != SegmentEnd {
		return 0, errors.New("hl7: end block is not followed by a carriage return")
	}
	dst.Body = b[1:end]
	for rest := dst.Body; len(rest) > 0; {
		var segment []byte
		segment, rest = cutSegment(rest)
		if len(segment) == 0 {
			continue
		}
		if dst.Segments == 0 {
			if err := DecodeHeader(&dst.Header, segment); err != nil {
				return 0, err
			}
		}
		if !isSegment(segment, dst.Header.Separator) {
			continue
		}
		dst.Segments++
		switch string(segment[:3]) {
		case "PID":
			dst.Patient = true
		case "MSA":
			DecodeAck(&dst.Ack, segment, dst.Header.Separator)
		}
	}
	if dst.Segments == 0 {
		return 0, errHeader
	}
	return end + 2, nil
}

// Append appends a framed message made of whole segments without their ends.
func Append(dst []byte, segments ...[]byte) []byte {
	dst = append(dst, StartBlock)
	for _, s := range segments {
		dst = append(dst, s...)
		dst = append(dst, SegmentEnd)
	}
	return append(dst, EndBlock, SegmentEnd)
}

// AppendHeader appends an MSH segment without its end.
func AppendHeader(dst []byte, h *Header) []byte {
	dst = append(dst, "MSH"...)
	dst = append(dst, h.Separator, h.Component, '~', '\\', '&')
	fields := [...][]byte{h.SendApp, h.SendFac, h.RecvApp, h.RecvFac, nil, nil, h.Type, h.ControlID, h.Processing, h.Version}
	for _, f := range fields {
		dst = append(dst, h.Separator)
		dst = append(dst, f...)
	}
	return dst
}

// DecodeHeader reads an MSH segment.
func DecodeHeader(dst *Header, segment []byte) error {
	*dst = Header{}
	if !isHeader(segment) {
		return errHeader
	}
	dst.Separator, dst.Component = segment[3], segment[4]
	fields := segment[4:] // MSH-2 and on; MSH-1 is the separator itself
	for i := 2; len(fields) > 0 && i <= 12; i++ {
		var f []byte
		f, fields, _ = bytes.Cut(fields, segment[3:4])
		switch i {
		case 3:
			dst.SendApp = dst.first(f)
		case 4:
			dst.SendFac = dst.first(f)
		case 5:
			dst.RecvApp = dst.first(f)
		case 6:
			dst.RecvFac = dst.first(f)
		case 9:
			dst.Type = f
		case 10:
			dst.ControlID = f
		case 11:
			dst.Processing = dst.first(f)
		case 12:
			dst.Version = dst.first(f)
		}
	}
	return nil
}

// DecodeAck reads an MSA segment.
func DecodeAck(dst *Ack, segment []byte, separator byte) {
	dst.Code = bytes.TrimSpace(field(segment, separator, 1))
	dst.ControlID = field(segment, separator, 2)
}

// DecodeSoftware reads an SFT segment.
func DecodeSoftware(dst *Software, segment []byte, h *Header) {
	dst.Vendor = h.first(field(segment, h.Separator, 1))
	dst.Version = field(segment, h.Separator, 2)
	dst.Product = field(segment, h.Separator, 3)
}

// TypeCode gives the message code and the trigger event of MSH-9.
func (h *Header) TypeCode() (code, event []byte) {
	code, rest, _ := bytes.Cut(h.Type, []byte{h.Component})
	event, _, _ = bytes.Cut(rest, []byte{h.Component})
	return bytes.TrimSpace(code), bytes.TrimSpace(event)
}

// first gives the first component of a field.
func (h *Header) first(f []byte) []byte {
	if i := bytes.IndexByte(f, h.Component); i >= 0 {
		f = f[:i]
	}
	return bytes.TrimSpace(f)
}

// field gives field n of a segment other than MSH.
func field(segment []byte, separator byte, n int) []byte {
	for range n {
		i := bytes.IndexByte(segment, separator)
		if i < 0 {
			return nil
		}
		segment = segment[i+1:]
	}
	if i := bytes.IndexByte(segment, separator); i >= 0 {
		segment = segment[:i]
	}
	return segment
}

// cutSegment parts a message at the first segment end. Line feeds, which some
// senders use instead or besides, end segments too.
func cutSegment(b []byte) (segment, rest []byte) {
	for i, c := range b {
		if c == '\r' || c == '\n' {
			return b[:i], b[i+1:]
		}
	}
	return b, nil
}

// isHeader reports whether b begins as an MSH segment: separators that are
// punctuation and differ.
func isHeader(b []byte) bool {
	if len(b) < 9 || string(b[:3]) != "MSH" {
		return false
	}
	sep := b[3]
	if !isDelimiter(sep) {
		return false
	}
	for i := 4; i < 8; i++ { // component, repetition, escape, subcomponent
		if b[i] == sep && i > 5 {
			return true // escape and subcomponent may be left out
		}
		if b[i] == sep || !isDelimiter(b[i]) {
			return false
		}
	}
	return b[8] == sep || isDelimiter(b[8]) // version 2.7 adds truncation
}

func isDelimiter(c byte) bool {
	return c > ' ' && c < 0x7f && !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z')
}

// isSegment reports whether b begins with a segment's name and is not just a
// line of text.
func isSegment(b []byte, separator byte) bool {
	if len(b) < 3 || len(b) > 3 && b[3] != separator || b[0] < 'A' || b[0] > 'Z' {
		return false
	}
	for _, c := range b[1:3] {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
