package tls

import "encoding/binary"

// The extensions that are of interest (IANA, "TLS ExtensionType Values").
const (
	extServerName       = 0
	extSupportedGroups  = 10
	extPointFormats     = 11
	extSignatureAlgs    = 13
	extALPN             = 16
	extSessionTicket    = 35
	extPreSharedKey     = 41
	extSupportedVersion = 43
	extQUICParameters   = 57     // RFC 9001 section 8.2
	extQUICDraft        = 0xffa5 // the same before RFC 9001
)

// ClientHello is the body of a ClientHello handshake message (RFC 8446 section
// 4.1.2). All slices are views; lists of numbers are in wire order, two bytes
// each, as List reads them.
type ClientHello struct {
	Version      uint16 // legacy_version
	Random       []byte
	SessionID    []byte
	Cookie       []byte // DTLS only
	CipherSuites []byte
	Compression  []byte
	Extensions   []byte // all of them, as Extension reads them

	// What is in the extensions. Absent ones are nil.
	ServerName       []byte // host name of the first entry
	HasServerName    bool
	ALPN             []byte // protocol names as NextALPN reads them
	Versions         []byte // supported_versions
	Groups           []byte
	PointFormats     []byte
	SignatureSchemes []byte
	QUICParameters   []byte
	PreSharedKey     bool
	Ticket           bool // a session ticket is offered
}

// DecodeClientHello reads the body of a ClientHello, without the handshake
// header. dtls says that the message has a cookie.
func DecodeClientHello(dst *ClientHello, b []byte, dtls bool) error {
	*dst = ClientHello{}
	r := reader{b: b}
	dst.Version = r.uint16()
	dst.Random = r.take(32)
	dst.SessionID = r.vector8()
	if dtls {
		dst.Cookie = r.vector8()
	}
	dst.CipherSuites = r.vector16()
	dst.Compression = r.vector8()
	if !r.bad && len(r.b) > 0 {
		dst.Extensions = r.vector16()
	}
	switch {
	case r.bad || len(dst.CipherSuites)%2 != 0 || len(dst.SessionID) > 32:
		return ErrLength
	case dst.Version>>8 != 3 && dst.Version>>8 != 0xfe && dst.Version != 0x0100:
		return ErrVersion
	}
	for rest := dst.Extensions; len(rest) > 0; {
		id, data, after, ok := Extension(rest)
		if !ok {
			return ErrLength
		}
		dst.extension(id, data)
		rest = after
	}
	return nil
}

// extension keeps what an extension says. What is wrong inside one is as if it
// were empty.
func (h *ClientHello) extension(id uint16, data []byte) {
	r := reader{b: data}
	switch id {
	case extServerName:
		h.HasServerName = true
		r.uint16()
		if r.uint8() == 0 {
			h.ServerName = r.vector16()
		}
	case extALPN:
		h.ALPN = r.vector16()
	case extSupportedVersion:
		h.Versions = even(r.vector8())
	case extSupportedGroups:
		h.Groups = even(r.vector16())
	case extPointFormats:
		h.PointFormats = r.vector8()
	case extSignatureAlgs:
		h.SignatureSchemes = even(r.vector16())
	case extPreSharedKey:
		h.PreSharedKey = true
	case extSessionTicket:
		h.Ticket = len(data) > 0
	case extQUICParameters, extQUICDraft:
		h.QUICParameters = data
	}
}

func even(b []byte) []byte { return b[:len(b)&^1] }

// Extension takes the first extension off a list of them; ok is false when
// there is no whole one.
func Extension(b []byte) (id uint16, data, rest []byte, ok bool) {
	if len(b) < 4 {
		return 0, nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n > len(b)-4 {
		return 0, nil, nil, false
	}
	return binary.BigEndian.Uint16(b), b[4 : 4+n], b[4+n:], true
}

// NextALPN takes the first protocol name off a list (RFC 7301 section 3.1);
// name is nil when there is none.
func NextALPN(b []byte) (name, rest []byte) {
	if len(b) == 0 || int(b[0]) > len(b)-1 {
		return nil, nil
	}
	return b[1 : 1+int(b[0])], b[1+int(b[0]):]
}

// List gives number i of a list of two-byte numbers.
func List(b []byte, i int) uint16 { return binary.BigEndian.Uint16(b[2*i:]) }

// GREASE reports whether a number is reserved to keep implementations
// tolerant (RFC 8701), which fingerprints leave out.
func GREASE(v uint16) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff }

// Offered gives the highest version that the client offers: of its list, where
// it sends one, or else the one in the message itself.
func (h *ClientHello) Offered() uint16 {
	best := uint16(0)
	for i := range len(h.Versions) / 2 {
		v := List(h.Versions, i)
		switch {
		case GREASE(v):
		case best>>8 == 0xfe && v>>8 == 0xfe: // DTLS counts down
			best = min(best, v)
		default:
			best = max(best, v)
		}
	}
	if best == 0 {
		return h.Version
	}
	return best
}

// AppendClientHello writes the body of a ClientHello from its wire fields; the
// fields that Decode found in the extensions are not looked at.
func AppendClientHello(dst []byte, h *ClientHello, dtls bool) []byte {
	dst = binary.BigEndian.AppendUint16(dst, h.Version)
	dst = append(dst, h.Random...)
	dst = appendVector8(dst, h.SessionID)
	if dtls {
		dst = appendVector8(dst, h.Cookie)
	}
	dst = appendVector16(dst, h.CipherSuites)
	dst = appendVector8(dst, h.Compression)
	if h.Extensions != nil {
		dst = appendVector16(dst, h.Extensions)
	}
	return dst
}

// AppendExtension writes one extension.
func AppendExtension(dst []byte, id uint16, data []byte) []byte {
	return appendVector16(binary.BigEndian.AppendUint16(dst, id), data)
}

func appendVector8(dst, v []byte) []byte { return append(append(dst, byte(len(v))), v...) }

func appendVector16(dst, v []byte) []byte {
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(v))), v...)
}

// ServerHello is the body of a ServerHello handshake message (RFC 8446 section
// 4.1.3). All slices are views.
type ServerHello struct {
	Version    uint16 // negotiated, from supported_versions where that is there
	Legacy     uint16 // legacy_version
	Random     []byte
	SessionID  []byte
	Cipher     uint16
	Extensions []byte
	ALPN       []byte
	Resumes    bool // a pre-shared key was accepted
	Retry      bool // it is a HelloRetryRequest
}

// retryRandom is the random of a HelloRetryRequest (RFC 8446 section 4.1.3).
const retryRandom = "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c"

// DecodeServerHello reads the body of a ServerHello, without the handshake
// header.
func DecodeServerHello(dst *ServerHello, b []byte) error {
	*dst = ServerHello{}
	r := reader{b: b}
	dst.Legacy = r.uint16()
	dst.Version = dst.Legacy
	dst.Random = r.take(32)
	if v := dst.Legacy; v>>8 == 0x7f && v < 0x7f16 { // drafts 18 to 21 had neither session nor compression
		dst.Cipher = r.uint16()
	} else {
		dst.SessionID = r.vector8()
		dst.Cipher = r.uint16()
		r.uint8()
	}
	if !r.bad && len(r.b) > 0 {
		dst.Extensions = r.vector16()
	}
	if r.bad || len(dst.SessionID) > 32 {
		return ErrLength
	}
	if VersionName(dst.Version) == "" && dst.Version != 0x0100 {
		return ErrVersion
	}
	dst.Retry = string(dst.Random) == retryRandom
	for rest := dst.Extensions; len(rest) > 0; {
		id, data, after, ok := Extension(rest)
		if !ok {
			return ErrLength
		}
		e := reader{b: data}
		switch id {
		case extSupportedVersion:
			if v := e.uint16(); VersionName(v) != "" {
				dst.Version = v
			}
		case extALPN:
			dst.ALPN, _ = NextALPN(e.vector16())
		case extPreSharedKey:
			dst.Resumes = true
		}
		rest = after
	}
	return nil
}
