package bus

import (
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"

	"edgeward/internal/asset"
	"edgeward/internal/event"
	"edgeward/internal/finding"
)

// Version is the version of the format that Encode writes. Fields may be
// added to it; what changes the meaning of one makes a new version.
const Version = 1

// The bounds of a batch as Recorder makes it. Decode accepts more, see Limits.
const (
	MaxFacts = 512
	MaxBytes = 256 << 10
)

// Header says whose a batch is. It can be read without the rest.
type Header struct {
	Tenant uint16 `cbor:"1"`
	Sensor string `cbor:"2"` // id of the sensor
	Boot   uint64 `cbor:"3"` // which run of it: wall clock at its start, nanoseconds
	Seq    uint64 `cbor:"4"` // number of the batch in the run, from 1, without gaps
	Made   int64  `cbor:"5"` // wall clock, nanoseconds
	First  int64  `cbor:"6"` // packet time of the earliest fact; 0 without facts
	Last   int64  `cbor:"7"` // and of the latest
	Facts  int    `cbor:"8"` // how many there are
}

// Batch is what a sensor reports at once.
type Batch struct {
	Header
	Captures []Capture
	Facts    []Fact
	Devices  []*asset.Device    // those that changed, as they are now
	Findings []*finding.Finding // those that changed; counts are those of the run
	Stats    *Stats             // nil when there are none in this batch
}

// Capture is a file that facts come from.
type Capture struct {
	Index   uint32 `cbor:"1"` // as in the facts' Capture
	Name    string `cbor:"2"`
	Content string `cbor:"3"` // hash of its bytes; the same file read again has the same facts
}

// Stats is how a sensor fares. Counters count since the start of its run.
type Stats struct {
	Time     int64             `cbor:"1"` // wall clock
	Counters map[string]uint64 `cbor:"2"` // "packets", "kernel_drops" ...
	Info     map[string]string `cbor:"3"` // "version", "host" ...
	Lines    []Line            `cbor:"4"`
}

// Line is one protocol's share of what a sensor has seen.
type Line struct {
	Protocol string `cbor:"1"`
	Flows    uint64 `cbor:"2"`
	Messages uint64 `cbor:"3"`
	Bytes    uint64 `cbor:"4"`
	Errors   uint64 `cbor:"5"`
}

// Fact is a fact as it travels: the envelope is decoded, the body is not.
type Fact struct {
	event.Fact            // Body is nil
	KindName   string     // name of the kind, also when this program does not know it
	BodyKind   event.Kind // valid when Known
	Known      bool
	Ordinal    uint32 // place among the facts of one packet, from 0
	Raw        []byte // the body in CBOR; part of what Decode got
}

// Decode gives the fact with its body. Its strings are its own.
func (f *Fact) Decode() (*event.Fact, error) {
	out := f.Fact
	body, err := f.DecodeBody(string(f.Raw))
	if err != nil {
		return nil, err
	}
	out.Body = body
	return &out, nil
}

// DecodeBody gives the body from raw, which holds the bytes of f.Raw and
// becomes its strings.
func (f *Fact) DecodeBody(raw string) (event.Body, error) {
	if !f.Known {
		return nil, errKind(f.KindName)
	}
	return event.DecodeBody(f.BodyKind, raw)
}

// CaptureOf gives the capture that a fact comes from, nil for a live one.
func (b *Batch) CaptureOf(f *Fact) *Capture {
	for i := range b.Captures {
		if b.Captures[i].Index == f.Capture {
			return &b.Captures[i]
		}
	}
	return nil
}

// FactID gives the identity of the fact with that index: of a capture, from
// the file's content, the packet, the kind, the flow and the place among the
// packet's facts, so that the same file read twice has the same facts; live,
// from the sensor, its run, the batch and the index.
func (b *Batch) FactID(index int) uint64 {
	f := &b.Facts[index]
	h := fnv.New64a()
	var n [26]byte
	binary.BigEndian.PutUint16(n[:], b.Tenant)
	if c := b.CaptureOf(f); c != nil && c.Content != "" && f.Packet != 0 {
		binary.BigEndian.PutUint64(n[2:], f.Packet)
		binary.BigEndian.PutUint32(n[10:], f.Ordinal)
		binary.BigEndian.PutUint64(n[14:], f.Flow)
		binary.BigEndian.PutUint32(n[22:], f.Tx)
		h.Write(n[:])
		h.Write([]byte(c.Content))
		h.Write([]byte(f.KindName))
	} else {
		binary.BigEndian.PutUint64(n[2:], b.Boot)
		binary.BigEndian.PutUint64(n[10:], b.Seq)
		binary.BigEndian.PutUint64(n[18:], uint64(index))
		h.Write(n[:])
		h.Write([]byte(b.Sensor))
	}
	return h.Sum64()
}

// ID gives a fact's identity as people and programs see it: the packet time
// and the number of FactID, in hexadecimal. Later facts have larger ones.
func ID(time int64, number uint64) string {
	var n [16]byte
	binary.BigEndian.PutUint64(n[:], uint64(time)^1<<63)
	binary.BigEndian.PutUint64(n[8:], number)
	return hex.EncodeToString(n[:])
}

// ParseID reads what ID made.
func ParseID(id string) (time int64, number uint64, ok bool) {
	n, err := hex.DecodeString(id)
	if err != nil || len(n) != 16 {
		return 0, 0, false
	}
	return int64(binary.BigEndian.Uint64(n) ^ 1<<63), binary.BigEndian.Uint64(n[8:]), true
}
