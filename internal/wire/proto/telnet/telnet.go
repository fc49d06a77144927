// Package telnet reads Telnet (RFC 854): a codec for the command and option
// bytes between the text, and an analyser that follows a session the way a
// person at the screen would: banner, prompts, who logs in with what and
// whether it worked, and what is typed afterwards.
//
// It is no terminal emulator: escape sequences are dropped, the cursor is not
// followed. The codec may be used by every part of the program.
package telnet

import (
	"bytes"
	"errors"
)

// The command bytes of RFC 854.
const (
	SE   = 240
	NOP  = 241
	SB   = 250
	WILL = 251
	WONT = 252
	DO   = 253
	DONT = 254
	IAC  = 255
)

// The options of which the analyser reads the parameters.
const (
	OptEcho         = 1
	OptTerminalType = 24
	OptOldEnviron   = 36
	OptNewEnviron   = 39
)

// MaxSubnegotiation is how long the parameters of an option may be.
const MaxSubnegotiation = 4096

// Kind is what a token is.
type Kind uint8

// The kinds of tokens.
const (
	Text           Kind = iota // Data is text
	Command                    // Verb is a command other than those below
	Negotiation                // Verb is WILL, WONT, DO or DONT, of Option
	Subnegotiation             // Data holds the parameters of Option, bytes of 255 still doubled
)

// Token is a piece of a Telnet stream.
type Token struct {
	Kind   Kind
	Verb   byte
	Option byte
	Data   []byte // a view into the input
}

// The errors of Decode.
var (
	ErrShort = errors.New("telnet: incomplete command")
	ErrLong  = errors.New("telnet: subnegotiation without an end")
)

// Decode reads the token at the beginning of b and gives its length. With
// ErrShort it wants more bytes; with ErrLong the length is that of the
// beginning of a subnegotiation, which may be skipped.
func Decode(dst *Token, b []byte) (n int, err error) {
	*dst = Token{}
	switch {
	case len(b) == 0:
		return 0, ErrShort
	case b[0] != IAC:
		n = bytes.IndexByte(b, IAC)
		if n < 0 {
			n = len(b)
		}
		dst.Data = b[:n]
		return n, nil
	case len(b) < 2:
		return 0, ErrShort
	case b[1] == IAC:
		dst.Data = b[1:2]
		return 2, nil
	case b[1] < SB:
		dst.Kind, dst.Verb = Command, b[1]
		return 2, nil
	case len(b) < 3:
		return 0, ErrShort
	case b[1] != SB:
		dst.Kind, dst.Verb, dst.Option = Negotiation, b[1], b[2]
		return 3, nil
	}
	dst.Kind, dst.Verb, dst.Option = Subnegotiation, SB, b[2]
	for i := 3; i+1 < len(b) && i < 3+MaxSubnegotiation; i++ {
		if b[i] != IAC {
			continue
		}
		switch b[i+1] {
		case IAC:
			i++
		case SE:
			dst.Data = b[3:i]
			return i + 2, nil
		default: // the end was forgotten: what follows is a command of its own
			dst.Data = b[3:i]
			return i, nil
		}
	}
	if len(b) >= 3+MaxSubnegotiation {
		return 3, ErrLong
	}
	return 0, ErrShort
}

// Append writes a token as Decode reads it; it is the inverse.
func Append(dst []byte, t *Token) []byte {
	switch t.Kind {
	case Text:
		for _, c := range t.Data {
			if c == IAC {
				dst = append(dst, IAC)
			}
			dst = append(dst, c)
		}
		return dst
	case Command:
		return append(dst, IAC, t.Verb)
	case Negotiation:
		return append(dst, IAC, t.Verb, t.Option)
	}
	dst = append(dst, IAC, SB, t.Option)
	dst = append(dst, t.Data...)
	return append(dst, IAC, SE)
}

// EnvironUser gives the value of the variable USER in the parameters of an
// environment option (RFC 1572 section 2), nil when it is not in there.
func EnvironUser(params []byte) []byte {
	const (
		isVar   = 0
		isValue = 1
		escape  = 2
		isUser  = 3
	)
	if len(params) < 2 || params[0] == 1 { // 1: a request, without values
		return nil
	}
	b := params[1:]
	for len(b) > 0 {
		if b[0] != isVar && b[0] != isUser {
			b = b[1:]
			continue
		}
		name := b[1:]
		if !bytes.HasPrefix(name, []byte("USER\x01")) {
			b = name
			continue
		}
		value := name[5:]
		for i, c := range value {
			if c <= isUser && c != escape {
				return value[:i]
			}
		}
		return value
	}
	return nil
}
