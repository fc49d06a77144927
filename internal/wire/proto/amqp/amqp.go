// Package amqp reads AMQP 0-9-1 (and its forerunners 0-9 and 0-8) and OASIS
// AMQP 1.0 as far as they tell who speaks to whom: the protocol header, frames,
// the opening of a connection with its SASL exchange, and the names of queues,
// exchanges and addresses. Message bodies are skipped by their length.
//
// It is no client and follows no delivery. Sensor and rules use it, and the
// scanner its writing half.
package amqp

import (
	"encoding/binary"
	"errors"
)

// ErrShort says that the frame goes on behind the bytes at hand.
var ErrShort = errors.New("amqp: the frame is not complete")

// ErrFrame says that bytes cannot be a frame, behind which nothing can be read.
var ErrFrame = errors.New("amqp: the frame is malformed")

// Header is the protocol header that opens a connection and, in AMQP 1.0, each
// of its layers.
type Header struct {
	ID                     uint8 // 1.0: 0 AMQP, 2 TLS, 3 SASL; 0-9-1: 0
	Major, Minor, Revision uint8
}

// HeaderSize is the size of a protocol header.
const HeaderSize = 8

// The headers in use.
var (
	Header091  = Header{0, 0, 9, 1}
	Header10   = Header{0, 1, 0, 0}
	HeaderSASL = Header{3, 1, 0, 0}
)

// DecodeHeader reads a protocol header.
func DecodeHeader(b []byte) (Header, error) {
	for i, c := range []byte("AMQP") {
		if i == len(b) {
			return Header{}, ErrShort
		}
		if b[i] != c {
			return Header{}, ErrFrame
		}
	}
	if len(b) < HeaderSize {
		return Header{}, ErrShort
	}
	return Header{b[4], b[5], b[6], b[7]}, nil
}

// AppendHeader writes a protocol header.
func AppendHeader(b []byte, h Header) []byte {
	return append(b, 'A', 'M', 'Q', 'P', h.ID, h.Major, h.Minor, h.Revision)
}

// Version names the protocol that the header asks for, "" when there is none
// such.
func (h Header) Version() string {
	switch h {
	case Header091:
		return "0-9-1"
	case Header{1, 1, 0, 9}:
		return "0-9"
	case Header{1, 1, 8, 0}, Header{1, 1, 9, 1}:
		return "0-8"
	case Header{1, 1, 0, 10}:
		return "0-10"
	case Header10, HeaderSASL, Header{2, 1, 0, 0}:
		return "1.0"
	}
	return ""
}

// FrameType is the type of a 0-9-1 frame.
type FrameType uint8

// The frame types of 0-9-1 (section 2.3.5).
const (
	FrameMethod    FrameType = 1
	FrameHeader    FrameType = 2
	FrameBody      FrameType = 3
	FrameHeartbeat FrameType = 8
)

// frameEnd is the last byte of every 0-9-1 frame.
const frameEnd = 0xce

// maxFrame is a size that no frame of 0-9-1 has; 131,072 is usual.
const maxFrame = 64 << 20

// Frame is the head of a 0-9-1 frame: type, channel and size of the payload,
// which an end byte follows.
type Frame struct {
	Type    FrameType
	Channel uint16
	Size    int
}

// frameHead is the size of the head.
const frameHead = 7

// Total gives the bytes of the whole frame.
func (f Frame) Total() int { return frameHead + f.Size + 1 }

// DecodeFrame reads the head of a 0-9-1 frame.
func DecodeFrame(b []byte) (Frame, error) {
	if len(b) == 0 {
		return Frame{}, ErrShort
	}
	t := FrameType(b[0])
	if t != FrameMethod && t != FrameHeader && t != FrameBody && t != FrameHeartbeat {
		return Frame{}, ErrFrame
	}
	if len(b) < frameHead {
		return Frame{}, ErrShort
	}
	size := binary.BigEndian.Uint32(b[3:])
	f := Frame{t, binary.BigEndian.Uint16(b[1:]), int(min(size, maxFrame))}
	if size > maxFrame || t == FrameHeartbeat && (f.Size != 0 || f.Channel != 0) {
		return f, ErrFrame
	}
	return f, nil
}

// Payload gives the payload of the frame that begins b, checking its end byte.
func (f Frame) Payload(b []byte) ([]byte, error) {
	if len(b) < f.Total() {
		return nil, ErrShort
	}
	if b[f.Total()-1] != frameEnd {
		return nil, ErrFrame
	}
	return b[frameHead : frameHead+f.Size], nil
}

// AppendFrame writes a 0-9-1 frame.
func AppendFrame(b []byte, t FrameType, channel uint16, payload []byte) []byte {
	b = binary.BigEndian.AppendUint16(append(b, byte(t)), channel)
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload)))
	return append(append(b, payload...), frameEnd)
}

// Frame10 is the head of an AMQP 1.0 frame (part 2 section 2.3).
type Frame10 struct {
	Size    int // of the whole frame
	Body    int // where the body begins
	SASL    bool
	Channel uint16
}

// frameHead10 is the size of the head.
const frameHead10 = 8

// DecodeFrame10 reads the head of an AMQP 1.0 frame.
func DecodeFrame10(b []byte) (Frame10, error) {
	if len(b) < frameHead10 {
		return Frame10{}, ErrShort
	}
	size := binary.BigEndian.Uint32(b)
	f := Frame10{Size: int(min(size, maxFrame)), Body: int(b[4]) * 4, SASL: b[5] == 1, Channel: binary.BigEndian.Uint16(b[6:])}
	if f.Size < f.Body || f.Body < frameHead10 || size > maxFrame || b[5] > 1 {
		return f, ErrFrame
	}
	return f, nil
}

// AppendFrame10 writes an AMQP 1.0 frame.
func AppendFrame10(b []byte, sasl bool, channel uint16, body []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(frameHead10+len(body)))
	t := byte(0)
	if sasl {
		t = 1
	}
	return append(binary.BigEndian.AppendUint16(append(b, 2, t), channel), body...)
}
