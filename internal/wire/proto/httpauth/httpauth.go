// Package httpauth reads the values of the header fields by which HTTP, RTSP
// and SIP ask for and give credentials: Authorization and WWW-Authenticate with
// the schemes Basic (RFC 7617) and Digest (RFC 7616, RFC 2617).
//
// It keeps no state and verifies nothing. The protocol folders beside it use
// it.
package httpauth

import (
	"bytes"
	"encoding/base64"

	"edgeward/internal/wire/proto/textline"
)

// MaxPair is how long user and password of Basic may be together.
const MaxPair = 384

// Credentials is what an Authorization field tells. Slices are views into the
// field or into the buffer given to Decode.
type Credentials struct {
	Scheme   string // basic, digest, or empty for any other
	User     []byte
	Password []byte // Basic only
	Realm    []byte // Digest only
}

// Decode reads the value of an Authorization field. ok is false when the
// scheme is another one or the value is malformed.
func Decode(dst *Credentials, buf *[MaxPair]byte, value []byte) (ok bool) {
	*dst = Credentials{}
	scheme, rest := textline.Word(value)
	switch {
	case textline.Is(scheme, "basic"):
		rest = bytes.TrimRight(rest, "=")
		if base64.RawStdEncoding.DecodedLen(len(rest)) > MaxPair {
			return false
		}
		n, err := base64.RawStdEncoding.Decode(buf[:], rest)
		if err != nil {
			return false
		}
		user, password, found := bytes.Cut(buf[:n], []byte{':'})
		if !found {
			return false
		}
		dst.Scheme, dst.User, dst.Password = "basic", user, password
		return true
	case textline.Is(scheme, "digest"):
		dst.Scheme, dst.User, dst.Realm = "digest", Param(rest, "username"), Param(rest, "realm")
		return dst.User != nil
	}
	return false
}

// Challenge reads the value of a WWW-Authenticate field: scheme and realm.
func Challenge(value []byte) (scheme, realm []byte) {
	scheme, rest := textline.Word(value)
	return scheme, Param(rest, "realm")
}

// Stale reports whether a challenge says that the credentials were right but
// proved with an old nonce (RFC 7616 section 3.3): the client proves them anew.
func Stale(value []byte) bool { return textline.Is(Param(value, "stale"), "true") }

// Param gives the value of a parameter in a list of name=value, quoted or not,
// nil when it is not there. name is in lower case.
func Param(list []byte, name string) []byte {
	for len(list) > 0 {
		eq := bytes.IndexByte(list, '=')
		if eq < 0 {
			return nil
		}
		key := textline.TrimSpace(list[:eq])
		if i := bytes.LastIndexAny(key, ", \t"); i >= 0 {
			key = key[i+1:]
		}
		value, rest := paramValue(textline.TrimSpace(list[eq+1:]))
		if textline.Is(key, name) {
			return value
		}
		list = rest
	}
	return nil
}

// paramValue takes a value off the beginning of b.
func paramValue(b []byte) (value, rest []byte) {
	if len(b) > 0 && b[0] == '"' {
		b = b[1:]
		if end := bytes.IndexByte(b, '"'); end >= 0 {
			return b[:end], b[end+1:]
		}
		return b, nil
	}
	if end := bytes.IndexAny(b, ", ;"); end >= 0 {
		return b[:end], b[end:]
	}
	return b, nil
}
