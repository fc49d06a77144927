package opcua

import (
	"encoding/binary"

	"edgeward/internal/wire/proto/exchange"
)

// Reader reads built-in types in the binary encoding (OPC 10000-6 section
// 5.2). After the first value that does not fit, every value is zero and Err
// says so; results are views.
type Reader struct {
	b   []byte
	cut bool
}

// maxDepth limits variants, extension objects and diagnostics inside each
// other.
const maxDepth = 8

// NewReader reads b.
func NewReader(b []byte) Reader { return Reader{b: b} }

// Err reports whether a value did not fit.
func (r *Reader) Err() error {
	if r.cut {
		return errCut
	}
	return nil
}

// Rest gives what was not yet read.
func (r *Reader) Rest() []byte { return r.b }

// take gives the next n bytes, nil when there are fewer.
func (r *Reader) take(n int) []byte {
	if r.cut || n < 0 || n > len(r.b) {
		r.cut = true
		return nil
	}
	p := r.b[:n]
	r.b = r.b[n:]
	return p
}

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if p := r.take(1); p != nil {
		return p[0]
	}
	return 0
}

// Uint16 reads a 16-bit integer.
func (r *Reader) Uint16() uint16 {
	if p := r.take(2); p != nil {
		return binary.LittleEndian.Uint16(p)
	}
	return 0
}

// Uint32 reads a 32-bit integer, an enumeration or a status code.
func (r *Reader) Uint32() uint32 {
	if p := r.take(4); p != nil {
		return binary.LittleEndian.Uint32(p)
	}
	return 0
}

// Skip passes over n bytes.
func (r *Reader) Skip(n int) { r.take(n) }

// Bytes reads a String, ByteString or XmlElement; null is nil.
func (r *Reader) Bytes() []byte {
	n := int32(r.Uint32())
	if n < 0 {
		if n != -1 {
			r.cut = true
		}
		return nil
	}
	return r.take(int(n))
}

// Len reads the length of an array; null is 0. An array that claims more
// elements than there are bytes left is cut.
func (r *Reader) Len() int {
	n := int32(r.Uint32())
	if n < 0 {
		return 0
	}
	if int(n) > len(r.b) {
		r.cut = true
		return 0
	}
	return int(n)
}

// NodeID is a NodeId or ExpandedNodeId. Text is a view.
type NodeID struct {
	Namespace uint16
	Kind      byte   // 'i' numeric, 's' string, 'g' GUID, 'b' opaque
	Number    uint32 // of a numeric id
	Text      []byte // of the others
}

// NodeID reads a NodeId or ExpandedNodeId (OPC 10000-6 section 5.2.2.9).
func (r *Reader) NodeID() (id NodeID) {
	kind := r.Byte()
	switch kind & 0x3f {
	case 0:
		id = NodeID{Kind: 'i', Number: uint32(r.Byte())}
	case 1:
		id = NodeID{Kind: 'i', Namespace: uint16(r.Byte()), Number: uint32(r.Uint16())}
	case 2:
		id = NodeID{Kind: 'i', Namespace: r.Uint16(), Number: r.Uint32()}
	case 3:
		id = NodeID{Kind: 's', Namespace: r.Uint16(), Text: r.Bytes()}
	case 4:
		id = NodeID{Kind: 'g', Namespace: r.Uint16(), Text: r.take(16)}
	case 5:
		id = NodeID{Kind: 'b', Namespace: r.Uint16(), Text: r.Bytes()}
	default:
		r.cut = true
	}
	if kind&0x80 != 0 {
		r.Bytes() // namespace URI
	}
	if kind&0x40 != 0 {
		r.Uint32() // server index
	}
	return id
}

// AppendTo appends the id in the notation of OPC 10000-6 section 5.3.1.10.
func (id *NodeID) AppendTo(t *exchange.Text) {
	if id.Namespace != 0 {
		t.Str("ns=").Uint(uint64(id.Namespace)).Str(";")
	}
	switch id.Kind {
	case 'i':
		t.Str("i=").Uint(uint64(id.Number))
	case 's':
		t.Str("s=").Printable(id.Text)
	case 'g':
		t.Str("g=")
		for _, c := range id.Text {
			t.Hex(uint64(c), 2)
		}
	case 'b':
		t.Str("b=").Uint(uint64(len(id.Text))).Str(" bytes")
	}
}

// LocalizedText reads the text and passes over its locale.
func (r *Reader) LocalizedText() (text []byte) {
	mask := r.Byte()
	if mask&1 != 0 {
		r.Bytes()
	}
	if mask&2 != 0 {
		text = r.Bytes()
	}
	return text
}

// QualifiedName reads a name and passes over its namespace.
func (r *Reader) QualifiedName() []byte {
	r.Uint16()
	return r.Bytes()
}

// ExtensionObject reads the type and body of a structure.
func (r *Reader) ExtensionObject() (typ NodeID, body []byte) {
	typ = r.NodeID()
	if r.Byte() != 0 {
		body = r.Bytes()
	}
	return typ, body
}

// DataValue reads a value with its status; value is a reader of the variant's
// content when it is a single value of that type, else type is 0.
func (r *Reader) DataValue() (typ byte, value []byte, status uint32) {
	return r.dataValue(0)
}

func (r *Reader) dataValue(depth int) (typ byte, value []byte, status uint32) {
	mask := r.Byte()
	if mask&1 != 0 {
		typ, value = r.variant(depth + 1)
	}
	if mask&2 != 0 {
		status = r.Uint32()
	}
	if mask&4 != 0 {
		r.Skip(8)
	}
	if mask&0x10 != 0 {
		r.Skip(2)
	}
	if mask&8 != 0 {
		r.Skip(8)
	}
	if mask&0x20 != 0 {
		r.Skip(2)
	}
	return typ, value, status
}

// Variant passes over a variant and gives its type and bytes when it is a
// single value.
func (r *Reader) Variant() (typ byte, value []byte) { return r.variant(0) }

func (r *Reader) variant(depth int) (typ byte, value []byte) {
	if depth > maxDepth {
		r.cut = true
		return 0, nil
	}
	kind := r.Byte()
	typ = kind & 0x3f
	if kind&0x80 == 0 {
		before := r.b
		r.skipValue(typ, depth)
		if kind&0x40 != 0 || r.cut {
			return 0, nil
		}
		return typ, before[:len(before)-len(r.b)]
	}
	n := r.Len()
	if size := fixedSize(typ); size > 0 {
		r.Skip(n * size)
	} else {
		for range n {
			if r.cut {
				return 0, nil
			}
			r.skipValue(typ, depth)
		}
	}
	if kind&0x40 != 0 {
		r.Skip(4 * r.Len()) // dimensions
	}
	return 0, nil
}

// fixedSize gives the bytes of a built-in type, 0 when they vary.
func fixedSize(typ byte) int {
	switch typ {
	case 1, 2, 3:
		return 1
	case 4, 5:
		return 2
	case 6, 7, 10, 19:
		return 4
	case 8, 9, 11, 13:
		return 8
	case 14:
		return 16
	}
	return 0
}

// skipValue passes over a value of a built-in type.
func (r *Reader) skipValue(typ byte, depth int) {
	if n := fixedSize(typ); n > 0 {
		r.Skip(n)
		return
	}
	switch typ {
	case 0:
	case 12, 15, 16:
		r.Bytes()
	case 17, 18:
		r.NodeID()
	case 20:
		r.QualifiedName()
	case 21:
		r.LocalizedText()
	case 22:
		r.ExtensionObject()
	case 23:
		r.dataValue(depth + 1)
	case 24:
		r.variant(depth + 1)
	case 25:
		r.diagnostics(depth + 1)
	default:
		r.cut = true
	}
}

// Diagnostics passes over a DiagnosticInfo.
func (r *Reader) Diagnostics() { r.diagnostics(0) }

func (r *Reader) diagnostics(depth int) {
	if depth > maxDepth {
		r.cut = true
		return
	}
	mask := r.Byte()
	for _, bit := range [...]byte{1, 2, 8, 4} { // symbolic id, namespace, locale, localized text
		if mask&bit != 0 {
			r.Uint32()
		}
	}
	if mask&0x10 != 0 {
		r.Bytes()
	}
	if mask&0x20 != 0 {
		r.Uint32()
	}
	if mask&0x40 != 0 {
		r.diagnostics(depth + 1)
	}
}

// RequestHeader passes over a request's header.
func (r *Reader) RequestHeader() {
	r.NodeID()        // authentication token
	r.Skip(8 + 4 + 4) // timestamp, handle, diagnostics
	r.Bytes()         // audit entry
	r.Uint32()        // timeout
	r.ExtensionObject()
}

// ResponseHeader passes over a response's header and gives the result of the
// service.
func (r *Reader) ResponseHeader() (result uint32) {
	r.Skip(8 + 4) // timestamp, handle
	result = r.Uint32()
	r.Diagnostics()
	for range r.Len() {
		r.Bytes() // string table
	}
	r.ExtensionObject()
	return result
}
