package smb

import "encoding/binary"

// The commands of SMB 2 on which the analyser acts.
const (
	cmd2Negotiate      = 0
	cmd2SessionSetup   = 1
	cmd2Logoff         = 2
	cmd2TreeConnect    = 3
	cmd2TreeDisconnect = 4
	cmd2Create         = 5
	cmd2Close          = 6
	cmd2Read           = 8
	cmd2Write          = 9
	cmd2IOCTL          = 11
	cmd2Cancel         = 12
	cmd2Find           = 14
	cmd2SetInfo        = 17
	cmd2OplockBreak    = 18
)

// The flags of an SMB 2 header (MS-SMB2 section 2.2.1).
const (
	flag2Response = 0x01
	flag2Async    = 0x02
	flag2Related  = 0x04
)

// header2Len is the length of an SMB 2 header.
const header2Len = 64

// FSCTL_PIPE_TRANSCEIVE writes to a pipe and reads from it at once.
const fsctlPipeTransceive = 0x0011c017

// FileID names an open file in SMB 2; SMB 1 uses its first two bytes.
type FileID [16]byte

// relatedFile stands for the file of the request before in a compound.
var relatedFile = FileID{
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
}

// Header2 is the header of an SMB 2 message, with its body.
type Header2 struct {
	Command   uint16
	Status    uint32 // of a response
	Flags     uint32
	Next      uint32 // offset of the next message of a compound, 0 for the last
	MessageID uint64
	TreeID    uint32
	SessionID uint64
	Response  bool
	Body      []byte // behind the header, as far as it is there
	message   []byte // from the header on: offsets count from there
}

// Decode2 reads the SMB 2 message at the beginning of b, which may be cut short
// behind the header. It gives the bytes up to the next message of a compound,
// len(b) when there is none.
func Decode2(dst *Header2, b []byte) (n int, err error) {
	*dst = Header2{}
	if len(b) < header2Len {
		return 0, ErrShort
	}
	if b[0] != 0xfe || b[1] != 'S' || b[2] != 'M' || b[3] != 'B' || binary.LittleEndian.Uint16(b[4:]) != header2Len {
		return 0, ErrSyntax
	}
	dst.Status = binary.LittleEndian.Uint32(b[8:])
	dst.Command = binary.LittleEndian.Uint16(b[12:])
	dst.Flags = binary.LittleEndian.Uint32(b[16:])
	dst.Next = binary.LittleEndian.Uint32(b[20:])
	dst.MessageID = binary.LittleEndian.Uint64(b[24:])
	dst.SessionID = binary.LittleEndian.Uint64(b[40:])
	if dst.Flags&flag2Async == 0 {
		dst.TreeID = binary.LittleEndian.Uint32(b[36:])
	}
	dst.Response = dst.Flags&flag2Response != 0
	if int(dst.Command) >= len(commands2) || dst.Next != 0 && (dst.Next < header2Len || dst.Next%8 != 0) {
		return 0, ErrSyntax
	}
	n = len(b)
	if dst.Next != 0 {
		n = int(min(uint64(dst.Next), uint64(len(b))))
	}
	dst.message, dst.Body = b[:n], b[header2Len:n]
	return n, nil
}

// u16, u32 and u64 read fields of the body, 0 when they are not there.
func (h *Header2) u16(at int) uint16 {
	if at+2 > len(h.Body) {
		return 0
	}
	return binary.LittleEndian.Uint16(h.Body[at:])
}

func (h *Header2) u32(at int) uint32 {
	if at+4 > len(h.Body) {
		return 0
	}
	return binary.LittleEndian.Uint32(h.Body[at:])
}

func (h *Header2) u64(at int) uint64 {
	if at+8 > len(h.Body) {
		return 0
	}
	return binary.LittleEndian.Uint64(h.Body[at:])
}

func (h *Header2) file(at int) (id FileID) {
	if at+len(id) <= len(h.Body) {
		copy(id[:], h.Body[at:])
	}
	return id
}

// data gives the n bytes at an offset from the header, as far as they are
// there, nil when the offset lies outside.
func (h *Header2) data(offset, n uint32) []byte {
	if offset < header2Len || uint64(offset) > uint64(len(h.message)) {
		return nil
	}
	b := h.message[offset:]
	return b[:min(uint64(n), uint64(len(b)))]
}

// Token gives the security blob of a session setup or negotiation.
func (h *Header2) Token() []byte {
	switch {
	case h.Command == cmd2Negotiate && h.Response:
		return h.data(uint32(h.u16(56)), uint32(h.u16(58)))
	case h.Command == cmd2SessionSetup && h.Response:
		return h.data(uint32(h.u16(4)), uint32(h.u16(6)))
	case h.Command == cmd2SessionSetup:
		return h.data(uint32(h.u16(12)), uint32(h.u16(14)))
	}
	return nil
}

// Name gives the path of a tree connect, the file name of a create or the
// pattern of a directory query, in UTF-16.
func (h *Header2) Name() []byte {
	switch h.Command {
	case cmd2TreeConnect:
		return h.data(uint32(h.u16(4)), uint32(h.u16(6)))
	case cmd2Create:
		return h.data(uint32(h.u16(44)), uint32(h.u16(46)))
	case cmd2Find:
		return h.data(uint32(h.u16(24)), uint32(h.u16(26)))
	}
	return nil
}

// dispositions are what a create wants with a file that exists or does not
// (MS-SMB2 section 2.2.13, MS-CIFS section 2.2.4.64).
var dispositions = [...]string{
	"FILE_SUPERSEDE", "FILE_OPEN", "FILE_CREATE", "FILE_OPEN_IF", "FILE_OVERWRITE", "FILE_OVERWRITE_IF",
}

// deleteOnClose is the option of a create by which the file goes when it is closed.
const deleteOnClose = 0x00001000

// File gives the file that a request is about or a create's answer made.
func (h *Header2) File() FileID {
	switch h.Command {
	case cmd2Create:
		if h.Response {
			return h.file(64)
		}
	case cmd2Close, cmd2IOCTL, cmd2Find:
		return h.file(8)
	case cmd2Read, cmd2Write, cmd2SetInfo:
		return h.file(16)
	}
	return FileID{}
}

// transfer is the content that a message carries to or from a file.
type transfer struct {
	file   FileID
	offset uint64
	total  uint32 // bytes of content
	data   []byte // the first of them
}

// written gives what a write, or a call through a pipe, sends.
func (h *Header2) written() (t transfer) {
	switch h.Command {
	case cmd2Write:
		t = transfer{file: h.file(16), offset: h.u64(8), total: h.u32(4)}
		t.data = h.data(uint32(h.u16(2)), t.total)
	case cmd2IOCTL:
		t = transfer{file: h.file(8), total: h.u32(28)}
		t.data = h.data(h.u32(24), t.total)
	}
	return t
}

// read gives what the answer to a read, or to a call through a pipe, brings.
func (h *Header2) read() (t transfer) {
	switch h.Command {
	case cmd2Read:
		t.total = h.u32(4)
		if len(h.Body) > 2 {
			t.data = h.data(uint32(h.Body[2]), t.total)
		}
	case cmd2IOCTL:
		t.total = h.u32(36)
		t.data = h.data(h.u32(32), t.total)
	}
	return t
}

// deletes reports whether a request marks a file to be deleted.
func (h *Header2) deletes() bool {
	const fileType, dispositionClass = 1, 13
	if h.Command != cmd2SetInfo || len(h.Body) < 32 || h.Body[2] != fileType || h.Body[3] != dispositionClass {
		return false
	}
	b := h.data(uint32(h.u16(8)), h.u32(4))
	return len(b) > 0 && b[0] != 0
}

// renamedTo gives the new name when a request renames a file.
func (h *Header2) renamedTo() []byte {
	const fileType, renameClass = 1, 10
	if h.Command != cmd2SetInfo || len(h.Body) < 32 || h.Body[2] != fileType || h.Body[3] != renameClass {
		return nil
	}
	b := h.data(uint32(h.u16(8)), h.u32(4))
	if len(b) < 20 {
		return nil
	}
	n := binary.LittleEndian.Uint32(b[16:])
	return b[20:][:min(uint64(n), uint64(len(b)-20))]
}
