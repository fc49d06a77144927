package confine

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Enter confines the whole process, all its threads, for good. It is called
// once, when everything that is needed is open and before the first hostile
// byte is read. It fails only when what the kernel has cannot be put in force;
// what the kernel has not is named in the State.
func Enter(l Limits) (State, error) { return enter(l, true) }

func enter(l Limits, seccomp bool) (State, error) {
	var s State
	var missing []string
	if err := setLimits(l); err != nil {
		return s, err
	}
	s.Limits = true
	// Nobody of the same user may read this process's memory or attach to it.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return s, fmt.Errorf("forbid to look into the process: %w", err)
	}
	if cgo {
		missing = append(missing, "this build uses cgo, which keeps Landlock and capabilities from being set on all threads")
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return s, fmt.Errorf("forbid new privileges: %w", err)
		}
	} else {
		if err := dropCapabilities(); err != nil {
			return s, err
		}
		s.Capabilities = true
		if err := everywhere("forbid new privileges", unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0); err != nil {
			return s, err
		}
		s.NoNewPrivileges = true
		version, err := landlock()
		if err != nil {
			return s, err
		}
		s.Landlock, s.Network = version, version >= 4
		if version == 0 {
			missing = append(missing, "the kernel has no Landlock")
		}
	}
	if seccomp {
		ok, err := filterCalls()
		if err != nil {
			return s, err
		}
		// With the filter, the kernel sets "no new privileges" on all threads.
		s.Seccomp, s.NoNewPrivileges = ok, s.NoNewPrivileges || ok
		if !ok {
			missing = append(missing, "the kernel has no seccomp filters")
		}
	}
	s.Missing = strings.Join(missing, "; ")
	return s, nil
}

// Possible says what the kernel has, without changing anything.
func Possible() State {
	s := State{NoNewPrivileges: true, Capabilities: !cgo, Limits: true, Seccomp: haveSeccomp()}
	if !cgo {
		s.Landlock = landlockVersion()
		s.Network = s.Landlock >= 4
	}
	var missing []string
	if s.Landlock == 0 {
		missing = append(missing, "Landlock")
	}
	if !s.Seccomp {
		missing = append(missing, "seccomp")
	}
	s.Missing = strings.Join(missing, ", ")
	return s
}

// everywhere makes a system call on all threads.
func everywhere(what string, call, a, b, c uintptr) error {
	if _, _, errno := syscall.AllThreadsSyscall6(call, a, b, c, 0, 0, 0); errno != 0 {
		return fmt.Errorf("%s: %w", what, errno)
	}
	return nil
}

func setLimits(l Limits) error {
	if l.Files == 0 {
		l.Files = 64
	}
	limits := []struct {
		name  string
		which int
		value uint64
		set   bool
	}{
		{"core files", unix.RLIMIT_CORE, 0, true},
		{"open files", unix.RLIMIT_NOFILE, l.Files, true},
		{"size of files", unix.RLIMIT_FSIZE, l.Output, true},
		{"writable memory", unix.RLIMIT_DATA, uint64(l.Memory), l.Memory > 0},
		{"processor time", unix.RLIMIT_CPU, l.CPU, l.CPU > 0},
	}
	for _, x := range limits {
		if !x.set {
			continue
		}
		value := x.value
		var now unix.Rlimit
		if err := unix.Getrlimit(x.which, &now); err == nil {
			value = min(value, now.Max)
		}
		if err := unix.Setrlimit(x.which, &unix.Rlimit{Cur: value, Max: value}); err != nil {
			return fmt.Errorf("limit %s to %d: %w", x.name, value, err)
		}
	}
	return nil
}

// dropCapabilities empties all five sets on all threads. The bounding set can
// be changed only by a process that may (CAP_SETPCAP); one that may not cannot
// gain anything either once new privileges are forbidden.
func dropCapabilities() error {
	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
		_, _, errno := syscall.AllThreadsSyscall6(unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, c, 0, 0, 0, 0)
		if errno != 0 {
			break
		}
	}
	_, _, _ = syscall.AllThreadsSyscall6(unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0, 0) // kernels before 4.3 have none
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var has, none [2]unix.CapUserData
	// A service manager may forbid the call to a process that has none anyway.
	if err := unix.Capget(&header, &has[0]); err == nil && has == none {
		return nil
	}
	header = unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	return everywhere("drop capabilities", unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&none)), 0)
}

// accessRights gives the file and network rights that a version of Landlock
// knows, and the scopes.
func accessRights(version int) unix.LandlockRulesetAttr {
	const first13 = 1<<13 - 1 // execute to make_sym
	a := unix.LandlockRulesetAttr{Handled_access_fs: first13}
	if version >= 2 {
		a.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if version >= 3 {
		a.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if version >= 4 {
		a.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if version >= 5 {
		a.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if version >= 6 {
		a.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
	}
	return a
}

func landlockVersion() int {
	n, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(n)
}

// landlock denies everything that Landlock can deny, and gives its version; 0
// when the kernel has none or has it switched off.
func landlock() (int, error) {
	version := landlockVersion()
	if version == 0 {
		return 0, nil
	}
	attr := accessRights(version)
	// Older kernels know a shorter structure, and want the rest to be zero.
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	if errno != 0 {
		return 0, fmt.Errorf("make a Landlock ruleset: %w", errno)
	}
	defer unix.Close(int(fd))
	if err := everywhere("restrict files and network by Landlock", unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); err != nil {
		return 0, err
	}
	return version, nil
}

func haveSeccomp() bool {
	if auditArch == 0 {
		return false
	}
	action := uint32(unix.SECCOMP_RET_KILL_PROCESS)
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, secGetActionAvail, 0, uintptr(unsafe.Pointer(&action)))
	return errno == 0
}

// secGetActionAvail is SECCOMP_GET_ACTION_AVAIL (linux/seccomp.h).
const secGetActionAvail = 2

// filterCalls puts the filter on all threads; false when the kernel has no
// such thing.
func filterCalls() (bool, error) {
	if !haveSeccomp() {
		return false, nil
	}
	program := filterProgram()
	fprog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&fprog)))
	switch {
	case errors.Is(errno, unix.ENOSYS), errors.Is(errno, unix.EINVAL):
		return false, nil
	case errno != 0:
		return false, fmt.Errorf("filter system calls: %w", errno)
	}
	return true, nil
}
