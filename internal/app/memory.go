package app

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// limitMemory makes the collector keep the heap near the budget: flows and
// streams, the judge's tables and the content are about as large again. Below
// that, garbage may grow by the same number of bytes between two collections,
// whatever the size of the heap: a share of it, as Go has it, is too little to
// be worth a collection while the heap is small and too much when it is large.
func limitMemory(budget int64) {
	debug.SetMemoryLimit(2*budget + 32<<20)
	collector.mu.Lock()
	defer collector.mu.Unlock()
	collector.room = uint64(budget) * 5 / 8
	if !collector.paced {
		collector.paced = true
		collector.pace()
	}
}

// pacer sets the collector's pace after each collection.
type pacer struct {
	mu      sync.Mutex
	paced   bool
	room    uint64 // bytes of garbage between two collections
	percent int    // as the runtime has it
}

// collector is the process's only pacer, as it has only one collector.
var collector pacer

// leastPercent is the least that the heap may grow between two collections.
const leastPercent = 40

// sentinel is laid out to be told of the next collection. It is not so small
// that the allocator would put it together with others.
type sentinel struct{ _ [64]byte }

// pace sets the pace and sees to it that it is called after the next
// collection. The caller holds the lock.
func (p *pacer) pace() {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	// Go's least heap is 4 MiB at 100 per cent, and more in proportion.
	live := max(sample[0].Value.Uint64(), 4<<20)
	if percent := int(min(max(p.room*100/live, leastPercent), math.MaxInt16)); percent != p.percent {
		p.percent = percent
		debug.SetGCPercent(percent)
	}
	runtime.AddCleanup(new(sentinel), func(p *pacer) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.pace()
	}, p)
}
