// Package event holds the facts: what was observed, immutable. A fact is an
// envelope ([Fact]) with a typed body, one struct per kind, whose field tags
// are the one registry from which EVE JSON, columns, query completion and
// documentation come (see zz_generated.go and tools/eventgen).
//
// It is not a place for beliefs (package asset) or claims (package finding).
// Every package may import it; it imports package ident only.
package event

import (
	"net/netip"

	"edgeward/internal/ident"
)

//go:generate go run edgeward/tools/eventgen

// Body is what a fact says. Implementations are the structs of this package
// that carry an event:kind directive; their methods are generated.
type Body interface {
	// Kind names the body's type; it works on a nil receiver.
	Kind() Kind
	// Reset clears the body for reuse and keeps the capacity of its slices.
	Reset()
	// AppendEVE appends the body's fields as JSON members, without braces.
	AppendEVE(b []byte) []byte
	// AppendCBOR appends the body as a CBOR map with integer keys.
	AppendCBOR(b []byte) []byte
	// DecodeCBOR reads what AppendCBOR wrote, of this or another version:
	// fields that it does not know are passed over. Text becomes part of s.
	DecodeCBOR(s string) error
	// Columns fills in the columns that are still empty.
	Columns(c *Columns)
	// Visit calls fn with the fields that are not zero and the places of these
	// in the registry's list, until it gives false.
	Visit(fn func(field int, v Value) bool) bool
}

// Dir is a direction within a flow.
type Dir uint8

// The two directions.
const (
	ToServer Dir = 0
	ToClient Dir = 1
)

// Other gives the opposite direction.
func (d Dir) Other() Dir { return d ^ 1 }

func (d Dir) String() string {
	if d == ToServer {
		return "to_server"
	}
	return "to_client"
}

// Header is the envelope of a fact. Src is the side that asked (the client of
// a flow) for transactions, and the sender for messages that nobody asked for.
type Header struct {
	Time    int64  // packet time, nanoseconds since 1970 UTC
	Packet  uint64 // number of the packet in the capture, from 1; 0 for facts without one
	Offset  int64  // byte offset of that packet's record in the capture
	Capture uint32 // index of the capture in the run
	Place   ident.Place
	Flow    uint64 // flow id, stable for one capture; 0 when there is no flow
	Tx      uint32 // transaction number in the flow

	SrcMAC, DstMAC   ident.MAC // the frame's addresses, turned like Src and Dst
	Src, Dst         netip.Addr
	SrcPort, DstPort uint16
	Transport        uint8 // IP protocol number; 0 for link-layer facts
	VLAN             uint16
}

// Fact is one observation. Body and every string in it belong to the batch
// that holds the fact: who keeps one past the batch copies it.
type Fact struct {
	Header
	Ingest  int64 // wall-clock time at which the program saw it
	SrcHost ident.HostKey
	DstHost ident.HostKey
	Body    Body

	order Order
}

// Kind gives the kind of the fact's body.
func (f *Fact) Kind() Kind { return f.Body.Kind() }

// OpClass is what an industrial or medical request does to its target.
type OpClass string

// The operation classes, from harmless to grave.
const (
	OpNone     OpClass = ""
	OpDiscover OpClass = "discover"
	OpRead     OpClass = "read"
	OpWrite    OpClass = "write"
	OpProgram  OpClass = "program"  // logic or block download, delete, insert
	OpUpload   OpClass = "upload"   // logic or block read out of the device
	OpFirmware OpClass = "firmware" // firmware transfer
	OpMode     OpClass = "mode"     // run, stop, operating mode, link control
	OpRestart  OpClass = "restart"  // cold or warm restart
	OpAlarm    OpClass = "alarm"    // acknowledge, disable or suppress alarms and reports
	OpOther    OpClass = "other"
)

// Operation is an industrial or medical request in words that detection
// understands without knowing the protocol.
type Operation struct {
	Protocol string  // as in Proto.String
	Verb     string  // the protocol's own name of the function
	Class    OpClass // what it does
	Target   string  // unit, register range, block, object: the protocol's own words
	Denied   bool    // the device refused it
	Reply    bool    // an answer to it was seen
}

// Operator is implemented by bodies that are such requests.
type Operator interface {
	Operation() Operation
}
