//go:build linux

package confine

import "golang.org/x/sys/unix"

const (
	auditArch = unix.AUDIT_ARCH_X86_64
	otherABI  = 0x40000000 // __X32_SYSCALL_BIT
)

// machineCalls and machineRefused are those that only this machine has.
var (
	machineCalls = []int{
		unix.SYS_MMAP, unix.SYS_POLL, unix.SYS_EPOLL_WAIT, unix.SYS_FCNTL, unix.SYS_FSTAT, unix.SYS_LSEEK, unix.SYS_ARCH_PRCTL, unix.SYS_TIME,
	}
	machineRefused = []int{unix.SYS_OPEN, unix.SYS_STAT, unix.SYS_LSTAT, unix.SYS_NEWFSTATAT, unix.SYS_ACCESS, unix.SYS_READLINK, unix.SYS_GETRLIMIT}
)
