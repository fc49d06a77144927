// Package tuya reads what devices with Tuya's modules speak on the local
// network: frames of both kinds (0x55aa of protocol 3.1 to 3.4, 0x6699 of 3.5),
// and the broadcasts by which they announce themselves, which are encrypted
// with a key that is the same everywhere. Commands on port 6668 are encrypted
// with keys of the single device and are told apart by their number only.
//
// It controls nothing. Sensor and rules use it, and the scanner its writing
// half.
package tuya

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"sync"
)

// The errors of the codec.
var (
	ErrShort  = errors.New("tuya: the frame is not complete")
	ErrFormat = errors.New("tuya: the bytes are no frame")
	ErrSum    = errors.New("tuya: the checksum of the frame is wrong")
)

// The marks that begin and end frames.
const (
	prefix55 = 0x000055aa
	suffix55 = 0x0000aa55
	prefix66 = 0x00006699
	suffix66 = 0x00009966
)

// Sizes of frames. 0x55aa: prefix, sequence, command and length; behind the
// data a CRC-32 or, since 3.4, an HMAC-SHA256. 0x6699: prefix, two reserved
// bytes, sequence, command and length, then nonce, data and tag of AES-GCM.
const (
	head55   = 16
	tail55   = 8
	tailHMAC = 36
	head66   = 18
	nonce66  = 12
	tail66   = 16 + 4
	maxFrame = 16 << 10
)

// Frame is one frame. Slices are views into the decoded bytes.
type Frame struct {
	GCM      bool // framed as in 3.5
	HMAC     bool // signed as in 3.4, which only the device's key can check
	Sequence uint32
	Command  uint32
	Code     uint32 // return code of an answer
	HasCode  bool
	Data     []byte // as it lies, encrypted or not
	aad      []byte
	sealed   []byte // nonce, data and tag of AES-GCM
}

// Decode reads the frame at the beginning of b.
func Decode(f *Frame, b []byte) (n int, err error) {
	*f = Frame{}
	if len(b) < 4 {
		return 0, ErrShort
	}
	switch binary.BigEndian.Uint32(b) {
	case prefix55:
		return f.decode55(b)
	case prefix66:
		return f.decode66(b)
	}
	return 0, ErrFormat
}

func (f *Frame) decode55(b []byte) (int, error) {
	if len(b) < head55 {
		return 0, ErrShort
	}
	f.Sequence, f.Command = binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	size := binary.BigEndian.Uint32(b[12:])
	if size < tail55 || size > maxFrame {
		return 0, ErrFormat
	}
	n := head55 + int(size)
	if len(b) < n {
		return 0, ErrShort
	}
	if binary.BigEndian.Uint32(b[n-4:]) != suffix55 {
		return 0, ErrFormat
	}
	end := n - tail55
	if crc32.ChecksumIEEE(b[:end]) != binary.BigEndian.Uint32(b[end:]) {
		if end = n - tailHMAC; end < head55 {
			return n, ErrSum
		}
		f.HMAC = true
	}
	f.Data = b[head55:end:end]
	if len(f.Data) >= 4 && f.Data[0]|f.Data[1]|f.Data[2] == 0 {
		f.Code, f.HasCode, f.Data = binary.BigEndian.Uint32(f.Data), true, f.Data[4:]
	}
	return n, nil
}

func (f *Frame) decode66(b []byte) (int, error) {
	if len(b) < head66 {
		return 0, ErrShort
	}
	f.GCM = true
	f.Sequence, f.Command = binary.BigEndian.Uint32(b[6:]), binary.BigEndian.Uint32(b[10:])
	size := binary.BigEndian.Uint32(b[14:]) // nonce, data and tag
	if size < nonce66+16 || size > maxFrame {
		return 0, ErrFormat
	}
	n := head66 + int(size) + 4
	if len(b) < n {
		return 0, ErrShort
	}
	if binary.BigEndian.Uint32(b[n-4:]) != suffix66 {
		return 0, ErrFormat
	}
	f.aad, f.sealed = b[4:head66:head66], b[head66:n-4:n-4]
	f.Data = b[head66+nonce66 : n-tail66 : n-tail66]
	return n, nil
}

// Append writes a 0x55aa frame that is checked by a CRC-32.
func Append(dst []byte, f *Frame) []byte {
	start := len(dst)
	size := len(f.Data) + tail55
	if f.HasCode {
		size += 4
	}
	for _, v := range [...]uint32{prefix55, f.Sequence, f.Command, uint32(size)} {
		dst = binary.BigEndian.AppendUint32(dst, v)
	}
	if f.HasCode {
		dst = binary.BigEndian.AppendUint32(dst, f.Code)
	}
	dst = append(dst, f.Data...)
	dst = binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(dst[start:]))
	return binary.BigEndian.AppendUint32(dst, suffix55)
}

// broadcastKey is the key of all broadcasts, published with tinytuya and many
// others; its being MD5 is the vendor's choice and protects nothing.
var broadcastKey = sync.OnceValue(func() cipher.Block {
	key := md5.Sum([]byte("yGAdlopoPVldABfn"))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil // a key of 16 bytes is always taken
	}
	return block
})

var broadcastGCM = sync.OnceValue(func() cipher.AEAD {
	aead, err := cipher.NewGCM(broadcastKey())
	if err != nil {
		return nil
	}
	return aead
})

// OpenBroadcast appends to dst the text of a frame that is clear or encrypted
// with the key of all broadcasts, and reports which; ok is false when it is
// neither.
func (f *Frame) OpenBroadcast(dst []byte) (text []byte, encrypted, ok bool) {
	if f.GCM {
		text, err := broadcastGCM().Open(dst, f.sealed[:nonce66], f.sealed[nonce66:], f.aad)
		if err != nil {
			return dst, true, false
		}
		if len(text) >= 4 && text[0]|text[1]|text[2] == 0 { // a return code
			text = text[4:]
		}
		return text, true, isObject(text)
	}
	if isObject(f.Data) {
		return append(dst, f.Data...), false, true
	}
	block := broadcastKey()
	n := len(f.Data)
	if n == 0 || n%aes.BlockSize != 0 {
		return dst, true, false
	}
	start := len(dst)
	dst = append(dst, f.Data...)
	text = dst[start:]
	for i := 0; i < n; i += aes.BlockSize {
		block.Decrypt(text[i:], text[i:])
	}
	pad := int(text[n-1]) // PKCS 7
	if pad == 0 || pad > aes.BlockSize || !isObject(text[:n-pad]) {
		return dst[:start], true, false
	}
	return dst[:start+n-pad], true, true
}

func isObject(b []byte) bool { return len(b) >= 2 && b[0] == '{' && b[len(b)-1] == '}' }

// SealBroadcast gives the data of a 0x55aa broadcast: text encrypted with the
// key of all broadcasts.
func SealBroadcast(text []byte) []byte {
	pad := aes.BlockSize - len(text)%aes.BlockSize
	b := append([]byte(nil), text...)
	for range pad {
		b = append(b, byte(pad))
	}
	for i := 0; i < len(b); i += aes.BlockSize {
		broadcastKey().Encrypt(b[i:], b[i:])
	}
	return b
}

// commandNames names the commands as the vendor's open SDKs do.
var commandNames = [...]string{
	0x00: "udp", 0x01: "ap-config", 0x02: "active", 0x03: "session-key-start", 0x04: "session-key-response",
	0x05: "session-key-finish", 0x06: "unbind", 0x07: "control", 0x08: "status", 0x09: "heartbeat",
	0x0a: "query", 0x0b: "query-wifi", 0x0c: "token-bind", 0x0d: "control-new", 0x0e: "enable-wifi",
	0x0f: "wifi-info", 0x10: "query-new", 0x11: "scene", 0x12: "update-points", 0x13: "udp-new",
	0x14: "ap-config-new", 0x23: "broadcast", 0x25: "request-device-info", 0x40: "extended-stream",
}

// CommandName names a command, "" when it is unknown.
func CommandName(c uint32) string {
	if c < uint32(len(commandNames)) {
		return commandNames[c]
	}
	return ""
}

// heartbeat is the command that says nothing.
const heartbeat = 0x09
