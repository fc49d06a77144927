package coap

import "encoding/binary"

// Decoder reads messages. The zero value is strict, reads datagrams and knows
// no extended tokens. It keeps no state between messages.
type Decoder struct {
	Stream bool // messages are framed as in RFC 8323 section 3.2
	// Lenient makes Decode go on behind a fault as far as it can and list the
	// faults in the message instead of refusing it.
	Lenient bool
	// ExtendedTokens lets tokens be longer than 8 bytes (RFC 8974), which both
	// sides must have agreed on.
	ExtendedTokens bool
	// MaxSize refuses stream messages of more bytes behind the framing before
	// anything else of them is looked at; 0 is no limit.
	MaxSize int
}

// Decode reads the datagram b, or the message at the beginning of the stream
// bytes b, into m. n is the size of the message, also when err is a *Fault
// behind whose message one may go on.
func (d *Decoder) Decode(m *Message, b []byte) (n int, err error) {
	m.Reset()
	if d.Stream {
		return d.stream(m, b)
	}
	r := reader{m: m, lenient: d.Lenient}
	r.datagram(b, d.ExtendedTokens)
	return len(b), r.result()
}

// reader reads one message. After a fault in strict mode, or when the rest
// cannot be made sense of, it is stopped.
type reader struct {
	m       *Message
	err     *Fault
	lenient bool
	stopped bool
}

func (r *reader) result() error {
	if r.err != nil {
		return r.err
	}
	return nil
}

// fault notes a breach; in strict mode the first one ends the reading.
func (r *reader) fault(f *Fault) {
	if !r.lenient {
		if r.err == nil {
			r.err = f
		}
		r.stopped = true
		return
	}
	for _, g := range r.m.Faults {
		if g == f {
			return
		}
	}
	if len(r.m.Faults) < 8 {
		r.m.Faults = append(r.m.Faults, f)
	}
}

// fatal notes a breach behind which nothing can be read.
func (r *reader) fatal(f *Fault) {
	r.fault(f)
	r.stopped = true
}

// datagram reads a message of RFC 7252 section 3.
func (r *reader) datagram(b []byte, extended bool) {
	if len(b) < 4 {
		r.fatal(ErrHeader)
		return
	}
	m := r.m
	m.Type, m.Code, m.ID = Type(b[0]>>4&3), Code(b[1]), binary.BigEndian.Uint16(b[2:])
	if b[0]>>6 != 1 {
		r.fatal(ErrVersion)
		return
	}
	rest := r.token(b[4:], int(b[0]&15), extended)
	if r.stopped {
		return
	}
	r.combination(len(b))
	if !r.stopped {
		r.options(rest)
	}
}

// token reads the token, with its length extended as in RFC 8974 section 2.1.
func (r *reader) token(b []byte, n int, extended bool) []byte {
	switch {
	case n <= 8 || extended && n <= 12:
	case !extended || n == 15:
		r.fatal(ErrTokenLength)
		return nil
	case n == 13 && len(b) >= 1:
		n, b = 13+int(b[0]), b[1:]
	case n == 14 && len(b) >= 2:
		n, b = 269+int(binary.BigEndian.Uint16(b)), b[2:]
	}
	if n > len(b) {
		r.fatal(ErrToken)
		return nil
	}
	r.m.Token = b[:n:n]
	return b[n:]
}

// combination holds type and code of a datagram against each other (table 1
// of RFC 7252).
func (r *reader) combination(size int) {
	m := r.m
	switch c := m.Code; {
	case c == Empty:
		if m.Type == NON {
			r.fault(ErrTypeCode)
		}
		if size > 4 {
			r.fault(ErrEmpty)
		}
	case !c.Request() && !c.Response():
		r.fault(ErrClass)
	case m.Type == RST, m.Type == ACK && c.Request():
		r.fault(ErrTypeCode)
	}
}

// options reads options and payload.
func (r *reader) options(b []byte) {
	m := r.m
	number := 0
	for len(b) > 0 {
		if b[0] == 0xff {
			if b = b[1:]; len(b) == 0 {
				r.fault(ErrMarker)
			}
			m.Payload, m.Size = b, len(b)
			return
		}
		delta, length := int(b[0]>>4), int(b[0]&15)
		b = b[1:]
		var ok bool
		if delta, b, ok = r.extended(delta, b, ErrDelta); !ok {
			return
		}
		if length, b, ok = r.extended(length, b, ErrLength); !ok {
			return
		}
		if number += delta; number > 0xffff {
			r.fatal(ErrNumber)
			return
		}
		if length > len(b) {
			r.fatal(ErrOption)
			return
		}
		r.option(Option{Number(number), b[:length:length]})
		if r.stopped {
			return
		}
		b = b[length:]
	}
}

// extended reads the extension of a delta or length (RFC 7252 section 3.1).
func (r *reader) extended(v int, b []byte, reserved *Fault) (int, []byte, bool) {
	switch {
	case v < 13:
		return v, b, true
	case v == 15:
		r.fatal(reserved)
	case v == 13 && len(b) >= 1:
		return 13 + int(b[0]), b[1:], true
	case v == 14 && len(b) >= 2:
		return 269 + int(binary.BigEndian.Uint16(b)), b[2:], true
	default:
		r.fatal(ErrOption)
	}
	return 0, nil, false
}

// option holds an option against the registry and keeps it. Unknown ones are
// no fault of the message: what to do with them depends on the receiver.
func (r *reader) option(o Option) {
	m := r.m
	if l := limitsOf(m.Code, o.Number); l != nil {
		if f := o.check(l, m); f != nil {
			r.fault(f)
		}
		if last := len(m.Options) - 1; last >= 0 && m.Options[last].Number == o.Number && !l.repeats {
			r.fault(ErrOptionTwice)
		}
	}
	if !r.stopped {
		m.Options = append(m.Options, o)
	}
}
