// Package coap reads and writes the Constrained Application Protocol: RFC 7252
// messages in datagrams and the stream framing of RFC 8323, with every
// registered option and its limits (RFC 7641, 7959, 7967, 8132, 8613, 8768,
// 9175, 9177), strictly or leniently with a list of what was wrong. Its second
// half is the analyser that turns conversations into facts and names what LwM2M
// does.
//
// The codec knows messages, not exchanges: matching, deduplication and
// congestion control are the analyser's and the guard's business. DTLS is
// another package's. Sensor, rules, guard and scanner may use it.
package coap

import "errors"

// ErrShort says that a message of a stream goes on behind the bytes at hand.
var ErrShort = errors.New("coap: the message is not complete")

// Type is the type of a message in a datagram (RFC 7252 section 3).
type Type uint8

// The message types.
const (
	CON Type = iota
	NON
	ACK
	RST
)

func (t Type) String() string { return [...]string{"CON", "NON", "ACK", "RST"}[t&3] }

// Code is a method, response or signalling code: class in the upper three
// bits, detail in the lower five.
type Code uint8

// The codes that code refers to.
const (
	Empty   Code = 0
	GET     Code = 1
	POST    Code = 2
	PUT     Code = 3
	DELETE  Code = 4
	FETCH   Code = 5 // RFC 8132
	PATCH   Code = 6
	IPATCH  Code = 7
	Created Code = 2<<5 | 1
	Deleted Code = 2<<5 | 2
	Valid   Code = 2<<5 | 3
	Changed Code = 2<<5 | 4
	Content Code = 2<<5 | 5

	BadRequest   Code = 4 << 5
	Unauthorized Code = 4<<5 | 1
	BadOption    Code = 4<<5 | 2

	CSM     Code = 7<<5 | 1 // RFC 8323 section 5
	Ping    Code = 7<<5 | 2
	Pong    Code = 7<<5 | 3
	Release Code = 7<<5 | 4
	Abort   Code = 7<<5 | 5
)

// Class gives the class: 0 requests, 2, 4 and 5 responses, 7 signals.
func (c Code) Class() uint8 { return uint8(c) >> 5 }

// Detail gives the lower five bits.
func (c Code) Detail() uint8 { return uint8(c) & 31 }

// Request reports whether the code is a method.
func (c Code) Request() bool { return c.Class() == 0 && c != Empty }

// Response reports whether the code is of a response.
func (c Code) Response() bool { return c.Class() == 2 || c.Class() == 4 || c.Class() == 5 }

// Signal reports whether the code is a signalling code of RFC 8323.
func (c Code) Signal() bool { return c.Class() == 7 }

// String gives the dotted form, "2.05".
func (c Code) String() string { return dotted[c] }

// Name gives the method's or signal's name, "" when it has none.
func (c Code) Name() string {
	switch {
	case c.Request() && int(c) < len(methods):
		return methods[c]
	case c.Signal() && int(c.Detail()) < len(signals):
		return signals[c.Detail()]
	}
	return ""
}

var (
	methods = [...]string{"", "GET", "POST", "PUT", "DELETE", "FETCH", "PATCH", "iPATCH"}
	signals = [...]string{"", "CSM", "Ping", "Pong", "Release", "Abort"}
	dotted  = func() (t [256]string) {
		for i := range t {
			c := Code(i)
			t[i] = string([]byte{'0' + c.Class(), '.', '0' + c.Detail()/10, '0' + c.Detail()%10})
		}
		return t
	}()
)

// assigned has one bit for each detail of a class that IANA has assigned.
var assigned = [8]uint32{
	0: 0xff,
	2: 1<<1 | 1<<2 | 1<<3 | 1<<4 | 1<<5 | 1<<31,
	4: 0x7f | 1<<8 | 1<<9 | 1<<12 | 1<<13 | 1<<15 | 1<<22 | 1<<29,
	5: 0x3f | 1<<8,
	7: 0x3e,
}

// Assigned reports whether the code is registered.
func (c Code) Assigned() bool { return assigned[c.Class()]&(1<<c.Detail()) != 0 }

// Message is one message. Slices are views into the decoded bytes.
type Message struct {
	Stream  bool // framed for a stream: no Type and ID
	Type    Type
	Code    Code
	ID      uint16
	Token   []byte
	Options []Option // in the order of their numbers
	Payload []byte
	Size    int      // bytes of the whole payload; above len(Payload) while a stream brings it
	Faults  []*Fault // what the lenient decoder let pass, at most 8
}

// Reset empties the message and keeps the memory of its slices, up to a bound.
func (m *Message) Reset() {
	options, faults := m.Options[:0], m.Faults[:0]
	if cap(options) > maxKept {
		options = nil
	}
	*m = Message{Options: options, Faults: faults}
}

// maxKept is how many options a reused message may hold on to.
const maxKept = 256

// Option gives the first option with that number.
func (m *Message) Option(n Number) (Option, bool) {
	for _, o := range m.Options {
		if o.Number == n {
			return o, true
		}
		if o.Number > n {
			break
		}
	}
	return Option{}, false
}

// Uint gives the value of a numeric option and whether the option is there.
func (m *Message) Uint(n Number) (uint32, bool) {
	o, ok := m.Option(n)
	return o.Uint(), ok
}

// Add appends an option; Append puts options into order.
func (m *Message) Add(n Number, v []byte) { m.Options = append(m.Options, Option{n, v}) }

// AddUint appends a numeric option in its shortest form.
func (m *Message) AddUint(n Number, v uint32) {
	b := []byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}
	for len(b) > 0 && b[0] == 0 {
		b = b[1:]
	}
	m.Add(n, b)
}

// AppendPath appends the Uri-Path as it stands in a URI: "/" and segment for
// each option, with what would not be part of a segment percent-encoded.
func (m *Message) AppendPath(b []byte) []byte { return m.appendParts(b, URIPath, "/", "/") }

// AppendQuery appends the Uri-Query options joined by "&".
func (m *Message) AppendQuery(b []byte) []byte { return m.appendParts(b, URIQuery, "", "&") }

func (m *Message) appendParts(b []byte, n Number, first, between string) []byte {
	sep := first
	for _, o := range m.Options {
		if o.Number != n {
			continue
		}
		b = append(b, sep...)
		b = appendEscaped(b, o.Value, n == URIPath)
		sep = between
	}
	return b
}

func appendEscaped(b, v []byte, path bool) []byte {
	const digits = "0123456789ABCDEF"
	for _, c := range v {
		if c <= ' ' || c == 0x7f || c == '%' || c == '#' || path && (c == '/' || c == '?') || !path && c == '&' {
			b = append(b, '%', digits[c>>4], digits[c&15])
			continue
		}
		b = append(b, c)
	}
	return b
}
