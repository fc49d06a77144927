//go:build !cgo

package confine

// cgo says that there are threads that Go did not make, on which it cannot
// make system calls. There are none.
const cgo = false
