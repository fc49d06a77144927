// Package synchrophasor reads IEEE C37.118.2: what phasor measurement units
// and concentrators are told, and the stations that their configuration names.
// Measurements are passed over.
//
// The codec (Frame, Stations) may be used by the sensor, the guard and the
// scanner; the analyser is for the packet path.
package synchrophasor

import (
	"encoding/binary"
	"errors"
)

// Customary ports: commands and data over TCP, data over UDP.
const (
	Port    = 4712
	PortUDP = 4713
)

// Type is the type of a frame.
type Type uint8

// The types.
const (
	Data Type = iota
	Header
	Config1
	Config2
	Command
	Config3
)

const (
	sync      = 0xaa
	headerLen = 14 // sync, size, id, second, fraction
	minLen    = headerLen + 2
)

var (
	// ErrShort says that the bytes end before the frame does.
	ErrShort = errors.New("synchrophasor: frame is not complete")

	errSync     = errors.New("synchrophasor: no sync octets")
	errLength   = errors.New("synchrophasor: frame size too small")
	errChecksum = errors.New("synchrophasor: wrong checksum")
	errConfig   = errors.New("synchrophasor: configuration is cut")
)

// Frame is one frame. Body is a view of what lies between the common words and
// the checksum.
type Frame struct {
	Type     Type
	Version  uint8
	ID       uint16 // of the stream's source
	Second   uint32
	Fraction uint32
	Body     []byte
}

// DecodeHeader reads a frame's common words and gives the frame's length.
func DecodeHeader(dst *Frame, b []byte) (int, error) {
	if len(b) > 0 && b[0] != sync || len(b) > 1 && (b[1]&0x80 != 0 || Type(b[1]>>4) > Config3 || b[1]&0x0f < 1 || b[1]&0x0f > 2) {
		return 0, errSync
	}
	if len(b) < 4 {
		return 0, ErrShort
	}
	n := int(binary.BigEndian.Uint16(b[2:]))
	if n < minLen || Type(b[1]>>4) == Command && n < minLen+2 {
		return 0, errLength
	}
	if len(b) < headerLen {
		return 0, ErrShort
	}
	*dst = Frame{
		Type: Type(b[1] >> 4), Version: b[1] & 0x0f, ID: binary.BigEndian.Uint16(b[4:]),
		Second: binary.BigEndian.Uint32(b[6:]), Fraction: binary.BigEndian.Uint32(b[10:]),
	}
	return n, nil
}

// Decode reads one whole frame, checks its checksum and gives its length.
func Decode(dst *Frame, b []byte) (int, error) {
	n, err := DecodeHeader(dst, b)
	if err != nil {
		return 0, err
	}
	if len(b) < n {
		return 0, ErrShort
	}
	if checksum(b[:n-2]) != binary.BigEndian.Uint16(b[n-2:]) {
		return 0, errChecksum
	}
	dst.Body = b[headerLen : n-2]
	return n, nil
}

// Append appends the frame with its checksum.
func Append(dst []byte, f *Frame) []byte {
	at := len(dst)
	dst = append(dst, sync, byte(f.Type)<<4|f.Version&0x0f)
	dst = binary.BigEndian.AppendUint16(dst, uint16(minLen+len(f.Body)))
	dst = binary.BigEndian.AppendUint16(dst, f.ID)
	dst = binary.BigEndian.AppendUint32(dst, f.Second)
	dst = binary.BigEndian.AppendUint32(dst, f.Fraction)
	dst = append(dst, f.Body...)
	return binary.BigEndian.AppendUint16(dst, checksum(dst[at:]))
}

// checksum is CRC-CCITT with the initial value -1 (annex B).
func checksum(b []byte) uint16 {
	crc := uint16(0xffff)
	for _, c := range b {
		t := crc>>8 ^ uint16(c)
		t ^= t >> 4
		crc = crc<<8 ^ t<<12 ^ t<<5 ^ t
	}
	return crc
}

// Stations calls visit with the name of every station in the body of a
// configuration frame, padding included, and with its id, until visit gives
// false. It gives the number of stations that the frame announces.
func Stations(typ Type, body []byte, visit func(name []byte, id uint16) bool) (int, error) {
	const head = 6 // time base, number of stations
	if typ == Config3 {
		if len(body) < 2 {
			return 0, errConfig
		}
		body = body[2:] // continuation index
	}
	if len(body) < head {
		return 0, errConfig
	}
	total := int(binary.BigEndian.Uint16(body[4:]))
	body = body[head:]
	for range total {
		name, id, n := station(typ, body)
		if n == 0 {
			return total, errConfig
		}
		if !visit(name, id) {
			break
		}
		body = body[n:]
	}
	return total, nil
}

// station reads one station's block and gives its length, 0 when it is cut.
func station(typ Type, b []byte) (name []byte, id uint16, n int) {
	if typ == Config3 {
		return station3(b)
	}
	const names = 16
	const head = names + 2 + 2 + 6 // name, id, format, numbers of phasors, analogs, digitals
	if len(b) < head {
		return nil, 0, 0
	}
	phasors, analogs, digitals := counts(b[names+4:])
	n = head + names*(phasors+analogs+16*digitals) + 4*(phasors+analogs+digitals) + 4
	if len(b) < n {
		return nil, 0, 0
	}
	return b[:names], binary.BigEndian.Uint16(b[names:]), n
}

// station3 reads a block of configuration 3, where names have their length in
// front.
func station3(b []byte) (name []byte, id uint16, n int) {
	if len(b) < 1 || len(b) < 1+int(b[0])+26 {
		return nil, 0, 0
	}
	name = b[1 : 1+int(b[0])]
	n = len(name) + 1
	id = binary.BigEndian.Uint16(b[n:])
	n += 2 + 16 + 2 // id, global id, format
	phasors, analogs, digitals := counts(b[n:])
	n += 6
	for range phasors + analogs + 16*digitals {
		if len(b) <= n {
			return nil, 0, 0
		}
		n += 1 + int(b[n])
	}
	// Scales of phasors, analogs and digitals; position, class, window, delay,
	// nominal frequency, rate, change count.
	n += 12*phasors + 8*analogs + 4*digitals + 12 + 1 + 4 + 4 + 2 + 2
	if len(b) < n {
		return nil, 0, 0
	}
	return name, id, n
}

func counts(b []byte) (phasors, analogs, digitals int) {
	return int(binary.BigEndian.Uint16(b)), int(binary.BigEndian.Uint16(b[2:])), int(binary.BigEndian.Uint16(b[4:]))
}
