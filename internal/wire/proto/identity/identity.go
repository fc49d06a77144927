// Package identity turns what devices say about themselves on the local
// network into identity facts: text from the wire made fit to be shown, and
// the memory by which a device that repeats itself all day is heard once.
//
// It is no protocol, parses nothing and believes nothing: what is true is for
// the inventory to decide. The analysers below package proto use it.
package identity

import (
	"unicode"
	"unicode/utf8"

	"edgeward/internal/event"
	"edgeward/internal/wire/proto"
)

// MaxText is how many bytes of a text are kept.
const MaxText = 512

// size is how many different statements of a flow are remembered.
const size = 8

// Once remembers what was said on a flow. The zero value is ready for use.
type Once struct {
	sums [size]uint64
	next uint8
}

// Tell makes a fact of id, whose source is set, about the host that sends in
// direction dir, unless it says nothing or was among the last that were told.
func (o *Once) Tell(c *proto.Conn, dir event.Dir, id *event.Identity) {
	h, ok := sum(id)
	if !ok {
		return
	}
	h ^= uint64(dir) << 1
	for _, s := range o.sums {
		if s == h {
			return
		}
	}
	o.sums[o.next%size] = h
	o.next++
	*proto.Emit[event.Identity](c, dir) = *id
}

// Tell makes a fact of id as Once.Tell does, for protocols that keep no state.
func Tell(c *proto.Conn, dir event.Dir, id *event.Identity) {
	if _, ok := sum(id); ok {
		*proto.Emit[event.Identity](c, dir) = *id
	}
}

// sum hashes what id says; it reports false when that is nothing.
func sum(id *event.Identity) (uint64, bool) {
	const offset, prime = 14695981039346656037, 1099511628211
	h, n := uint64(offset), 0
	for _, v := range [...]string{
		id.Vendor, id.Model, id.Type, id.Name, id.Firmware, id.Hardware, id.Serial, id.OS, id.Banner, id.MUD,
	} {
		for i := range len(v) {
			h = (h ^ uint64(v[i])) * prime
		}
		h = (h ^ 0x100) * prime
		n += len(v)
	}
	return h | 1, n > 0 // zero marks an empty place
}

// Text copies text from the wire into the batch of facts: without padding at
// its ends, at most MaxText bytes, line breaks as spaces, and a dot for
// everything else that cannot be printed.
func Text(c *proto.Conn, b []byte) string {
	var buf [MaxText]byte
	return c.String(AppendText(buf[:0], b))
}

// AppendText appends what Text would give. It does not grow dst beyond
// MaxText bytes more.
func AppendText(dst, b []byte) []byte {
	for len(b) > 0 && (b[0] <= ' ') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] <= ' ') {
		b = b[:len(b)-1]
	}
	end := len(dst) + MaxText
	for i := 0; i < len(b) && len(dst) < end; {
		c := b[i]
		switch {
		case c >= ' ' && c < 0x7f:
			dst = append(dst, c)
			i++
			continue
		case c == '\n' || c == '\r' || c == '\t':
			if dst[len(dst)-1] != ' ' {
				dst = append(dst, ' ')
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if n > 1 && unicode.IsPrint(r) {
			if len(dst)+n > end {
				break
			}
			dst = append(dst, b[i:i+n]...)
		} else {
			dst = append(dst, '.')
		}
		i += n
	}
	return dst
}
