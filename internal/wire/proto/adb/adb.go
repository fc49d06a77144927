// Package adb reads the Android Debug Bridge (AOSP, packages/modules/adb,
// protocol.txt) over TCP, which set-top boxes and phones leave open to worms: a
// codec for message headers, and an analyser for who connects to what device,
// whether it wanted a proof, and which shell commands and files are sent.
//
// The codec may be used by every part of the program.
package adb

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// The commands, as they are on the wire in little-endian form.
const (
	SYNC = 0x434e5953
	CNXN = 0x4e584e43
	AUTH = 0x48545541
	OPEN = 0x4e45504f
	OKAY = 0x59414b4f
	CLSE = 0x45534c43
	WRTE = 0x45545257
	STLS = 0x534c5453
)

// The types of an AUTH message.
const (
	authToken     = 1
	authSignature = 2
	authPublicKey = 3
)

// HeaderLen is the length of a message's header.
const HeaderLen = 24

// MaxPayload is how long a payload may be (MAX_PAYLOAD).
const MaxPayload = 1 << 20

// The errors of Decode.
var (
	ErrShort  = errors.New("adb: incomplete message")
	ErrSyntax = errors.New("adb: no message")
)

// Header is the header of a message.
type Header struct {
	Command    uint32
	Arg0, Arg1 uint32
	Len        uint32 // of the payload
	Checksum   uint32
}

// Decode reads the header at the beginning of b.
func Decode(dst *Header, b []byte) (n int, err error) {
	*dst = Header{}
	if len(b) < 4 {
		return 0, ErrShort
	}
	dst.Command = binary.LittleEndian.Uint32(b)
	switch dst.Command {
	case SYNC, CNXN, AUTH, OPEN, OKAY, CLSE, WRTE, STLS:
	default:
		return 0, ErrSyntax
	}
	if len(b) < HeaderLen {
		return 0, ErrShort
	}
	dst.Arg0, dst.Arg1 = binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:])
	dst.Len, dst.Checksum = binary.LittleEndian.Uint32(b[12:]), binary.LittleEndian.Uint32(b[16:])
	if binary.LittleEndian.Uint32(b[20:]) != ^dst.Command || dst.Len > MaxPayload {
		return 0, ErrSyntax
	}
	return HeaderLen, nil
}

// Append writes a message.
func Append(dst []byte, command, arg0, arg1 uint32, payload []byte) []byte {
	sum := uint32(0)
	for _, c := range payload {
		sum += uint32(c)
	}
	for _, v := range [...]uint32{command, arg0, arg1, uint32(len(payload)), sum, ^command} {
		dst = binary.LittleEndian.AppendUint32(dst, v)
	}
	return append(dst, payload...)
}

// Banner is what a side says about itself in CNXN: "device::ro.product.name=x;
// ro.product.model=y;". Views into the input.
type Banner struct {
	Kind   []byte // host, device, bootloader, recovery
	Name   []byte
	Model  []byte
	Device []byte
}

// DecodeBanner reads the payload of a CNXN.
func DecodeBanner(dst *Banner, b []byte) {
	*dst = Banner{}
	b = bytes.TrimRight(b, "\x00")
	kind, rest, _ := bytes.Cut(b, []byte{':'})
	dst.Kind = kind
	_, props, _ := bytes.Cut(rest, []byte{':'})
	for len(props) > 0 {
		var p []byte
		p, props, _ = bytes.Cut(props, []byte{';'})
		key, value, _ := bytes.Cut(p, []byte{'='})
		switch string(key) {
		case "ro.product.name":
			dst.Name = value
		case "ro.product.model":
			dst.Model = value
		case "ro.product.device":
			dst.Device = value
		}
	}
}
