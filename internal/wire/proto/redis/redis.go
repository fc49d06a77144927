// Package redis recognises the protocol of Redis (RESP, versions 2 and 3) as far
// as it tells who logs in and what the server is: a codec for requests and the
// first line of replies, and an analyser. Data are skipped.
//
// The codec may be used by every part of the program.
package redis

import (
	"bytes"
	"errors"

	"edgeward/internal/wire/proto/textline"
)

// maxArgs is how many arguments of a request are kept.
const maxArgs = 4

// Limits of the protocol's reference implementation.
const (
	maxCount  = 1 << 20
	maxInline = 64 << 10
	maxKept   = 1 << 10 // longer values are not waited for
)

// The errors of Decode.
var (
	ErrShort  = errors.New("redis: incomplete message")
	ErrSyntax = errors.New("redis: malformed message")
)

// Request is a command with its first arguments, views into the input.
type Request struct {
	Args  [maxArgs][]byte
	Count int // of all arguments
}

// Decode reads the request at the beginning of b, an array of bulk strings or
// an inline command.
func Decode(dst *Request, b []byte) (n int, err error) {
	*dst = Request{}
	line, n := textline.Cut(b)
	if n == 0 {
		if len(b) > maxInline || len(b) > 0 && b[0] != '*' && !textline.Printable(b) {
			return 0, ErrSyntax
		}
		return 0, ErrShort
	}
	if len(line) == 0 || line[0] != '*' {
		return n, dst.inline(line)
	}
	count, ok := textline.Number(line[1:])
	if !ok || count > maxCount {
		return 0, ErrSyntax
	}
	dst.Count = count
	for i := range count {
		line, k := textline.Cut(b[n:])
		if k == 0 {
			if len(b)-n > 32 {
				return 0, ErrSyntax
			}
			return 0, ErrShort
		}
		if len(line) < 2 || line[0] != '$' {
			return 0, ErrSyntax
		}
		size, ok := textline.Number(line[1:])
		if !ok {
			return 0, ErrSyntax
		}
		n += k
		if len(b)-n < size+2 {
			if i == count-1 && i >= 2 && size > maxKept { // a long value, to be skipped
				return n + size + 2, nil
			}
			return 0, ErrShort
		}
		if i < maxArgs {
			dst.Args[i] = b[n : n+size]
		}
		n += size + 2
	}
	return n, nil
}

func (r *Request) inline(line []byte) error {
	if !textline.Printable(line) {
		return ErrSyntax
	}
	for len(line) > 0 && r.Count < maxArgs {
		r.Args[r.Count], line = textline.Word(line)
		r.Count++
	}
	return nil
}

// commands are those by which a client is known: the first it sends.
var commands = [...]string{
	"ping", "auth", "hello", "info", "config", "select", "set", "get", "keys", "command", "client", "flushall", "slaveof",
	"replicaof", "psync", "save", "eval", "module", "subscribe", "psubscribe", "del", "exists", "publish", "quit", "dbsize", "scan", "sentinel", "cluster",
}

// typed are the commands that a person types or a worm sends as a line.
var typed = [...]string{"ping", "auth", "info", "config", "keys", "flushall", "slaveof", "replicaof", "save", "dbsize"}

// known reports whether a word is a command by which a client is known, sent
// as an array or inline.
func known(word []byte, inline bool) bool {
	list := commands[:]
	if inline {
		list = typed[:]
	}
	for _, c := range list {
		if textline.Is(word, c) {
			return true
		}
	}
	return false
}

// property gives the value of a line "name:value" in the text of INFO.
func property(info []byte, name string) []byte {
	i := textline.Index(info, name)
	if i < 0 || i > 0 && info[i-1] != '\n' {
		return nil
	}
	value := info[i+len(name):]
	if end := bytes.IndexByte(value, '\n'); end >= 0 {
		value = value[:end]
	}
	return textline.TrimEnd(value)
}
