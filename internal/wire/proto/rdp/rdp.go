// Package rdp reads the opening of Remote Desktop connections (MS-RDPBCGR
// sections 2.2.1.1 to 2.2.1.3): a codec for the negotiation in the transport
// connection request and confirm, and for what a client says about itself, and
// an analyser. What follows is encrypted, or TLS, which it hands over.
//
// The codec may be used by every part of the program.
package rdp

import (
	"bytes"
	"encoding/binary"

	"edgeward/internal/wire/proto/textline"
)

// The security protocols that can be negotiated.
const (
	ProtocolRDP      = 0x00
	ProtocolTLS      = 0x01
	ProtocolCredSSP  = 0x02
	ProtocolRDSTLS   = 0x04
	ProtocolCredSSPX = 0x08
	ProtocolAAD      = 0x10
)

// The types of the negotiation structure.
const (
	negotiationRequest  = 1
	negotiationResponse = 2
	negotiationFailure  = 3
)

// Request is what a connection request says besides the transport's own fields.
type Request struct {
	Cookie    []byte // user name, or what the load balancer wants; a view into the input
	Token     bool   // the cookie is a routing token (Cookie: msts=)
	Protocols uint32 // requested
	Asked     bool   // there was a negotiation request
}

// DecodeRequest reads the variable part of a connection request. ok is false
// when it is not one of RDP.
func DecodeRequest(dst *Request, b []byte) (ok bool) {
	*dst = Request{}
	if textline.HasPrefix(b, "cookie: ") {
		line, n := textline.Cut(b)
		if n == 0 {
			return false
		}
		b = b[n:]
		value := line[len("Cookie: "):]
		switch {
		case textline.HasPrefix(value, "mstshash="):
			dst.Cookie = value[len("mstshash="):]
		case textline.HasPrefix(value, "msts="):
			dst.Cookie, dst.Token = value[len("msts="):], true
		default:
			return false
		}
		if len(b) == 0 {
			return true
		}
	}
	if len(b) < 8 || b[0] != negotiationRequest || binary.LittleEndian.Uint16(b[2:]) != 8 {
		return false
	}
	dst.Asked, dst.Protocols = true, binary.LittleEndian.Uint32(b[4:])
	return true
}

// Response is what a connection confirm says.
type Response struct {
	Negotiated bool
	Protocol   uint32 // selected
	Failure    uint32 // code, 0 when there was none
}

// DecodeResponse reads the variable part of a connection confirm. ok is false
// when it is not one of RDP. One without a negotiation response means the
// oldest protocol.
func DecodeResponse(dst *Response, b []byte) (ok bool) {
	*dst = Response{}
	if len(b) == 0 {
		return true
	}
	if len(b) != 8 || binary.LittleEndian.Uint16(b[2:]) != 8 {
		return false
	}
	v := binary.LittleEndian.Uint32(b[4:])
	switch b[0] {
	case negotiationResponse:
		dst.Negotiated, dst.Protocol = true, v
		return true
	case negotiationFailure:
		dst.Failure = v
		return v != 0
	}
	return false
}

// ProtocolName names the selected security protocol.
func ProtocolName(p uint32) string {
	switch p {
	case ProtocolRDP:
		return "rdp"
	case ProtocolTLS:
		return "tls"
	case ProtocolCredSSP, ProtocolCredSSPX:
		return "credssp"
	case ProtocolRDSTLS:
		return "rdstls"
	case ProtocolAAD:
		return "aad"
	}
	return "unknown"
}

// FailureName names a failure code (MS-RDPBCGR section 2.2.1.2.2).
func FailureName(code uint32) string {
	switch code {
	case 1:
		return "SSL_REQUIRED_BY_SERVER"
	case 2:
		return "SSL_NOT_ALLOWED_BY_SERVER"
	case 3:
		return "SSL_CERT_NOT_ON_SERVER"
	case 4:
		return "INCONSISTENT_FLAGS"
	case 5:
		return "HYBRID_REQUIRED_BY_SERVER"
	case 6:
		return "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER"
	}
	return "UNKNOWN"
}

// Client is what a client says about itself when the connection is not yet
// encrypted.
type Client struct {
	Name  []byte // UTF-16
	Build uint32 // of its system or program
}

// DecodeClient finds the core data of a client (MS-RDPBCGR section 2.2.1.3.2)
// in its first data unit. ok is false when they are not there.
func DecodeClient(dst *Client, b []byte) (ok bool) {
	*dst = Client{}
	i := bytes.Index(b, []byte("Duca")) // the key of the GCC user data (T.124)
	if i < 0 {
		return false
	}
	if b = b[i+4:]; len(b) < 2 {
		return false
	}
	if b[0]&0x80 != 0 { // the length of the user data, in one byte or two (PER)
		b = b[1:]
	}
	b = b[1:]
	const core = 0xc001
	if len(b) < 56 || binary.LittleEndian.Uint16(b) != core || binary.LittleEndian.Uint16(b[2:]) < 56 {
		return false
	}
	dst.Build, dst.Name = binary.LittleEndian.Uint32(b[20:]), b[24:56]
	return true
}
