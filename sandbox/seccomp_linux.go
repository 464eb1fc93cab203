package sandbox

import (
	"encoding/binary"
	"fmt"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// allowed are the system calls that programs have; the rest do not exist for
// them. Left out above all: everything that makes a socket which could reach
// anything, mounts and namespaces, other processes' memory, kernel interfaces
// that faults are found in year by year (io_uring, bpf, perf, userfaultfd,
// keys, asynchronous I/O, splicing), and memory that belongs to no process and
// so is seen by no limit (memfd_create, System V's shared memory and queues).
// A name that an architecture does not have is left out there.
var allowed = []string{
	// Files.
	"read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2",
	"open", "openat", "openat2", "creat", "close", "close_range", "lseek", "dup", "dup2", "dup3", "fcntl", "flock",
	"stat", "fstat", "lstat", "newfstatat", "statx", "statfs", "fstatfs", "access", "faccessat", "faccessat2",
	"getdents", "getdents64", "getcwd", "chdir", "fchdir", "readlink", "readlinkat",
	"rename", "renameat", "renameat2", "mkdir", "mkdirat", "rmdir", "link", "linkat", "unlink", "unlinkat", "symlink", "symlinkat",
	"mknod", "mknodat", "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "umask",
	"truncate", "ftruncate", "fallocate", "fadvise64", "readahead", "fsync", "fdatasync", "sendfile", "copy_file_range",
	"utime", "utimes", "utimensat", "futimesat",
	"getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr", "flistxattr",
	"pipe", "pipe2", "select", "pselect6", "poll", "ppoll", "eventfd", "eventfd2", "signalfd", "signalfd4",
	"epoll_create", "epoll_create1", "epoll_ctl", "epoll_ctl_old", "epoll_wait", "epoll_wait_old", "epoll_pwait", "epoll_pwait2",
	"timerfd_create", "timerfd_settime", "timerfd_gettime",
	// Pairs of sockets, see conditional.
	"recvfrom", "recvmsg", "recvmmsg", "sendto", "sendmsg", "sendmmsg", "shutdown", "getsockname", "getpeername", "getsockopt", "setsockopt",
	// Memory.
	"brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "mincore", "msync", "membarrier", "pkey_alloc", "pkey_free", "pkey_mprotect",
	// Processes and threads.
	"fork", "vfork", "execve", "exit", "exit_group", "wait4", "waitid", "kill", "tkill", "tgkill", "pidfd_open", "pidfd_send_signal",
	"getpid", "getppid", "gettid", "getpgid", "getpgrp", "setpgid", "getsid", "setsid",
	"getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid", "getgroups", "capget",
	"arch_prctl", "prctl", "set_tid_address", "set_robust_list", "get_robust_list", "rseq", "restart_syscall", "futex",
	"getrlimit", "setrlimit", "prlimit64", "getrusage", "getpriority", "setpriority", "getcpu",
	"sched_yield", "sched_getaffinity", "sched_setaffinity", "sched_getparam", "sched_getscheduler", "sched_get_priority_max", "sched_get_priority_min",
	"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self",
	// Signals and time.
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait", "rt_sigsuspend", "sigaltstack", "pause", "alarm",
	"getitimer", "setitimer", "timer_create", "timer_settime", "timer_gettime", "timer_getoverrun", "timer_delete",
	"time", "gettimeofday", "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "times",
	// The machine.
	"uname", "sysinfo", "getrandom",
}

// newNamespaces are the flags of clone that make namespaces. clone3 hides its
// flags from a filter and so does not exist; libraries then use clone.
const newNamespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
	unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET

// From asm-generic/ioctls.h; not in package unix.
const (
	fionbio  = 0x5421
	fionclex = 0x5450
	fioclex  = 0x5451
)

// conditional are system calls that are allowed with some arguments only. The
// ioctls are compared for equality over 64 bits: the kernel looks at 32, so
// that a list of those denied could be got around.
func conditional() []seccomp.NameWithConditions {
	calls := []seccomp.NameWithConditions{
		{Name: "clone", Conditions: seccomp.ArgumentConditions{{Argument: 0, Operation: seccomp.BitsNotSet, Value: newNamespaces}}},
		{Name: "socketpair", Conditions: seccomp.ArgumentConditions{{Argument: 0, Operation: seccomp.Equal, Value: unix.AF_UNIX}}},
	}
	for _, request := range []uint64{unix.TCGETS, unix.TIOCGWINSZ, unix.TIOCINQ, fionbio, fioclex, fionclex} {
		calls = append(calls, seccomp.NameWithConditions{
			Name:       "ioctl",
			Conditions: seccomp.ArgumentConditions{{Argument: 1, Operation: seccomp.Equal, Value: request}},
		})
	}
	return calls
}

// filter is the seccomp filter: whatever is not allowed answers that there is
// no such system call, other architectures' calls included.
func filter() ([]bpf.Instruction, error) {
	info, err := arch.GetInfo("")
	if err != nil {
		return nil, fmt.Errorf("sandbox: seccomp: %w", err)
	}
	group := seccomp.SyscallGroup{NamesWithCondtions: conditional(), Action: seccomp.ActionAllow}
	for _, name := range allowed {
		if _, ok := info.SyscallNames[name]; ok {
			group.Names = append(group.Names, name)
		}
	}
	policy := seccomp.Policy{DefaultAction: seccomp.ActionErrno, Syscalls: []seccomp.SyscallGroup{group}}
	program, err := policy.Assemble()
	if err != nil {
		return nil, fmt.Errorf("sandbox: seccomp: %w", err)
	}
	// The last instruction is the default action. The assembler's is EPERM,
	// after which libraries do not try an older system call.
	last := len(program) - 1
	if program[last] != (bpf.RetConstant{Val: uint32(seccomp.ActionErrno) | uint32(unix.EPERM)}) {
		return nil, fmt.Errorf("sandbox: seccomp: the filter ends with %v", program[last])
	}
	program[last] = bpf.RetConstant{Val: uint32(seccomp.ActionErrno) | uint32(unix.ENOSYS)}
	return program, nil
}

// encodeFilter is the filter as bubblewrap reads it: struct sock_filter in the
// machine's order.
func encodeFilter(program []bpf.Instruction) ([]byte, error) {
	raw, err := bpf.Assemble(program)
	if err != nil {
		return nil, fmt.Errorf("sandbox: seccomp: %w", err)
	}
	var code []byte
	for _, i := range raw {
		code = binary.NativeEndian.AppendUint16(code, i.Op)
		code = append(code, i.Jt, i.Jf)
		code = binary.NativeEndian.AppendUint32(code, i.K)
	}
	return code, nil
}
