package detect

import (
	"bytes"
	"net/netip"
)

// readCommand finds commands or code for the server to run.
func readCommand(n []byte, where requestPart) (attackText, bool) {
	a := attackText{command: true}
	switch {
	case lookup(n):
		a.what = "a lookup that loads code (JNDI)"
	case bytes.Contains(n, []byte("() {")) && bytes.Contains(n, []byte("};")):
		a.what = "a function definition that a vulnerable shell runs (Shellshock)"
	case where == inAgent:
		if !bytes.Contains(n, []byte("$(")) || !strongCommands.in(n) {
			return a, false
		}
		a.what = "a shell command"
	case codeTraits.in(n):
		a.what = "code for the server to run"
	case shellCommand(n, where):
		a.what = "a shell command"
	default:
		return a, false
	}
	a.host = addressIn(n)
	a.fetches = fetchCommands.in(n) && (bytes.Contains(n, []byte("chmod")) || bytes.Contains(n, []byte("sh")) || bytes.Contains(n, []byte("./")))
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

// plainCommands count as commands only right behind something that ends the
// command before, and only in a URL or form.
var plainCommands = words("cat", "ls", "id", "sh", "cd", "rm", "ps", "echo", "ping", "sleep", "uname", "reboot", "kill", "killall", "env", "dir", "type", "ip", "netstat", "touch", "cp", "mv", "iptables", "nvram", "passwd", "nc", "python", "perl", "php", "bash", "sed", "awk", "whoami", "pwd", "halt", "printf", "set", "net user")

var commandFolders = words("/bin/", "/usr/bin/", "/sbin/", "/usr/sbin/")

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
	for _, w := range strongCommands.list {
		if bytes.HasPrefix(n, w) && (sep != '\n' || where != inBody) {
			return len(n) > len(w) || sep == '`' || sep == '$' || where != inBody
		}
	}
	if where == inBody && sep != '`' && sep != '$' {
		return false
	}
	for _, dir := range commandFolders.list {
		n = bytes.TrimPrefix(n, dir)
	}
	for _, w := range plainCommands.list {
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
		for _, w := range strongCommands.list {
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
