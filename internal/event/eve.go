package event

import (
	"net/netip"
	"strconv"
	"unicode/utf8"

	"edgeward/internal/ident"
)

// eveWriter appends JSON members. The generated AppendEVE methods are made of
// its methods, which leave out what is empty; there is no reflection. Each
// field is one call with few arguments, since there are hundreds of fields.
type eveWriter struct{ b []byte }

// key appends a member's name.
func (w *eveWriter) key(key string) {
	b := w.b
	if n := len(b); n > 0 && b[n-1] != '{' && b[n-1] != '[' {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(b, key...)
	w.b = append(b, '"', ':')
}

// sep begins another element of an array.
func (w *eveWriter) sep() {
	if n := len(w.b); n > 0 && w.b[n-1] != '[' {
		w.b = append(w.b, ',')
	}
}

func (w *eveWriter) text(key, v string) {
	if v != "" {
		w.keepText(key, v)
	}
}

func (w *eveWriter) keepText(key, v string) {
	w.key(key)
	w.b = AppendJSONString(w.b, v)
}

func (w *eveWriter) proto(key string, v Proto) {
	if v != ProtoUnknown {
		w.keepText(key, v.String())
	}
}

func (w *eveWriter) keepProto(key string, v Proto) { w.keepText(key, v.String()) }

func (w *eveWriter) uint(key string, v uint64) {
	if v != 0 {
		w.keepUint(key, v)
	}
}

func (w *eveWriter) keepUint(key string, v uint64) {
	w.key(key)
	w.b = appendUint(w.b, v)
}

func (w *eveWriter) int(key string, v int64) {
	if v != 0 {
		w.keepInt(key, v)
	}
}

func (w *eveWriter) keepInt(key string, v int64) {
	w.key(key)
	w.b = strconv.AppendInt(w.b, v, 10)
}

func (w *eveWriter) bool(key string, v bool) {
	if v {
		w.keepBool(key, v)
	}
}

func (w *eveWriter) keepBool(key string, v bool) {
	w.key(key)
	w.b = strconv.AppendBool(w.b, v)
}

func (w *eveWriter) addr(key string, a *netip.Addr) {
	if a.IsValid() {
		w.keepAddr(key, a)
	}
}

func (w *eveWriter) keepAddr(key string, a *netip.Addr) {
	w.key(key)
	b := append(w.b, '"')
	if a.IsValid() {
		b = a.AppendTo(b)
	}
	w.b = append(b, '"')
}

// time appends nanoseconds as RFC 3339.
func (w *eveWriter) time(key string, ns int64) {
	if ns != 0 {
		w.keepTime(key, ns)
	}
}

func (w *eveWriter) keepTime(key string, ns int64) {
	w.key(key)
	w.b = append(ident.AppendTime(append(w.b, '"'), ns), '"')
}

func (w *eveWriter) secret(key string, s *Secret) {
	if !s.IsZero() {
		w.keepText(key, s.String())
	}
}

func (w *eveWriter) texts(key string, list []string) {
	if len(list) > 0 {
		w.keepTexts(key, list)
	}
}

func (w *eveWriter) keepTexts(key string, list []string) {
	w.open(key, '[')
	for _, v := range list {
		w.sep()
		w.b = AppendJSONString(w.b, v)
	}
	w.b = append(w.b, ']')
}

// open begins a member that is an object or an array.
func (w *eveWriter) open(key string, bracket byte) {
	w.key(key)
	w.b = append(w.b, bracket)
}

// element begins an object in an array.
func (w *eveWriter) element() {
	w.sep()
	w.b = append(w.b, '{')
}

// close ends what open or element began.
func (w *eveWriter) close(bracket byte) { w.b = append(w.b, bracket) }

// end ends an object that open began; one that is empty goes again, back to
// the given length.
func (w *eveWriter) end(mark int) {
	if w.b[len(w.b)-1] == '{' {
		w.b = w.b[:mark]
	} else {
		w.b = append(w.b, '}')
	}
}

func appendUint(b []byte, v uint64) []byte { return strconv.AppendUint(b, v, 10) }

// AppendJSONString appends s as a JSON string. Bytes that are no UTF-8 become
// the replacement character, so the output is always valid JSON.
func AppendJSONString(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(b, s[start:i]...)
				b = append(b, `\ufffd`...)
				i++
				start = i
				continue
			}
			if r == '\u2028' || r == '\u2029' {
				b = append(b, s[start:i]...)
				b = append(b, `\u202`...)
				b = append(b, digits[r&15])
				i += n
				start = i
				continue
			}
			i += n
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' && c != 0x7f {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
		i++
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}
