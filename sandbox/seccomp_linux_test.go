package sandbox

import (
	"encoding/binary"
	"slices"
	"testing"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

const (
	verdictAllow = uint32(seccomp.ActionAllow)
	verdictNone  = uint32(seccomp.ActionErrno) | uint32(unix.ENOSYS)
)

// decide runs the filter on a system call as the kernel does. The virtual
// machine reads big-endian words where the kernel reads its own.
func decide(t *testing.T, audit arch.AuditArch, number uint32, args ...uint64) uint32 {
	t.Helper()
	program, err := filter()
	if err != nil {
		t.Fatal(err)
	}
	vm, err := bpf.NewVM(program)
	if err != nil {
		t.Fatal(err)
	}
	data := binary.BigEndian.AppendUint32(nil, number)
	data = binary.BigEndian.AppendUint32(data, uint32(audit))
	data = append(data, make([]byte, 8)...) // instruction pointer
	for i := range 6 {
		arg := uint64(0)
		if i < len(args) {
			arg = args[i]
		}
		data = binary.BigEndian.AppendUint32(data, uint32(arg)) // low word first
		data = binary.BigEndian.AppendUint32(data, uint32(arg>>32))
	}
	verdict, err := vm.Run(data)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(verdict)
}

func TestFilter(t *testing.T) {
	info, err := arch.GetInfo("")
	if err != nil {
		t.Fatal(err)
	}
	for number, name := range info.SyscallNumbers {
		want := verdictNone
		if slices.Contains(allowed, name) || name == "clone" { // clone with no flags makes no namespace
			want = verdictAllow
		}
		if got := decide(t, info.ID, uint32(number)); got != want {
			t.Errorf("%s: got %#x, want %#x", name, got, want)
		}
		if got := decide(t, arch.I386.ID, uint32(number)); info.ID != arch.I386.ID && got != verdictNone {
			t.Errorf("call %d of i386: got %#x", number, got)
		}
	}
	for _, number := range []uint32{5000, 0x40000000, 0x40000001, 1 << 31, ^uint32(0)} { // unknown; x32's
		if got := decide(t, info.ID, number); got != verdictNone {
			t.Errorf("call %#x: got %#x", number, got)
		}
	}
	for _, name := range []string{
		"socket", "connect", "bind", "listen", "accept", "accept4", "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise",
		"mount", "umount2", "move_mount", "open_tree", "fsopen", "fsmount", "mount_setattr", "pivot_root", "chroot",
		"unshare", "setns", "clone3", "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register",
		"keyctl", "add_key", "request_key", "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module",
		"memfd_create", "memfd_secret", "shmget", "shmat", "msgget", "semget", "mq_open", "pidfd_getfd", "kcmp",
		"open_by_handle_at", "name_to_handle_at", "setuid", "setgid", "setresuid", "setgroups", "capset", "personality", "reboot",
		"swapon", "sethostname", "syslog", "acct", "quotactl", "seccomp", "execveat", "fanotify_init", "vmsplice", "splice", "tee",
		"clock_settime", "settimeofday", "adjtimex", "sync", "syncfs", "iopl", "ioperm", "modify_ldt", "lookup_dcookie", "nfsservctl",
	} {
		if number, ok := info.SyscallNames[name]; ok && decide(t, info.ID, uint32(number)) != verdictNone {
			t.Errorf("%s is allowed", name)
		}
	}
}

func TestFilterArguments(t *testing.T) {
	info, err := arch.GetInfo("")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []uint64
		want uint32
	}{
		{"clone", []uint64{unix.CLONE_VM | unix.CLONE_THREAD | unix.CLONE_SIGHAND}, verdictAllow},
		{"clone", []uint64{unix.CLONE_NEWUSER}, verdictNone},
		{"clone", []uint64{unix.CLONE_VM | unix.CLONE_NEWNET}, verdictNone},
		{"clone", []uint64{unix.CLONE_NEWNS}, verdictNone},
		{"clone", []uint64{unix.CLONE_NEWPID}, verdictNone},
		{"socketpair", []uint64{unix.AF_UNIX}, verdictAllow},
		{"socketpair", []uint64{unix.AF_INET}, verdictNone},
		{"ioctl", []uint64{0, unix.TCGETS}, verdictAllow},
		{"ioctl", []uint64{0, unix.TIOCSTI}, verdictNone},
		{"ioctl", []uint64{0, 1<<32 | unix.TIOCSTI}, verdictNone}, // the kernel drops the high half
		{"ioctl", []uint64{0, 1<<32 | unix.TCGETS}, verdictNone},
		{"ioctl", []uint64{0, unix.TIOCLINUX}, verdictNone},
	} {
		if got := decide(t, info.ID, uint32(info.SyscallNames[c.name]), c.args...); got != c.want {
			t.Errorf("%s %#x: got %#x, want %#x", c.name, c.args, got, c.want)
		}
	}
}
