// Package mud reads and writes manufacturer usage descriptions: what the maker
// of a device says that it needs of the network (RFC 8520), as access control
// lists (RFC 8519) in JSON (RFC 7951).
//
// [Read] takes the form of the RFC and the forms of its drafts, which most
// published files have, and says of each oddity where it stands; [ReadStrict]
// takes the RFC's only. [Write] writes the RFC's form. [ToProfile] and
// [FromProfile] translate between a file and a [policy.Profile]; what one
// cannot say of the other comes as a list of limits. [Sign] and [Verify] are
// the detached signatures of section 13.
package mud

import (
	"fmt"
	"net/netip"
)

// File is a usage description (RFC 8520, section 3).
type File struct {
	URL           string // under which the file is published, https
	Signature     string // URL of its detached signature; empty for none
	LastUpdate    string // RFC 3339
	CacheValidity int    // hours, 1 to 168
	Supported     bool   // the maker still looks after the device
	SystemInfo    string // for people
	Manufacturer  string
	Model         string
	Firmware      string
	Software      string
	Documentation string // URL
	Extensions    []string

	// FromDevice and ToDevice name the lists for what the device sends and for
	// what it is sent.
	FromDevice, ToDevice []string
	// Quarantine names the entries that still hold while the device is in
	// quarantine: the extension of NIST's implementation.
	Quarantine []string
	Lists      []List
}

// List is an access control list (RFC 8519, section 4.1). Its entries are
// tried in turn.
type List struct {
	Name    string // of 64 characters at the most
	Type    string // ipv4-acl-type, ipv6-acl-type, eth-acl-type or a mix of them
	Entries []Entry
}

// Entry is one rule of a list.
type Entry struct {
	Name       string // of 64 characters at the most, one of its kind in the list
	Matches    Matches
	Forwarding string // accept, drop or reject
	Logging    string // log-syslog, log-none, or empty
}

// Matches are the conditions of an entry; all that are not nil must hold.
// Of IPv4 and IPv6, and of TCP, UDP and ICMP, there is at most one.
type Matches struct {
	Abstract *Abstraction
	Eth      *Ethernet
	IPv4     *IP
	IPv6     *IP
	TCP      *Ports
	UDP      *Ports
	ICMP     *ICMP
}

// Abstraction says with whom without addresses (RFC 8520, section 8).
type Abstraction struct {
	Manufacturer     string // authority of the peer's URL
	SameManufacturer bool
	Model            string // URL of the peer
	LocalNetworks    bool
	Controller       string // URI of a class
	MyController     bool
}

// Ethernet are conditions on the link (RFC 8519, section 4.2).
type Ethernet struct {
	Source, SourceMask           string
	Destination, DestinationMask string
	Type                         *uint16
}

// IP are conditions on the header (RFC 8519, section 4.2) and the names of
// ietf-acldns (RFC 8520, section 9).
type IP struct {
	Source, Destination         netip.Prefix
	SourceName, DestinationName string
	Protocol                    *uint8
	Fields                      []Field
}

// Ports are conditions on TCP or UDP.
type Ports struct {
	Source, Destination *Port
	// Initiated is from-device or to-device: which side began the connection.
	// Empty for either; of TCP only (RFC 8520, section 8).
	Initiated string
	Fields    []Field
}

// Port is one condition on a port.
type Port struct {
	Operator    string // eq, neq, lte, gte, or range
	Port, Upper uint16 // Upper is the end of a range, included
}

// ICMP are conditions on ICMP of either version.
type ICMP struct {
	Type, Code *uint8
	Fields     []Field
}

// Field is a condition on a header field that no profile has: kept so that a
// file can be written again.
type Field struct {
	Name  string
	Value string // as in JSON
}

// Warning says what is old or odd in a file, and where.
type Warning struct {
	Line int    `json:"line"`
	Path string `json:"path"`
	Text string `json:"text"`
}

// String gives the warning in one line.
func (w Warning) String() string { return fmt.Sprintf("line %d: %s: %s", w.Line, w.Path, w.Text) }
