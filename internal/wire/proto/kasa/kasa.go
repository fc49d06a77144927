// Package kasa reads what TP-Link's Kasa and Tapo devices speak on the local
// network: the Smart Home protocol of port 9999, JSON under an XOR cipher whose
// key is known to all, and the discovery of port 20002 (TDP). What newer models
// encrypt in earnest (KLAP) is not read.
//
// It controls nothing. Sensor and rules use it, and the scanner its writing
// half.
package kasa

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// The errors of the codec.
var (
	ErrShort  = errors.New("kasa: the message is not complete")
	ErrFormat = errors.New("kasa: the message is malformed")
)

// firstKey is what the first byte is XORed with; each further one is XORed
// with the encrypted byte before it.
const firstKey = 171

// maxMessage is the longest message that is read: a hub's answer of all its
// children stays well below.
const maxMessage = 32 << 10

// Decrypt appends the text of b to dst.
func Decrypt(dst, b []byte) []byte {
	key := byte(firstKey)
	for _, c := range b {
		dst = append(dst, c^key)
		key = c
	}
	return dst
}

// Encrypt appends the encrypted form of text to dst.
func Encrypt(dst, text []byte) []byte {
	key := byte(firstKey)
	for _, c := range text {
		key ^= c
		dst = append(dst, key)
	}
	return dst
}

// Decode reads the message at the beginning of a stream, where a length of
// four bytes comes before the text, and appends its text to dst.
func Decode(dst, b []byte) (text []byte, n int, err error) {
	if len(b) < 4 {
		return dst, 0, ErrShort
	}
	size := binary.BigEndian.Uint32(b)
	switch {
	case size < 2 || size > maxMessage:
		return dst, 0, ErrFormat
	case len(b)-4 < int(size):
		return dst, 0, ErrShort
	}
	n = 4 + int(size)
	return Decrypt(dst, b[4:n]), n, nil
}

// Append writes a message for a stream.
func Append(dst, text []byte) []byte {
	return Encrypt(binary.BigEndian.AppendUint32(dst, uint32(len(text))), text)
}

// tdpHead is the size of a discovery header: version, type, operation, length
// of what follows, flags, padding, serial number and checksum.
const (
	tdpHead = 16
	tdpSeed = 0x5a6b7c8d // stands in the checksum's place while it is made
)

// DecodeTDP reads a discovery datagram and gives the JSON in it, which may be
// empty in a request.
func DecodeTDP(b []byte) (text []byte, err error) {
	if len(b) < tdpHead || b[0] != 2 || b[1] != 0 || int(binary.BigEndian.Uint16(b[4:])) != len(b)-tdpHead {
		return nil, ErrFormat
	}
	if tdpSum(b) != binary.BigEndian.Uint32(b[12:]) {
		return nil, ErrFormat
	}
	return b[tdpHead:], nil
}

// AppendTDP writes a discovery datagram.
func AppendTDP(dst []byte, serial uint32, text []byte) []byte {
	start := len(dst)
	flags := byte(0)
	if len(text) > 0 {
		flags = 17
	}
	dst = append(dst, 2, 0, 0, 1)
	dst = append(binary.BigEndian.AppendUint16(dst, uint16(len(text))), flags, 0)
	dst = binary.BigEndian.AppendUint32(dst, serial)
	dst = append(append(dst, 0, 0, 0, 0), text...)
	binary.BigEndian.PutUint32(dst[start+12:], tdpSum(dst[start:]))
	return dst
}

// seedBytes is tdpSeed as it stands in a datagram.
var seedBytes = binary.BigEndian.AppendUint32(nil, tdpSeed)

func tdpSum(b []byte) uint32 {
	sum := crc32.Update(0, crc32.IEEETable, b[:12])
	sum = crc32.Update(sum, crc32.IEEETable, seedBytes)
	return crc32.Update(sum, crc32.IEEETable, b[tdpHead:])
}

// looksEncrypted reports whether b begins and ends as an encrypted command
// does: {"module":{ ... }. whole says that b is all of it.
func looksEncrypted(b []byte, whole bool) bool {
	if len(b) < 2 {
		return false
	}
	key, state := byte(firstKey), 0
	for i, c := range b[:min(len(b), 64)] {
		text := c ^ key
		key = c
		switch {
		case state == 0 && text == '{', state == 1 && text == '"', state == 3 && text == ':', state == 4 && text == '{':
			state++
		case state == 2 && text == '"' && i > 2:
			state = 3
		case state == 2 && (text >= 'a' && text <= 'z' || text >= 'A' && text <= 'Z' || text >= '0' && text <= '9' || text == '.' || text == '_'):
		default:
			return false
		}
		if state == 5 {
			return !whole || b[len(b)-1]^b[len(b)-2] == '}'
		}
	}
	return !whole
}
