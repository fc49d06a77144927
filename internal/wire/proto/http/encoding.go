package http

import (
	"bytes"
	"compress/flate"
	"io"
	"sync"

	"edgeward/internal/wire/proto/textline"
)

// inflater undoes the compression of the first bytes of a body.
type inflater struct {
	in  bytes.Reader
	z   io.ReadCloser
	out [maxBody]byte
}

var inflaters = sync.Pool{New: func() any {
	i := new(inflater)
	i.z = flate.NewReader(&i.in)
	return i
}}

// decode gives the beginning of a body as it was before its content coding
// (RFC 9110 section 8.4.1), at most maxBody bytes appended to dst. Codings other
// than gzip and deflate, and broken ones, give nothing.
func decode(dst, coding, body []byte) []byte {
	switch {
	case textline.Is(coding, "gzip"), textline.Is(coding, "x-gzip"):
		body = skipGzipHeader(body)
	case textline.Is(coding, "deflate"):
		// A zlib header (RFC 1950), which some servers leave away.
		if len(body) > 2 && body[0]&15 == 8 && (uint(body[0])<<8|uint(body[1]))%31 == 0 {
			body = body[2:]
		}
	default:
		return dst
	}
	if len(body) == 0 {
		return dst
	}
	i := inflaters.Get().(*inflater)
	defer inflaters.Put(i)
	i.in.Reset(body)
	if i.z.(flate.Resetter).Reset(&i.in, nil) != nil {
		return dst
	}
	// A body that is cut gives an error with what could be read.
	n, _ := io.ReadFull(i.z, i.out[:])
	i.in.Reset(nil)
	return append(dst, i.out[:n]...)
}

// skipGzipHeader gives what follows the header (RFC 1952 section 2.3), nil
// when there is none.
func skipGzipHeader(b []byte) []byte {
	const (
		crc = 1 << (iota + 1)
		extra
		name
		comment
	)
	if len(b) < 10 || b[0] != 0x1f || b[1] != 0x8b || b[2] != 8 {
		return nil
	}
	flags := b[3]
	b = b[10:]
	if flags&extra != 0 {
		if len(b) < 2 {
			return nil
		}
		n := 2 + int(b[0]) + int(b[1])<<8
		if len(b) < n {
			return nil
		}
		b = b[n:]
	}
	for _, f := range []byte{name, comment} {
		if flags&f != 0 {
			i := bytes.IndexByte(b, 0)
			if i < 0 {
				return nil
			}
			b = b[i+1:]
		}
	}
	if flags&crc != 0 {
		if len(b) < 2 {
			return nil
		}
		b = b[2:]
	}
	return b
}
