// Package irc reads Internet Relay Chat (RFC 1459, RFC 2812, IRCv3 tags): a
// codec for one message, and an analyser for what matters to a sensor: who
// registers under which name, which channels are joined, what is said in them,
// and who logs in how. Bots take their orders by it, on any port.
//
// It follows no channel membership and keeps no history. The codec may be used
// by every part of the program.
package irc

import (
	"bytes"
	"errors"
)

// MaxParams is how many parameters a message has at most (RFC 2812 section 2.3).
const MaxParams = 15

// MaxLine is how long a message may be with its tags: 512 bytes (RFC 2812
// section 2.3) and 8191 of tags (IRCv3 message tags).
const MaxLine = 512 + 8191

// ErrSyntax says that a line is no IRC message.
var ErrSyntax = errors.New("irc: no message")

// Message is one message; its slices are views into the line.
type Message struct {
	Tags    []byte
	Prefix  []byte // server, or nick!user@host
	Command []byte // a word, or three digits
	Params  [MaxParams][]byte
	N       int // number of parameters
}

// Param gives parameter i, nil when there is none.
func (m *Message) Param(i int) []byte {
	if i >= m.N {
		return nil
	}
	return m.Params[i]
}

// Nick gives the nickname in the prefix.
func (m *Message) Nick() []byte {
	if i := bytes.IndexAny(m.Prefix, "!@"); i >= 0 {
		return m.Prefix[:i]
	}
	return m.Prefix
}

// Decode takes a line without its ending apart (RFC 2812 section 2.3.1).
func Decode(dst *Message, line []byte) error {
	*dst = Message{}
	if len(line) > MaxLine {
		return ErrSyntax
	}
	if len(line) > 0 && line[0] == '@' {
		dst.Tags, line = word(line[1:])
	}
	if len(line) > 0 && line[0] == ':' {
		if dst.Prefix, line = word(line[1:]); len(dst.Prefix) == 0 {
			return ErrSyntax
		}
	}
	if dst.Command, line = word(line); !validCommand(dst.Command) {
		return ErrSyntax
	}
	for len(line) > 0 && dst.N < MaxParams {
		if line[0] == ':' || dst.N == MaxParams-1 {
			dst.Params[dst.N] = bytes.TrimPrefix(line, []byte{':'})
			dst.N++
			break
		}
		dst.Params[dst.N], line = word(line)
		dst.N++
	}
	return nil
}

// word takes what stands before the next spaces off b.
func word(b []byte) (w, rest []byte) {
	i := bytes.IndexByte(b, ' ')
	if i < 0 {
		return b, nil
	}
	w, rest = b[:i], b[i:]
	for len(rest) > 0 && rest[0] == ' ' {
		rest = rest[1:]
	}
	return w, rest
}

func validCommand(c []byte) bool {
	if len(c) == 3 && isDigit(c[0]) && isDigit(c[1]) && isDigit(c[2]) {
		return true
	}
	for _, ch := range c {
		if (ch < 'A' || ch > 'Z') && (ch < 'a' || ch > 'z') {
			return false
		}
	}
	return len(c) >= 3 && len(c) <= 16
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// Append writes a message as a line with its ending; it is the inverse of Decode.
func Append(dst []byte, m *Message) []byte {
	if len(m.Tags) > 0 {
		dst = append(append(append(dst, '@'), m.Tags...), ' ')
	}
	if len(m.Prefix) > 0 {
		dst = append(append(append(dst, ':'), m.Prefix...), ' ')
	}
	dst = append(dst, m.Command...)
	for i, p := range m.Params[:m.N] {
		dst = append(dst, ' ')
		if i == m.N-1 && (len(p) == 0 || p[0] == ':' || bytes.IndexByte(p, ' ') >= 0) {
			dst = append(dst, ':')
		}
		dst = append(dst, p...)
	}
	return append(dst, '\r', '\n')
}

// validNick reports whether b can be a nickname. Servers allow more and
// longer ones than RFC 2812 section 2.3.1 does.
func validNick(b []byte) bool {
	if len(b) == 0 || len(b) > 64 {
		return false
	}
	for _, c := range b {
		if c <= ' ' || c == ',' || c == '*' || c == '?' || c == '@' || c == '!' || c == ':' || c == 0x7f {
			return false
		}
	}
	return true
}
