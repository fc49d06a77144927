// Package goose reads GOOSE, the events that substation devices multicast on
// the link layer (IEC 61850-8-1 annex A, C): which control block publishes
// which data set and in which state. It keeps no state between frames and no
// values.
//
// The codec (Frame) may be used by the sensor, the guard and the scanner; the
// analyser is for the packet path.
package goose

import (
	"encoding/binary"
	"errors"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
	"edgeward/internal/wire/proto/ber"
	"edgeward/internal/wire/proto/identity"
)

// EtherType is the registered EtherType.
const EtherType = 0x88b8

// headerLen is the length before the PDU: application id, length, two reserved
// fields.
const headerLen = 8

var (
	// ErrShort says that the frame ends before the message does.
	ErrShort = errors.New("goose: frame is not complete")

	errLength = errors.New("goose: length does not fit the message")
	errPDU    = errors.New("goose: malformed protocol data unit")
)

// Frame is a GOOSE message. The slices are views.
type Frame struct {
	AppID        uint16
	ControlBlock []byte // gocbRef
	TimeToLive   uint32 // timeAllowedtoLive, milliseconds
	DataSet      []byte // datSet
	ID           []byte // goID
	State        uint32 // stNum, counts changes
	Sequence     uint32 // sqNum, counts repetitions
	Simulation   bool
	ConfigRev    uint32
	Commission   bool // ndsCom: the control block needs commissioning
	Entries      uint32
}

// Fields of the PDU, by context tag.
const (
	tagPDU          = ber.Application | ber.Constructed | 1
	tagControlBlock = ber.Context | 0
	tagTimeToLive   = ber.Context | 1
	tagDataSet      = ber.Context | 2
	tagID           = ber.Context | 3
	tagTime         = ber.Context | 4
	tagState        = ber.Context | 5
	tagSequence     = ber.Context | 6
	tagSimulation   = ber.Context | 7
	tagConfigRev    = ber.Context | 8
	tagCommission   = ber.Context | 9
	tagEntries      = ber.Context | 10
	tagAllData      = ber.Context | ber.Constructed | 11
)

// Decode reads what lies behind the Ethernet header and gives its length
// without padding.
func Decode(dst *Frame, b []byte) (int, error) {
	if len(b) < headerLen {
		return 0, ErrShort
	}
	*dst = Frame{AppID: binary.BigEndian.Uint16(b)}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n < headerLen+2 {
		return 0, errLength
	}
	if n > len(b) {
		return 0, ErrShort
	}
	var pdu ber.Element
	if _, err := ber.Decode(&pdu, b[headerLen:n]); err != nil || pdu.Tag != tagPDU {
		return 0, errPDU
	}
	seen := 0
	for rest := pdu.Value; len(rest) > 0; {
		e, ok := ber.Next(&rest)
		if !ok {
			return 0, errPDU
		}
		switch e.Tag {
		case tagControlBlock:
			dst.ControlBlock = e.Value
			seen |= 1
		case tagTimeToLive:
			dst.TimeToLive = uint32(ber.Int(e.Value))
		case tagDataSet:
			dst.DataSet = e.Value
		case tagID:
			dst.ID = e.Value
		case tagState:
			dst.State = uint32(ber.Int(e.Value))
			seen |= 2
		case tagSequence:
			dst.Sequence = uint32(ber.Int(e.Value))
			seen |= 4
		case tagSimulation:
			dst.Simulation = isTrue(e.Value)
		case tagConfigRev:
			dst.ConfigRev = uint32(ber.Int(e.Value))
		case tagCommission:
			dst.Commission = isTrue(e.Value)
		case tagEntries:
			dst.Entries = uint32(ber.Int(e.Value))
		}
	}
	if seen != 7 {
		return 0, errPDU
	}
	return n, nil
}

func isTrue(b []byte) bool { return len(b) == 1 && b[0] != 0 }

// Append appends the message with the data set's values, which are elements
// already encoded, and the given time of the state's change.
func Append(dst []byte, f *Frame, utc [8]byte, values []byte) []byte {
	pdu := ber.Append(nil, tagControlBlock, f.ControlBlock)
	pdu = ber.AppendInt(pdu, tagTimeToLive, int64(f.TimeToLive))
	pdu = ber.Append(pdu, tagDataSet, f.DataSet)
	if f.ID != nil {
		pdu = ber.Append(pdu, tagID, f.ID)
	}
	pdu = ber.Append(pdu, tagTime, utc[:])
	pdu = ber.AppendInt(pdu, tagState, int64(f.State))
	pdu = ber.AppendInt(pdu, tagSequence, int64(f.Sequence))
	pdu = ber.Append(pdu, tagSimulation, boolean(f.Simulation))
	pdu = ber.AppendInt(pdu, tagConfigRev, int64(f.ConfigRev))
	pdu = ber.Append(pdu, tagCommission, boolean(f.Commission))
	pdu = ber.AppendInt(pdu, tagEntries, int64(f.Entries))
	pdu = ber.Append(pdu, tagAllData, values)
	at := len(dst)
	dst = binary.BigEndian.AppendUint16(dst, f.AppID)
	dst = append(dst, 0, 0, 0, 0, 0, 0)
	dst = ber.Append(dst, tagPDU, pdu)
	binary.BigEndian.PutUint16(dst[at+2:], uint16(len(dst)-at))
	return dst
}

func boolean(v bool) []byte {
	if v {
		return []byte{0xff}
	}
	return []byte{0}
}

// Protocol describes GOOSE to the packet path.
var Protocol = proto.Protocol{
	ID:         event.ProtoGOOSE,
	EtherTypes: []uint16{EtherType},
	Frame:      frame,
}

// frame handles one message. Publishers repeat every state for ever, so facts
// are made of a state's first message and, as the counter begins with one
// after a start, of the second; all are counted.
func frame(c *proto.Conn, b []byte) {
	var f Frame
	if _, err := Decode(&f, b); err != nil {
		c.Anomaly(event.ProtoGOOSE, event.ToServer, "goose_malformed", err.Error())
		return
	}
	c.Message(event.ToServer)
	if f.Sequence > 1 {
		return
	}
	x := proto.Emit[event.ICS](c, event.ToServer)
	x.Protocol, x.Verb, x.Code = event.ProtoGOOSE, "state", f.State
	if f.Simulation {
		x.Verb = "simulated state"
	}
	x.Name, x.Target = identity.Text(c, f.ControlBlock), identity.Text(c, f.DataSet)
	if f.Sequence == 1 { // every state has it, the one after a start as well
		identity.Tell(c, event.ToServer, &event.Identity{Source: "goose.publisher", Name: identity.Text(c, device(f.ControlBlock))})
	}
}

// device gives the logical device in a reference to a control block,
// "device/LLN0$GO$name".
func device(reference []byte) []byte {
	for i, c := range reference {
		if c == '/' {
			return reference[:i]
		}
	}
	return nil
}
