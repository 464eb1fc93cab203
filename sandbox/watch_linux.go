package sandbox

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	firstTick = 10 * time.Millisecond
	lastTick  = 40 * time.Millisecond
	clockTick = 10 * time.Millisecond // USER_HZ is 100 on every architecture of Linux that Go has
	treeLimit = 4096                  // processes that a look takes in
)

// usage is what a sandbox's processes have taken.
type usage struct {
	memory int64 // bytes that are theirs: anonymous, shared memory, page tables, swap
	cpu    time.Duration
	files  int
}

// look adds up the processes below pid, a sandbox's process 1, and the files
// in the file systems that they may write to. The stage itself is not counted.
func look(pid int, memoryLimit int64, dirs []string) usage {
	var u usage
	tree := descendants(pid)
	for _, p := range tree {
		memory, _ := processMemory(p)
		u.memory += memory
		u.cpu += processCPU(p, false)
	}
	u.cpu += processCPU(pid, true) // of those that have ended
	if u.memory > memoryLimit {
		u.memory = proportional(tree, u.memory)
	}
	for _, dir := range dirs {
		u.files += inodes("/proc/" + strconv.Itoa(pid) + "/root" + dir)
	}
	return u
}

// descendants are the processes below pid. Orphans are there too: process 1 of
// their namespace, which pid is, adopts them.
func descendants(pid int) []int {
	var found []int
	for queue := []int{pid}; len(queue) > 0 && len(found) < treeLimit; queue = queue[1:] {
		tasks := "/proc/" + strconv.Itoa(queue[0]) + "/task/"
		names, err := readNames(tasks)
		if err != nil {
			continue // it has ended
		}
		for _, task := range names {
			text, err := os.ReadFile(tasks + task + "/children")
			if err != nil {
				continue
			}
			for _, child := range strings.Fields(string(text)) {
				if id, err := strconv.Atoi(child); err == nil {
					found = append(found, id)
					queue = append(queue, id)
				}
			}
		}
	}
	return found
}

func readNames(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

// processMemory counts pages that forks share once for each of them.
func processMemory(pid int) (int64, error) {
	return sumLines("/proc/"+strconv.Itoa(pid)+"/status", "RssAnon:", "RssShmem:", "VmPTE:", "VmSwap:")
}

// proportional divides shared pages among those that share them, which takes
// the kernel longer. Where a process does not tell, it is the plain sum.
func proportional(tree []int, plain int64) int64 {
	total := int64(0)
	for _, p := range tree {
		dir := "/proc/" + strconv.Itoa(p)
		memory, err := sumLines(dir+"/smaps_rollup", "Pss_Anon:", "Pss_Shmem:", "SwapPss:")
		if os.IsPermission(err) {
			return plain
		}
		tables, _ := sumLines(dir+"/status", "VmPTE:")
		total += memory + tables
	}
	return total
}

// sumLines adds up lines of names and numbers in kB.
func sumLines(path string, names ...string) (int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	total := int64(0)
	for line := range strings.Lines(string(text)) {
		for _, name := range names {
			if rest, ok := strings.CutPrefix(line, name); ok {
				n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
				total += n << 10
			}
		}
	}
	return total, nil
}

// processCPU is the processor time of a process and of those that it has
// waited for, or of the latter only.
func processCPU(pid int, onlyEnded bool) time.Duration {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	// The name is in parentheses and may hold anything; after it the third
	// field follows. utime, stime, cutime and cstime are fields 14 to 17.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 15 {
		return 0
	}
	first := 11
	if onlyEnded {
		first = 13
	}
	ticks := int64(0)
	for _, field := range fields[first:15] {
		n, _ := strconv.ParseInt(field, 10, 64)
		ticks += n
	}
	return time.Duration(ticks) * clockTick
}

// inodes are the files and directories of a file system.
func inodes(path string) int {
	var s unix.Statfs_t
	if unix.Statfs(path, &s) != nil {
		return 0
	}
	return int(s.Files - s.Ffree)
}
