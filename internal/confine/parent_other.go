//go:build !linux

package confine

import (
	"os"
	"os/exec"
)

func separate(*exec.Cmd) {}

// reason says in words how a process ended.
func reason(s *os.ProcessState, err error) (text string, forbidden bool) {
	if s == nil {
		return err.Error(), false
	}
	return "ended with " + s.String(), false
}
