package shared

import "testing"

// AllocsPerRun is [testing.AllocsPerRun], except that it calls f once and
// gives 0 when the race detector is on: that allocates on its own, now and
// then, so that a count says nothing of the code.
func AllocsPerRun(runs int, f func()) float64 {
	if Race {
		f()
		return 0
	}
	return testing.AllocsPerRun(runs, f)
}
