package quic

import (
	"bytes"
	"encoding/binary"
)

// GoogleHello is the client hello of Google QUIC ("QUIC Crypto", 2013-2020),
// a list of tagged values. Views into the message.
type GoogleHello struct {
	ServerName []byte
	UserAgent  []byte
}

// maxTags bounds the values of a message; real ones have about 30.
const maxTags = 128

// DecodeGoogleHello reads a CHLO message. The values may be cut.
func DecodeGoogleHello(dst *GoogleHello, b []byte) error {
	*dst = GoogleHello{}
	if len(b) < 8 {
		return ErrShort
	}
	n := int(binary.LittleEndian.Uint16(b[4:]))
	if string(b[:4]) != "CHLO" || n == 0 || n > maxTags {
		return ErrHeader
	}
	if len(b) < 8+8*n {
		return ErrShort
	}
	tags, values := b[8:8+8*n], b[8+8*n:]
	from := uint32(0)
	for ; len(tags) > 0; tags = tags[8:] {
		to := binary.LittleEndian.Uint32(tags[4:])
		if to < from {
			return ErrHeader
		}
		if uint64(to) <= uint64(len(values)) {
			switch string(tags[:4]) {
			case "SNI\x00":
				dst.ServerName = values[from:to]
			case "UAID":
				dst.UserAgent = values[from:to]
			}
		}
		from = to
	}
	return nil
}

// googleHeader recognises the first packets of Google QUIC up to Q046, whose
// header is its own. It gives the version and where a hello message begins in
// the packet, 0 when there is none.
func googleHeader(b []byte) (version uint32, hello int, ok bool) {
	at := 9 // behind the flags and a connection id of eight bytes
	if len(b) > 0 && b[0]&0x80 != 0 {
		at = 1 // Q044 and Q046 have the invariants of today
	} else if len(b) == 0 || b[0]&0x09 != 0x09 { // version and connection id are there
		return 0, 0, false
	}
	if len(b) < at+4 {
		return 0, 0, false
	}
	version = binary.BigEndian.Uint32(b[at:])
	if !google(version) || version == q050 {
		return 0, 0, false
	}
	// The hello stands in the first stream frame, behind packet number and
	// hash, whose sizes are of several kinds.
	if i := bytes.Index(b[at+4:min(len(b), at+64)], []byte("CHLO")); i >= 0 {
		hello = at + 4 + i
	}
	return version, hello, true
}
