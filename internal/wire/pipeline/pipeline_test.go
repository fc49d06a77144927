package pipeline_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"path/filepath"
	"testing"

	"edgeward/internal/output/eve"
	"edgeward/internal/shared"
	"edgeward/internal/wire/capture"
	"edgeward/internal/wire/pipeline"
	"edgeward/internal/wire/proto/all"
)

// digest runs a capture and gives a hash of everything that comes out.
func digest(t *testing.T, path string, workers int) ([32]byte, pipeline.Stats, int) {
	t.Helper()
	h := sha256.New()
	facts := 0
	var line []byte
	p := pipeline.New(pipeline.Config{Workers: workers, Memory: 32 << 20, Protocols: all.Protocols(), Sink: func(u *pipeline.Unit) error {
		for _, f := range u.Facts {
			facts++
			line = eve.AppendFact(line[:0], f, "")
			h.Write(line)
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
	return [32]byte(h.Sum(nil)), p.Stats(), facts
}

// TestWorkersAgree wants the same output, byte for byte, from one worker and
// from four.
func TestWorkersAgree(t *testing.T) {
	for _, path := range shared.Captures(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			one, stats, facts := digest(t, path, 1)
			four, _, _ := digest(t, path, 4)
			if one != four {
				t.Errorf("output with 1 worker differs from output with 4 (%d facts)", facts)
			}
			if stats.Flow.Flows > 0 && facts == 0 {
				t.Errorf("%d flows and no fact", stats.Flow.Flows)
			}
		})
	}
}
