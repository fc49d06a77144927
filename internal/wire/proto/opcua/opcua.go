// Package opcua reads OPC UA over TCP in its binary encoding (OPC 10000-6):
// connection, secure channel and service calls, with the nodes they are about,
// the security that was agreed, and what servers say of themselves. It keeps
// no values and decrypts nothing.
//
// The codec (Chunk, Hello, Reader) may be used by the sensor, the guard and the
// scanner; the analyser is for the packet path.
package opcua

import (
	"encoding/binary"
	"errors"
)

// Type is the type of a message (OPC 10000-6 section 7.1.2.2).
type Type [3]byte

// The message types.
var (
	Hello       = Type{'H', 'E', 'L'}
	Acknowledge = Type{'A', 'C', 'K'}
	Error       = Type{'E', 'R', 'R'}
	ReverseHel  = Type{'R', 'H', 'E'}
	Open        = Type{'O', 'P', 'N'}
	Close       = Type{'C', 'L', 'O'}
	Message     = Type{'M', 'S', 'G'}
)

const (
	// HeaderLen is the length of a chunk's header: type, chunk type, size.
	HeaderLen = 8
	// MaxSize is the largest chunk that is believed; stacks agree on 64 KiB
	// and seldom on a few megabytes.
	MaxSize = 64 << 20
)

var (
	// ErrShort says that the bytes end before the chunk does.
	ErrShort = errors.New("opcua: chunk is not complete")

	errType = errors.New("opcua: unknown message type")
	errSize = errors.New("opcua: size does not fit the message type")
	errCut  = errors.New("opcua: message is cut")
)

// Chunk is a message chunk. Body is a view of what follows the header.
type Chunk struct {
	Type  Type
	Final byte // 'F' final, 'C' intermediate, 'A' aborts the message
	Body  []byte
}

// Decode reads one whole chunk and gives its length.
func Decode(dst *Chunk, b []byte) (int, error) {
	n, err := DecodeHeader(dst, b)
	if err != nil {
		return 0, err
	}
	if len(b) < n {
		return 0, ErrShort
	}
	dst.Body = b[HeaderLen:n]
	return n, nil
}

// DecodeHeader reads a chunk's header and gives the length of the chunk.
func DecodeHeader(dst *Chunk, b []byte) (int, error) {
	if len(b) < HeaderLen {
		return 0, ErrShort
	}
	*dst = Chunk{Type: Type(b[:3]), Final: b[3]}
	size := binary.LittleEndian.Uint32(b[4:])
	least := uint32(0)
	switch dst.Type {
	case Hello:
		least = 32
	case Acknowledge:
		least = 28
	case Error, ReverseHel:
		least = 16
	case Open:
		least = 32
	case Close, Message:
		least = 24
	}
	switch {
	case least == 0 || dst.Final != 'F' && !(dst.Type == Message && (dst.Final == 'C' || dst.Final == 'A')):
		return 0, errType
	case size < least || size > MaxSize || dst.Type == Acknowledge && size != least || dst.Type == Hello && size > 32+4096:
		return 0, errSize
	}
	return int(size), nil
}

// Append appends the chunk.
func Append(dst []byte, c *Chunk) []byte {
	dst = append(dst, c.Type[:]...)
	dst = append(dst, c.Final)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(HeaderLen+len(c.Body)))
	return append(dst, c.Body...)
}

// Connection is what a Hello or an Acknowledge message says. Endpoint, a view,
// is empty in the latter.
type Connection struct {
	Version, Receive, Send, MaxMessage, MaxChunks uint32
	Endpoint                                      []byte
}

// DecodeConnection reads the body of a Hello or Acknowledge message.
func DecodeConnection(dst *Connection, t Type, body []byte) error {
	r := Reader{b: body}
	*dst = Connection{Version: r.Uint32(), Receive: r.Uint32(), Send: r.Uint32(), MaxMessage: r.Uint32(), MaxChunks: r.Uint32()}
	if t == Hello {
		dst.Endpoint = r.Bytes()
	}
	return r.Err()
}

// AppendConnection appends a whole Hello or Acknowledge message.
func AppendConnection(dst []byte, t Type, c *Connection) []byte {
	var body []byte
	for _, v := range [...]uint32{c.Version, c.Receive, c.Send, c.MaxMessage, c.MaxChunks} {
		body = binary.LittleEndian.AppendUint32(body, v)
	}
	if t == Hello {
		body = AppendBytes(body, c.Endpoint)
	}
	return Append(dst, &Chunk{Type: t, Final: 'F', Body: body})
}

// Channel is the start of an Open, Close or Message chunk: the headers for
// security and sequence (OPC 10000-6 section 6.7.2). Views.
type Channel struct {
	ID          uint32 // secure channel
	Policy      []byte // URI, of Open
	Certificate []byte // of the sender, of Open
	Token       uint32 // of Close and Message
	Sequence    uint32 // meaningless when the body is encrypted
	Request     uint32
	Body        []byte // the service, or what is encrypted
}

// DecodeChannel reads the headers of an Open, Close or Message chunk.
func DecodeChannel(dst *Channel, t Type, body []byte) error {
	r := Reader{b: body}
	*dst = Channel{ID: r.Uint32()}
	if t == Open {
		dst.Policy, dst.Certificate = r.Bytes(), r.Bytes()
		r.Bytes() // thumbprint of the receiver's certificate
	} else {
		dst.Token = r.Uint32()
	}
	dst.Sequence, dst.Request, dst.Body = r.Uint32(), r.Uint32(), r.Rest()
	return r.Err()
}

// AppendChannel appends the headers and the service behind them.
func AppendChannel(dst []byte, t Type, c *Channel) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, c.ID)
	if t == Open {
		dst = AppendBytes(dst, c.Policy)
		dst = AppendBytes(dst, c.Certificate)
		dst = AppendBytes(dst, nil)
	} else {
		dst = binary.LittleEndian.AppendUint32(dst, c.Token)
	}
	dst = binary.LittleEndian.AppendUint32(dst, c.Sequence)
	dst = binary.LittleEndian.AppendUint32(dst, c.Request)
	return append(dst, c.Body...)
}

// PolicyNone is the security policy of a channel without security.
const PolicyNone = "http://opcfoundation.org/UA/SecurityPolicy#None"

// AppendOpenNone appends a whole request for a channel without security.
func AppendOpenNone(dst []byte, sequence, request uint32) []byte {
	body := appendRequest(nil, idOpenSecureChannel)
	body = binary.LittleEndian.AppendUint32(body, 0) // protocol version
	body = binary.LittleEndian.AppendUint32(body, 0) // issue
	body = binary.LittleEndian.AppendUint32(body, 1) // mode None
	body = AppendBytes(body, nil)
	body = binary.LittleEndian.AppendUint32(body, 60_000) // lifetime, milliseconds
	c := Channel{Policy: []byte(PolicyNone), Sequence: sequence, Request: request, Body: body}
	return Append(dst, &Chunk{Type: Open, Final: 'F', Body: AppendChannel(nil, Open, &c)})
}

// AppendGetEndpoints appends a whole request for a server's endpoints. c gives
// the channel's numbers.
func AppendGetEndpoints(dst []byte, c Channel, url string) []byte {
	body := appendRequest(nil, idGetEndpoints)
	body = AppendBytes(body, []byte(url))
	body = binary.LittleEndian.AppendUint32(body, 0) // locales
	body = binary.LittleEndian.AppendUint32(body, 0) // profiles
	c.Body = body
	return Append(dst, &Chunk{Type: Message, Final: 'F', Body: AppendChannel(nil, Message, &c)})
}

// appendRequest appends a service's type and an empty request header.
func appendRequest(dst []byte, id uint16) []byte {
	dst = append(dst, 1, 0, byte(id), byte(id>>8))
	dst = append(dst, 0, 0)                   // authentication token: null
	dst = append(dst, make([]byte, 8+4+4)...) // timestamp, handle, diagnostics
	dst = AppendBytes(dst, nil)               // audit entry
	dst = append(dst, 0x10, 0x27, 0, 0)       // timeout hint, 10 s
	return append(dst, 0, 0, 0)               // additional header: none
}

// AppendBytes appends a String or ByteString; nil is the null string.
func AppendBytes(dst, v []byte) []byte {
	if v == nil {
		return binary.LittleEndian.AppendUint32(dst, 0xffffffff)
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(v)))
	return append(dst, v...)
}
