package app

import "runtime/debug"

// limitMemory makes the collector keep the heap near the budget: flows and
// streams, the judge's tables and the content are about as large again, and
// garbage is collected sooner than by default.
func limitMemory(budget int64) {
	debug.SetGCPercent(60)
	debug.SetMemoryLimit(2*budget + 32<<20)
}
