package dnp3

import "errors"

// Bits of the transport octet (clause 8).
const (
	transportFinal = 0x80
	transportFirst = 0x40
	transportSeq   = 0x3f
)

// maxFragment bounds a reassembled fragment. The standard's default is 2048
// bytes; devices that negotiate more stay far below this.
const maxFragment = 8 << 10

// Errors of the transport function.
var (
	ErrSequence = errors.New("dnp3: transport segment out of sequence")
	ErrTooLong  = errors.New("dnp3: fragment longer than any device accepts")
)

// Reassembler joins the transport segments of one source and destination.
// The zero value is ready for use.
type Reassembler struct {
	buf    []byte
	next   uint8
	active bool
}

// Add takes the user data of a link frame and gives the fragment that it
// completes, or nil. A fragment of one segment is a view into segment, a
// longer one is valid until the next Add. Segments that do not continue what
// is there are dropped with ErrSequence, as clause 8.2.2 asks.
func (r *Reassembler) Add(segment []byte) ([]byte, error) {
	if len(segment) == 0 {
		return nil, ErrSequence
	}
	h, data := segment[0], segment[1:]
	first, final := h&transportFirst != 0, h&transportFinal != 0
	switch {
	case first && final:
		r.active = false
		return data, nil
	case first:
		r.buf = append(r.buf[:0], data...)
		r.active = true
	case !r.active || h&transportSeq != r.next:
		r.active = false
		return nil, ErrSequence
	case len(r.buf)+len(data) > maxFragment:
		r.active = false
		return nil, ErrTooLong
	default:
		r.buf = append(r.buf, data...)
	}
	r.next = (h + 1) & transportSeq
	if final {
		r.active = false
		return r.buf, nil
	}
	return nil, nil
}

// Reset forgets an unfinished fragment and keeps the memory.
func (r *Reassembler) Reset() { r.active = false }

// AppendSegment writes a transport segment behind dst.
func AppendSegment(dst []byte, first, final bool, seq uint8, data []byte) []byte {
	h := seq & transportSeq
	if first {
		h |= transportFirst
	}
	if final {
		h |= transportFinal
	}
	return append(append(dst, h), data...)
}
