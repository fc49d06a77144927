//go:build !race

package shared

// Race reports whether the race detector is on, which allocates on its own.
const Race = false
