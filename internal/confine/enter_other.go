//go:build !linux

package confine

// Enter does nothing: this system has no such means that are known here.
func Enter(Limits) (State, error) { return Possible(), nil }

// Possible says what the kernel has.
func Possible() State { return State{Missing: "confinement needs Linux"} }
