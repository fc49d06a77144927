// Package http is HTTP/1.x (RFC 9110, RFC 9112): a codec of message heads and
// chunk lines, and an analyser that joins requests with their responses.
//
// The codec takes every protocol that writes its heads as HTTP does, so SSDP,
// RTSP and SIP may use it too. The analyser skips bodies by their length and
// keeps only their first bytes: it is no store of files. HTTP/2 is in package
// http2, what follows an upgrade to WebSocket in package websocket.
package http

import (
	"bytes"
	"errors"

	"edgeward/internal/wire/proto/textline"
)

// The limits of a head. RFC 9112 section 3 asks for request lines of at least
// 8000 bytes; servers take 8 to 32 KiB of head.
const (
	MaxHead   = 32 << 10
	MaxFields = 128 // further fields are read over
)

// What can keep a head from being decoded.
var (
	ErrShort     = errors.New("http: message head is not complete")
	ErrTooLong   = errors.New("http: message head is longer than 32 KiB")
	ErrStartLine = errors.New("http: not a request line or status line")
)

// Flaw is a set of things that RFC 9112 forbids and that Decode can live with.
type Flaw uint16

// The flaws. A strict reader refuses a head that has any.
const (
	FlawBareLF        Flaw = 1 << iota // a line ends without carriage return (section 2.2)
	FlawFolded                         // a value goes on in the next line (section 5.2)
	FlawFieldName                      // a field name is empty or no token (section 5.1)
	FlawNoColon                        // a line of the header section has no colon
	FlawControl                        // NUL or bare carriage return in a value
	FlawTarget                         // white space within the request target
	FlawNoVersion                      // a request line without version, as in HTTP/0.9
	FlawTooManyFields                  // more than MaxFields
)

// flawNames are stable names for anomaly facts; those that everybody lives
// with have none.
var flawNames = [...]string{"", "", "field_name_invalid", "field_no_colon", "field_control_character", "target_with_space", "request_line_no_version", "too_many_fields"}

// Field is one header field. Both parts are views into the decoded bytes; a
// folded value contains its line breaks.
type Field struct {
	Name, Value []byte
}

// Head is the head of a request or a response. All slices are views into the
// decoded bytes.
type Head struct {
	Method  []byte // nil in a response
	Target  []byte // of a request
	Version []byte // "HTTP/1.1", "RTSP/1.0", "SIP/2.0"
	Status  uint16 // of a response
	Reason  []byte // of a response
	Fields  []Field
	Flaws   Flaw
}

// IsRequest reports whether the head is a request's.
func (h *Head) IsRequest() bool { return h.Method != nil }

// Reset empties the head and keeps the memory of its fields.
func (h *Head) Reset() {
	clear(h.Fields)
	*h = Head{Fields: h.Fields[:0]}
}

// Decode reads one message head up to and with the empty line that ends it,
// and gives its length. Empty lines before the start line are read over
// (RFC 9112 section 2.2). The error is ErrShort when b has no whole head, and
// then nothing in dst is valid.
func Decode(dst *Head, b []byte) (n int, err error) {
	dst.Reset()
	start := leadingLines(b)
	end := headEnd(b, start)
	switch {
	case end == 0 && len(b)-start > MaxHead, end-start > MaxHead:
		return 0, ErrTooLong
	case end == 0:
		return 0, ErrShort
	}
	line, n := cutLine(b[start:end], &dst.Flaws)
	if !dst.startLine(line) {
		return 0, ErrStartLine
	}
	decodeFields(dst, b[start+n:end])
	return end, nil
}

// DecodeFields reads a header section without a start line, as in trailers
// (RFC 9112 section 7.1.2), up to and with the empty line that ends it.
func DecodeFields(dst *Head, b []byte) (n int, err error) {
	dst.Reset()
	end := 0
	switch {
	case len(b) > 0 && b[0] == '\n':
		return 1, nil
	case len(b) > 1 && b[0] == '\r' && b[1] == '\n':
		return 2, nil
	default:
		end = headEnd(b, 0)
	}
	switch {
	case end == 0 && len(b) > MaxHead, end > MaxHead:
		return 0, ErrTooLong
	case end == 0:
		return 0, ErrShort
	}
	decodeFields(dst, b[:end])
	return end, nil
}

// leadingLines gives the length of the empty lines that b begins with.
func leadingLines(b []byte) int {
	n := 0
	for n < len(b) && (b[n] == '\n' || b[n] == '\r') {
		n++
	}
	return n
}

// headEnd gives where the head that begins somewhere before from ends, 0 when
// its end is not in b. Bytes before from are known to hold no line end that is
// followed by an empty line.
func headEnd(b []byte, from int) int {
	for from < len(b) {
		i := bytes.IndexByte(b[from:], '\n')
		if i < 0 {
			return 0
		}
		from += i + 1
		switch rest := b[from:]; {
		case len(rest) > 0 && rest[0] == '\n':
			return from + 1
		case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
			return from + 2
		}
	}
	return 0
}

// cutLine takes the first line off b.
func cutLine(b []byte, flaws *Flaw) (line []byte, n int) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return b, len(b)
	}
	if i > 0 && b[i-1] == '\r' {
		return b[:i-1], i + 1
	}
	*flaws |= FlawBareLF
	return b[:i], i + 1
}

// decodeFields reads the header lines of block up to the empty line.
func decodeFields(dst *Head, block []byte) {
	value := -1 // where the value of the last field begins, if that field is kept
	for off := 0; off < len(block); {
		line, n := cutLine(block[off:], &dst.Flaws)
		switch {
		case len(line) == 0:
			return
		case line[0] != ' ' && line[0] != '\t':
			value = dst.field(line)
			if value >= 0 {
				value += off
			}
		case value >= 0:
			dst.Fields[len(dst.Fields)-1].Value = textline.TrimSpace(block[value : off+len(line)])
			fallthrough
		default:
			dst.Flaws |= FlawFolded
		}
		off += n
	}
}

// field adds the field in line and gives where in it the value begins, -1 when
// the field is not kept.
func (h *Head) field(line []byte) int {
	i := bytes.IndexByte(line, ':')
	if i < 0 {
		h.Flaws |= FlawNoColon
		return -1
	}
	name := line[:i]
	if !isToken(name) {
		h.Flaws |= FlawFieldName
		name = textline.TrimSpace(name)
	}
	if len(h.Fields) >= MaxFields {
		h.Flaws |= FlawTooManyFields
		return -1
	}
	value := textline.TrimSpace(line[i+1:])
	if bytes.IndexByte(value, 0) >= 0 || bytes.IndexByte(value, '\r') >= 0 {
		h.Flaws |= FlawControl
	}
	h.Fields = append(h.Fields, Field{name, value})
	return i + 1
}

// Get gives the value of the first field of that name, which must be in lower
// case; nil when there is none.
func (h *Head) Get(name string) []byte {
	for i := range h.Fields {
		if textline.Is(h.Fields[i].Name, name) {
			return h.Fields[i].Value
		}
	}
	return nil
}

// Append writes a head with the empty line that ends it. A head without
// method is a response. Folded values are written as they are.
func Append(dst []byte, h *Head) []byte {
	if h.IsRequest() {
		dst = append(dst, h.Method...)
		dst = append(dst, ' ')
		dst = append(dst, h.Target...)
		if len(h.Version) > 0 {
			dst = append(dst, ' ')
			dst = append(dst, h.Version...)
		}
	} else {
		dst = append(dst, h.Version...)
		s := h.Status
		dst = append(dst, ' ', byte('0'+s/100%10), byte('0'+s/10%10), byte('0'+s%10), ' ')
		dst = append(dst, h.Reason...)
	}
	dst = append(dst, '\r', '\n')
	for _, f := range h.Fields {
		dst = append(dst, f.Name...)
		dst = append(dst, ':', ' ')
		dst = append(dst, f.Value...)
		dst = append(dst, '\r', '\n')
	}
	return append(dst, '\r', '\n')
}

// tokenChars are the characters of a token (RFC 9110 section 5.6.2).
var tokenChars = func() (t [256]bool) {
	for _, c := range "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" {
		t[c] = true
	}
	return t
}()

func isToken(b []byte) bool {
	for _, c := range b {
		if !tokenChars[c] {
			return false
		}
	}
	return len(b) > 0
}
