package bus_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"

	"edgeward/internal/bus"
	"edgeward/internal/event"
	"edgeward/internal/output/eve"
	"edgeward/internal/shared"
	"edgeward/internal/wire/capture"
	"edgeward/internal/wire/pipeline"
	"edgeward/internal/wire/proto/all"
)

// run gives the facts of a capture to a function as they come.
func run(t testing.TB, path string, fn func(*event.Fact)) {
	t.Helper()
	p := pipeline.New(pipeline.Config{Workers: 1, Memory: 32 << 20, Protocols: all.Protocols(), Sink: func(u *pipeline.Unit) error {
		for _, f := range u.Facts {
			fn(f)
		}
		return nil
	}})
	src, err := capture.Open(path)
	if err != nil {
		t.Skipf("%v", err)
	}
	defer src.Close()
	var cut *capture.CutError
	if err := p.Run(context.Background(), src, 0); err != nil && !errors.As(err, &cut) {
		t.Fatal(err)
	}
}

// TestFactsOfCapturesTravelUnchanged sends the facts of all captures through
// the codec: what a user sees of them, as EVE, is the same behind it.
func TestFactsOfCapturesTravelUnchanged(t *testing.T) {
	if testing.Short() {
		t.Skip("reads all captures")
	}
	for _, path := range shared.Captures(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			var want, got []byte
			sent, ids := 0, map[[2]uint64]bool{}
			rec := bus.NewRecorder(bus.RecorderOptions{Sensor: "s", Boot: 1, Emit: func(_ bus.Header, m []byte) error {
				b, err := bus.Decode(m, bus.Limits{})
				if err != nil {
					return err
				}
				for i := range b.Facts {
					f, err := b.Facts[i].Decode()
					if err != nil {
						return err
					}
					got = eve.AppendFact(got, f, "")
					ids[[2]uint64{uint64(f.Time), b.FactID(i)}] = true
				}
				return nil
			}})
			rec.Capture(0, filepath.Base(path), "content")
			run(t, path, func(f *event.Fact) {
				want = eve.AppendFact(want, f, "")
				rec.Fact(f)
				sent++
			})
			if err := rec.Flush(); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(want, got) {
				t.Error("the facts are others behind the codec")
			}
			if len(ids) != sent {
				t.Errorf("%d facts have %d identities", sent, len(ids))
			}
		})
	}
}

// sample gives facts of one capture, owned by the caller.
func sample(b *testing.B) []bus.Fact {
	b.Helper()
	var out []bus.Fact
	rec := bus.NewRecorder(bus.RecorderOptions{Sensor: "s", Boot: 1, Emit: func(_ bus.Header, m []byte) error {
		batch, err := bus.Decode(bytes.Clone(m), bus.Limits{})
		out = append(out, batch.Facts...)
		return err
	}})
	for _, path := range shared.Captures(b, "benign") {
		run(b, path, rec.Fact)
	}
	if err := rec.Flush(); err != nil {
		b.Fatal(err)
	}
	return out
}

func BenchmarkRecord(b *testing.B) {
	var facts []*event.Fact
	for _, f := range sample(b) {
		whole, err := f.Decode()
		if err != nil {
			b.Fatal(err)
		}
		facts = append(facts, whole)
	}
	size := 0
	rec := bus.NewRecorder(bus.RecorderOptions{Sensor: "s", Boot: 1, Emit: func(_ bus.Header, m []byte) error {
		size += len(m)
		return nil
	}})
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		rec.Fact(facts[n%len(facts)])
		n++
	}
	if err := rec.Flush(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(size)/float64(n), "B/fact")
}

func BenchmarkDecodeBody(b *testing.B) {
	facts := sample(b)
	bodies := map[event.Kind]event.Body{}
	raws := make([]string, len(facts))
	for i := range facts {
		raws[i] = string(facts[i].Raw)
		bodies[facts[i].BodyKind] = event.NewBody(facts[i].BodyKind)
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		i := n % len(facts)
		if err := bodies[facts[i].BodyKind].DecodeCBOR(raws[i]); err != nil {
			b.Fatal(err)
		}
		n++
	}
}
