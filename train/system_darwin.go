package train

import "golang.org/x/sys/unix"

// freeDisk is what an ordinary user may still write in dir, in bytes; -1 where
// the system does not tell.
func freeDisk(dir string) int64 {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return -1
	}
	return int64(s.Bavail) * int64(s.Bsize)
}
