package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"edgeward/internal/shared"
)

// Blocks are bounded: who keeps all batches has to wait, and a batch given
// back lets the reader go on. Frames stay as they are until then.
func TestBackpressure(t *testing.T) {
	records := randomRecords(20000, 4000)
	file := pcapFile(binary.LittleEndian, magicMicro, LinkEthernet, records...)
	f, err := NewReader(bytes.NewReader(file), "test")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var kept []*Batch
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	for {
		b := new(Batch)
		if err := f.Read(ctx, b); err != nil {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("with all blocks in use: %v", err)
			}
			break
		}
		b.Retain()
		kept = append(kept, b)
	}
	if used := len(f.pool.tokens); used != fileBlocks {
		t.Errorf("%d blocks in use", used)
	}
	n := 0
	compare := func(b *Batch) {
		for _, fr := range b.Frames {
			if !bytes.Equal(fr.Data, records[n].data) || fr.Number != uint64(n+1) {
				t.Fatalf("frame %d changed while it was in use", n)
			}
			n++
		}
	}
	for _, b := range kept {
		compare(b)
		b.Release()
	}
	if used := len(f.pool.tokens); used != fileBlocks {
		t.Errorf("%d blocks in use after the first of two releases", used)
	}
	for _, b := range kept {
		b.Release()
	}
	if used := len(f.pool.tokens); used > 1 {
		t.Errorf("%d blocks in use after all releases", used)
	}
	var b Batch
	for err = f.Read(context.Background(), &b); err == nil; err = f.Read(context.Background(), &b) {
		compare(&b)
	}
	if err != io.EOF || n != len(records) {
		t.Errorf("%d frames of %d, %v", n, len(records), err)
	}
	f.Close()
	if used := len(f.pool.tokens); used != 0 {
		t.Errorf("%d blocks in use after the end", used)
	}
}

func TestNoAllocationPerFrame(t *testing.T) {
	file := pcapFile(binary.LittleEndian, magicMicro, LinkEthernet, randomRecords(50000, 100)...)
	var b Batch
	n := shared.AllocsPerRun(5, func() {
		f, err := NewReader(bytes.NewReader(file), "test")
		if err != nil {
			t.Fatal(err)
		}
		for f.Read(context.Background(), &b) == nil {
		}
		f.Close()
	})
	if n > 60 {
		t.Errorf("%v allocations for 50000 frames", n)
	}
}

// Standard input delivers what is there, without waiting for a full block,
// and stops waiting when it is told to.
func TestPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	file := pcapFile(binary.LittleEndian, magicMicro, LinkEthernet, record{data: []byte("one")}, record{data: []byte("two")})
	w.Write(file[:len(file)-1])
	f, err := NewReader(r, "-")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b Batch
	if err := f.Read(context.Background(), &b); err != nil || len(b.Frames) != 1 || string(b.Frames[0].Data) != "one" {
		t.Fatalf("first packet: %+v, %v", b.Frames, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go cancel()
	if err := f.Read(ctx, &b); !errors.Is(err, context.Canceled) {
		t.Fatalf("waiting for the second packet: %v", err)
	}
	w.Write(file[len(file)-1:])
	w.Close()
	if err := f.Read(context.Background(), &b); err != nil || len(b.Frames) != 1 || string(b.Frames[0].Data) != "two" {
		t.Fatalf("second packet: %+v, %v", b.Frames, err)
	}
	if err := f.Read(context.Background(), &b); err != io.EOF {
		t.Fatalf("end: %v", err)
	}
}
