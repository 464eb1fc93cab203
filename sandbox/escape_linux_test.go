package sandbox

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What model-written code might try, in both languages. A program prints
// ESCAPED for each thing that it should not have been able to do, and "done"
// when it has tried all. Afterwards no process is left and the next program
// runs.

// attempt is one program that tries things.
type attempt struct {
	name        string
	python, go_ string // Go: imports on the first line
	limits      Limits
}

const (
	pythonTry = `
import os, sys
def tries(what, f):
    try: r = f()
    except BaseException as e: print("no", what, type(e).__name__, getattr(e, "errno", "")); return
    print("ESCAPED", what, repr(r)[:200])
`
	pythonCalls = `
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def call(n, *args):
    r = libc.syscall(n, *args)
    if r < 0: raise OSError(ctypes.get_errno(), "")
    return r
`
	goTry = `
func tries(what string, f func() error) {
	if err := f(); err != nil {
		fmt.Println("no", what, err)
		return
	}
	fmt.Println("ESCAPED", what)
}
func call(what string, n uintptr, args ...uintptr) {
	tries(what, func() error {
		for len(args) < 6 {
			args = append(args, 0)
		}
		if _, _, e := syscall.Syscall6(n, args[0], args[1], args[2], args[3], args[4], args[5]); e != 0 {
			return e
		}
		return nil
	})
}
`
)

func (a attempt) run(t *testing.T) {
	t.Helper()
	check := func(t *testing.T, out Outcome) {
		t.Helper()
		if strings.Contains(out.Stdout, "ESCAPED") || !out.OK() || !strings.HasSuffix(out.Stdout, "done\n") {
			t.Errorf("got %+v", out)
		}
		wantStillGood(t)
	}
	t.Run(a.name+"/python", func(t *testing.T) {
		check(t, python(t, pythonTry+pythonCalls+a.python+"\nprint('done')\n", a.limits))
	})
	t.Run(a.name+"/go", func(t *testing.T) {
		if runtime.GOARCH != "amd64" {
			t.Skip("the program has the numbers of amd64's system calls")
		}
		imports, body, _ := strings.Cut(strings.TrimSpace(a.go_), "\n")
		check(t, golangs(t, "fmt syscall "+imports, goTry+"func main() {\n"+body+"\nfmt.Println(\"done\")\n}\n", a.limits))
	})
}

// wantStillGood sees that an attempt has left nothing and broken nothing.
func wantStillGood(t *testing.T) {
	t.Helper()
	wantNothingLeft(t)
	if openShared(t).noPython == nil {
		wantOK(t, python(t, "print(42)", Limits{}), "42\n")
	}
}

// quotePath is a path as a literal of both languages.
func quotePath(path string) string { return fmt.Sprintf("%q", path) }

func TestSecrets(t *testing.T) {
	t.Setenv("POLYMATH_TEST_SECRET", "a-secret-of-the-environment")
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("a-secret-of-a-file"), 0o644); err != nil {
		t.Fatal(err)
	}
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{
		file, wd + "/sandbox.go", home, home + "/.bashrc", home + "/.ssh", "/etc/shadow", "/etc/passwd", "/etc/hostname", "/root", "/home",
		"/proc/1/environ", "/proc/self/environ", "/proc/self/mem", "/proc/1/root/etc/passwd", "/proc/1/fd/0", "/proc/1/cmdline", "/proc/mounts", "/sys/kernel",
		"/run", "/var", "/mnt", "/", "/stage", "/bin/sh", "/usr/bin/env", "/dev/mem", "/dev/kmsg", "/dev/tty", "/dev/sda", "/dev/vda", "/dev/ptmx", "/oldroot", "/newroot",
		"/tmp/../etc/shadow", "/tmp/work/../../etc/shadow",
	}
	var list []string
	for _, p := range paths {
		list = append(list, quotePath(p))
	}
	a := attempt{
		name: "secrets",
		python: "for p in [" + strings.Join(list, ",") + `]:
    tries(p, lambda: os.open(p, os.O_RDONLY))
    os.symlink(p, "link"); tries("link to " + p, lambda: os.open("link", os.O_RDONLY)); os.unlink("link")
    tries("hard link to " + p, lambda: os.link(p, "link2"))
tries("exec of the stage", lambda: os.execv("/stage", ["/stage", "` + stageArgument + `"]))
for fd in range(3, 1024): tries(f"file {fd}", lambda: os.fstat(fd))
print(sorted(os.environ))
if os.getpid() > 20: print("ESCAPED processes", os.getpid())
`,
		go_: `os
for _, p := range []string{` + strings.Join(list, ",") + `} {
	tries(p, func() error { _, err := os.Open(p); return err })
	os.Symlink(p, "link")
	tries("link to "+p, func() error { _, err := os.Open("link"); return err })
	os.Remove("link")
}
for fd := range uintptr(1024) {
	var s syscall.Stat_t
	if fd > 2 && fd != 3 && fd != 4 && fd != 5 && fd != 6 { // the runtime's own
		tries(fmt.Sprint("file ", fd), func() error { return syscall.Fstat(int(fd), &s) })
	}
}
fmt.Println(os.Environ())`,
		limits: Limits{Output: 4 << 20},
	}
	a.run(t)
	for _, out := range []Outcome{
		python(t, "import os; print(os.environ); print(os.environb)", Limits{}),
		golangs(t, "fmt os", "func main() { fmt.Println(os.Environ()) }", Limits{}),
	} {
		if strings.Contains(out.Stdout, "a-secret") || strings.Contains(out.Stdout, "POLYMATH_TEST_SECRET") || !out.OK() {
			t.Errorf("got %+v", out)
		}
	}
}

func TestNetwork(t *testing.T) {
	touched := make(chan string, 100)
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "socket")
	if err := os.Chmod(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	abstract := fmt.Sprintf("polymath-test-%d", os.Getpid())
	listeners := []net.Listener{tcp}
	for _, name := range []string{path, "@" + abstract} {
		l, err := net.Listen("unix", name)
		if err != nil {
			t.Fatal(err)
		}
		listeners = append(listeners, l)
	}
	for _, l := range listeners {
		defer l.Close()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				c.Close()
				touched <- l.Addr().String()
			}
		}()
	}
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	go func() {
		if n, _, err := udp.ReadFrom(make([]byte, 10)); err == nil && n > 0 {
			touched <- "udp"
		}
	}()
	port := func(a net.Addr) string { return a.String()[strings.LastIndexByte(a.String(), ':')+1:] }
	attempt{
		name: "network",
		python: `
import socket
tries("TCP", lambda: socket.create_connection(("127.0.0.1", ` + port(tcp.Addr()) + `), 2))
tries("TCP outside", lambda: socket.create_connection(("1.1.1.1", 53), 2))
tries("UDP", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", ` + port(udp.LocalAddr()) + `)))
tries("IPv6", lambda: socket.socket(socket.AF_INET6))
tries("unix", lambda: socket.socket(socket.AF_UNIX).connect(` + quotePath(path) + `))
tries("abstract", lambda: socket.socket(socket.AF_UNIX).connect(b"\0` + abstract + `"))
tries("listen", lambda: socket.create_server(("127.0.0.1", 0)))
tries("netlink", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))
tries("packet", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
tries("vsock", lambda: socket.socket(socket.AF_VSOCK))
tries("DNS", lambda: socket.getaddrinfo("example.com", 80))
a, b = socket.socketpair(); a.send(b"x"); assert b.recv(1) == b"x"
tries("pair of another family", lambda: socket.socketpair(socket.AF_INET))
tries("connecting a pair", lambda: a.connect(b"\0` + abstract + `"))
import urllib.request
tries("HTTP", lambda: urllib.request.urlopen("http://127.0.0.1:` + port(tcp.Addr()) + `/"))
`,
		go_: `net net/http time
dial := func(network, address string) {
	tries(network+" "+address, func() error { _, err := net.DialTimeout(network, address, 2*time.Second); return err })
}
dial("tcp", "127.0.0.1:` + port(tcp.Addr()) + `")
dial("tcp", "1.1.1.1:53")
dial("udp", "127.0.0.1:` + port(udp.LocalAddr()) + `")
dial("unix", ` + quotePath(path) + `)
dial("unix", "@` + abstract + `")
tries("listen", func() error { _, err := net.Listen("tcp", "127.0.0.1:0"); return err })
tries("DNS", func() error { _, err := net.LookupHost("example.com"); return err })
tries("HTTP", func() error { _, err := http.Get("http://127.0.0.1:` + port(tcp.Addr()) + `/"); return err })
for family := range uintptr(46) { call(fmt.Sprint("socket ", family), syscall.SYS_SOCKET, family, 1, 0); call(fmt.Sprint("socket ", family), syscall.SYS_SOCKET, family, 3, 0) }`,
	}.run(t)
	select {
	case who := <-touched:
		t.Errorf("%s was reached", who)
	default:
	}
}

func TestKernelInterfaces(t *testing.T) {
	attempt{
		name: "kernel",
		python: `
import fcntl, resource, signal, termios
tries("setuid", lambda: os.setuid(0))
tries("setgid", lambda: os.setgid(0))
tries("setgroups", lambda: os.setgroups([0]))
tries("chroot", lambda: os.chroot("/tmp"))
tries("mknod", lambda: os.mknod("mem", 0o20666, os.makedev(1, 1)))
tries("mknod of a disk", lambda: os.mknod("vda", 0o60666, os.makedev(254, 0)))
tries("mount", lambda: libc.mount(b"x", b"/tmp", b"tmpfs", 0, b"") and (_ for _ in ()).throw(OSError(ctypes.get_errno(), "")))
tries("umount", lambda: libc.umount2(b"/tmp", 2) and (_ for _ in ()).throw(OSError(ctypes.get_errno(), "")))
for flag in (0x10000000, 0x20000, 0x40000000, 0x20000000, 0x8000000, 0x4000000, 0x2000000):
    tries(f"unshare {flag:x}", lambda: libc.unshare(flag) and (_ for _ in ()).throw(OSError(ctypes.get_errno(), "")))
tries("ptrace of process 1", lambda: libc.ptrace(16, 1, 0, 0) and (_ for _ in ()).throw(OSError(ctypes.get_errno(), "")))
buffer = ctypes.create_string_buffer(64)
class iovec(ctypes.Structure): _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]
local, remote = iovec(ctypes.addressof(buffer), 64), iovec(0x400000, 64)
for pid in (1, os.getppid()):
    tries(f"process_vm_readv {pid}", lambda: libc.process_vm_readv(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0) < 0 and (_ for _ in ()).throw(OSError(ctypes.get_errno(), "")))
for fd in (0, 1, 2): tries(f"TIOCSTI {fd}", lambda: fcntl.ioctl(fd, termios.TIOCSTI, b"x"))
for name in ("RLIMIT_NPROC", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_CPU", "RLIMIT_CORE"):
    r = getattr(resource, name); tries("raising " + name, lambda: resource.setrlimit(r, (-1, -1)))
for s in range(1, 65):
    if s not in (32, 33): tries(f"signal {s} to process 1", lambda: os.kill(1, s))
tries("memfd", lambda: os.memfd_create("x"))
tries("priority", lambda: os.nice(-5))
tries("writing to the stage", lambda: os.write(4, b'{"Kind":"end"}'))
`,
		go_: `os unsafe
var buffer [64]byte
type iovec struct { base unsafe.Pointer; length uintptr }
local, remote := iovec{unsafe.Pointer(&buffer), 64}, iovec{unsafe.Pointer(&buffer), 64}
p := func(s string) uintptr { b := append([]byte(s), 0); return uintptr(unsafe.Pointer(&b[0])) }
call("ptrace", syscall.SYS_PTRACE, 16, 1)
call("process_vm_readv", 310, 1, uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), 1, 0)
call("process_vm_writev", 311, 1, uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), 1, 0)
call("mount", syscall.SYS_MOUNT, p("x"), p("/tmp"), p("tmpfs"))
call("unshare", syscall.SYS_UNSHARE, syscall.CLONE_NEWUSER)
call("clone", syscall.SYS_CLONE, syscall.CLONE_NEWUSER|uintptr(syscall.SIGCHLD))
call("setns", 308, 0, 0)
call("bpf", 321)
call("keyctl", 250)
call("perf_event_open", 298)
call("userfaultfd", 323)
call("io_uring_setup", 425, 1)
call("pidfd_getfd", 438, 0, 0)
call("kexec_load", 246)
call("chroot", syscall.SYS_CHROOT, p("/tmp"))
call("setuid", syscall.SYS_SETUID, 0)
call("personality", syscall.SYS_PERSONALITY, 0x0040000)
call("memfd_create", 319, p("x"))
call("shmget", syscall.SYS_SHMGET, 0, 4096, 01600)
call("TIOCSTI", syscall.SYS_IOCTL, 0, 0x5412, p("x"))
call("TIOCSTI in 64 bits", syscall.SYS_IOCTL, 0, 0x100005412, p("x"))
call("x32 getpid", 0x40000000+39)
call("mknod", syscall.SYS_MKNOD, p("mem"), syscall.S_IFCHR|0666, 257)
call("raising processes", syscall.SYS_PRLIMIT64, 0, 6, uintptr(unsafe.Pointer(&[2]uint64{1 << 40, 1 << 40})))
for s := syscall.Signal(1); s < 65; s++ { tries(fmt.Sprint("signal ", s, " to process 1"), func() error { return syscall.Kill(1, s) }) }
for _, path := range []string{"/x", "/stage", "/build/program", "/build/x", "/dev/x", "/usr/lib/x", "/go/std/x", "/etc/x"} {
	tries("writing "+path, func() error { _, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644); return err })
	tries("removing "+path, func() error { return os.Remove(path) })
}`,
	}.run(t)
}

func TestWritingOutside(t *testing.T) {
	out := python(t, pythonTry+`
import sysconfig
lib = sysconfig.get_path("stdlib")
for d in ("/", "/usr", "/usr/lib", "/lib", "/dev", "/etc", "/root", lib, os.path.dirname(sys.executable), "/tmp/..", "/tmp/work/../.."):
    tries("writing in " + d, lambda: open(d + "/x", "w"))
    tries("mkdir in " + d, lambda: os.mkdir(d + "/y"))
    tries("chmod of " + d, lambda: os.chmod(d, 0o777))
for f in (sys.executable, lib + "/os.py", "/dev/zero", "/dev/urandom", "/stage"):
    tries("overwriting " + f, lambda: open(f, "r+b"))
    tries("removing " + f, lambda: os.remove(f))
    tries("renaming " + f, lambda: os.rename(f, "/tmp/z"))
open("/tmp/ok", "w").write("x"); open("/dev/null", "w").write("x")
print("done")
`, Limits{})
	if strings.Contains(out.Stdout, "ESCAPED") || !strings.HasSuffix(out.Stdout, "done\n") {
		t.Errorf("got %+v", out)
	}
	wantStillGood(t)
}

// TestSignals: a program may signal what is in its own sandbox only.
func TestSignals(t *testing.T) {
	host := make(chan os.Signal, 10)
	signal.Notify(host, unix.SIGTERM, unix.SIGHUP, unix.SIGINT)
	defer signal.Stop(host)
	out := python(t, `
import os, signal
for s in (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGSTOP, signal.SIGSEGV):
    for pid in (-1, 1, os.getppid()):
        try: os.kill(pid, s)
        except OSError as e: print(e.errno)
print("alive")
`, Limits{})
	if !strings.HasSuffix(out.Stdout, "alive\n") {
		t.Errorf("got %+v", out)
	}
	if len(host) > 0 {
		t.Error("a signal came out")
	}
	wantStillGood(t)
}

// TestOrphans: what outlives the program is ended with it.
func TestOrphans(t *testing.T) {
	begin := time.Now()
	out := python(t, `
import os, signal, sys, time
for s in range(1, 65):
    try: signal.signal(s, signal.SIG_IGN)
    except (OSError, ValueError): pass
for i in range(5):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True: time.sleep(1)
        os._exit(0)
time.sleep(0.2)
print("bye")
`, Limits{})
	if out.Stdout != "bye\n" || !out.OK() || time.Since(begin) > 15*time.Second {
		t.Errorf("after %v got %+v", time.Since(begin), out)
	}
	wantStillGood(t)
	out = golangs(t, "fmt os os/exec syscall time", `func main() {
	if len(os.Args) > 1 { for { time.Sleep(time.Second) } }
	for range 3 {
		c := exec.Command(os.Args[0], "child")
		c.Stdout = os.Stdout
		c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := c.Start(); err != nil { panic(err) }
	}
	fmt.Println("bye")
}`, Limits{})
	wantOK(t, out, "bye\n")
	wantStillGood(t)
}

// TestPolymathKilled: a sandbox ends with the process that made it, even where
// that had no time to say so.
func TestPolymathKilled(t *testing.T) {
	const variable = "POLYMATH_TEST_SANDBOX_FOREVER"
	if os.Getenv(variable) != "" {
		python(t, "import time, os\nfor i in range(3): os.fork()\ntime.sleep(1000)", Limits{Wall: time.Hour})
		return
	}
	if openShared(t).noPython != nil {
		t.Skip("no Python")
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestPolymathKilled$")
	cmd.Env = append(os.Environ(), variable+"=1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); len(descendants(cmd.Process.Pid)) < 10; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the sandbox did not start: %v", descendants(cmd.Process.Pid))
		}
	}
	cmd.Process.Kill()
	cmd.Wait()
	wantNothingLeft(t)
}
