package coap

import "encoding/binary"

// Frame is the head of a message in a stream (RFC 8323 section 3.2).
type Frame struct {
	Head    int // bytes of length, extended length and code
	Token   int // bytes of the token, with its extended length
	Length  int // bytes of options and payload
	nibbles byte
}

// Total gives the bytes of the whole message.
func (f Frame) Total() int { return f.Head + f.Token + f.Length }

// DecodeFrame reads the head of a message in a stream: ErrShort when it is not
// complete, ErrTokenLength when the token has no length, and ErrTooLarge when
// the length cannot be held.
func DecodeFrame(b []byte, extendedTokens bool) (Frame, error) {
	if len(b) < 2 {
		return Frame{}, ErrShort
	}
	f := Frame{nibbles: b[0], Head: 2, Length: int(b[0] >> 4), Token: int(b[0] & 15)}
	ext, base := 0, 0
	switch f.Length {
	case 13:
		ext, base = 1, 13
	case 14:
		ext, base = 2, 269
	case 15:
		ext, base = 4, 65805
	}
	if len(b) < 2+ext {
		return f, ErrShort
	}
	if ext > 0 {
		v := uint32(0)
		for _, c := range b[1 : 1+ext] {
			v = v<<8 | uint32(c)
		}
		if v > 1<<30 {
			return f, ErrTooLarge
		}
		f.Length = base + int(v)
	}
	f.Head += ext
	rest := b[f.Head:]
	switch {
	case f.Token <= 8 || extendedTokens && f.Token <= 12:
		return f, nil
	case !extendedTokens || f.Token == 15:
		return f, ErrTokenLength
	case len(rest) < f.Token-12:
		return f, ErrShort
	case f.Token == 13:
		f.Token = 1 + 13 + int(rest[0])
	default:
		f.Token = 2 + 269 + int(binary.BigEndian.Uint16(rest))
	}
	return f, nil
}

// stream reads the message at the beginning of b.
func (d *Decoder) stream(m *Message, b []byte) (int, error) {
	f, err := DecodeFrame(b, d.ExtendedTokens)
	if err != nil {
		return 0, err
	}
	if d.MaxSize > 0 && f.Token+f.Length > d.MaxSize {
		return f.Total(), ErrTooLarge
	}
	if len(b) < f.Total() {
		return 0, ErrShort
	}
	r := reader{m: m, lenient: d.Lenient}
	r.framed(f, b[:f.Total()], d.ExtendedTokens)
	return f.Total(), r.result()
}

// DecodePrefix reads what it can of a stream message whose end is not there,
// as leniently as possible, and reports whether there was anything to read.
// Its payload's Size is what is left of the message, so it is right only when
// all options are there.
func (d *Decoder) DecodePrefix(m *Message, b []byte) bool {
	m.Reset()
	f, err := DecodeFrame(b, d.ExtendedTokens)
	if err != nil || len(b) < f.Head+f.Token {
		return false
	}
	r := reader{m: m, lenient: true}
	r.framed(f, b[:min(f.Total(), len(b))], d.ExtendedTokens)
	if missing := f.Total() - len(b); missing > 0 && m.Payload != nil {
		m.Size += missing
	}
	return true
}

// framed reads the message b, whose head is f.
func (r *reader) framed(f Frame, b []byte, extended bool) {
	m := r.m
	m.Stream, m.Code = true, Code(b[f.Head-1])
	rest := r.token(b[f.Head:], int(f.nibbles&15), extended)
	if r.stopped {
		return
	}
	switch c := m.Code; {
	case c == Empty: // to be ignored, whatever it holds (RFC 8323 section 3.4)
		return
	case !c.Request() && !c.Response() && !c.Signal():
		r.fault(ErrClass)
	}
	if !r.stopped {
		r.options(rest)
	}
}
