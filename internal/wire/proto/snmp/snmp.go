// Package snmp is the codec of SNMP messages of versions 1 (RFC 1157), 2c (RFC
// 1901, RFC 3416) and 3 (RFC 3412, RFC 3414), and their analyser.
//
// It checks no digests and decrypts nothing. The packet path uses the
// analyser; scanner and tests may use the codec.
package snmp

import (
	"errors"
	"math"
	"strconv"

	"edgeward/internal/wire/proto/ber"
)

// What can be wrong with a message.
var (
	ErrMessage = errors.New("message is not the sequence that SNMP wants")
	ErrVersion = errors.New("version is not 1, 2c or 3")
	ErrPDU     = errors.New("PDU is not one that SNMP knows")
	ErrBinding = errors.New("variable binding is not a pair of name and value")
)

// PDU is the type of the inner message.
type PDU uint8

// The types of PDUs.
const (
	Get PDU = iota
	GetNext
	Response
	Set
	TrapV1
	GetBulk
	Inform
	TrapV2
	Report
	pduCount
)

var pduNames = [pduCount]string{
	"get_request", "get_next_request", "response", "set_request", "trap_v1", "get_bulk_request",
	"inform_request", "trap_v2", "report",
}

func (p PDU) String() string {
	if p < pduCount {
		return pduNames[p]
	}
	return "unknown"
}

// IsRequest reports whether an answer is due.
func (p PDU) IsRequest() bool {
	return p == Get || p == GetNext || p == Set || p == GetBulk || p == Inform
}

// Flags of version 3.
const (
	FlagAuth       = 1
	FlagPriv       = 2
	FlagReportable = 4
)

// Msg is one message. Slices are views into the bytes it was decoded from.
type Msg struct {
	Version   uint8 // 1, 2 for 2c, 3
	Community []byte

	ID            int32 // of version 3
	MaxSize       int32
	Flags         uint8
	SecurityModel int32 // 3 is the user-based one
	EngineID      []byte
	EngineBoots   int32
	EngineTime    int32
	User          []byte
	AuthParams    []byte
	PrivParams    []byte
	Encrypted     []byte // the scoped PDU, when it cannot be read
	ContextEngine []byte
	Context       []byte

	PDU         PDU
	RequestID   int32
	ErrorStatus int32 // number of non-repeaters in a bulk request
	ErrorIndex  int32 // maximum of repetitions in a bulk request
	Bindings    []byte

	Enterprise []byte // the rest belongs to traps of version 1
	AgentAddr  []byte
	Generic    int32
	Specific   int32
	Uptime     int64
}

// pduTag is the tag of a PDU without its number.
const pduTag = ber.Context | ber.Constructed

// ipAddress and timeTicks are types of the structure of management information
// (RFC 2578 section 7.1).
const (
	ipAddress = ber.Application | 0
	timeTicks = ber.Application | 3
)

// Decode reads one message and gives the bytes it took.
func Decode(m *Msg, b []byte) (n int, err error) {
	*m = Msg{}
	var outer ber.Element
	n, err = ber.Decode(&outer, b)
	if err != nil {
		return 0, err
	}
	if outer.Tag != ber.Sequence {
		return 0, ErrMessage
	}
	r := reader{b: outer.Value}
	switch r.integer() {
	case 0:
		m.Version = 1
	case 1:
		m.Version = 2
	case 3:
		m.Version = 3
	default:
		if r.bad {
			return 0, ErrMessage
		}
		return 0, ErrVersion
	}
	if m.Version == 3 {
		return n, m.decode3(&r)
	}
	m.Community = r.take(ber.OctetString)
	if r.bad {
		return 0, ErrMessage
	}
	return n, m.pdu(r.b)
}

// decode3 reads the header, the security parameters and the scoped PDU of
// version 3 (RFC 3412 section 6, RFC 3414 section 2.4).
func (m *Msg) decode3(r *reader) error {
	global := reader{b: r.take(ber.Sequence)}
	m.ID, m.MaxSize = global.int32(), global.int32()
	flags := global.take(ber.OctetString)
	m.SecurityModel = global.int32()
	security := r.take(ber.OctetString)
	if r.bad || global.bad || len(flags) != 1 {
		return ErrMessage
	}
	m.Flags = flags[0]
	if m.SecurityModel == 3 {
		outer := reader{b: security}
		usm := reader{b: outer.take(ber.Sequence)}
		m.EngineID, m.EngineBoots, m.EngineTime = usm.take(ber.OctetString), usm.int32(), usm.int32()
		m.User, m.AuthParams, m.PrivParams = usm.take(ber.OctetString), usm.take(ber.OctetString), usm.take(ber.OctetString)
		if outer.bad || usm.bad {
			return ErrMessage
		}
	}
	if m.Flags&FlagPriv != 0 {
		if m.Encrypted = r.take(ber.OctetString); r.bad {
			return ErrMessage
		}
		return nil
	}
	scoped := reader{b: r.take(ber.Sequence)}
	m.ContextEngine, m.Context = scoped.take(ber.OctetString), scoped.take(ber.OctetString)
	if r.bad || scoped.bad {
		return ErrMessage
	}
	return m.pdu(scoped.b)
}

// pdu reads the PDU, which must be all that is left.
func (m *Msg) pdu(b []byte) error {
	var e ber.Element
	n, err := ber.Decode(&e, b)
	switch {
	case err != nil:
		return err
	case n != len(b):
		return ErrMessage
	case e.Tag&^0x1f != pduTag || e.Tag.Number() >= uint32(pduCount):
		return ErrPDU
	}
	m.PDU = PDU(e.Tag.Number())
	r := reader{b: e.Value}
	if m.PDU == TrapV1 {
		m.Enterprise, m.AgentAddr = r.take(ber.ObjectID), r.take(ipAddress)
		m.Generic, m.Specific = r.int32(), r.int32()
		m.Uptime = ber.Int(r.take(timeTicks))
	} else {
		m.RequestID, m.ErrorStatus, m.ErrorIndex = r.int32(), r.int32(), r.int32()
	}
	m.Bindings = r.take(ber.Sequence)
	if r.bad || len(r.b) > 0 {
		return ErrMessage
	}
	return m.EachBinding(func([]byte, ber.Element) bool { return true })
}

// EachBinding calls f with the name (an encoded object identifier) and value
// of every variable until it gives false.
func (m *Msg) EachBinding(f func(oid []byte, value ber.Element) bool) error {
	r := reader{b: m.Bindings}
	for len(r.b) > 0 {
		pair := reader{b: r.take(ber.Sequence)}
		oid := pair.take(ber.ObjectID)
		value, ok := ber.Next(&pair.b)
		if r.bad || pair.bad || !ok || len(pair.b) > 0 {
			return ErrBinding
		}
		if !f(oid, value) {
			return nil
		}
	}
	return nil
}

// reader takes elements off b and remembers when one was not as expected.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(tag ber.Tag) []byte {
	e, ok := ber.Next(&r.b)
	if !ok || e.Tag != tag {
		r.bad, r.b = true, nil
		return nil
	}
	return e.Value
}

func (r *reader) integer() int64 {
	v := r.take(ber.Integer)
	if len(v) == 0 || len(v) > 8 {
		r.bad = true
		return -1
	}
	return ber.Int(v)
}

// int32 takes unsigned numbers of 32 bits too, as some agents send them.
func (r *reader) int32() int32 {
	v := r.integer()
	if v < math.MinInt32 || v > math.MaxUint32 {
		r.bad = true
	}
	return int32(v)
}

// AppendOID appends an encoded object identifier with dots, at most 64
// components of it.
func AppendOID(dst, oid []byte) []byte {
	components := 0
	for i := 0; i < len(oid) && components < 64; components++ {
		var v uint64
		for i < len(oid) {
			c := oid[i]
			i++
			v = v<<7 | uint64(c&0x7f)
			if c&0x80 == 0 {
				break
			}
		}
		if components == 0 { // the first two share a number
			first := min(v/40, 2)
			dst = strconv.AppendUint(dst, first, 10)
			dst = append(dst, '.')
			dst = strconv.AppendUint(dst, v-40*first, 10)
			components++
			continue
		}
		dst = append(dst, '.')
		dst = strconv.AppendUint(dst, v, 10)
	}
	return dst
}
