// Package ntlm reads the three messages of NTLM authentication (MS-NLMP
// section 2.2.1) wherever they are carried: bare, or inside SPNEGO, as SMB,
// DCE/RPC, LDAP, RDP and HTTP do it. They tell who logs in from where, and
// what the server is called.
//
// It verifies nothing and keeps no state. The protocol folders beside it use
// it, and every other part of the program may.
package ntlm

import (
	"bytes"
	"encoding/binary"
	"errors"

	"edgeward/internal/wire/proto/utf16le"
)

// The message types.
const (
	Negotiate    = 1
	Challenge    = 2
	Authenticate = 3
)

// The negotiation flags that matter here (MS-NLMP section 2.2.2.5).
const (
	flagUnicode   = 0x00000001
	flagAnonymous = 0x00000800
	flagVersion   = 0x02000000
)

// ErrSyntax says that the bytes are no NTLM message.
var ErrSyntax = errors.New("ntlm: no message")

var signature = []byte("NTLMSSP\x00")

// Message is one message. Slices are views into the input, in the character
// set that Text knows.
type Message struct {
	Type        uint32
	Flags       uint32
	Target      []byte // Challenge: the server's or domain's name
	Domain      []byte // Authenticate: of the user
	User        []byte
	Workstation []byte
	NbComputer  []byte // Challenge: names from the target information, always UTF-16
	NbDomain    []byte
	DNSComputer []byte
	DNSDomain   []byte
	Major       uint8 // version of Windows, when it was sent
	Minor       uint8
	Build       uint16
	Response    int // Authenticate: bytes of the NT response: 0 none, 24 NTLMv1, more NTLMv2
}

// Find gives the NTLM message inside a security blob, nil when there is none.
func Find(blob []byte) []byte {
	if i := bytes.Index(blob, signature); i >= 0 {
		return blob[i:]
	}
	return nil
}

// Decode reads the message at the beginning of b.
func Decode(dst *Message, b []byte) error {
	*dst = Message{}
	if len(b) < 16 || !bytes.HasPrefix(b, signature) {
		return ErrSyntax
	}
	dst.Type = binary.LittleEndian.Uint32(b[8:])
	version := 0
	switch dst.Type {
	case Negotiate:
		dst.Flags = binary.LittleEndian.Uint32(b[12:])
		version = 32
	case Challenge:
		if len(b) < 32 {
			return ErrSyntax
		}
		dst.Flags = binary.LittleEndian.Uint32(b[20:])
		dst.Target = field(b, 12)
		if len(b) >= 48 {
			dst.targetInfo(field(b, 40))
		}
		version = 48
	case Authenticate:
		if len(b) < 52 {
			return ErrSyntax
		}
		dst.Response = len(field(b, 20))
		dst.Domain, dst.User, dst.Workstation = field(b, 28), field(b, 36), field(b, 44)
		if len(b) >= 64 {
			dst.Flags = binary.LittleEndian.Uint32(b[60:])
		}
		version = 64
	default:
		return ErrSyntax
	}
	if dst.Flags&flagVersion != 0 && len(b) >= version+8 {
		dst.Major, dst.Minor = b[version], b[version+1]
		dst.Build = binary.LittleEndian.Uint16(b[version+2:])
	}
	return nil
}

// field gives what the length and offset at off point to, nil when that is
// not all there.
func field(b []byte, off int) []byte {
	if len(b) < off+8 {
		return nil
	}
	n := int(binary.LittleEndian.Uint16(b[off:]))
	at := binary.LittleEndian.Uint32(b[off+4:])
	if uint64(at)+uint64(n) > uint64(len(b)) {
		return nil
	}
	return b[at : int(at)+n]
}

// targetInfo reads the list of names (MS-NLMP section 2.2.2.1).
func (m *Message) targetInfo(b []byte) {
	for len(b) >= 4 {
		id, n := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		if b = b[4:]; n > len(b) || id == 0 {
			return
		}
		switch id {
		case 1:
			m.NbComputer = b[:n]
		case 2:
			m.NbDomain = b[:n]
		case 3:
			m.DNSComputer = b[:n]
		case 4:
			m.DNSDomain = b[:n]
		}
		b = b[n:]
	}
}

// Anonymous reports whether nobody logs in by an Authenticate message.
func (m *Message) Anonymous() bool { return len(m.User) == 0 || m.Flags&flagAnonymous != 0 }

// AppendText appends a Target, Domain, User or Workstation as UTF-8, at most
// up to most bytes.
func (m *Message) AppendText(dst, text []byte, most int) []byte {
	if m.Flags&flagUnicode != 0 {
		return utf16le.Append(dst, text, most)
	}
	return append(dst, text[:limit(len(text), most-len(dst))]...)
}

// limit gives n, but no more than room and not less than nothing.
func limit(n, room int) int { return max(0, min(n, room)) }

// System names the Windows release of the version, empty when none was sent.
// Client and server releases share numbers. Samba says 6.1 build 0.
func (m *Message) System() string {
	switch {
	case m.Major == 6 && m.Minor == 1 && m.Build == 0:
		return "Samba"
	case m.Major == 5 && m.Minor == 0:
		return "Windows 2000"
	case m.Major == 5 && m.Minor == 1:
		return "Windows XP"
	case m.Major == 5 && m.Minor == 2:
		return "Windows Server 2003"
	case m.Major == 6 && m.Minor == 0:
		return "Windows Vista or Server 2008"
	case m.Major == 6 && m.Minor == 1:
		return "Windows 7 or Server 2008 R2"
	case m.Major == 6 && m.Minor == 2:
		return "Windows 8 or Server 2012"
	case m.Major == 6 && m.Minor == 3:
		return "Windows 8.1 or Server 2012 R2"
	case m.Major == 10 && m.Build >= 22000:
		return "Windows 11 or Server 2025"
	case m.Major == 10 && m.Build == 20348:
		return "Windows Server 2022"
	case m.Major == 10 && m.Build == 17763:
		return "Windows 10 or Server 2019"
	case m.Major == 10 && m.Build == 14393:
		return "Windows 10 or Server 2016"
	case m.Major == 10:
		return "Windows 10"
	}
	return ""
}
