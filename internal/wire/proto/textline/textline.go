// Package textline is the codec of what the text protocols of the Internet
// have in common: lines ended by CR LF (or LF alone, which every
// implementation takes), words parted by spaces, and header fields of the form
// "Name: value" (RFC 5322 section 2.2). FTP, SMTP, IRC, SIP, RTSP and line-based
// JSON are read with it.
//
// It keeps no state, allocates nothing and knows no protocol. Every protocol
// folder may use it.
package textline

import (
	"bytes"
	"iter"
)

// Cut takes the first line off b: the line without its ending and the number
// of bytes it took with it. n is 0 when no line ends in b.
func Cut(b []byte) (line []byte, n int) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return nil, 0
	}
	return TrimEnd(b[:i]), i + 1
}

// TrimEnd takes carriage returns and NUL off the end of a line.
func TrimEnd(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == '\r' || b[len(b)-1] == 0) {
		b = b[:len(b)-1]
	}
	return b
}

// Word takes the first word off b; words are parted by spaces and tabs. rest
// begins with the next word.
func Word(b []byte) (word, rest []byte) {
	b = TrimSpace(b)
	for i, c := range b {
		if c == ' ' || c == '\t' {
			return b[:i], TrimSpace(b[i:])
		}
	}
	return b, nil
}

// TrimSpace takes spaces and tabs off both ends.
func TrimSpace(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// Field takes a header line apart. name is empty when the line is none.
func Field(line []byte) (name, value []byte) {
	i := bytes.IndexByte(line, ':')
	if i <= 0 {
		return nil, nil
	}
	name = TrimSpace(line[:i])
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return nil, nil
		}
	}
	return name, TrimSpace(line[i+1:])
}

// HeadEnd gives the length of the message head at the beginning of b with the
// empty line that ends it, 0 when it does not end in b.
func HeadEnd(b []byte) int {
	for off := 0; ; {
		i := bytes.IndexByte(b[off:], '\n')
		if i < 0 {
			return 0
		}
		off += i + 1
		rest := b[off:]
		switch {
		case len(rest) > 0 && rest[0] == '\n':
			return off + 1
		case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
			return off + 2
		}
	}
}

// Fields gives the header fields in a message head, without its first line.
// Lines that are no fields, such as folded ones, are left out.
func Fields(head []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		_, n := Cut(head)
		for head = head[n:]; n > 0; head = head[n:] {
			var line []byte
			if line, n = Cut(head); len(line) == 0 || line[0] == ' ' || line[0] == '\t' {
				continue
			}
			if name, value := Field(line); name != nil && !yield(name, value) {
				return
			}
		}
	}
}

// Is reports whether b is s, where s is in lower case and ASCII case does not count.
func Is(b []byte, s string) bool { return len(b) == len(s) && HasPrefix(b, s) }

// HasPrefix reports whether b begins with s, where s is in lower case and
// ASCII case does not count.
func HasPrefix(b []byte, s string) bool {
	if len(b) < len(s) {
		return false
	}
	for i := range len(s) {
		if Lower(b[i]) != s[i] {
			return false
		}
	}
	return true
}

// Index gives the position of s in b, where s is in lower case and ASCII case
// does not count; -1 when it is not there.
func Index(b []byte, s string) int {
	for i := 0; i+len(s) <= len(b); i++ {
		if HasPrefix(b[i:], s) {
			return i
		}
	}
	return -1
}

// Lower makes an ASCII letter small.
func Lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// Printable reports whether b is text: no control characters but tab, CR and LF.
// Bytes above 127 count as text.
func Printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' && c != '\r' && c != '\n' || c == 0x7f {
			return false
		}
	}
	return true
}

// Number reads a decimal number of at most nine digits that fills b.
func Number(b []byte) (n int, ok bool) {
	if len(b) == 0 || len(b) > 9 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}
