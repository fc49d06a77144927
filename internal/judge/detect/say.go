package detect

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"edgeward/internal/ident"
)

// count writes a number with its noun, the plural formed by an s.
func count[T int | int64 | uint32 | uint64](n T, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "ss") {
		return fmt.Sprintf("%d %ses", n, noun)
	}
	if strings.HasSuffix(noun, "y") && !strings.HasSuffix(noun, "ay") && !strings.HasSuffix(noun, "ey") {
		return fmt.Sprintf("%d %sies", n, noun[:len(noun)-1])
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// span writes a length of packet time as a person would.
func span(ns int64) string {
	d := time.Duration(max(ns, 0))
	switch {
	case d < time.Second:
		return "less than a second"
	case d < 2*time.Minute:
		return count(int64(d/time.Second), "second")
	case d < 2*time.Hour:
		return count(int64(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return count(int64(d/time.Hour), "hour")
	}
	return count(int64(d/(24*time.Hour)), "day")
}

// volume writes a number of bytes.
func volume(n uint64) string {
	switch {
	case n < 10_000:
		return count(n, "byte")
	case n < 10_000_000:
		return fmt.Sprintf("%d kB", n/1000)
	case n < 10_000_000_000:
		return fmt.Sprintf("%d MB", n/1_000_000)
	}
	return fmt.Sprintf("%d GB", n/1_000_000_000)
}

// clock writes a time of day with its date.
func clock(t int64) string { return time.Unix(0, t).UTC().Format("2006-01-02 15:04:05 UTC") }

// transport names an IP protocol.
func transport(p uint8) string {
	switch p {
	case 1:
		return "ICMP"
	case 6:
		return "TCP"
	case 17:
		return "UDP"
	case 58:
		return "ICMPv6"
	case 132:
		return "SCTP"
	}
	return "IP protocol " + strconv.Itoa(int(p))
}

// portSet keeps some of the ports that were seen, for display.
type portSet struct {
	ports [maxPortSet]uint16
	n     int
	more  bool
}

const maxPortSet = 12

func (p *portSet) add(port uint16) {
	if slices.Contains(p.ports[:p.n], port) {
		return
	}
	if p.n >= maxPortSet {
		p.more = true
		return
	}
	p.ports[p.n] = port
	p.n++
}

func (p *portSet) String() string {
	sorted := slices.Clone(p.ports[:p.n])
	slices.Sort(sorted)
	var b strings.Builder
	for i, v := range sorted {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(int(v)))
	}
	if p.more {
		b.WriteString(" and more")
	}
	return b.String()
}

// wordSet keeps some of the words that were seen, for display.
type wordSet struct {
	words []string
	more  bool
}

const maxWordSet = 6

func (w *wordSet) add(word string) {
	if word == "" || slices.Contains(w.words, word) {
		return
	}
	if len(w.words) >= maxWordSet {
		w.more = true
		return
	}
	w.words = append(w.words, clip(word, 80))
}

func (w *wordSet) String() string {
	s := strings.Join(w.words, ", ")
	if w.more {
		s += " and more"
	}
	return s
}

// endpoint writes an address with a port.
func endpoint(a netip.Addr, port uint16) string {
	if !a.IsValid() {
		return strconv.Itoa(int(port))
	}
	return netip.AddrPortFrom(a, port).String()
}

// named writes an address with the name by which it was asked for.
func (e *Engine) named(p ident.Place, a netip.Addr) string {
	if n := e.names.of(p, a); n != "" {
		return n + " (" + a.String() + ")"
	}
	return a.String()
}
