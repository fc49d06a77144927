package smb

import (
	"bytes"
	"encoding/binary"

	"edgeward/internal/wire/proto/utf16le"
)

// The commands of SMB 1 on which the analyser acts.
const (
	cmd1Open           = 0x02
	cmd1Create         = 0x03
	cmd1Close          = 0x04
	cmd1Delete         = 0x06
	cmd1Rename         = 0x07
	cmd1Trans          = 0x25
	cmd1OpenAndX       = 0x2d
	cmd1ReadAndX       = 0x2e
	cmd1WriteAndX      = 0x2f
	cmd1Trans2         = 0x32
	cmd1TreeDisconnect = 0x71
	cmd1Negotiate      = 0x72
	cmd1SessionSetup   = 0x73
	cmd1Logoff         = 0x74
	cmd1TreeConnect    = 0x75
	cmd1NTCreate       = 0xa2
	noAndX             = 0xff
)

// The second flags of an SMB 1 header (MS-CIFS section 2.2.3.1).
const (
	flag1NTStatus = 0x4000
	flag1Unicode  = 0x8000
)

// header1Len is the length of an SMB 1 header up to the count of words.
const header1Len = 32

// Header1 is the header of an SMB 1 message.
type Header1 struct {
	Command  uint8
	Status   uint32
	Response bool
	Unicode  bool
	TID      uint16
	PID      uint16
	UID      uint16
	MID      uint16
	message  []byte // from the header on: offsets count from there
}

// Block is the command block of an SMB 1 message: parameter words, then bytes.
type Block struct {
	Command uint8
	Words   []byte
	Data    []byte // as far as it is there
	dataAt  int    // its offset from the header, which decides about padding
	h       *Header1
}

// Decode1 reads the header at the beginning of b, which may be cut short behind it.
func Decode1(dst *Header1, b []byte) error {
	*dst = Header1{}
	if len(b) < header1Len {
		return ErrShort
	}
	if b[0] != 0xff || b[1] != 'S' || b[2] != 'M' || b[3] != 'B' || command1(b[4]) == "" {
		return ErrSyntax
	}
	flags2 := binary.LittleEndian.Uint16(b[10:])
	dst.Command, dst.Response, dst.Unicode = b[4], b[9]&0x80 != 0, flags2&flag1Unicode != 0
	dst.Status = binary.LittleEndian.Uint32(b[5:])
	if flags2&flag1NTStatus == 0 && dst.Status != 0 {
		dst.Status = dosStatus(b[5], binary.LittleEndian.Uint16(b[7:]))
	}
	dst.TID, dst.PID = binary.LittleEndian.Uint16(b[24:]), binary.LittleEndian.Uint16(b[26:])
	dst.UID, dst.MID = binary.LittleEndian.Uint16(b[28:]), binary.LittleEndian.Uint16(b[30:])
	dst.message = b
	return nil
}

// dosStatus gives the NT status of an error class and code of old clients, for
// those that matter here.
func dosStatus(class uint8, code uint16) uint32 {
	const dosClass, serverClass = 1, 2
	switch {
	case class == dosClass && code == 2:
		return 0xc000000f
	case class == dosClass && code == 5:
		return 0xc0000022
	case class == serverClass && code == 2:
		return 0xc000006d
	case class == serverClass && code == 6:
		return 0xc00000cc
	}
	return 0xc0000001
}

// Block gives the command block of cmd at an offset from the header; ok is
// false when it is not there.
func (h *Header1) Block(cmd uint8, at int) (b Block, ok bool) {
	if at < header1Len || at >= len(h.message) {
		return b, false
	}
	rest := h.message[at:]
	words := 2 * int(rest[0])
	if len(rest) < 1+words+2 {
		return b, false
	}
	n := int(binary.LittleEndian.Uint16(rest[1+words:]))
	data := rest[1+words+2:]
	return Block{cmd, rest[1 : 1+words], data[:min(n, len(data))], at + 1 + words + 2, h}, true
}

// AndX gives the command and offset of the next block; more is false at the end.
func (b *Block) AndX() (cmd uint8, at int, more bool) {
	switch b.Command {
	case cmd1SessionSetup, cmd1Logoff, cmd1TreeConnect, cmd1NTCreate, cmd1OpenAndX, cmd1ReadAndX, cmd1WriteAndX, 0x24:
	default:
		return 0, 0, false
	}
	if len(b.Words) < 4 || b.Words[0] == noAndX {
		return 0, 0, false
	}
	at = int(b.u16(2))
	return b.Words[0], at, at > b.dataAt
}

func (b *Block) u16(at int) uint16 {
	if at+2 > len(b.Words) {
		return 0
	}
	return binary.LittleEndian.Uint16(b.Words[at:])
}

func (b *Block) u32(at int) uint32 {
	if at+4 > len(b.Words) {
		return 0
	}
	return binary.LittleEndian.Uint32(b.Words[at:])
}

// text appends the string at offset off of the data as UTF-8, at most up to
// most bytes, and gives the offset behind it. UTF-16 is aligned to two bytes
// from the header.
func (b *Block) text(dst []byte, off, most int) (text []byte, next int) {
	if !b.h.Unicode {
		return b.ascii(dst, off, most)
	}
	off += (b.dataAt + off) & 1
	if off >= len(b.Data) {
		return dst, len(b.Data)
	}
	s := b.Data[off:]
	end := 0
	for end+1 < len(s) && (s[end] != 0 || s[end+1] != 0) {
		end += 2
	}
	return utf16le.Append(dst, s[:min(end, len(s))], most), min(off+end+2, len(b.Data))
}

// ascii appends the string of bytes at offset off and gives the offset behind it.
func (b *Block) ascii(dst []byte, off, most int) (text []byte, next int) {
	if off >= len(b.Data) {
		return dst, len(b.Data)
	}
	s := b.Data[off:]
	end := bytes.IndexByte(s, 0)
	if end < 0 {
		end = len(s)
	}
	return append(dst, s[:max(0, min(end, most-len(dst)))]...), min(off+end+1, len(b.Data))
}

// at gives the n bytes at an offset from the header, as far as they are there.
func (b *Block) at(offset uint16, n uint32) []byte {
	if offset < header1Len || int(offset) > len(b.h.message) {
		return nil
	}
	rest := b.h.message[offset:]
	return rest[:min(uint64(n), uint64(len(rest)))]
}

func file1(fid uint16) (id FileID) {
	binary.LittleEndian.PutUint16(id[:], fid)
	return id
}

// written gives what a write, or a call through a pipe, sends.
func (b *Block) written() (t transfer, ok bool) {
	switch b.Command {
	case cmd1WriteAndX:
		if len(b.Words) < 24 {
			return t, false
		}
		t = transfer{file: file1(b.u16(4)), offset: uint64(b.u32(6)), total: uint32(b.u16(20)) | uint32(b.u16(18))<<16}
		if len(b.Words) >= 28 {
			t.offset |= uint64(b.u32(24)) << 32
		}
		t.data = b.at(b.u16(22), t.total)
		return t, true
	case cmd1Trans:
		const transactPipe = 0x26
		if len(b.Words) < 32 || b.Words[26] < 2 || b.u16(28) != transactPipe {
			return t, false
		}
		t = transfer{file: file1(b.u16(30)), total: uint32(b.u16(22))}
		t.data = b.at(b.u16(24), t.total)
		return t, true
	}
	return t, false
}

// read gives what the answer to a read, or to a call through a pipe, brings.
func (b *Block) read() (t transfer) {
	switch b.Command {
	case cmd1ReadAndX:
		t.total = uint32(b.u16(10)) | uint32(b.u16(14))<<16
		t.data = b.at(b.u16(12), t.total)
	case cmd1Trans:
		t.total = uint32(b.u16(12))
		t.data = b.at(b.u16(14), t.total)
	}
	return t
}
