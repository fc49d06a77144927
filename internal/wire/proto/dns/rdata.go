package dns

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"
	"time"
)

// layouts describes the RDATA of a type, field by field:
//
//	n  domain name           1 2 4  unsigned number of that many bytes
//	a  IPv4 address          6      IPv6 address
//	s  character string      S      character strings up to the end
//	Y  record type           T      time in seconds since 1970
//	x  rest in hexadecimal   b      rest in base64
//	t  rest as text          m      type bit maps (RFC 4034 section 4.1.2)
//	h  hexadecimal with a length byte before it
//	p  service parameters (RFC 9460 section 2.2)
//
// Types without a layout are shown as RFC 3597 section 5 says.
var layouts = [...]string{
	TypeA: "a", TypeNS: "n", 3: "n", 4: "n", TypeCNAME: "n", TypeSOA: "nn44444", 7: "n", 8: "n", 9: "n",
	TypePTR: "n", TypeHINFO: "ss", 14: "nn", TypeMX: "2n", TypeTXT: "S", 17: "nn", 18: "2n", 19: "s",
	20: "S", 21: "2n", 23: "n", 24: "Y114TT2nb", 25: "211b", 26: "2nn", TypeAAAA: "6", TypeSRV: "222n",
	TypeNAPTR: "22sssn", 36: "2n", 37: "221b", TypeDNAME: "n", 43: "211x", 44: "11x", 46: "Y114TT2nb",
	47: "nm", 48: "211b", 49: "b", 50: "112hhm", 51: "112h", 52: "111x", 53: "111x", 56: "S", 59: "211x",
	60: "211b", 61: "b", 62: "42m", 63: "411x", TypeSVCB: "2np", TypeHTTPS: "2np", 99: "S", 104: "2x",
	105: "2a", 106: "2x", 107: "2n", 108: "x", 109: "x", 256: "22t", 257: "1st", 258: "S", 261: "S",
}

func layout(t uint16) string {
	if int(t) < len(layouts) {
		return layouts[t]
	}
	return ""
}

// Addr gives the address of an A or AAAA record.
func (r *Record) Addr() (netip.Addr, bool) {
	if r.Type == TypeA && len(r.Data) == 4 || r.Type == TypeAAAA && len(r.Data) == 16 {
		return netip.AddrFromSlice(r.Data)
	}
	return netip.Addr{}, false
}

// Target gives the domain name of an NS, CNAME, PTR, DNAME, MX or SRV record.
func (r *Record) Target() (Name, bool) {
	skip := 0
	switch r.Type {
	case TypeNS, TypeCNAME, TypePTR, TypeDNAME:
	case TypeMX:
		skip = 2
	case TypeSRV:
		skip = 6
	default:
		return Name{}, false
	}
	n, _, ok := r.name(skip)
	return n, ok
}

// Strings calls f for every character string of a TXT record until it gives
// false.
func (r *Record) Strings(f func(s []byte) bool) {
	for b := r.Data; len(b) > 0; {
		n := int(b[0])
		if n >= len(b) || !f(b[1:1+n]) {
			return
		}
		b = b[1+n:]
	}
}

// name reads the domain name at off in the RDATA and gives the offset behind it.
func (r *Record) name(off int) (Name, int, bool) {
	msg, at := r.msg, r.at
	if msg == nil {
		msg, at = r.Data, 0
	}
	if off >= len(r.Data) {
		return Name{}, 0, false
	}
	end, err := skipName(msg, at+off)
	if err != nil || end-at > len(r.Data) {
		return Name{}, 0, false
	}
	return Name{msg: msg, off: at + off}, end - at, true
}

// appendWireData appends the RDATA with its names expanded.
func (r *Record) appendWireData(dst []byte) []byte {
	off := 0
	for _, field := range layout(r.Type) {
		width := 0
		switch field {
		case 'n':
			n, next, ok := r.name(off)
			if !ok {
				return append(dst, r.Data[off:]...)
			}
			dst, off = n.AppendWire(dst), next
			continue
		case '1':
			width = 1
		case '2', 'Y':
			width = 2
		case '4', 'T', 'a':
			width = 4
		case '6':
			width = 16
		case 's':
			if off < len(r.Data) {
				width = 1 + int(r.Data[off])
			}
		default: // the other fields hold no names
			return append(dst, r.Data[off:]...)
		}
		width = min(width, len(r.Data)-off)
		dst = append(dst, r.Data[off:off+width]...)
		off += width
	}
	return append(dst, r.Data[off:]...)
}

// AppendData appends the RDATA in presentation form without quotes; it reports
// false when the RDATA is not what its type wants, in which case it is shown
// as that of an unknown type.
func (r *Record) AppendData(dst []byte) ([]byte, bool) {
	l := layout(r.Type)
	if l == "" || len(r.Data) == 0 {
		return r.appendUnknown(dst), true
	}
	start, off := len(dst), 0
	for i := range len(l) {
		if i > 0 {
			dst = append(dst, ' ')
		}
		var ok bool
		dst, off, ok = r.appendField(dst, l[i], off)
		if !ok {
			return r.appendUnknown(dst[:start]), false
		}
	}
	if off != len(r.Data) {
		return r.appendUnknown(dst[:start]), false
	}
	return dst, true
}

func (r *Record) appendUnknown(dst []byte) []byte {
	dst = append(dst, `\# `...)
	dst = strconv.AppendInt(dst, int64(len(r.Data)), 10)
	if len(r.Data) > 0 {
		dst = append(dst, ' ')
		dst = hex.AppendEncode(dst, r.Data)
	}
	return dst
}

// appendField appends the field at off and gives the offset behind it.
func (r *Record) appendField(dst []byte, field byte, off int) ([]byte, int, bool) {
	b := r.Data[off:]
	switch field {
	case 'n':
		n, next, ok := r.name(off)
		if !ok {
			return dst, 0, false
		}
		if n.IsRoot() {
			return append(dst, '.'), next, true
		}
		return n.AppendText(dst), next, true
	case '1', '2', '4':
		return appendNumber(dst, b, off, int(field-'0'))
	case 'a':
		return appendAddr(dst, b, off, 4)
	case '6':
		return appendAddr(dst, b, off, 16)
	case 's':
		if len(b) == 0 || len(b) <= int(b[0]) {
			return dst, 0, false
		}
		n := 1 + int(b[0])
		return AppendPrintable(dst, b[1:n]), off + n, true
	case 'S':
		return appendStrings(dst, b, off)
	case 'Y':
		if len(b) < 2 {
			return dst, 0, false
		}
		return append(dst, TypeString(binary.BigEndian.Uint16(b))...), off + 2, true
	case 'T':
		if len(b) < 4 {
			return dst, 0, false
		}
		t := time.Unix(int64(binary.BigEndian.Uint32(b)), 0).UTC()
		return t.AppendFormat(dst, "20060102150405"), off + 4, true
	case 'h':
		if len(b) == 0 || len(b) <= int(b[0]) {
			return dst, 0, false
		}
		n := 1 + int(b[0])
		if n == 1 {
			return append(dst, '-'), off + 1, true
		}
		return hex.AppendEncode(dst, b[1:n]), off + n, true
	case 'm':
		return appendTypeMap(dst, b, off)
	case 'p':
		dst, ok := appendParams(dst, b)
		return dst, off + len(b), ok
	case 'x':
		return hex.AppendEncode(dst, b), off + len(b), true
	case 'b':
		return base64.StdEncoding.AppendEncode(dst, b), off + len(b), true
	}
	return AppendPrintable(dst, b), off + len(b), true
}

func appendNumber(dst, b []byte, off, width int) ([]byte, int, bool) {
	if len(b) < width {
		return dst, 0, false
	}
	var v uint64
	for _, c := range b[:width] {
		v = v<<8 | uint64(c)
	}
	return strconv.AppendUint(dst, v, 10), off + width, true
}

func appendAddr(dst, b []byte, off, width int) ([]byte, int, bool) {
	if len(b) < width {
		return dst, 0, false
	}
	a, _ := netip.AddrFromSlice(b[:width])
	return a.AppendTo(dst), off + width, true
}

func appendStrings(dst, b []byte, off int) ([]byte, int, bool) {
	for first := true; len(b) > 0; first = false {
		n := 1 + int(b[0])
		if len(b) < n {
			return dst, 0, false
		}
		if !first {
			dst = append(dst, ' ')
		}
		dst = AppendPrintable(dst, b[1:n])
		b, off = b[n:], off+n
	}
	return dst, off, true
}

func appendTypeMap(dst, b []byte, off int) ([]byte, int, bool) {
	start := len(dst)
	for len(b) > 0 {
		if len(b) < 2 || b[1] == 0 || b[1] > 32 || len(b) < 2+int(b[1]) {
			return dst, 0, false
		}
		n := 2 + int(b[1])
		for i, bits := range b[2:n] {
			for j := range 8 {
				if bits&(0x80>>j) == 0 {
					continue
				}
				if len(dst) > start {
					dst = append(dst, ' ')
				}
				dst = append(dst, TypeString(uint16(b[0])<<8|uint16(8*i+j))...)
			}
		}
		b, off = b[n:], off+n
	}
	return dst, off, true
}
