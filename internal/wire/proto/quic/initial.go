package quic

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
)

// version2Draft is version 2 before it was numbered.
const version2Draft = 0x709a50c4

// The salts from which the keys of Initial packets are made.
const (
	salt1    = "\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a" // RFC 9001 section 5.2
	salt2    = "\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9" // RFC 9369 section 3.3.1
	salt2Old = "\xa7\x07\xc2\x03\xa5\x9b\x47\x18\x4a\x1d\x62\xca\x57\x04\x06\xea\x7a\xe3\xe5\xd3" // of version2Draft
	salt29   = "\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99" // drafts 29 to 32
	salt23   = "\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02" // drafts 23 to 28
	salt22   = "\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\x9e\xbd\x7a\x02\x64\x4a" // draft 22
	saltQ050 = "\x50\x45\x74\xef\xd0\x66\xfe\x2f\x9d\x94\x5c\xfc\xdb\xd3\xa7\xf0\xd3\xb5\x6b\x45"
	saltT050 = "\x7f\xf5\x79\xe5\xac\xd0\x72\x91\x55\x80\x30\x4c\x43\xa2\x36\x7c\x60\x48\x83\x10"
	saltT051 = "\x7a\x4e\xde\xf4\xe7\xcc\xee\x5f\xa4\x50\x6c\x19\x12\x4f\xc8\xcc\xda\x6e\x03\x3d"
)

// The versions of Google that have the packets of today.
const (
	q050 = 0x51303530 // with Google's own handshake
	t050 = 0x54303530 // with TLS
	t051 = 0x54303531
)

// saltOf gives a version's salt, empty for versions that are not known.
func saltOf(version uint32) string {
	switch version {
	case Version1:
		return salt1
	case Version2:
		return salt2
	case version2Draft:
		return salt2Old
	case q050:
		return saltQ050
	case t050:
		return saltT050
	case t051:
		return saltT051
	case 0xfaceb001:
		return salt22
	}
	switch draft := version & 0xff; {
	case version>>8 == 0xfaceb0: // Facebook
		return salt23
	case version>>8 != 0xff0000 || draft > 34 || draft < 22: // before 22 the header was another one
		return ""
	case draft > 32:
		return salt1
	case draft >= 29:
		return salt29
	case draft >= 23:
		return salt23
	}
	return salt22
}

// ietf reports whether a version has the packets of RFC 9000.
func ietf(version uint32) bool { return saltOf(version) != "" }

// Keys protect the Initial packets that one side sends (RFC 9001 section 5).
type Keys struct {
	block cipher.Block
	aead  cipher.AEAD
	iv    [12]byte
	mask  cipher.Block // header protection

	// What Open works on, so that it allocates nothing.
	sample [aes.BlockSize]byte
	nonce  [16]byte
	header []byte
}

// ErrProtected says that a packet does not open with the keys.
var ErrProtected = errors.New("quic: payload does not agree with its tag")

// ClientKeys makes the keys of a client's Initial packets from the
// destination connection id of its first one.
func ClientKeys(version uint32, dcid []byte) (*Keys, error) {
	salt := saltOf(version)
	if salt == "" {
		return nil, ErrVersion
	}
	prefix := "quic "
	if version == Version2 || version == version2Draft {
		prefix = "quicv2 "
	}
	secret := hmacSHA256([]byte(salt), dcid) // HKDF-Extract
	secret = expandLabel(&secret, "", "client in", 32)
	keyBytes, iv, hpBytes := expandLabel(&secret, prefix, "key", 16), expandLabel(&secret, prefix, "iv", 12), expandLabel(&secret, prefix, "hp", 16)
	key, hp := keyBytes[:16], hpBytes[:16]
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	mask, err := aes.NewCipher(hp)
	if err != nil {
		return nil, err
	}
	k := &Keys{block: block, aead: aead, mask: mask}
	copy(k.iv[:], iv[:])
	return k, nil
}

// Open takes the protection off a packet with a long header and appends its
// payload to dst. packet is the whole packet as h describes it; it is not
// changed. When the payload does not agree with its tag the error is
// ErrProtected, and the payload is given nevertheless: an observer may learn
// from a damaged packet, or see that the keys are the wrong ones.
func (k *Keys) Open(dst, packet []byte, h *Header) ([]byte, error) {
	if h.Number == 0 || h.Length > len(packet) || h.Number+4+aes.BlockSize > h.Length {
		return dst, ErrShort
	}
	mask := &k.sample
	k.mask.Encrypt(mask[:], packet[h.Number+4:h.Number+4+aes.BlockSize])
	first := packet[0] ^ mask[0]&0x0f
	size := int(first&3) + 1

	k.header = append(k.header[:0], packet[:h.Number+size]...)
	header := k.header
	header[0] = first
	var number uint32
	for i := range size {
		header[h.Number+i] ^= mask[1+i]
		number = number<<8 | uint32(header[h.Number+i])
	}
	nonce := &k.nonce
	*nonce = [16]byte{}
	copy(nonce[:], k.iv[:])
	binary.BigEndian.PutUint32(nonce[8:], binary.BigEndian.Uint32(nonce[8:])^number)
	sealed := packet[h.Number+size : h.Length]
	out, err := k.aead.Open(dst, nonce[:12], sealed, header)
	if err == nil {
		return out, nil
	}
	if len(sealed) < k.aead.Overhead() {
		return dst, ErrShort
	}
	// GCM is counter mode that begins with 2 (NIST SP 800-38D section 7.1).
	nonce[15] = 2
	start := len(dst)
	out = append(dst, sealed[:len(sealed)-k.aead.Overhead()]...)
	cipher.NewCTR(k.block, nonce[:]).XORKeyStream(out[start:], out[start:])
	return out, ErrProtected
}
