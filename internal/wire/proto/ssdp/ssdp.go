// Package ssdp is the codec of the Simple Service Discovery Protocol (UPnP
// Device Architecture 2.0 section 1) and its analyser.
//
// It fetches no descriptions: what is behind a location is seen when somebody
// else asks for it, by package http. The packet path uses the analyser;
// scanner and tests may use the codec.
package ssdp

import (
	"bytes"
	"errors"

	"edgeward/internal/wire/proto/textline"
)

// ErrStartLine says that a datagram is no SSDP message.
var ErrStartLine = errors.New("first line is that of no SSDP message")

// Port of the protocol.
const Port = 1900

// maxFields bounds the header fields that are read.
const maxFields = 64

// Kind is what a message does.
type Kind uint8

// The kinds of messages.
const (
	Search   Kind = iota + 1 // M-SEARCH
	Notify                   // NOTIFY
	Response                 // answer to M-SEARCH
)

var startLines = [...]string{Search: "M-SEARCH * HTTP/1.1", Notify: "NOTIFY * HTTP/1.1", Response: "HTTP/1.1 200 OK"}

var kindNames = [...]string{"", "M-SEARCH", "NOTIFY", "response"}

func (k Kind) String() string { return kindNames[k] }

// Msg is one message. Its slices are views into the datagram; what the message
// does not have is nil.
type Msg struct {
	Kind     Kind
	Host     []byte
	Target   []byte // ST or NT
	NTS      []byte
	USN      []byte
	Location []byte
	Server   []byte
	Agent    []byte // USER-AGENT
	Man, MX  []byte // of M-SEARCH
	Fields   []byte // all header lines
	Broken   bool   // a line of the head is no header field
}

// Decode reads one message and takes all of b. Header lines that are none are
// passed over.
func Decode(m *Msg, b []byte) (n int, err error) {
	*m = Msg{}
	line, n := textline.Cut(b)
	if m.Kind = kindOf(line); m.Kind == 0 {
		return 0, ErrStartLine
	}
	m.Fields = b[n:]
	m.EachField(func(name, value []byte) bool {
		if name == nil {
			m.Broken = true
			return true
		}
		if field := m.field(name); field != nil && *field == nil {
			*field = value
		}
		return true
	})
	return len(b), nil
}

func kindOf(line []byte) Kind {
	method, rest := textline.Word(line)
	if bytes.HasPrefix(method, []byte("HTTP/1.")) {
		if status, _ := textline.Word(rest); string(status) == "200" {
			return Response
		}
		return 0
	}
	target, version := textline.Word(rest)
	if string(target) != "*" || !bytes.HasPrefix(version, []byte("HTTP/1.")) {
		return 0
	}
	switch string(method) {
	case "M-SEARCH":
		return Search
	case "NOTIFY":
		return Notify
	}
	return 0
}

// field gives the place for a header field, nil when it has none.
func (m *Msg) field(name []byte) *[]byte {
	switch len(name) {
	case 2:
		if bytes.EqualFold(name, []byte("ST")) || bytes.EqualFold(name, []byte("NT")) {
			return &m.Target
		}
		if bytes.EqualFold(name, []byte("MX")) {
			return &m.MX
		}
	case 3:
		if bytes.EqualFold(name, []byte("NTS")) {
			return &m.NTS
		}
		if bytes.EqualFold(name, []byte("USN")) {
			return &m.USN
		}
		if bytes.EqualFold(name, []byte("MAN")) {
			return &m.Man
		}
	case 4:
		if bytes.EqualFold(name, []byte("HOST")) {
			return &m.Host
		}
	case 6:
		if bytes.EqualFold(name, []byte("SERVER")) {
			return &m.Server
		}
	case 8:
		if bytes.EqualFold(name, []byte("LOCATION")) {
			return &m.Location
		}
	case 10:
		if bytes.EqualFold(name, []byte("USER-AGENT")) {
			return &m.Agent
		}
	}
	return nil
}

// EachField calls f for the header lines in their order until it gives false;
// name is nil for a line that is no header field.
func (m *Msg) EachField(f func(name, value []byte) bool) {
	b := m.Fields
	for range maxFields {
		line, n := textline.Cut(b)
		if n == 0 {
			line, n = textline.TrimEnd(b), len(b) // the last line may lack its ending
		}
		if len(textline.TrimSpace(line)) == 0 {
			return
		}
		name, value := textline.Field(line)
		if !f(name, value) {
			return
		}
		b = b[n:]
	}
}

// Append appends the message with the fields it has; Fields is left out.
func Append(dst []byte, m *Msg) []byte {
	if m.Kind < Search || m.Kind > Response {
		return dst
	}
	target := "ST"
	if m.Kind == Notify {
		target = "NT"
	}
	dst = append(append(dst, startLines[m.Kind]...), "\r\n"...)
	for _, f := range [...]struct {
		name  string
		value []byte
	}{
		{"HOST", m.Host}, {"MAN", m.Man}, {"MX", m.MX}, {target, m.Target}, {"NTS", m.NTS}, {"USN", m.USN},
		{"LOCATION", m.Location}, {"SERVER", m.Server}, {"USER-AGENT", m.Agent},
	} {
		if f.value != nil {
			dst = append(append(dst, f.name...), ": "...)
			dst = append(append(dst, f.value...), "\r\n"...)
		}
	}
	return append(dst, "\r\n"...)
}
