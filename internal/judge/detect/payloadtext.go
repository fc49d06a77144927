package detect

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
)

// attackText is what an attack in the text of a request looks like.
type attackText struct {
	command bool       // it makes the server run something
	what    string     // in words
	host    netip.Addr // address that the attack makes the server contact
	fetches bool       // it makes the server fetch a program and run it
}

const maxAttackText = 2048

// suspiciousByte marks what attacks cannot do without and ordinary requests
// mostly do.
var suspiciousByte = func() (t [256]bool) {
	for _, c := range []byte("%'\"<>;|`${}()+\\") {
		t[c] = true
	}
	return t
}()

// readAttack looks for an attack in a part of a request. Where says which
// part, since what is normal differs. It works in scratch.
func readAttack(scratch *[maxAttackText]byte, text string, where requestPart) (attackText, bool) {
	if len(text) == 0 || where == inAgent && !strings.Contains(text, "${") && !strings.Contains(text, "$(") && !strings.Contains(text, "() {") {
		return attackText{}, false
	}
	text = text[:min(len(text), maxAttackText)]
	suspicious := where == inURL && (strings.Contains(text, "..") || strings.Contains(text, "shell") || strings.Contains(text, "exec") || strings.Contains(text, "/etc/") || strings.Contains(text, "/*") || strings.LastIndex(text, "://") > 0)
	for i := 0; i < len(text) && !suspicious; i++ {
		suspicious = suspiciousByte[text[i]]
	}
	if !suspicious {
		return attackText{}, false
	}
	n := normalise(scratch[:0], text, where)
	if a, ok := readCommand(n, where); ok {
		return a, true
	}
	if where == inAgent {
		return attackText{}, false
	}
	if what := readWeb(n, where); what != "" {
		return attackText{what: what}, true
	}
	return attackText{}, false
}

// requestPart is where in a request a text stood.
type requestPart uint8

const (
	inURL requestPart = iota
	inBody
	inForm // a body of the form name=value&name=value
	inAgent
)

// rawAmp stands for an & that parts parameters; one that was encoded stays &.
const rawAmp = 0x01

// normalise undoes what attackers use to hide text: percent encoding (up to
// three times), case, runs of blanks, comments inside SQL.
func normalise(b []byte, text string, where requestPart) []byte {
	b = append(b, text...)
	if where == inURL || where == inForm {
		for i, c := range b {
			switch c {
			case '&':
				b[i] = rawAmp
			case '+':
				b[i] = ' '
			}
		}
		for range 3 {
			if !bytes.ContainsRune(b, '%') {
				break
			}
			b = unescape(b)
		}
	}
	out := b[:0]
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		case c == '\t' || c == '\v' || c == '\f':
			c = ' '
		case c == '/' && i+3 < len(b) && b[i+1] == '*' && bytes.HasPrefix(b[i:], []byte("/**/")):
			c = ' '
			i += 3
		}
		if c == ' ' && len(out) > 0 && out[len(out)-1] == ' ' {
			continue
		}
		out = append(out, c)
	}
	return out
}

// unescape undoes one layer of percent encoding in place.
func unescape(b []byte) []byte {
	out := b[:0]
	for i := 0; i < len(b); i++ {
		if b[i] == '%' && i+2 < len(b) {
			hi, lo := unhex(b[i+1]), unhex(b[i+2])
			if hi < 16 && lo < 16 {
				out = append(out, hi<<4|lo)
				i += 2
				continue
			}
		}
		out = append(out, b[i])
	}
	return out
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}

// webTraits are words of which every attack that readWeb finds has one, but
// for comparisons of constants.
var webTraits = words(slices.Concat(sqlWords, grabbedWords, handlerWords, []string{
	"union", "select ", "sleep(", "../", "..\\", "/.%2e/", "..;/", "<script", "javascript:alert", "document.cookie", "<iframe", "<svg",
	"<!entity", "//169.254.169.254", "{{7*7}}", "${7*7}",
})...)

const sqlAttack = "SQL injection"

// readWeb finds attacks on the application rather than its machine.
func readWeb(n []byte, where requestPart) string {
	if !webTraits.in(n) {
		if tautology(n) {
			return sqlAttack
		}
		return ""
	}
	switch {
	case sqlInjection(n):
		return sqlAttack
	case traversal(n, where):
		return "a path that leaves the server's folder"
	case scriptInjection(n, where):
		return "a script for other visitors' browsers (XSS)"
	case bytes.Contains(n, []byte("<!entity")) && bytes.Contains(n, []byte("system")):
		return "an XML entity that reads files (XXE)"
	case (where == inURL || where == inForm) && bytes.Contains(n, []byte("=http")) && bytes.Contains(n, []byte("//169.254.169.254")):
		return "a request that makes the server ask its cloud's metadata service"
	case bytes.Contains(n, []byte("{{7*7}}")) || bytes.Contains(n, []byte("${7*7}")):
		return "a template expression"
	}
	return ""
}

var sqlWords = []string{"information_schema", "xp_cmdshell", "waitfor delay", "pg_sleep(", "benchmark(", "load_file(", "into outfile", "into dumpfile", "extractvalue(", "updatexml(",
	"group_concat(", "sysobjects", "utl_http", "; drop table", ";drop table", "; insert into", "; delete from", "';shutdown", "' having 1=1", "char(0x", "0x3a,"}

var sqlTraits = words(sqlWords...)

func sqlInjection(n []byte) bool {
	if i := bytes.Index(n, []byte("union")); i >= 0 {
		rest := bytes.TrimLeft(n[i+5:], " (")
		rest = bytes.TrimLeft(bytes.TrimPrefix(bytes.TrimPrefix(rest, []byte("all")), []byte("distinct")), " (")
		if after, ok := bytes.CutPrefix(rest, []byte("select")); ok && (len(after) == 0 || after[0] < 'a' || after[0] > 'z') {
			return true
		}
	}
	if sqlTraits.in(n) {
		return true
	}
	if bytes.Contains(n, []byte("select ")) && bytes.Contains(n, []byte(" from ")) && (bytes.Contains(n, []byte("--")) || bytes.IndexByte(n, '\'') >= 0 && bytes.Contains(n, []byte(" where "))) {
		return true
	}
	if bytes.Contains(n, []byte("sleep(")) && bytes.ContainsAny(n, "'\"") && (bytes.Contains(n, []byte("and ")) || bytes.Contains(n, []byte("or ")) || bytes.Contains(n, []byte("select"))) {
		return true
	}
	return tautology(n)
}

// tautology finds a quote followed by "or" or "and" and a comparison of two
// constants: ' or '1'='1, ") and 1=1.
func tautology(n []byte) bool {
	for i := 0; i < len(n); i++ {
		if n[i] != '\'' && n[i] != '"' && n[i] != ')' {
			continue
		}
		r := bytes.TrimLeft(n[i+1:], " )'\"")
		switch {
		case bytes.HasPrefix(r, []byte("or ")), bytes.HasPrefix(r, []byte("||")):
			r = r[2:]
		case bytes.HasPrefix(r, []byte("and ")):
			r = r[3:]
		default:
			continue
		}
		r = r[:min(len(r), 40)]
		left, right, ok := bytes.Cut(r, []byte("="))
		if !ok {
			if left, right, ok = bytes.Cut(r, []byte(" like ")); !ok {
				continue
			}
		}
		left, right = bytes.Trim(left, " '\"()"), bytes.Trim(right, " '\"()")
		if len(left) > 0 && len(left) <= 12 && len(right) > 0 && bytes.HasPrefix(right, left[:1]) {
			return true
		}
	}
	return false
}

var grabbedWords = []string{"/etc/passwd", "/etc/shadow", "/etc/hosts", "boot.ini", "win.ini", "/proc/self/environ", "/winnt/system32", "/windows/system32", "web-inf/web.xml", "php://filter", "file:///etc"}

var grabbedFiles = words(grabbedWords...)

func traversal(n []byte, where requestPart) bool {
	ups := bytes.Count(n, []byte("../")) + bytes.Count(n, []byte("..\\"))
	if where == inBody {
		return ups >= 3 && grabbedFiles.in(n)
	}
	return ups >= 2 || grabbedFiles.in(n) || bytes.Contains(n, []byte("/.%2e/")) || bytes.Contains(n, []byte("..;/"))
}

var handlerWords = []string{"onerror=", "onload=", "onmouseover=", "onfocus=", "ontoggle=", "onclick="}

var scriptHandlers = words(handlerWords...)

func scriptInjection(n []byte, where requestPart) bool {
	if where == inBody {
		return false // pages and messages are sent in bodies
	}
	if bytes.Contains(n, []byte("<script")) || bytes.Contains(n, []byte("javascript:alert")) || bytes.Contains(n, []byte("document.cookie")) {
		return true
	}
	if bytes.IndexByte(n, '<') < 0 && !bytes.ContainsAny(n, "'\"") {
		return false
	}
	for _, on := range scriptHandlers.list {
		if i := bytes.Index(n, on); i > 0 && (bytes.IndexByte(n[:i], '<') >= 0 || n[i-1] == ' ' && bytes.ContainsAny(n[:i], "'\"")) {
			return true
		}
	}
	return bytes.Contains(n, []byte("<iframe")) || bytes.Contains(n, []byte("<svg")) && bytes.IndexByte(n, '(') >= 0
}
