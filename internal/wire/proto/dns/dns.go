// Package dns is the codec of DNS messages (RFC 1035) and the analyser of the
// four protocols that share it: DNS over UDP and TCP, multicast DNS (RFC 6762)
// with service discovery (RFC 6763), LLMNR (RFC 4795) and the NetBIOS name
// service (RFC 1002 section 4.2).
//
// It resolves nothing and keeps no cache; whether a name is bad is for others
// to say. The packet path uses the analysers; guard, scanner and tests may use
// the codec.
package dns

import (
	"encoding/binary"
	"errors"
)

// What can be wrong with a message.
var (
	ErrShort   = errors.New("message ends inside a field")
	ErrLabel   = errors.New("label type is reserved")
	ErrPointer = errors.New("compression pointer does not point backwards")
	ErrLong    = errors.New("name is longer than 255 bytes")
)

// HeaderLen is the size of the fixed header (RFC 1035 section 4.1.1).
const HeaderLen = 12

// MaxRecords is how many records of one section are kept; the others are
// checked and passed over, so that a message cannot demand memory at will.
const MaxRecords = 128

// Flags is the second 16-bit word of the header.
type Flags uint16

// The bits of Flags.
const (
	QR Flags = 1 << 15 // the message is a response
	AA Flags = 1 << 10
	TC Flags = 1 << 9
	RD Flags = 1 << 8
	RA Flags = 1 << 7
	AD Flags = 1 << 5
	CD Flags = 1 << 4
	// Broadcast is the B bit of the NetBIOS name service.
	Broadcast Flags = 1 << 4
)

// Response reports whether the message is a response.
func (f Flags) Response() bool { return f&QR != 0 }

// Opcode gives the kind of query.
func (f Flags) Opcode() uint8 { return uint8(f>>11) & 15 }

// RCode gives the lower four bits of the response code.
func (f Flags) RCode() uint8 { return uint8(f) & 15 }

// Msg is one message. All parts are views into the bytes it was decoded from.
type Msg struct {
	ID         uint16
	Flags      Flags
	Counts     [4]uint16 // as the header claims: questions, answers, authority, additional
	Questions  []Question
	Answers    []Record
	Authority  []Record
	Additional []Record
}

// Question is one entry of the question section.
type Question struct {
	Name  Name
	Type  uint16
	Class uint16
}

// Record is one resource record. Data is its RDATA; names inside it may be
// compressed, see AppendData.
type Record struct {
	Name  Name
	Type  uint16
	Class uint16
	TTL   uint32
	Data  []byte

	msg []byte // the message that names in Data may point into; nil when they do not
	at  int    // offset of Data in msg
}

// Decode reads one message. It fills m as far as the message is sound and
// gives the bytes it took. With an error, m holds everything before the fault,
// n is its offset, and m.Counts tells what is missing.
func Decode(m *Msg, b []byte) (n int, err error) {
	*m = Msg{
		Questions: m.Questions[:0], Answers: m.Answers[:0],
		Authority: m.Authority[:0], Additional: m.Additional[:0],
	}
	if len(b) < HeaderLen {
		return 0, ErrShort
	}
	m.ID = binary.BigEndian.Uint16(b)
	m.Flags = Flags(binary.BigEndian.Uint16(b[2:]))
	for i := range m.Counts {
		m.Counts[i] = binary.BigEndian.Uint16(b[4+2*i:])
	}
	n = HeaderLen
	for range m.Counts[0] {
		var q Question
		next, err := q.decode(b, n)
		if err != nil {
			return n, err
		}
		if len(m.Questions) < MaxRecords {
			m.Questions = append(m.Questions, q)
		}
		n = next
	}
	for i, section := range []*[]Record{&m.Answers, &m.Authority, &m.Additional} {
		for range m.Counts[i+1] {
			var r Record
			next, err := r.decode(b, n)
			if err != nil {
				return n, err
			}
			if len(*section) < MaxRecords {
				*section = append(*section, r)
			}
			n = next
		}
	}
	return n, nil
}

func (q *Question) decode(b []byte, off int) (int, error) {
	n, err := skipName(b, off)
	if err != nil {
		return 0, err
	}
	if len(b)-n < 4 {
		return 0, ErrShort
	}
	q.Name = Name{msg: b, off: off}
	q.Type = binary.BigEndian.Uint16(b[n:])
	q.Class = binary.BigEndian.Uint16(b[n+2:])
	return n + 4, nil
}

func (r *Record) decode(b []byte, off int) (int, error) {
	n, err := skipName(b, off)
	if err != nil {
		return 0, err
	}
	if len(b)-n < 10 {
		return 0, ErrShort
	}
	r.Name = Name{msg: b, off: off}
	r.Type = binary.BigEndian.Uint16(b[n:])
	r.Class = binary.BigEndian.Uint16(b[n+2:])
	r.TTL = binary.BigEndian.Uint32(b[n+4:])
	size := int(binary.BigEndian.Uint16(b[n+8:]))
	n += 10
	if len(b)-n < size {
		return 0, ErrShort
	}
	r.Data, r.msg, r.at = b[n:n+size:n+size], b, n
	return n + size, nil
}

// Append appends the message in wire form without compression; the counts in
// the header are those of the sections as they are.
func Append(dst []byte, m *Msg) []byte {
	dst = binary.BigEndian.AppendUint16(dst, m.ID)
	dst = binary.BigEndian.AppendUint16(dst, uint16(m.Flags))
	for _, n := range []int{len(m.Questions), len(m.Answers), len(m.Authority), len(m.Additional)} {
		dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	}
	for i := range m.Questions {
		q := &m.Questions[i]
		dst = q.Name.AppendWire(dst)
		dst = binary.BigEndian.AppendUint16(dst, q.Type)
		dst = binary.BigEndian.AppendUint16(dst, q.Class)
	}
	for _, section := range [][]Record{m.Answers, m.Authority, m.Additional} {
		for i := range section {
			dst = section[i].append(dst)
		}
	}
	return dst
}

func (r *Record) append(dst []byte) []byte {
	dst = r.Name.AppendWire(dst)
	dst = binary.BigEndian.AppendUint16(dst, r.Type)
	dst = binary.BigEndian.AppendUint16(dst, r.Class)
	dst = binary.BigEndian.AppendUint32(dst, r.TTL)
	size := len(dst)
	dst = append(dst, 0, 0)
	dst = r.appendWireData(dst)
	binary.BigEndian.PutUint16(dst[size:], uint16(len(dst)-size-2))
	return dst
}
