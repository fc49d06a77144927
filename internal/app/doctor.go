package app

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"edgeward/internal/confine"
)

// Health is the outcome of one check of Examine.
type Health string

// The outcomes.
const (
	Good    Health = "ok"
	Warning Health = "warning"
	Bad     Health = "fail"
)

// Examination is one thing that a sensor needs, and how it is here.
type Examination struct {
	Name    string `json:"name"`
	Health  Health `json:"health"`
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
}

// Examine looks at whether this machine can run a sensor. It changes nothing.
func Examine() []Examination {
	out := []Examination{examineSystem(), examineRights(), examineMemory(), examineClock(time.Now()), examineConfinement()}
	return append(out, examineInterfaces()...)
}

func examineSystem() Examination {
	e := Examination{Name: "system", Health: Good, Message: fmt.Sprintf("%s/%s, %d processors", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())}
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		e.Message += ", kernel " + strings.TrimSpace(string(b))
	}
	if runtime.GOOS != "linux" {
		e.Health, e.Remedy = Bad, "run the sensor on Linux; captures can be analysed anywhere"
	}
	return e
}

// capNetRaw is the bit of CAP_NET_RAW (capability.h).
const capNetRaw = 13

func examineRights() Examination {
	if mayCapture() {
		return Examination{Name: "rights", Health: Good, Message: "this process may capture packets"}
	}
	return Examination{Name: "rights", Health: Bad, Message: "this process may not capture packets", Remedy: "run as root, or: setcap cap_net_raw+ep " + ownPath()}
}

// mayCapture reports whether this process, and so one that it starts, may open
// packet sockets.
func mayCapture() bool {
	for line := range strings.Lines(readFile("/proc/self/status")) {
		if v, ok := strings.CutPrefix(line, "CapEff:"); ok {
			bits, err := strconv.ParseUint(strings.TrimSpace(v), 16, 64)
			return err == nil && bits>>capNetRaw&1 == 1
		}
	}
	return false
}

func ownPath() string {
	if p, err := os.Executable(); err == nil {
		return p
	}
	return "edgeward"
}

func examineMemory() Examination {
	e := Examination{Name: "memory", Health: Good}
	for line := range strings.Lines(readFile("/proc/meminfo")) {
		f := strings.Fields(line)
		if len(f) < 2 || f[0] != "MemAvailable:" {
			continue
		}
		kib, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			break
		}
		e.Message = fmt.Sprintf("%d MiB available, the default budget is %d MiB", kib>>10, DefaultMemory>>20)
		if kib<<10 < 2*DefaultMemory {
			e.Health, e.Remedy = Warning, "give the sensor less with --memory, for example --memory 32M"
		}
		return e
	}
	e.Health, e.Message = Warning, "the available memory cannot be read"
	return e
}

func examineClock(now time.Time) Examination {
	if now.Year() < 2024 {
		return Examination{Name: "clock", Health: Warning, Message: "the clock says " + now.UTC().Format(time.RFC3339), Remedy: "set the clock, or findings will have wrong times"}
	}
	return Examination{Name: "clock", Health: Good, Message: now.UTC().Format(time.RFC3339)}
}

// examineInterfaces looks at each interface that could be watched.
func examineInterfaces() []Examination {
	list, err := net.Interfaces()
	if err != nil || len(list) == 0 {
		return []Examination{{Name: "interfaces", Health: Bad, Message: "no network interface is there"}}
	}
	var out []Examination
	for _, i := range list {
		if i.Flags&net.FlagLoopback != 0 {
			continue
		}
		e := Examination{Name: i.Name, Health: Good, Message: fmt.Sprintf("up, MTU %d", i.MTU)}
		if i.Flags&net.FlagUp == 0 {
			e.Health, e.Message, e.Remedy = Warning, "down", "ip link set "+i.Name+" up"
		} else if n, ok := counter(i.Name, "rx_packets"); ok {
			e.Message += fmt.Sprintf(", %d packets received", n)
			if n == 0 {
				e.Health, e.Remedy = Warning, "connect it to a mirror (SPAN) port or a tap, or choose another interface"
			}
		}
		out = append(out, e)
	}
	if len(out) == 0 {
		out = append(out, Examination{Name: "interfaces", Health: Warning, Message: "there is only the loopback interface"})
	}
	return out
}

func counter(iface, name string) (uint64, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(readFile(filepath.Join("/sys/class/net", iface, "statistics", name))), 10, 64)
	return n, err == nil
}

func readFile(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(b)
}

// examineConfinement looks at what the kernel has to take rights away from the
// process that parses packets.
func examineConfinement() Examination {
	e := Examination{Name: "confinement", Health: Good, Message: "packets are parsed with " + confine.Possible().String()}
	if s := confine.Possible(); !s.Whole() {
		e.Health, e.Remedy = Warning, "use a kernel with Landlock (5.13 or newer) and seccomp"
	}
	return e
}
