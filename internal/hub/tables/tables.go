// Package tables reads what other systems know of devices: leases of DHCP
// servers, neighbour tables of routers, address tables of switches and lists
// of an asset database. It reads files in the forms that these tools write,
// and the tables of a switch or router by SNMP, which it never writes to. It
// changes nothing itself; package api matches the entries with devices.
package tables

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"edgeward/internal/asset"
	"edgeward/internal/ident"
)

// The limits of one import.
const (
	MaxEntries = 200_000
	maxLine    = 64 << 10
)

// Entry is what one row says of a device. At least one of MAC and Address is set.
type Entry struct {
	Line    int // in the file, from 1; 0 by SNMP
	MAC     ident.MAC
	Address netip.Addr
	Name    string           // as the device calls itself
	Switch  string           // the switch it is connected to
	Port    string           // and the port there
	VLAN    string           // and the VLAN
	Set     asset.Attributes // what a person recorded
}

// Problem is a row that was not understood.
type Problem struct {
	Line int
	Text string // why
}

// Format names a form of file.
type Format string

// The forms of files.
const (
	CMDB Format = "cmdb" // CSV with a header
	DHCP Format = "dhcp" // leases of dnsmasq, ISC dhcpd or Kea
	ARP  Format = "arp"  // neighbour table: ip neigh, arp, /proc/net/arp, show ip arp, CSV
	MAC  Format = "mac"  // address table of a switch: show mac address-table, bridge fdb, CSV
)

// Parse reads a file. Rows that are not understood are problems, not errors;
// an error is a file that cannot be read or is none of the format at all.
func Parse(format Format, r io.Reader) ([]Entry, []Problem, error) {
	b := bufio.NewReaderSize(r, maxLine)
	head, err := b.Peek(4096)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, nil, fmt.Errorf("read table: %w", err)
	}
	p := &parser{}
	switch format {
	case CMDB:
		err = p.csv(b, true)
	case DHCP:
		switch first := firstLine(head); {
		case strings.Contains(first, "hwaddr") && strings.Contains(first, ","):
			err = p.csv(b, false)
		case strings.Contains(string(head), "lease ") && strings.Contains(string(head), "{"):
			err = p.lines(b, p.iscLine)
		default:
			err = p.lines(b, p.dnsmasqLine)
		}
	case ARP, MAC:
		if first := strings.ToLower(firstLine(head)); strings.ContainsAny(first, ",;\t") && strings.Contains(first, "mac") {
			err = p.csv(b, false)
			break
		}
		err = p.lines(b, p.tableLine)
	default:
		return nil, nil, ident.Errorf(ident.Usage, "use cmdb, dhcp, arp or mac", "unknown form of table %q", format)
	}
	if err != nil {
		return nil, nil, err
	}
	if len(p.entries) == 0 && len(p.problems) > 0 {
		return nil, p.problems, ident.Errorf(ident.Invalid, "check that the file is what the format says", "none of %d rows was understood; line %d: %s", p.bad, p.problems[0].Line, p.problems[0].Text)
	}
	return p.entries, p.problems, nil
}

func firstLine(b []byte) string {
	line, _, _ := strings.Cut(strings.TrimPrefix(string(b), "\ufeff"), "\n")
	return line
}

// parser collects what was read.
type parser struct {
	entries  []Entry
	problems []Problem
	bad      int
	lease    Entry // of an ISC file, while its block is open
	inLease  bool
}

const maxProblems = 1000

func (p *parser) problem(line int, format string, args ...any) {
	p.bad++
	if len(p.problems) < maxProblems {
		p.problems = append(p.problems, Problem{Line: line, Text: fmt.Sprintf(format, args...)})
	}
}

func (p *parser) add(e Entry) error {
	if e.MAC.IsGroup() || e.Address.IsMulticast() || e.Address.IsUnspecified() {
		return nil // nobody's address
	}
	if len(p.entries) >= MaxEntries {
		return ident.Errorf(ident.Invalid, "split the file", "more than %d rows", MaxEntries)
	}
	p.entries = append(p.entries, e)
	return nil
}

// lines gives every line that says something to take.
func (p *parser) lines(r *bufio.Reader, take func(n int, fields []string) error) error {
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxLine)
	for n := 1; s.Scan(); n++ {
		line := strings.TrimPrefix(s.Text(), "\ufeff")
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' || line[0] == '!' {
			continue
		}
		if err := take(n, strings.Fields(line)); err != nil {
			return err
		}
	}
	if err := s.Err(); err != nil {
		return ident.Errorf(ident.Invalid, "a table has a row on each line", "read table: %w", err)
	}
	return nil
}

// tableLine reads a row of a neighbour or address table, in whatever order its
// tool writes the columns: an address is known by its form.
func (p *parser) tableLine(n int, fields []string) error {
	e := Entry{Line: n}
	for i, f := range fields {
		f = strings.Trim(f, "()[],")
		if a, err := netip.ParseAddr(f); err == nil && !e.Address.IsValid() {
			e.Address = a.Unmap().WithZone("")
			continue
		}
		if m, ok := macWord(f); ok && e.MAC.IsZero() {
			e.MAC = m
			continue
		}
		if (f == "dev" || f == "on") && i+1 < len(fields) {
			e.Port = fields[i+1]
		}
	}
	if e.MAC.IsZero() {
		if n > 1 && e.Address.IsValid() {
			return nil // a neighbour that did not answer
		}
		if e.Address.IsValid() || looksLikeHeader(fields) {
			return nil
		}
		p.problem(n, "no MAC address in %q", clip(strings.Join(fields, " ")))
		return nil
	}
	if !e.Address.IsValid() { // of a switch: VLAN first, port last
		if e.VLAN = fields[0]; !digits(e.VLAN) {
			e.VLAN = ""
		}
		if last := fields[len(fields)-1]; e.Port == "" && strings.ContainsAny(last, "0123456789") && len(fields) > 1 {
			if _, ok := macWord(last); !ok {
				e.Port = last
			}
		}
	}
	return p.add(e)
}

// looksLikeHeader says whether a row without addresses only names columns, or
// rules them off.
func looksLikeHeader(fields []string) bool {
	for _, f := range fields {
		if strings.Trim(f, "-=+|") == "" {
			continue
		}
		for _, c := range f {
			if c >= '0' && c <= '9' {
				return false
			}
		}
	}
	return true
}

// macWord reads a MAC address written with separators: a bare number of
// twelve digits may be anything.
func macWord(s string) (ident.MAC, bool) {
	if !strings.ContainsAny(s, ":-.") || len(s) < 11 || len(s) > 17 {
		return ident.MAC{}, false
	}
	if strings.Count(s, ":") == 5 && len(s) < 17 { // some tools leave zeros out
		parts := strings.Split(s, ":")
		for i, q := range parts {
			if len(q) == 1 {
				parts[i] = "0" + q
			}
		}
		s = strings.Join(parts, ":")
	}
	m, err := ident.ParseMAC(s)
	return m, err == nil && !m.IsZero()
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}
