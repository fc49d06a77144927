package detect

import (
	"fmt"
	"math"
	"strings"

	"edgeward/internal/event"
	"edgeward/internal/ident"
)

const (
	payloadScore = 4
	takenScore   = 3 + 2 // what it adds, and what it saves, that the receiver was attacked before
)

// payload finds programs that arrive on a device the way malware does.
type payload struct{ e *Engine }

func newPayload(e *Engine) *payload { return &payload{e: e} }

func (p *payload) kinds() []event.Kind { return []event.Kind{event.KindFileInfo, event.KindHTTP} }

func (p *payload) close() {}

// arrival is a file that came, or was asked for.
type arrival struct {
	name, host, agent, magic string
	mime                     string
	proto                    event.Proto
	port                     uint16
	size                     uint64
	blob                     bool // the answer to a form or check-in is encrypted or packed data
}

func (p *payload) fact(s *sight) {
	switch b := s.Body.(type) {
	case *event.FileInfo:
		a := arrival{name: b.Filename, host: b.Host, agent: b.Agent, magic: b.Magic, mime: b.Mime, proto: b.AppProto, port: s.DstPort, size: b.Size}
		if b.Dir == event.ToClient {
			p.judge(s, &s.src, &s.dst, a)
		} else if b.AppProto != event.ProtoSMB {
			a.agent = "" // who uploads to a device is no browser's download
			p.judge(s, &s.dst, &s.src, a)
		}
	case *event.HTTP:
		if b.Status == 0 && b.Method == "GET" {
			p.judge(s, &s.src, &s.dst, arrival{name: b.URL, host: b.Host, agent: b.UserAgent, proto: event.ProtoHTTP, port: s.DstPort})
		} else if b.Method == "POST" && b.Status == 200 && b.Length >= 4096 && !b.Encoded {
			p.judge(s, &s.src, &s.dst, arrival{
				name: b.URL, host: b.Host, agent: b.UserAgent, magic: b.RespMagic, proto: event.ProtoHTTP, port: s.DstPort, size: b.Length,
				blob: packed(b.RespBody) && bareName(b.URL) && (b.Referer == "" || strings.Contains(b.Referer, b.URL)),
			})
		}
	}
}

// judge weighs the traits. No single one suffices.
func (p *payload) judge(s *sight, to, from *actor, a arrival) {
	if !to.home {
		return
	}
	if score, _ := a.weigh("", nil); score+takenScore < payloadScore {
		return
	}
	taken := p.takenOver(s, to)
	score, program := a.weigh(taken, nil)
	if score < payloadScore || !program && taken == "" {
		return
	}
	rec := p.e.reportAt("infection.payload-download", s, to, by(from))
	if rec.isNew() {
		if score < payloadScore+2 {
			rec.rate(ident.Medium, 0.6)
		}
		var why []string
		a.weigh(taken, func(says string) { why = append(why, says) })
		file, server, reasons := clip(baseName(a.name), 60), from.String(), strings.Join(why, ", ")
		size := ""
		if a.size > 0 {
			size = " (" + volume(a.size) + ")"
		}
		rec.tell = func() string {
			return fmt.Sprintf("%s got the file %q%s from %s at %s: %s.", rec.address, file, size, server, clock(rec.first), reasons)
		}
	}
	if score >= payloadScore+2 {
		rec.grade(ident.High, 0.85)
	}
	rec.peer(from)
	if rec.wants(s) {
		rec.show(p.e, s, fmt.Sprintf("file %s (%s)", clip(baseName(a.name), 80), a.magic))
	}
	rec.add(&p.e.ledger, s.when, 1)
}

// weigh scores how much an arrival looks like malware's, and says whether it
// looks like a program. Say, if any, is told the reasons.
func (a *arrival) weigh(taken string, say func(string)) (score int, program bool) {
	add := func(n int, says string) {
		if score += n; say != nil {
			say(says)
		}
	}
	name := baseName(a.name)
	program = strings.HasPrefix(a.magic, "elf") || a.magic == "pe" || a.magic == "script" || a.magic == "java" || a.magic == "dex"
	switch {
	case strings.HasPrefix(a.magic, "elf"):
		add(3, "it is a Linux program")
	case a.magic == "pe":
		add(2, "it is a Windows program")
	case a.magic == "script":
		add(2, "it is a script")
	case a.magic == "java" || a.magic == "dex":
		add(2, "it is a Java program")
	}
	switch {
	case architecture(name):
		add(2, "its name tells a processor type")
		program = true
	case programName(name):
		add(1, "its name is that of a program")
		program = program || a.magic == "" || a.magic == "unknown"
	}
	if program && a.magic != "" && media(a.mime) {
		add(2, "it was said to be a picture or the like")
	}
	switch a.proto {
	case event.ProtoHTTP:
		if isAddress(a.host) {
			add(1, "the server was called by its bare address")
		} else if a.host != "" {
			score-- // makers' updates come from servers with names
		}
		switch {
		case a.name != "" && a.agent == "" || fetchAgents.inFold(a.agent):
			add(1, "no browser fetched it")
		case randomAgent(a.agent):
			add(1, "who fetched it made up a name for itself")
		}
		if a.port != 80 && a.port != 8080 && a.port != 443 && a.port != 8000 {
			add(1, "it came from an unusual port")
		}
		if a.blob && isAddress(a.host) {
			add(2, "it came packed or encrypted in answer to a form, from a path without a name")
			program = true
		}
	case event.ProtoTFTP:
		add(1, "it came by TFTP")
	case event.ProtoUnknown:
		add(2, "it came over a bare connection")
	}
	if taken != "" {
		add(3, taken)
	} else if usualAgents.inFold(a.agent) && !strings.HasPrefix(a.magic, "elf") && !a.blob {
		score -= 2
	}
	return score, program
}

// fetchAgents are programs by which malware fetches its parts, usualAgents
// those of people and of systems that update themselves.
var (
	fetchAgents = words("wget", "curl", "busybox", "libwww", "python", "java/", "powershell", "certutil", "go-http", "hello, world")
	usualAgents = words("microsoft", "windows-update", "debian", "apt", "opkg", "dnf", "yum", "mozilla", "okhttp", "dalvik")
)

// media reports whether a media type is of pictures, sound or film.
func media(mime string) bool {
	kind, _, _ := strings.Cut(mime, "/")
	return kind == "image" || kind == "audio" || kind == "video"
}

// randomAgent reports whether the name of a client is one long word of letters
// in both cases at random, as loaders make them up. Programs tell a version.
func randomAgent(agent string) bool {
	if len(agent) < 12 || len(agent) > 64 {
		return false
	}
	changes, upper := 0, false
	for i := range len(agent) {
		c := agent[i]
		if c|0x20 < 'a' || c|0x20 > 'z' {
			return false
		}
		if up := c < 'a'; up != upper {
			upper = up
			changes++
		}
	}
	return changes*3 >= len(agent)
}

// takenOver says how the receiver was attacked shortly before.
func (p *payload) takenOver(s *sight, to *actor) string {
	for _, c := range []struct{ check, says string }{
		{"credential.guessed", "its password had been guessed before"},
		{"infection.loader", "a loader had fetched it by command"},
		{"exploit.command-injection", "a command had been injected before"},
	} {
		if r := p.e.has(c.check, s, to); r != nil && !r.acting && r.first <= s.when {
			return c.says
		}
	}
	return ""
}

func baseName(path string) string {
	path, _, _ = strings.Cut(path, "?")
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		path = path[i+1:]
	}
	return path
}

// architectures are endings by which malware names its builds.
var architectures = map[string]bool{
	"arm": true, "arm4": true, "arm5": true, "arm6": true, "arm7": true, "armv4l": true, "armv5l": true, "armv6l": true, "armv7l": true, "arm64": true, "aarch64": true,
	"mips": true, "mipsel": true, "mpsl": true, "mips64": true, "mipsr": true, "sh4": true, "ppc": true, "powerpc": true, "m68k": true, "spc": true, "sparc": true,
	"x86": true, "x64": true, "x86_64": true, "x32": true, "i486": true, "i586": true, "i686": true, "i386": true, "arc": true, "csky": true,
}

// architecture reports whether a file's name ends in a processor type.
func architecture(name string) bool {
	var buf [64]byte
	low := string(lower(buf[:0], name[max(0, len(name)-48):]))
	i := strings.LastIndexAny(low, ".-_")
	if i >= 0 && architectures[low[i+1:]] {
		return true
	}
	if architectures[low] {
		return true
	}
	return strings.HasSuffix(low, "x86_64")
}

// programName reports whether a file's name says that it can be run.
func programName(name string) bool {
	var buf [64]byte
	low := string(lower(buf[:0], name[max(0, len(name)-32):]))
	for _, end := range []string{".sh", ".elf", ".class", ".jar", ".ps1", ".vbs", ".hta", ".scr", ".pl", ".py"} {
		if strings.HasSuffix(low, end) {
			return true
		}
	}
	return false
}

// bareName reports whether a path is one long random word without an ending.
func bareName(url string) bool {
	n := strings.Trim(url, "/")
	if len(n) < 8 || strings.ContainsAny(n, ".?=&") {
		return false
	}
	return true
}

// packed reports whether data looks encrypted or packed: bytes spread evenly.
func packed(data string) bool {
	if len(data) < 256 {
		return false
	}
	var seen [256]int
	for i := 0; i < len(data); i++ {
		seen[data[i]]++
	}
	h := 0.0
	for _, n := range seen {
		if n > 0 {
			q := float64(n) / float64(len(data))
			h -= q * math.Log2(q)
		}
	}
	return h > 7.2 || len(data) < 1000 && h > 6.8
}
