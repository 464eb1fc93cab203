package sandbox

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

const (
	stageTasks = 16 // threads that the stage itself may count for
	spareTasks = 64 // more that the stage may have when the program has used up its own
	buildTasks = 256
	buildFile  = 128 << 20 // bytes that the linker may write
)

// noCore is one byte: with 0 a machine's own program for core dumps would still
// be fed by the kernel (kernel/coredump.c).
const noCore = 1

type rlimit struct {
	name     string
	resource int
	value    uint64
}

func setLimits(pid int, limits ...rlimit) error {
	for _, l := range limits {
		if err := unix.Prlimit(pid, l.resource, &unix.Rlimit{Cur: l.value, Max: l.value}, nil); err != nil {
			return fmt.Errorf("limit of %s: %w", l.name, err)
		}
	}
	return nil
}

// limitBuild limits this process, and so what it starts, for the compiler.
func limitBuild(l Limits) error {
	return setLimits(0,
		rlimit{"core files", unix.RLIMIT_CORE, noCore},
		rlimit{"file size", unix.RLIMIT_FSIZE, buildFile},
		rlimit{"processes", unix.RLIMIT_NPROC, uint64(max(buildTasks, l.Processes+spareTasks))})
}

// limitSelf limits this process, and so the program, in what this process does
// without.
func limitSelf(l Limits) error {
	return setLimits(0,
		rlimit{"core files", unix.RLIMIT_CORE, noCore},
		rlimit{"file size", unix.RLIMIT_FSIZE, uint64(l.FileSize)},
		rlimit{"open files", unix.RLIMIT_NOFILE, uint64(l.OpenFiles)},
		rlimit{"stack", unix.RLIMIT_STACK, 8 << 20},
		rlimit{"message queues", unix.RLIMIT_MSGQUEUE, 0},
		rlimit{"locked memory", unix.RLIMIT_MEMLOCK, 0},
		rlimit{"pending signals", unix.RLIMIT_SIGPENDING, 256},
		rlimit{"realtime priority", unix.RLIMIT_RTPRIO, 0},
		rlimit{"processes", unix.RLIMIT_NPROC, uint64(l.Processes + stageTasks + spareTasks)})
}

// limitProcesses lowers the soft limit of processes, under which the program
// then starts, and returns what restores it: this process must be able to make
// a thread when the program has made all that it may.
func limitProcesses(l Limits) (restore func() error, err error) {
	set := func(soft int) error {
		limit := unix.Rlimit{Cur: uint64(soft), Max: uint64(l.Processes + stageTasks + spareTasks)}
		if err := unix.Prlimit(0, unix.RLIMIT_NPROC, &limit, nil); err != nil {
			return fmt.Errorf("limit of processes: %w", err)
		}
		return nil
	}
	if err := set(l.Processes + stageTasks); err != nil {
		return nil, err
	}
	return func() error { return set(l.Processes + stageTasks + spareTasks) }, nil
}

// limitChild limits what would be in the way of this process: memory, where
// the program gets an error before the watchdog would end it, and processor
// time, where the watchdog comes first. unused is memory that the language's
// runtime takes and leaves alone.
func limitChild(pid int, l Limits, unused int64) error {
	err := setLimits(pid,
		rlimit{"memory", unix.RLIMIT_DATA, uint64(l.Memory + unused)},
		rlimit{"CPU time", unix.RLIMIT_CPU, uint64(l.CPU/time.Second) + 2},
		rlimit{"processes", unix.RLIMIT_NPROC, uint64(l.Processes + stageTasks)})
	if errors.Is(err, unix.ESRCH) {
		return nil // it has ended already
	}
	return err
}
