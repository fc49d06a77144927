//go:build linux

package confine

import "golang.org/x/sys/unix"

const (
	auditArch = unix.AUDIT_ARCH_MIPSEL
	otherABI  = 0
)

// machineCalls and machineRefused are those that only this machine has.
var (
	machineCalls = []int{
		unix.SYS_MMAP, unix.SYS_MMAP2, unix.SYS_POLL, unix.SYS_EPOLL_WAIT, unix.SYS_FCNTL, unix.SYS_FCNTL64, unix.SYS_FSTAT, unix.SYS_FSTAT64, unix.SYS_LSEEK, unix.SYS__LLSEEK, unix.SYS_PIPE, unix.SYS_TIME,
		unix.SYS_CLOCK_GETTIME64, unix.SYS_CLOCK_NANOSLEEP_TIME64, unix.SYS_FUTEX_TIME64, unix.SYS_PPOLL_TIME64, unix.SYS_TIMER_SETTIME64, unix.SYS_CACHEFLUSH,
	}
	machineRefused = []int{unix.SYS_OPEN, unix.SYS_STAT64, unix.SYS_LSTAT64, unix.SYS_FSTATAT64, unix.SYS_ACCESS, unix.SYS_READLINK, unix.SYS_GETRLIMIT}
)
