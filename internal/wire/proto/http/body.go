package http

import (
	"bytes"
	"errors"

	"edgeward/internal/wire/proto/textline"
)

// Framing is how the end of a message body is known (RFC 9112 section 6.3).
type Framing uint8

// The framings.
const (
	NoBody     Framing = iota
	Length             // Content-Length
	Chunked            // Transfer-Encoding: chunked
	UntilClose         // the end of the connection
)

// ErrLength says that Content-Length is no number or contradicts itself.
var ErrLength = errors.New("http: content-length is invalid")

// ErrBoth says that a head has both Content-Length and Transfer-Encoding,
// which request smuggling needs; the chunked framing counts.
var ErrBoth = errors.New("http: both content-length and transfer-encoding")

// RequestFraming gives the framing and length of a request's body. The
// framing is usable even with an error.
func RequestFraming(h *Head) (f Framing, length uint64, err error) {
	return framing(h, NoBody)
}

// ResponseFraming gives the framing and length of the body of the response to
// a request with that method (RFC 9112 section 6.3). The framing is usable
// even with an error.
func ResponseFraming(h *Head, method []byte) (f Framing, length uint64, err error) {
	if h.Status < 200 || h.Status == 204 || h.Status == 304 || string(method) == "HEAD" {
		return NoBody, 0, nil
	}
	if string(method) == "CONNECT" && h.Status < 300 {
		return NoBody, 0, nil
	}
	return framing(h, UntilClose)
}

func framing(h *Head, otherwise Framing) (f Framing, length uint64, err error) {
	f = otherwise
	seen := false
	for i := range h.Fields {
		if !textline.Is(h.Fields[i].Name, "content-length") {
			continue
		}
		v := h.Fields[i].Value
		if j := bytes.IndexByte(v, ','); j >= 0 { // a list of equal values is allowed
			v = textline.TrimSpace(v[:j])
		}
		n, ok := decimal(v)
		if !ok || seen && n != length {
			return otherwise, 0, ErrLength
		}
		f, length, seen = Length, n, true
	}
	if te := h.Get("transfer-encoding"); te != nil {
		if j := bytes.LastIndexByte(te, ','); j >= 0 {
			te = textline.TrimSpace(te[j+1:])
		}
		switch {
		case !textline.Is(te, "chunked"):
			if !seen {
				f = otherwise
			}
		case seen:
			return Chunked, 0, ErrBoth
		default:
			f = Chunked
		}
	}
	if f == Length && length == 0 {
		f = NoBody
	}
	return f, length, err
}

// decimal reads a decimal number that fills b and fits into 62 bits.
func decimal(b []byte) (n uint64, ok bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for _, c := range b {
		if !isDigit(c) {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, true
}

// ErrChunk says that a chunk does not begin with its size.
var ErrChunk = errors.New("http: chunk size is invalid")

// maxChunkLine bounds a chunk's size with its extensions.
const maxChunkLine = 1024

// DecodeChunkSize reads the line that begins a chunk (RFC 9112 section 7.1)
// and gives its length; extensions are read over. The error is ErrShort when
// the line does not end in b.
func DecodeChunkSize(b []byte) (size uint64, n int, err error) {
	digits := 0
	for digits < len(b) {
		v, ok := hexDigit(b[digits])
		if !ok {
			break
		}
		if digits == 15 { // 60 bits are enough for every body there is
			return 0, 0, ErrChunk
		}
		size = size<<4 | uint64(v)
		digits++
	}
	if digits == len(b) {
		return 0, 0, ErrShort
	}
	if digits == 0 {
		return 0, 0, ErrChunk
	}
	i := bytes.IndexByte(b[digits:min(len(b), maxChunkLine)], '\n')
	if i < 0 {
		if len(b) >= maxChunkLine {
			return 0, 0, ErrChunk
		}
		return 0, 0, ErrShort
	}
	ext := textline.TrimSpace(textline.TrimEnd(b[digits : digits+i]))
	if len(ext) > 0 && ext[0] != ';' {
		return 0, 0, ErrChunk
	}
	return size, digits + i + 1, nil
}

// AppendChunkSize writes the line that begins a chunk.
func AppendChunkSize(dst []byte, size uint64) []byte {
	const digits = "0123456789abcdef"
	started := false
	for i := 60; i >= 0; i -= 4 {
		d := size >> uint(i) & 15
		if d != 0 || started || i == 0 {
			dst = append(dst, digits[d])
			started = true
		}
	}
	return append(dst, '\r', '\n')
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}
