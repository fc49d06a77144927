package bus

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"edgeward/internal/event"
)

func FuzzDecode(f *testing.F) {
	r := rand.New(rand.NewPCG(9, 9))
	var b Batch
	b.Header = Header{Sensor: "s", Boot: 1, Seq: 1}
	for _, k := range []event.Kind{event.KindNTP, event.KindLogin, event.KindARP} { // small: large seeds are minimised for ever
		b.Facts = append(b.Facts, Fact{Fact: *sampleFact(r, k)})
	}
	b.Stats = &Stats{Counters: map[string]uint64{"packets": 1}}
	m, err := b.Encode(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(m)
	f.Fuzz(func(t *testing.T, m []byte) {
		if len(m) > 8 { // hostile input has the right checksum
			m = bytes.Clone(m)
			fixChecksum(m)
		}
		b, err := Decode(m, Limits{Bytes: 1 << 20})
		if err != nil {
			return
		}
		for i := range b.Facts {
			_ = b.FactID(i)
			f, err := b.Facts[i].Decode()
			if err != nil {
				continue
			}
			f.Body.AppendEVE(nil)
			raw := f.Body.AppendCBOR(nil)
			if again, err := event.DecodeBody(f.Body.Kind(), string(raw)); err != nil || !equal(f.Body, again) {
				t.Fatalf("%+v became %+v: %v", f.Body, again, err)
			}
		}
		if _, err := b.Encode(nil); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzReadFrame(f *testing.F) {
	f.Add([]byte{0, 0, 0, 3, 'a', 'b', 'c', 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, s []byte) {
		r := bytes.NewReader(s)
		for {
			m, err := ReadFrame(r, nil)
			if err != nil {
				return
			}
			var w bytes.Buffer
			if err := WriteFrame(&w, m); err != nil || w.Len() != len(m)+4 {
				t.Fatal(err)
			}
		}
	})
}
