package detect

import (
	"fmt"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	loaderScore = 4
	loaderSpan  = 10 * minute
	maxSessions = 2048
)

// loader finds the commands by which malware brings itself onto a device
// after a login.
type loader struct {
	e        *Engine
	sessions *table[shellSession]
}

// shellSession is what was typed by one host on another.
type shellSession struct {
	pin
	last   int64
	traits uint16
	seen   wordSet
	marks  []mark
}

// Traits of a loader, each counted once a session.
const (
	traitApplet   = 1 << iota // asks busybox for an applet that cannot exist, to mark the end of output
	traitProbe                // reads what tells processor and writable folders
	traitFetch                // fetches a program
	traitEcho                 // writes a program byte by byte
	traitFolder               // goes to a folder that anybody may write to
	traitMode                 // makes a file executable
	traitRun                  // runs a file from the current folder
	traitShell                // tries the words that lead from a menu to a shell
	traitKill                 // kills others or shuts the door behind itself
	traitsUnusual = traitApplet | traitProbe | traitEcho | traitShell
)

var traitWeight = map[uint16]int{
	traitApplet: 4, traitProbe: 2, traitFetch: 2, traitEcho: 4, traitFolder: 1, traitMode: 1, traitRun: 1, traitShell: 2, traitKill: 1,
}

func newLoader(e *Engine) *loader {
	return &loader{e: e, sessions: newTable[shellSession](maxSessions)}
}

func (l *loader) kinds() []event.Kind { return []event.Kind{event.KindTelnet} }

func (l *loader) close() {}

func (l *loader) fact(s *sight) {
	b := s.Body.(*event.Telnet)
	if b.Command == "" {
		return
	}
	ss := l.sessions.make(mix(hostKey(s.Place, s.Src), addrKey(s.Dst)))
	if !near(ss.last, s.when, loaderSpan) {
		*ss = shellSession{pin: ss.pin}
	}
	ss.last = s.when
	traits := commandTraits(b.Command, b.Output, ss.seen.words)
	for _, w := range []string{"enable", "system", "shell", "sh", "linuxshell", "bah", "start"} {
		if strings.TrimSpace(b.Command) == w {
			ss.seen.add(w)
		}
	}
	if traits == 0 {
		return
	}
	ss.traits |= traits
	if len(ss.marks) < 8 {
		ss.marks = append(ss.marks, mark{time: s.when, packet: s.Packet, capture: s.Capture})
	}
	score := 0
	for t, w := range traitWeight {
		if ss.traits&t != 0 {
			score += w
		}
	}
	if score < loaderScore {
		return
	}
	rec := l.e.report("infection.loader", s, &s.dst, "")
	if rec.isNew() {
		ss.keep()
		rec.since(ss.marks, loaderSpan)
		src := s.Src
		rec.tell = func() string {
			return fmt.Sprintf("In a Telnet session from %s on %s, commands %s.", src, rec.address, traitText(ss.traits))
		}
		rec.rate(ident.High, 0.65)
	}
	if ss.traits&traitsUnusual != 0 && score >= loaderScore+1 || ss.traits&(traitApplet|traitEcho) != 0 {
		rec.grade(ident.Critical, 0.95)
	}
	rec.peer(&s.src)
	if rec.wants(s) {
		rec.show(l.e, s, "command typed: "+clip(b.Command, 120))
	}
	rec.add(&l.e.ledger, s.when, 1)
}

// commandTraits judges one command line. Entered are the words of a menu that
// were typed before.
func commandTraits(command, output string, entered []string) uint16 {
	var buf [512]byte
	c := string(lower(buf[:0], command[:min(len(command), 480)]))
	var t uint16
	if token := appletToken(command); token || strings.Contains(output, "applet not found") {
		t |= traitApplet
	}
	if strings.Contains(c, "/proc/mounts") || strings.Contains(c, "/proc/cpuinfo") || strings.Contains(c, "/bin/echo") || strings.Contains(c, "if=/bin/") || strings.Contains(c, "cat /proc/self/exe") || strings.Contains(c, "cat /bin/ls") {
		t |= traitProbe
	}
	if fetches(c) {
		t |= traitFetch
	}
	if strings.Contains(c, "echo") && (strings.Contains(c, `\x7f\x45`) || strings.Contains(c, `\x7felf`) || strings.Contains(c, `\177elf`) || strings.Count(c, `\x`) >= 16 || strings.Count(c, `\\x`) >= 16) {
		t |= traitEcho
	}
	for _, d := range []string{"cd /tmp", "cd /var", "cd /dev", "cd /mnt", "cd /run", "/tmp/", "/var/tmp", "/dev/shm", "/var/run/"} {
		if strings.Contains(c, d) {
			t |= traitFolder
		}
	}
	if strings.Contains(c, "chmod 7") || strings.Contains(c, "chmod +x") || strings.Contains(c, "chmod 0777") {
		t |= traitMode
	}
	if strings.HasPrefix(c, "./") || strings.Contains(c, "; ./") || strings.Contains(c, ";./") || strings.Contains(c, "&& ./") || strings.Contains(c, "&& sh ") || strings.Contains(c, "; sh ") || strings.Contains(c, ";sh ") || strings.Contains(c, "|sh") || strings.Contains(c, "| sh") {
		t |= traitRun
	}
	if w := strings.TrimSpace(c); len(entered) >= 2 && (w == "sh" || w == "shell" || w == "linuxshell") {
		t |= traitShell
	}
	if strings.Contains(c, "killall") || strings.Contains(c, "pkill") || strings.Contains(c, "iptables") && strings.Contains(c, "drop") || strings.Contains(c, "rm -rf /var/log") || strings.Contains(c, "history -c") {
		t |= traitKill
	}
	return t
}

// fetches reports whether a command line, in lower case, fetches a file.
func fetches(c string) bool {
	for _, w := range []string{"wget ", "curl ", "tftp ", "ftpget "} {
		i := strings.Index(c, w)
		if i < 0 || i > 0 && c[i-1] != ' ' && c[i-1] != '/' && c[i-1] != ';' && c[i-1] != '|' && c[i-1] != '&' {
			continue
		}
		if rest := c[i+len(w):]; strings.ContainsAny(rest, ".:/") && !strings.HasPrefix(rest, "--help") {
			return true
		}
	}
	return false
}

// appletToken finds "busybox WORD" where WORD is in capitals: no applet is
// called like that, so the command only marks where output ends.
func appletToken(command string) bool {
	i := strings.Index(command, "busybox ")
	if i < 0 {
		return false
	}
	w := command[i+len("busybox "):]
	n := 0
	for n < len(w) && w[n] >= 'A' && w[n] <= 'Z' {
		n++
	}
	return n >= 3 && n <= 16 && (n == len(w) || strings.IndexByte(" ;|&\r\n", w[n]) >= 0)
}

func traitText(t uint16) string {
	var w []string
	for _, x := range []struct {
		bit  uint16
		says string
	}{
		{traitShell, "tried the words that lead from a menu to a shell"}, {traitProbe, "read what tells the processor and the writable folders"},
		{traitApplet, "called a BusyBox applet that does not exist, to find the end of output"}, {traitFolder, "went to a folder that anybody may write to"},
		{traitFetch, "fetched a file"}, {traitEcho, "wrote a program byte by byte"}, {traitMode, "made a file executable"}, {traitRun, "ran it"}, {traitKill, "killed others or shut the door behind"},
	} {
		if t&x.bit != 0 {
			w = append(w, x.says)
		}
	}
	if len(w) > 1 {
		w[len(w)-1] = "and " + w[len(w)-1]
	}
	return strings.Join(w, ", ")
}
