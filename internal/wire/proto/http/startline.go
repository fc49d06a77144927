package http

import (
	"bytes"

	"edgeward/internal/wire/proto/textline"
)

// startLine takes the request line or status line apart (RFC 9112 sections 3
// and 4) and reports whether it is one.
func (h *Head) startLine(line []byte) bool {
	i := bytes.IndexByte(line, ' ')
	if i <= 0 {
		return false
	}
	first := line[:i]
	if isVersion(first) {
		return h.statusLine(first, line[i+1:])
	}
	if !isMethod(first) {
		return false
	}
	rest := textline.TrimSpace(line[i+1:])
	if len(rest) == 0 {
		return false
	}
	h.Method = first
	if j := bytes.LastIndexByte(rest, ' '); j >= 0 && isVersion(rest[j+1:]) {
		h.Version = rest[j+1:]
		rest = textline.TrimSpace(rest[:j])
	} else {
		h.Flaws |= FlawNoVersion
	}
	if bytes.IndexByte(rest, ' ') >= 0 || bytes.IndexByte(rest, '\t') >= 0 {
		h.Flaws |= FlawTarget
	}
	h.Target = rest
	return true
}

func (h *Head) statusLine(version, rest []byte) bool {
	rest = textline.TrimSpace(rest)
	if len(rest) < 3 || len(rest) > 3 && rest[3] != ' ' {
		return false
	}
	status := uint16(0)
	for _, c := range rest[:3] {
		if c < '0' || c > '9' {
			return false
		}
		status = status*10 + uint16(c-'0')
	}
	if status < 100 {
		return false
	}
	h.Version, h.Status = version, status
	h.Reason = textline.TrimSpace(rest[3:])
	return true
}

// isVersion reports whether b is a protocol name and version: "HTTP/1.1".
func isVersion(b []byte) bool {
	i := bytes.IndexByte(b, '/')
	if i < 3 || i > 8 || len(b) != i+4 {
		return false
	}
	for _, c := range b[:i] {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return isDigit(b[i+1]) && b[i+2] == '.' && isDigit(b[i+3])
}

// isMethod reports whether b can be a method: a token of capital letters, as
// every registered one is, at most 32 long.
func isMethod(b []byte) bool {
	for _, c := range b {
		if (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return false
		}
	}
	return len(b) >= 2 && len(b) <= 32 && b[0] >= 'A' && b[0] <= 'Z'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isHTTP1 reports whether b is a version that this package's analyser parses.
func isHTTP1(b []byte) bool {
	return len(b) == 8 && string(b[:7]) == "HTTP/1."
}

// verdict is what the beginning of a direction's bytes says.
type verdict uint8

const (
	notHTTP verdict = iota
	tooShort
	requestLine
	statusLine
)

// maxStartLine bounds what is taken for the beginning of a request line.
const maxStartLine = 8 << 10

// judge looks at a possible start line at the beginning of b.
func judge(b []byte) verdict {
	b = b[min(leadingLines(b), len(b)):]
	if len(b) == 0 {
		return tooShort
	}
	i := bytes.IndexByte(b[:min(len(b), maxStartLine)], '\n')
	if i < 0 {
		if len(b) < maxStartLine && couldStart(b) {
			return tooShort
		}
		return notHTTP
	}
	var h Head
	if !h.startLine(textline.TrimEnd(b[:i])) || !isHTTP1(h.Version) || !textline.Printable(b[:i]) {
		return notHTTP
	}
	if h.IsRequest() {
		return requestLine
	}
	return statusLine
}

// couldStart reports whether b may become a start line with what follows.
func couldStart(b []byte) bool {
	if !textline.Printable(b) {
		return false
	}
	i := bytes.IndexByte(b, ' ')
	if i < 0 {
		i = len(b)
		if const1 := "HTTP/1."; i <= len(const1) {
			if string(b) == const1[:i] {
				return true
			}
		} else if i <= 8 {
			return isHTTP1(b)
		}
		return i <= 32 && (i == 1 && b[0] >= 'A' && b[0] <= 'Z' || isMethod(b))
	}
	return isHTTP1(b[:i]) || isMethod(b[:i])
}

// findStart gives where a start line begins in bytes that were joined in the
// middle of a conversation, -1 when there is none. Only lines are looked at
// that are complete, and only what follows a line break or another byte that
// no method or version contains, so text about HTTP in a body is rarely met.
func findStart(b []byte, request bool) int {
	if request {
		for off := 0; ; {
			i := bytes.Index(b[off:], []byte(" HTTP/1."))
			if i < 0 {
				return -1
			}
			off += i
			begin := bytes.LastIndexByte(b[:off], '\n') + 1
			for begin < off && b[begin] == '\r' {
				begin++
			}
			if judge(b[begin:]) == requestLine {
				return begin
			}
			off += len(" HTTP/1.")
		}
	}
	for off := 0; ; {
		i := bytes.Index(b[off:], []byte("HTTP/1."))
		if i < 0 {
			return -1
		}
		off += i
		if judge(b[off:]) == statusLine {
			return off
		}
		off += len("HTTP/1.")
	}
}
