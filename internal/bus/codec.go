package bus

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"unsafe"

	"edgeward/internal/asset"
	"edgeward/internal/finding"
	"edgeward/internal/ident"
	"edgeward/internal/ident/cbor"
)

// An encoded batch is:
//
//	4 bytes  "EWB1"
//	4 bytes  CRC-32C of everything behind it, big endian
//	1 byte   flags; none is known
//	2 bytes  length of the header, big endian
//	         Header, CBOR
//	         payload, CBOR: kinds, captures, facts, devices, findings, stats
//
// The facts are one byte string that holds a CBOR sequence (RFC 8742), so
// that they can be walked through without reflection.
const (
	magic       = "EWB1"
	prefix      = 4 + 4 + 1 + 2
	maxHeader   = 4 << 10
	maxKinds    = 1 << 10
	maxCaptures = 4 << 10
	maxName     = 128     // bytes of a kind's name or a hash
	maxPath     = 4 << 10 // bytes of a capture's name
	maxBody     = 256 << 10
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// payload is the part of a batch behind the header.
type payload struct {
	Kinds    []string           `cbor:"1"` // names; facts refer to them by index
	Captures []Capture          `cbor:"2"`
	Facts    []byte             `cbor:"3"`
	Devices  []*asset.Device    `cbor:"4"`
	Findings []*finding.Finding `cbor:"5"`
	Stats    *Stats             `cbor:"6"`
}

// Limits bounds what Decode accepts. Zero values stand for the defaults.
type Limits struct {
	Bytes    int // of the payload; 16 MiB
	Facts    int // 65536
	Devices  int // 16384
	Findings int // 16384
}

func (l Limits) withDefaults() Limits {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&l.Bytes, 16<<20)
	def(&l.Facts, 65536)
	def(&l.Devices, 16384)
	def(&l.Findings, 16384)
	return l
}

// invalid makes the error of a batch that is not what it should be.
func invalid(format string, args ...any) error {
	return ident.Errorf(ident.Invalid, "", "decode batch: "+format, args...)
}

func errKind(name string) error {
	return ident.Errorf(ident.Invalid, "", "decode fact: its kind %q is not known to this version", name)
}

// seal puts the parts of a message together behind dst.
func seal(dst []byte, h *Header, p []byte) ([]byte, error) {
	head := cbor.Marshal(nil, h)
	if len(head) > maxHeader {
		return dst, fmt.Errorf("encode batch: the header has %d bytes, more than %d", len(head), maxHeader)
	}
	at := len(dst)
	dst = append(dst, magic...)
	dst = append(dst, 0, 0, 0, 0, 0)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(head)))
	dst = append(dst, head...)
	dst = append(dst, p...)
	binary.BigEndian.PutUint32(dst[at+4:], crc32.Checksum(dst[at+8:], castagnoli))
	return dst, nil
}

// Encode appends b to dst. The facts need a body or, as Decode leaves them,
// the raw one. Header.Facts, First and Last are taken from the facts.
func (b *Batch) Encode(dst []byte) ([]byte, error) {
	var e factEncoder
	for i := range b.Facts {
		f := &b.Facts[i]
		kind, raw := f.KindName, f.Raw
		if f.Body != nil {
			kind, raw = f.Body.Kind().String(), nil
		}
		if !e.add(kind, &f.Fact, f.Ordinal, raw) {
			return dst, fmt.Errorf("encode batch: the body of fact %d has more than %d bytes", i, maxBody)
		}
	}
	h := b.Header
	h.Facts, h.First, h.Last = e.count, e.first, e.last
	p := cbor.Marshal(nil, &payload{Kinds: e.kinds, Captures: b.Captures, Facts: e.buf, Devices: b.Devices, Findings: b.Findings, Stats: b.Stats})
	return seal(dst, &h, p)
}

// Peek reads the header of an encoded batch and checks its checksum.
func Peek(b []byte) (Header, error) {
	h, _, err := open(b)
	return h, err
}

// open gives the header and the payload.
func open(b []byte) (h Header, payload []byte, err error) {
	if len(b) < prefix || string(b[:4]) != magic {
		return h, nil, invalid("it does not begin with %s", magic)
	}
	if sum := crc32.Checksum(b[8:], castagnoli); sum != binary.BigEndian.Uint32(b[4:]) {
		return h, nil, invalid("the checksum does not fit: it was cut or changed on the way")
	}
	if flags := b[8]; flags != 0 {
		return h, nil, invalid("flags %#x are not known to this version", flags)
	}
	n := int(binary.BigEndian.Uint16(b[9:]))
	if n > maxHeader || n > len(b)-prefix {
		return h, nil, invalid("the header is too long")
	}
	if err := cbor.Unmarshal(string(b[prefix:prefix+n]), &h); err != nil {
		return h, nil, invalid("header: %w", err)
	}
	if h.Sensor == "" || len(h.Sensor) > 128 || h.Boot == 0 || h.Seq == 0 {
		return h, nil, invalid("the header lacks the sensor, its run or the number")
	}
	return h, b[prefix+n:], nil
}

// Decode reads an encoded batch. Raw bodies are part of b; everything else is
// the batch's own.
func Decode(b []byte, limits Limits) (*Batch, error) {
	limits = limits.withDefaults()
	h, rest, err := open(b)
	if err != nil {
		return nil, err
	}
	if len(rest) > limits.Bytes {
		return nil, invalid("it has %d bytes, more than %d", len(rest), limits.Bytes)
	}
	var p payload
	// The reader wants a string; it copies what it keeps.
	if err := cbor.Unmarshal(unsafe.String(unsafe.SliceData(rest), len(rest)), &p); err != nil {
		return nil, invalid("payload: %w", err)
	}
	switch {
	case len(p.Kinds) > maxKinds || len(p.Captures) > maxCaptures:
		return nil, invalid("too many kinds or captures")
	case len(p.Devices) > limits.Devices || len(p.Findings) > limits.Findings:
		return nil, invalid("%d devices and %d findings are too many", len(p.Devices), len(p.Findings))
	case h.Facts < 0 || h.Facts > limits.Facts:
		return nil, invalid("%d facts are too many", h.Facts)
	}
	for _, k := range p.Kinds {
		if len(k) > maxName {
			return nil, invalid("the name of a kind has %d bytes", len(k))
		}
	}
	for i := range p.Captures {
		if c := &p.Captures[i]; len(c.Name) > maxPath || len(c.Content) > maxName {
			return nil, invalid("the name of a capture has %d bytes", max(len(c.Name), len(c.Content)))
		}
	}
	out := &Batch{Header: h, Captures: p.Captures, Devices: p.Devices, Findings: p.Findings, Stats: p.Stats}
	if out.Facts, err = decodeFacts(p.Facts, p.Kinds, &h); err != nil {
		return nil, err
	}
	return out, nil
}
