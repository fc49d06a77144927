package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"edgeward/internal/asset"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
)

// TextOptions says how the text is to look.
type TextOptions struct {
	Color bool
	Width int // columns; 0 means 100
}

// Text writes the report for people to read.
func (r *Report) Text(w io.Writer, o TextOptions) error {
	if o.Width <= 0 {
		o.Width = 100
	}
	t := &textWriter{w: bufio.NewWriter(w), o: o}
	t.summary(r)
	t.findings(r)
	t.devices(r)
	t.protocols(r)
	t.loss(r)
	return t.w.Flush()
}

type textWriter struct {
	w *bufio.Writer
	o TextOptions
}

// The ANSI styles.
const (
	bold    = "1"
	dim     = "2"
	red     = "1;31"
	orange  = "33"
	cyan    = "36"
	inverse = "1;41;97"
)

func (t *textWriter) style(code, s string) string {
	if !t.o.Color || s == "" || code == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (t *textWriter) line(format string, args ...any) {
	fmt.Fprintf(t.w, format, args...)
	t.w.WriteByte('\n')
}

func (t *textWriter) heading(s string) {
	t.line("\n%s", t.style(bold, s))
	t.line("%s", t.style(dim, strings.Repeat("─", min(t.o.Width, utf8.RuneCountInString(s)))))
}

// para writes text wrapped to the width, each line after the first indented.
func (t *textWriter) para(first, rest, text string) {
	t.wrap(utf8.RuneCountInString(first), first, rest, "", text)
}

// wrap is para for a first part that holds styles and is col columns wide, and
// for text in a style of its own.
func (t *textWriter) wrap(col int, first, rest, style, text string) {
	t.w.WriteString(first)
	var row []string
	for _, word := range strings.Fields(clean(text)) {
		n := utf8.RuneCountInString(word)
		if len(row) > 0 && col+1+n > t.o.Width {
			t.w.WriteString(t.style(style, strings.Join(row, " ")))
			t.w.WriteByte('\n')
			t.w.WriteString(rest)
			col, row = utf8.RuneCountInString(rest), row[:0]
		}
		if len(row) > 0 {
			col++
		}
		row = append(row, word)
		col += n
	}
	t.line("%s", t.style(style, strings.Join(row, " ")))
}

// clean takes control characters out of text that came from the network, so
// that it cannot move the cursor, change colours, begin a line of its own or
// turn the direction of writing.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n':
			return ' '
		case r < 0x20 || r >= 0x7f && r < 0xa0 || r == '\u200e' || r == '\u200f' || r >= '\u2028' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == utf8.RuneError:
			return '·'
		}
		return r
	}, s)
}

func (t *textWriter) summary(r *Report) {
	t.line("%s", t.style(bold, "Edgeward report"))
	if len(r.Captures) == 0 {
		t.line("No captures were found.")
		return
	}
	few := len(r.Captures) <= 6
	if !few {
		t.line("  %d captures", len(r.Captures))
	}
	for _, c := range r.Captures {
		switch problem := c.problem(); {
		case problem != "":
			t.para("  ", "    ", c.Name+" ("+problem+")")
		case few:
			t.para("  ", "    ", c.Name)
		}
	}
	if r.Packets+r.Lines == 0 {
		t.line("\nThere are no packets in it, so nothing can be said about the network.")
		return
	}
	t.line("  %s, %s, from %s UTC, %s", r.amount(), size(r.Bytes), time.Unix(0, r.First).UTC().Format("2006-01-02 15:04:05"), duration(r.Duration()))
	t.line("")
	t.line("  %s, %s, %s", plural(uint64(len(r.Devices)), "device"), plural(r.Flows, "flow"), t.verdict(r))
}

// amount says how much was read.
func (r *Report) amount() string {
	switch {
	case r.Lines == 0:
		return plural(r.Packets, "packet")
	case r.Packets == 0:
		return plural(r.Lines, "log line")
	}
	return plural(r.Packets, "packet") + " and " + plural(r.Lines, "log line")
}

// verdict is the outcome in one phrase.
func (t *textWriter) verdict(r *Report) string {
	var parts []string
	for s := int(ident.Critical); s >= int(ident.Low); s-- {
		n := 0
		for _, f := range r.Findings {
			if f.Severity == ident.Severity(s) {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, t.style(severityStyle(ident.Severity(s)), fmt.Sprintf("%d %s", n, ident.Severity(s))))
		}
	}
	if len(parts) == 0 {
		return "no findings above information"
	}
	return "findings: " + strings.Join(parts, ", ")
}

func severityStyle(s ident.Severity) string {
	switch s {
	case ident.Critical:
		return inverse
	case ident.High:
		return red
	case ident.Medium:
		return orange
	case ident.Low:
		return cyan
	}
	return dim
}

func (t *textWriter) findings(r *Report) {
	above, info := split(r.Findings)
	if len(above) > 0 {
		t.heading("What was found")
	}
	for _, f := range above {
		t.line("")
		t.wrap(9, t.style(severityStyle(f.Severity), fmt.Sprintf("%-8s", strings.ToUpper(f.Severity.String())))+" ", "         ", bold, f.Title)
		t.wrap(9, "         ", "         ", dim, t.subject(r, f))
		t.para("         ", "         ", f.Explanation)
		if f.Remedy != "" {
			t.para("         → ", "           ", f.Remedy)
		}
		for i, e := range f.Evidence {
			if i == 3 {
				t.line("         %s", t.style(dim, fmt.Sprintf("  … and %d more pieces of evidence", len(f.Evidence)-i)))
				break
			}
			t.para("           · ", "             ", r.evidenceLine(e))
		}
	}
	if len(info) > 0 {
		t.heading("For information")
		for _, f := range info {
			t.para("  "+fmt.Sprintf("%-30s", f.Check)+" ", strings.Repeat(" ", 33), clean(f.Title)+": "+t.subject(r, f))
		}
	}
}

// split parts what needs attention from information.
func split(all []*finding.Finding) (above, info []*finding.Finding) {
	for _, f := range all {
		if f.Severity > ident.Info {
			above = append(above, f)
		} else {
			info = append(info, f)
		}
	}
	return above, info
}

// subject says in one line whom a finding is about.
func (t *textWriter) subject(r *Report, f *finding.Finding) string {
	who := f.Address
	if d := r.device(f.Device); d != nil {
		who = Label(d) + " (" + f.Address + ")"
	}
	s := f.Check
	if who != "" {
		s += " · " + clean(who)
	}
	if n := len(f.Peers); n == 1 {
		s += " ↔ " + clean(f.Peers[0])
	} else if n > 1 {
		s += fmt.Sprintf(" ↔ %s and %d more", clean(f.Peers[0]), max(f.PeerCount, n)-1)
	}
	if f.Count > 1 {
		s += fmt.Sprintf(" · %s times", group(f.Count))
	}
	s += fmt.Sprintf(" · sure to %.0f %%", f.Confidence*100)
	if len(f.Attack) > 0 {
		s += " · " + strings.Join(f.Attack, " ")
	}
	return s
}

func (r *Report) device(id string) *asset.Device {
	if id == "" {
		return nil
	}
	for _, d := range r.Devices {
		if d.ID == id {
			return d
		}
	}
	return nil
}

func (r *Report) evidenceLine(e finding.Evidence) string {
	if e.Packet == 0 {
		return e.Summary
	}
	return fmt.Sprintf("%s %d: %s", r.evidenceType(e), e.Packet, e.Summary)
}

// evidenceType says what the number of a piece of evidence counts: packets of
// a capture, or lines of a log.
func (r *Report) evidenceType(e finding.Evidence) string {
	if e.Type == finding.Packet && int(e.Capture) < len(r.Captures) && r.Captures[e.Capture].Lines > 0 {
		return "line"
	}
	return string(e.Type)
}

// Label is the shortest good name of a device.
func Label(d *asset.Device) string {
	switch {
	case len(d.Names) > 0:
		return d.Names[0]
	case d.Model.Known():
		return d.Model.Value
	case d.Vendor.Known() && d.Type.Known():
		return d.Vendor.Value + " " + d.Type.Value
	case d.Type.Known():
		return d.Type.Value
	case d.Vendor.Known():
		return d.Vendor.Value + " device"
	}
	return "unknown device"
}

func (t *textWriter) devices(r *Report) {
	if len(r.Devices) == 0 {
		return
	}
	t.heading(fmt.Sprintf("Devices (%d)", len(r.Devices)))
	const shown = 60
	for i, d := range r.Devices {
		if i == shown {
			t.line("  … and %d more (see --format json)", len(r.Devices)-i)
			break
		}
		addr := ""
		if len(d.Addresses) > 0 {
			addr = d.Addresses[0].String()
		}
		mac := ""
		if len(d.MACs) > 0 {
			mac = d.MACs[0].String()
		}
		t.line("  %s  %s  %s", t.style(bold, fmt.Sprintf("%-15s", addr)), fmt.Sprintf("%-17s", mac), clean(Label(d)))
		about := []string{}
		add := func(name string, b asset.Belief) {
			if b.Known() {
				about = append(about, fmt.Sprintf("%s %s (%.0f %%)", name, b.Value, b.Confidence*100))
			}
		}
		add("type", d.Type)
		add("vendor", d.Vendor)
		add("model", d.Model)
		add("OS", d.OS)
		add("firmware", d.Firmware)
		if d.Zone != "" {
			about = append(about, "zone "+d.Zone)
		}
		about = append(about, d.Roles...)
		if len(about) == 0 {
			about = append(about, "nothing is known of what it is")
		}
		t.para("      ", "      ", strings.Join(about, ", "))
		if s := serviceLine(d.Services); s != "" {
			t.para("      offers ", "        ", s)
		}
		if s := peerLine(d); s != "" {
			t.para("      talks to ", "        ", s)
		}
	}
}

func serviceLine(list []asset.Service) string {
	var parts []string
	for i, s := range list {
		if i == 12 {
			parts = append(parts, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		name := s.Protocol
		if name == "" {
			name = "unknown"
		}
		parts = append(parts, fmt.Sprintf("%s/%s %d", name, s.Transport, s.Port))
	}
	return strings.Join(parts, ", ")
}

func peerLine(d *asset.Device) string {
	var parts []string
	for i, p := range d.Peers {
		if i == 5 {
			break
		}
		name := p.Address.String()
		if p.Name != "" {
			name = p.Name
		}
		parts = append(parts, name)
	}
	if n := d.PeerCount - len(parts); n > 0 && len(parts) > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(parts, ", ")
}

func (t *textWriter) protocols(r *Report) {
	if len(r.Protocols) == 0 {
		return
	}
	t.heading("Protocols")
	t.line("  %-18s %10s %12s %12s %8s", "protocol", "flows", "messages", "bytes", "errors")
	for _, p := range r.Protocols {
		t.line("  %-18s %10s %12s %12s %8s", p.Name, group(p.Flows), group(p.Messages), size(p.Bytes), group(p.Errors))
	}
}

// loss says what could not be seen; nothing when all was.
func (t *textWriter) loss(r *Report) {
	parts := r.losses()
	if len(parts) == 0 {
		return
	}
	t.heading("What could not be seen")
	for _, p := range parts {
		t.para("  · ", "    ", p)
	}
}

// losses says in words what could not be seen.
func (r *Report) losses() []string {
	var parts []string
	add := func(n uint64, what string) {
		if n > 0 {
			parts = append(parts, what+": "+group(n))
		}
	}
	l := r.Loss
	if l.Truncated {
		parts = append(parts, "a capture ends in the middle of a record")
	}
	add(l.KernelDrops, "packets that the kernel dropped")
	add(l.Duplicates, "second copies made by a mirror port, left out")
	add(l.Undecoded, "frames that could not be decoded")
	add(l.Snapped, "packets captured in part only")
	add(l.BadRecords, "records of captures that could not be used")
	add(l.BadTimes, "time stamps that made no sense and were mended")
	add(l.BadLines, "lines of logs that could not be understood")
	add(l.Fragments, "datagrams of which fragments are missing")
	add(l.OneSided, "TCP flows seen in one direction only")
	add(l.Midstream, "TCP flows picked up in the middle")
	add(l.GapBytes, "bytes missing inside TCP streams")
	add(l.Evicted, "flows ended early because the memory budget was spent")
	add(l.NoMemory, "times there was no memory to put a stream together")
	add(l.Hosts, "hosts forgotten for lack of room")
	add(l.ParserErrors, "messages that broke their protocol's standard")
	add(l.GaveUp, "flows whose parser could not go on")
	add(l.FindingsLimit, "claims not kept because too many findings were open")
	return parts
}

// group writes a number with thin groups of three digits.
func group(n uint64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural writes a number with its noun.
func plural(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return group(n) + " " + noun + "s"
}

func size(n uint64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}

func duration(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.1f seconds", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.1f minutes", d.Minutes())
	case d < 72*time.Hour:
		return fmt.Sprintf("%.1f hours", d.Hours())
	}
	return fmt.Sprintf("%.1f days", d.Hours()/24)
}
