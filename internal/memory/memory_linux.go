package memory

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// available is what a new program may take, in bytes: the system's own
// estimate, or what the control group allows if that is less. 0: not known.
func available() int64 {
	available := memInfo("MemAvailable:")
	if room := groupRoom("/"); room > 0 && (available == 0 || room < available) {
		available = room
	}
	return available
}

// groupFiles are the names of a control group's files in one version.
type groupFiles struct {
	root               string // where the groups are, below /
	limit, used, cache string // cache is a line of memory.stat
}

// Both versions of control groups.
var (
	groups1 = groupFiles{"sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"}
	groups2 = groupFiles{"sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"}
	hybrid2 = groupFiles{"sys/fs/cgroup/unified", "memory.max", "memory.current", "inactive_file"}
)

// groupRoom is what the control groups of this process leave it, in bytes, 0
// where they set no limit: the least of its own group's and those above it.
// What the system holds of files and would give up counts as free. root is /.
func groupRoom(root string) int64 {
	text, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return 0
	}
	least := int64(0)
	for line := range strings.Lines(string(text)) {
		// Hierarchy, controllers, group; version 2 has no controllers.
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) < 3 {
			continue
		}
		versions := []groupFiles{groups2, hybrid2}
		if fields[1] != "" {
			if !slices.Contains(strings.Split(fields[1], ","), "memory") {
				continue
			}
			versions = []groupFiles{groups1}
		}
		for _, v := range versions {
			if room := v.memory(root, fields[2]); room > 0 && (least == 0 || room < least) {
				least = room
			}
		}
	}
	return least
}

// memory is the least room in a group and those above it. A container may not
// see its own group under the name that the host gives it, but as the root.
func (g groupFiles) memory(root, group string) int64 {
	least := int64(0)
	for path := filepath.Join("/", group); ; path = filepath.Dir(path) {
		dir := filepath.Join(root, g.root, path)
		if limit := readNumber(filepath.Join(dir, g.limit)); limit > 0 {
			used := readNumber(filepath.Join(dir, g.used)) - readLine(filepath.Join(dir, "memory.stat"), g.cache)
			if room := max(limit-max(used, 0), 1); least == 0 || room < least {
				least = room
			}
		}
		if path == "/" {
			return least
		}
	}
}

// memInfo reads a line of /proc/meminfo, in bytes.
func memInfo(name string) int64 { return readLine("/proc/meminfo", name) << 10 }

// readLine reads the number after a name in a file of names and numbers; 0
// where there is none.
func readLine(path, name string) int64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) >= 2 && fields[0] == name {
			n, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				return 0
			}
			return n
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
