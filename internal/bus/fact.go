package bus

import (
	"slices"
	"unsafe"

	"edgeward/internal/event"
	"edgeward/internal/ident"
	"edgeward/internal/ident/cbor"
)

// The numbers of a fact's fields. They never change their meaning.
const (
	keyKind      = 1 // index into the payload's kinds
	keyTime      = 2
	keyPacket    = 3
	keyOffset    = 4
	keyCapture   = 5
	keyTenant    = 6
	keyScope     = 7
	keyFlow      = 8
	keyTx        = 9
	keySrcMAC    = 10
	keyDstMAC    = 11
	keySrc       = 12
	keyDst       = 13
	keySrcPort   = 14
	keyDstPort   = 15
	keyTransport = 16
	keyVLAN      = 17
	keyIngest    = 18
	keySrcHost   = 19
	keyDstHost   = 20
	keyOrdinal   = 21
	keyBody      = 22
)

// factEncoder gathers facts as a CBOR sequence.
type factEncoder struct {
	buf         []byte
	body        []byte // scratch
	kinds       []string
	count       int
	first, last int64
}

func (e *factEncoder) reset() {
	e.buf, e.kinds, e.count, e.first, e.last = e.buf[:0], e.kinds[:0], 0, 0, 0
}

// add appends a fact, unless its body is larger than any reader takes; raw is
// the encoded body, or nil for that of f.
func (e *factEncoder) add(kind string, f *event.Fact, ordinal uint32, raw []byte) bool {
	if raw == nil && f.Body != nil {
		e.body = f.Body.AppendCBOR(e.body[:0])
		raw = e.body
	}
	if len(raw) > maxBody {
		return false
	}
	k := slices.Index(e.kinds, kind)
	if k < 0 {
		k = len(e.kinds)
		e.kinds = append(e.kinds, kind)
	}
	if e.count == 0 {
		e.first, e.last = f.Time, f.Time
	}
	e.first, e.last = min(e.first, f.Time), max(e.last, f.Time)
	e.count++
	b := cbor.OpenMap(e.buf)
	number := func(key, v uint64) {
		if v != 0 {
			b = cbor.AppendUint(cbor.AppendUint(b, key), v)
		}
	}
	b = cbor.AppendUint(cbor.AppendUint(b, keyKind), uint64(k))
	b = cbor.AppendInt(cbor.AppendUint(b, keyTime), f.Time)
	number(keyPacket, f.Packet)
	if f.Offset != 0 {
		b = cbor.AppendInt(cbor.AppendUint(b, keyOffset), f.Offset)
	}
	number(keyCapture, uint64(f.Capture))
	number(keyTenant, uint64(f.Place.Tenant))
	number(keyScope, uint64(f.Place.Scope))
	number(keyFlow, f.Flow)
	number(keyTx, uint64(f.Tx))
	if !f.SrcMAC.IsZero() {
		b = cbor.AppendBytes(cbor.AppendUint(b, keySrcMAC), f.SrcMAC[:])
	}
	if !f.DstMAC.IsZero() {
		b = cbor.AppendBytes(cbor.AppendUint(b, keyDstMAC), f.DstMAC[:])
	}
	if f.Src.IsValid() {
		b = cbor.AppendAddr(cbor.AppendUint(b, keySrc), f.Src)
	}
	if f.Dst.IsValid() {
		b = cbor.AppendAddr(cbor.AppendUint(b, keyDst), f.Dst)
	}
	number(keySrcPort, uint64(f.SrcPort))
	number(keyDstPort, uint64(f.DstPort))
	number(keyTransport, uint64(f.Transport))
	number(keyVLAN, uint64(f.VLAN))
	if f.Ingest != 0 {
		b = cbor.AppendInt(cbor.AppendUint(b, keyIngest), f.Ingest)
	}
	number(keySrcHost, uint64(f.SrcHost))
	number(keyDstHost, uint64(f.DstHost))
	number(keyOrdinal, uint64(ordinal))
	b = cbor.AppendBytes(cbor.AppendUint(b, keyBody), raw)
	e.buf = cbor.CloseMap(b)
	return true
}

// decodeFacts reads a sequence of facts. Bodies stay as they are.
func decodeFacts(b []byte, kinds []string, h *Header) ([]Fact, error) {
	if h.Facts > len(b) { // each takes more than a byte
		return nil, invalid("there are fewer than %d facts", h.Facts)
	}
	if len(b) == 0 {
		return nil, nil
	}
	type kind struct {
		kind  event.Kind
		known bool
	}
	known := make([]kind, len(kinds))
	for i, name := range kinds {
		known[i].kind, known[i].known = event.KindByName(name)
	}
	facts := make([]Fact, 0, min(h.Facts, MaxFacts))
	// The reader wants a string; b is not changed while it reads, and no part
	// of the string outlives this function.
	r := cbor.NewReader(unsafe.String(&b[0], len(b)))
	for r.Len() > 0 && len(facts) < h.Facts {
		facts = append(facts, Fact{})
		f := &facts[len(facts)-1]
		k := decodeFact(&r, f, b)
		if r.Err() == nil && k >= uint64(len(kinds)) {
			r.Fail(cbor.ErrRange)
		}
		if err := r.Err(); err != nil {
			return nil, invalid("fact %d: %w", len(facts)-1, err)
		}
		f.KindName, f.BodyKind, f.Known = kinds[k], known[k].kind, known[k].known
	}
	if len(facts) != h.Facts || r.Len() > 0 {
		return nil, invalid("the number of facts is not %d", h.Facts)
	}
	return facts, nil
}

func decodeFact(r *cbor.Reader, f *Fact, b []byte) (kind uint64) {
	kind = ^uint64(0)
	for n := r.Map(); r.More(&n); {
		switch r.Key() {
		case keyKind:
			kind = r.Uint(32)
		case keyTime:
			f.Time = r.Int(64)
		case keyPacket:
			f.Packet = r.Uint(64)
		case keyOffset:
			f.Offset = r.Int(64)
		case keyCapture:
			f.Capture = uint32(r.Uint(32))
		case keyTenant:
			f.Place.Tenant = uint16(r.Uint(16))
		case keyScope:
			f.Place.Scope = uint16(r.Uint(16))
		case keyFlow:
			f.Flow = r.Uint(64)
		case keyTx:
			f.Tx = uint32(r.Uint(32))
		case keySrcMAC:
			f.SrcMAC = readMAC(r)
		case keyDstMAC:
			f.DstMAC = readMAC(r)
		case keySrc:
			f.Src = r.Addr()
		case keyDst:
			f.Dst = r.Addr()
		case keySrcPort:
			f.SrcPort = uint16(r.Uint(16))
		case keyDstPort:
			f.DstPort = uint16(r.Uint(16))
		case keyTransport:
			f.Transport = uint8(r.Uint(8))
		case keyVLAN:
			f.VLAN = uint16(r.Uint(16))
		case keyIngest:
			f.Ingest = r.Int(64)
		case keySrcHost:
			f.SrcHost = ident.HostKey(r.Uint(64))
		case keyDstHost:
			f.DstHost = ident.HostKey(r.Uint(64))
		case keyOrdinal:
			f.Ordinal = uint32(r.Uint(32))
		case keyBody:
			n := len(r.Text())
			if n > maxBody {
				r.Fail(cbor.ErrRange)
			}
			f.Raw = b[r.Pos()-n : r.Pos() : r.Pos()]
		default:
			r.Skip()
		}
	}
	return kind
}

func readMAC(r *cbor.Reader) (m ident.MAC) {
	if s := r.Text(); len(s) == len(m) {
		copy(m[:], s)
	} else {
		r.Fail(cbor.ErrType)
	}
	return m
}
