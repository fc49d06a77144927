package magic

import (
	"bytes"
	"unicode/utf8"
)

// htmlTags are the first tags that only web pages begin with.
var htmlTags = []string{"!doctype html", "html", "head", "body", "script", "title", "meta", "iframe", "table", "div", "h1"}

// text names data that has no signature, looking at its characters.
func text(b []byte) string {
	if !printable(b) {
		return Unknown
	}
	t := bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	t = bytes.TrimLeft(t, " \t\r\n")
	switch {
	case len(t) == 0:
		return Text
	case t[0] == '<':
		return markup(t)
	case t[0] == '{', t[0] == '[':
		if looksJSON(t) {
			return JSON
		}
	}
	if shell(t) {
		return Script
	}
	return Text
}

// markup parts web pages, drawings and other XML.
func markup(t []byte) string {
	for bytes.HasPrefix(t, []byte("<!--")) {
		end := bytes.Index(t, []byte("-->"))
		if end < 0 {
			return HTML
		}
		t = bytes.TrimLeft(t[end+3:], " \t\r\n")
	}
	if len(t) < 2 {
		return Text
	}
	for _, tag := range htmlTags {
		if rest := t[1:]; len(rest) > len(tag) && foldEqual(rest[:len(tag)], tag) {
			if c := rest[len(tag)]; c == '>' || c == ' ' || c == '\r' || c == '\n' || c == '\t' {
				return HTML
			}
		}
	}
	c := t[1] | 0x20
	if t[1] != '?' && t[1] != '!' && (c < 'a' || c > 'z') {
		return Text
	}
	switch {
	case bytes.Contains(t, []byte("<html")), bytes.Contains(t, []byte("<HTML")):
		return HTML
	case bytes.Contains(t, []byte("<svg")):
		return Image
	}
	return XML
}

// looksJSON checks the first two tokens.
func looksJSON(t []byte) bool {
	rest := bytes.TrimLeft(t[1:], " \t\r\n")
	if len(rest) == 0 {
		return len(t) == 1
	}
	switch c := rest[0]; {
	case c == '"':
		return true
	case t[0] == '{':
		return c == '}'
	case c == ']', c == '{', c == '[', c == '-', c >= '0' && c <= '9':
		return true
	}
	return bytes.HasPrefix(rest, []byte("true")) || bytes.HasPrefix(rest, []byte("false")) || bytes.HasPrefix(rest, []byte("null"))
}

// commands are the shell words by which droppers without a "#!" line are
// known. Two different ones in command position make a script.
var commands = []string{
	"wget", "curl", "tftp", "ftpget", "busybox", "/bin/busybox", "chmod", "cd /", "rm -", "./",
	"sh ", "export ", "mv ", "cp ", "cat ", "killall", "pkill", "iptables", "nohup", "echo ",
	"@echo off", "powershell", "mount ", "ulimit",
}

// shell counts different shell commands at the beginning of a line or behind
// a separator.
func shell(t []byte) bool {
	var seen uint32
	found := 0
	start := true
	for i := 0; i < len(t); i++ {
		c := t[i]
		if start && c != ' ' && c != '\t' {
			for j, w := range commands {
				if seen&(1<<j) == 0 && len(t)-i >= len(w) && string(t[i:i+len(w)]) == w {
					seen |= 1 << j
					if found++; found == 2 {
						return true
					}
				}
			}
			start = false
		}
		if c == '\n' || c == ';' || c == '|' || c == '&' {
			start = true
		}
	}
	return false
}

// printable reports whether b is text: UTF-8 or a single-byte character set,
// without control characters but white space, form feed and escape.
func printable(b []byte) bool {
	high := 0
	for _, c := range b {
		switch {
		case c >= 0x80:
			high++
		case c >= 0x20 && c != 0x7f, c == '\n', c == '\r', c == '\t', c == '\f', c == 0x1b:
		default:
			return false
		}
	}
	if high == 0 {
		return true
	}
	// A rune may be cut at the end of what is seen.
	for cut := 0; cut < utf8.UTFMax && cut < len(b); cut++ {
		if utf8.Valid(b[:len(b)-cut]) {
			return true
		}
	}
	return high*10 < len(b)
}

// foldEqual compares ASCII without case; s is lower-case.
func foldEqual(b []byte, s string) bool {
	for i := range b {
		c := b[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != s[i] {
			return false
		}
	}
	return true
}
