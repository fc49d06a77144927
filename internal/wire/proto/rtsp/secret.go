package rtsp

import (
	"bytes"

	"edgeward/internal/wire/proto/textline"
)

// address is a URL without the credentials that were in it.
type address struct {
	shown    []byte // without user and password
	user     []byte
	password []byte
	found    bool
}

// clean takes credentials out of a URL: those before the host (RFC 3986 section
// 3.2.1), and those that some recorders want in path or query as user= and
// password=. The shown form is appended to buf.
func clean(buf, url []byte) (a address) {
	head, tail := url[:0], url
	if i := bytes.Index(url, []byte("://")); i >= 0 {
		rest := url[i+3:]
		end := bytes.IndexAny(rest, "/?")
		if end < 0 {
			end = len(rest)
		}
		if at := bytes.LastIndexByte(rest[:end], '@'); at >= 0 {
			a.user, a.password, a.found = cutPair(rest[:at])
			head, tail = url[:i+3], rest[at+1:]
		}
	}
	a.shown = append(buf, head...)
	i := textline.Index(tail, "password=")
	if i < 0 {
		a.shown = append(a.shown, tail...)
		return a
	}
	password, after := value(tail[i+len("password="):])
	a.shown = append(append(append(a.shown, tail[:i+len("password=")]...), "***"...), after...)
	if !a.found {
		a.password, a.found = password, true
		if u := textline.Index(tail, "user="); u >= 0 {
			a.user, _ = value(tail[u+len("user="):])
		}
	}
	return a
}

func cutPair(b []byte) (user, password []byte, ok bool) {
	user, password, _ = bytes.Cut(b, []byte{':'})
	return user, password, true
}

// value gives what stands before the next separator.
func value(b []byte) (v, rest []byte) {
	if i := bytes.IndexAny(b, "&_/?;"); i >= 0 {
		return b[:i], b[i:]
	}
	return b, nil
}
