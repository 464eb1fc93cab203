package train

import "golang.org/x/sys/unix"

// availableMemory is three quarters of the machine's memory: the system does
// not tell in a simple way how much of it is free.
func availableMemory() int64 {
	total, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0
	}
	return int64(total / 4 * 3)
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
