package tpkt

import "encoding/binary"

// Types of transport protocol data units, with the low four bits cleared.
const (
	CR = 0xe0 // connection request
	CC = 0xd0 // connection confirm
	DR = 0x80 // disconnect request
	DC = 0xc0 // disconnect confirm
	DT = 0xf0 // data
	ED = 0x10 // expedited data
	AK = 0x60 // data acknowledgement
	EA = 0x20 // expedited data acknowledgement
	RJ = 0x50 // reject
	ER = 0x70 // error
)

// Codes of the parameters in CR and CC.
const (
	paramTPDUSize = 0xc0
	paramCalling  = 0xc1
	paramCalled   = 0xc2
)

const eot = 0x80

// TPDU is one transport protocol data unit of class 0 with what the other
// classes have in common with it. All slices are views into the input.
type TPDU struct {
	Type     uint8
	Dst, Src uint16 // references of CR, CC, DR, DC
	Class    uint8  // proposed or chosen class, CR and CC
	Reason   uint8  // DR and ER
	EOT      bool   // DT: the last piece of its message
	Number   uint8  // DT: sequence number, 0 in class 0

	Calling, Called []byte // transport selectors (TSAP) of CR and CC
	SizeCode        uint8  // proposed TPDU size is 1<<SizeCode; 0 when absent
	Variable        []byte // everything behind the fixed part of CR and CC, as RDP uses it
	Data            []byte // user data: of DT, and whatever lies behind the header
}

// DecodeTPDU reads the payload of a TPKT packet.
func DecodeTPDU(dst *TPDU, b []byte) error {
	*dst = TPDU{}
	if len(b) < 2 || int(b[0])+1 > len(b) || b[0] < 1 || b[0] == 255 {
		return ErrTPDU
	}
	header, data := b[1:int(b[0])+1], b[int(b[0])+1:]
	dst.Type, dst.Data = header[0]&0xf0, data
	switch dst.Type {
	case CR, CC:
		if len(header) < 6 {
			return ErrTPDU
		}
		dst.refs(header)
		dst.Class = header[5] >> 4
		dst.Variable = header[6:]
		dst.parameters()
	case DR:
		if len(header) < 6 {
			return ErrTPDU
		}
		dst.refs(header)
		dst.Reason = header[5]
	case DC:
		if len(header) < 5 {
			return ErrTPDU
		}
		dst.refs(header)
	case ER:
		if len(header) < 4 {
			return ErrTPDU
		}
		dst.Dst, dst.Reason = binary.BigEndian.Uint16(header[1:]), header[3]
	case DT, ED:
		// Class 0 has the number right behind the type, the other classes
		// have the destination reference before it.
		if len(header) < 2 {
			return ErrTPDU
		}
		nr := header[1]
		if len(header) >= 4 {
			dst.Dst, nr = binary.BigEndian.Uint16(header[1:]), header[3]
		}
		dst.EOT, dst.Number = nr&eot != 0, nr&^eot
	case AK, EA, RJ:
	default:
		return ErrTPDU
	}
	return nil
}

func (t *TPDU) refs(header []byte) {
	t.Dst, t.Src = binary.BigEndian.Uint16(header[1:]), binary.BigEndian.Uint16(header[3:])
}

// parameters reads those of the variable part that are in the standard's
// form; RDP puts a line of text there, which ends the reading.
func (t *TPDU) parameters() {
	for b := t.Variable; len(b) >= 2 && len(b) >= 2+int(b[1]); {
		value := b[2 : 2+int(b[1])]
		switch b[0] {
		case paramTPDUSize:
			if len(value) == 1 {
				t.SizeCode = value[0]
			}
		case paramCalling:
			t.Calling = value
		case paramCalled:
			t.Called = value
		}
		b = b[2+len(value):]
	}
}

// AppendTPDU writes a TPDU of class 0 behind dst. For CR and CC the variable
// part is Variable where given, else made of SizeCode, Calling and Called.
func AppendTPDU(dst []byte, t *TPDU) []byte {
	at := len(dst)
	dst = append(dst, 0, t.Type)
	switch t.Type {
	case CR, CC:
		dst = binary.BigEndian.AppendUint16(dst, t.Dst)
		dst = binary.BigEndian.AppendUint16(dst, t.Src)
		dst = append(dst, t.Class<<4)
		dst = appendVariable(dst, t)
	case DR:
		dst = binary.BigEndian.AppendUint16(dst, t.Dst)
		dst = binary.BigEndian.AppendUint16(dst, t.Src)
		dst = append(dst, t.Reason)
	case DC:
		dst = binary.BigEndian.AppendUint16(dst, t.Dst)
		dst = binary.BigEndian.AppendUint16(dst, t.Src)
	case ER:
		dst = binary.BigEndian.AppendUint16(dst, t.Dst)
		dst = append(dst, t.Reason)
	default:
		nr := t.Number &^ eot
		if t.EOT {
			nr |= eot
		}
		dst = append(dst, nr)
	}
	dst[at] = byte(len(dst) - at - 1)
	return append(dst, t.Data...)
}

func appendVariable(dst []byte, t *TPDU) []byte {
	if t.Variable != nil {
		return append(dst, t.Variable...)
	}
	if t.SizeCode != 0 {
		dst = append(dst, paramTPDUSize, 1, t.SizeCode)
	}
	if t.Calling != nil {
		dst = append(append(dst, paramCalling, byte(len(t.Calling))), t.Calling...)
	}
	if t.Called != nil {
		dst = append(append(dst, paramCalled, byte(len(t.Called))), t.Called...)
	}
	return dst
}

// Joiner puts the data of DT units together until one ends the message. The
// zero value joins up to Limit bytes of DefaultLimit.
type Joiner struct {
	Limit int // largest message; DefaultLimit when 0
	buf   []byte
	over  bool
}

// DefaultLimit bounds a joined message. Servers agree on less.
const DefaultLimit = 64 << 10

// Add takes a DT unit and gives the message that it completes, or nil. A
// message of one unit is a view into that unit, a longer one is valid until
// the next Add. A message beyond the limit is dropped, with ErrTooLong once.
func (j *Joiner) Add(t *TPDU) ([]byte, error) {
	if t.EOT && len(j.buf) == 0 && !j.over {
		return t.Data, nil
	}
	limit := j.Limit
	if limit == 0 {
		limit = DefaultLimit
	}
	if j.over {
		j.over = !t.EOT
		return nil, nil
	}
	if len(j.buf)+len(t.Data) > limit {
		j.buf, j.over = j.buf[:0], !t.EOT
		return nil, ErrTooLong
	}
	j.buf = append(j.buf, t.Data...)
	if !t.EOT {
		return nil, nil
	}
	whole := j.buf
	j.buf = j.buf[:0]
	return whole, nil
}

// Reset forgets an unfinished message and keeps the memory.
func (j *Joiner) Reset() { j.buf, j.over = j.buf[:0], false }
