package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	startTimeout = 60 * time.Second // for bubblewrap and the stage on a busy machine
	buildMemory  = 2 << 30          // for the compiler and the linker
	endTimeout   = 10 * time.Second // for the kernel to take down a sandbox
)

// box is one sandbox while it runs.
type box struct {
	limits Limits
	dirs   []string // file systems that the program may write to

	mu      sync.Mutex
	cmd     *exec.Cmd
	pidfd   int // of process 1; -1: not known
	pid     int
	reason  string
	started bool // the program has started
	base    usage
	timer   *time.Timer
}

// Reasons that no Outcome has.
const (
	reasonStart   = "start"
	reasonContext = "context"
)

// errEnded says how a sandbox failed.
var errEnded = errors.New("sandbox: it ended before the program started")

// runJob runs one sandbox.
func (s *system) runJob(ctx context.Context, t *toolchain, j *job, stdin string) (Outcome, event, error) {
	b := &box{limits: j.Limits, dirs: []string{"/tmp"}, pidfd: -1}
	if len(j.Build) > 0 {
		b.dirs = append(b.dirs, buildDir)
	}
	return b.run(ctx, s, t, j, stdin)
}

func (b *box) run(ctx context.Context, s *system, t *toolchain, j *job, stdin string) (Outcome, event, error) {
	var pipes pipes
	defer pipes.close()
	configRead, config := pipes.open()
	statusRead, status := pipes.open()
	infoRead, info := pipes.open()
	if pipes.err != nil {
		return Outcome{}, event{}, fmt.Errorf("sandbox: %w", pipes.err)
	}
	filter, err := memoryFile("filter", s.filter)
	if err != nil {
		return Outcome{}, event{}, err
	}
	defer filter.Close()
	c := command{files: []*os.File{configRead, status}}
	if err := c.arguments(s, t, b.limits, info, filter); err != nil {
		return Outcome{}, event{}, err
	}

	stdout := &capped{limit: b.limits.Output, overflow: func() { b.kill(ReasonOutput) }}
	stderr := &capped{limit: b.limits.Output, overflow: func() { b.kill(ReasonOutput) }}
	b.cmd = exec.Command(s.bwrap.path, c.args...)
	b.cmd.Env = []string{}
	b.cmd.Dir = "/"
	b.cmd.ExtraFiles = c.files
	b.cmd.Stdin, b.cmd.Stdout, b.cmd.Stderr = strings.NewReader(stdin), stdout, stderr
	b.cmd.WaitDelay = endTimeout
	// An interrupt from the terminal is for Polymath alone, which then ends the
	// run: a program that it killed would count as one that failed.
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if user := uint32(s.starter.user); user != 0 {
		b.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: user, Gid: user}
	}
	if err := s.starter.do(b.cmd.Start); err != nil {
		return Outcome{}, event{}, fmt.Errorf("sandbox: %w", err)
	}
	for _, f := range []*os.File{configRead, status, info} {
		f.Close()
	}
	if len(j.Build) > 0 {
		b.timer = time.AfterFunc(b.limits.Build, func() { b.kill(ReasonBuildTime) })
	} else {
		b.timer = time.AfterFunc(startTimeout, func() { b.kill(reasonStart) })
	}
	stop := context.AfterFunc(ctx, func() { b.kill(reasonContext) })
	defer stop()
	if !b.findInit(infoRead) { // bubblewrap failed; what it said becomes the error
		statusRead.SetReadDeadline(time.Now().Add(endTimeout))
		b.cmd.Process.Kill()
	}
	watched := b.watch()
	sendJob(config, j)
	last := b.follow(statusRead)
	watched()
	b.timer.Stop()
	waitErr := b.cmd.Wait()
	gone := b.gone()
	out := b.outcome(last, stdout, stderr)
	switch {
	case ctx.Err() != nil:
		return Outcome{}, last, context.Cause(ctx)
	case gone != nil:
		return Outcome{}, last, gone
	case out.Reason == reasonStart:
		return Outcome{}, last, fmt.Errorf("sandbox: it did not start within %v: %s", startTimeout, string(stderr.kept))
	case last.Kind == eventError:
		return Outcome{}, last, fmt.Errorf("sandbox: %s", last.Text)
	case last.Kind == "" && out.Reason == "":
		return Outcome{}, last, fmt.Errorf("%w (%v): %s", errEnded, waitErr, strings.TrimSpace(string(stderr.kept)))
	}
	return out, last, nil
}

// pipes opens pipes and closes what is left of them.
type pipes struct {
	files []*os.File
	err   error
}

func (p *pipes) open() (r, w *os.File) {
	if p.err != nil {
		return nil, nil
	}
	if r, w, p.err = os.Pipe(); p.err == nil {
		p.files = append(p.files, r, w)
	}
	return r, w
}

func (p *pipes) close() {
	for _, f := range p.files {
		f.Close() // those closed before say so, which does not matter
	}
}

// findInit takes hold of process 1 of the sandbox, which waits for its job.
func (b *box) findInit(info *os.File) bool {
	var told struct {
		Child int `json:"child-pid"`
	}
	info.SetReadDeadline(time.Now().Add(startTimeout))
	if json.NewDecoder(info).Decode(&told) != nil || told.Child <= 0 {
		return false
	}
	fd, err := unix.PidfdOpen(told.Child, 0)
	if err != nil {
		return false
	}
	b.mu.Lock()
	b.pidfd, b.pid = fd, told.Child
	ended := b.reason != ""
	b.mu.Unlock()
	if ended {
		unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
	}
	return true
}

// sendJob writes in the background: a job may be larger than a pipe. It ends
// when the stage has read the job or has died.
func sendJob(config *os.File, j *job) {
	go func() {
		json.NewEncoder(config).Encode(j) // a failure is the stage's end, which is seen elsewhere
		config.Close()
	}()
}

// follow reads what the stage tells until its end.
func (b *box) follow(status io.Reader) event {
	var last event
	for d := json.NewDecoder(status); ; {
		var e event
		if d.Decode(&e) != nil {
			return last
		}
		if e.Kind == eventStart {
			b.start()
			continue
		}
		last = e
	}
}

// start begins the program's own time.
func (b *box) start() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.started = true
	b.base = look(b.pid, b.limits.Memory, b.dirs)
	b.timer.Stop()
	b.timer = time.AfterFunc(b.limits.Wall, func() { b.kill(ReasonWall) })
}

// kill ends all processes of the sandbox, by ending its process 1. Before that
// is known nothing is killed but the reason noted: a bubblewrap killed that
// early would leave its child behind, which waits for it.
func (b *box) kill(reason string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reason == "" {
		b.reason = reason
	}
	if b.pidfd >= 0 {
		unix.PidfdSendSignal(b.pidfd, unix.SIGKILL, nil, 0)
	}
}

// watch looks at the sandbox time and again and ends it when it has taken more
// than its limits. The function that it returns stops that.
func (b *box) watch() (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for tick := firstTick; ; tick = min(tick*5/4, lastTick) {
			select {
			case <-done:
				return
			case <-time.After(tick):
			}
			if reason := b.exceeded(); reason != "" {
				b.kill(reason)
			}
		}
	}()
	return func() { close(done); <-ended }
}

func (b *box) exceeded() string {
	b.mu.Lock()
	pid, started, base := b.pid, b.started, b.base
	b.mu.Unlock()
	if pid == 0 {
		return ""
	}
	memory := int64(buildMemory)
	if started {
		memory = b.limits.Memory
	}
	u := look(pid, memory, b.dirs)
	switch {
	case u.memory > memory:
		return ReasonMemory
	case !started:
		return ""
	case u.cpu-base.cpu > b.limits.CPU:
		return ReasonCPU
	case u.files-base.files > b.limits.Files:
		return ReasonFiles
	}
	return ""
}

// gone waits until no process of the sandbox is left: its process 1 counts as
// ended only when all others have.
func (b *box) gone() error {
	if b.pidfd < 0 {
		return nil
	}
	defer unix.Close(b.pidfd)
	for deadline := time.Now().Add(endTimeout); ; {
		left := time.Until(deadline).Milliseconds()
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(b.pidfd), Events: unix.POLLIN}}, int(max(left, 0)))
		if n > 0 {
			return nil
		}
		if left <= 0 || err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("sandbox: process %d, the first of a sandbox, does not end (%v)", b.pid, err)
		}
	}
}

// outcome is what the program did, from what the stage told last.
func (b *box) outcome(last event, stdout, stderr *capped) Outcome {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := Outcome{
		ExitCode: -1, Reason: b.reason, Stdout: string(stdout.kept), Stderr: string(stderr.kept),
		Truncated: stdout.full || stderr.full, CPU: last.CPU, Wall: last.Wall,
	}
	switch {
	case out.Reason != "":
		out.TimedOut = out.Reason == ReasonWall || out.Reason == ReasonCPU || out.Reason == ReasonBuildTime
	case last.Kind == eventBuild:
		out.Reason, out.Stderr = ReasonBuild, string(last.Text)
	case last.Kind == eventEnd && last.Signal != 0:
		out.Signal = unix.SignalName(syscall.Signal(last.Signal))
	case last.Kind == eventEnd:
		out.ExitCode = last.Exit
	case b.started:
		out.Reason = ReasonKilled
	}
	return out
}
