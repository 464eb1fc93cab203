package sandbox

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Programs that take all they can get of something.

func TestForkBomb(t *testing.T) {
	l := Limits{Wall: 2 * time.Second, CPU: 30 * time.Second}
	bombs := map[string]func() Outcome{
		"python": func() Outcome {
			return python(t, "import os\nwhile True:\n try: os.fork()\n except OSError: pass\n", l)
		},
		"go": func() Outcome {
			return golangs(t, "os", "func main() { for { os.StartProcess(os.Args[0], os.Args, &os.ProcAttr{}) } }", l)
		},
	}
	for name, bomb := range bombs {
		done := make(chan bool)
		most := make(chan int)
		go func() { // the machine's view
			count := 0
			for {
				select {
				case <-done:
					most <- count
					return
				case <-time.After(20 * time.Millisecond):
					count = max(count, len(descendants(os.Getpid())))
				}
			}
		}()
		out := bomb()
		close(done)
		if out.OK() || out.Reason == "" && out.Signal == "" && out.ExitCode == 0 {
			t.Errorf("%s: got %+v", name, out)
		}
		if n := <-most; n > defaults.Processes+stageTasks+2 || n < 20 {
			t.Errorf("%s: %d processes", name, n)
		}
		wantStillGood(t)
	}
	out := python(t, `
import os, time
n = 0
try:
    while True:
        if os.fork() == 0: time.sleep(60); os._exit(0)
        n += 1
except OSError: print(n)
`, Limits{Processes: 8})
	if n, err := strconv.Atoi(strings.TrimSpace(out.Stdout)); err != nil || n < 7 || n > 8+stageTasks {
		t.Errorf("with a limit of 8 processes: %+v", out)
	}
	wantStillGood(t)
}

func TestThreads(t *testing.T) {
	out := python(t, `
import threading, time
n = 0
try:
    while True: threading.Thread(target=time.sleep, args=(60,), daemon=True).start(); n += 1
except RuntimeError: print(n < 100, flush=True)
import os; os._exit(0)
`, Limits{Memory: 4 << 30})
	wantOK(t, out, "True\n")
	wantStillGood(t)
}

func TestMemory(t *testing.T) {
	out := python(t, "try: b'x' * (10 << 30)\nexcept MemoryError: print('refused')", Limits{})
	wantOK(t, out, "refused\n")
	out = golangs(t, "", "func main() { b := make([]byte, 10<<30); for i := range b { b[i] = 1 } }", Limits{})
	if out.OK() || out.Reason != ReasonMemory && !strings.Contains(out.Stderr, "out of memory") && !strings.Contains(out.Stderr, "cannot allocate") {
		t.Errorf("got %+v", out)
	}
	// Each process is under its own limit, together they are not.
	begin := time.Now()
	out = python(t, `
import os, time
for i in range(8):
    if os.fork() == 0:
        b = bytearray(60 << 20)
        for j in range(0, len(b), 4096): b[j] = i
        time.sleep(60)
time.sleep(60)
`, Limits{Memory: 128 << 20, Wall: 20 * time.Second})
	if out.Reason != ReasonMemory || time.Since(begin) > 15*time.Second {
		t.Errorf("after %v: got %+v", time.Since(begin), out)
	}
	// Pages that forks share count once.
	out = python(t, `
import os, time
b = bytearray(80 << 20)
for j in range(0, len(b), 4096): b[j] = 1
kids = []
for i in range(6):
    pid = os.fork()
    if pid == 0: time.sleep(1); os._exit(0)
    kids.append(pid)
for pid in kids: os.waitpid(pid, 0)
print("shared")
`, Limits{Memory: 192 << 20})
	wantOK(t, out, "shared\n")
	// Shared memory that no limit of a process counts.
	out = python(t, `
import mmap
m = [mmap.mmap(-1, 32 << 20) for i in range(16)]
for x in m: x.write(b"x" * (32 << 20))
import time; time.sleep(30)
`, Limits{Memory: 128 << 20, Wall: 20 * time.Second})
	if out.Reason != ReasonMemory {
		t.Errorf("shared memory: got %+v", out)
	}
	wantStillGood(t)
}

func TestDisk(t *testing.T) {
	l := Limits{Disk: 8 << 20, FileSize: 3 << 20, Memory: 256 << 20}
	out := python(t, `
import errno, os
total, codes = 0, set()
for directory in ("/tmp/", "/tmp/work/", "/dev/shm/m"):
    for i in range(20):
        try:
            with open(f"{directory}{i}", "wb", buffering=0) as f:
                while True: total += f.write(b"x" * 65536)
        except OSError as e: codes.add(errno.errorcode[e.errno])
print(total <= 8 << 20, total > 4 << 20, sorted(codes), max(os.path.getsize(f"/tmp/{i}") for i in range(20)) <= 3 << 20)
`, l)
	wantOK(t, out, "True True ['EFBIG', 'ENOSPC'] True\n")
	out = golangs(t, "fmt os", `func main() {
	total := 0
	for i := range 20 {
		f, err := os.Create(fmt.Sprint("/tmp/", i))
		if err != nil { continue }
		for {
			n, err := f.Write(make([]byte, 65536))
			total += n
			if err != nil { break }
		}
	}
	fmt.Println(total > 4<<20, total <= 8<<20)
}`, Limits{Disk: 8 << 20, FileSize: 3 << 20})
	if out.Signal != "SIGXFSZ" && out.Stdout != "true true\n" { // Go's runtime leaves the signal's default or ignores it
		t.Errorf("got %+v", out)
	}
	wantStillGood(t)
}

func TestManyFiles(t *testing.T) {
	l := Limits{Files: 500, Wall: 20 * time.Second, CPU: 20 * time.Second, Disk: 512 << 20}
	for name, out := range map[string]Outcome{
		"files":           python(t, "i = 0\nwhile True: i += 1; open(f'/tmp/{i}', 'w').close()", l),
		"directories":     python(t, "import os\nwhile True: os.mkdir('d'); os.chdir('d')", l),
		"links":           python(t, "import os\ni = 0\nwhile True: i += 1; os.symlink('x', f'/tmp/{i}')", l),
		"hard links":      python(t, "import os\nopen('/tmp/a', 'w')\ni = 0\nwhile True: i += 1; os.link('/tmp/a', f'/tmp/{i}')", l),
		"files in Go":     golangs(t, "fmt os", "func main() { for i := 0; ; i++ { os.Mkdir(fmt.Sprint(\"/tmp/d\", i), 0o755) } }", l),
		"a file, deleted": python(t, "import os\nfs = []\nwhile True: fs.append(open('/tmp/a', 'w')); os.remove('/tmp/a')", l),
	} {
		if name == "a file, deleted" { // the limit of open files is there first
			if out.ExitCode != 1 || !strings.Contains(out.Stderr, "Too many open files") {
				t.Errorf("%s: got %+v", name, out)
			}
			continue
		}
		if out.Reason != ReasonFiles && !(name == "hard links" && out.ExitCode == 1) {
			t.Errorf("%s: got %.500v", name, fmt.Sprintf("%+v", out))
		}
	}
	wantStillGood(t)
}

func TestOutput(t *testing.T) {
	l := Limits{Output: 10_000}
	for _, out := range []Outcome{
		python(t, "while True: print('x' * 1000)", l),
		python(t, "import sys\nwhile True: print('x' * 1000, file=sys.stderr)", l),
		golangs(t, "fmt", "func main() { for { fmt.Println(\"xxxxxxxxxxxxxxxxx\") } }", l),
	} {
		if out.Reason != ReasonOutput || !out.Truncated || len(out.Stdout)+len(out.Stderr) > 10_000 || len(out.Stdout)+len(out.Stderr) < 9_000 {
			t.Errorf("got %s %v, %d bytes", out.Reason, out.Truncated, len(out.Stdout)+len(out.Stderr))
		}
	}
	out := python(t, "print('x' * 9999)", l)
	wantOK(t, out, strings.Repeat("x", 9999)+"\n") // exactly the limit
	wantStillGood(t)
}

func TestTime(t *testing.T) {
	ignore := "import signal, time\nfor s in range(1, 65):\n try: signal.signal(s, signal.SIG_IGN)\n except (OSError, ValueError): pass\n"
	var wait sync.WaitGroup
	cpu, wall := Limits{CPU: time.Second, Wall: 30 * time.Second}, Limits{Wall: time.Second}
	for _, c := range []struct {
		name, reason string
		run          func() Outcome
	}{
		{"loop", ReasonCPU, func() Outcome { return python(t, "while True: pass", cpu) }},
		{"loop without signals", ReasonCPU, func() Outcome { return python(t, ignore+"while True: pass", cpu) }},
		{"loops in processes", ReasonCPU, func() Outcome { return python(t, "import os\nfor i in range(3): os.fork()\nwhile True: pass", cpu) }},
		{"loops of processes that end", ReasonCPU, func() Outcome {
			return python(t, "import os\nwhile True:\n if os.fork() == 0:\n  for i in range(10**6): pass\n  os._exit(0)\n os.wait()", cpu)
		}},
		{"sleep", ReasonWall, func() Outcome { return python(t, "import time; time.sleep(1000)", wall) }},
		{"sleep without signals", ReasonWall, func() Outcome { return python(t, ignore+"while True: time.sleep(1000)", wall) }},
		{"reading", ReasonWall, func() Outcome { return python(t, "import os; r, w = os.pipe(); os.read(r, 1)", wall) }},
		{"loop in Go", ReasonCPU, func() Outcome { return golangs(t, "", "func main() { for {} }", cpu) }},
		{"sleep in Go", ReasonWall, func() Outcome { return golangs(t, "time", "func main() { time.Sleep(time.Hour) }", wall) }},
		{"stopped", ReasonWall, func() Outcome { return python(t, "import os; os.kill(os.getpid(), 19)", wall) }},
	} {
		wait.Go(func() {
			begin := time.Now()
			out := c.run()
			if out.Reason != c.reason || !out.TimedOut || out.OK() || out.Wall <= 0 || c.reason == ReasonCPU && out.CPU < time.Second {
				t.Errorf("%s: got %+v", c.name, out)
			}
			if took := time.Since(begin); took > 25*time.Second {
				t.Errorf("%s took %v", c.name, took)
			}
		})
	}
	wait.Wait()
	wantStillGood(t)
}

// TestBuildTime: source that is made to be slow to compile.
func TestBuildBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString("func main() { println(len(a)) }\nvar a = [1 << 40]int{}\n")
	out := golangs(t, "", b.String(), Limits{})
	if out.Reason != ReasonBuild {
		t.Errorf("an array too large: got %+v", out)
	}
	out = golangs(t, "", "const a = 1 << 500\nvar x = [...]string{1 << 28: \"x\"}\nfunc main() { println(len(x)) }", Limits{Build: 3 * time.Second})
	if out.OK() {
		t.Errorf("got %+v", out)
	}
	wantStillGood(t)
}
