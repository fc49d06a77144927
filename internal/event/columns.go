package event

import (
	"net/netip"
	"strconv"

	"edgeward/internal/ident"
)

// Columns are what lists and indexes show of any fact, whatever its kind. The
// col tags say from which fields they come.
type Columns struct {
	Protocol string // application protocol
	Name     string // who was asked for: DNS name, SNI, HTTP host
	Verb     string // what was asked: method, packet type, function
	Path     string // of what: URL, topic, resource, register, file
	User     string // as whom: user, client id, AE title
	Status   string // with which outcome
	BytesOut uint64 // of a flow, from its client
	BytesIn  uint64
	Packets  uint64
}

// kindProtocols gives the protocol that a kind's name is; empty for none.
var kindProtocols = func() (names [kindCount]string) {
	for k := range kindCount {
		names[k] = ProtoByName(k.String()).String()
	}
	return names
}()

// ColumnsOf gives the columns of a fact.
func ColumnsOf(body Body) Columns {
	var c Columns
	body.Columns(&c)
	if c.Protocol == "" {
		c.Protocol = kindProtocols[body.Kind()]
	}
	return c
}

// numbers has the text of small numbers, so that it need not be made.
var numbers = func() (text [1024]string) {
	for i := range text {
		text[i] = strconv.Itoa(i)
	}
	return text
}()

func uintText(v uint64) string {
	if v < uint64(len(numbers)) {
		return numbers[v]
	}
	return strconv.FormatUint(v, 10)
}

func intText(v int64) string {
	if v >= 0 {
		return uintText(uint64(v))
	}
	return strconv.FormatInt(v, 10)
}

// ValueType says which member of a Value counts.
type ValueType uint8

// The types of values.
const (
	Text ValueType = iota
	Number
	Boolean
	Moment
	Address
)

// Value is one value of a field, as Visit shows it.
type Value struct {
	Type ValueType
	Text string     // of Text
	Num  int64      // of Number; 0 or 1 of Boolean; nanoseconds of Moment. Numbers above the largest int64 become that.
	Addr netip.Addr // of Address
}

// TextValue makes a Value of text.
func TextValue(s string) Value { return Value{Type: Text, Text: s} }

// UintValue makes a Value of a number.
func UintValue(v uint64) Value { return Value{Type: Number, Num: int64(min(v, 1<<63-1))} }

// IntValue makes a Value of a number.
func IntValue(v int64) Value { return Value{Type: Number, Num: v} }

// BoolValue makes a Value of a truth value.
func BoolValue(v bool) Value {
	if v {
		return Value{Type: Boolean, Num: 1}
	}
	return Value{Type: Boolean}
}

// TimeValue makes a Value of a time in nanoseconds.
func TimeValue(v int64) Value { return Value{Type: Moment, Num: v} }

// AddrValue makes a Value of an address.
func AddrValue(a netip.Addr) Value { return Value{Type: Address, Addr: a} }

// String gives the value as text.
func (v Value) String() string {
	switch v.Type {
	case Number:
		return intText(v.Num)
	case Boolean:
		return strconv.FormatBool(v.Num != 0)
	case Moment:
		return ident.Time(v.Num)
	case Address:
		return v.Addr.String()
	}
	return v.Text
}
