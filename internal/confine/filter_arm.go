//go:build linux

package confine

import "golang.org/x/sys/unix"

const (
	auditArch = unix.AUDIT_ARCH_ARM
	otherABI  = 0
)

// armSetTLS is __ARM_NR_set_tls, which cgo programs need.
const armSetTLS = 0x0f0005

// machineCalls and machineRefused are those that only this machine has. The
// calls with 64 bits of time are what newer runtimes use.
var (
	machineCalls = []int{
		unix.SYS_MMAP2, unix.SYS_POLL, unix.SYS_EPOLL_WAIT, unix.SYS_FCNTL, unix.SYS_FCNTL64, unix.SYS_FSTAT, unix.SYS_FSTAT64, unix.SYS_LSEEK, unix.SYS__LLSEEK,
		unix.SYS_CLOCK_GETTIME64, unix.SYS_CLOCK_NANOSLEEP_TIME64, unix.SYS_FUTEX_TIME64, unix.SYS_PPOLL_TIME64, unix.SYS_TIMER_SETTIME64,
		unix.SYS_GETUID32, unix.SYS_GETEUID32, unix.SYS_GETGID32, unix.SYS_GETEGID32, armSetTLS,
	}
	machineRefused = []int{unix.SYS_OPEN, unix.SYS_STAT64, unix.SYS_LSTAT64, unix.SYS_FSTATAT64, unix.SYS_ACCESS, unix.SYS_READLINK, unix.SYS_UGETRLIMIT}
)
