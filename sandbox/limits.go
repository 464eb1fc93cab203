package sandbox

import (
	"cmp"
	"fmt"
	"time"
)

// Limits bound one run. 0 means the default, which is named here.
type Limits struct {
	Wall      time.Duration // from the program's start to its end; 10 s
	CPU       time.Duration // processor time of all its processes together; 10 s
	Build     time.Duration // wall time of compiling, for Go; 60 s
	Memory    int64         // bytes that its processes hold together; 512 MiB
	Disk      int64         // bytes in its file system, which are memory besides Memory; 64 MiB
	FileSize  int64         // bytes in one file; 32 MiB
	Files     int           // files and directories; 4096
	OpenFiles int           // open files of one process; 128
	Processes int           // processes and threads together; 64
	Output    int64         // bytes of standard output, and of standard error; 1 MiB
}

var defaults = Limits{
	Wall: 10 * time.Second, CPU: 10 * time.Second, Build: 60 * time.Second,
	Memory: 512 << 20, Disk: 64 << 20, FileSize: 32 << 20,
	Files: 4096, OpenFiles: 128, Processes: 64, Output: 1 << 20,
}

// or takes from other what l leaves 0.
func (l Limits) or(other Limits) Limits {
	return Limits{
		Wall:      cmp.Or(l.Wall, other.Wall),
		CPU:       cmp.Or(l.CPU, other.CPU),
		Build:     cmp.Or(l.Build, other.Build),
		Memory:    cmp.Or(l.Memory, other.Memory),
		Disk:      cmp.Or(l.Disk, other.Disk),
		FileSize:  cmp.Or(l.FileSize, other.FileSize),
		Files:     cmp.Or(l.Files, other.Files),
		OpenFiles: cmp.Or(l.OpenFiles, other.OpenFiles),
		Processes: cmp.Or(l.Processes, other.Processes),
		Output:    cmp.Or(l.Output, other.Output),
	}
}

// check names a limit with which nothing could run.
func (l Limits) check() error {
	for _, c := range []struct {
		name         string
		value, least int64
	}{
		{"Wall", int64(l.Wall), int64(time.Millisecond)},
		{"CPU", int64(l.CPU), int64(time.Millisecond)},
		{"Build", int64(l.Build), int64(time.Millisecond)},
		{"Memory", l.Memory, 16 << 20},
		{"Disk", l.Disk, 64 << 10},
		{"FileSize", l.FileSize, 4 << 10},
		{"Files", int64(l.Files), 16},
		{"OpenFiles", int64(l.OpenFiles), 16},
		{"Processes", int64(l.Processes), 1},
		{"Output", l.Output, 1},
	} {
		if c.value < c.least {
			return fmt.Errorf("sandbox: Limits.%s is %d; the least is %d (0: the default)", c.name, c.value, c.least)
		}
	}
	return nil
}
