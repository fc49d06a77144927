package dns

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// Limits of names (RFC 1035 section 3.1 and 4.1.4). Sound names need far fewer
// jumps than maxJumps; the limit bounds the work that a hostile one causes.
const (
	maxName  = 255
	maxLabel = 63
	maxJumps = 64
)

// Name is a domain name where it stands in a message, possibly compressed.
// The zero Name is the root.
type Name struct {
	msg []byte
	off int
}

// NewName makes a name from its text form with dots, without escapes. The
// empty string and "." are the root.
func NewName(s string) (Name, error) {
	var wire []byte
	if s == "." {
		s = ""
	}
	for len(s) > 0 {
		label := s
		s = ""
		for i := range len(label) {
			if label[i] == '.' {
				label, s = label[:i], label[i+1:]
				break
			}
		}
		if len(label) == 0 || len(label) > maxLabel {
			return Name{}, fmt.Errorf("label %q of a domain name must have 1 to 63 bytes", label)
		}
		wire = append(wire, byte(len(label)))
		wire = append(wire, label...)
	}
	wire = append(wire, 0)
	if len(wire) > maxName {
		return Name{}, ErrLong
	}
	return Name{msg: wire}, nil
}

// skipName checks the name at off, follows its pointers, and gives the offset
// behind it.
func skipName(b []byte, off int) (int, error) {
	w := walker{msg: b, off: off}
	for {
		label, err := w.next()
		if err != nil {
			return 0, err
		}
		if label == nil {
			return w.end, nil
		}
	}
}

// walker goes through the labels of a name. Pointers must go to an earlier
// place than the label sequence they end, so there are no loops.
type walker struct {
	msg   []byte
	off   int
	low   int // start of the label sequence at hand
	size  int // bytes of the expanded name so far
	jumps int
	end   int // offset behind the name in its own place, once known
	begun bool
}

// next gives the next label, nil at the end of the name.
func (w *walker) next() ([]byte, error) {
	if !w.begun {
		w.begun, w.low = true, w.off
	}
	for {
		if w.off >= len(w.msg) {
			return nil, ErrShort
		}
		c := int(w.msg[w.off])
		switch {
		case c == 0:
			if w.jumps == 0 {
				w.end = w.off + 1
			}
			return nil, nil
		case c <= maxLabel:
			if len(w.msg)-w.off <= c {
				return nil, ErrShort
			}
			w.size += c + 1
			if w.size >= maxName {
				return nil, ErrLong
			}
			label := w.msg[w.off+1 : w.off+1+c]
			w.off += 1 + c
			return label, nil
		case c < 0xc0:
			return nil, ErrLabel
		}
		if len(w.msg)-w.off < 2 {
			return nil, ErrShort
		}
		to := c&0x3f<<8 | int(w.msg[w.off+1])
		if w.jumps == 0 {
			w.end = w.off + 2
		}
		if w.jumps++; to >= w.low || w.jumps > maxJumps {
			return nil, ErrPointer
		}
		w.off, w.low = to, to
	}
}

// Labels calls f for every label until it gives false.
func (n Name) Labels(f func(label []byte) bool) {
	if n.msg == nil {
		return
	}
	w := walker{msg: n.msg, off: n.off}
	for {
		label, err := w.next()
		if err != nil || label == nil || !f(label) {
			return
		}
	}
}

// IsRoot reports whether the name has no labels.
func (n Name) IsRoot() bool { return n.msg == nil || n.off < len(n.msg) && n.msg[n.off] == 0 }

// AppendText appends the name as people write it: labels parted by dots,
// without one at the end, "<Root>" for the root. UTF-8 stays as it is, as
// multicast DNS wants it; bytes that cannot be printed become \DDD as in
// RFC 1035 section 5.1.
func (n Name) AppendText(dst []byte) []byte {
	if n.msg == nil {
		return append(dst, "<Root>"...)
	}
	w := walker{msg: n.msg, off: n.off}
	for first := true; ; first = false {
		label, err := w.next()
		if err != nil || label == nil {
			if first {
				dst = append(dst, "<Root>"...)
			}
			return dst
		}
		if !first {
			dst = append(dst, '.')
		}
		dst = AppendPrintable(dst, label)
	}
}

func (n Name) String() string { return string(n.AppendText(nil)) }

// AppendWire appends the name in wire form without compression.
func (n Name) AppendWire(dst []byte) []byte {
	if n.msg != nil {
		w := walker{msg: n.msg, off: n.off}
		for {
			label, err := w.next()
			if err != nil || label == nil {
				break
			}
			dst = append(dst, byte(len(label)))
			dst = append(dst, label...)
		}
	}
	return append(dst, 0)
}

// Hash gives the same number for names that differ in the case of ASCII
// letters only.
func (n Name) Hash() uint64 {
	h := uint64(14695981039346656037)
	if n.msg == nil {
		return h
	}
	w := walker{msg: n.msg, off: n.off}
	for {
		label, err := w.next()
		if err != nil || label == nil {
			return h
		}
		h = (h ^ uint64(len(label))) * 1099511628211
		for _, c := range label {
			if 'A' <= c && c <= 'Z' {
				c |= 0x20
			}
			h = (h ^ uint64(c)) * 1099511628211
		}
	}
}

// AppendPrintable appends text as it came, except that what cannot be printed
// becomes \DDD (RFC 1035 section 5.1).
func AppendPrintable(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		c := text[i]
		if c >= 0x20 && c < 0x7f {
			dst = append(dst, c)
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(text[i:])
			if n > 1 && unicode.IsPrint(r) {
				dst = append(dst, text[i:i+n]...)
				i += n
				continue
			}
			size = n
		}
		for _, c := range text[i : i+size] {
			dst = append(dst, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
		}
		i += size
	}
	return dst
}
