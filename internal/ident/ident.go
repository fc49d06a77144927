// Package ident holds the smallest words of the program: who, where, how bad,
// when, and what went wrong. It imports the standard library only and every
// other package may import it.
package ident

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Place says whose traffic a thing belongs to and where it was seen. The same
// private network in forty sites stays forty because Scope differs.
type Place struct {
	Tenant uint16 `cbor:"1"`
	Scope  uint16 `cbor:"2"`
}

// HostKey names the on-link MAC or else the address that a fact was seen
// with, inside one Place. It is never a device id: identities change, facts
// do not.
type HostKey uint64

// MAC is an IEEE 802 address.
type MAC [6]byte

// IsZero reports whether the address is absent.
func (m MAC) IsZero() bool { return m == MAC{} }

// IsGroup reports whether the address is multicast or broadcast.
func (m MAC) IsGroup() bool { return m[0]&1 == 1 }

// IsLocal reports whether the address is locally administered, as randomised
// addresses are.
func (m MAC) IsLocal() bool { return m[0]&2 == 2 }

// AppendText appends the lower-case form with colons.
func (m MAC) AppendText(b []byte) ([]byte, error) {
	const digits = "0123456789abcdef"
	for i, c := range m {
		if i > 0 {
			b = append(b, ':')
		}
		b = append(b, digits[c>>4], digits[c&15])
	}
	return b, nil
}

// MarshalText makes the address a JSON string.
func (m MAC) MarshalText() ([]byte, error) { return m.AppendText(make([]byte, 0, 17)) }

// UnmarshalText reads an address as ParseMAC does.
func (m *MAC) UnmarshalText(b []byte) error {
	v, err := ParseMAC(string(b))
	*m = v
	return err
}

func (m MAC) String() string {
	b, _ := m.AppendText(make([]byte, 0, 17))
	return string(b)
}

// ParseMAC reads an address with colons, dashes, dots or no separator.
func ParseMAC(s string) (MAC, error) {
	var m MAC
	n := 0
	for i := range len(s) {
		var v byte
		switch c := s[i]; {
		case c == ':' || c == '-' || c == '.':
			continue
		case '0' <= c && c <= '9':
			v = c - '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			v = c | 0x20 - 'a' + 10
		default:
			n = 13
		}
		if n >= 12 {
			n = 13
			break
		}
		m[n/2] = m[n/2]<<4 | v
		n++
	}
	if n != 12 {
		return MAC{}, fmt.Errorf("parse MAC address %q: want six bytes in hexadecimal", s)
	}
	return m, nil
}

// Severity orders judgements by how much they matter.
type Severity uint8

// The five severities, from a mere observation to an emergency.
const (
	Info Severity = iota
	Low
	Medium
	High
	Critical
)

var severityNames = [...]string{"info", "low", "medium", "high", "critical"}

func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return "unknown"
}

// MarshalText makes the severity a JSON string.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a severity by its name.
func (s *Severity) UnmarshalText(b []byte) error {
	v, err := ParseSeverity(string(b))
	*s = v
	return err
}

// ParseSeverity reads a severity by its name, in any case.
func ParseSeverity(name string) (Severity, error) {
	for i, n := range severityNames {
		if strings.EqualFold(n, name) {
			return Severity(i), nil
		}
	}
	return Info, fmt.Errorf("unknown severity %q: want one of %s", name, strings.Join(severityNames[:], ", "))
}

// Clock gives the wall-clock time; tests inject their own. Packet time never
// comes from it.
type Clock func() time.Time

// Code is the class of an error; the command line turns it into an exit code.
type Code uint8

// The classes of errors.
const (
	Internal    Code = iota // a defect or a failing machine
	Usage                   // the caller asked in a wrong way
	Invalid                 // the input is not what it should be
	NotFound                // the input does not exist
	Denied                  // the system refuses access
	Unavailable             // something needed is away for the moment
	Damaged                 // what was stored cannot be read any more
)

// Error carries a class and a hint beside the cause.
type Error struct {
	Code Code
	Hint string // what the user can do about it; a sentence without a full stop
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error with a formatted cause.
func Errorf(code Code, hint, format string, args ...any) error {
	return &Error{Code: code, Hint: hint, Err: fmt.Errorf(format, args...)}
}

// CodeOf gives the class of err, Internal when it has none.
func CodeOf(err error) Code {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Code
	}
	return Internal
}

// HintOf gives the hint of err, empty when it has none.
func HintOf(err error) string {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Hint
	}
	return ""
}

// AppendTime appends packet time (nanoseconds since 1970, UTC) in RFC 3339
// with microseconds. Years outside 0..9999 cannot occur in an int64.
func AppendTime(b []byte, ns int64) []byte {
	return time.Unix(0, ns).UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z07:00")
}

// Time formats packet time as AppendTime does.
func Time(ns int64) string { return string(AppendTime(make([]byte, 0, 32), ns)) }

// Clip cuts a text to at most so many bytes, between characters.
func Clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	most = max(most, 0)
	for most > 0 && text[most]&0xc0 == 0x80 {
		most--
	}
	return text[:most]
}
