// Package rtsp reads the Real-Time Streaming Protocol (RFC 2326, RFC 7826), by
// which cameras are asked for their streams: a codec for requests, responses and
// the interleaved media between them, and an analyser for who asks for what,
// with which credentials, of what kind of server. Media are skipped.
//
// The codec may be used by every part of the program.
package rtsp

import (
	"encoding/binary"
	"errors"

	"edgeward/internal/wire/proto/textline"
)

// MaxHead is how long the head of a message may be.
const MaxHead = 16 << 10

// The errors of Decode.
var (
	ErrShort  = errors.New("rtsp: incomplete message")
	ErrSyntax = errors.New("rtsp: no message")
)

// Message is a request, a response or a frame of interleaved media. Slices
// are views into the input.
type Message struct {
	Media   bool // an interleaved frame (RFC 7826 section 14)
	Channel uint8

	Request bool
	Method  []byte
	URL     []byte
	Status  uint16 // of a response

	CSeq          []byte
	UserAgent     []byte
	Server        []byte
	Authorization []byte
	Challenge     []byte // WWW-Authenticate; Digest wins when there are several
	Transport     []byte
	ContentType   []byte
	BodyLen       int // bytes behind the head, or of an interleaved frame's payload
}

// Decode reads the head at the beginning of b and gives its length; the body,
// of BodyLen bytes, follows.
func Decode(dst *Message, b []byte) (n int, err error) {
	*dst = Message{}
	if len(b) == 0 {
		return 0, ErrShort
	}
	if b[0] == '$' {
		if len(b) < 4 {
			return 0, ErrShort
		}
		dst.Media, dst.Channel, dst.BodyLen = true, b[1], int(binary.BigEndian.Uint16(b[2:]))
		return 4, nil
	}
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
	return n, nil
}

// startLine reads a request line or a status line (RFC 7826 sections 7.1, 8.1).
func (m *Message) startLine(line []byte) bool {
	word, rest := textline.Word(line)
	if isVersion(word) {
		code, _ := textline.Word(rest)
		v, ok := textline.Number(code)
		m.Status = uint16(v)
		return ok && v >= 100 && v <= 999
	}
	m.Request, m.Method = true, word
	url, version := textline.Word(rest)
	m.URL = url
	return isMethod(word) && len(url) > 0 && isVersion(version)
}

func isVersion(b []byte) bool {
	return len(b) == 8 && textline.HasPrefix(b, "rtsp/") && b[5] >= '1' && b[5] <= '2' && b[6] == '.' && b[7] >= '0' && b[7] <= '9'
}

func isMethod(b []byte) bool {
	switch string(b) {
	case "OPTIONS", "DESCRIBE", "SETUP", "PLAY", "PAUSE", "TEARDOWN", "GET_PARAMETER", "SET_PARAMETER",
		"ANNOUNCE", "RECORD", "REDIRECT", "PLAY_NOTIFY", "KEEPALIVE":
		return true
	}
	return false
}

func (m *Message) field(name, value []byte) {
	switch {
	case textline.Is(name, "cseq"):
		m.CSeq = value
	case textline.Is(name, "user-agent"):
		m.UserAgent = value
	case textline.Is(name, "server"):
		m.Server = value
	case textline.Is(name, "authorization"):
		m.Authorization = value
	case textline.Is(name, "www-authenticate"):
		if m.Challenge == nil || textline.HasPrefix(value, "digest") {
			m.Challenge = value
		}
	case textline.Is(name, "transport"):
		m.Transport = value
	case textline.Is(name, "content-type"):
		m.ContentType = value
	case textline.Is(name, "content-length"):
		if v, ok := textline.Number(value); ok && v <= 1<<24 {
			m.BodyLen = v
		}
	}
}
