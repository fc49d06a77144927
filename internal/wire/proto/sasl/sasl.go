// Package sasl reads what clients send to log in by the SASL mechanisms that
// show the password: PLAIN (RFC 4616) and LOGIN (draft-murchison-sasl-login).
// SMTP and IRC carry them in base64.
//
// It keeps no state and judges nothing. The protocol folders beside it use it.
package sasl

import (
	"bytes"
	"encoding/base64"
)

// MaxText is how long a decoded response may be.
const MaxText = 384

// Decode turns base64 into text in buf and gives what it holds; ok is false
// when b is no base64 or too long. A single "=" is an empty response (RFC 4954
// section 4).
func Decode(buf *[MaxText]byte, b []byte) (text []byte, ok bool) {
	if len(b) == 1 && b[0] == '=' {
		return buf[:0], true
	}
	b = bytes.TrimRight(b, "=")
	if base64.RawStdEncoding.DecodedLen(len(b)) > MaxText {
		return nil, false
	}
	n, err := base64.RawStdEncoding.Decode(buf[:], b)
	if err != nil {
		return nil, false
	}
	return buf[:n], true
}

// Plain takes the message of mechanism PLAIN apart: authorisation identity,
// NUL, user, NUL, password.
func Plain(text []byte) (user, password []byte, ok bool) {
	_, rest, ok := bytes.Cut(text, []byte{0})
	if !ok {
		return nil, nil, false
	}
	user, password, ok = bytes.Cut(rest, []byte{0})
	if !ok || len(user) == 0 || bytes.IndexByte(password, 0) >= 0 {
		return nil, nil, false
	}
	return user, password, true
}
