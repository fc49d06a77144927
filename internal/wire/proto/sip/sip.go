// Package sip reads the Session Initiation Protocol (RFC 3261) over UDP and TCP:
// a codec for heads of messages, and an analyser for requests with their final
// responses, what the two sides say they are, and the logins among them.
// Session descriptions and media are skipped.
//
// The codec may be used by every part of the program.
package sip

import (
	"errors"

	"edgeward/internal/wire/proto/textline"
)

// MaxHead is how long the head of a message may be.
const MaxHead = 32 << 10

// The errors of Decode.
var (
	ErrShort  = errors.New("sip: incomplete message")
	ErrSyntax = errors.New("sip: no message")
)

// Message is the head of a request or response. Slices are views into the
// input.
type Message struct {
	Request bool
	Method  []byte // of a request; of a response the one in CSeq
	URI     []byte
	Status  uint16

	CallID        []byte
	CSeq          []byte // number and method
	Via           []byte // the first one
	UserAgent     []byte
	Server        []byte
	Authorization []byte // or Proxy-Authorization
	Challenge     []byte // WWW-Authenticate or Proxy-Authenticate
	BodyLen       int    // Content-Length, -1 when there is none
}

// Decode reads the head at the beginning of b and gives its length; the body
// follows.
func Decode(dst *Message, b []byte) (n int, err error) {
	*dst = Message{BodyLen: -1}
	first, k := textline.Cut(b)
	if k == 0 {
		if len(b) > 1024 || !textline.Printable(b) {
			return 0, ErrSyntax
		}
		return 0, ErrShort
	}
	if !dst.startLine(first) {
		return 0, ErrSyntax
	}
	n = textline.HeadEnd(b)
	if n == 0 {
		if len(b) > MaxHead {
			return 0, ErrSyntax
		}
		return 0, ErrShort
	}
	for name, value := range textline.Fields(b[:n]) {
		dst.field(name, value)
	}
	if dst.CallID == nil || dst.CSeq == nil || dst.Via == nil {
		return 0, ErrSyntax // RFC 3261 section 8.1.1: every message has them
	}
	if number, method := textline.Word(dst.CSeq); !dst.Request {
		dst.Method = method
	} else if _, ok := textline.Number(number); !ok && len(number) > 10 {
		return 0, ErrSyntax
	}
	return n, nil
}

// startLine reads a request line or a status line (RFC 3261 sections 7.1, 7.2).
func (m *Message) startLine(line []byte) bool {
	word, rest := textline.Word(line)
	if isVersion(word) {
		code, _ := textline.Word(rest)
		v, ok := textline.Number(code)
		m.Status = uint16(v)
		return ok && v >= 100 && v <= 699
	}
	uri, version := textline.Word(rest)
	m.Request, m.Method, m.URI = true, word, uri
	return isMethod(word) && len(uri) > 0 && isVersion(version)
}

func isVersion(b []byte) bool { return textline.Is(b, "sip/2.0") }

// isMethod reports whether b is a word in capitals; extensions add methods.
func isMethod(b []byte) bool {
	for _, c := range b {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return len(b) >= 3 && len(b) <= 16
}

// field takes the fields that matter, also in their compact form (RFC 3261
// section 7.3.3).
func (m *Message) field(name, value []byte) {
	switch {
	case textline.Is(name, "call-id"), textline.Is(name, "i"):
		m.CallID = value
	case textline.Is(name, "cseq"):
		m.CSeq = value
	case textline.Is(name, "via"), textline.Is(name, "v"):
		if m.Via == nil {
			m.Via = value
		}
	case textline.Is(name, "user-agent"):
		m.UserAgent = value
	case textline.Is(name, "server"):
		m.Server = value
	case textline.Is(name, "authorization"), textline.Is(name, "proxy-authorization"):
		m.Authorization = value
	case textline.Is(name, "www-authenticate"), textline.Is(name, "proxy-authenticate"):
		m.Challenge = value
	case textline.Is(name, "content-length"), textline.Is(name, "l"):
		if v, ok := textline.Number(value); ok && v <= 1<<20 {
			m.BodyLen = v
		}
	}
}
