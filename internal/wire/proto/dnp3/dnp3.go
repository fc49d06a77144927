// Package dnp3 reads and writes the Distributed Network Protocol (IEEE 1815)
// in its three layers — link frames with checksums, transport segments,
// application fragments with object headers — and turns conversations between
// masters and outstations into facts: one for each request with its response,
// one for each unsolicited response.
//
// It keeps no values of points and judges nothing. Sensor, rules, guard and
// scanner share the codec; the analyser is for the packet path only.
package dnp3

import (
	"encoding/binary"
	"errors"
)

// Port is the registered port, TCP and UDP.
const Port = 20000

// Sizes of the link layer (clause 9). The length octet counts control,
// addresses and user data, without the checksums.
const (
	HeaderLen   = 10 // with its checksum
	MaxUserData = 250
	MaxFrameLen = 292
	minLength   = 5
	blockLen    = 16
	crcLen      = 2
)

const (
	start1, start2 = 0x05, 0x64
)

// Bits of the link control octet.
const (
	LinkFromMaster = 0x80
	LinkPrimary    = 0x40
	linkFunction   = 0x0f
)

// Link functions of the primary station.
const (
	LinkResetStates         = 0
	LinkResetUserProcess    = 1
	LinkTestStates          = 2
	LinkConfirmedUserData   = 3
	LinkUnconfirmedUserData = 4
	LinkRequestStatus       = 9
)

// Errors of the codec.
var (
	ErrShort     = errors.New("dnp3: frame is not complete")
	ErrStart     = errors.New("dnp3: no start octets")
	ErrLength    = errors.New("dnp3: length below the smallest frame")
	ErrHeaderCRC = errors.New("dnp3: wrong checksum of the header")
	ErrDataCRC   = errors.New("dnp3: wrong checksum of a data block")
	ErrTruncated = errors.New("dnp3: objects go beyond the fragment")
	ErrUnknown   = errors.New("dnp3: object of unknown size")
)

// Frame is one link frame. Data is the user data without checksums: in a
// decoded frame it lies in the frame itself and is valid until the next Decode
// into it.
type Frame struct {
	Control  uint8
	Dst, Src uint16
	Data     []byte

	buf [MaxUserData]byte
}

// Function gives the link function code, whose meaning depends on Primary.
func (f *Frame) Function() uint8 { return f.Control & linkFunction }

// Primary reports whether the frame starts a link transaction.
func (f *Frame) Primary() bool { return f.Control&LinkPrimary != 0 }

// HasUserData reports whether the frame carries a transport segment.
func (f *Frame) HasUserData() bool {
	fn := f.Function()
	return f.Primary() && (fn == LinkConfirmedUserData || fn == LinkUnconfirmedUserData)
}

// frameLen gives the length on the wire of a frame with n bytes of user data.
func frameLen(n int) int { return HeaderLen + n + crcLen*((n+blockLen-1)/blockLen) }

// Decode reads one frame from the start of b and gives the bytes it took.
// With ErrDataCRC it gives the frame's length too, so that the reader can go
// on behind it; after other errors but ErrShort the start octets have to be
// searched for.
func Decode(dst *Frame, b []byte) (int, error) {
	if len(b) > 0 && b[0] != start1 || len(b) > 1 && b[1] != start2 {
		return 0, ErrStart
	}
	if len(b) < HeaderLen {
		return 0, ErrShort
	}
	if crc(b[:8]) != binary.LittleEndian.Uint16(b[8:]) {
		return 0, ErrHeaderCRC
	}
	if b[2] < minLength {
		return 0, ErrLength
	}
	user := int(b[2]) - minLength
	n := frameLen(user)
	if len(b) < n {
		return 0, ErrShort
	}
	dst.Control = b[3]
	dst.Dst, dst.Src = binary.LittleEndian.Uint16(b[4:]), binary.LittleEndian.Uint16(b[6:])
	out := dst.buf[:0]
	for rest := b[HeaderLen:n]; len(rest) > 0; {
		k := min(blockLen, len(rest)-crcLen)
		if crc(rest[:k]) != binary.LittleEndian.Uint16(rest[k:]) {
			dst.Data = nil
			return n, ErrDataCRC
		}
		out = append(out, rest[:k]...)
		rest = rest[k+crcLen:]
	}
	dst.Data = out
	return n, nil
}

// Append writes the frame behind dst, with checksums. User data beyond
// MaxUserData are not written.
func Append(dst []byte, f *Frame) []byte {
	data := f.Data[:min(len(f.Data), MaxUserData)]
	at := len(dst)
	dst = append(dst, start1, start2, byte(minLength+len(data)), f.Control)
	dst = binary.LittleEndian.AppendUint16(dst, f.Dst)
	dst = binary.LittleEndian.AppendUint16(dst, f.Src)
	dst = binary.LittleEndian.AppendUint16(dst, crc(dst[at:]))
	for len(data) > 0 {
		k := min(blockLen, len(data))
		dst = append(dst, data[:k]...)
		dst = binary.LittleEndian.AppendUint16(dst, crc(data[:k]))
		data = data[k:]
	}
	return dst
}

// crcTable is for the polynomial 0x3d65 of IEC 60870-5, reflected.
var crcTable = func() (t [256]uint16) {
	for i := range t {
		c := uint16(i)
		for range 8 {
			if c&1 != 0 {
				c = c>>1 ^ 0xa6bc
			} else {
				c >>= 1
			}
		}
		t[i] = c
	}
	return t
}()

func crc(b []byte) uint16 {
	var c uint16
	for _, x := range b {
		c = c>>8 ^ crcTable[byte(c)^x]
	}
	return ^c
}
