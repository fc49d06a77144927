//go:build linux

package confine

import "golang.org/x/sys/unix"

const (
	auditArch = unix.AUDIT_ARCH_AARCH64
	otherABI  = 0
)

// machineCalls and machineRefused are those that only this machine has.
var (
	machineCalls   = []int{unix.SYS_MMAP, unix.SYS_FCNTL, unix.SYS_FSTAT, unix.SYS_LSEEK}
	machineRefused = []int{unix.SYS_FSTATAT, unix.SYS_GETRLIMIT}
)
