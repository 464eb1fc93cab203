package train

import (
	"bufio"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// availableMemory is what a new program may take, in bytes: the system's own
// estimate, or what the control group allows if that is less. 0: not known.
func availableMemory() int64 {
	available := memInfo("MemAvailable:")
	limit, used := readNumber("/sys/fs/cgroup/memory.max"), readNumber("/sys/fs/cgroup/memory.current")
	if limit > 0 && (available == 0 || limit-used < available) {
		available = max(limit-used, 1)
	}
	return available
}

// memInfo reads a line of /proc/meminfo, in bytes.
func memInfo(name string) int64 {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) >= 2 && fields[0] == name {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}

// readNumber reads a file that holds one number; 0 where there is none, such
// as the "max" of a group without a limit.
func readNumber(path string) int64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// freeDisk is what an ordinary user may still write in dir, in bytes; -1 where
// the system does not tell.
func freeDisk(dir string) int64 {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return -1
	}
	return int64(s.Bavail) * int64(s.Bsize)
}
