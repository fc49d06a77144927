package segment_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"edgeward/internal/bus"
	"edgeward/internal/hub"
	"edgeward/internal/query"
	"edgeward/internal/shared"
	"edgeward/internal/store/segment"
	"edgeward/internal/wire/capture"
	"edgeward/internal/wire/pipeline"
	"edgeward/internal/wire/proto/all"
)

// recorded gives the facts of the captures as batches.
func recorded(b *testing.B) (list []*bus.Batch, n int) {
	b.Helper()
	rec := bus.NewRecorder(bus.RecorderOptions{Sensor: "s", Boot: 1, Emit: func(_ bus.Header, m []byte) error {
		batch, err := bus.Decode(slices.Clone(m), bus.Limits{})
		if err == nil {
			list = append(list, batch)
			n += len(batch.Facts)
		}
		return err
	}})
	for _, path := range shared.Captures(b, "benign", "botnet", "ics", "m2m") {
		p := pipeline.New(pipeline.Config{Workers: 1, Memory: 32 << 20, Protocols: all.Protocols(), Sink: func(u *pipeline.Unit) error {
			for _, f := range u.Facts {
				rec.Fact(f)
			}
			return nil
		}})
		src, err := capture.Open(path)
		if err != nil {
			continue
		}
		var cut *capture.CutError
		if err := errors.Join(p.Run(context.Background(), src, 0), src.Close()); err != nil && !errors.As(err, &cut) {
			b.Log(err) // a link type that is not read
		}
	}
	if err := rec.Flush(); err != nil {
		b.Fatal(err)
	}
	return list, n
}

// processor gives the processor time of this process.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkIngest appends and seals the facts of captures; one turn is one fact.
func BenchmarkIngest(b *testing.B) {
	list, _ := recorded(b)
	l := open(b, segment.Options{Dir: b.TempDir(), Manifest: newManifest()})
	b.ReportAllocs()
	began := processor()
	next, done := 0, 0
	seq := uint64(0)
	for b.Loop() {
		if done > 0 {
			done--
			continue
		}
		batch := list[next%len(list)]
		next++
		seq++
		if err := l.Append(context.Background(), batch, "s", seq); err != nil {
			b.Fatal(err)
		}
		done = len(batch.Facts) - 1
		if l.Status().WaitBytes > segment.DefaultSealBytes {
			if err := l.Seal(context.Background(), &hub.Checkpoint{}); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := l.Seal(context.Background(), &hub.Checkpoint{}); err != nil {
		b.Fatal(err)
	}
	// The collector and others on the machine make wall time say little.
	b.ReportMetric(float64(b.N)/(processor()-began).Seconds()/1e3, "kfacts/CPUs")
	if s := l.Status(); s.Rows > 0 {
		b.ReportMetric(float64(s.Bytes)/float64(s.Rows), "B/fact")
	}
}

// BenchmarkMatches tests a query on records, as live views do.
func BenchmarkMatches(b *testing.B) {
	l := open(b, segment.Options{Dir: b.TempDir(), Manifest: newManifest()})
	appendAll(b, l, batches(b, "s", 1, 0, facts(rand.New(rand.NewPCG(1, 1)), 500)))
	list := everything(b, l, query.Request{})
	q, err := query.Parse(context.Background(), "host:10.0.1.0/24 (http.status>=400 or name~vendor)", query.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		q.Matches(&list[i%len(list)])
		i++
	}
}
