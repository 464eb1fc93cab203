package sandbox

import (
	"time"

	"golang.org/x/sys/unix"
)

// kill ends all processes of the sandbox, by ending its process 1. Before that
// is known nothing is killed but the reason noted: a bubblewrap killed that
// early would leave its child behind, which waits for it.
func (b *box) kill(reason string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reason == "" {
		b.reason, b.ended = reason, time.Now()
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
	pid, started, base := b.pid, !b.started.IsZero(), b.base
	b.mu.Unlock()
	if pid == 0 {
		return ""
	}
	memory := int64(buildMemory)
	if started {
		memory = b.limits.Memory
	}
	u := look(pid, memory, b.dirs)
	if started {
		b.mu.Lock()
		b.last = u
		b.mu.Unlock()
	}
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
