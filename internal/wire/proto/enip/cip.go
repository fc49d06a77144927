package enip

import "encoding/binary"

// replyBit marks a CIP response in its service octet.
const replyBit = 0x80

// Request is a CIP request. Path and Data are views into the input.
type Request struct {
	Service uint8
	Path    []byte
	Data    []byte
}

// DecodeRequest reads a CIP request, which fills b.
func DecodeRequest(dst *Request, b []byte) error {
	if len(b) < 2 || b[0]&replyBit != 0 || len(b) < 2+2*int(b[1]) {
		return ErrLength
	}
	n := 2 + 2*int(b[1])
	*dst = Request{Service: b[0], Path: b[2:n], Data: b[n:]}
	return nil
}

// AppendRequest writes a CIP request behind dst. The path has an even length.
func AppendRequest(dst []byte, r *Request) []byte {
	dst = append(dst, r.Service, byte(len(r.Path)/2))
	return append(append(dst, r.Path...), r.Data...)
}

// Response is a CIP response. Extended and Data are views into the input.
type Response struct {
	Service  uint8 // without the reply bit
	Status   uint8
	Extended []byte
	Data     []byte
}

// DecodeResponse reads a CIP response, which fills b.
func DecodeResponse(dst *Response, b []byte) error {
	if len(b) < 4 || b[0]&replyBit == 0 || len(b) < 4+2*int(b[3]) {
		return ErrLength
	}
	n := 4 + 2*int(b[3])
	*dst = Response{Service: b[0] &^ replyBit, Status: b[2], Extended: b[4:n], Data: b[n:]}
	return nil
}

// AppendResponse writes a CIP response behind dst.
func AppendResponse(dst []byte, r *Response) []byte {
	dst = append(dst, r.Service|replyBit, 0, r.Status, byte(len(r.Extended)/2))
	return append(append(dst, r.Extended...), r.Data...)
}

// Path is what an encoded path names. Tag holds the symbols of a tag's name
// with dots and indices between.
type Path struct {
	Class     uint32
	Instance  uint32
	Attribute uint32
	Member    uint32
	HasClass  bool
	Tag       []byte
}

// maxTag bounds the name of a tag that is kept. Rockwell allows 40 letters for
// each part.
const maxTag = 80

// Segment types in the upper three bits (volume 1, appendix C).
const (
	segmentPort     = 0
	segmentLogical  = 1
	segmentNetwork  = 2
	segmentSymbolic = 3
	segmentData     = 4
)

// Logical types.
const (
	logicalClass     = 0
	logicalInstance  = 1
	logicalMember    = 2
	logicalPoint     = 3
	logicalAttribute = 4
	logicalSpecial   = 5
)

// ansiSymbol is the data segment that holds a name.
const ansiSymbol = 0x91

// DecodePath reads a padded path. The tag is built in dst.Tag, whose memory is
// reused. Segments that name no object (ports, keys, schedules) are skipped.
func DecodePath(dst *Path, b []byte) error {
	*dst = Path{Tag: dst.Tag[:0]}
	for len(b) > 0 {
		var n int
		switch b[0] >> 5 {
		case segmentPort:
			n = portLen(b)
		case segmentLogical:
			n = dst.logical(b)
		case segmentNetwork:
			n = 2
			if b[0]&0x10 != 0 && len(b) >= 2 { // extended forms have a length in words
				n = 2 + 2*int(b[1])
			}
		case segmentSymbolic:
			n = dst.symbolic(b)
		case segmentData:
			n = dst.data(b)
		}
		if n <= 0 || n > len(b) {
			return ErrLength
		}
		b = b[n:]
	}
	return nil
}

// portLen gives the length of a port segment: extended port number, link
// address of one or more octets, filled up to an even length.
func portLen(b []byte) int {
	n := 1
	size := 1
	if b[0]&0x10 != 0 {
		if len(b) < 2 {
			return 0
		}
		size = int(b[1])
		n++
	}
	if b[0]&0x0f == 15 {
		n += 2
	}
	n += size
	return n + n%2
}

// logical reads a class, instance, attribute or member number.
func (p *Path) logical(b []byte) int {
	kind, format := b[0]>>2&7, b[0]&3
	if kind == logicalSpecial {
		if format != 0 || len(b) < 2 {
			return 0
		}
		const key = 4 // electronic key: vendor, type, product, revision
		if b[1] != key {
			return 0
		}
		return 10
	}
	var v uint32
	var n int
	switch format {
	case 0:
		n = 2
		if len(b) >= n {
			v = uint32(b[1])
		}
	case 1:
		n = 4
		if len(b) >= n {
			v = uint32(binary.LittleEndian.Uint16(b[2:]))
		}
	case 2:
		n = 6
		if len(b) >= n {
			v = binary.LittleEndian.Uint32(b[2:])
		}
	}
	if n == 0 || len(b) < n {
		return 0
	}
	switch kind {
	case logicalClass: // objects within objects: the last one is meant
		p.Class, p.HasClass = v, true
		p.Instance, p.Attribute = 0, 0
	case logicalInstance, logicalPoint:
		p.Instance = v
	case logicalMember:
		p.Member = v
		p.index(v)
	case logicalAttribute:
		p.Attribute = v
	}
	return n
}

// index appends an element number to the tag: name[3].
func (p *Path) index(v uint32) {
	if len(p.Tag) == 0 || len(p.Tag) > maxTag-12 {
		return
	}
	p.Tag = append(p.Tag, '[')
	p.Tag = appendUint(p.Tag, v)
	p.Tag = append(p.Tag, ']')
}

func (p *Path) symbol(name []byte) {
	if len(p.Tag) > 0 {
		p.Tag = append(p.Tag, '.')
	}
	p.Tag = append(p.Tag, name[:min(len(name), max(0, maxTag-len(p.Tag)))]...)
}

func (p *Path) symbolic(b []byte) int {
	size := int(b[0] & 0x1f)
	if size == 0 || len(b) < 1+size { // extended and numeric symbols are not in use
		return 0
	}
	p.symbol(b[1 : 1+size])
	return 1 + size + (1+size)%2
}

func (p *Path) data(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	if b[0] != ansiSymbol {
		return 2 + 2*int(b[1]) // simple data: a length in words
	}
	size := int(b[1])
	if len(b) < 2+size {
		return 0
	}
	p.symbol(b[2 : 2+size])
	return 2 + size + size%2
}

func appendUint(b []byte, v uint32) []byte {
	var t [10]byte
	i := len(t)
	for {
		i--
		t[i] = byte('0' + v%10)
		if v /= 10; v == 0 {
			return append(b, t[i:]...)
		}
	}
}

// Inner walks the requests or responses of a multiple service packet: a count,
// as many offsets, and the messages.
type Inner struct {
	b    []byte
	i, n int
}

// WalkInner starts at the count.
func WalkInner(b []byte) (Inner, error) {
	if len(b) < 2 {
		return Inner{}, ErrLength
	}
	n := int(binary.LittleEndian.Uint16(b))
	if n == 0 || len(b) < 2+2*n {
		return Inner{}, ErrLength
	}
	return Inner{b: b, n: n}, nil
}

// Len gives the number of messages.
func (w *Inner) Len() int { return w.n }

// Next gives the next message, nil where its offsets make no sense.
func (w *Inner) Next() ([]byte, bool) {
	if w.i == w.n {
		return nil, false
	}
	from, to := w.offset(w.i), len(w.b)
	if w.i+1 < w.n {
		to = w.offset(w.i + 1)
	}
	w.i++
	if from < 2+2*w.n || from > to || to > len(w.b) {
		return nil, true
	}
	return w.b[from:to], true
}

func (w *Inner) offset(i int) int { return int(binary.LittleEndian.Uint16(w.b[2+2*i:])) }

// AppendInner writes the data of a multiple service packet behind dst.
func AppendInner(dst []byte, messages ...[]byte) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(messages)))
	at := 2 + 2*len(messages)
	for _, m := range messages {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(at))
		at += len(m)
	}
	for _, m := range messages {
		dst = append(dst, m...)
	}
	return dst
}

// embedded gives the request inside an unconnected send (priority and timeout,
// length, request, filled up to an even length, route) and whether the route
// leads to another module of the same chassis only.
func embedded(b []byte) (message []byte, chassis bool) {
	const backplane = 1
	if len(b) < 4 {
		return nil, false
	}
	size := int(binary.LittleEndian.Uint16(b[2:]))
	if 4+size > len(b) {
		return nil, false
	}
	route := b[4+size:]
	if size%2 == 1 && len(route) > 0 {
		route = route[1:]
	}
	chassis = len(route) == 4 && route[0] == 1 && route[2] == backplane
	return b[4 : 4+size], chassis
}
