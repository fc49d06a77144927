package pipeline_test

import (
	"context"
	"io"
	"path/filepath"
	"runtime"
	"testing"

	"edgeward/internal/shared"
	"edgeward/internal/wire/capture"
	"edgeward/internal/wire/pipeline"
	"edgeward/internal/wire/proto/all"
)

// inMemory is a source that plays the same frames over and over, each round
// behind the one before in time, and allocates nothing.
type inMemory struct {
	frames []capture.Frame
	span   int64
	at     int
	round  int64
	rounds int64
	number uint64
}

func (s *inMemory) Read(_ context.Context, b *capture.Batch) error {
	if s.round == s.rounds {
		return io.EOF
	}
	n := min(len(s.frames)-s.at, 2048)
	b.Frames = append(b.Frames[:0], s.frames[s.at:s.at+n]...)
	b.Retain()
	for i := range b.Frames {
		s.number++
		b.Frames[i].Number = s.number
		b.Frames[i].Time += s.round * s.span
	}
	if s.at += n; s.at == len(s.frames) {
		s.at, s.round = 0, s.round+1
	}
	return nil
}

func (s *inMemory) Stats() capture.Stats { return capture.Stats{Packets: s.number} }

func (s *inMemory) Close() error { return nil }

// mixed loads Ethernet captures of all kinds, up to so many frames, one behind
// the other in time.
func mixed(t testing.TB, limit int) *inMemory {
	s := &inMemory{}
	for _, path := range shared.Captures(t) {
		src, err := capture.Open(path)
		if err != nil || len(s.frames) >= limit || filepath.Base(filepath.Dir(path)) == "malformed" {
			continue
		}
		var b capture.Batch
		first := int64(0)
		for err == nil {
			err = src.Read(context.Background(), &b)
			for i := range b.Frames {
				f := b.Frames[i]
				if first == 0 {
					first = f.Time
				}
				f.Data = append([]byte(nil), f.Data...)
				f.Time = 1e18 + s.span + min(max(f.Time-first, 0), 60e9)
				s.frames = append(s.frames, f)
			}
		}
		src.Close()
		s.span += 60e9
	}
	return s
}

// mostAllocations for each packet is what the mixture of small captures of all
// protocols may come to, in which nearly every packet is a message of its own.
// What is left are compressed bodies, texts that are read as JSON, the key
// schedule of QUIC, and lists in facts that are longer than any before.
const mostAllocations = 0.01

// TestAllocations wants the packet path to allocate next to nothing once it is
// warm. Package flow has the test that established flows allocate nothing.
func TestAllocations(t *testing.T) {
	if shared.Race {
		t.Skip("the race detector allocates")
	}
	src := mixed(t, 200_000)
	var before, after runtime.MemStats
	p := pipeline.New(pipeline.Config{Workers: 1, Memory: 96 << 20, Protocols: all.Protocols(), Sink: func(*pipeline.Unit) error { return nil }})
	const warmUp, rounds = 12, 12
	for i := range warmUp + rounds {
		if i == warmUp {
			runtime.ReadMemStats(&before)
		}
		src.round, src.at, src.rounds = 0, 0, 1
		if err := p.Run(context.Background(), src, 0); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	packets := float64(rounds * len(src.frames))
	each := float64(after.Mallocs-before.Mallocs) / packets
	t.Logf("%d packets, %.4f allocations and %.1f bytes for each", rounds*len(src.frames), each, float64(after.TotalAlloc-before.TotalAlloc)/packets)
	if each > mostAllocations {
		t.Errorf("%.4f allocations for each packet, want at most %v", each, mostAllocations)
	}
}
