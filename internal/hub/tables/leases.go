package tables

import (
	"net/netip"
	"strings"

	"edgeward/internal/ident"
)

// dnsmasqLine reads "expiry MAC address name client-id".
func (p *parser) dnsmasqLine(n int, fields []string) error {
	if fields[0] == "duid" {
		return nil
	}
	if len(fields) < 4 || !digits(fields[0]) {
		p.problem(n, "a lease of dnsmasq has the columns expiry, MAC, address, name and client id: %q", clip(strings.Join(fields, " ")))
		return nil
	}
	hardware := fields[1]
	if len(hardware) > 17 { // with its type before it, as in 01-…
		hardware = hardware[len(hardware)-17:]
	}
	a, err := netip.ParseAddr(fields[2])
	if err != nil {
		p.problem(n, "%q is no address", clip(fields[2]))
		return nil
	}
	e := Entry{Line: n, Address: a}
	if m, ok := macWord(hardware); ok && a.Is4() { // for IPv6 the column holds an IAID
		e.MAC = m
	}
	if fields[3] != "*" {
		e.Name = fields[3]
	}
	return p.add(e)
}

// iscLine reads one line of the blocks that ISC dhcpd writes. A lease that was
// given again later has a later block.
func (p *parser) iscLine(n int, fields []string) error {
	last := func() string {
		return strings.Trim(strings.TrimSuffix(strings.Join(fields[1:], " "), ";"), "\"")
	}
	switch fields[0] {
	case "lease":
		if len(fields) < 3 {
			p.problem(n, "a lease without an address")
			return nil
		}
		a, err := netip.ParseAddr(fields[1])
		if err != nil {
			p.problem(n, "%q is no address", clip(fields[1]))
			return nil
		}
		p.lease, p.inLease = Entry{Line: n, Address: a}, true
	case "hardware":
		if m, err := ident.ParseMAC(strings.TrimSuffix(fields[len(fields)-1], ";")); err == nil && p.inLease {
			p.lease.MAC = m
		}
	case "client-hostname":
		if p.inLease && len(fields) > 1 {
			p.lease.Name = last()
		}
	case "binding":
		if len(fields) > 2 && strings.TrimSuffix(fields[2], ";") != "active" {
			p.inLease = false
		}
	case "}":
		if p.inLease && !p.lease.MAC.IsZero() {
			p.inLease = false
			return p.add(p.lease)
		}
		p.inLease = false
	}
	return nil
}
