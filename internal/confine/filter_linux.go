package confine

import (
	"golang.org/x/sys/unix"
)

// The filter is a classic BPF program over struct seccomp_data (linux/seccomp.h):
//
//	int nr; u32 arch; u64 instruction_pointer; u64 args[6];
//
// in the byte order of the machine, which is little-endian on all that are
// supported.
const (
	offsetNumber = 0
	offsetArch   = 4
	offsetArgs   = 16
)

// The calls are of four sorts. Everything that is in none of the lists ends
// the process at once: a parser that asks for a socket or a program has been
// taken over.
//
//   - allowed: what the Go runtime needs, and reading, writing and waiting on
//     descriptors that are open.
//   - refused with an error: what libraries try now and then without harm, and
//     can do without.
//   - clone, for threads of this process only.
//   - tgkill, by which the runtime wakes its own threads, for this process only.
//   - ioctl, only to ask a packet socket whether its interface is still there.
func filterProgram() []unix.SockFilter {
	var p []unix.SockFilter
	op := func(code uint16, k uint32, jt, jf uint8) {
		p = append(p, unix.SockFilter{Code: code, Jt: jt, Jf: jf, K: k})
	}
	load := func(offset uint32) { op(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, offset, 0, 0) }
	give := func(action uint32) { op(unix.BPF_RET|unix.BPF_K, action, 0, 0) }
	// when runs the next n instructions only if the accumulator is v.
	when := func(v uint32, n uint8) { op(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, v, 0, n) }

	load(offsetArch)
	op(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, auditArch, 1, 0)
	give(unix.SECCOMP_RET_KILL_PROCESS)
	load(offsetNumber)
	if otherABI != 0 { // x32 calls on amd64 carry a bit of their own
		op(unix.BPF_JMP|unix.BPF_JGE|unix.BPF_K, otherABI, 0, 1)
		give(unix.SECCOMP_RET_KILL_PROCESS)
	}
	for _, nr := range append(commonCalls, machineCalls...) {
		when(uint32(nr), 1)
		give(unix.SECCOMP_RET_ALLOW)
	}
	for _, nr := range append(commonRefused, machineRefused...) {
		when(uint32(nr), 1)
		give(unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM))
	}
	// glibc tries clone3 first, whose flags a filter cannot see, and takes
	// clone when that is not there.
	when(unix.SYS_CLONE3, 1)
	give(unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS))
	when(unix.SYS_CLONE, 4)
	load(offsetArgs)
	op(unix.BPF_JMP|unix.BPF_JSET|unix.BPF_K, unix.CLONE_THREAD, 0, 1)
	give(unix.SECCOMP_RET_ALLOW)
	give(unix.SECCOMP_RET_KILL_PROCESS)
	when(unix.SYS_TGKILL, 4)
	load(offsetArgs)
	when(uint32(unix.Getpid()), 1)
	give(unix.SECCOMP_RET_ALLOW)
	give(unix.SECCOMP_RET_KILL_PROCESS)
	when(unix.SYS_IOCTL, 4)
	load(offsetArgs + 8) // the low half of the second argument
	when(unix.SIOCGIFNAME, 1)
	give(unix.SECCOMP_RET_ALLOW)
	give(unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM))
	give(unix.SECCOMP_RET_KILL_PROCESS)
	return p
}

// commonCalls are allowed on all machines.
var commonCalls = []int{
	// reading, writing, waiting
	unix.SYS_READ, unix.SYS_WRITE, unix.SYS_READV, unix.SYS_WRITEV, unix.SYS_PREAD64, unix.SYS_CLOSE,
	unix.SYS_PPOLL, unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT, unix.SYS_EVENTFD2, unix.SYS_PIPE2,
	unix.SYS_GETSOCKOPT, // counters of a packet socket that is open
	// memory
	unix.SYS_MUNMAP, unix.SYS_MPROTECT, unix.SYS_MADVISE, unix.SYS_MREMAP, unix.SYS_MINCORE, unix.SYS_BRK,
	// threads, signals, time
	unix.SYS_FUTEX, unix.SYS_EXIT, unix.SYS_EXIT_GROUP, unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY,
	unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK, unix.SYS_RESTART_SYSCALL,
	unix.SYS_GETPID, unix.SYS_GETTID,
	unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_CLOCK_GETTIME, unix.SYS_CLOCK_GETRES, unix.SYS_GETTIMEOFDAY,
	unix.SYS_TIMER_CREATE, unix.SYS_TIMER_SETTIME, unix.SYS_TIMER_DELETE, unix.SYS_SETITIMER,
	unix.SYS_SET_ROBUST_LIST, unix.SYS_SET_TID_ADDRESS, unix.SYS_RSEQ, unix.SYS_MEMBARRIER,
	unix.SYS_GETRANDOM, unix.SYS_GETUID, unix.SYS_GETEUID, unix.SYS_GETGID, unix.SYS_GETEGID,
}

// commonRefused fail with EPERM on all machines.
var commonRefused = []int{
	unix.SYS_OPENAT, unix.SYS_OPENAT2, unix.SYS_READLINKAT, unix.SYS_FACCESSAT, unix.SYS_STATX, unix.SYS_GETCWD, unix.SYS_GETDENTS64,
	unix.SYS_PRLIMIT64, unix.SYS_PRCTL, unix.SYS_UNAME, unix.SYS_SYSINFO, unix.SYS_KILL,
}
