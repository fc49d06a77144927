package detect

import (
	"bytes"
	"net/netip"
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
// part, since what is normal differs.
func readAttack(text string, where requestPart) (attackText, bool) {
	if len(text) == 0 {
		return attackText{}, false
	}
	text = text[:min(len(text), maxAttackText)]
	suspicious := where == inURL && (strings.Contains(text, "..") || strings.Contains(text, "shell") || strings.Contains(text, "exec") || strings.Contains(text, "/etc/"))
	for i := 0; i < len(text) && !suspicious; i++ {
		suspicious = suspiciousByte[text[i]]
	}
	if !suspicious {
		return attackText{}, false
	}
	var buf [maxAttackText]byte
	n := normalise(buf[:0], text, where)
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

// readCommand finds commands or code for the server to run.
func readCommand(n []byte, where requestPart) (attackText, bool) {
	a := attackText{command: true}
	switch {
	case lookup(n):
		a.what = "a lookup that loads code (JNDI)"
	case bytes.Contains(n, []byte("() {")) && bytes.Contains(n, []byte("};")):
		a.what = "a function definition that a vulnerable shell runs (Shellshock)"
	case where == inAgent:
		if !bytes.Contains(n, []byte("$(")) || !hasAny(n, strongCommands) {
			return a, false
		}
		a.what = "a shell command"
	case hasAny(n, codeTraits):
		a.what = "code for the server to run"
	case shellCommand(n, where):
		a.what = "a shell command"
	default:
		return a, false
	}
	a.host = addressIn(n)
	a.fetches = hasAny(n, fetchCommands) && (bytes.Contains(n, []byte("chmod")) || bytes.Contains(n, []byte("sh")) || bytes.Contains(n, []byte("./")))
	return a, true
}

// lookup finds Log4j lookups, also those that hide the word in nested ones.
func lookup(n []byte) bool {
	i := bytes.Index(n, []byte("${"))
	if i < 0 {
		return false
	}
	rest := n[i:]
	if bytes.Contains(rest, []byte("jndi:")) {
		return true
	}
	nested := bytes.Count(rest, []byte(":-")) + bytes.Count(rest, []byte("${lower:")) + bytes.Count(rest, []byte("${upper:")) + bytes.Count(rest, []byte("${env:"))
	return nested >= 2 && bytes.Contains(rest, []byte("://"))
}

var (
	fetchCommands  = words("wget ", "curl ", "tftp ", "ftpget ", "wget$", "curl$", "invoke-webrequest", "certutil")
	strongCommands = words("wget", "curl", "tftp", "ftpget", "busybox", "telnetd", "chmod", "mkfifo", "ncat", "/bin/sh", "/bin/bash", "bash -i", "powershell", "certutil",
		"cd /tmp", "cd /var", "cd /dev", "rm -rf", "rm -f", "cat /etc/", "cat /proc", "uname -a", "ifconfig", "whoami", "/etc/passwd", "nc -", "nslookup ", "ping -", "python -c", "perl -e")
	codeTraits = words("<?php", "php://input", "auto_prepend_file", "phpinfo()", "passthru(", "shell_exec(", "system($", "system('", "system(\"", "eval(base64", "base64_decode(", "assert($_",
		"java.lang.runtime", "processbuilder", "#_memberaccess", "@ognl", "ognl.ognl", "%{(#", "${@", "class.module.classloader", "freemarker.template.utility.execute", "__import__('os')", "cmd.exe?/c", "cmd.exe /c", "/bin/sh -c",
		"$_get[", "$_post[", "$http_get_vars[", "runtime.getruntime", "new-object net.webclient")
)

func words(w ...string) [][]byte {
	out := make([][]byte, len(w))
	for i := range w {
		out[i] = []byte(w[i])
	}
	return out
}

func hasAny(n []byte, words [][]byte) bool {
	for _, w := range words {
		if bytes.Contains(n, w) {
			return true
		}
	}
	return false
}

// plainCommands count as commands only right behind something that ends the
// command before, and only in a URL or form.
var plainCommands = words("cat", "ls", "id", "sh", "cd", "rm", "ps", "echo", "ping", "sleep", "uname", "reboot", "kill", "killall", "env", "dir", "type", "ip", "netstat", "touch", "cp", "mv", "iptables", "nvram", "passwd", "nc", "python", "perl", "php", "bash", "sed", "awk", "whoami", "pwd", "halt", "printf", "set", "net user")

// shellCommand finds what begins a new shell command and a command after it.
func shellCommand(n []byte, where requestPart) bool {
	if bytes.Contains(n, []byte("${ifs}")) || bytes.Contains(n, []byte("$ifs")) {
		return true
	}
	for i := 0; i < len(n); i++ {
		behind := 0
		switch n[i] {
		case ';', '|', '`', '\n':
			behind = 1
		case '&': // was encoded, or is doubled
			if where == inURL || where == inForm || i+1 < len(n) && n[i+1] == '&' {
				behind = 1
			}
		case rawAmp:
			if i+1 < len(n) && n[i+1] == rawAmp {
				behind = 2
			}
		case '$':
			if i+1 < len(n) && n[i+1] == '(' {
				behind = 2
			}
		}
		if behind == 0 {
			continue
		}
		if commandAt(n[:i], n[i+behind:], where, n[i]) {
			return true
		}
	}
	return (where == inURL || where == inForm) && commandValue(n)
}

// commandAt reports whether a command stands at the beginning of n, behind a
// separator that stands behind the text before.
func commandAt(before, n []byte, where requestPart, sep byte) bool {
	for len(n) > 0 && (n[0] == ' ' || n[0] == '&' || n[0] == '|' || n[0] == ';') {
		n = n[1:]
	}
	for _, w := range strongCommands {
		if bytes.HasPrefix(n, w) && (sep != '\n' || where != inBody) {
			return len(n) > len(w) || sep == '`' || sep == '$' || where != inBody
		}
	}
	if where == inBody && sep != '`' && sep != '$' {
		return false
	}
	for _, dir := range words("/bin/", "/usr/bin/", "/sbin/", "/usr/sbin/") {
		n = bytes.TrimPrefix(n, dir)
	}
	for _, w := range plainCommands {
		if !bytes.HasPrefix(n, w) {
			continue
		}
		rest := n[len(w):]
		if len(rest) == 0 || bytes.IndexByte([]byte(";|`)\n>#\x00'\""), rest[0]) >= 0 || rest[0] == ' ' && len(rest) == 1 {
			if bareCommand(string(w)) && (sep == '`' || sep == '$' || injectable(before)) {
				return true
			}
			continue
		}
		// An argument that looks like one: a path, an option, a number, a redirection.
		if rest[0] == ' ' && (bytes.IndexByte([]byte("/-.>$|;0123456789'\"&"), rest[1]) >= 0 || len(w) > 3 && sep != '\n') {
			return true
		}
	}
	return false
}

// bareCommand reports whether the command tells something without arguments,
// so that attackers try it alone.
func bareCommand(w string) bool {
	switch w {
	case "id", "ls", "pwd", "ps", "dir", "whoami", "reboot", "env", "netstat", "halt":
		return true
	}
	return false
}

// injectable reports whether the value before a separator is what forms that
// call a program take: nothing, an address or a number.
func injectable(before []byte) bool {
	if i := bytes.LastIndexAny(before, "=?\x01"); i >= 0 {
		before = before[i+1:]
	}
	for _, c := range bytes.TrimSpace(before) {
		if (c < '0' || c > '9') && c != '.' && c != ':' && c != '\'' && c != '"' && c != ')' {
			return false
		}
	}
	return true
}

// commandValue finds a parameter whose whole value is a command, and pages
// that run their query.
func commandValue(n []byte) bool {
	i := bytes.IndexByte(n, '?')
	if i < 0 {
		i = -1
	}
	for _, p := range bytes.Split(n[i+1:], []byte{rawAmp}) {
		name, value, ok := bytes.Cut(p, []byte("="))
		if !ok {
			name, value = nil, p
		}
		value = bytes.TrimLeft(value, " ")
		for _, w := range strongCommands {
			if !bytes.HasPrefix(value, w) || len(value) <= len(w) {
				continue
			}
			if bytes.ContainsAny(w, " /") || value[len(w)] == ' ' && bytes.ContainsAny(value[len(w):], "/.-") {
				return true
			}
		}
		if runsValue(name) && (bytes.HasPrefix(value, []byte("cat ")) || bytes.HasPrefix(value, []byte("ls")) || bytes.Equal(value, []byte("id")) || bytes.HasPrefix(value, []byte("uname"))) {
			return true
		}
	}
	return bytes.Contains(n, []byte("/exec//")) && bytes.Contains(n, []byte("/level/"))
}

func runsValue(name []byte) bool {
	switch string(name) {
	case "cmd", "exec", "command", "execute", "run", "shell", "c", "syscmd", "do", "system", "":
		return true
	}
	return false
}

// readWeb finds attacks on the application rather than its machine.
func readWeb(n []byte, where requestPart) string {
	switch {
	case sqlInjection(n):
		return "SQL injection"
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

var sqlTraits = words("information_schema", "xp_cmdshell", "waitfor delay", "pg_sleep(", "benchmark(", "load_file(", "into outfile", "into dumpfile", "extractvalue(", "updatexml(",
	"group_concat(", "sysobjects", "utl_http", "; drop table", ";drop table", "; insert into", "; delete from", "';shutdown", "' having 1=1", "char(0x", "0x3a,")

func sqlInjection(n []byte) bool {
	if i := bytes.Index(n, []byte("union")); i >= 0 {
		rest := bytes.TrimLeft(n[i+5:], " (")
		rest = bytes.TrimLeft(bytes.TrimPrefix(bytes.TrimPrefix(rest, []byte("all")), []byte("distinct")), " (")
		if bytes.HasPrefix(rest, []byte("select")) {
			return true
		}
	}
	if hasAny(n, sqlTraits) {
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

var grabbedFiles = words("/etc/passwd", "/etc/shadow", "/etc/hosts", "boot.ini", "win.ini", "/proc/self/environ", "/winnt/system32", "/windows/system32", "web-inf/web.xml", "php://filter", "file:///etc")

func traversal(n []byte, where requestPart) bool {
	ups := bytes.Count(n, []byte("../")) + bytes.Count(n, []byte("..\\"))
	if where == inBody {
		return ups >= 3 && hasAny(n, grabbedFiles)
	}
	return ups >= 2 || hasAny(n, grabbedFiles) || bytes.Contains(n, []byte("/.%2e/")) || bytes.Contains(n, []byte("..;/"))
}

func scriptInjection(n []byte, where requestPart) bool {
	if where == inBody {
		return false // pages and messages are sent in bodies
	}
	if bytes.Contains(n, []byte("<script")) || bytes.Contains(n, []byte("javascript:alert")) || bytes.Contains(n, []byte("document.cookie")) {
		return true
	}
	if bytes.IndexByte(n, '<') < 0 && bytes.ContainsAny(n, "'\"") == false {
		return false
	}
	for _, on := range words("onerror=", "onload=", "onmouseover=", "onfocus=", "ontoggle=", "onclick=") {
		if i := bytes.Index(n, on); i > 0 && (bytes.IndexByte(n[:i], '<') >= 0 || n[i-1] == ' ' && bytes.ContainsAny(n[:i], "'\"")) {
			return true
		}
	}
	return bytes.Contains(n, []byte("<iframe")) || bytes.Contains(n, []byte("<svg")) && bytes.IndexByte(n, '(') >= 0
}

// addressIn gives the first IP address that stands behind "//" or a command.
func addressIn(n []byte) netip.Addr {
	for i := 0; i < len(n); i++ {
		if n[i] < '0' || n[i] > '9' || i > 0 && (n[i-1] == '.' || n[i-1] >= '0' && n[i-1] <= '9') {
			continue
		}
		j := i
		for j < len(n) && j-i < 15 && (n[j] == '.' || n[j] >= '0' && n[j] <= '9') {
			j++
		}
		if j-i >= 7 {
			if a, err := netip.ParseAddr(string(n[i:j])); err == nil && !a.IsUnspecified() {
				return a
			}
		}
		i = j
	}
	return netip.Addr{}
}
