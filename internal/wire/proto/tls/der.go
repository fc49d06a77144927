package tls

// This file reads the Distinguished Encoding Rules of ASN.1 (ITU-T X.690) as
// far as certificates need them, without allocating and without refusing what
// is merely unusual.

// The tags in certificates.
const (
	tagInteger   = 0x02
	tagBitString = 0x03
	tagOctets    = 0x04
	tagOID       = 0x06
	tagBMPString = 0x1e
	tagUTCTime   = 0x17
	tagTime      = 0x18
	tagSequence  = 0x30
	tagSet       = 0x31
)

// value is one tagged value.
type value struct {
	tag   byte
	body  []byte // the content
	whole []byte // with tag and length
}

// next takes the first value off b; ok is false when there is no whole one.
func next(b []byte) (v value, rest []byte, ok bool) {
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return value{}, nil, false
	}
	n, head := int(b[1]), 2
	if n >= 0x80 {
		size := n & 0x7f
		if size == 0 || size > 3 || len(b) < 2+size {
			return value{}, nil, false
		}
		n = 0
		for _, c := range b[2 : 2+size] {
			n = n<<8 | int(c)
		}
		head += size
	}
	if n > len(b)-head {
		return value{}, nil, false
	}
	return value{b[0], b[head : head+n], b[:head+n]}, b[head+n:], true
}

// expect takes a value with that tag off *b and gives its content; nil, and no
// change, when there is another.
func expect(b *[]byte, tag byte) []byte {
	v, rest, ok := next(*b)
	if !ok || v.tag != tag {
		return nil
	}
	*b = rest
	return v.body
}

// appendOID writes an object identifier with dots.
func appendOID(dst, oid []byte) []byte {
	n, first := uint64(0), true
	for _, c := range oid {
		if n >= 1<<56 {
			return dst
		}
		n = n<<7 | uint64(c&0x7f)
		if c&0x80 != 0 {
			continue
		}
		if first {
			top := min(n/40, 2)
			dst = appendNumber(dst, top)
			dst = append(dst, '.')
			dst = appendNumber(dst, n-40*top)
			first = false
		} else {
			dst = append(dst, '.')
			dst = appendNumber(dst, n)
		}
		n = 0
	}
	return dst
}

func appendNumber(dst []byte, n uint64) []byte {
	if n >= 10 {
		dst = appendNumber(dst, n/10)
	}
	return append(dst, byte('0'+n%10))
}

// bitLength gives the length of a positive integer without leading zeros.
func bitLength(b []byte) int {
	for len(b) > 0 && b[0] == 0 {
		b = b[1:]
	}
	if len(b) == 0 {
		return 0
	}
	n := 8 * (len(b) - 1)
	for top := b[0]; top > 0; top >>= 1 {
		n++
	}
	return n
}
