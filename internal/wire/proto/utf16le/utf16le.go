// Package utf16le turns the little-endian UTF-16 of Microsoft's protocols into
// UTF-8. It keeps no state; SMB, NTLM, DCE/RPC and RDP use it, and any other
// package may.
package utf16le

import (
	"unicode/utf16"
	"unicode/utf8"
)

// Append appends b as UTF-8, at most up to a length of dst of max bytes. A NUL
// ends the text; an odd last byte and lone surrogates become the replacement
// character.
func Append(dst, b []byte, max int) []byte {
	for len(b) >= 2 {
		r := rune(b[0]) | rune(b[1])<<8
		b = b[2:]
		if r == 0 {
			return dst
		}
		if utf16.IsSurrogate(r) {
			var low rune
			if len(b) >= 2 {
				low = rune(b[0]) | rune(b[1])<<8
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				b = b[2:]
			}
		}
		if len(dst)+utf8.RuneLen(r) > max {
			return dst
		}
		dst = utf8.AppendRune(dst, r)
	}
	if len(b) == 1 && len(dst)+3 <= max {
		dst = utf8.AppendRune(dst, utf8.RuneError)
	}
	return dst
}

// Encode appends s as little-endian UTF-16.
func Encode(dst []byte, s string) []byte {
	for _, u := range utf16.Encode([]rune(s)) {
		dst = append(dst, byte(u), byte(u>>8))
	}
	return dst
}
