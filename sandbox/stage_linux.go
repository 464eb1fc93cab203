package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The stage is this very program as process 1 of a sandbox. It reads a job,
// compiles where the language needs that, puts Landlock and the resource
// limits on what it starts, and reports how the program ended. When it ends,
// the kernel kills all that is left.

const (
	stagePath     = "/stage" // where the sandbox has this program
	stageArgument = "polymath-sandbox-stage"
	configFD      = 3
	statusFD      = 4
	workDir       = "/tmp/work" // the program's files and its working directory
	buildDir      = "/build"    // what the compiler writes
)

func init() {
	// Process 1 with this one argument is nothing that happens by accident.
	if os.Getpid() != 1 || len(os.Args) != 2 || os.Args[1] != stageArgument {
		return
	}
	// The locked thread, to which Landlock applies, is not the main one: a
	// program in its domain may then send no signal to this process.
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- runStage()
	}()
	// It is the sandbox's process that ends here, and none of the caller's.
	if err := <-done; err != nil {
		unix.Exit(1)
	}
	unix.Exit(0)
}

// job is what the stage is told to do.
type job struct {
	Files  map[string][]byte
	Build  [][]string // commands to run first
	Argv   []string   // the program; none: only see whether the stage works
	Env    []string
	Read   []string // what Landlock lets the program read and execute
	Reads  []string // and the build besides
	Limits Limits
	Unused int64 // bytes that the language's runtime maps and does not touch
}

// event is what the stage tells. The program never has the pipe.
type event struct {
	Kind     eventKind
	Text     []byte // what the compiler said, or an error
	Exit     int
	Signal   int
	CPU      time.Duration
	Wall     time.Duration
	Landlock int // version of the kernel's interface, 0 where there is none
}

type eventKind string

const (
	eventStart eventKind = "start" // the program begins now
	eventEnd   eventKind = "end"
	eventBuild eventKind = "build" // it does not compile
	eventError eventKind = "error" // the sandbox failed
)

// runStage does the job and reports its own errors.
func runStage() error {
	if err := unix.CloseRange(configFD, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return err // nobody can be told on a pipe that programs would inherit
	}
	status := json.NewEncoder(os.NewFile(statusFD, "status"))
	last, err := doJob(status)
	if err != nil {
		last = event{Kind: eventError, Text: []byte(err.Error())}
	}
	return status.Encode(last)
}

func doJob(status *json.Encoder) (event, error) {
	// Handlers that do nothing: process 1 gets those signals only that it
	// handles, and one that ended it would end the sandbox. What is ignored
	// instead would stay ignored in the program.
	signal.Notify(make(chan os.Signal, 1))
	var j job
	if err := json.NewDecoder(os.NewFile(configFD, "config")).Decode(&j); err != nil {
		return event{}, fmt.Errorf("reading the job: %w", err)
	}
	if err := writeFiles(workDir, j.Files); err != nil {
		return event{}, err
	}
	if len(j.Build) > 0 {
		if err := limitBuild(j.Limits); err != nil {
			return event{}, err
		}
		if _, err := restrict(append(j.Reads, j.Read...), []string{"/tmp", buildDir}); err != nil {
			return event{}, err
		}
		if said, err := build(j.Build, j.Limits.Output); err != nil {
			return event{Kind: eventBuild, Text: said}, nil
		}
	}
	if err := limitSelf(j.Limits); err != nil {
		return event{}, err
	}
	version, err := restrict(j.Read, []string{"/tmp"})
	if err != nil {
		return event{}, err
	}
	if len(j.Argv) == 0 {
		return event{Kind: eventEnd, Landlock: version}, tryFilter()
	}
	return runProgram(&j, status)
}

// writeFiles writes files below dir. Their names were checked, and nothing of
// theirs runs yet.
func writeFiles(dir string, files map[string][]byte) error {
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// tryFilter sees that the seccomp filter is there.
func tryFilter() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.Close(fd)
		return errors.New("the seccomp filter lets a socket be made")
	}
	if !errors.Is(err, unix.ENOSYS) {
		return fmt.Errorf("the seccomp filter answers %w where it should say that there is no such call", err)
	}
	return nil
}

// runProgram starts the program, waits for its end and reaps what it leaves.
func runProgram(j *job, status *json.Encoder) (event, error) {
	before := childrenCPU()
	restore, err := limitProcesses(j.Limits)
	if err != nil {
		return event{}, err
	}
	if err := status.Encode(event{Kind: eventStart}); err != nil {
		return event{}, err
	}
	begin := time.Now()
	child, err := syscall.ForkExec(j.Argv[0], j.Argv, &syscall.ProcAttr{Dir: workDir, Env: j.Env, Files: []uintptr{0, 1, 2}})
	if err != nil {
		return event{}, err
	}
	if err := limitChild(child, j.Limits, j.Unused); err != nil {
		return event{}, err
	}
	if err := restore(); err != nil {
		return event{}, err
	}
	var ended unix.WaitStatus
	for {
		var ws unix.WaitStatus
		pid, err := unix.Wait4(-1, &ws, 0, nil)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return event{}, fmt.Errorf("waiting for the program: %w", err)
		}
		if pid == child {
			ended = ws
			break
		}
	}
	last := event{Kind: eventEnd, Exit: ended.ExitStatus(), Wall: time.Since(begin), CPU: childrenCPU() - before}
	if ended.Signaled() {
		last.Signal = int(ended.Signal())
	}
	return last, nil
}

// childrenCPU is the processor time of all that this process has waited for.
func childrenCPU() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_CHILDREN, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
