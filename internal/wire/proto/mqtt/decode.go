package mqtt

import "encoding/binary"

// Decoder reads packets of one direction of a connection. The zero value is
// strict, takes MQTT 3.1.1 packets of either side whole and has no size limit.
// It keeps no state between packets: after a CONNECT the caller sets Version
// to the packet's.
type Decoder struct {
	Version Version // level of the session
	From    Side
	// Lenient makes Decode go on behind a fault as far as it can and list the
	// faults in the packet instead of refusing it.
	Lenient bool
	// Streaming lets the payload of a PUBLISH be absent behind its first
	// HeadSize bytes: Decode then gives a count beyond the bytes at hand.
	Streaming bool
	// MaxSize refuses packets of more bytes, fixed header included, before
	// anything else of them is looked at; 0 is no limit.
	MaxSize int
}

// HeadSize is how much of a payload a streaming decoder waits for.
const HeadSize = 256

// Header is a fixed header (MQTT 5.0 section 2.1).
type Header struct {
	Type      Type
	Flags     uint8
	Remaining int
	Size      int // bytes of the header itself, 2 to 5
}

// Total gives the bytes of the packet with its header.
func (h Header) Total() int { return h.Size + h.Remaining }

// DecodeHeader reads a fixed header: ErrShort when it is not complete,
// ErrLength when the remaining length has no end.
func DecodeHeader(b []byte) (Header, error) {
	if len(b) < 2 {
		return Header{}, ErrShort
	}
	h := Header{Type: Type(b[0] >> 4), Flags: b[0] & 15}
	for i := 1; i < len(b); i++ {
		h.Remaining |= int(b[i]&0x7f) << (7 * (i - 1))
		if b[i] < 0x80 {
			h.Size = i + 1
			return h, nil
		}
		if i == 4 {
			return h, ErrLength
		}
	}
	return h, ErrShort
}

// Decode reads the packet at the beginning of b into p. n is the size of the
// packet, also when err is a *Fault behind whose packet one may go on; it is 0
// when the fault is in the length itself. ErrShort asks for more bytes.
func (d *Decoder) Decode(p *Packet, b []byte) (n int, err error) {
	p.Reset()
	h, err := DecodeHeader(b)
	if err != nil {
		return 0, err
	}
	p.Type, p.Flags, p.Remaining, p.Version = h.Type, h.Flags, h.Remaining, d.Version
	if p.Version == 0 {
		p.Version = V311
	}
	if d.MaxSize > 0 && h.Total() > d.MaxSize {
		return h.Total(), ErrTooLarge
	}
	body := b[h.Size:min(h.Total(), len(b))]
	r := reader{b: body, p: p, side: d.From, lenient: d.Lenient, missing: h.Remaining - len(body)}
	if p.Version == V5 && h.Size > 1+varintSize(h.Remaining) {
		r.fault(ErrNotMinimal)
	}
	r.header()
	switch {
	case r.err != nil: // before anybody waits for the rest
		return h.Total(), r.err
	case r.missing > 0 && !(d.Streaming && h.Type == PUBLISH):
		return 0, ErrShort
	}
	r.body()
	switch {
	case r.short:
		return 0, ErrShort
	case r.err != nil:
		return h.Total(), r.err
	}
	return h.Total(), nil
}

// DecodePrefix reads what it can of a packet whose end is not there, as
// leniently as possible, and reports whether there was anything to read. The
// faults that the cut makes are in the list as well.
func (d *Decoder) DecodePrefix(p *Packet, b []byte) bool {
	p.Reset()
	h, err := DecodeHeader(b)
	if err != nil {
		return false
	}
	p.Type, p.Flags, p.Remaining, p.Version = h.Type, h.Flags, h.Remaining, d.Version
	if p.Version == 0 {
		p.Version = V311
	}
	r := reader{b: b[h.Size:min(h.Total(), len(b))], p: p, side: d.From, lenient: true}
	r.header()
	r.body()
	return true
}

// reader walks through the body of one packet. After a fault in strict mode,
// or when a field cannot be had, it is stopped and gives zero values.
type reader struct {
	b       []byte
	p       *Packet
	err     error
	missing int // payload bytes of a PUBLISH that are still to come
	side    Side
	lenient bool
	stopped bool
	short   bool
}

// fault notes a breach; in strict mode the first one ends the reading.
func (r *reader) fault(f *Fault) {
	if !r.lenient {
		if r.err == nil {
			r.err = f
		}
		r.stop()
		return
	}
	for _, g := range r.p.Faults {
		if g == f {
			return
		}
	}
	if len(r.p.Faults) < 8 {
		r.p.Faults = append(r.p.Faults, f)
	}
}

// stop ends the reading: nothing behind this point can be made sense of.
func (r *reader) stop() { r.stopped, r.b = true, nil }

// need reports whether n bytes are there. If not, the reading ends: with a
// fault when the packet has no room for them, else waiting for more.
func (r *reader) need(n int) bool {
	if n <= len(r.b) {
		return true
	}
	if !r.stopped {
		if n <= len(r.b)+r.missing {
			r.short = true
		} else {
			r.fault(ErrTruncated)
		}
		r.stop()
	}
	return false
}

func (r *reader) u8() uint8 {
	if !r.need(1) {
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

func (r *reader) u16() uint16 {
	if !r.need(2) {
		return 0
	}
	v := binary.BigEndian.Uint16(r.b)
	r.b = r.b[2:]
	return v
}

func (r *reader) u32() uint32 {
	if !r.need(4) {
		return 0
	}
	v := binary.BigEndian.Uint32(r.b)
	r.b = r.b[4:]
	return v
}

// bin reads binary data with its two-byte length.
func (r *reader) bin() []byte {
	n := int(r.u16())
	if r.stopped || !r.need(n) {
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

// str reads a UTF-8 string.
func (r *reader) str() []byte {
	v := r.bin()
	if f := checkString(v, !r.lenient); f != nil {
		r.fault(f)
	}
	return v
}

// varint reads a variable byte integer (section 1.5.5).
func (r *reader) varint() (int, bool) {
	v := 0
	for i := range 4 {
		c := r.u8()
		if r.stopped {
			return 0, false
		}
		v |= int(c&0x7f) << (7 * i)
		if c < 0x80 {
			if i > 0 && c == 0 {
				r.fault(ErrNotMinimal)
			}
			return v, !r.stopped
		}
	}
	r.fault(ErrLength)
	r.stop()
	return 0, false
}
