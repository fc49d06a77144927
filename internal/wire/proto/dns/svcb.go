package dns

import (
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"strconv"
)

// paramKeys are the names of service parameters (RFC 9460 section 14.3.2).
var paramKeys = [...]string{
	"mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath", "ohttp",
}

func appendParamKey(dst []byte, key uint16) []byte {
	if int(key) < len(paramKeys) {
		return append(dst, paramKeys[key]...)
	}
	return strconv.AppendUint(append(dst, "key"...), uint64(key), 10)
}

// appendParams appends the parameters of an SVCB or HTTPS record, parted by
// spaces.
func appendParams(dst, b []byte) ([]byte, bool) {
	for first := true; len(b) > 0; first = false {
		if len(b) < 4 {
			return dst, false
		}
		key := binary.BigEndian.Uint16(b)
		n := 4 + int(binary.BigEndian.Uint16(b[2:]))
		if len(b) < n {
			return dst, false
		}
		if !first {
			dst = append(dst, ' ')
		}
		dst = appendParamKey(dst, key)
		if value := b[4:n]; len(value) > 0 {
			var ok bool
			if dst, ok = appendParam(append(dst, '='), key, value); !ok {
				return dst, false
			}
		}
		b = b[n:]
	}
	return dst, true
}

func appendParam(dst []byte, key uint16, v []byte) ([]byte, bool) {
	switch key {
	case 0:
		return appendList(dst, v, 2, func(dst, v []byte) []byte {
			return appendParamKey(dst, binary.BigEndian.Uint16(v))
		})
	case 1:
		for first := true; len(v) > 0; first = false {
			n := 1 + int(v[0])
			if len(v) < n {
				return dst, false
			}
			if !first {
				dst = append(dst, ',')
			}
			dst = AppendPrintable(dst, v[1:n])
			v = v[n:]
		}
		return dst, true
	case 3:
		if len(v) != 2 {
			return dst, false
		}
		return strconv.AppendUint(dst, uint64(binary.BigEndian.Uint16(v)), 10), true
	case 4:
		return appendList(dst, v, 4, appendIP)
	case 5:
		return base64.StdEncoding.AppendEncode(dst, v), true
	case 6:
		return appendList(dst, v, 16, appendIP)
	}
	return AppendPrintable(dst, v), true
}

func appendIP(dst, v []byte) []byte {
	a, _ := netip.AddrFromSlice(v)
	return a.AppendTo(dst)
}

// appendList appends the items of width bytes that v consists of, with commas.
func appendList(dst, v []byte, width int, item func(dst, v []byte) []byte) ([]byte, bool) {
	if len(v)%width != 0 {
		return dst, false
	}
	for i := 0; i < len(v); i += width {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = item(dst, v[i:i+width])
	}
	return dst, true
}
