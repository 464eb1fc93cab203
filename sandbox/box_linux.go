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
	limits         Limits
	dirs           []string // file systems that the program may write to
	cmd            *exec.Cmd
	stdout, stderr *capped

	mu      sync.Mutex
	pidfd   int // of process 1; -1: not known
	pid     int
	reason  string
	started time.Time // of the program; zero: not yet
	base    usage     // what its sandbox had taken then
	last    usage     // when the watchdog last looked
	ended   time.Time // when something ended it
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
	var p pipes
	defer p.close()
	if err := b.launch(s, t, stdin, &p); err != nil {
		return Outcome{}, event{}, err
	}
	if len(j.Build) > 0 {
		b.timer = time.AfterFunc(b.limits.Build, func() { b.kill(ReasonBuildTime) })
	} else {
		b.timer = time.AfterFunc(startTimeout, func() { b.kill(reasonStart) })
	}
	stop := context.AfterFunc(ctx, func() { b.kill(reasonContext) })
	defer stop()
	if !b.findInit(p.infoRead) { // bubblewrap failed; what it said becomes the error
		p.statusRead.SetReadDeadline(time.Now().Add(endTimeout))
		b.cmd.Process.Kill()
	}
	watched := b.watch()
	sendJob(p.config, j)
	last := b.follow(p.statusRead)
	watched()
	b.timer.Stop()
	waitErr := b.cmd.Wait()
	if err := b.gone(); err != nil {
		return Outcome{}, last, err
	}
	if ctx.Err() != nil {
		return Outcome{}, last, context.Cause(ctx)
	}
	out := b.outcome(last)
	return out, last, b.failure(out, last, waitErr)
}

// launch starts bubblewrap.
func (b *box) launch(s *system, t *toolchain, stdin string, p *pipes) error {
	if err := p.open(); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	filter, err := memoryFile("filter", s.filter)
	if err != nil {
		return err
	}
	defer filter.Close()
	c := command{files: []*os.File{p.configRead, p.status}}
	if err := c.arguments(s, t, b.limits, p.info, filter); err != nil {
		return err
	}
	b.stdout = &capped{limit: b.limits.Output, overflow: func() { b.kill(ReasonOutput) }}
	b.stderr = &capped{limit: b.limits.Output, overflow: func() { b.kill(ReasonOutput) }}
	b.cmd = exec.Command(s.bwrap.path, c.args...)
	b.cmd.Env = []string{}
	b.cmd.Dir = "/"
	b.cmd.ExtraFiles = c.files
	b.cmd.Stdin, b.cmd.Stdout, b.cmd.Stderr = strings.NewReader(stdin), b.stdout, b.stderr
	b.cmd.WaitDelay = endTimeout
	// An interrupt from the terminal is for Polymath alone, which then ends the
	// run: a program that it killed would count as one that failed.
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if user := uint32(s.starter.user); user != 0 {
		b.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: user, Gid: user}
	}
	if err := s.starter.do(b.cmd.Start); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	for _, f := range []*os.File{p.configRead, p.status, p.info} {
		f.Close()
	}
	return nil
}

// failure is the error of a sandbox that did not do its job; nil where the
// outcome is the program's.
func (b *box) failure(out Outcome, last event, waitErr error) error {
	said := strings.TrimSpace(string(b.stderr.kept))
	switch {
	case out.Reason == reasonStart:
		return fmt.Errorf("sandbox: it did not start within %v: %s", startTimeout, said)
	case last.Kind == eventError:
		return fmt.Errorf("sandbox: %s", last.Text)
	case last.Kind == "" && out.Reason == "":
		return fmt.Errorf("%w (%v): %s", errEnded, waitErr, said)
	}
	return nil
}

// pipes are those between this process and a sandbox: its job, what the stage
// tells, what bubblewrap tells.
type pipes struct {
	configRead, config, statusRead, status, infoRead, info *os.File
}

func (p *pipes) open() (err error) {
	if p.configRead, p.config, err = os.Pipe(); err != nil {
		return err
	}
	if p.statusRead, p.status, err = os.Pipe(); err != nil {
		return err
	}
	p.infoRead, p.info, err = os.Pipe()
	return err
}

func (p *pipes) close() {
	for _, f := range []*os.File{p.configRead, p.config, p.statusRead, p.status, p.infoRead, p.info} {
		f.Close() // one that is nil or closed says so, which does not matter
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
	b.started = time.Now()
	b.base = look(b.pid, b.limits.Memory, b.dirs)
	b.timer.Stop()
	b.timer = time.AfterFunc(b.limits.Wall, func() { b.kill(ReasonWall) })
}

// gone waits until no process of the sandbox is left: its process 1 counts as
// ended only when all others have.
func (b *box) gone() error {
	if b.pidfd < 0 {
		return nil
	}
	defer b.release()
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

// release closes the descriptor of process 1, which a timer that has begun to fire
// must not use any more: the number may be that of another sandbox by then.
func (b *box) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	unix.Close(b.pidfd)
	b.pidfd = -1
}

// outcome is what the program did, from what the stage told last.
func (b *box) outcome(last event) Outcome {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := Outcome{
		ExitCode: -1, Reason: b.reason, Stdout: string(b.stdout.kept), Stderr: string(b.stderr.kept),
		Truncated: b.stdout.full || b.stderr.full, CPU: last.CPU, Wall: last.Wall,
	}
	switch {
	case out.Reason != "":
		if !b.started.IsZero() {
			out.Wall, out.CPU = b.ended.Sub(b.started), max(b.last.cpu-b.base.cpu, 0)
		}
		out.TimedOut = out.Reason == ReasonWall || out.Reason == ReasonCPU || out.Reason == ReasonBuildTime
	case last.Kind == eventBuild:
		out.Reason, out.Stderr = ReasonBuild, string(last.Text)
	case last.Kind == eventEnd && last.Signal != 0:
		out.Signal = unix.SignalName(syscall.Signal(last.Signal))
	case last.Kind == eventEnd:
		out.ExitCode = last.Exit
	case !b.started.IsZero():
		out.Reason = ReasonKilled
	}
	return out
}
