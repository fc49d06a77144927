// Package dcerpc reads connection-oriented DCE/RPC (C706 chapter 12, MS-RPCE):
// a codec for its units, tables of the interfaces that administrators and
// intruders use, and an analyser that tells which interface is bound and which
// of its operations are called, over TCP or, through Session, over the named
// pipes of SMB.
//
// It does not read the arguments of calls, but for the answers of the endpoint
// mapper. The codec may be used by every part of the program.
package dcerpc

import (
	"encoding/binary"
	"errors"
)

// The unit types (C706 section 12.6.1, MS-RPCE section 2.2.2.1).
const (
	Request      = 0
	Response     = 2
	Fault        = 3
	Bind         = 11
	BindAck      = 12
	BindNak      = 13
	AlterContext = 14
	AlterResp    = 15
	Auth3        = 16
	Shutdown     = 17
	Cancel       = 18
	Orphaned     = 19
)

// The flags of a unit.
const (
	FirstFrag  = 0x01
	LastFrag   = 0x02
	ObjectUUID = 0x80
)

// HeaderLen is the length of the header that all units have.
const HeaderLen = 16

// The errors of Decode.
var (
	ErrShort  = errors.New("dcerpc: incomplete unit")
	ErrSyntax = errors.New("dcerpc: no unit")
)

// UUID is an interface or object identifier as it is on the wire in
// little-endian form.
type UUID [16]byte

// AppendText appends the usual form with hyphens.
func (u *UUID) AppendText(dst []byte) []byte {
	const digits = "0123456789abcdef"
	for i, at := range [...]int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15} {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, digits[u[at]>>4], digits[u[at]&15])
	}
	return dst
}

// Unit is one protocol data unit. Slices are views into the input and may be
// cut short when Whole is false.
type Unit struct {
	Type     uint8
	Flags    uint8
	Big      bool // big-endian integers
	CallID   uint32
	Len      int  // length of the whole unit
	Whole    bool // all of it was there
	AuthType uint8
	Auth     []byte // the security trailer's token, when the unit is whole

	Context uint16 // Request, Response, Fault: presentation context
	Opnum   uint16 // Request
	Object  UUID   // Request with ObjectUUID
	Stub    []byte // Request, Response: arguments or results of this fragment
	StubLen int    // their length
	Status  uint32 // Fault: status; BindNak: reason

	body []byte // what follows the header
}

// Decode reads the unit at the beginning of b and gives its length. With
// ErrShort even the fields that every unit of that type has are not there;
// a unit whose stub is not all there is decoded with Whole false and the
// length of the whole.
func Decode(dst *Unit, b []byte) (n int, err error) {
	*dst = Unit{}
	if len(b) < HeaderLen {
		return 0, ErrShort
	}
	if !validHeader(b) {
		return 0, ErrSyntax
	}
	dst.Type, dst.Flags, dst.Big = b[2], b[3], b[4]&0xf0 == 0
	dst.Len = int(dst.u16(b[8:]))
	authLen := int(dst.u16(b[10:]))
	dst.CallID = dst.u32(b[12:])
	if dst.Len < HeaderLen || authLen > 0 && authLen+8 > dst.Len-HeaderLen {
		return 0, ErrSyntax
	}
	dst.Whole = len(b) >= dst.Len
	body := b[HeaderLen:min(dst.Len, len(b))]
	bodyLen := dst.Len - HeaderLen
	if authLen > 0 {
		bodyLen -= authLen + 8
		if dst.Whole {
			trailer := body[bodyLen:]
			dst.AuthType, dst.Auth = trailer[0], trailer[8:]
			body = body[:bodyLen]
		} else {
			body = body[:min(len(body), bodyLen)]
		}
	}
	dst.body = body
	return dst.Len, dst.decodeBody(body, bodyLen)
}

// validHeader reports whether b begins with a header of version 5.0 or 5.1
// with a known type and data representation.
func validHeader(b []byte) bool {
	return b[0] == 5 && b[1] <= 1 && (b[2] <= 7 || b[2] >= Bind && b[2] <= Orphaned) &&
		(b[4] == 0x10 || b[4] == 0) && b[5] <= 3 && b[6] == 0 && b[7] == 0
}

func (u *Unit) decodeBody(body []byte, bodyLen int) error {
	switch u.Type {
	case Request, Response, Fault:
		if bodyLen < 8 {
			return ErrSyntax
		}
		if len(body) < 8 {
			return ErrShort
		}
		u.Context = u.u16(body[4:])
		head := 8
		switch u.Type {
		case Request:
			u.Opnum = u.u16(body[6:])
			if u.Flags&ObjectUUID != 0 {
				if bodyLen < 24 {
					return ErrSyntax
				}
				if len(body) < 24 {
					return ErrShort
				}
				copy(u.Object[:], body[8:])
				head = 24
			}
		case Fault:
			if bodyLen < 12 {
				return ErrSyntax
			}
			if len(body) < 12 {
				return ErrShort
			}
			u.Status = u.u32(body[8:])
		}
		u.Stub, u.StubLen = body[head:], bodyLen-head
	case BindNak:
		if len(body) < 2 {
			return shortOr(u.Whole)
		}
		u.Status = uint32(u.u16(body))
	case Bind, AlterContext:
		if bodyLen < 12 {
			return ErrSyntax
		}
		if !u.Whole {
			return ErrShort
		}
	case BindAck, AlterResp:
		if bodyLen < 10 {
			return ErrSyntax
		}
		if !u.Whole {
			return ErrShort
		}
	}
	return nil
}

func shortOr(whole bool) error {
	if whole {
		return ErrSyntax
	}
	return ErrShort
}

func (u *Unit) u16(b []byte) uint16 {
	if u.Big {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func (u *Unit) u32(b []byte) uint32 {
	if u.Big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

// uuid reads an identifier and gives it in little-endian form.
func (u *Unit) uuid(b []byte) (id UUID) {
	copy(id[:], b)
	if u.Big {
		id[0], id[1], id[2], id[3] = id[3], id[2], id[1], id[0]
		id[4], id[5] = id[5], id[4]
		id[6], id[7] = id[7], id[6]
	}
	return id
}

// Context is a presentation context that a Bind or AlterContext offers.
type Context struct {
	ID       uint16
	Abstract UUID // the interface
	Major    uint16
	Minor    uint16
	Transfer UUID // the first transfer syntax
}

// Contexts calls each with the offered presentation contexts. It reports
// whether the list was complete.
func (u *Unit) Contexts(each func(*Context)) bool {
	b := u.body
	if u.Type != Bind && u.Type != AlterContext || len(b) < 12 {
		return false
	}
	count := int(b[8])
	b = b[12:]
	var ctx Context
	for range count {
		if len(b) < 24 {
			return false
		}
		transfers := int(b[2])
		if len(b) < 24+20*transfers {
			return false
		}
		ctx = Context{ID: u.u16(b), Abstract: u.uuid(b[4:20]), Major: u.u16(b[20:]), Minor: u.u16(b[22:])}
		if transfers > 0 {
			ctx.Transfer = u.uuid(b[24:40])
		}
		each(&ctx)
		b = b[24+20*transfers:]
	}
	return true
}

// SecondaryAddress gives the port or pipe that a BindAck names.
func (u *Unit) SecondaryAddress() []byte {
	if u.Type != BindAck || len(u.body) < 10 {
		return nil
	}
	n := int(u.u16(u.body[8:]))
	if n == 0 || n > len(u.body)-10 {
		return nil
	}
	addr := u.body[10 : 10+n]
	if addr[n-1] == 0 {
		addr = addr[:n-1]
	}
	return addr
}

// Results calls each with the result of every offered context, in the order
// of the offer; 0 is acceptance.
func (u *Unit) Results(each func(i int, result uint16)) bool {
	b := u.body
	if u.Type != BindAck && u.Type != AlterResp || len(b) < 10 {
		return false
	}
	at := 10 + int(u.u16(b[8:]))
	at = (at + 3) &^ 3 // aligned to four, counted from the header, which is too
	if at+4 > len(b) {
		return false
	}
	count := int(b[at])
	at += 4
	for i := range count {
		if at+24 > len(b) {
			return false
		}
		each(i, u.u16(b[at:]))
		at += 24
	}
	return true
}

// AppendBind appends a Bind that offers one interface in NDR; scanner and
// tests ask with it.
func AppendBind(dst []byte, callID uint32, ctx *Context) []byte {
	dst = append(dst, 5, 0, Bind, FirstFrag|LastFrag, 0x10, 0, 0, 0, 72, 0, 0, 0)
	dst = binary.LittleEndian.AppendUint32(dst, callID)
	dst = append(dst, 0xb8, 0x10, 0xb8, 0x10, 0, 0, 0, 0, 1, 0, 0, 0)
	dst = binary.LittleEndian.AppendUint16(dst, ctx.ID)
	dst = append(dst, 1, 0)
	dst = append(dst, ctx.Abstract[:]...)
	dst = binary.LittleEndian.AppendUint16(dst, ctx.Major)
	dst = binary.LittleEndian.AppendUint16(dst, ctx.Minor)
	dst = append(dst, ndr[:]...)
	return append(dst, 2, 0, 0, 0)
}

// AppendRequest appends a Request in one fragment.
func AppendRequest(dst []byte, callID uint32, context, opnum uint16, stub []byte) []byte {
	n := HeaderLen + 8 + len(stub)
	dst = append(dst, 5, 0, Request, FirstFrag|LastFrag, 0x10, 0, 0, 0, byte(n), byte(n>>8), 0, 0)
	dst = binary.LittleEndian.AppendUint32(dst, callID)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(stub)))
	dst = binary.LittleEndian.AppendUint16(dst, context)
	dst = binary.LittleEndian.AppendUint16(dst, opnum)
	return append(dst, stub...)
}

// The transfer syntaxes: NDR 2.0, NDR64, and bind-time feature negotiation,
// of which the first eight bytes are fixed.
var (
	ndr   = ParseUUID("8a885d04-1ceb-11c9-9fe8-08002b104860")
	ndr64 = ParseUUID("71710533-beba-4937-8319-b5dbef9ccc36")
	btfn  = ParseUUID("6cb71c2c-9812-4540-0000-000000000000")
)

// ParseUUID reads the form with hyphens. It gives the zero UUID for anything else.
func ParseUUID(s string) (u UUID) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return UUID{}
	}
	at := 0
	for _, i := range [...]int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15} {
		if s[at] == '-' {
			at++
		}
		hi, lo := nibble(s[at]), nibble(s[at+1])
		if hi > 15 || lo > 15 {
			return UUID{}
		}
		u[i] = hi<<4 | lo
		at += 2
	}
	return u
}

func nibble(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
