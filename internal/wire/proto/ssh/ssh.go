// Package ssh is the opening of the SSH protocol (RFC 4253): a codec of
// identification lines, packets and key exchange messages, the HASSH
// fingerprints, and an analyser that also tells from the lengths of encrypted
// packets how attempts to authenticate ended.
//
// It decrypts nothing, and of SSH 1 it knows the identification line only.
// Fingerprinting and the scanner may use the codec.
package ssh

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// The limits of RFC 4253.
const (
	MaxBanner  = 255   // section 4.2, with line end
	MaxPacket  = 35000 // section 6.1, with everything
	maxPrelude = 4096  // bytes of lines that a server may send before its identification
)

// The errors of the codec.
var (
	ErrShort  = errors.New("ssh: not complete")
	ErrBanner = errors.New("ssh: not an identification line")
	ErrPacket = errors.New("ssh: not a packet")
	ErrLength = errors.New("ssh: a length does not fit into its packet")
)

// Banner is an identification line (section 4.2). Views into the input.
type Banner struct {
	Line     []byte // without line end
	Proto    []byte // "2.0", "1.99", "1.5"
	Software []byte // with the comment, if any
}

// DecodeBanner reads an identification line, with the lines that a server may
// send before it, and gives the length of all.
func DecodeBanner(dst *Banner, b []byte) (n int, err error) {
	for {
		line := b[n:]
		end := bytes.IndexByte(line[:min(len(line), maxPrelude)], '\n')
		if bytes.HasPrefix(line, []byte("SSH-")) {
			switch {
			case end < 0 && len(line) < MaxBanner:
				return 0, ErrShort
			case end < 0 || end >= MaxBanner:
				return 0, ErrBanner
			}
			return n + end + 1, dst.parse(bytes.TrimRight(line[:end], "\r"))
		}
		if n+len(line) > maxPrelude {
			return 0, ErrBanner
		}
		if end < 0 {
			return 0, ErrShort
		}
		n += end + 1
	}
}

func (d *Banner) parse(line []byte) error {
	i := bytes.IndexByte(line[4:], '-')
	if i < 1 || i > 8 {
		return ErrBanner
	}
	*d = Banner{line, line[4 : 4+i], line[5+i:]}
	if d.Proto[0] < '1' || d.Proto[0] > '2' || len(d.Proto) < 3 || d.Proto[1] != '.' {
		return ErrBanner
	}
	for _, c := range line {
		if c < ' ' || c == 0x7f {
			return ErrBanner
		}
	}
	return nil
}

// AppendBanner writes an identification line.
func AppendBanner(dst []byte, b *Banner) []byte {
	dst = append(append(dst, "SSH-"...), b.Proto...)
	return append(append(append(dst, '-'), b.Software...), '\r', '\n')
}

// The message numbers of the key exchange (RFC 4250 section 4.1.2).
const (
	msgDisconnect = 1
	msgKexInit    = 20
	msgNewKeys    = 21
	msgKexReply   = 31 // in most methods
	msgGexReply   = 33 // RFC 4419
)

// Packet is one packet before encryption (section 6). Payload is a view.
type Packet struct {
	Payload []byte // the first byte is the message number
	Padding int
}

// DecodePacket reads one unencrypted packet and gives its length.
func DecodePacket(dst *Packet, b []byte) (n int, err error) {
	if len(b) < 5 {
		return 0, ErrShort
	}
	n = 4 + int(binary.BigEndian.Uint32(b[:4])&0x7fffffff)
	padding := int(b[4])
	if b[0] != 0 || n < 12 || n > MaxPacket || padding < 4 || padding+6 > n {
		return 0, ErrPacket
	}
	if len(b) < n {
		return 0, ErrShort
	}
	*dst = Packet{b[5 : n-padding], padding}
	return n, nil
}

// AppendPacket writes an unencrypted packet with zeros for padding, of which
// there are as many as blocks of eight bytes need.
func AppendPacket(dst, payload []byte) []byte {
	padding := 8 - (5+len(payload))%8
	if padding < 4 {
		padding += 8
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(1+len(payload)+padding))
	dst = append(append(dst, byte(padding)), payload...)
	return append(dst, make([]byte, padding)...)
}

// KexInit is the message in which a side says what it can do (section 7.1).
// The lists are names with commas, in order of preference. Views.
type KexInit struct {
	Cookie  []byte
	Lists   [10][]byte // indexed by the constants below
	Follows bool       // a guessed key exchange packet follows
}

// The lists of a KexInit. C2S is client to server, S2C the other way.
const (
	KexAlgorithms = iota
	HostKeyAlgorithms
	CiphersC2S
	CiphersS2C
	MACsC2S
	MACsS2C
	CompressionC2S
	CompressionS2C
	LanguagesC2S
	LanguagesS2C
)

// DecodeKexInit reads a payload with that message.
func DecodeKexInit(dst *KexInit, payload []byte) error {
	r := reader{b: payload}
	if t := r.take(1); t == nil || t[0] != msgKexInit {
		return ErrPacket
	}
	dst.Cookie = r.take(16)
	for i := range dst.Lists {
		dst.Lists[i] = r.text()
	}
	follows := r.take(1)
	r.take(4)
	if r.bad {
		return ErrLength
	}
	dst.Follows = follows[0] != 0
	return nil
}

// AppendKexInit writes the payload of that message.
func AppendKexInit(dst []byte, k *KexInit) []byte {
	dst = append(append(dst, msgKexInit), k.Cookie...)
	for _, l := range k.Lists {
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(l)))
		dst = append(dst, l...)
	}
	follows := byte(0)
	if k.Follows {
		follows = 1
	}
	return append(dst, follows, 0, 0, 0, 0)
}

// hostKey gives the server's host key in a key exchange reply, nil when there
// is none (RFC 4253 section 8, RFC 5656 section 4, RFC 4419 section 3).
func hostKey(payload []byte) []byte {
	r := reader{b: payload}
	if t := r.take(1); t == nil || t[0] != msgKexReply && t[0] != msgGexReply {
		return nil
	}
	key := r.text()
	k := reader{b: key}
	name := k.text()
	if r.bad || k.bad || len(name) < 4 || len(name) > 64 || !bytes.Contains(name, []byte("-")) {
		return nil // the other message 31, the group of RFC 4419
	}
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return nil
		}
	}
	return key
}

// reader takes fields off a message; after the first that does not fit it
// gives nothing more.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n < 0 || n > len(r.b) {
		r.bad = true
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

// text takes a string of RFC 4251 section 5.
func (r *reader) text() []byte {
	v := r.take(4)
	if v == nil {
		return nil
	}
	n := binary.BigEndian.Uint32(v)
	if n > MaxPacket {
		r.bad = true
		return nil
	}
	return r.take(int(n))
}
