// Package confine takes rights away from the process that parses packets and
// uploads: it starts a copy of the program with an empty environment and no
// open files but the needed ones ([Start]), and that copy, once it holds what
// it works on, gives up everything else for good ([Enter]): capabilities, new
// privileges, memory and files beyond a limit, the file system and the network
// (Landlock), and all system calls but those that a Go program needs to
// compute (seccomp). What the kernel does not have is left out and named in
// [State]: nothing is claimed that is not in force.
//
// Parent and child talk through [Frame]s. The package knows nothing of what is
// in them. Package app is its user.
package confine

import (
	"fmt"
	"strings"
)

// Limits bound what a confined process may use.
type Limits struct {
	// Memory is the most bytes of writable memory (RLIMIT_DATA); 0 for none.
	// The Go runtime wants some 200 MiB of it beside what the program holds.
	Memory int64
	// Files is the most open descriptors; 0 for 64.
	Files uint64
	// Output is the most bytes that may be written to one regular file.
	Output uint64
	// CPU is the most seconds of processor time; 0 for no limit.
	CPU uint64
}

// State says what is in force in a process, for people and for tests.
type State struct {
	NoNewPrivileges bool   `json:"no_new_privileges"`
	Capabilities    bool   `json:"capabilities"` // all of them are gone
	Limits          bool   `json:"limits"`
	Landlock        int    `json:"landlock"` // version of the kernel's interface in force; 0 for none
	Network         bool   `json:"network"`  // Landlock denies TCP as well (version 4)
	Seccomp         bool   `json:"seccomp"`
	Missing         string `json:"missing,omitempty"` // what is not in force, and why
}

// String says it in a line.
func (s State) String() string {
	var have []string
	add := func(ok bool, what string) {
		if ok {
			have = append(have, what)
		}
	}
	add(s.NoNewPrivileges, "no new privileges")
	add(s.Capabilities, "no capabilities")
	add(s.Limits, "limits")
	add(s.Landlock > 0, fmt.Sprintf("Landlock %d", s.Landlock))
	add(s.Seccomp, "seccomp")
	text := strings.Join(have, ", ")
	if text == "" {
		text = "nothing"
	}
	if s.Missing != "" {
		text += "; missing: " + s.Missing
	}
	return text
}

// Whole reports whether files, network and programs are out of reach.
func (s State) Whole() bool {
	return s.NoNewPrivileges && s.Capabilities && s.Seccomp && s.Landlock > 0
}
