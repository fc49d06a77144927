// Package ruleset writes profiles in the formats that firewalls, brokers and
// intrusion detection systems take: nftables, the ACL files of mosquitto and
// EMQX, Suricata, lists of addresses, dnsmasq, and the guard's policy.
//
// A format seldom says all that a profile says. Where a wider form exists it
// is written and told as a limit; where none exists, or where a text from the
// network could be taken for syntax, the line is left out and told. Nothing is
// left out silently. What is written depends on policies and options only: the
// same give the same bytes. It reads no network and loads nothing anywhere;
// commands, hub and API use it.
package ruleset

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"edgeward/internal/ident"
	"edgeward/internal/output/notice"
	"edgeward/internal/policy"
)

// Options say what a profile leaves to the network that it is used in.
type Options struct {
	// Mode is what happens to what no line allows; empty for each policy's
	// own. It goes for nftables, Suricata and the guard: an ACL file and a
	// list only ever enforce.
	Mode policy.Mode

	// Who has which role. Servers of time need none: they are known by port.
	Gateways  []netip.Addr
	Resolvers []netip.Addr

	Local     []netip.Prefix            // home networks; nil for the private ones
	Zones     map[string][]netip.Prefix // networks of zones
	Devices   []Device                  // what is known of devices beside what profiles say
	Names     map[string][]netip.Addr   // addresses of names, as last seen, in lower case
	Classes   map[string][]policy.Member
	Operators map[string][]policy.Member // by policy id; "" for all

	// Timeout is how long an address stays in the set of a name after it was
	// last given by DNS; 0 for a day. In nftables 1.0 an answer that is
	// repeated does not renew it, so it must be well above times to live.
	Timeout time.Duration
	// ByAddress tells nftables to know devices by address though their MAC
	// address is known: for a router that is not on their link.
	ByAddress bool
	// LogGroup is the netlink group that nftables logs to; 0 for the kernel's log.
	LogGroup uint16

	// Accounts are user names at the broker by client id. A client id without
	// one is taken for the user name itself.
	Accounts map[string]string
	// ByClientID tells mosquitto to bind topics to client ids instead of
	// users, for brokers without accounts. It is weaker: a client id is not
	// proven.
	ByClientID bool
	// Brokers are the addresses of the brokers that an ACL file is for; none
	// for all.
	Brokers []netip.Addr

	// Blocked are the destinations that a list of blocked ones has: addresses
	// or names, such as a proof tells.
	Blocked []string
}

// Device is what is known of a device beside its profile.
type Device struct {
	policy.Member
	Vendor string
	MUD    string // URL that it announced
}

// Format is one that profiles can be written in.
type Format struct {
	Name        string // as on the command line
	Description string
	Extension   string // of a file, with the dot
	MediaType   string
	write       func(*writer)
}

var formats = []Format{
	{"nftables", "nftables table: a chain per profile, sets that DNS feeds", ".nft", "text/plain", (*writer).nftables},
	{"dnsmasq", "dnsmasq lines that feed the sets of the nftables table", ".conf", "text/plain", (*writer).dnsmasq},
	{"mosquitto", "ACL file of the mosquitto broker", ".acl", "text/plain", (*writer).mosquitto},
	{"emqx", "acl.conf of the EMQX broker, version 5", ".conf", "text/plain", (*writer).emqx},
	{"suricata", "rules for Suricata, version 6 and later", ".rules", "text/plain", (*writer).suricata},
	{"edl", "external dynamic list of the addresses that profiles allow", ".txt", "text/plain", (*writer).allowedAddresses},
	{"edl-names", "external dynamic list of the names that profiles allow", ".txt", "text/plain", (*writer).allowedNames},
	{"edl-blocked", "external dynamic list of the destinations that would be blocked", ".txt", "text/plain", (*writer).blocked},
	{"guard", "policy of the guard in front of MQTT brokers and CoAP servers", ".yaml", "application/yaml", (*writer).guard},
}

// Formats lists the formats.
func Formats() []Format { return slices.Clone(formats) }

// FormatByName gives a format. The error names the ones that there are.
func FormatByName(name string) (Format, error) {
	var names []string
	for _, f := range formats {
		if f.Name == name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	return Format{}, ident.Errorf(ident.Usage, "want one of "+strings.Join(names, ", "), "unknown format %q", name)
}

// Write writes the profiles among the policies and lists what the format does
// not say of them. Policies are taken in their order; a device that is in two
// belongs to the last, as for the evaluator.
func (f Format) Write(w io.Writer, policies []*policy.Policy, o Options) ([]policy.Limit, error) {
	p, err := newPlan(policies, o)
	if err != nil {
		return nil, fmt.Errorf("write as %s: %w", f.Name, err)
	}
	out := &writer{plan: p, Writer: bufio.NewWriter(w)}
	f.write(out)
	if err := out.Flush(); err != nil {
		return nil, fmt.Errorf("write as %s: %w", f.Name, err)
	}
	return p.limits, nil
}

// writer is a format being written. Errors of writing stay in the buffer until
// it is flushed.
type writer struct {
	*plan
	*bufio.Writer
}

func (w *writer) line(format string, args ...any) {
	fmt.Fprintf(w, format+"\n", args...)
}

// header says how a file was made, as comments that begin with mark.
func (w *writer) header(mark, what string) {
	w.line("%s %s", mark, what)
	w.line("%s Made by edgeward from these profiles; changes here are lost when it is made again.", mark)
	for _, p := range w.profiles {
		w.line("%s   %s revision %d, %s", mark, plain(p.policy.ID, 128), p.policy.Revision, p.mode)
	}
}

// plain makes a word of a text for comments, messages and prefixes of any
// format: letters, digits and a few signs that no format gives a meaning to.
func plain(s string, max int) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '.', r == '_', r == ' ':
			return r
		}
		return '_'
	}, ident.Clip(notice.Line(s, 4*max), max))
}

// shown quotes a text for people.
func shown(s string) string { return strconv.Quote(notice.Line(s, 64)) }
