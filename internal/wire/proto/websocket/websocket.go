// Package websocket is the WebSocket protocol (RFC 6455): a codec of frame
// headers and an analyser that takes the frames off and hands what is inside
// to the parsers of other protocols, such as MQTT or Stratum.
//
// A connection comes here from package http once its upgrade was granted; it
// is never recognised by itself, since frames look like anything. Payloads
// that permessage-deflate (RFC 7692) compressed are counted, not read.
package websocket

import (
	"encoding/binary"
	"errors"
	"strings"
)

// Opcode says what a frame carries (section 5.2).
type Opcode uint8

// The opcodes. 3 to 7 and 11 to 15 are reserved.
const (
	Continuation Opcode = 0
	Text         Opcode = 1
	Binary       Opcode = 2
	Close        Opcode = 8
	Ping         Opcode = 9
	Pong         Opcode = 10
)

// Control reports whether the opcode is of a control frame.
func (o Opcode) Control() bool { return o&8 != 0 }

// The errors of Decode.
var (
	ErrShort    = errors.New("websocket: frame header is not complete")
	ErrReserved = errors.New("websocket: reserved opcode")
	ErrControl  = errors.New("websocket: control frame is fragmented or longer than 125 bytes")
	ErrLength   = errors.New("websocket: payload length is not in its shortest form or over 63 bits")
)

// Header is a frame header. The payload of Length bytes follows it.
type Header struct {
	Fin    bool
	RSV    uint8 // the three reserved bits; 4 is RSV1, which marks compression
	Opcode Opcode
	Masked bool
	Mask   [4]byte
	Length uint64
}

// Compressed reports whether permessage-deflate was applied to the message
// that the frame begins (RFC 7692 section 6).
func (h *Header) Compressed() bool { return h.RSV&4 != 0 }

// Decode reads the frame header at the beginning of b and gives its length.
// After an error other than ErrShort the stream has lost its framing.
func Decode(dst *Header, b []byte) (n int, err error) {
	if len(b) < 2 {
		return 0, ErrShort
	}
	*dst = Header{
		Fin: b[0]&0x80 != 0, RSV: b[0] >> 4 & 7, Opcode: Opcode(b[0] & 15),
		Masked: b[1]&0x80 != 0, Length: uint64(b[1] & 0x7f),
	}
	n = 2
	switch dst.Length {
	case 126:
		if len(b) < 4 {
			return 0, ErrShort
		}
		dst.Length = uint64(binary.BigEndian.Uint16(b[2:]))
		if n = 4; dst.Length < 126 {
			return 0, ErrLength
		}
	case 127:
		if len(b) < 10 {
			return 0, ErrShort
		}
		dst.Length = binary.BigEndian.Uint64(b[2:])
		if n = 10; dst.Length < 1<<16 || dst.Length >= 1<<63 {
			return 0, ErrLength
		}
	}
	switch {
	case dst.Opcode&7 > 2:
		return 0, ErrReserved
	case dst.Opcode.Control() && (!dst.Fin || dst.Length > 125):
		return 0, ErrControl
	}
	if dst.Masked {
		if len(b) < n+4 {
			return 0, ErrShort
		}
		n += copy(dst.Mask[:], b[n:])
	}
	return n, nil
}

// Append writes a frame header; the length takes its shortest form.
func Append(dst []byte, h *Header) []byte {
	first := h.RSV&7<<4 | byte(h.Opcode)&15
	if h.Fin {
		first |= 0x80
	}
	var mask byte
	if h.Masked {
		mask = 0x80
	}
	switch {
	case h.Length < 126:
		dst = append(dst, first, mask|byte(h.Length))
	case h.Length < 1<<16:
		dst = append(dst, first, mask|126)
		dst = binary.BigEndian.AppendUint16(dst, uint16(h.Length))
	default:
		dst = append(dst, first, mask|127)
		dst = binary.BigEndian.AppendUint64(dst, h.Length)
	}
	if h.Masked {
		dst = append(dst, h.Mask[:]...)
	}
	return dst
}

// Unmask writes src XORed with the mask to dst, which must be as long. offset
// is how many payload bytes came before src. Masking is the same operation.
func Unmask(dst, src []byte, mask [4]byte, offset uint64) {
	for i, c := range src {
		dst[i] = c ^ mask[(offset+uint64(i))&3]
	}
}

// Handover is what the upgrade request says of the connection. It goes through
// proto.Conn.Note in the form that String gives.
type Handover struct {
	Host, URL, Subprotocol string
}

// String writes the handover as one line each.
func (h Handover) String() string { return h.Host + "\n" + h.URL + "\n" + h.Subprotocol }

// ParseHandover reads what String wrote; what is missing stays empty.
func ParseHandover(note string) Handover {
	host, rest, _ := strings.Cut(note, "\n")
	url, sub, _ := strings.Cut(rest, "\n")
	return Handover{host, url, sub}
}
