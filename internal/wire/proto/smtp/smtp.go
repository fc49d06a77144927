// Package smtp reads mail submission and transfer (RFC 5321, RFC 4954, RFC
// 3207): a codec for command lines, and an analyser that counts what a sensor
// wants to know: who greets as whom, who sends how much to how many, who is
// refused, who logs in how. The mails themselves are skipped.
//
// The codec may be used by every part of the program.
package smtp

import (
	"bytes"

	"edgeward/internal/wire/proto/textline"
)

// MaxLine is how long a command line may be: 512 bytes and what extensions
// add, AUTH 12288 (RFC 4954 section 4).
const MaxLine = 12288 + 512

var verbs = [...]string{
	"HELO", "EHLO", "LHLO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "VRFY", "EXPN", "HELP", "NOOP", "QUIT", "STARTTLS", "AUTH",
	"ETRN", "TURN", "ATRN", "SEND", "SOML", "SAML", "XCLIENT", "XFORWARD", "BURL",
}

// Command is one command line.
type Command struct {
	Verb string // in capitals
	Arg  []byte // a view into the input
}

// Decode takes a line without its ending apart; ok is false when it is no
// command.
func Decode(dst *Command, line []byte) (ok bool) {
	word, arg := textline.Word(line)
	*dst = Command{Arg: arg}
	for _, v := range verbs {
		if len(v) == len(word) && bytes.EqualFold(word, []byte(v)) {
			dst.Verb = v
			return true
		}
	}
	return false
}

// Path gives the mailbox in the argument of MAIL or RCPT (RFC 5321 section
// 4.1.2), nil when it is malformed. The empty path of a bounce is not nil.
func Path(arg []byte) []byte {
	_, rest, ok := bytes.Cut(arg, []byte{':'})
	if !ok {
		return nil
	}
	rest = textline.TrimSpace(rest)
	if len(rest) == 0 || rest[0] != '<' {
		w, _ := textline.Word(rest)
		return w
	}
	end := bytes.IndexByte(rest, '>')
	if end < 0 {
		return nil
	}
	return rest[1:end]
}

// ChunkSize gives the size in the argument of BDAT (RFC 3030 section 2).
func ChunkSize(arg []byte) (size int, last, ok bool) {
	w, rest := textline.Word(arg)
	size, ok = textline.Number(w)
	return size, textline.Is(rest, "last"), ok
}
