// Package ftp reads FTP (RFC 959, RFC 2428, RFC 4217): a codec for commands and
// the addresses in them, an analyser of control connections for logins,
// commands with their replies, and the files that are fetched and stored, and
// one of the data connections that those announce.
//
// The codec may be used by every part of the program.
package ftp

import (
	"bytes"

	"edgeward/internal/wire/proto/textline"
)

// MaxLine is how long a command line may be.
const MaxLine = 4096

// verbs are the commands of RFC 959, 2228, 2389, 2428, 3659 and what servers
// commonly add.
var verbs = [...]string{
	"ABOR", "ACCT", "ADAT", "ALLO", "APPE", "AUTH", "AVBL", "CCC", "CDUP", "CLNT", "CSID", "CWD", "DELE", "DSIZ", "ENC", "EPRT", "EPSV",
	"FEAT", "HASH", "HELP", "HOST", "LANG", "LIST", "LPRT", "LPSV", "MDTM", "MFCT", "MFF", "MFMT", "MIC", "MKD", "MLSD", "MLST", "MODE",
	"NLST", "NOOP", "OPTS", "PASS", "PASV", "PBSZ", "PORT", "PROT", "PWD", "QUIT", "REIN", "REST", "RETR", "RMD", "RNFR", "RNTO", "SITE",
	"SIZE", "SMNT", "STAT", "STOR", "STOU", "STRU", "SYST", "TYPE", "USER", "XCUP", "XCRC", "XCWD", "XMD5", "XMKD", "XPWD", "XRMD", "XSHA1",
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

// Port gives the port in the argument of PORT or the text of a reply to PASV:
// six numbers with commas (RFC 959 section 4.1.2). ok is false when there are
// none.
func Port(b []byte) (port uint16, ok bool) {
	i := bytes.IndexAny(b, "0123456789")
	if i < 0 {
		return 0, false
	}
	if open := bytes.IndexByte(b, '('); open >= 0 {
		i = open + 1
	}
	var n [6]int
	for k := range n {
		j := i
		for j < len(b) && b[j] >= '0' && b[j] <= '9' {
			j++
		}
		v, ok := textline.Number(b[i:j])
		if !ok || v > 255 || k < 5 && (j >= len(b) || b[j] != ',') {
			return 0, false
		}
		n[k], i = v, j+1
	}
	return uint16(n[4]<<8 | n[5]), true
}

// ExtendedPort gives the port in the argument of EPRT or the text of a reply to
// EPSV: fields between delimiters (RFC 2428).
func ExtendedPort(b []byte) (port uint16, ok bool) {
	if open := bytes.IndexByte(b, '('); open >= 0 {
		b = b[open+1:]
	}
	if len(b) < 5 {
		return 0, false
	}
	delimiter := b[0]
	b = b[1:]
	for range 2 {
		i := bytes.IndexByte(b, delimiter)
		if i < 0 {
			return 0, false
		}
		b = b[i+1:]
	}
	end := bytes.IndexByte(b, delimiter)
	if end < 0 {
		return 0, false
	}
	v, ok := textline.Number(b[:end])
	if !ok || v == 0 || v >= 1<<16 {
		return 0, false
	}
	return uint16(v), true
}
