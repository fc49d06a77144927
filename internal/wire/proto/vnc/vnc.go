// Package vnc reads the opening of connections by the remote framebuffer
// protocol (RFC 6143), which VNC and many embedded screens speak: a codec for
// version and security types, and an analyser for how the two sides agree, what
// came of the authentication, and what the screen is called. Pictures and keys
// are not read.
//
// The codec may be used by every part of the program.
package vnc

import "errors"

// VersionLen is the length of a version message.
const VersionLen = 12

// The security types (RFC 6143 section 7.1.2) on which the analyser acts.
const (
	SecurityInvalid = 0
	SecurityNone    = 1
	SecurityVNC     = 2
)

// ErrSyntax says that the bytes are not the beginning of a connection.
var ErrSyntax = errors.New("vnc: malformed opening")

// DecodeVersion reads a version message; minor is 3, 7 or 8, which are the only
// ones with a meaning (RFC 6143 section 7.1.1).
func DecodeVersion(b []byte) (major, minor int, ok bool) {
	if len(b) < VersionLen || string(b[:4]) != "RFB " || b[7] != '.' || b[11] != '\n' {
		return 0, 0, false
	}
	major, ok = number(b[4:7])
	minor, ok2 := number(b[8:11])
	return major, minor, ok && ok2
}

func number(b []byte) (n int, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// SecurityName names a security type (IANA, "Remote Framebuffer Security
// Types").
func SecurityName(t uint8) string {
	switch t {
	case SecurityInvalid:
		return "invalid"
	case SecurityNone:
		return "none"
	case SecurityVNC:
		return "vnc"
	case 5:
		return "ra2"
	case 6:
		return "ra2ne"
	case 16:
		return "tight"
	case 17:
		return "ultra"
	case 18:
		return "tls"
	case 19:
		return "vencrypt"
	case 20:
		return "sasl"
	case 21:
		return "md5"
	case 22:
		return "xvp"
	case 30, 31, 32, 33, 34, 35, 36:
		return "apple"
	case 129:
		return "unix-login"
	}
	return "other"
}
