package tls

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"sync"
)

// work is memory for making fingerprints.
type work struct {
	text    []byte
	numbers []uint16
}

var works = sync.Pool{New: func() any { return new(work) }}

// JA3 gives the MD5 sum of AppendJA3's text, which is the fingerprint that is
// used.
func (h *ClientHello) JA3() [md5.Size]byte {
	w := works.Get().(*work)
	defer works.Put(w)
	w.text = h.AppendJA3(w.text[:0])
	return md5.Sum(w.text)
}

// AppendJA3 writes the text of the JA3 fingerprint (Salesforce, 2017): version,
// cipher suites, extensions, groups and point formats as decimal numbers in
// wire order, without GREASE.
func (h *ClientHello) AppendJA3(dst []byte) []byte {
	dst = strconv.AppendUint(dst, uint64(h.Version), 10)
	dst = append(dst, ',')
	dst = appendDecimal(dst, h.CipherSuites)
	dst = append(dst, ',')
	dst = appendExtensionIDs(dst, h.Extensions)
	dst = append(dst, ',')
	dst = appendDecimal(dst, h.Groups)
	dst = append(dst, ',')
	for i, f := range h.PointFormats {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = strconv.AppendUint(dst, uint64(f), 10)
	}
	return dst
}

// JA3S gives the MD5 sum of the server's JA3S text: version, cipher suite and
// extensions.
func (h *ServerHello) JA3S() [md5.Size]byte {
	w := works.Get().(*work)
	defer works.Put(w)
	w.text = strconv.AppendUint(w.text[:0], uint64(h.Legacy), 10)
	w.text = append(w.text, ',')
	w.text = strconv.AppendUint(w.text, uint64(h.Cipher), 10)
	w.text = append(w.text, ',')
	w.text = appendExtensionIDs(w.text, h.Extensions)
	return md5.Sum(w.text)
}

func appendDecimal(dst, list []byte) []byte {
	start := len(dst)
	for i := range len(list) / 2 {
		if v := List(list, i); !GREASE(v) {
			dst = appendJoined(dst, start, uint64(v))
		}
	}
	return dst
}

func appendExtensionIDs(dst, list []byte) []byte {
	start := len(dst)
	for {
		id, _, rest, ok := Extension(list)
		if !ok {
			return dst
		}
		if !GREASE(id) {
			dst = appendJoined(dst, start, uint64(id))
		}
		list = rest
	}
}

func appendJoined(dst []byte, start int, v uint64) []byte {
	if len(dst) > start {
		dst = append(dst, '-')
	}
	return strconv.AppendUint(dst, v, 10)
}

// Transport is what a handshake goes over, as JA4 writes it.
type Transport byte

// The transports.
const (
	OverTCP  Transport = 't'
	OverQUIC Transport = 'q'
	OverDTLS Transport = 'd'
)

// JA4Len is the length of a JA4 fingerprint.
const JA4Len = 36

// AppendJA4 writes the JA4 fingerprint of a client (FoxIO, "JA4: TLS Client
// Fingerprinting"): transport, version, whether there is a server name, counts
// of cipher suites and extensions, ends of the first ALPN name; then hashes of
// the sorted cipher suites and of the sorted extensions with the signature
// algorithms in wire order. GREASE is left out everywhere.
func (h *ClientHello) AppendJA4(dst []byte, over Transport) []byte {
	w := works.Get().(*work)
	defer works.Put(w)

	dst = append(dst, byte(over))
	dst = append(dst, ja4Version(h)...)
	if h.HasServerName {
		dst = append(dst, 'd')
	} else {
		dst = append(dst, 'i')
	}
	ciphers := 0
	for i := range len(h.CipherSuites) / 2 {
		if !GREASE(List(h.CipherSuites, i)) {
			ciphers++
		}
	}
	extensions := 0
	w.numbers = w.numbers[:0]
	for list := h.Extensions; ; {
		id, _, rest, ok := Extension(list)
		if !ok {
			break
		}
		if list = rest; GREASE(id) {
			continue
		}
		extensions++
		if id != extServerName && id != extALPN {
			w.numbers = append(w.numbers, id)
		}
	}
	dst = appendTwoDigits(dst, ciphers)
	dst = appendTwoDigits(dst, extensions)
	dst = appendALPNEnds(dst, h.ALPN)

	// The hash of the extensions comes last but is ready first.
	w.text = appendSortedHex(w.text[:0], w.numbers)
	last := len(w.text)
	if last > 0 && len(h.SignatureSchemes) > 0 {
		for i := range len(h.SignatureSchemes) / 2 {
			if v := List(h.SignatureSchemes, i); !GREASE(v) {
				w.text = append(w.text, "_,"[min(1, len(w.text)-last)])
				w.text = appendHex16(w.text, v)
			}
		}
	}
	tail := shortSum(w.text)

	w.numbers = w.numbers[:0]
	for i := range len(h.CipherSuites) / 2 {
		if v := List(h.CipherSuites, i); !GREASE(v) {
			w.numbers = append(w.numbers, v)
		}
	}
	w.text = appendSortedHex(w.text[:0], w.numbers)
	middle := shortSum(w.text)
	dst = append(append(dst, '_'), middle[:]...)
	return append(append(dst, '_'), tail[:]...)
}

// ja4Version gives the two characters of the highest version offered.
func ja4Version(h *ClientHello) string {
	switch h.Offered() {
	case TLS13:
		return "13"
	case TLS12:
		return "12"
	case TLS11:
		return "11"
	case TLS10:
		return "10"
	case SSL30:
		return "s3"
	case SSL20:
		return "s2"
	case DTLS10:
		return "d1"
	case DTLS12:
		return "d2"
	case DTLS13:
		return "d3"
	}
	return "00"
}

// appendALPNEnds writes the first and last character of the first name, of
// its hexadecimal form when one of them is neither letter nor digit.
func appendALPNEnds(dst, list []byte) []byte {
	name, _ := NextALPN(list)
	if len(name) == 0 {
		return append(dst, "00"...)
	}
	first, last := name[0], name[len(name)-1]
	if alphanumeric(first) && alphanumeric(last) {
		return append(dst, first, last)
	}
	const digits = "0123456789abcdef"
	return append(dst, digits[first>>4], digits[last&15])
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

func appendTwoDigits(dst []byte, n int) []byte {
	n = min(n, 99)
	return append(dst, byte('0'+n/10), byte('0'+n%10))
}

func appendSortedHex(dst []byte, numbers []uint16) []byte {
	slices.Sort(numbers)
	for i, v := range numbers {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendHex16(dst, v)
	}
	return dst
}

func appendHex16(dst []byte, v uint16) []byte {
	const digits = "0123456789abcdef"
	return append(dst, digits[v>>12], digits[v>>8&15], digits[v>>4&15], digits[v&15])
}

// shortSum gives the first twelve digits of a SHA-256 sum; of nothing they are
// zero.
func shortSum(text []byte) (out [12]byte) {
	if len(text) == 0 {
		copy(out[:], "000000000000")
		return out
	}
	sum := sha256.Sum256(text)
	hex.Encode(out[:], sum[:6])
	return out
}
