// Package enip reads and writes EtherNet/IP encapsulation messages and the
// Common Industrial Protocol in them (ODVA, The CIP Networks Library, volumes
// 1 and 2), with the tag services of Rockwell controllers and PCCC, and turns
// them into facts: one for each CIP request with its response, also where
// several travel in one packet.
//
// It keeps no values of tags or assemblies and judges nothing. Sensor, rules,
// guard and scanner share the codec; the analyser is for the packet path only.
package enip

import (
	"encoding/binary"
	"errors"
)

// Port is the registered port of the encapsulation, TCP and UDP; PortIO is
// that of implicit messages, UDP.
const (
	Port   = 44818
	PortIO = 2222
)

// HeaderLen is the length of the encapsulation header, and MaxData the most
// that may follow it.
const (
	HeaderLen = 24
	MaxData   = 65511
)

// Encapsulation commands (volume 2, 2-3.2).
const (
	CmdNOP               = 0x00
	CmdListServices      = 0x04
	CmdListIdentity      = 0x63
	CmdListInterfaces    = 0x64
	CmdRegisterSession   = 0x65
	CmdUnregisterSession = 0x66
	CmdSendRRData        = 0x6f
	CmdSendUnitData      = 0x70
	CmdIndicateStatus    = 0x72
	CmdCancel            = 0x73
	CmdStartDTLS         = 0xc8
)

// Errors of the codec.
var (
	ErrShort  = errors.New("enip: message is not complete")
	ErrHeader = errors.New("enip: not an encapsulation header")
	ErrLength = errors.New("enip: lengths do not fit the message")
)

// Message is one encapsulation message. Data is a view into the input.
type Message struct {
	Command uint16
	Session uint32
	Status  uint32
	Context uint64 // of the sender, eight opaque octets
	Options uint32
	Data    []byte
}

// Decode reads one message from the start of b and gives the bytes it took.
// Commands that the specification does not name and options other than 0 are
// ErrHeader.
func Decode(dst *Message, b []byte) (int, error) {
	if len(b) >= 2 && CommandName(binary.LittleEndian.Uint16(b)) == "" {
		return 0, ErrHeader
	}
	if len(b) < HeaderLen {
		return 0, ErrShort
	}
	n := int(binary.LittleEndian.Uint16(b[2:]))
	*dst = Message{
		Command: binary.LittleEndian.Uint16(b),
		Session: binary.LittleEndian.Uint32(b[4:]),
		Status:  binary.LittleEndian.Uint32(b[8:]),
		Context: binary.LittleEndian.Uint64(b[12:]),
		Options: binary.LittleEndian.Uint32(b[20:]),
	}
	if n > MaxData || dst.Options != 0 || !knownStatus(dst.Status) {
		return 0, ErrHeader
	}
	if len(b) < HeaderLen+n {
		return 0, ErrShort
	}
	dst.Data = b[HeaderLen : HeaderLen+n]
	return HeaderLen + n, nil
}

// Append writes the message behind dst.
func Append(dst []byte, m *Message) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, m.Command)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(m.Data)))
	dst = binary.LittleEndian.AppendUint32(dst, m.Session)
	dst = binary.LittleEndian.AppendUint32(dst, m.Status)
	dst = binary.LittleEndian.AppendUint64(dst, m.Context)
	dst = binary.LittleEndian.AppendUint32(dst, m.Options)
	return append(dst, m.Data...)
}

// knownStatus reports whether a status is one of volume 2, table 2-3.3.
func knownStatus(v uint32) bool {
	return v <= 3 || v >= 0x64 && v <= 0x6a
}

// Types of common packet format items (volume 2, 2-6.2).
const (
	ItemNull             = 0x0000
	ItemIdentity         = 0x000c
	ItemConnectedAddress = 0x00a1
	ItemConnectedData    = 0x00b1
	ItemUnconnectedData  = 0x00b2
	ItemServices         = 0x0100
	ItemSequencedAddress = 0x8002
)

// Item is one item of the common packet format. Data is a view.
type Item struct {
	Type uint16
	Data []byte
}

// Items walks the items of the common packet format.
type Items struct {
	b    []byte
	left int
	err  error
}

// WalkItems starts at the item count.
func WalkItems(b []byte) Items {
	if len(b) < 2 {
		return Items{err: ErrLength}
	}
	return Items{b: b[2:], left: int(binary.LittleEndian.Uint16(b))}
}

// Next reads the next item.
func (w *Items) Next(it *Item) bool {
	if w.left == 0 || w.err != nil {
		return false
	}
	if len(w.b) < 4 {
		w.err = ErrLength
		return false
	}
	n := 4 + int(binary.LittleEndian.Uint16(w.b[2:]))
	if n > len(w.b) {
		w.err = ErrLength
		return false
	}
	*it = Item{Type: binary.LittleEndian.Uint16(w.b), Data: w.b[4:n]}
	w.b, w.left = w.b[n:], w.left-1
	return true
}

// Err tells whether an item went beyond the message.
func (w *Items) Err() error { return w.err }

// Rest gives the bytes behind the last item read.
func (w *Items) Rest() []byte { return w.b }

// AppendItems writes items with their count behind dst.
func AppendItems(dst []byte, items ...Item) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(items)))
	for _, it := range items {
		dst = binary.LittleEndian.AppendUint16(dst, it.Type)
		dst = binary.LittleEndian.AppendUint16(dst, uint16(len(it.Data)))
		dst = append(dst, it.Data...)
	}
	return dst
}

// sendDataHead is the length of interface handle and timeout before the items
// of SendRRData and SendUnitData.
const sendDataHead = 6

// Payload is what SendRRData and SendUnitData carry.
type Payload struct {
	Connected  bool
	Connection uint32 // connection id of the address item
	Sequence   uint16 // count of connected data
	CIP        []byte // a CIP request or response, a view
}

// DecodePayload reads the data of SendRRData and SendUnitData. CIP is nil when
// there is none in it.
func DecodePayload(dst *Payload, b []byte) error {
	*dst = Payload{}
	if len(b) < sendDataHead+2 {
		return ErrLength
	}
	w := WalkItems(b[sendDataHead:])
	var it Item
	for w.Next(&it) {
		switch it.Type {
		case ItemConnectedAddress:
			if len(it.Data) >= 4 {
				dst.Connection = binary.LittleEndian.Uint32(it.Data)
			}
		case ItemConnectedData:
			if len(it.Data) < 2 {
				return ErrLength
			}
			dst.Connected = true
			dst.Sequence, dst.CIP = binary.LittleEndian.Uint16(it.Data), it.Data[2:]
		case ItemUnconnectedData:
			dst.CIP = it.Data
		}
	}
	return w.Err()
}

// AppendPayload writes the data of SendRRData or SendUnitData behind dst.
func AppendPayload(dst []byte, p *Payload) []byte {
	dst = append(dst, make([]byte, sendDataHead)...)
	if !p.Connected {
		return AppendItems(dst, Item{Type: ItemNull}, Item{Type: ItemUnconnectedData, Data: p.CIP})
	}
	data := append(binary.LittleEndian.AppendUint16(nil, p.Sequence), p.CIP...)
	return AppendItems(dst,
		Item{Type: ItemConnectedAddress, Data: binary.LittleEndian.AppendUint32(nil, p.Connection)},
		Item{Type: ItemConnectedData, Data: data})
}

// IO is an implicit message: connected data of class 0 or 1 over UDP.
type IO struct {
	Connection uint32
	Sequence   uint32
	Data       []byte
}

// DecodeIO reads an implicit message, which fills b.
func DecodeIO(dst *IO, b []byte) error {
	w := WalkItems(b)
	if w.left < 2 || w.left > 4 {
		return ErrHeader
	}
	var address, data Item
	if !w.Next(&address) || !w.Next(&data) {
		return ErrLength
	}
	if address.Type != ItemSequencedAddress || len(address.Data) != 8 || data.Type != ItemConnectedData {
		return ErrHeader
	}
	var other Item
	for w.Next(&other) {
	}
	if w.Err() != nil || len(w.Rest()) != 0 {
		return ErrLength
	}
	*dst = IO{
		Connection: binary.LittleEndian.Uint32(address.Data),
		Sequence:   binary.LittleEndian.Uint32(address.Data[4:]),
		Data:       data.Data,
	}
	return nil
}

// AppendIO writes an implicit message behind dst.
func AppendIO(dst []byte, m *IO) []byte {
	address := binary.LittleEndian.AppendUint32(nil, m.Connection)
	address = binary.LittleEndian.AppendUint32(address, m.Sequence)
	return AppendItems(dst, Item{Type: ItemSequencedAddress, Data: address}, Item{Type: ItemConnectedData, Data: m.Data})
}
