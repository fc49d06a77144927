package tls

import (
	"errors"
	"math"
	"net/netip"
	"time"
	"unicode/utf8"

	"edgeward/internal/wire/proto/identity"
)

// ErrCertificate says that something is no X.509 certificate.
var ErrCertificate = errors.New("tls: not an X.509 certificate")

// Certificate is what an observer wants to know of an X.509 certificate (RFC
// 5280 section 4.1). All slices are views into the decoded bytes. It is read
// with more patience than crypto/x509 has: small devices carry certificates
// with negative serial numbers, tiny keys and strange times, and those are the
// ones to be noticed.
type Certificate struct {
	Raw       []byte // the whole certificate
	Serial    []byte // big-endian, as encoded
	Issuer    []byte // a Name, see AppendName
	Subject   []byte
	NotBefore int64 // nanoseconds since 1970 UTC, limited to what fits
	NotAfter  int64
	PublicKey []byte // SubjectPublicKeyInfo
	KeyBits   int    // 0 when the kind of key is not known
	RSA       bool
	AltNames  []byte // GeneralNames, see AppendAltName
	WeakHash  bool   // signed over MD2, MD4, MD5 or SHA-1
}

// Content of object identifiers.
const (
	oidRSA        = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
	oidRSAPSS     = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"
	oidDSA        = "\x2a\x86\x48\xce\x38\x04\x01"
	oidEC         = "\x2a\x86\x48\xce\x3d\x02\x01"
	oidEd25519    = "\x2b\x65\x70"
	oidEd448      = "\x2b\x65\x71"
	oidAltNames   = "\x55\x1d\x11"
	prefixPKCS1   = "\x2a\x86\x48\x86\xf7\x0d\x01\x01" // 1.2.840.113549.1.1
	oidDSASHA1    = "\x2a\x86\x48\xce\x38\x04\x03"
	oidECDSASHA1  = "\x2a\x86\x48\xce\x3d\x04\x01"
	oidSHA1RSAOIW = "\x2b\x0e\x03\x02\x1d"
)

// curves gives the size of the named curves (RFC 5480, RFC 5639).
var curves = map[string]int{
	"\x2a\x86\x48\xce\x3d\x03\x01\x01": 192, "\x2b\x81\x04\x00\x21": 224, "\x2a\x86\x48\xce\x3d\x03\x01\x07": 256,
	"\x2b\x81\x04\x00\x22": 384, "\x2b\x81\x04\x00\x23": 521, "\x2b\x81\x04\x00\x0a": 256,
	"\x2b\x24\x03\x03\x02\x08\x01\x01\x07": 256, "\x2b\x24\x03\x03\x02\x08\x01\x01\x0b": 384, "\x2b\x24\x03\x03\x02\x08\x01\x01\x0d": 512,
}

// DecodeCertificate reads one certificate and gives its length.
func DecodeCertificate(dst *Certificate, b []byte) (n int, err error) {
	*dst = Certificate{}
	outer, _, ok := next(b)
	if !ok || outer.tag != tagSequence {
		return 0, ErrCertificate
	}
	dst.Raw = outer.whole
	rest := outer.body
	tbs := expect(&rest, tagSequence)
	signature := expect(&rest, tagSequence)
	if tbs == nil || signature == nil {
		return 0, ErrCertificate
	}
	dst.WeakHash = weakHash(expect(&signature, tagOID))
	if v, after, ok := next(tbs); ok && v.tag == 0xa0 { // version
		tbs = after
	}
	dst.Serial = expect(&tbs, tagInteger)
	expect(&tbs, tagSequence) // the signature algorithm again
	issuer, tbs, ok1 := next(tbs)
	times := expect(&tbs, tagSequence)
	subject, tbs, ok2 := next(tbs)
	key, tbs, ok3 := next(tbs)
	if !ok1 || !ok2 || !ok3 || times == nil || issuer.tag != tagSequence || subject.tag != tagSequence || key.tag != tagSequence {
		return 0, ErrCertificate
	}
	dst.Issuer, dst.Subject, dst.PublicKey = issuer.whole, subject.whole, key.whole
	dst.NotBefore = takeTime(&times)
	dst.NotAfter = takeTime(&times)
	dst.publicKey(key.body)
	dst.extensions(tbs)
	return len(outer.whole), nil
}

// weakHash reports whether a signature algorithm has a hash that RFC 9155 and
// those before it took out of use.
func weakHash(oid []byte) bool {
	switch string(oid) {
	case oidDSASHA1, oidECDSASHA1, oidSHA1RSAOIW:
		return true
	}
	return len(oid) == len(prefixPKCS1)+1 && string(oid[:len(prefixPKCS1)]) == prefixPKCS1 && oid[len(oid)-1] >= 2 && oid[len(oid)-1] <= 5
}

// publicKey finds the size of the key in a SubjectPublicKeyInfo.
func (c *Certificate) publicKey(b []byte) {
	algorithm := expect(&b, tagSequence)
	bits := expect(&b, tagBitString)
	switch string(expect(&algorithm, tagOID)) {
	case oidRSA, oidRSAPSS:
		c.RSA = true
		if len(bits) > 1 {
			rest := bits[1:]
			pair := expect(&rest, tagSequence)
			c.KeyBits = bitLength(expect(&pair, tagInteger))
		}
	case oidDSA:
		parameters := expect(&algorithm, tagSequence)
		c.KeyBits = bitLength(expect(&parameters, tagInteger))
	case oidEC:
		c.KeyBits = curves[string(expect(&algorithm, tagOID))]
	case oidEd25519:
		c.KeyBits = 256
	case oidEd448:
		c.KeyBits = 456
	}
}

// extensions looks for the alternative names.
func (c *Certificate) extensions(b []byte) {
	for {
		v, rest, ok := next(b)
		if !ok {
			return
		}
		b = rest
		if v.tag != 0xa3 {
			continue
		}
		list := expect(&v.body, tagSequence)
		for {
			e := expect(&list, tagSequence)
			if e == nil {
				return
			}
			if string(expect(&e, tagOID)) != oidAltNames {
				continue
			}
			if v, rest, ok := next(e); ok && v.tag == 0x01 { // critical
				e = rest
			}
			octets := expect(&e, tagOctets)
			c.AltNames = expect(&octets, tagSequence)
		}
	}
}

// takeTime takes a UTCTime or GeneralizedTime off *b; 0 when there is none.
func takeTime(b *[]byte) int64 {
	v, rest, ok := next(*b)
	if !ok {
		return 0
	}
	*b = rest
	s, year := v.body, 0
	switch v.tag {
	case tagUTCTime:
		if len(s) < 2 {
			return 0
		}
		if year = 2000 + digits(s[:2]); year >= 2050 {
			year -= 100
		}
		s = s[2:]
	case tagTime:
		if len(s) < 4 {
			return 0
		}
		year, s = digits(s[:4]), s[4:]
	default:
		return 0
	}
	if len(s) < 8 {
		return 0
	}
	second := 0
	if len(s) >= 10 && s[8] != 'Z' {
		second = max(0, digits(s[8:10]))
	}
	t := time.Date(year, time.Month(digits(s[:2])), digits(s[2:4]), digits(s[4:6]), digits(s[6:8]), second, 0, time.UTC)
	switch sec := t.Unix(); {
	case sec > math.MaxInt64/int64(time.Second):
		return math.MaxInt64
	case sec < math.MinInt64/int64(time.Second):
		return math.MinInt64
	}
	return t.UnixNano()
}

// digits reads a decimal number, 0 when it is none.
func digits(b []byte) int {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// SelfSigned reports whether issuer and subject are the same.
func (c *Certificate) SelfSigned() bool {
	return len(c.Subject) > 2 && string(c.Subject) == string(c.Issuer)
}

// attributes gives the short names of the parts of a distinguished name, by
// the content of their object identifiers (RFC 4519).
var attributes = map[string]string{
	"\x55\x04\x03": "CN", "\x55\x04\x04": "SN", "\x55\x04\x05": "serialNumber", "\x55\x04\x06": "C", "\x55\x04\x07": "L",
	"\x55\x04\x08": "ST", "\x55\x04\x09": "street", "\x55\x04\x0a": "O", "\x55\x04\x0b": "OU", "\x55\x04\x0c": "title",
	"\x55\x04\x2a": "GN", "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01": "emailAddress",
	"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19": "DC", "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01": "UID",
}

// maxName bounds the text of a name.
const maxName = 512

// AppendName writes a distinguished name in encoded order, as "C=DE, CN=x". At
// most 512 bytes are written.
func AppendName(dst, name []byte) []byte {
	start := len(dst)
	v, _, _ := next(name)
	for list := v.body; len(dst)-start < maxName; {
		set := expect(&list, tagSet)
		if set == nil {
			break
		}
		for {
			pair := expect(&set, tagSequence)
			if pair == nil {
				break
			}
			oid := expect(&pair, tagOID)
			text, _, ok := next(pair)
			if !ok {
				continue
			}
			if len(dst) > start {
				dst = append(dst, ", "...)
			}
			if short := attributes[string(oid)]; short != "" {
				dst = append(dst, short...)
			} else {
				dst = appendOID(dst, oid)
			}
			dst = append(dst, '=')
			dst = appendString(dst, text)
		}
	}
	return dst[:min(len(dst), start+maxName)]
}

// appendString writes a directory string, at most 128 characters of it.
func appendString(dst []byte, v value) []byte {
	if v.tag != tagBMPString {
		return identity.AppendText(dst, v.body[:min(len(v.body), 128)])
	}
	var scratch [3 * 128]byte
	plain := scratch[:0]
	for i := 0; i+1 < len(v.body) && i < 256; i += 2 {
		plain = utf8.AppendRune(plain, rune(v.body[i])<<8|rune(v.body[i+1]))
	}
	return identity.AppendText(dst, plain)
}

// AppendAltName takes the first name off a list of alternative names and
// writes it when it is a DNS name or an address; rest is nil at the end.
func AppendAltName(dst, list []byte) (out, rest []byte) {
	v, rest, ok := next(list)
	if !ok {
		return dst, nil
	}
	switch v.tag {
	case 0x82: // dNSName
		dst = identity.AppendText(dst, v.body[:min(len(v.body), 255)])
	case 0x87: // iPAddress
		if addr, ok := netip.AddrFromSlice(v.body); ok {
			dst = addr.AppendTo(dst)
		}
	}
	return dst, rest
}
